//! What a commit has to do so that a table consists of the files that a load wants: pure, nothing is written.

use std::collections::{HashMap, HashSet};

use chrono::Utc;
use deltalake_core::kernel::{Action, Add, DataType, Remove, StructType};
use planisphere_schemas::warehouse::DataFile;

use super::error::{Result, WriteError};

/// The difference between the files that a table has and those that it shall have.
#[derive(Debug, Default)]
pub(crate) struct FilePlan<'a> {
    pub(crate) add: Vec<&'a DataFile>,
    pub(crate) remove: Vec<&'a DataFile>,
}

impl<'a> FilePlan<'a> {
    /// Compares by path: files never change once they are written.
    pub(crate) fn between(present: &'a [DataFile], desired: &'a [DataFile]) -> Self {
        let paths = |files: &'a [DataFile]| {
            files
                .iter()
                .map(|file| file.path.as_str())
                .collect::<HashSet<_>>()
        };
        let (have, want) = (paths(present), paths(desired));
        Self {
            add: desired
                .iter()
                .filter(|file| !have.contains(file.path.as_str()))
                .collect(),
            remove: present
                .iter()
                .filter(|file| !want.contains(file.path.as_str()))
                .collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }

    /// The actions of the Delta log, removals first. Files with these paths hold the same rows as each other, so that those who
    /// follow the table need not look at them; if not all of them come or go here, nothing is said of it.
    pub(crate) fn actions(&self, rearranged: &HashSet<String>) -> Vec<Action> {
        let now = Utc::now().timestamp_millis();
        let touched = self.add.iter().chain(&self.remove);
        let touched: HashSet<&str> = touched.map(|file| file.path.as_str()).collect();
        let is_whole = rearranged
            .iter()
            .all(|path| touched.contains(path.as_str()));
        let changes = |file: &DataFile| !(is_whole && rearranged.contains(&file.path));
        let removals = self.remove.iter().map(|file| (*file, changes(file)));
        let removals = removals.map(|(file, changes)| Action::Remove(removal(file, now, changes)));
        let additions = self.add.iter().map(|file| (*file, changes(file)));
        let additions = additions.map(|(file, changes)| Action::Add(addition(file, changes)));
        removals.chain(additions).collect()
    }
}

fn addition(file: &DataFile, data_change: bool) -> Add {
    Add {
        path: file.path.clone(),
        size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
        modification_time: file.modified_at_ms,
        data_change,
        stats: Some(file.stats.clone()),
        ..Add::default()
    }
}

fn removal(file: &DataFile, now_ms: i64, data_change: bool) -> Remove {
    Remove {
        path: file.path.clone(),
        data_change,
        deletion_timestamp: Some(now_ms),
        extended_file_metadata: Some(true),
        partition_values: Some(HashMap::new()),
        size: i64::try_from(file.bytes).ok(),
        ..Remove::default()
    }
}

/// Refuses a new schema that files of the old one cannot be read with: columns may only be added, and those
/// must be nullable.
pub(crate) fn check_evolution(table: &str, old: &StructType, new: &StructType) -> Result<()> {
    let refuse = |column: &str, change: String| {
        Err(WriteError::IncompatibleSchema {
            table: table.to_owned(),
            column: column.to_owned(),
            change,
        })
    };
    for field in old.fields() {
        let Some(now) = new.field(field.name()) else {
            return refuse(field.name(), "vanishes".into());
        };
        if now.data_type() != field.data_type() {
            let (from, to) = (type_name(field.data_type()), type_name(now.data_type()));
            return refuse(field.name(), format!("changes from {from} to {to}"));
        }
        if field.is_nullable() && !now.is_nullable() {
            return refuse(field.name(), "may no longer be null".into());
        }
    }
    let added = new
        .fields()
        .find(|field| old.field(field.name()).is_none() && !field.is_nullable());
    match added {
        Some(field) => refuse(field.name(), "is added, but may not be null".into()),
        None => Ok(()),
    }
}

fn type_name(data_type: &DataType) -> String {
    data_type.to_string()
}
