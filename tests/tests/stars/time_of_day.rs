//! The time of day as a dimension.

use anyhow::Result;

use super::case::Case;

const SOURCE: &str = "source: crm
tables:
  calls: {key: id, columns: {id: text, at: timestamp, day: date, length: integer}}
entities:
  call: {from: calls c, columns: {id: c.id, at: c.at, day: c.day, length: c.length}}
";

const STAR: &str = "star: call
grain: One row is one call.
entity: call
key: id
dimensions:
  call_time: {dimension: time_of_day, column: at}
measures:
  length: {type: integer}
";

const CUBE: &str = "cube: calls
star: call
roles: [call_time]
measures:
  length: {function: sum, of: length}
  calls: {function: count}
";

/// A call every 37 minutes and 11 seconds for ten days, and one without a time.
const DATABASE: &str = "create table calls (id text primary key, at text, day text, length integer);
  with recursive n(i) as (select 0 union all select i + 1 from n where i < 387)
  insert into calls select 'c' || i, datetime('2025-03-01', (i * 2231) || ' seconds'), '2025-03-01', i from n;
  insert into calls values ('none', null, '2025-03-01', 1000);";

fn case(grain: &str, star: &str) -> Result<Case> {
    let dimension = format!("dimension: time_of_day\ntime_of_day: {{grain: {grain}}}\n");
    let files = [
        ("sources/crm.yaml", SOURCE),
        ("stars/call.yaml", star),
        ("cubes/calls.yaml", CUBE),
        ("conformed/time_of_day.yaml", dimension.as_str()),
    ];
    // China has one zone of eight hours, and no summer time
    Case::new("Asia/Shanghai", DATABASE, &files)
}

#[test]
fn calls_are_counted_by_the_local_hour_and_part_of_the_day() -> Result<()> {
    let case = case("minute", STAR)?;
    case.load_twice("2025-06-30")?;
    assert_eq!(case.stars("select count(*), min(time_of_day_key), max(time_of_day_key) from dim_time_of_day where time_of_day_key > 0")?.concat(), ["1440", "1", "1440"]);
    let hours = case.lab.query(&[
        "--cube",
        "calls",
        "--measures",
        "length,calls",
        "--rows",
        "call_time.time.hour",
    ])?;
    let expected = case.source(
        "select cast(strftime('%H', at, '+8 hours') as integer), strftime('%H:00', at, '+8 hours'), sum(length), count(*) from calls where at is not null group by 1 order by 1",
    )?;
    assert_eq!(hours[..24], expected);
    assert_eq!(hours.len(), 25, "and the call of which no time is given");
    assert_eq!(hours[24][2..], ["1000".to_owned(), "1".to_owned()]);
    let parts = case.lab.query(&[
        "--cube",
        "calls",
        "--measures",
        "length",
        "--rows",
        "call_time.day_part.day_part",
    ])?;
    let expected = case.source(
        "select strftime('%H', at, '+8 hours') / 6 + 1, substr('Night    Morning  AfternoonEvening', strftime('%H', at, '+8 hours') / 6 * 9 + 1, 9), sum(length) from calls where at is not null group by 1 order by 1",
    )?;
    let expected: Vec<Vec<String>> = expected
        .into_iter()
        .map(|row| row.iter().map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert_eq!(parts[..4], expected);
    let minutes = "select f.source_row_id, t.time, t.hour, t.minute, t.half_day_name_zh from fact_call f
        join dim_time_of_day t on t.time_of_day_key = f.call_time_key where f.call_time_key > 0 order by 1";
    let expected = "select id, strftime('%H:%M', at, '+8 hours'), cast(strftime('%H', at, '+8 hours') as integer),
        cast(strftime('%M', at, '+8 hours') as integer), iif(strftime('%H', at, '+8 hours') < '12', '上午', '下午')
        from calls where at is not null order by 1";
    assert_eq!(case.stars(minutes)?, case.source(expected)?);
    Ok(())
}

#[test]
fn seconds_can_be_told() -> Result<()> {
    let case = case("second", STAR)?;
    case.load_twice("2025-06-30")?;
    let seconds = "select f.source_row_id, f.call_time_key, t.time, t.second from fact_call f
        join dim_time_of_day t on t.time_of_day_key = f.call_time_key where f.call_time_key > 0 order by 1";
    let expected = "select id, strftime('%H', at, '+8 hours') * 3600 + strftime('%M', at) * 60 + strftime('%S', at) + 1,
        strftime('%H:%M:%S', at, '+8 hours'), cast(strftime('%S', at) as integer) from calls where at is not null order by 1";
    assert_eq!(case.stars(seconds)?, case.source(expected)?);
    Ok(())
}

#[test]
fn what_has_no_time_of_day_is_refused_and_so_is_another_grain() -> Result<()> {
    let of_a_day = case("minute", &STAR.replace("column: at", "column: day"))?;
    let said = of_a_day.lab.etl(&["plan"])?;
    assert!(said.code != 0);
    assert!(
        said.err.contains("not an instant, which has a time of day"),
        "{}",
        said.err
    );
    let case = case("minute", STAR)?;
    case.load("2025-06-30")?;
    case.declare(
        "conformed/time_of_day.yaml",
        "dimension: time_of_day\ntime_of_day: {grain: second}\n",
    )?;
    let said = case.lab.load_as_of("2025-06-30")?;
    assert!(said.code != 0);
    assert!(
        said.err.contains("dimension 'time_of_day'") && said.err.contains("its grain changed"),
        "{}",
        said.err
    );
    Ok(())
}
