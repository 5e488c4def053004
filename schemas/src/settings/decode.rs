//! Sections of the settings file to plain types, with bounds.

use std::path::PathBuf;
use std::time::Duration;

use crate::document::{Decoder, Faults, Fields, Node, Value};

use super::{
    EtlSettings, ModelSettings, OlapSettings, Secret, Settings, SourceSettings, WarehouseSettings,
};

/// Decodes the whole file; faults are collected.
pub(super) fn settings(node: &Node, faults: &mut Faults) -> Option<Settings> {
    let mut fields = Fields::of(node, "the settings file", faults)?;
    let defaults = Settings::default();
    let settings = Settings {
        file: defaults.file,
        warehouse: fields.or("warehouse", defaults.warehouse),
        model: fields.or("model", defaults.model),
        etl: fields.or("etl", defaults.etl),
        olap: fields.or("olap", defaults.olap),
        sources: fields
            .named("source", |name, node, _, faults| {
                Some((name.to_owned(), SourceSettings::decode(node, faults)?))
            })
            .into_iter()
            .collect(),
    };
    fields.finish();
    Some(settings)
}

impl Decoder for WarehouseSettings {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let mut fields = Fields::of(node, "section [warehouse]", faults)?;
        let url = text(&mut fields, "url").unwrap_or_else(|| "warehouse".to_owned());
        fields.finish();
        Some(Self { url })
    }
}

impl Decoder for ModelSettings {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let mut fields = Fields::of(node, "section [model]", faults)?;
        let path = text(&mut fields, "path").unwrap_or_else(|| "schemas".to_owned());
        fields.finish();
        Some(Self { path: path.into() })
    }
}

/// A text. TOML writes texts in quotes, so a number is a mistake; the environment knows texts only.
fn text(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<String> {
    let node = fields.optional(key)?;
    let from_environment = node.place.line == 0;
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        _ if from_environment => String::decode(node, fields.faults()),
        _ => {
            let message = format!("'{key}' is a text in quotes, not {}", node.kind());
            fields.faults().add(&node.place, message);
            None
        }
    }
}

/// An address and port such as `127.0.0.1:50051` or `[::1]:0`; names are looked up when the server starts.
fn listen(fields: &mut Fields<'_, '_>) -> Option<String> {
    let node = fields.optional("listen")?;
    let listen = text(fields, "listen")?;
    let port = listen
        .rsplit_once(':')
        .filter(|(host, _)| !host.is_empty())
        .and_then(|(_, port)| port.parse::<u16>().ok());
    if port.is_none() {
        let message = format!("'{listen}' is not an address:port, such as 127.0.0.1:50051");
        fields.faults().add(&node.place, message);
    }
    port.map(|_| listen)
}

/// A whole number within bounds; a fault and the default otherwise.
fn bounded(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    default: usize,
    bounds: std::ops::RangeInclusive<usize>,
) -> usize {
    let Some(node) = fields.optional(key) else {
        return default;
    };
    let Some(number) = u64::decode(node, fields.faults()) else {
        return default;
    };
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    if !bounds.contains(&number) {
        let message = format!("'{key}' is from {} to {}", bounds.start(), bounds.end());
        fields.faults().add(&node.place, message);
    }
    number
}

fn seconds(fields: &mut Fields<'_, '_>, key: &'static str, default: Duration) -> Duration {
    let default = usize::try_from(default.as_secs()).unwrap_or(0);
    Duration::from_secs(bounded(fields, key, default, 1..=86_400) as u64)
}

const SMALLEST_MEMORY: usize = 16 << 20;
const SMALLEST_ROW_GROUP: usize = 1 << 20;
const LARGEST_ROW_GROUP: usize = 4 << 30;

impl Decoder for EtlSettings {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let mut fields = Fields::of(node, "section [etl]", faults)?;
        let default = Self::default();
        let days = default.staging_days as usize;
        let permille = default.reject_limit_permille as usize;
        let vanish = default.vanish_limit_permille as usize;
        let settings = Self {
            batch_rows: bounded(&mut fields, "batch_rows", default.batch_rows, 1..=1_000_000),
            readers: bounded(&mut fields, "readers", default.readers, 1..=64),
            row_group_rows: bounded(
                &mut fields,
                "row_group_rows",
                default.row_group_rows,
                1..=100_000_000,
            ),
            row_group_bytes: bounded(
                &mut fields,
                "row_group_bytes",
                default.row_group_bytes,
                SMALLEST_ROW_GROUP..=LARGEST_ROW_GROUP,
            ),
            join_files: bounded(&mut fields, "join_files", default.join_files, 0..=10_000),
            progress: seconds(&mut fields, "progress_seconds", default.progress),
            staging_days: bounded(&mut fields, "staging_days", days, 0..=36_500) as u32,
            memory_bytes: bounded(
                &mut fields,
                "memory_bytes",
                default.memory_bytes,
                SMALLEST_MEMORY..=usize::MAX,
            ),
            reject_limit_permille: bounded(&mut fields, "reject_limit_permille", permille, 0..=1000)
                as u32,
            vanish_limit_permille: bounded(&mut fields, "vanish_limit_permille", vanish, 0..=1000)
                as u32,
        };
        fields.finish();
        Some(settings)
    }
}

impl Decoder for OlapSettings {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let mut fields = Fields::of(node, "section [olap]", faults)?;
        let default = Self::default();
        let settings = Self {
            listen: listen(&mut fields).unwrap_or(default.listen),
            insecure: fields.or("insecure", default.insecure),
            memory_bytes: bounded(
                &mut fields,
                "memory_bytes",
                default.memory_bytes,
                SMALLEST_MEMORY..=usize::MAX,
            ),
            query_timeout: seconds(&mut fields, "query_timeout_seconds", default.query_timeout),
            row_limit: bounded(&mut fields, "row_limit", default.row_limit, 1..=usize::MAX),
            drain: seconds(&mut fields, "drain_seconds", default.drain),
        };
        fields.finish();
        Some(settings)
    }
}

impl Decoder for SourceSettings {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let mut fields = Fields::of(node, "section [source.…]", faults)?;
        fields.required("url");
        let url = text(&mut fields, "url");
        let password_file = text(&mut fields, "password_file");
        fields.finish();
        Some(Self {
            url: Secret::new(url?),
            password_file: password_file.map(PathBuf::from),
        })
    }
}
