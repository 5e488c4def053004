//! Edited rows: the table says what the rows say that were put in, and its statistics what a table says that was written at once.

use std::collections::BTreeSet;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, UInt64Array};
use arrow::compute::{interleave_record_batch, take_record_batch};
use arrow::datatypes::Int32Type;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::PageIndexPolicy;
use planisphere_schemas::warehouse::{DataFile, LoadId, Warehouse};
use proptest::prelude::*;

use super::super::{EditedTable, RowEdits, WriteOptions, write_table};
use super::{FACT, ask, commit, publish, rows, schema};

/// Rows of the fixture in the table.
const ROWS: i32 = 60;
/// Columns of which the edits say that they change: amount, label, is_paid.
const CHANGED: [usize; 3] = [2, 5, 6];

fn options() -> WriteOptions {
    WriteOptions {
        file_rows: 20,
        row_group_rows: 7,
        ..WriteOptions::default()
    }
}

/// Rows `keys` of the fixture with values of other rows in the columns that change.
fn with_new_values(keys: &[i32]) -> RecordBatch {
    let (own, other) = (rows(0, ROWS), rows(ROWS, 2 * ROWS));
    let places = UInt64Array::from_iter_values(keys.iter().map(|key| u64::try_from(*key).unwrap()));
    let (own, other) = (
        take_record_batch(&own, &places).unwrap(),
        take_record_batch(&other, &places).unwrap(),
    );
    let column = |at: usize| match CHANGED.contains(&at) {
        true => other.column(at).clone(),
        false => own.column(at).clone(),
    };
    let columns: Vec<ArrayRef> = (0..own.num_columns()).map(column).collect();
    RecordBatch::try_new(schema(), columns).unwrap()
}

/// The rows of the table after an edit, put together row by row.
fn expected(changed: &BTreeSet<i32>, removed: &BTreeSet<i32>) -> RecordBatch {
    let all: Vec<i32> = (0..ROWS).collect();
    let (old, new) = (rows(0, ROWS), with_new_values(&all));
    let places = all.iter().filter(|key| !removed.contains(key));
    let places: Vec<(usize, usize)> = places
        .map(|key| {
            (
                usize::from(changed.contains(key)),
                usize::try_from(*key).unwrap(),
            )
        })
        .collect();
    interleave_record_batch(&[&old, &new], &places).unwrap()
}

/// The rows of files, read with the page indexes that they must have.
async fn rows_of(warehouse: &Warehouse, files: &[DataFile]) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    for file in files {
        let bytes = warehouse.get_object(&format!("{FACT}/{}", file.path)).await;
        let bytes = bytes.unwrap().unwrap();
        assert_eq!(bytes.len() as u64, file.bytes);
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
        let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options);
        let reader = reader.unwrap().build().unwrap();
        batches.extend(reader.map(Result::unwrap));
    }
    batches
}

async fn check(changed: BTreeSet<i32>, removed: BTreeSet<i32>) {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let (schema, options) = (schema(), options());
    let write = |rows: RecordBatch| {
        let (warehouse, schema, options) = (warehouse.clone(), schema.clone(), options.clone());
        async move {
            write_table(&warehouse, FACT, schema, &options, &[rows])
                .await
                .unwrap()
        }
    };
    let files = write(rows(0, ROWS)).await;
    let mut keys: Vec<i32> = changed.difference(&removed).copied().collect();
    keys.reverse();
    let columns = (0..schema.fields().len()).map(|at| CHANGED.contains(&at));
    // row n of the fixture is row n mod 20 of file n / 20
    let place = |key: &i32| {
        let row = usize::try_from(*key).unwrap();
        (row / 20, row % 20)
    };
    let places: Vec<_> = keys.iter().map(place).collect();
    let removed_places = removed.iter().map(place).collect();
    let edits = RowEdits::new(
        &with_new_values(&keys),
        &places,
        &columns.collect::<Vec<_>>(),
        removed_places,
    );
    let table = EditedTable {
        warehouse: &warehouse,
        name: FACT,
        schema: &schema,
        options: &options,
    };
    let next = table
        .apply(&files, &edits.unwrap(), &[])
        .await
        .unwrap()
        .files;
    let found = rows_of(&warehouse, &next).await;
    let found = arrow::compute::concat_batches(&schema, &found).unwrap();
    assert_eq!(found, expected(&changed, &removed));
    for (old, place) in files.iter().zip(0..) {
        let range = place * 20..(place + 1) * 20;
        let concerned = range
            .clone()
            .any(|key| changed.contains(&key) || removed.contains(&key));
        assert_eq!(next.contains(old), !concerned, "file {place}");
    }
    for file in &next {
        let rows = rows_of(&warehouse, std::slice::from_ref(file)).await;
        let rows = arrow::compute::concat_batches(&schema, &rows).unwrap();
        let written = write(rows).await;
        let json =
            |file: &DataFile| serde_json::from_str::<serde_json::Value>(&file.stats).unwrap();
        assert_eq!(json(file), json(&written[0]));
    }
    let load = LoadId::generate();
    let entry = commit(&warehouse, load, None, &next).await.entry;
    let pinned = publish(&warehouse, 1, load, entry).await;
    let paid = found.column(6).as_boolean().true_count();
    let asked = ask(&pinned, "select count(*) from fact_sales where is_paid").await;
    assert_eq!(asked, [paid.to_string()]);
    let last = found.column(0).as_primitive::<Int32Type>().values().last();
    let asked = ask(&pinned, "select max(order_date_key) from fact_sales").await;
    assert_eq!(asked, [last.map_or("null".into(), i32::to_string)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn edited_rows_have_their_new_values_and_all_others_their_old_ones(
        changed in proptest::collection::btree_set(0..ROWS, 0..25),
        removed in proptest::collection::btree_set(0..ROWS, 0..4),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(check(changed, removed));
    }
}

#[tokio::test]
async fn without_removed_rows_files_are_put_together_of_old_and_new_columns() {
    check(BTreeSet::from([0, 6, 7, 19, 59]), BTreeSet::new()).await;
    check((0..ROWS).collect(), BTreeSet::new()).await;
    check(BTreeSet::new(), BTreeSet::new()).await;
}
