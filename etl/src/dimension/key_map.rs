//! The key map: which surrogate key stands for which (member, valid_from), for ever.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Int32Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType as Arrow, Field, Int32Type, Schema, TimestampMicrosecondType};
use planisphere_schemas::model::{DataType, Dimension, DurableKey, SurrogateKey};

/// The table of a dimension's key map.
pub(crate) fn map_table(dimension: &Dimension) -> String {
    format!("map_{}", dimension.name)
}

struct Entry {
    key: SurrogateKey,
    durable: DurableKey,
    id: String,
    from: i64,
}

/// Issues keys: known ones again, new ones in dense order. Keys that vanish are retired, never reused.
pub(super) struct KeyMap {
    entries: Vec<Entry>,
    keys: HashMap<(DurableKey, i64), usize>,
    durables: HashMap<String, DurableKey>,
    used: Vec<bool>,
}

impl KeyMap {
    /// Reads the published key map, or begins an empty one.
    pub(super) fn read(dimension: &Dimension, published: Option<&RecordBatch>) -> Self {
        let mut map = Self {
            entries: Vec::new(),
            keys: HashMap::new(),
            durables: HashMap::new(),
            used: Vec::new(),
        };
        let Some(rows) = published else { return map };
        let columns = (
            rows.column_by_name(&dimension.key_column()),
            rows.column_by_name(&dimension.durable_key_column()),
            rows.column_by_name(&dimension.id_column()),
            rows.column_by_name("valid_from"),
        );
        let (Some(key), Some(durable), Some(id), Some(from)) = columns else {
            return map;
        };
        let (key, durable) = (
            key.as_primitive::<Int32Type>(),
            durable.as_primitive::<Int32Type>(),
        );
        let (id, from) = (
            id.as_string::<i32>(),
            from.as_primitive::<TimestampMicrosecondType>(),
        );
        for row in 0..rows.num_rows() {
            map.add(Entry {
                key: SurrogateKey(key.value(row)),
                durable: DurableKey(durable.value(row)),
                id: id.value(row).to_owned(),
                from: from.value(row),
            });
        }
        map.used = vec![false; map.entries.len()];
        map
    }

    fn add(&mut self, entry: Entry) {
        self.keys
            .insert((entry.durable, entry.from), self.entries.len());
        self.durables.insert(entry.id.clone(), entry.durable);
        self.entries.push(entry);
        self.used.push(true);
    }

    /// The durable key of a member.
    pub(super) fn durable(&mut self, id: &str) -> DurableKey {
        let next = self.durables.len();
        let next = i32::try_from(next).unwrap_or(i32::MAX).saturating_add(1);
        *self
            .durables
            .entry(id.to_owned())
            .or_insert(DurableKey(next))
    }

    /// The surrogate key of a version.
    pub(super) fn key(&mut self, durable: DurableKey, id: &str, from: i64) -> SurrogateKey {
        if let Some(at) = self.keys.get(&(durable, from)) {
            self.used[*at] = true;
            return self.entries[*at].key;
        }
        let next = i32::try_from(self.entries.len())
            .unwrap_or(i32::MAX)
            .saturating_add(1);
        let key = SurrogateKey(next);
        self.add(Entry {
            key,
            durable,
            id: id.to_owned(),
            from,
        });
        key
    }

    /// The next key map, in the order of the keys.
    pub(super) fn table(
        &self,
        dimension: &Dimension,
        source_system: &str,
    ) -> Result<RecordBatch, arrow::error::ArrowError> {
        let entries = &self.entries;
        let systems = entries.iter().map(|_| source_system);
        let from = TimestampMicrosecondArray::from_iter_values(entries.iter().map(|e| e.from));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from_iter_values(
                entries.iter().map(|entry| entry.key.0),
            )),
            Arc::new(Int32Array::from_iter_values(
                entries.iter().map(|entry| entry.durable.0),
            )),
            Arc::new(StringArray::from_iter_values(systems)),
            Arc::new(StringArray::from_iter_values(
                entries.iter().map(|entry| &entry.id),
            )),
            Arc::new(from.with_timezone("UTC")),
            Arc::new(BooleanArray::from_iter(
                self.used.iter().map(|used| Some(!used)),
            )),
        ];
        let schema = Schema::new(vec![
            Field::new(dimension.key_column(), Arrow::Int32, false),
            Field::new(dimension.durable_key_column(), Arrow::Int32, false),
            Field::new("source_system", Arrow::Utf8, false),
            Field::new(dimension.id_column(), Arrow::Utf8, false),
            Field::new("valid_from", DataType::Timestamp.arrow(), false),
            Field::new("is_retired", Arrow::Boolean, false),
        ]);
        RecordBatch::try_new(Arc::new(schema), columns)
    }
}
