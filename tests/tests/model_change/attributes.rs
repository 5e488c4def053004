//! Attributes, levels and measures that come and go.

use anyhow::Result;
use planisphere_tests::lab::{Lab, Said, cells, rows};
use planisphere_tests::programs::Server;

use super::{CUSTOMER, SALE, SALES, SHOP};

/// Gives the source a column and the model an attribute, a hierarchy with a level, and a cube that shows it.
fn add_channel(lab: &Lab) -> Result<()> {
    lab.change(
        "alter table customers add column channel text; \
         update customers set channel = case id when 'c1' then 'web' when 'c4' then null else 'shop' end; \
         insert into customers_audit values ('a7', 'c2', '2025-02-12 00:00:00', 'channel', 'web', 'shop')",
    )?;
    lab.replace(
        SHOP,
        "      segment: text\n",
        "      segment: text\n      channel: text\n",
    )?;
    lab.replace(
        SHOP,
        "columns: [segment, rating]",
        "columns: [segment, rating, channel]",
    )?;
    lab.replace(
        SHOP,
        "      rating: c.rating\n",
        "      rating: c.rating\n      channel: c.channel\n",
    )?;
    lab.replace(
        CUSTOMER,
        "hierarchies:\n",
        "  channel: {type: text, scd: 2, caption: {en: Channel, zh: 渠道}}\nhierarchies:\n  channel:\n    \
         levels:\n      channel: {key: channel, caption: {en: Channel, zh: 渠道}}\n",
    )?;
    lab.replace(SALES, "customer.name,", "customer.name, customer.channel,")
}

const BY_CHANNEL: [&str; 6] = [
    "--cube",
    "sales",
    "--measures",
    "orders",
    "--rows",
    "customer.channel.channel",
];

/// Member keys (or special members) and the last column.
fn short(found: Vec<Vec<String>>) -> Vec<String> {
    let name = |row: &Vec<String>| {
        row.iter()
            .find(|cell| !cell.is_empty())
            .cloned()
            .unwrap_or_default()
    };
    found
        .iter()
        .map(|row| format!("{} {}", name(row), row.last().map_or("", String::as_str)))
        .collect()
}

fn remote(server: &Server, flags: &[&str]) -> Result<Said> {
    server.olap(&[&["query", "--format", "csv"], flags].concat())
}

#[test]
fn a_new_attribute_is_backfilled_and_a_new_level_answers() -> Result<()> {
    let lab = Lab::loaded()?;
    add_channel(&lab)?;
    let plan = lab.etl(&["plan"])?.done()?.out;
    assert!(
        plan.contains("merge dim_customer, backfill channel"),
        "{plan}"
    );
    let said = lab.load()?.done()?;
    assert!(said.err.contains("published version 2"), "{}", said.err);
    let found = lab.sql(
        "select customer_id, rating, channel, valid_from from dim_customer where customer_key > 0 \
         order by customer_id, valid_from",
    )?;
    let open = "0001-01-01T00:00:00Z";
    let expected = rows(&[
        &["c1", "cold", "web", open],
        &["c1", "warm", "web", "2025-03-01T12:00:00Z"],
        // the audit knows more than one value of the new attribute
        &["c2", "hot", "web", open],
        &["c2", "hot", "shop", "2025-02-12T00:00:00Z"],
        &["c3", "", "shop", open],
        &["c4", "cold", "", open],
        // a sale refers to it, and nobody knows it
        &["c9", "", "", open],
    ]);
    assert_eq!(found, expected);
    // o01 o02 of c1 and o03 of c2 came by the web; o04, one day later, and o05 by the shop
    let expected = ["shop 2", "web 3", "@not_given 1", "@not_yet_arrived 1"];
    assert_eq!(short(lab.query(&BY_CHANNEL)?), expected);
    Ok(())
}

#[test]
fn an_old_version_is_read_by_its_own_model_also_from_a_server_that_was_there_before() -> Result<()>
{
    let lab = Lab::loaded()?;
    let server = lab.serve()?;
    let by_segment = [
        "--cube",
        "sales",
        "--measures",
        "revenue",
        "--rows",
        "customer.segment.segment",
    ];
    let before = cells(&remote(&server, &by_segment)?.done()?.out)?;
    add_channel(&lab)?;
    lab.load()?.done()?;
    let version_1 = [&BY_CHANNEL[..], &["--warehouse-version", "1"]].concat();
    let expected = ["unknown hierarchy of dimension 'customer' 'channel'"];
    lab.olap(&[&["query"][..], &version_1].concat())?
        .refused(3, &expected)?;
    remote(&server, &version_1)?.refused(3, &expected)?;
    let old = [&by_segment[..], &["--warehouse-version", "1"]].concat();
    assert_eq!(lab.query(&old)?, before);
    assert_eq!(cells(&remote(&server, &old)?.done()?.out)?, before);
    assert_eq!(remote(&server, &BY_CHANNEL)?.done()?.out.lines().count(), 5);
    let described = |version: &str| -> Result<bool> {
        let said = lab
            .olap(&["describe", "sales", "--warehouse-version", version])?
            .done()?;
        Ok(said.out.contains("channel"))
    };
    assert_eq!((described("1")?, described("2")?), (false, true));
    lab.olap(&[
        "sql",
        "--warehouse-version",
        "1",
        "select channel from dim_customer",
    ])?
    .refused(3, &["unknown column 'channel'"])?;
    Ok(())
}

#[test]
fn a_new_measure_and_a_new_column_of_the_fact_are_backfilled() -> Result<()> {
    let lab = Lab::loaded()?;
    lab.replace(
        SHOP,
        "      quantity: o.quantity\n",
        "      quantity: o.quantity\n      price: o.price\n      currency: o.currency\n",
    )?;
    lab.replace(
        SALE,
        "measures:\n",
        "  currency: {type: text}\nmeasures:\n  price: {type: money, additivity: non_additive}\n",
    )?;
    lab.replace(
        SALES,
        "measures:\n",
        "measures:\n  dearest: {function: max, of: price}\n",
    )?;
    lab.replace(
        SALES,
        "degenerate:\n",
        "degenerate:\n  currency: {columns: [currency]}\n",
    )?;
    let plan = lab.etl(&["plan"])?.done()?.out;
    assert!(
        plan.contains("merge fact_sale, backfill currency, price"),
        "{plan}"
    );
    lab.load()?.done()?;
    let flags = [
        "--cube",
        "sales",
        "--measures",
        "dearest",
        "--rows",
        "currency.currency",
    ];
    assert_eq!(short(lab.query(&flags)?), ["EUR 12.0000", "USD 20.0000"]);
    Ok(())
}

/// Keys of roles are of one type, so that a mistake of their places would not be told by types.
#[test]
fn columns_of_a_fact_in_another_order_keep_their_values() -> Result<()> {
    let lab = Lab::loaded()?;
    let facts = "select source_row_id, customer_key, product_key, quantity, revenue from fact_sale
        where source_row_id <> (select min(source_row_id) from fact_sale) order by source_row_id";
    let before = lab.sql(facts)?;
    assert!(before.len() > 2, "{before:?}");
    let customer =
        "  customer: {column: customer_id, as_of: ordered_at, caption: {en: Customer, zh: 客户}}\n";
    let product = "  product: {column: product_id, caption: {en: Product, zh: 产品}}\n";
    let (one, other) = (
        format!("{customer}{product}"),
        format!("{product}{customer}"),
    );
    lab.replace(SALE, &one, &other)?;
    lab.change(
        "update orders set quantity = quantity + 1 where id = (select min(id) from orders)",
    )?;
    lab.load()?.done()?;
    assert_eq!(lab.sql(facts)?, before);
    lab.change(
        "update orders set quantity = quantity + 1 where id = (select min(id) from orders)",
    )?;
    lab.load()?.done()?;
    assert_eq!(lab.sql(facts)?, before);
    let versions = lab.versions()?;
    lab.load()?.done()?;
    assert_eq!(lab.versions()?, versions, "nothing changed any more");
    Ok(())
}

#[test]
fn a_removed_attribute_goes_from_new_versions_and_stays_in_old_ones() -> Result<()> {
    let lab = Lab::loaded()?;
    let cities =
        "select customer_id, city from dim_customer where is_current order by customer_key";
    let before = lab.sql(cities)?;
    lab.replace(
        CUSTOMER,
        "  city: {type: text, scd: 1, caption: {en: City, zh: 城市}}\n",
        "",
    )?;
    lab.load()?.done()?;
    assert_eq!(lab.versions()?, ["1", "2"]);
    lab.olap(&["sql", cities])?
        .refused(3, &["unknown column 'city'"])?;
    let old = lab
        .olap(&["sql", "--format", "csv", "--warehouse-version", "1", cities])?
        .done()?;
    assert_eq!(cells(&old.out)?, before);
    let orders = lab.query(&["--cube", "sales", "--measures", "orders"])?;
    assert_eq!(orders, rows(&[&["7"]]));
    Ok(())
}
