//! A joined row that cannot be read: rows that need it are rejected for that reason, the others load.

use anyhow::Result;
use planisphere_tests::lab::{Lab, rows};

/// The rate of the euro is no number: it cannot be read.
const BREAK: &str = "update rates set rate = 'n/a' where currency = 'EUR'";

/// A shop in which a third of the orders may be rejected.
fn lenient() -> Result<Lab> {
    let lab = Lab::shop()?;
    lab.replace(
        "planisphere.toml",
        "reject_limit_permille = 200",
        "reject_limit_permille = 500",
    )?;
    Ok(lab)
}

/// The oracle: orders that are no drafts, have a readable price and whose currency has this kind of rate.
fn orders(lab: &Lab, rate: &str) -> Result<Vec<Vec<String>>> {
    let database = lab.database()?;
    let mut statement = database.prepare(&format!(
        "select o.id from orders o left join rates r using (currency) \
         where o.status <> 'draft' and typeof(o.price) <> 'text' and {rate} order by o.id"
    ))?;
    let ids = statement.query_map([], |row| Ok(vec![row.get(0)?]))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

#[test]
fn rows_that_need_a_rejected_row_are_rejected_with_that_reason() -> Result<()> {
    let lab = lenient()?;
    lab.change(BREAK)?;
    lab.load()?.done()?;
    let unreadable = orders(&lab, "typeof(r.rate) = 'text'")?;
    assert_eq!(unreadable, rows(&[&["o04"], &["o05"]]));
    let rejects =
        lab.sql("select stage, object, row_id, reason, detail from audit.audit_reject order by stage desc, row_id")?;
    let price = "price 'n/a' is not a decimal number (decimal(18,4))";
    let rate = "rate 'n/a' is not a decimal number (decimal(18,6))";
    let partner = "the joined row was rejected when it was read";
    let expected = rows(&[
        &["extract", "rates", "EUR", "invalid_rate", rate],
        &["extract", "orders", "o08", "invalid_price", price],
        &["conform", "sale", "o04", "rejected_rates", partner],
        &["conform", "sale", "o05", "rejected_rates", partner],
        &["conform", "sale", "o10", "missing_rate", "r.rate is null"],
    ]);
    assert_eq!(rejects, expected);
    let loaded = lab.sql("select source_row_id from fact_sale order by 1")?;
    assert_eq!(
        loaded,
        orders(&lab, "typeof(r.rate) <> 'text' and r.rate is not null")?
    );
    Ok(())
}

#[test]
fn a_load_with_rejected_partners_balances() -> Result<()> {
    let lab = lenient()?;
    lab.change(BREAK)?;
    lab.load()?.done()?;
    let balances = lab.sql(
        "select stage, object, read, loaded, unchanged, rejected, excluded, rejected_by from audit.audit_balance \
         where rejected > 0 or object = 'sale' order by stage, object",
    )?;
    let expected = rows(&[
        &[
            "entity",
            "sale",
            "9",
            "5",
            "0",
            "3",
            "1",
            r#"{"missing_rate":1,"rejected_rates":2}"#,
        ],
        &["star", "sale", "5", "5", "0", "0", "0", "{}"],
        &[
            "table",
            "orders",
            "10",
            "9",
            "0",
            "1",
            "0",
            r#"{"invalid_price":1}"#,
        ],
        &[
            "table",
            "rates",
            "2",
            "1",
            "0",
            "1",
            "0",
            r#"{"invalid_rate":1}"#,
        ],
    ]);
    assert_eq!(balances, expected);
    let status = lab.etl(&["status"])?.done()?.out;
    assert!(status.contains("rejected_rates: 2"), "{status}");
    Ok(())
}

#[test]
fn published_rows_stand_while_their_partner_cannot_be_read() -> Result<()> {
    let lab = lenient()?;
    lab.load()?.done()?;
    let euros = "select source_row_id, quantity, revenue, deleted_at_source from fact_sale \
                 where source_row_id in ('o04', 'o05') order by 1";
    let before = rows(&[
        &["o04", "1", "6.0000", "false"],
        &["o05", "5", "18.0000", "false"],
    ]);
    assert_eq!(lab.sql(euros)?, before);
    lab.change(BREAK)?;
    lab.change("update orders set quantity = 7 where id = 'o04'; update orders set quantity = 4 where id = 'o01'")?;
    lab.load()?.done()?;
    assert_eq!(lab.sql(euros)?, before);
    let other = lab.sql("select quantity from fact_sale where source_row_id = 'o01'")?;
    assert_eq!(other, rows(&[&["4"]]));
    lab.change("update rates set rate = 2 where currency = 'EUR'")?;
    lab.load()?.done()?;
    let mended = rows(&[
        &["o04", "7", "8.0000", "false"],
        &["o05", "5", "24.0000", "false"],
    ]);
    assert_eq!(lab.sql(euros)?, mended);
    Ok(())
}

#[test]
fn a_rejected_row_is_one_partner_however_often_and_however_its_key_is_written() -> Result<()> {
    let lab = Lab::with_settings(
        "[warehouse]\nurl = \"warehouse\"\n[model]\npath = \"model\"\n[source.f]\nurl = \"files\"\n[etl]\nreject_limit_permille = 1000\n",
    )?;
    lab.write(
        "model/model.yaml",
        "planisphere: 1\nmodel: twice\ntime_zone: UTC\n",
    )?;
    lab.write(
        "model/sources/f.yaml",
        "planisphere: 1
source: f
tables:
  rates: {file: rates.csv, format: {delimiter: ',', header: true}, key: code, columns: {code: bigint, rate: integer}}
  sales: {file: sales.csv, format: {delimiter: ',', header: true}, key: id, columns: {id: bigint, code: bigint}}
entities:
  sale:
    from: sales s
    joins: [{to: rates r, on: r.code = s.code}]
    columns: {id: \"cast(s.id as varchar)\", n: s.id, rate: r.rate}
",
    )?;
    lab.write(
        "model/stars/sale.yaml",
        "planisphere: 1\nstar: sale\ngrain: One row is one sale.\nkind: transaction\nentity: sale\nkey: id\nmeasures: {n: {type: integer}, rate: {type: integer}}\n",
    )?;
    lab.write("files/rates.csv", "code,rate\n1,x\n01,y\n+1,z\n2,5\n")?;
    lab.write("files/sales.csv", "id,code\n1,1\n2,2\n3,1\n")?;
    lab.load()?.done()?;
    let rejects = "select split_part(row_id, '|', 2), reason from audit.audit_reject where stage = 'conform' order by 1";
    let expected = rows(&[&["2", "rejected_rates"], &["4", "rejected_rates"]]);
    assert_eq!(lab.sql(rejects)?, expected);
    assert_eq!(
        lab.sql("select n, rate from star.fact_sale")?,
        rows(&[&["2", "5"]])
    );
    Ok(())
}
