//! The key map: which surrogate key stands for which (member, valid_from), for ever, and when the version of it was seen.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType as Arrow, Field, Int32Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType,
};
use hashbrown::HashMap;
use planisphere_schemas::model::{DataType, Dimension, DurableKey, SurrogateKey};

use super::ById;
use super::timeline::Basis;

/// The table of a dimension's key map.
pub(crate) fn map_table(dimension: &Dimension) -> String {
    format!("map_{}", dimension.name)
}

/// The columns of `map_<dimension>`.
pub(crate) fn map_schema(dimension: &Dimension) -> SchemaRef {
    let instant = DataType::Timestamp.arrow();
    Arc::new(Schema::new(vec![
        Field::new(dimension.key_column(), Arrow::Int32, false),
        Field::new(dimension.durable_key_column(), Arrow::Int32, false),
        Field::new("source_system", Arrow::Utf8, false),
        Field::new(dimension.id_column(), Arrow::Utf8, false),
        Field::new("valid_from", instant.clone(), false),
        Field::new(IS_RETIRED, Arrow::Boolean, false),
        Field::new("seen_from", instant, true),
        Field::new("seen_sequence", Arrow::Int64, true),
        Field::new("seen_basis", Arrow::Utf8, true),
        Field::new("seen_change", Arrow::Int64, true),
    ]))
}

/// The column that tells that a key's version is no more.
pub(crate) const IS_RETIRED: &str = "is_retired";

/// The keys that were issued so far, by this and earlier loads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Issued {
    /// The largest surrogate key; 0 if there is none.
    pub(crate) keys: i32,
    /// The largest durable key; 0 if there is none.
    pub(crate) durables: i32,
}

impl Issued {
    /// True if the next key would not be another than the last.
    pub(crate) fn is_exhausted(self) -> bool {
        self.keys.max(self.durables) == i32::MAX
    }
}

/// When a version was seen that tells by itself all that was seen then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) at: i64,
    pub(super) sequence: i64,
    pub(super) basis: Basis,
    pub(super) change: Option<i64>,
}

/// One row of the key map.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: SurrogateKey,
    pub(super) durable: DurableKey,
    pub(super) id: String,
    pub(super) from: i64,
    pub(super) told: Option<Told>,
    /// True if the published map has it, as retired or not.
    published: Option<bool>,
    used: bool,
}

/// Issues keys: known ones again, new ones in dense order. Keys that vanish are retired, never reused.
#[derive(Debug, Default)]
pub(super) struct KeyMap {
    issued: Issued,
    entries: Vec<Entry>,
    keys: HashMap<(DurableKey, i64), usize>,
    by_key: HashMap<SurrogateKey, usize>,
    durables: ById<DurableKey>,
}

impl KeyMap {
    /// The keys that are issued now.
    pub(super) fn issued(&self) -> Issued {
        self.issued
    }

    /// Reads rows of the published key map: those of every member that the load touches. A seed is the whole map of another
    /// warehouse: its keys mean what they mean there, and all are written.
    pub(super) fn read(
        dimension: &Dimension,
        published: Option<&RecordBatch>,
        issued: Issued,
        is_seed: bool,
    ) -> Self {
        let mut map = Self {
            issued,
            ..Self::default()
        };
        let Some(rows) = published else { return map };
        let column = |name: &str| rows.column_by_name(name);
        let (Some(key), Some(durable), Some(id), Some(from), Some(retired)) = (
            column(&dimension.key_column()),
            column(&dimension.durable_key_column()),
            column(&dimension.id_column()),
            column("valid_from"),
            column(IS_RETIRED),
        ) else {
            return map;
        };
        let (key, durable) = (
            key.as_primitive::<Int32Type>(),
            durable.as_primitive::<Int32Type>(),
        );
        let (id, retired) = (id.as_string::<i32>(), retired.as_boolean());
        let from = from.as_primitive::<TimestampMicrosecondType>();
        for row in 0..rows.num_rows() {
            map.add(Entry {
                key: SurrogateKey(key.value(row)),
                durable: DurableKey(durable.value(row)),
                id: id.value(row).to_owned(),
                from: from.value(row),
                told: told(rows, row).filter(|_| !is_seed),
                published: (!is_seed).then(|| retired.value(row)),
                used: false,
            });
        }
        map
    }

    fn add(&mut self, entry: Entry) {
        let at = self.entries.len();
        self.keys.insert((entry.durable, entry.from), at);
        self.by_key.insert(entry.key, at);
        self.durables.insert(entry.id.clone(), entry.durable);
        self.issued.keys = self.issued.keys.max(entry.key.0);
        self.issued.durables = self.issued.durables.max(entry.durable.0);
        self.entries.push(entry);
    }

    /// The durable key of a member.
    pub(super) fn durable(&mut self, id: &str) -> DurableKey {
        if let Some(known) = self.durables.get(id) {
            return *known;
        }
        self.issued.durables = self.issued.durables.saturating_add(1);
        let durable = DurableKey(self.issued.durables);
        self.durables.insert(id.to_owned(), durable);
        durable
    }

    /// The surrogate key of a version.
    pub(super) fn key(&mut self, durable: DurableKey, id: &str, from: i64) -> SurrogateKey {
        if let Some(at) = self.keys.get(&(durable, from)) {
            self.entries[*at].used = true;
            return self.entries[*at].key;
        }
        let key = SurrogateKey(self.issued.keys.saturating_add(1));
        self.add(Entry {
            key,
            durable,
            id: id.to_owned(),
            from,
            told: None,
            published: None,
            used: true,
        });
        key
    }

    /// When the version of a key was seen, if the published version tells all that was seen then.
    pub(super) fn told_by(&self, key: i32) -> Option<Told> {
        let entry = &self.entries[*self.by_key.get(&SurrogateKey(key))?];
        entry.told.filter(|_| entry.published == Some(false))
    }

    /// Keeps when the version of a new key was seen; false if the key is not new, or something else is kept of it. Of which
    /// change of the source nobody knew it, that may be learned.
    pub(super) fn tell(&mut self, key: SurrogateKey, told: Told) -> bool {
        let Some(at) = self.by_key.get(&key) else {
            return false;
        };
        let entry = &mut self.entries[*at];
        let is_free = match entry.told {
            None => entry.published.is_none(),
            Some(known) => {
                known.change.is_none()
                    && Told {
                        change: told.change,
                        ..known
                    } == told
            }
        };
        if is_free {
            entry.told = Some(told);
        }
        is_free
    }

    /// The rows that the published map does not have, in the order of the keys.
    pub(super) fn new_entries(&self) -> impl Iterator<Item = (&Entry, bool)> {
        let new = |entry: &&Entry| entry.published.is_none();
        self.entries
            .iter()
            .filter(new)
            .map(|entry| (entry, !entry.used))
    }

    /// The published rows whose keys are retired by this load, or come back.
    pub(super) fn turned_entries(&self) -> impl Iterator<Item = (&Entry, bool)> {
        let turned = |entry: &&Entry| entry.published == Some(entry.used);
        self.entries
            .iter()
            .filter(turned)
            .map(|entry| (entry, !entry.used))
    }

    /// All rows.
    pub(super) fn all_entries(&self) -> impl Iterator<Item = (&Entry, bool)> {
        self.entries.iter().map(|entry| (entry, !entry.used))
    }
}

fn told(rows: &RecordBatch, row: usize) -> Option<Told> {
    let at = rows.column_by_name("seen_from")?;
    let sequence = rows.column_by_name("seen_sequence")?;
    let basis = rows.column_by_name("seen_basis")?;
    let change = rows.column_by_name("seen_change");
    let change = change.map(|it| it.as_primitive::<Int64Type>());
    at.is_valid(row).then(|| Told {
        at: at.as_primitive::<TimestampMicrosecondType>().value(row),
        sequence: sequence.as_primitive::<Int64Type>().value(row),
        basis: Basis::of(basis.as_string::<i32>().value(row)),
        change: change.and_then(|it| it.is_valid(row).then(|| it.value(row))),
    })
}

/// Rows of the key map, each with whether it is retired.
pub(super) fn map_rows<'a>(
    dimension: &Dimension,
    source_system: &str,
    entries: impl Iterator<Item = (&'a Entry, bool)>,
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let mut entries: Vec<(&Entry, bool)> = entries.collect();
    entries.sort_by_key(|(entry, _)| entry.key);
    let all = || entries.iter().map(|(entry, _)| *entry);
    let instants = |values: TimestampMicrosecondArray| Arc::new(values.with_timezone("UTC"));
    let seen_from = all().map(|entry| entry.told.map(|told| told.at));
    let sequence = all().map(|entry| entry.told.map(|told| told.sequence));
    let basis = all().map(|entry| entry.told.map(|told| told.basis.word()));
    let change = all().map(|entry| entry.told.and_then(|told| told.change));
    let from = TimestampMicrosecondArray::from_iter_values(all().map(|entry| entry.from));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(all().map(|e| e.key.0))),
        Arc::new(Int32Array::from_iter_values(all().map(|e| e.durable.0))),
        Arc::new(StringArray::from_iter_values(all().map(|_| source_system))),
        Arc::new(StringArray::from_iter_values(all().map(|e| &e.id))),
        instants(from),
        Arc::new(
            entries
                .iter()
                .map(|(_, is)| Some(*is))
                .collect::<BooleanArray>(),
        ),
        instants(seen_from.collect()),
        Arc::new(sequence.collect::<Int64Array>()),
        Arc::new(basis.collect::<StringArray>()),
        Arc::new(change.collect::<Int64Array>()),
    ];
    RecordBatch::try_new(map_schema(dimension), columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_keys_are_told() {
        let issued = Issued {
            keys: i32::MAX - 2,
            durables: 1,
        };
        let mut map = KeyMap {
            issued,
            ..KeyMap::default()
        };
        let durable = map.durable("a");
        assert_eq!(map.key(durable, "a", 0), SurrogateKey(i32::MAX - 1));
        assert!(!map.issued().is_exhausted());
        map.key(durable, "a", 1);
        assert!(map.issued().is_exhausted());
    }
}
