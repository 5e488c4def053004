//! Schemas: columns may be added, rows must fit their table.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray, StringViewArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use planisphere_schemas::ErrorKind;
use planisphere_schemas::warehouse::{LoadId, TableEntry, Warehouse};

use super::super::{TableCommit, WriteError, WriteOptions, write_table};
use super::{FACT, ask, publish};

fn table(fields: &[(&str, DataType, bool)]) -> SchemaRef {
    let field = |(name, data_type, nullable): &(&str, DataType, bool)| {
        Field::new(*name, data_type.clone(), *nullable)
    };
    Arc::new(Schema::new(fields.iter().map(field).collect::<Vec<_>>()))
}

fn narrow() -> SchemaRef {
    table(&[
        ("sales_key", DataType::Int32, false),
        ("label", DataType::Utf8, true),
    ])
}

fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_new(Arc::clone(schema), columns).unwrap()
}

async fn try_write(
    warehouse: &Warehouse,
    schema: &SchemaRef,
    rows: RecordBatch,
) -> Result<Vec<planisphere_schemas::warehouse::DataFile>, WriteError> {
    write_table(
        warehouse,
        FACT,
        Arc::clone(schema),
        &WriteOptions::default(),
        &[rows],
    )
    .await
}

async fn begin(
    warehouse: &Warehouse,
) -> (
    LoadId,
    TableEntry,
    Vec<planisphere_schemas::warehouse::DataFile>,
) {
    let load = LoadId::generate();
    let keys: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let labels: ArrayRef = Arc::new(StringArray::from(vec![Some("one"), None]));
    let files = try_write(warehouse, &narrow(), batch(&narrow(), vec![keys, labels]))
        .await
        .unwrap();
    let commit = TableCommit::new(warehouse, FACT, load, None);
    (
        load,
        commit.commit(&narrow(), &files).await.unwrap().entry,
        files,
    )
}

#[tokio::test]
async fn an_added_column_is_null_in_older_files() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let (load, entry, mut files) = begin(&warehouse).await;
    let old = publish(&warehouse, 1, load, entry.clone()).await;
    let wider = table(&[
        ("sales_key", DataType::Int32, false),
        ("colour", DataType::Utf8, true),
        ("label", DataType::Utf8, true),
        ("size", DataType::Int32, true),
    ]);
    let rows = batch(
        &wider,
        vec![
            Arc::new(Int32Array::from(vec![3])),
            Arc::new(StringArray::from(vec!["red"])),
            Arc::new(StringArray::from(vec!["three"])),
            Arc::new(Int32Array::from(vec![33])),
        ],
    );
    files.extend(try_write(&warehouse, &wider, rows).await.unwrap());
    let load = LoadId::generate();
    let commit = TableCommit::new(&warehouse, FACT, load, Some(&entry));
    let committed = commit.commit(&wider, &files).await.unwrap();
    assert_ne!(committed.entry.schema_hash, entry.schema_hash);
    let new = publish(&warehouse, 2, load, committed.entry).await;
    let all = "select * from fact_sales order by 1";
    assert_eq!(ask(&old, all).await, ["1|one", "2|null"]);
    assert_eq!(
        ask(&new, all).await,
        ["1|null|one|null", "2|null|null|null", "3|red|three|33"]
    );
    let found = ask(&new, "select sales_key from fact_sales where size = 33").await;
    assert_eq!(found, ["3"]);
    let missing = ask(
        &new,
        "select sales_key from fact_sales where colour is null order by 1",
    );
    assert_eq!(missing.await, ["1", "2"]);
}

#[tokio::test]
async fn other_changes_need_every_file_anew() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let (load, entry, files) = begin(&warehouse).await;
    let commit = TableCommit::new(&warehouse, FACT, load, Some(&entry));
    let key = ("sales_key", DataType::Int32, false);
    let label = ("label", DataType::Utf8, true);
    let cases = [
        (
            vec![key.clone()],
            "column label of table fact_sales vanishes, while",
        ),
        (
            vec![key.clone(), ("label", DataType::Int32, true)],
            "changes from string to integer",
        ),
        (
            vec![key.clone(), ("label", DataType::Utf8, false)],
            "may no longer be null",
        ),
        (
            vec![key, label, ("size", DataType::Int32, false)],
            "is added, but may not be null",
        ),
    ];
    for (fields, expected) in cases {
        let error = commit.commit(&table(&fields), &files).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    let other = table(&[("label", DataType::Int32, false)]);
    let rows = batch(&other, vec![Arc::new(Int32Array::from(vec![7]))]);
    let anew = try_write(&warehouse, &other, rows).await.unwrap();
    let committed = commit.commit(&other, &anew).await.unwrap();
    let rebuilt = publish(&warehouse, 1, load, committed.entry).await;
    assert_eq!(ask(&rebuilt, "select * from fact_sales").await, ["7"]);
}

#[tokio::test]
async fn rows_that_do_not_fit_are_refused() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let number: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let null: ArrayRef = Arc::new(Int32Array::from(vec![None::<i32>]));
    let cases = [
        (
            vec![("sales_key", &number)],
            "table fact_sales needs column label, which is not there",
        ),
        (
            vec![("sales_key", &text), ("label", &text)],
            "column sales_key of table fact_sales is Utf8, not Int32",
        ),
        (
            vec![("sales_key", &null), ("label", &text)],
            "column sales_key of table fact_sales holds 1 nulls, but must hold none",
        ),
    ];
    for (columns, expected) in cases {
        let columns = columns
            .into_iter()
            .map(|(name, column)| (name, Arc::clone(column), true));
        let rows = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let error = try_write(&warehouse, &narrow(), rows).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let time = table(&[(
        "at",
        DataType::Time64(arrow::datatypes::TimeUnit::Microsecond),
        true,
    )]);
    let error = try_write(&warehouse, &time, RecordBatch::new_empty(time.clone()))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("column at of table fact_sales has type Time64")
    );
    let unknown = WriteOptions::default().sorted_by(["nowhere"]);
    let error = write_table(&warehouse, FACT, narrow(), &unknown, &[])
        .await
        .unwrap_err();
    assert!(matches!(error, WriteError::MissingColumn { column, .. } if column == "nowhere"));
}

#[tokio::test]
async fn texts_may_come_in_other_layouts_and_columns_in_any_order() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let load = LoadId::generate();
    let label: ArrayRef = Arc::new(StringViewArray::from(vec![
        "a text that is longer than a view",
    ]));
    let key: ArrayRef = Arc::new(Int32Array::from(vec![5]));
    let rows = RecordBatch::try_from_iter([("label", label), ("sales_key", key)]).unwrap();
    let files = try_write(&warehouse, &narrow(), rows).await.unwrap();
    let commit = TableCommit::new(&warehouse, FACT, load, None);
    let entry = commit.commit(&narrow(), &files).await.unwrap().entry;
    let pinned = publish(&warehouse, 1, load, entry).await;
    let found = ask(&pinned, "select * from fact_sales").await;
    assert_eq!(found, ["5|a text that is longer than a view"]);
}
