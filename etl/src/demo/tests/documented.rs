//! docs/demo-crm.md is true: its counts for the default seed, and the SQL that finds each kind of dirt.

use super::*;
use crate::demo::dirt::{KINDS, Tally};
use crate::demo::table::{Sink, TABLES, Value};
use crate::demo::world::World;

const PAGE: &str = include_str!("../../../../docs/demo-crm.md");

/// The cells of the rows of the table below a heading, without its header.
fn table_below(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, below) = PAGE.split_once(heading).unwrap();
    below
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            line.trim_matches('|')
                .split(" | ")
                .map(|cell| cell.trim().trim_matches('`'))
                .collect()
        })
        .collect()
}

/// The rows of each table and of each kind of dirt in the default database.
fn default_counts() -> (Vec<(&'static str, u64)>, Tally) {
    let params = DemoSourceArgs::new("sqlite:x").params();
    let world = World::simulate(params, params.until);
    let mut tally = Tally::default();
    let tables = TABLES.map(|table| {
        let mut rows = 0;
        let mut put = |_: &[Value<'_>]| {
            rows += 1;
            Ok(())
        };
        (table.rows)(
            &world,
            params.until.end(),
            &mut Sink::new(&mut put, &mut tally),
        )
        .unwrap();
        (table.name, rows)
    });
    (tables.to_vec(), tally)
}

#[test]
fn the_counts_of_the_default_seed_are_the_documented_ones() {
    let (tables, tally) = default_counts();
    let documented: Vec<String> = table_below("## Tables")
        .iter()
        .map(|row| row[..2].join(" "))
        .collect();
    let found: Vec<String> = tables
        .iter()
        .map(|(name, rows)| format!("{name} {rows}"))
        .collect();
    assert_eq!(documented, found);
    let documented: Vec<String> = table_below("## Dirt")
        .iter()
        .map(|row| row[..2].join(" "))
        .collect();
    let found: Vec<String> = KINDS
        .iter()
        .map(|(dirt, kind)| format!("{kind} {}", tally.of(*dirt)))
        .collect();
    assert_eq!(documented, found);
}

#[tokio::test]
async fn sql_finds_as_much_dirt_as_the_summary_counts() {
    let mut demo = Demo::make_with(|args| args.customers = 1200).await;
    for days in [0, 25] {
        if days > 0 {
            demo.advance(days).await;
        }
        let connection = demo.open();
        for row in table_below("## Dirt") {
            assert_eq!(
                number(&connection, row[3]),
                demo.dirt(row[0]),
                "{} after {days} days",
                row[0]
            );
        }
    }
    let never: Vec<&str> = demo
        .summary
        .dirt
        .iter()
        .filter(|dirt| dirt.rows == 0)
        .map(|dirt| dirt.kind)
        .collect();
    assert_eq!(never, ["invoice_date_missing", "due_date_missing"]);
}
