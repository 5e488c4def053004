//! Expressions and views that the engine would plan, but that give wrong or other rows: told with their places.

use anyhow::Result;
use planisphere_tests::lab::Lab;

const SHOP: &str = "model/sources/shop.yaml";

/// The shop, whose products come as changes.
fn changes(at: &str, sequence: &str, merged_into: &str) -> Result<Lab> {
    let lab = Lab::shop()?;
    let entity = format!(
        "category: p.category\n    merged_into: {merged_into}\n    changes: {{at: {at}, sequence: {sequence}}}\n"
    );
    lab.replace(SHOP, "category: p.category\n", &entity)?;
    Ok(lab)
}

#[test]
fn changes_have_an_instant_a_whole_number_and_a_business_key() -> Result<()> {
    let at = "cast(p.name as timestamp)";
    for (at, sequence, merged_into) in [
        (at, "length(p.name)", "p.category"),
        (
            "cast(p.name as date)",
            "\"cast(7 as decimal(9,0))\"",
            "null",
        ),
        (at, "null", "length(p.name)"),
    ] {
        changes(at, sequence, merged_into)?.etl(&["plan"])?.done()?;
    }
    for (at, sequence, merged_into, expected) in [
        (
            "length(p.name)",
            "1",
            "p.id",
            "77:19: 'length(p.name)' is integer, not a date or an instant",
        ),
        (
            "p.name",
            "1",
            "p.id",
            "77:19: 'p.name' is text, not a date or an instant",
        ),
        (
            "frob(p.name)",
            "1",
            "p.id",
            "77:19: 'frob(p.name)' cannot be planned: Invalid function 'frob'",
        ),
        (
            "p.nam",
            "1",
            "p.id",
            "77:19: unknown column of 'p' 'nam' (did you mean 'name'?)",
        ),
        (
            at,
            "p.name",
            "p.id",
            "77:56: 'p.name' is text, not a whole number",
        ),
        (
            at,
            "1.5",
            "p.id",
            "77:56: '1.5' is double, not a whole number",
        ),
        (
            at,
            "frob(p.name)",
            "p.id",
            "77:56: 'frob(p.name)' cannot be planned: Invalid function 'frob'",
        ),
        (
            at,
            "1",
            "p.id = 'p1'",
            "76:18: 'p.id = 'p1'' is boolean, not a business key, a text or a whole number",
        ),
        (
            at,
            "1",
            "frob(p.id)",
            "76:18: 'frob(p.id)' cannot be planned: Invalid function 'frob'",
        ),
    ] {
        let lab = changes(at, sequence, merged_into)?;
        let expected = format!("model/sources/shop.yaml:{expected}");
        lab.etl(&["plan"])?.refused(2, &[&expected])?;
        lab.load()?.refused(2, &[&expected])?;
    }
    Ok(())
}

#[test]
fn functions_that_say_something_else_each_time_are_refused_wherever_they_stand() -> Result<()> {
    let lab = Lab::shop()?;
    lab.replace(SHOP, "city: c.city", "city: c.city || random()")?;
    lab.replace(
        SHOP,
        "modified: c.date_modified",
        "modified: coalesce(c.date_modified, now())",
    )?;
    lab.replace(
        SHOP,
        "draft: o.status = 'draft'",
        "draft: o.id in (select id from orders where ordered_at > current_date)",
    )?;
    lab.replace(
        SHOP,
        "on: r.currency = o.currency",
        "on: r.currency = o.currency and r.rate > random()",
    )?;
    let views = "views:
  fresh: select id from (select id, uuid() as u from products) where u > 'a'
  steady: select max(name) as name from products

entities:";
    lab.replace(SHOP, "entities:", views)?;
    let otherwise = "which says something else each time";
    let expected = [
        format!("shop.yaml:59:3: view 'fresh' uses uuid(), {otherwise}"),
        format!("shop.yaml:68:7: 'c.city || random()' uses random(), {otherwise}"),
        format!("shop.yaml:72:15: 'coalesce(c.date_modified, now())' uses now(), {otherwise}"),
        format!(
            "shop.yaml:84:27: 'r.currency = o.currency and r.rate > random()' uses random(), {otherwise}"
        ),
        "take a date, an instant or an id of the source instead".to_owned(),
    ];
    let expected = expected.each_ref().map(String::as_str);
    let said = lab.etl(&["plan"])?.refused(2, &expected)?;
    assert!(!said.err.contains("steady"), "{}", said.err);
    lab.load()?.refused(2, &expected)?;

    let lab = Lab::shop()?;
    lab.replace(
        SHOP,
        "draft: o.status = 'draft'",
        "draft: o.id in (select id from orders where ordered_at > current_date)",
    )?;
    lab.etl(&["plan"])?
        .refused(2, &["shop.yaml:90:7:", "uses current_date(),"])?;
    Ok(())
}

#[test]
fn an_aggregate_in_an_entity_is_refused_and_one_in_a_query_of_its_own_is_not() -> Result<()> {
    let lab = Lab::shop()?;
    lab.replace(
        SHOP,
        "category: p.category",
        "category: (select max(category) from products)",
    )?;
    lab.etl(&["plan"])?.done()?;
    lab.replace(SHOP, "name: p.name", "name: max(p.name)")?;
    lab.replace(SHOP, "draft: o.status = 'draft'", "draft: count(o.id) > 1")?;
    let expected = [
        "shop.yaml:74:7: 'max(p.name)' uses max(p.name), which makes one row of many",
        "shop.yaml:90:7: 'count(o.id) > 1' uses count(o.id), which makes one row of many",
        "aggregate in a view and join it",
    ];
    lab.etl(&["plan"])?.refused(2, &expected)?;
    // where nothing but aggregates stands in an entity too
    let lab = Lab::shop()?;
    for (column, of) in [
        ("product_id", "id"),
        ("name", "name"),
        ("category", "category"),
    ] {
        let was = format!("{column}: p.{of}");
        lab.replace(SHOP, &was, &format!("{column}: max(p.{of})"))?;
    }
    lab.etl(&["plan"])?
        .refused(2, &["shop.yaml:73:7: 'max(p.id)' uses max(p.id)"])?;
    Ok(())
}

#[test]
fn a_view_that_reads_itself_or_a_later_one_is_told_so() -> Result<()> {
    let lab = Lab::shop()?;
    let views = "views:
  busy: select * from late
  late: select * from busy
  own: select * from own
  odd: select * from prodcts

entities:";
    lab.replace(SHOP, "entities:", views)?;
    let expected = [
        "shop.yaml:59:3: view 'busy' reads 'late', which is declared later",
        "put 'late' before 'busy'",
        "shop.yaml:61:3: view 'own' reads itself",
        "shop.yaml:62:3: unknown table 'prodcts' (did you mean 'products'?)",
    ];
    let said = lab.etl(&["plan"])?.refused(2, &expected)?;
    assert!(!said.err.contains("shop.yaml:60"), "{}", said.err);
    Ok(())
}
