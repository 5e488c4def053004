//! The same flags give the same database.

use super::*;
use crate::demo::time::Day;
use crate::demo::world::World;

#[tokio::test]
async fn the_same_seed_gives_the_same_database() {
    let (one, two) = (Demo::make().await, Demo::make().await);
    let other = Demo::make_with(|args| args.seed = 8).await;
    let hash = |demo: &Demo| content_hash(&demo.open(), &demo.summary);
    assert_eq!(hash(&one), hash(&two));
    assert_ne!(hash(&one), hash(&other));
    assert_eq!(one.summary.dirt, two.summary.dirt);
}

#[tokio::test]
async fn the_summary_counts_the_rows_of_every_table() {
    let demo = Demo::make().await;
    let connection = demo.open();
    for table in &demo.summary.tables {
        let rows = number(&connection, &format!("SELECT count(*) FROM {}", table.name));
        assert_eq!(rows, table.rows.cast_signed(), "{}", table.name);
        assert!(rows > 0, "{} is empty", table.name);
    }
    let shown = demo.summary.to_string();
    assert!(shown.contains("aos_products_quotes") && shown.contains("line_zero"));
    assert!(shown.contains("400 customers, seed 7"));
}

/// What makes moving forward possible: a longer simulation repeats a shorter one.
#[test]
fn a_longer_simulation_repeats_a_shorter_one() {
    let args = DemoSourceArgs {
        customers: 150,
        months: 6,
        ..DemoSourceArgs::new("sqlite:x")
    };
    let params = args.params();
    let short = World::simulate(params, params.until);
    let long = World::simulate(params, params.until.plus(200));
    for day in [
        params.start().plus(40),
        params.until.plus(-17),
        params.until,
    ] {
        assert_eq!(
            lines(&short, day),
            lines(&long, day),
            "as of {}",
            day.date()
        );
    }
}

/// Every row of every table as of the end of a day.
fn lines(world: &World, day: Day) -> Vec<String> {
    let mut lines = Vec::new();
    let mut tally = crate::demo::dirt::Tally::default();
    for table in crate::demo::table::TABLES {
        let start = lines.len();
        let mut put = |row: &[crate::demo::table::Value<'_>]| {
            let line = crate::demo::database::copy_line(table, row)?;
            lines.push(format!("{} {line}", table.name));
            Ok(())
        };
        let mut sink = crate::demo::table::Sink::new(&mut put, &mut tally);
        (table.rows)(world, day.end(), &mut sink).unwrap();
        lines[start..].sort_unstable();
    }
    lines
}
