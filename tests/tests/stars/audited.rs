//! What an audit table says of the past of columns, under the names that the source has for them.

use anyhow::{Result, ensure};
use planisphere_tests::lab::rows;

use super::case::Case;

const SOURCE: &str = "source: crm
tables:
  customers:
    key: id
    columns: {id: text, points: {type: integer, column: pts}, tier: text, made: timestamp}
    history: {audit: log, columns: [points, tier], parent: who, at: at, field: what, before: old, after: new, created: made}
  log: {key: n, columns: {n: integer, who: text, at: timestamp, what: text, old: text, new: text}}
entities:
  customer: {from: customers_versions c, columns: {id: c.id, points: c.points, tier: c.tier}}
";

#[test]
fn past_values_are_found_by_the_names_of_the_source_and_what_cannot_be_told_is_said() -> Result<()>
{
    let case = Case::new(
        "UTC",
        "create table customers (id text primary key, pts integer, tier text, made text);
         create table log (n integer primary key, who text, at text, what text, old text, new text);
         insert into customers values ('a', 30, 'gold', '2025-01-01 00:00:00');
         insert into log values (1, 'a', '2025-02-01 00:00:00', 'pts', '10', 'ten'),
           (2, 'a', '2025-03-01 00:00:00', 'pts', 'ten', '30'), (3, 'a', '2025-04-01 00:00:00', 'tier', 'tin', 'gold'),
           (4, null, '2025-04-02 00:00:00', 'tier', 'gold', 'tin'), (5, 'a', null, 'pts', '30', '31'),
           (6, 'a', '2025-04-03 00:00:00', 'points', '1', '2'), (7, 'a', '2025-05-01 00:00:00', 'tier', 'lead', 'tin'),
           (8, 'a', '2025-05-01 00:00:00', 'tier', 'gold', 'lead'), (9, 'a', '2025-06-01 00:00:00', 'tier', 'tin', 'gold');",
        &[
            ("sources/crm.yaml", SOURCE),
            (
                "conformed/customer.yaml",
                "dimension: customer\nentity: customer\nkey: id
attributes: {points: {type: integer, scd: 2}, tier: {type: text, scd: 2}}\n",
            ),
        ],
    )?;
    let said = case.load("2025-06-30")?;
    for told in [
        "past values of 'points' do not fit its type, such as 'ten'; 1 versions have none",
        "2 changes name no row or no instant",
    ] {
        ensure!(said.err.contains(told), "{told}: {}", said.err);
    }
    let versions = case.stars(
        "select points, tier, valid_from from dim_customer where customer_key > 0 order by valid_from",
    )?;
    let expected = rows(&[
        &["10", "tin", "0001-01-01T00:00:00Z"],
        &["", "tin", "2025-02-01T00:00:00Z"],
        &["30", "tin", "2025-03-01T00:00:00Z"],
        &["30", "gold", "2025-04-01T00:00:00Z"],
        // from gold to lead to tin in one instant
        &["30", "tin", "2025-05-01T00:00:00Z"],
        &["30", "gold", "2025-06-01T00:00:00Z"],
    ]);
    assert_eq!(versions, expected);
    Ok(())
}
