//! Facts of which nothing is measured: what happened, and what was covered.

use anyhow::Result;

use super::case::Case;

const SOURCE: &str = "source: crm
tables:
  offers: {key: [day, product], columns: {day: date, product: text, campaign: text}}
  sales: {key: id, columns: {id: text, day: date, product: text, pieces: integer}}
  products: {key: id, columns: {id: text, family: text}}
entities:
  product: {from: products p, columns: {id: p.id, family: p.family}}
  offer: {from: offers o, columns: {day: o.day, product: o.product, campaign: o.campaign}}
  sale: {from: sales s, columns: {id: s.id, day: s.day, product: s.product, pieces: s.pieces}}
";

const PRODUCT: &str = "dimension: product
entity: product
key: id
attributes:
  family: {type: text}
hierarchies:
  family:
    levels:
      family: {}
      product: {key: product_id}
";

/// Kimball's coverage: which products were on offer on which days, sold or not.
const COVERAGE: &str = "star: offer
grain: One row is one product that was on offer on one day.
kind: factless
entity: offer
key: [day, product]
dimensions:
  day: {dimension: date, column: day}
  product: {column: product}
degenerate:
  campaign: text
";

const SALE: &str = "star: sale
grain: One row is one sale.
entity: sale
key: id
dimensions:
  day: {dimension: date, column: day}
  product: {column: product}
measures:
  pieces: {type: integer}
";

const CUBE: &str = "cube: offers
star: offer
roles: [day, product]
degenerate:
  campaign: {columns: [campaign]}
measures:
  offers: {function: count}
  products: {function: count_distinct, of: product}
";

const DATABASE: &str = "create table products (id text primary key, family text);
  create table offers (day text, product text, campaign text, primary key (day, product));
  create table sales (id text primary key, day text, product text, pieces integer);
  with recursive n(i) as (select 0 union all select i + 1 from n where i < 19)
  insert into products select 'p' || i, 'f' || (i % 4) from n;
  with recursive n(i) as (select 0 union all select i + 1 from n where i < 299)
  insert or ignore into offers select date('2025-02-01', (i * i % 31) || ' days'), 'p' || (i % 20), 'c' || (i % 3) from n;
  with recursive n(i) as (select 0 union all select i + 1 from n where i < 99)
  insert into sales select 's' || i, date('2025-02-01', (i * 5 % 31) || ' days'), 'p' || (i * 7 % 20), i from n;";

fn case() -> Result<Case> {
    let files = [
        ("sources/crm.yaml", SOURCE),
        (
            "conformed/date.yaml",
            "dimension: date\ncalendar: {from: 2025-01-01, to: 2025-12-31}\n",
        ),
        ("conformed/product.yaml", PRODUCT),
        ("stars/offer.yaml", COVERAGE),
        ("stars/sale.yaml", SALE),
        ("cubes/offers.yaml", CUBE),
    ];
    Case::new("UTC", DATABASE, &files)
}

#[test]
fn coverage_is_counted_and_tells_what_did_not_sell() -> Result<()> {
    let case = case()?;
    case.load_twice("2025-12-31")?;
    let families = case.lab.query(&[
        "--cube",
        "offers",
        "--measures",
        "offers,products",
        "--rows",
        "product.family.family",
        "--where",
        "campaign.campaign.campaign = c1",
    ])?;
    let families: Vec<Vec<String>> = families
        .into_iter()
        .map(|row| [&row[..1], &row[2..]].concat())
        .collect();
    let expected = case.source(
        "select family, count(*), count(distinct product) from offers join products on id = product where campaign = 'c1' group by 1 order by 1",
    )?;
    assert_eq!(families, expected);
    let unsold = case.stars(
        "select d.date, p.product_id from fact_offer o join dim_date d on d.date_key = o.day_key join dim_product p on p.product_key = o.product_key
         where not exists (select 1 from fact_sale s where s.day_key = o.day_key and s.product_key = o.product_key) order by 1, 2",
    )?;
    let expected = case.source(
        "select day, product from offers o where not exists (select 1 from sales s where s.day = o.day and s.product = o.product) order by 1, 2",
    )?;
    assert!(!expected.is_empty());
    assert_eq!(unsold, expected);
    Ok(())
}

#[test]
fn a_factless_fact_has_no_measures_and_a_kind_stays() -> Result<()> {
    let case = case()?;
    case.load("2025-12-31")?;
    case.declare(
        "stars/offer.yaml",
        &format!("{COVERAGE}measures:\n  pieces: {{type: integer, column: day}}\n"),
    )?;
    let said = "stars/offer.yaml:13:3: star 'offer' is factless and has no measures; count its rows in a cube";
    case.lab.etl(&["plan"])?.refused(2, &[said])?;
    case.declare(
        "stars/offer.yaml",
        &COVERAGE.replace("factless", "transaction"),
    )?;
    case.lab
        .etl(&["plan"])?
        .refused(2, &["star 'offer'", "its grain changed"])?;
    Ok(())
}
