//! Tests of the read side that need no table of ours: URLs, manifests, objects, tables of others.

#![expect(clippy::unwrap_used, reason = "tests")]

mod foreign;
mod manifests;
mod urls;

use chrono::{DateTime, NaiveDate};

use super::{LoadId, Manifest, TableEntry, WarehouseVersion};
use crate::model::{Caption, Model};

pub(super) fn manifest(version: u64, tables: &[(&str, u64)]) -> Manifest {
    let model = Model {
        name: "test".into(),
        caption: Caption::of_id("test"),
        time_zone: "Asia/Shanghai".into(),
        sources: vec![],
        dimensions: vec![],
        stars: vec![],
        cubes: vec![],
    };
    let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    let at = DateTime::from_timestamp_micros(1_800_000_000_000_123).unwrap();
    let mut manifest = Manifest::new(
        WarehouseVersion(version),
        LoadId::generate(),
        day,
        at,
        model,
    );
    for (name, rows) in tables {
        let entry = TableEntry {
            path: (*name).to_owned(),
            delta_version: 0,
            schema_hash: String::new(),
            row_count: *rows,
            bytes: 0,
        };
        manifest.tables.insert((*name).to_owned(), entry);
    }
    manifest
}
