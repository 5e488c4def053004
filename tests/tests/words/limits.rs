//! What does not fit: numbers beyond their types, instants beyond valid time, and rejected rows that stay the same every night.

use anyhow::{Result, ensure};

use super::case::{Case, rows};
use super::changed_model::{FILL, SOURCE};

#[test]
fn a_change_where_valid_time_has_ended_is_rejected() -> Result<()> {
    let late = "insert into c values (5, 'a', '9999-12-30 12:00:00', null, '1', 'y'), (6, 'a', '9999-12-31 00:00:00', null, '1', 'z');";
    let dim = "dimension: c\nentity: c\nkey: id\nattributes:\n  q: {type: text, scd: 2}\n";
    let files = [("sources/crm.yaml", SOURCE), ("conformed/c.yaml", dim)];
    let case = Case::new(&format!("{FILL}{late}"), &files)?;
    case.load_twice("2025-06-01")?;
    let versions =
        "select q, valid_to > valid_from from dim_c where c_id = 'a' order by valid_from";
    assert_eq!(
        case.sql(versions)?,
        rows(&[["2", "true"], ["4", "true"], ["y", "true"]])
    );
    let rejects = "select object, row_id, reason from audit.audit_reject";
    assert_eq!(case.sql(rejects)?, rows(&[["c", "a", "invalid_instant"]]));
    Ok(())
}

#[test]
fn a_night_without_news_publishes_nothing_though_an_offset_star_rejects_a_row() -> Result<()> {
    let source = "source: crm
tables:
  o: {key: id, columns: {id: text, day: date, cur: text, amount: money}}
  r: {key: n, columns: {n: bigint, cur: text, day: date, rate: \"decimal(12,6)\"}}
entities:
  o: {from: o o, columns: {id: o.id, day: o.day, cur: o.cur, amount: o.amount}}
  r: {from: r r, columns: {cur: r.cur, day: r.day, rate: r.rate}}
";
    let star = "star: a
grain: One row is one amount.
entity: o
key: id
corrections: offset
dimensions:
  day: {dimension: date, column: day}
currency: {column: cur, reporting: USD, event: day, rates: {entity: r, currency: cur, date: day, rate: rate}}
measures:
  amount: {type: money, convert: event}
";
    let tables = "create table o(id text primary key, day text, cur text, amount text);
      create table r(n integer primary key, cur text, day text, rate text);
      insert into o values ('o1', '2025-02-01', 'EUR', '1'), ('o2', '2025-02-01', 'USD', '5')";
    let case = Case::new(
        tables,
        &[("sources/crm.yaml", source), ("stars/a.yaml", star)],
    )?;
    case.load_twice("2025-06-01")?;
    let rejects = "select row_id, reason from audit.audit_reject";
    assert_eq!(case.sql(rejects)?, rows(&[["o1", "missing_rate"]]));
    Ok(())
}

#[test]
fn whole_numbers_that_leave_their_type_are_rejected_and_never_wrap() -> Result<()> {
    let source = "source: crm
tables:
  line: {key: id, columns: {id: bigint, qty: integer, cents: integer}}
entities:
  line: {from: line l, columns: {id: l.id, cents: l.qty * l.cents, less: -l.cents}}
";
    let star = "star: line
grain: One row is one line.
entity: line
key: id
dimensions: {}
measures:
  cents: {type: bigint}
  less: {type: bigint}
";
    let tables = "create table line(id integer primary key, qty integer, cents integer);
      insert into line values (1, 50000, 50000), (2, 2, 3), (3, 1, -2147483648)";
    let case = Case::new(
        tables,
        &[("sources/crm.yaml", source), ("stars/line.yaml", star)],
    )?;
    case.load_twice("2025-06-01")?;
    let facts = "select source_row_id, cents, less from fact_line order by 1";
    assert_eq!(case.sql(facts)?, rows(&[["2", "6", "-3"]]));
    let rejects = "select row_id, reason from audit.audit_reject order by 1";
    assert_eq!(
        case.sql(rejects)?,
        rows(&[["1", "invalid_cents"], ["3", "invalid_less"]])
    );
    // a view whose sum is too large stops the load, and nothing is published
    let view = source.replace(
        "entities:\n  line: {from: line l,",
        "views:\n  total: select sum(cast(qty as bigint) * 9000000000000) * 30000 as all_of from line\nentities:\n  line: {from: line l, joins: [{to: total t, on: true}],",
    );
    case.declare(
        "sources/crm.yaml",
        &view.replace("cents: l.qty * l.cents", "cents: t.all_of"),
    )?;
    let versions = case.lab.versions()?;
    let said = case.lab.load_as_of("2025-06-02")?;
    ensure!(
        said.code == 2 && said.err.contains("total"),
        "{} {}",
        said.code,
        said.err
    );
    ensure!(versions == case.lab.versions()?, "a failed load published");
    Ok(())
}
