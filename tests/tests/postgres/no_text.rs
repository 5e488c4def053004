//! Texts that are no UTF-8, which a database of the encoding SQL_ASCII takes: their rows are rejected, and no others, and each
//! by its own key.

use anyhow::{Context as _, Result};
use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;

use super::bank::Bank;
use super::cluster::Cluster;
use super::session::Session;

/// Every 4,999th row has a byte that begins nothing, the 1,000 others after 7,000 have two halves of one letter beside
/// each other; both tables are read in several parts.
const TABLES: &str = r"
    create table notes (id bigint primary key, head text, tail text);
    alter table notes alter head set storage plain;
    insert into notes select i,
        case when i % 4999 = 0 then convert_from('\xff'::bytea, 'SQL_ASCII') else repeat('x', 3000) end,
        case when i between 7000 and 7999 then convert_from('\xc3'::bytea, 'SQL_ASCII') else convert_from('\xc3a9'::bytea, 'UTF8') end
        from generate_series(1, 30000) i;
    create table lists (id bigint primary key, words text[]);
    insert into lists select i,
        case when i % 1000 = 7 then array['a', convert_from('\xe5a4'::bytea, 'SQL_ASCII')] else array['b', null] end
        from generate_series(1, 5000) i;
";
const MODEL: &str = "  notes: {key: id, columns: {id: bigint, head: text, tail: text}}
  lists: {key: id, columns: {id: bigint, words: native}}
";

fn ids(bank: &Bank, table: &str) -> Result<Vec<i64>> {
    let staged = bank.staged(table)?;
    let ids = staged.column_by_name("id").context("ids")?;
    let mut ids = ids.as_primitive::<Int64Type>().values().to_vec();
    ids.sort_unstable();
    Ok(ids)
}

#[test]
fn rows_with_texts_that_are_none_are_rejected_alone() -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run("create database raw encoding 'SQL_ASCII' locale 'C' template template0")?;
    let url = cluster.url_of(&format!("crm:{}", cluster.password()), "raw");
    Session::open(&url)?.run(TABLES)?;
    for readers in [1, 4] {
        if readers == 4 {
            // from now on the server itself believes that all texts are UTF-8, as after a careless restore
            session.run("update pg_database set encoding = 6 where datname = 'raw'")?;
        }
        let bank = Bank::with(&url, MODEL, "UTC", &format!("readers = {readers}"))?;
        let said = bank.load()?.done()?;
        assert!(said.err.contains("is looked at by itself"), "{}", said.err);
        assert!(bank.files("notes")?.len() >= 2, "one part is too few");

        let kept = (1..=30_000).filter(|id| id % 4_999 != 0 && !(7_000..8_000).contains(id));
        let kept: Vec<i64> = kept.collect();
        assert_eq!(ids(&bank, "notes")?, kept);
        let rejected = 30_000 - kept.len() as u64;
        assert_eq!(
            bank.counts("notes")?,
            [30_000, kept.len() as u64, rejected, 0, 0]
        );

        let kept: Vec<i64> = (1..=5_000).filter(|id| id % 1_000 != 7).collect();
        assert_eq!(ids(&bank, "lists")?, kept);
        assert_eq!(bank.counts("lists")?, [5_000, 4_995, 5, 0, 0]);
        let sql = "select row_id from audit.audit_reject where object = 'notes' order by cast(row_id as bigint)";
        let expected = (1..=30_000_i64).filter(|id| id % 4_999 == 0 || (7_000..8_000).contains(id));
        let expected: Vec<Vec<String>> = expected.map(|id| vec![id.to_string()]).collect();
        assert_eq!(bank.lab.sql(sql)?, expected);
        if readers == 4 {
            continue;
        }
        let sql = "select detail from audit.audit_reject where row_id in ('4999', '7500', '1007') order by row_id";
        let shown = [
            r"words '\x7b612ce5a47d' is bytes that are not UTF-8 text (List(Utf8))",
            r"head '\xff' is bytes that are not UTF-8 text (text)",
            r"tail '\xc3' is bytes that are not UTF-8 text (text)",
        ];
        let details: Vec<String> = bank.lab.sql(sql)?.into_iter().flatten().collect();
        assert_eq!(details, shown);
    }
    Ok(())
}
