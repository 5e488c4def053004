//! Which URLs are understood, and what becomes of them.

use std::sync::Arc;

use datafusion::execution::runtime_env::RuntimeEnv;
use object_store::memory::InMemory;

use crate::ErrorKind;
use crate::warehouse::Warehouse;

fn check(url: &str, full: &str, store: &str, table: &str) {
    let warehouse = Warehouse::with_store(url, Arc::new(InMemory::new())).unwrap();
    assert_eq!(warehouse.url().as_str(), full);
    assert_eq!(warehouse.store_url().as_str(), store);
    assert_eq!(warehouse.object_path("dim_date").as_ref(), table);
}

#[test]
fn folders_and_urls_are_understood() {
    check("/srv/wh", "file:///srv/wh/", "file:///", "srv/wh/dim_date");
    check(
        "/srv/a/../wh//",
        "file:///srv/wh/",
        "file:///",
        "srv/wh/dim_date",
    );
    check(
        "/srv/数仓 1",
        "file:///srv/%E6%95%B0%E4%BB%93%201/",
        "file:///",
        "srv/数仓 1/dim_date",
    );
    check(
        "file:///srv/wh",
        "file:///srv/wh/",
        "file:///",
        "srv/wh/dim_date",
    );
    check("memory://", "memory:///", "memory:///", "dim_date");
    check(
        "memory://one/two",
        "memory://one/two/",
        "memory://one/",
        "two/dim_date",
    );
    check(
        "s3://bucket/wh",
        "s3://bucket/wh/",
        "s3://bucket/",
        "wh/dim_date",
    );
}

#[test]
fn others_are_refused_with_a_reason() {
    let cases = [
        ("", "warehouse url '' is not usable: it is empty"),
        (
            "s3://user:secret@bucket/wh",
            "warehouse url 's3://bucket/wh' is not usable: object stores of scheme 's3' are not built in",
        ),
        (
            "file://host/share",
            "warehouse url 'file://host/share' is not usable: a file URL needs an absolute path and no host",
        ),
    ];
    for (url, expected) in cases {
        let error = Warehouse::connect(url).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.hint().is_some());
    }
}

#[test]
fn a_relative_folder_starts_at_the_working_directory() {
    let warehouse = Warehouse::connect("some/folder").unwrap();
    let expected = std::env::current_dir().unwrap().join("some/folder");
    assert_eq!(warehouse.url().to_file_path().unwrap(), expected);
}

#[test]
fn a_runtime_finds_the_store_under_its_url() {
    let runtime = RuntimeEnv::default();
    let warehouse = Warehouse::connect("memory://mine").unwrap();
    assert!(runtime.object_store(warehouse.store_url()).is_err());
    warehouse.register_store(&runtime);
    let found = runtime.object_store(warehouse.store_url()).unwrap();
    assert!(Arc::ptr_eq(&found, warehouse.store()));
}
