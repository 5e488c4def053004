//! Holds tables as they are until the snapshot is given back.
//!
//! A snapshot keeps rows, but not the shape of tables: TRUNCATE, and whatever writes a table anew (VACUUM FULL, CLUSTER,
//! many an ALTER TABLE, REFRESH MATERIALIZED VIEW), would take rows away or move them to other pages while parts are
//! read. So whoever plans or reads a relation first takes the weakest lock that makes these wait.

use super::wire::{Connection, Result, TextRow, WireError};

/// The server gave up waiting for a lock.
const NOT_AVAILABLE: &str = "55P03";

/// Locks a relation, and what it is made of, until the transaction ends; false if others keep it locked for longer
/// than `seconds`, or than the role's own `lock_timeout` if that is shorter. The transaction goes on either way.
pub(super) fn hold(connection: &mut Connection, relation: &str, seconds: u32) -> Result<bool> {
    // a SELECT locks foreign tables and materialised views too, which LOCK TABLE refuses
    let sql = format!(
        "SAVEPOINT unlocked; \
         SELECT set_config(name, least(coalesce(nullif(setting::integer, 0), most), most)::text, true) \
           FROM pg_settings, (VALUES ({seconds}000)) patience (most) WHERE name = 'lock_timeout'; \
         SELECT FROM {relation} LIMIT 0; SET LOCAL lock_timeout TO DEFAULT; RELEASE unlocked"
    );
    match connection.query(&sql) {
        Ok(_) => Ok(true),
        Err(WireError::Server(refusal)) if refusal.code == NOT_AVAILABLE => {
            connection.query("ROLLBACK TO unlocked; RELEASE unlocked")?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// A relation among those that are locked here which was written anew after the transaction's snapshot was taken and
/// before it was locked: the snapshot knows another file than the one that is there.
pub(super) fn written_anew(connection: &mut Connection) -> Result<Option<String>> {
    const SQL: &str = "SELECT c.oid::regclass::text FROM pg_locks l \
         JOIN pg_database d ON d.oid = l.database AND d.datname = current_database() \
         JOIN pg_class c ON c.oid = l.relation \
         WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND c.relkind IN ('r', 'm') \
           AND c.relfilenode <> 0 AND c.relfilenode <> pg_relation_filenode(c.oid) LIMIT 1";
    let first = |row: TextRow| row.into_iter().next().flatten();
    Ok(connection.query(SQL)?.into_iter().find_map(first))
}
