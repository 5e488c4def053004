//! Rows that could not be loaded: kept with their reasons, in no fact, and accounted for.

use anyhow::Result;
use planisphere_tests::lab::{Lab, rows};

#[test]
fn rejected_rows_are_kept_with_reasons_and_are_in_no_fact() -> Result<()> {
    let lab = Lab::loaded()?;
    let rejects = lab.sql(
        "select stage, object, row_id, reason, detail from audit.audit_reject order by row_id",
    )?;
    let expected = rows(&[
        &[
            "extract",
            "orders",
            "o08",
            "invalid_price",
            "price 'n/a' is not a decimal number (decimal(18,4))",
        ],
        &["conform", "sale", "o10", "missing_rate", "r.rate is null"],
    ]);
    assert_eq!(rejects, expected);
    let kept = lab.sql("select row_json from audit.audit_reject where row_id = 'o08'")?;
    assert!(kept[0][0].contains(r#""price":"n/a""#), "{kept:?}");
    let loaded = "select count(*) from fact_sale where source_row_id in ('o08', 'o09', 'o10')";
    assert_eq!(lab.sql(loaded)?, rows(&[&["0"]]));
    Ok(())
}

#[test]
fn every_balance_adds_up() -> Result<()> {
    let lab = Lab::loaded()?;
    lab.change(
        "update orders set quantity = 9 where id = 'o01'; delete from orders where id = 'o02'",
    )?;
    lab.load()?.done()?;
    let balances = lab.sql(
        "select stage, object, count(*), sum(case when read = loaded + unchanged + rejected + excluded then 1 else 0 end) \
         from audit.audit_balance group by stage, object order by stage, object",
    )?;
    let expected: Vec<String> = [
        ("dimension", "customer product"),
        ("entity", "customer product sale"),
        ("star", "sale"),
        ("table", "customers customers_audit orders products rates"),
    ]
    .iter()
    .flat_map(|(stage, names)| {
        names
            .split(' ')
            .map(move |name| format!("{stage} {name} 2 2"))
    })
    .collect();
    assert_eq!(
        balances.iter().map(|row| row.join(" ")).collect::<Vec<_>>(),
        expected
    );
    let sale = "select read, loaded, unchanged, rejected, excluded, rejected_by, excluded_by \
                from audit.audit_balance where stage = 'entity' and object = 'sale' and audit_key = 1";
    let expected: &[&str] = &[
        "9",
        "7",
        "0",
        "1",
        "1",
        r#"{"missing_rate":1}"#,
        r#"{"draft":1}"#,
    ];
    assert_eq!(lab.sql(sale)?, rows(&[expected]));
    // what went into the star is what came out of the entity, and the fact holds it
    let facts = lab.sql("select count(*) from fact_sale where not deleted_at_source")?;
    let star = "select read from audit.audit_balance where stage = 'star' and audit_key = 2";
    assert_eq!(lab.sql(star)?, facts);
    Ok(())
}

#[test]
fn a_mended_row_is_loaded_by_the_next_load() -> Result<()> {
    let lab = Lab::loaded()?;
    lab.change(
        "update orders set price = 11 where id = 'o08'; insert into rates values ('XXX', 2)",
    )?;
    lab.load()?.done()?;
    let mended = lab.sql(
        "select source_row_id, revenue from fact_sale where source_row_id in ('o08', 'o10') order by 1",
    )?;
    assert_eq!(mended, rows(&[&["o08", "11.0000"], &["o10", "6.0000"]]));
    assert_eq!(
        lab.sql("select count(*) from audit.audit_reject where audit_key = 2")?,
        rows(&[&["0"]])
    );
    Ok(())
}

#[test]
fn a_loaded_row_that_is_rejected_later_stays_as_it_was() -> Result<()> {
    let lab = Lab::loaded()?;
    lab.change("update orders set price = 'oops' where id = 'o01'")?;
    let said = lab.load()?.done()?;
    assert!(said.out.contains("invalid_price: 2"), "{}", said.out);
    let stays =
        lab.sql("select revenue, deleted_at_source from fact_sale where source_row_id = 'o01'")?;
    assert_eq!(stays, rows(&[&["10.0000", "false"]]));
    Ok(())
}

#[test]
fn a_value_that_cannot_be_worked_out_rejects_its_row_only() -> Result<()> {
    let lab = Lab::shop()?;
    let shop = "model/sources/shop.yaml";
    lab.replace(shop, "price: money", "price: decimal(26,6)")?;
    lab.replace(
        shop,
        "quantity: o.quantity",
        "quantity: cast(o.status as integer)",
    )?;
    lab.change(
        "update orders set status = '7'; \
         update orders set price = 1000000000000000 where id = 'o01'; \
         update orders set status = 'paid' where id = 'o02'; \
         update orders set status = 'draft', price = 1000000000000000 where id = 'o09'",
    )?;
    lab.replace("planisphere.toml", "200", "500")?;
    lab.load()?.done()?;
    let rejects = lab.sql(
        "select row_id, reason, detail from audit.audit_reject where stage = 'conform' order by row_id",
    )?;
    let overflow = "money() overflows decimal(18,4)";
    let shown: Vec<(&str, &str)> = rejects
        .iter()
        .map(|row| (row[0].as_str(), row[1].as_str()))
        .collect();
    let expected = [
        ("o01", "invalid_revenue"),
        ("o02", "invalid_quantity"),
        ("o10", "missing_rate"),
    ];
    assert_eq!(shown, expected);
    assert!(rejects[0][2].contains(overflow), "{rejects:?}");
    assert!(rejects[1][2].contains("'paid'"), "{rejects:?}");
    // the draft is left out by its rule, whatever its values
    let facts = lab.sql("select source_row_id, quantity, revenue from fact_sale order by 1")?;
    let expected = [
        ["o03", "7", "20.0000"],
        ["o04", "7", "6.0000"],
        ["o05", "7", "18.0000"],
        ["o06", "7", "5.0000"],
        ["o07", "7", "6.0000"],
    ];
    assert_eq!(facts, expected);
    Ok(())
}

#[test]
fn no_whole_number_is_made_of_one_with_a_fraction() -> Result<()> {
    let lab = Lab::with_settings(
        "[warehouse]\nurl = \"warehouse\"\n[model]\npath = \"model\"\n[source.f]\nurl = \"sqlite:f.db\"\n[etl]\nreject_limit_permille = 1000\n",
    )?;
    lab.write(
        "model/model.yaml",
        "planisphere: 1\nmodel: whole\ntime_zone: UTC\n",
    )?;
    lab.write(
        "model/sources/f.yaml",
        "planisphere: 1
source: f
tables:
  sales: {key: id, columns: {id: text, amount: \"decimal(18,4)\", share: double}}
entities:
  sale: {from: sales s, columns: {id: s.id, amount: s.amount, share: s.share}}
",
    )?;
    lab.write(
        "model/conformed/sale.yaml",
        "planisphere: 1\ndimension: sale\nentity: sale\nkey: id\nattributes: {share: {type: bigint}}\n",
    )?;
    lab.write(
        "model/stars/sale.yaml",
        "planisphere: 1\nstar: sale\ngrain: One row is one sale.\nkind: transaction\nentity: sale\nkey: id\nmeasures: {amount: {type: integer}}\n",
    )?;
    rusqlite::Connection::open(lab.path("f.db"))?.execute_batch(
        "create table sales (id text primary key, amount, share real);
         insert into sales values ('a', '1.25', 2), ('b', '3.0000', 2.5), ('c', 7, -4), ('d', '-0.5', null);",
    )?;
    lab.load()?.done()?;
    let rejects = "select stage, object, row_id, reason from audit.audit_reject order by 1, 3";
    let expected = rows(&[
        &["dimension", "sale", "b", "invalid_share"],
        &["star", "sale", "a", "invalid_amount"],
        &["star", "sale", "d", "invalid_amount"],
    ]);
    assert_eq!(lab.sql(rejects)?, expected);
    let facts = "select source_row_id, amount from star.fact_sale order by 1";
    assert_eq!(lab.sql(facts)?, rows(&[&["b", "3"], &["c", "7"]]));
    let members = "select sale_id, share from star.dim_sale where sale_key > 0 order by 1";
    assert_eq!(
        lab.sql(members)?,
        rows(&[&["a", "2"], &["c", "-4"], &["d", ""]])
    );
    Ok(())
}

#[test]
fn what_becomes_of_values_in_another_type_is_the_day_they_have_the_nearest_number_or_nothing()
-> Result<()> {
    let lab = Lab::with_settings(
        "[warehouse]\nurl = \"warehouse\"\n[model]\npath = \"model\"\n[source.f]\nurl = \"sqlite:f.db\"\n[etl]\nreject_limit_permille = 1000\n",
    )?;
    lab.write(
        "model/model.yaml",
        "planisphere: 1\nmodel: types\ntime_zone: Asia/Shanghai\n",
    )?;
    lab.write(
        "model/sources/f.yaml",
        "planisphere: 1
source: f
time_zone: UTC
tables:
  sales: {key: id, columns: {id: text, at: timestamp, price: \"decimal(18,4)\", due: date, flag: integer}}
entities:
  sale: {from: sales s, columns: {id: s.id, at: s.at, price: s.price, due: s.due, flag: s.flag}}
",
    )?;
    lab.write(
        "model/conformed/date.yaml",
        "planisphere: 1\ndimension: date\ncalendar: {from: 2025-01-01, to: 2025-12-31}\n",
    )?;
    lab.write(
        "model/conformed/sale.yaml",
        "planisphere: 1\ndimension: sale\nentity: sale\nkey: id\nattributes: {day: {type: date, column: at}, flag: {type: boolean}}\n",
    )?;
    lab.write(
        "model/stars/sale.yaml",
        "planisphere: 1\nstar: sale\ngrain: One row is one sale.\nkind: transaction\nentity: sale\nkey: id
dimensions: {due_date: {dimension: date, column: due}}
measures: {amount: {type: \"decimal(9,2)\", column: price}}
",
    )?;
    rusqlite::Connection::open(lab.path("f.db"))?.execute_batch(
        "create table sales (id text primary key, at text, price text, due text, flag integer);
         insert into sales values
           ('a', '2025-01-31 16:00:00', '1.0050', '2025-02-01', 1), ('b', '2025-01-31 15:59:59', '1.0150', null, 0),
           ('c', null, '-2.6750', null, 2), ('d', '2025-03-01 00:00:00', '99999999.0000', '2025-03-01', null);",
    )?;
    lab.load()?.done()?;
    let rejects = "select stage, object, row_id, reason from audit.audit_reject order by 1, 3";
    let expected = rows(&[
        &["dimension", "sale", "c", "invalid_flag"],
        &["star", "sale", "d", "invalid_amount"],
    ]);
    assert_eq!(lab.sql(rejects)?, expected);
    // the keys of days count from 1900-01-01, which is 1
    let facts = "select source_row_id, amount, due_date_key from star.fact_sale order by 1";
    let expected = rows(&[
        &["a", "1.00", "45688"],
        &["b", "1.02", "-1"],
        &["c", "-2.68", "-1"],
    ]);
    assert_eq!(lab.sql(facts)?, expected);
    let members = "select sale_id, day, flag from star.dim_sale where sale_key > 0 order by 1";
    let expected = rows(&[
        &["a", "2025-02-01", "true"],
        &["b", "2025-01-31", "false"],
        &["d", "2025-03-01", ""],
    ]);
    assert_eq!(lab.sql(members)?, expected);
    Ok(())
}
