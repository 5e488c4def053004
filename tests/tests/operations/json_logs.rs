//! Logs for machines: every line of stderr is one JSON object, and together they tell how the load went.

use anyhow::{Context as _, Result};
use planisphere_tests::lab::Said;
use serde_json::Value;

use super::hoard::Hoard;

const ROWS: &str = "create table numbers (id integer primary key, v);
    insert into numbers with recursive n(i) as (select 1 union all select i + 1 from n where i < 600000)
    select i, case when i = 7 then 'seven' else i end from n;";
const TABLE: &str = "  numbers: {key: id, columns: {id: bigint, v: bigint}}\n";

fn events(said: &Said) -> Result<Vec<Value>> {
    let lines = said.err.lines();
    lines
        .map(|line| serde_json::from_str(line).with_context(|| line.to_owned()))
        .collect()
}

fn with_message<'a>(events: &'a [Value], message: &str) -> Vec<&'a Value> {
    let fields = events.iter().map(|event| &event["fields"]);
    fields
        .filter(|fields| fields["message"] == message)
        .collect()
}

#[test]
fn json_logs_tell_how_far_each_table_is_and_how_it_ended() -> Result<()> {
    let hoard = Hoard::of(ROWS, TABLE, "progress_seconds = 1\nbatch_rows = 500")?;
    let said = hoard.start(&["--log-format", "json"])?.ended()?.done()?;
    let events = events(&said)?;
    // every line of the load names it
    let id = &events[0]["span"]["load_id"];
    assert!(id.is_string(), "{}", events[0]);
    assert!(events.iter().all(|event| event["span"]["load_id"] == *id));
    let opened = with_message(&events, "the snapshot is open");
    assert_eq!(opened.len(), 2, "one for each source");
    for reading in with_message(&events, "reading") {
        assert_eq!(reading["table"], "numbers");
        for number in [
            "rows",
            "bytes",
            "rows_per_s",
            "bytes_per_s",
            "parts",
            "rereads",
        ] {
            assert!(reading[number].is_u64(), "{number} in {reading}");
        }
    }
    let complete = with_message(&events, "a table is complete");
    let numbers = complete.iter().find(|event| event["table"] == "numbers");
    let numbers = numbers.context("no end of the table")?;
    assert_eq!(
        (&numbers["rows"], &numbers["rejected"]),
        (&600_000.into(), &1.into())
    );
    let last = &events.last().context("a last line")?["fields"];
    assert_eq!(last["outcome"], "published");
    assert_eq!(last["version"], "1");
    Ok(())
}

#[test]
fn json_logs_tell_a_failure_with_its_exit_code_and_hint() -> Result<()> {
    let hoard = Hoard::of("create table other (id integer)", TABLE, "")?;
    let said = hoard.start(&["--log-format", "json"])?.ended()?;
    let said = said.refused(3, &[])?;
    let events = events(&said)?;
    let last = events.last().context("a last line")?;
    assert_eq!(last["level"], "ERROR");
    let fields = &last["fields"];
    assert_eq!(fields["exit_code"], 3);
    assert_eq!(fields["error"], "source 'hoard' has no table 'numbers'");
    assert!(fields["hint"].is_string(), "{fields}");
    Ok(())
}
