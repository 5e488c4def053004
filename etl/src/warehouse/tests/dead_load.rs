//! What a load leaves behind that committed tables but died before it published.

use arrow::datatypes::{DataType, Field, Schema};
use planisphere_schemas::warehouse::{LoadId, PinnedWarehouse, Warehouse};

use super::super::{CommitOutcome, TableCommit, WriteOptions, write_table};
use super::{FACT, ask, commit, publish, rows, schema, write};

const COUNT: &str = "select count(*), max(order_date_key) from fact_sales";

async fn published(warehouse: &Warehouse) -> PinnedWarehouse {
    let load = LoadId::generate();
    let entry = commit(warehouse, load, None, &write(warehouse, 0, 20).await)
        .await
        .entry;
    publish(warehouse, 1, load, entry).await
}

/// A load that replaces the fact, under a wider schema, and never publishes.
async fn die(warehouse: &Warehouse) {
    let mut fields = schema().fields().to_vec();
    fields.push(Field::new("from_the_dead", DataType::Boolean, true).into());
    let wider = std::sync::Arc::new(Schema::new(fields));
    let part = rows(500, 530);
    let mut columns = part.columns().to_vec();
    columns.push(std::sync::Arc::new(arrow::array::BooleanArray::from(
        vec![true; 30],
    )));
    let part = arrow::array::RecordBatch::try_new(wider.clone(), columns).unwrap();
    let options = WriteOptions::default();
    let files = write_table(warehouse, FACT, wider.clone(), &options, &[part])
        .await
        .unwrap();
    let dead = TableCommit::new(warehouse, FACT, LoadId::generate(), None);
    dead.commit(&wider, &files).await.unwrap();
}

#[tokio::test]
async fn readers_do_not_see_it() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    published(&warehouse).await;
    die(&warehouse).await;
    assert_eq!(
        ask(&warehouse.open(None).await.unwrap(), COUNT).await,
        ["20|19"]
    );
}

#[tokio::test]
async fn the_next_load_takes_it_back_with_its_own_commit() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let before = published(&warehouse).await;
    die(&warehouse).await;
    let load = LoadId::generate();
    let mut files = before.table(FACT).unwrap().files().to_vec();
    files.extend(write(&warehouse, 20, 25).await);
    let committed = commit(&warehouse, load, Some(&before), &files).await;
    assert_eq!(committed.entry.delta_version, 2);
    assert_eq!((committed.files_added, committed.files_removed), (3, 1));
    let after = publish(&warehouse, 2, load, committed.entry).await;
    assert_eq!(ask(&after, COUNT).await, ["25|24"]);
    assert_eq!(after.table(FACT).unwrap().schema(), &schema());
}

#[tokio::test]
async fn a_table_that_the_next_load_does_not_touch_is_taken_back_too() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let before = published(&warehouse).await;
    let entry = before.table(FACT).unwrap().entry();
    let untouched = TableCommit::new(&warehouse, FACT, LoadId::generate(), Some(entry));
    assert_eq!(untouched.take_back().await.unwrap().as_ref(), Some(entry));
    die(&warehouse).await;
    let load = LoadId::generate();
    let next = TableCommit::new(&warehouse, FACT, load, Some(entry));
    let taken = next.take_back().await.unwrap().unwrap();
    assert_eq!((taken.delta_version, taken.row_count), (2, 20));
    assert_eq!(taken.schema_hash, entry.schema_hash);
    let after = publish(&warehouse, 2, load, taken).await;
    assert_eq!(ask(&after, COUNT).await, ["20|19"]);
    assert_eq!(
        after.table(FACT).unwrap().files(),
        before.table(FACT).unwrap().files()
    );
}

#[tokio::test]
async fn a_table_that_was_never_published_is_emptied_or_begun_anew() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let load = LoadId::generate();
    let nothing = TableCommit::new(&warehouse, FACT, load, None);
    assert_eq!(nothing.take_back().await.unwrap(), None);
    die(&warehouse).await;
    assert_eq!(nothing.take_back().await.unwrap(), None);
    let state = warehouse.delta_table(FACT, None).await.unwrap().unwrap();
    assert_eq!(state.log_data().num_files(), 0);
    let committed = commit(&warehouse, load, None, &write(&warehouse, 0, 5).await).await;
    assert_eq!(committed.entry.delta_version, 2);
    let first = publish(&warehouse, 1, load, committed.entry).await;
    assert_eq!(ask(&first, COUNT).await, ["5|4"]);
}

#[tokio::test]
async fn committing_the_same_files_again_changes_nothing() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let load = LoadId::generate();
    let files = write(&warehouse, 0, 20).await;
    let once = commit(&warehouse, load, None, &files).await;
    let twice = commit(&warehouse, load, None, &files).await;
    assert_eq!(twice.outcome, CommitOutcome::Unchanged);
    assert_eq!(twice.entry, once.entry);
    let log = warehouse.log_store(FACT).unwrap();
    let state = warehouse.delta_table(FACT, None).await.unwrap().unwrap();
    assert_eq!(
        state.transaction_version(log.as_ref(), load).await.unwrap(),
        Some(0)
    );
    assert_eq!(state.version(), 0);
}

#[tokio::test]
async fn a_load_that_writes_again_replaces_what_it_committed_before() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let load = LoadId::generate();
    commit(&warehouse, load, None, &write(&warehouse, 0, 20).await).await;
    let again = commit(&warehouse, load, None, &write(&warehouse, 0, 20).await).await;
    let first = publish(&warehouse, 1, load, again.entry).await;
    assert_eq!(ask(&first, COUNT).await, ["20|19"], "no row is there twice");
}
