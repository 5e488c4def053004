//! Where things lie in a warehouse, and in which SQL schema a table shows.

use super::ids::{LoadId, WarehouseVersion};

/// The SQL schema of dimensions, facts, bridges and aggregates.
pub const STAR_SCHEMA: &str = "star";
/// The SQL schema of audit tables.
pub const AUDIT_SCHEMA: &str = "audit";
/// The SQL schema of key maps.
pub const MAP_SCHEMA: &str = "map";

/// The folder of the manifests.
pub(crate) const VERSIONS: &str = "_planisphere/versions";

/// The manifest of a version, relative to the warehouse.
pub(crate) fn manifest_path(version: WarehouseVersion) -> String {
    format!("{VERSIONS}/{:012}.json", version.0)
}

/// The version whose manifest has that file name; `None` for any other file.
pub(crate) fn version_of_manifest(path: &str) -> Option<WarehouseVersion> {
    let name = path.strip_prefix(VERSIONS)?.strip_prefix('/')?;
    let digits = name.strip_suffix(".json")?;
    let canonical = digits.len() >= 12 && digits.bytes().all(|byte| byte.is_ascii_digit());
    canonical
        .then(|| digits.parse().ok().map(WarehouseVersion))
        .flatten()
}

/// The record of a load, published or not, relative to the warehouse.
pub fn load_record_path(load: LoadId) -> String {
    format!("_planisphere/loads/{load}.json")
}

/// The folder of a load's staging package, relative to the warehouse.
pub fn staging_path(load: LoadId) -> String {
    format!("_planisphere/staging/{load}")
}

/// The SQL schema in which a table shows: `star`, `audit` or `map`; `None` for a name that is not ours.
pub fn sql_schema_of(table: &str) -> Option<&'static str> {
    let (kind, _) = table.split_once('_')?;
    match kind {
        "dim" | "fact" | "bridge" | "agg" => Some(STAR_SCHEMA),
        "audit" => Some(AUDIT_SCHEMA),
        "map" => Some(MAP_SCHEMA),
        _ => None,
    }
}
