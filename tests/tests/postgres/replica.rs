//! A hot standby as the source: its snapshot is shared like any other, and if it has to choose between the reading and
//! its primary, everything is read at a later moment.

use anyhow::{Context as _, Result};
use arrow::array::AsArray as _;
use arrow::datatypes::Int32Type;

use super::cluster::Cluster;
use super::held::{self, Held};

#[test]
fn a_replica_is_read_and_read_anew_when_it_has_to_go_on() -> Result<()> {
    let mut primary = Cluster::start()?;
    held::make(&primary)?;
    let replica = primary.replica(&["max_standby_streaming_delay=100ms"])?;
    let held = Held::at(replica)?;
    let exporter = held.exporter()?;
    // what the reading may still want to see is taken away
    let session = primary.session()?;
    session.run("delete from held where id <= 5000")?;
    session.run("vacuum held")?;
    held.session.wait_until(&format!(
        "select count(*) = 0 from pg_stat_activity where pid = {exporter}"
    ))?;
    held.session.run("select pg_advisory_unlock(42)")?;
    let said = held.load.ended()?.done()?;
    assert!(said.err.contains("bank: read anew"), "{}", said.err);
    assert!(said.err.contains("hot_standby_feedback"), "{}", said.err);
    let staged = held.bank.staged("gated")?;
    let ids = staged.column(0).as_primitive::<Int32Type>().values();
    assert_eq!((ids.len(), ids.iter().min()), (3_000, Some(&5_001)));
    let package = held.bank.package()?;
    let moment = package["sources"]["bank"]["moment"]
        .as_str()
        .context("a moment")?;
    assert!(
        moment.contains(" on a replica, whose last commit is of 20"),
        "{moment}"
    );
    Ok(())
}
