//! A load that is held in the middle of a table: a view whose function waits for a lock that the test has.

use anyhow::{Context as _, Result};
use planisphere_tests::programs::Running;

use super::bank::Bank;
use super::cluster::Cluster;
use super::session::Session;

/// A table, and a view on another in whose middle the reader waits; both in their first generation.
const TABLES: &str = "
    create function gate(integer) returns integer language plpgsql volatile as $$ begin
        perform pg_advisory_xact_lock_shared(42) where $1 = 6000; return $1; end $$;
    create table plain (id integer primary key, generation integer);
    create table held (id integer primary key, generation integer);
    insert into plain select i, 1 from generate_series(1, 10000) i;
    insert into held select i, 1 from generate_series(1, 8000) i;
    create view gated as select gate(id) as id, generation from held;
    analyze plain;
";

const MODEL: &str = "  plain: {key: id, columns: {id: integer, generation: integer}}
  gated: {key: id, columns: {id: integer, generation: integer}}
";

/// Readers that copy and wait at the gate.
const AT_GATE: &str = "from pg_stat_activity where application_name = 'planisphere-etl' \
                       and query like 'COPY%' and wait_event = 'advisory'";

/// A server, whose gate is shut, and a load of one reader that waits there.
pub(crate) struct Held {
    pub(crate) cluster: Cluster,
    pub(crate) session: Session,
    pub(crate) bank: Bank,
    pub(crate) load: Running,
}

/// Makes the tables.
pub(crate) fn make(cluster: &Cluster) -> Result<()> {
    cluster.session()?.run(TABLES)
}

impl Held {
    /// Loads until the reader waits: the first table is read then, the second half read.
    pub(crate) fn start() -> Result<Self> {
        let cluster = Cluster::start()?;
        make(&cluster)?;
        Self::at(cluster)
    }

    /// The same at a server that has the tables.
    pub(crate) fn at(cluster: Cluster) -> Result<Self> {
        let session = cluster.session()?;
        session.run("select pg_advisory_lock(42)")?;
        let bank = Bank::with(
            &cluster.url(),
            MODEL,
            "UTC",
            "readers = 1\nbatch_rows = 500",
        )?;
        let load = bank.start()?;
        let held = Self {
            cluster,
            session,
            bank,
            load,
        };
        held.reader_after(0)?;
        assert_eq!(held.bank.files("plain")?.len(), 1);
        Ok(held)
    }

    /// Waits for a reader at the gate that is another than one; its process id.
    pub(crate) fn reader_after(&self, last: u32) -> Result<u32> {
        let sql = format!("{AT_GATE} and pid <> {last}");
        self.session
            .wait_until(&format!("select count(*) = 1 {sql}"))?;
        Ok(self.session.value(&format!("select pid {sql}"))?.parse()?)
    }

    /// Commits a second generation with more rows, which the snapshot of the load does not see.
    pub(crate) fn change(&self) -> Result<()> {
        self.session.run(
            "update plain set generation = 2; update held set generation = 2; \
             insert into plain values (0, 2); insert into held values (0, 2)",
        )
    }

    /// Cuts a connection.
    pub(crate) fn cut(&self, process: u32) -> Result<()> {
        let cut = self
            .session
            .value(&format!("select pg_terminate_backend({process})"))?;
        anyhow::ensure!(cut == "t", "{process} is gone");
        Ok(())
    }

    /// The process that holds the snapshot open.
    pub(crate) fn exporter(&self) -> Result<u32> {
        let sql = "select pid from pg_stat_activity where application_name = 'planisphere-etl' \
                   and state = 'idle in transaction'";
        let rows = self.session.rows(sql)?;
        anyhow::ensure!(rows.len() == 1, "exporters: {rows:?}");
        let process = rows[0][0].as_deref().context("a process")?;
        Ok(process.parse()?)
    }
}
