//! Joined rows of many times the memory that a load may take, none of which can be read: it takes no more of it, and the rows that
//! need one of them are rejected for that reason.

use anyhow::Result;
use planisphere_tests::lab::rows;

use super::hoard::{Hoard, check_peaks};

const TABLES: &str = "  rates: {key: code, columns: {code: text, rate: integer}}
  sales: {key: id, columns: {id: bigint, code: text}}
entities:
  sale:
    from: sales s
    joins: [{to: rates r, on: r.code = s.code}]
    columns: {id: \"cast(s.id as varchar)\", n: s.id, rate: \"coalesce(r.rate, 0)\"}
";
const STAR: &str = "planisphere: 1
star: sale
grain: One row is one sale.
kind: transaction
entity: sale
key: id
measures: {n: {type: integer}, rate: {type: integer}}
";
/// The least that can be set.
const MEMORY: u64 = 16 << 20;

/// So many rates, whose codes have 6,000 bytes and of which ten can be read, and 200 sales, one in two at a rate that can.
fn hoard(count: u64) -> Result<Hoard> {
    let sql = format!(
        "create table rates (code text, rate);
         insert into rates with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         select i || hex(randomblob(3000)), case when i <= 10 then i else 'n/a' end from n;
         create table sales (id integer primary key, code text);
         insert into sales with recursive n(i) as (select 1 union all select i + 1 from n where i < 200)
         select i, code from n join rates on rates.rowid = case i % 2 when 0 then i % 10 + 1 else {count} - i end;"
    );
    let etl = format!(
        "memory_bytes = {MEMORY}\nbatch_rows = 256\nrow_group_bytes = 4194304\nreject_limit_permille = 1000"
    );
    let hoard = Hoard::of(&sql, TABLES, &etl)?;
    hoard.lab.write("model/stars/sale.yaml", STAR)?;
    Ok(hoard)
}

#[test]
fn partners_of_ten_times_the_memory_that_cannot_be_read_take_no_more_of_it() -> Result<()> {
    let (some, many) = (3_000, 28_500);
    assert!(some * 6_000 > MEMORY && many * 6_000 > 10 * MEMORY);
    let (few, large) = (hoard(some)?, hoard(many)?);
    let (small, little) = few.load_and_weigh()?;
    small.done()?;
    let (said, much) = large.load_and_weigh()?;
    said.done()?;
    for (hoard, rates) in [(&few, some), (&large, many)] {
        let said = hoard.lab.sql(
            "select stage, reason, count(*), count(distinct row_id) from audit.audit_reject group by 1, 2 order by 1",
        )?;
        let unread = (rates - 10).to_string();
        let expected = rows(&[
            &["conform", "rejected_rates", "100", "100"],
            &["extract", "invalid_rate", &unread, &unread],
        ]);
        assert_eq!(said, expected);
        let sql = "select count(*), sum(n), sum(n * rate) from";
        let (count, sum, at_rates): (i64, i64, i64) = hoard.database()?.query_row(
            "select count(*), sum(id), sum(id * rate) from sales join rates using (code) where typeof(rate) = 'integer'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let expected = [count, sum, at_rates].map(|it| it.to_string());
        assert_eq!(hoard.lab.sql(&format!("{sql} star.fact_sale"))?, [expected]);
    }
    check_peaks(little, much, MEMORY);
    Ok(())
}
