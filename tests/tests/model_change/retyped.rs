//! Published values that no load shows any more, in a type that the model did not have then.

use anyhow::Result;
use planisphere_tests::lab::{Lab, rows};
use rusqlite::Connection;

use super::SALE;

const ITEM: &str = "model/conformed/item.yaml";

/// Two rows of which one is gone at the source, and stands as it was published.
fn half_gone() -> Result<Lab> {
    let lab = Lab::with_settings(
        "[warehouse]\nurl = \"warehouse\"\n[model]\npath = \"model\"\n[source.f]\nurl = \"sqlite:f.db\"\n[etl]\nvanish_limit_permille = 1000\n",
    )?;
    lab.write(
        "model/model.yaml",
        "planisphere: 1\nmodel: types\ntime_zone: Asia/Shanghai\n",
    )?;
    lab.write(
        "model/sources/f.yaml",
        "planisphere: 1
source: f
tables:
  items: {key: id, columns: {id: text, price: \"decimal(18,4)\", at: timestamp}}
entities:
  item: {from: items i, columns: {id: i.id, price: i.price, at: i.at}}
",
    )?;
    lab.write(
        ITEM,
        "planisphere: 1\ndimension: item\nentity: item\nkey: id\nattributes: {price: {type: money}}\n",
    )?;
    lab.write(
        SALE,
        "planisphere: 1\nstar: sale\ngrain: One row is one item.\nkind: transaction\nentity: item\nkey: id
dimensions: {item: {dimension: item, column: id}}
degenerate: {day: {type: date, column: at}}
measures: {price: {type: money}}
",
    )?;
    Connection::open(lab.path("f.db"))?.execute_batch(
        "create table items (id text primary key, price text, at text);
         insert into items values ('gone', '0.1250', '2025-01-31'), ('here', '0.1250', '2025-01-31');
         update items set at = at || ' 16:00:00';",
    )?;
    lab.load()?.done()?;
    Connection::open(lab.path("f.db"))?.execute_batch("delete from items where id = 'gone'")?;
    lab.load_as_of("2025-07-01")?.done()?;
    Ok(lab)
}

#[test]
fn fewer_places_are_rounded_alike_whether_a_row_is_shown_or_stands() -> Result<()> {
    let lab = half_gone()?;
    for file in [ITEM, SALE] {
        lab.replace(file, "type: money", "type: \"decimal(18,2)\"")?;
    }
    lab.load_as_of("2025-07-02")?.done()?;
    let facts = "select source_row_id, price, day, deleted_at_source from fact_sale order by 1";
    let expected = rows(&[
        &["gone", "0.12", "2025-02-01", "true"],
        &["here", "0.12", "2025-02-01", "false"],
    ]);
    assert_eq!(lab.sql(facts)?, expected);
    let members = "select item_id, price from dim_item where item_key > 0 order by 1";
    let expected = rows(&[&["gone", "0.12"], &["here", "0.12"]]);
    assert_eq!(lab.sql(members)?, expected);
    Ok(())
}

#[test]
fn what_has_no_place_in_the_new_type_refuses_the_load() -> Result<()> {
    let lab = half_gone()?;
    let facts = "select source_row_id, price, day, deleted_at_source from fact_sale order by 1";
    let before = lab.sql(facts)?;
    lab.replace(SALE, "type: money", "type: integer")?;
    let refused = "column 'price' of fact_sale cannot be changed in place: '0.1250' is published, which is not integer";
    lab.load_as_of("2025-07-02")?
        .refused(2, &[refused, "rebuild"])?;
    lab.replace(SALE, "type: integer", "type: money")?;
    lab.replace(SALE, "type: date", "type: timestamp")?;
    let refused =
        "column 'day' of fact_sale cannot be changed in place: days and instants are published";
    lab.load_as_of("2025-07-02")?.refused(2, &[refused])?;
    assert_eq!(lab.sql(facts)?, before);
    Ok(())
}
