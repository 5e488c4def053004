//! Random lives of customers, loaded in random batches: the dimension tells the audit's history.
//!
//! ```text
//! life (random) ──► SQL on the source, batch by batch, a load after each ──► versions ┐
//!   └─────────────► what each customer was at each change, worked out here ──► truth ─┴─► compare
//! ```

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use planisphere_etl::{LoadOptions, Runtime, Silent, load};
use planisphere_schemas::settings::Settings;
use planisphere_tests::lab::{Lab, TODAY};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::versions_are_valid;

const VALUES: [&str; 4] = ["", "a", "b", "c"];

/// One thing that happens to one of five customers.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// Segment (0) or rating (1) becomes one of [`VALUES`].
    Becomes(usize, usize),
    /// The source marks the customer as deleted, or no longer.
    Marked(bool),
    /// The row vanishes; its audit rows stay.
    Vanishes,
}

type Batch = Vec<(usize, Event)>;

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..2_usize, 0..VALUES.len()).prop_map(|(field, value)| Event::Becomes(field, value)),
        1 => any::<bool>().prop_map(Event::Marked),
        1 => Just(Event::Vanishes),
    ]
}

fn lives() -> impl Strategy<Value = Vec<Batch>> {
    let batch = prop::collection::vec((0..5_usize, events()), 0..7);
    prop::collection::vec(batch, 1..4)
}

/// A version as it should be: segment, rating, from when.
type State = (String, String, String);

/// What is known of a customer.
#[derive(Debug, Clone, Default)]
struct Known {
    versions: Vec<State>,
    deleted: bool,
}

/// The source while it lives.
#[derive(Debug, Default)]
struct World {
    /// Customers in the source.
    present: BTreeMap<usize, Known>,
    /// What the last load could see of everybody ever seen.
    seen: BTreeMap<usize, Known>,
    minutes: usize,
}

impl World {
    /// Lets a batch happen; gives the SQL that makes it happen.
    fn live(&mut self, batch: &Batch) -> String {
        batch
            .iter()
            .map(|(who, event)| self.happen(*who, *event))
            .collect()
    }

    fn happen(&mut self, who: usize, event: Event) -> String {
        self.minutes += 1;
        let at = format!(
            "2025-01-{:02} 10:{:02}:00",
            1 + self.minutes / 60,
            self.minutes % 60
        );
        // whoever vanished does not come back
        if self.seen.contains_key(&who) && !self.present.contains_key(&who) {
            return String::new();
        }
        let Some(known) = self.present.get_mut(&who) else {
            let first = (
                String::new(),
                "a".to_owned(),
                "0001-01-01T00:00:00Z".to_owned(),
            );
            self.present.insert(
                who,
                Known {
                    versions: vec![first],
                    deleted: false,
                },
            );
            return format!(
                "insert into customers values ('k{who}', 'K', 'X', '', 'a', '{at}', '{at}', 0);"
            );
        };
        match event {
            Event::Becomes(field, value) => becomes(known, who, field, VALUES[value], &at),
            Event::Marked(deleted) => {
                known.deleted = deleted;
                let flag = u8::from(deleted);
                format!(
                    "update customers set deleted = {flag}, date_modified = '{at}' where id = 'k{who}';"
                )
            }
            Event::Vanishes if self.seen.contains_key(&who) => {
                self.present.remove(&who);
                if let Some(seen) = self.seen.get_mut(&who) {
                    seen.deleted = true;
                }
                format!("delete from customers where id = 'k{who}';")
            }
            Event::Vanishes => String::new(),
        }
    }

    /// A load sees who is there; of the others it keeps what it saw before.
    fn load(&mut self) {
        self.seen.extend(self.present.clone());
    }

    /// All versions that the dimension should hold: id, segment, rating, from, deleted.
    fn expected(&self) -> Vec<Vec<String>> {
        let rows = self.seen.iter().flat_map(|(who, known)| {
            let row = move |(segment, rating, from): &State| {
                let deleted = known.deleted.to_string();
                vec![
                    format!("k{who}"),
                    segment.clone(),
                    rating.clone(),
                    from.clone(),
                    deleted,
                ]
            };
            known.versions.iter().map(row)
        });
        rows.collect()
    }
}

fn becomes(known: &mut Known, who: usize, field: usize, value: &str, at: &str) -> String {
    let Some((mut segment, mut rating, _)) = known.versions.last().cloned() else {
        return String::new();
    };
    let (name, slot) = match field {
        0 => ("segment", &mut segment),
        _ => ("rating", &mut rating),
    };
    if slot == value {
        return String::new();
    }
    let before = std::mem::replace(slot, value.to_owned());
    let from = format!("{}Z", at.replace(' ', "T"));
    known.versions.push((segment, rating, from));
    format!(
        "update customers set {name} = '{value}', date_modified = '{at}' where id = 'k{who}'; \
         insert into customers_audit values ('k{who}{at}', 'k{who}', '{at}', '{name}', '{before}', '{value}');"
    )
}

/// A shop of customers only, none of them there yet.
fn customers_only() -> Result<Lab> {
    let lab = Lab::shop()?;
    lab.change("delete from customers; delete from customers_audit")?;
    for file in [
        "stars/sale.yaml",
        "cubes/sales.yaml",
        "conformed/product.yaml",
        "conformed/date.yaml",
    ] {
        std::fs::remove_file(lab.path("model").join(file))?;
    }
    // SuiteCRM writes no value as an empty text
    for column in ["segment", "rating"] {
        let new = format!("{column}: nullif(c.{column}, '')");
        lab.replace(
            "model/sources/shop.yaml",
            &format!("{column}: c.{column}"),
            &new,
        )?;
    }
    Ok(lab)
}

fn load_here(lab: &Lab) -> Result<()> {
    let options = LoadOptions {
        settings: Settings::load(&lab.config())?,
        business_date: Some(TODAY.parse()?),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(Box::pin(load(&options, &Runtime::default(), &Silent)))?;
    Ok(())
}

fn versions(lab: &Lab, columns: &str) -> Result<Vec<Vec<String>>> {
    lab.sql(&format!(
        "select {columns} from dim_customer where customer_key > 0 order by customer_id, valid_from"
    ))
}

/// Loads batch by batch and compares; then loads everything at once elsewhere and compares again.
fn check(batches: &[Batch]) -> Result<()> {
    let lab = customers_only()?;
    let mut world = World::default();
    let mut keys: Vec<Vec<String>> = Vec::new();
    for batch in batches {
        lab.change(&world.live(batch))?;
        load_here(&lab)?;
        world.load();
        let now = versions(
            &lab,
            "customer_id, valid_from, customer_key, customer_durable_key",
        )?;
        let lost = keys.iter().find(|key| !now.contains(key));
        assert_eq!(lost, None, "a key was given to something else: {now:?}");
        keys = now;
    }
    versions_are_valid(&lab)?;
    let found = versions(
        &lab,
        "customer_id, segment, rating, valid_from, deleted_at_source",
    )?;
    assert_eq!(found, world.expected());
    let at_once = customers_only()?;
    std::fs::copy(lab.path("shop.db"), at_once.path("shop.db"))?;
    load_here(&at_once)?;
    let columns = "customer_id, segment, rating, valid_from, valid_to, valid_from_basis, is_current, deleted_at_source";
    let present = |row: &Vec<String>| world.present.keys().any(|who| row[0] == format!("k{who}"));
    let in_batches: Vec<_> = versions(&lab, columns)?
        .into_iter()
        .filter(present)
        .collect();
    assert_eq!(versions(&at_once, columns)?, in_batches);
    Ok(())
}

#[test]
fn versions_tell_the_audited_history_in_whatever_batches_it_comes() -> Result<()> {
    let config = Config {
        cases: 30,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let result = runner.run(&lives(), |batches| {
        let checked = check(&batches);
        checked.map_err(|error| TestCaseError::fail(format!("{error:?}")))
    });
    result
        .map_err(|error| anyhow::anyhow!("{error}"))
        .context("a life was told wrongly")
}
