//! Manifests and other whole objects.

use serde_json::{Value, json};

use super::manifest;
use crate::warehouse::{LoadId, Manifest, Warehouse, WarehouseVersion, load_record_path};
use crate::{Error, ErrorKind};

fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = serde_json::to_value(manifest(7, &[("dim_date", 5)])).unwrap();
    change(&mut value);
    serde_json::to_vec(&value).unwrap()
}

#[test]
fn a_manifest_comes_back_as_it_was_written() {
    let mut written = manifest(7, &[("dim_date", 5), ("fact_sales", 9)]);
    written.watermarks.insert(
        "crm".into(),
        json!({ "date_modified": "2026-11-21 23:59:59" }),
    );
    written
        .certificates
        .insert("account".into(), json!({ "read": 12 }));
    let read = Manifest::parse("x", &serde_json::to_vec(&written).unwrap()).unwrap();
    assert_eq!(read, written);
    assert_eq!(read.parent, Some(WarehouseVersion(6)));
    assert_eq!(read.model_hash, read.model.hash());
    assert_eq!(manifest(1, &[]).parent, None);
}

#[test]
fn a_newer_format_is_refused() {
    let error = Manifest::parse("x", &changed(|m| m["min_reader_version"] = json!(2))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "warehouse version 7 needs reader version 2, this program has 1"
    );
    assert!(error.hint().unwrap().contains("upgrade"));
    // even if the rest of it cannot be understood
    let strange = json!({ "version": 9, "min_reader_version": 3, "tables": "elsewhere" });
    let error = Manifest::parse("x", strange.to_string().as_bytes()).unwrap_err();
    assert!(
        matches!(
            error,
            Error::NewerFormat {
                version: 9,
                needed: 3,
                have: 1
            }
        ),
        "{error:?}"
    );

    let error = Manifest::parse("x", &changed(|m| m["format_version"] = json!(99))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "warehouse version 7 is written in format 99, this program knows formats up to 1"
    );
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.hint().unwrap().contains("upgrade"));

    let readable = changed(|m| {
        m["min_writer_version"] = json!(2);
        m["something_new"] = json!([1, 2]);
    });
    let readable = Manifest::parse("x", &readable).unwrap();
    let error = readable.check_writable().unwrap_err();
    assert_eq!(
        error.to_string(),
        "warehouse version 7 needs writer version 2, this program has 1"
    );
    assert_eq!(error.kind(), ErrorKind::Invalid);
    manifest(7, &[]).check_writable().unwrap();
}

#[test]
fn what_is_not_a_manifest_is_refused_by_name() {
    for bytes in [
        &b"{}"[..],
        b"",
        b"[1]",
        &changed(|m| m["tables"] = json!(3)),
    ] {
        let error = Manifest::parse("versions/7.json", bytes).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("versions/7.json cannot be understood: "),
            "{error}"
        );
    }
}

#[tokio::test]
async fn versions_are_listed_by_number_and_strangers_are_left_alone() {
    let warehouse = Warehouse::connect("memory://host/wh").unwrap();
    assert_eq!(warehouse.latest_version().await.unwrap(), None);
    for version in [10, 9, 1_000_000_000_000] {
        warehouse
            .put_manifest(&manifest(version, &[]))
            .await
            .unwrap();
    }
    for stranger in [
        "README.md",
        "11.json",
        "00000000001x.json",
        "sub/000000000099.json",
    ] {
        let name = format!("_planisphere/versions/{stranger}");
        warehouse.put_object(&name, "{}".into()).await.unwrap();
    }
    let numbers: Vec<_> = warehouse
        .versions()
        .await
        .unwrap()
        .iter()
        .map(|manifest| manifest.version.0)
        .collect();
    assert_eq!(numbers, [9, 10, 1_000_000_000_000]);
    let latest = warehouse.latest_version().await.unwrap();
    assert_eq!(latest, Some(WarehouseVersion(1_000_000_000_000)));
}

#[tokio::test]
async fn objects_are_put_listed_read_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    for url in [folder.path().to_str().unwrap(), "memory://"] {
        let warehouse = Warehouse::connect(url).unwrap();
        let load = LoadId::generate();
        let name = load_record_path(load);
        assert_eq!(warehouse.get_object(&name).await.unwrap(), None);
        assert!(
            warehouse
                .put_object_if_absent(&name, "one".into())
                .await
                .unwrap()
        );
        assert!(
            !warehouse
                .put_object_if_absent(&name, "two".into())
                .await
                .unwrap()
        );
        assert_eq!(warehouse.get_object(&name).await.unwrap().unwrap(), "one");
        warehouse.put_object(&name, "three".into()).await.unwrap();
        assert_eq!(warehouse.get_object(&name).await.unwrap().unwrap(), "three");
        assert_eq!(
            warehouse.list("_planisphere/loads").await.unwrap(),
            [name.as_str()]
        );
        assert_eq!(
            warehouse.list("_planisphere/nothing").await.unwrap(),
            [""; 0]
        );
        warehouse.delete(&name).await.unwrap();
        warehouse.delete(&name).await.unwrap();
        assert_eq!(warehouse.list("").await.unwrap(), [""; 0]);
    }
}
