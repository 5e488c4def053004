//! Delta tables that this program does not read, and logs that are not there.

use serde_json::{Value, json};

use super::manifest;
use crate::warehouse::Warehouse;
use crate::{Error, ErrorKind};

/// Opens a warehouse with one table, whose log holds these actions.
async fn open(metadata: Value, protocol: Value, add: Option<Value>) -> Error {
    let warehouse = Warehouse::connect("memory://").unwrap();
    let mut lines = vec![
        json!({ "protocol": protocol }),
        json!({ "metaData": metadata }),
    ];
    lines.extend(add.map(|add| json!({ "add": add })));
    let log = lines
        .iter()
        .map(Value::to_string)
        .collect::<Vec<_>>()
        .join("\n");
    let name = "dim_date/_delta_log/00000000000000000000.json";
    warehouse.put_object(name, log.into()).await.unwrap();
    warehouse
        .put_manifest(&manifest(1, &[("dim_date", 1)]))
        .await
        .unwrap();
    warehouse.open(None).await.unwrap_err()
}

fn metadata(partitions: &[&str], field_metadata: Value, configuration: Value) -> Value {
    let field =
        json!({ "name": "a", "type": "integer", "nullable": true, "metadata": field_metadata });
    json!({
        "id": "t", "format": { "provider": "parquet", "options": {} }, "createdTime": 0,
        "schemaString": json!({ "type": "struct", "fields": [field] }).to_string(),
        "partitionColumns": partitions, "configuration": configuration,
    })
}

fn add(stats: &str, deletion_vector: Option<Value>) -> Value {
    let mut add = json!({
        "path": "part-1.parquet", "partitionValues": {}, "size": 10, "modificationTime": 0,
        "dataChange": true, "stats": stats,
    });
    if let Some(vector) = deletion_vector {
        add["deletionVector"] = vector;
    }
    add
}

fn plain() -> Value {
    json!({ "minReaderVersion": 1, "minWriterVersion": 2 })
}

fn refused(error: &Error, feature: &str) {
    let expected = format!("table dim_date uses {feature}, which this program does not read");
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.hint().is_some());
}

#[tokio::test]
async fn partitions_are_refused() {
    refused(
        &open(metadata(&["a"], json!({}), json!({})), plain(), None).await,
        "partition columns",
    );
}

#[tokio::test]
async fn column_mapping_is_refused() {
    let mapped =
        json!({ "delta.columnMapping.id": 1, "delta.columnMapping.physicalName": "col-1" });
    let properties = json!({ "delta.columnMapping.mode": "name" });
    let protocol = json!({ "minReaderVersion": 2, "minWriterVersion": 5 });
    refused(
        &open(metadata(&[], mapped, properties), protocol, None).await,
        "column mapping",
    );
}

#[tokio::test]
async fn deletion_vectors_are_refused() {
    let protocol = json!({
        "minReaderVersion": 3, "minWriterVersion": 7,
        "readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"],
    });
    let properties = json!({ "delta.enableDeletionVectors": "true" });
    let vector = json!({
        "storageType": "u", "pathOrInlineDv": "ab^-aqEH.-t@S}K{vb[*k^", "offset": 1,
        "sizeInBytes": 36, "cardinality": 2,
    });
    let file = add("{\"numRecords\":5,\"tightBounds\":false}", Some(vector));
    let error = open(metadata(&[], json!({}), properties), protocol, Some(file)).await;
    refused(&error, "deletion vectors");
}

#[tokio::test]
async fn files_without_a_row_count_are_refused() {
    let error = open(
        metadata(&[], json!({}), json!({})),
        plain(),
        Some(add("{}", None)),
    )
    .await;
    refused(&error, "a file without a row count (part-1.parquet)");
}

#[tokio::test]
async fn a_table_without_a_log_is_named() {
    let warehouse = Warehouse::connect("memory://").unwrap();
    warehouse
        .put_manifest(&manifest(1, &[("dim_date", 1)]))
        .await
        .unwrap();
    let error = warehouse.open(None).await.unwrap_err();
    let expected = "memory:///dim_date cannot be understood: the manifest names it as a Delta table \
                    (dim_date), but it holds no log";
    assert_eq!(error.to_string(), expected);
}
