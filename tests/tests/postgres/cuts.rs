//! Connections that break and servers that restart while tables are read.

use anyhow::Result;
use arrow::array::AsArray as _;
use arrow::datatypes::Int32Type;

use super::bank::Bank;
use super::held::Held;
use super::secrets;

/// Rows and generations of the two tables.
fn generations(bank: &Bank) -> Result<Vec<(u64, Vec<i32>)>> {
    let mut found = Vec::new();
    for table in ["plain", "gated"] {
        let staged = bank.staged(table)?;
        let mut generations = staged
            .column(1)
            .as_primitive::<Int32Type>()
            .values()
            .to_vec();
        assert_eq!(bank.counts(table)?[..2], [generations.len() as u64; 2]);
        generations.sort_unstable();
        let rows = generations.len() as u64;
        generations.dedup();
        found.push((rows, generations));
    }
    Ok(found)
}

#[test]
fn a_cut_reader_reads_its_part_again_under_the_same_snapshot() -> Result<()> {
    let held = Held::start()?;
    held.change()?;
    let first = held.reader_after(0)?;
    held.cut(first)?;
    let second = held.reader_after(first)?;
    held.cut(second)?;
    held.reader_after(second)?;
    held.session.run("select pg_advisory_unlock(42)")?;
    let said = held.load.ended()?.done()?;
    assert_eq!(
        said.err.matches("a part is read again").count(),
        2,
        "{}",
        said.err
    );
    assert_eq!(
        generations(&held.bank)?,
        [(10_000, vec![1]), (8_000, vec![1])]
    );
    secrets::none(&held.bank, &said, held.cluster.password())
}

#[test]
fn a_lost_snapshot_discards_what_was_read() -> Result<()> {
    let held = Held::start()?;
    held.change()?;
    let first = held.reader_after(0)?;
    held.cut(held.exporter()?)?;
    held.cut(first)?;
    held.reader_after(first)?;
    held.session.run("select pg_advisory_unlock(42)")?;
    let said = held.load.ended()?.done()?;
    assert!(said.err.contains("bank: read anew"), "{}", said.err);
    assert_eq!(
        generations(&held.bank)?,
        [(10_001, vec![2]), (8_001, vec![2])]
    );
    secrets::none(&held.bank, &said, held.cluster.password())
}

#[test]
fn a_restarted_server_is_read_anew_and_moments_never_mix() -> Result<()> {
    let mut held = Held::start()?;
    held.change()?;
    held.cluster.stop()?;
    // longer than anybody waits for a server that never answered
    std::thread::sleep(std::time::Duration::from_secs(4));
    held.cluster.run()?;
    let said = held.load.ended()?.done()?;
    assert!(said.err.contains("bank: read anew"), "{}", said.err);
    assert_eq!(
        generations(&held.bank)?,
        [(10_001, vec![2]), (8_001, vec![2])]
    );
    secrets::none(&held.bank, &said, held.cluster.password())
}

#[test]
fn a_stopped_load_leaves_the_server() -> Result<()> {
    let held = Held::start()?;
    held.load.signal("TERM")?;
    let said = held.load.ended()?;
    assert!(said.err.contains("stopped by"), "{}", said.err);
    held.session.wait_until(
        "select count(*) = 0 from pg_stat_activity where application_name = 'planisphere-etl'",
    )?;
    secrets::none(&held.bank, &said, held.cluster.password())
}
