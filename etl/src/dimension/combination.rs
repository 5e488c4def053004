//! A dimension of combinations (Kimball's junk dimension): one member for each combination of values that occurs in facts.
//!
//! A combination's business id is its values as text, so that the same combination has the same key whoever brings it and
//! whenever; no combination is ever deleted. A combination of nothing is the special member "not given".

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType as Arrow, Field, Int32Type, Int64Type, Schema};
use arrow::error::ArrowError;
use chrono_tz::Tz;
use planisphere_schemas::model::{DataType, Dimension, SpecialMember};

use crate::declared::declared_column;

use super::special::{SYSTEM, SpecialRow};
use super::{Existing, OPEN_FROM, OPEN_TO, Tally, arrow_schema};

/// The combinations in the rows of one star.
pub(crate) struct Combinations {
    /// The id of each row's combination; `None` for a combination of nothing.
    pub(crate) ids: Vec<Option<String>>,
    /// For each attribute its values in the declared type.
    values: Vec<ArrayRef>,
    /// For each attribute the rows whose values do not fit.
    pub(crate) misfits: Vec<Vec<usize>>,
}

impl Combinations {
    /// Reads the combinations in columns, one for each attribute; instants are days in a zone.
    pub(crate) fn of(
        dimension: &Dimension,
        columns: &[ArrayRef],
        zone: Tz,
    ) -> Result<Self, ArrowError> {
        let (mut values, mut misfits) = (Vec::new(), Vec::new());
        for (attribute, column) in dimension.attributes.iter().zip(columns) {
            let (cast, unfit) = declared_column(column, attribute.data_type, zone)?;
            values.push(cast);
            misfits.push(unfit);
        }
        Ok(Self {
            ids: ids(dimension, &values)?,
            values,
            misfits,
        })
    }

    /// Reads the combinations in columns of a warehouse, which have their declared types.
    pub(crate) fn written(dimension: &Dimension, columns: &[ArrayRef]) -> Result<Self, ArrowError> {
        Self::of(dimension, columns, Tz::UTC)
    }

    /// Only some of the rows.
    pub(super) fn only(&self, rows: &UInt32Array) -> Result<Self, ArrowError> {
        let values = self.values.iter().map(|values| take(values, rows, None));
        let ids = rows.values().iter();
        Ok(Self {
            values: values.collect::<Result<_, _>>()?,
            ids: ids.map(|row| self.ids[*row as usize].clone()).collect(),
            misfits: Vec::new(),
        })
    }

    /// The rows that are whole, each with its id.
    pub(super) fn whole(&self) -> impl Iterator<Item = (usize, &str)> {
        let unfit: HashSet<usize> = self.misfits.iter().flatten().copied().collect();
        let rows = self.ids.iter().enumerate();
        rows.filter_map(move |(row, id)| {
            Some((row, id.as_deref()?)).filter(|_| !unfit.contains(&row))
        })
    }
}

/// The id of each row: `name=value` of each attribute that is not null, in the order of the names, so that neither the order
/// of the attributes nor a new one that is null makes another combination.
fn ids(dimension: &Dimension, values: &[ArrayRef]) -> Result<Vec<Option<String>>, ArrowError> {
    let rows = values.first().map_or(0, |values| values.len());
    let mut named: Vec<(&str, StringArray)> = Vec::new();
    for (attribute, values) in dimension.attributes.iter().zip(values) {
        let texts = cast(values, &Arrow::Utf8)?;
        named.push((&attribute.name, texts.as_string::<i32>().clone()));
    }
    named.sort_by_key(|(name, _)| *name);
    let id = |row: usize| {
        let parts = named.iter().filter(|(_, texts)| texts.is_valid(row));
        let parts = parts.map(|(name, texts)| format!("{name}={}", escaped(texts.value(row))));
        let parts: Vec<String> = parts.collect();
        (!parts.is_empty()).then(|| parts.join("|"))
    };
    Ok((0..rows).map(id).collect())
}

/// A value in an id, in which `|` ends it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('|', "\\|")
}

/// A dimension of combinations after a load.
pub(crate) struct CombinationBuild {
    /// The whole table.
    pub(crate) table: RecordBatch,
    /// The keys that were ever issued, by id, and whether they are in use.
    pub(crate) keys: CombinationKeys,
    /// For each key whose combination became another one by a change of the model, that of the other.
    pub(crate) moved: HashMap<i32, i32>,
    /// What happened to the rows of the table.
    pub(crate) tally: Tally,
}

/// The key map of combinations.
pub(crate) struct CombinationKeys {
    keys: BTreeMap<String, i32>,
    used: HashSet<i32>,
}

impl CombinationKeys {
    /// Reads a published key map by the columns of its keys and ids.
    pub(crate) fn read(published: Option<&RecordBatch>, key: &str, id: &str) -> Self {
        let mut keys = BTreeMap::new();
        let columns =
            published.and_then(|rows| Some((rows.column_by_name(key)?, rows.column_by_name(id)?)));
        if let Some((key, id)) = columns {
            let (key, id) = (key.as_primitive::<Int32Type>(), id.as_string::<i32>());
            keys.extend(
                id.iter()
                    .flatten()
                    .map(str::to_owned)
                    .zip(key.values().iter().copied()),
            );
        }
        Self {
            keys,
            used: HashSet::new(),
        }
    }

    /// The key of an id, a new one where none was issued.
    pub(crate) fn issue(&mut self, id: &str) -> i32 {
        let next = i32::try_from(self.keys.len())
            .unwrap_or(i32::MAX)
            .saturating_add(1);
        let key = match self.keys.get(id) {
            Some(key) => *key,
            None => *self.keys.entry(id.to_owned()).or_insert(next),
        };
        self.used.insert(key);
        key
    }

    /// All keys with their ids, and whether each is retired, in the order of the keys.
    pub(crate) fn entries(&self) -> Vec<(i32, &str, bool)> {
        let entries = self.keys.iter();
        let entries = entries.map(|(id, key)| (*key, id.as_str(), !self.used.contains(key)));
        let mut entries: Vec<_> = entries.collect();
        entries.sort_unstable();
        entries
    }
}

/// Builds the next table of a dimension of combinations from its published one and the rows of all stars.
pub(crate) fn build_combinations(
    dimension: &Dimension,
    published: Option<&Existing>,
    mut keys: CombinationKeys,
    stars: &[Combinations],
    audit_key: i64,
) -> Result<CombinationBuild, ArrowError> {
    let old = Old::of(dimension, published)?;
    let mut wanted: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let batches: Vec<&Combinations> = old.combinations.iter().chain(stars).collect();
    for (batch, combinations) in batches.iter().enumerate() {
        for (row, id) in combinations.whole() {
            wanted.entry(id).or_insert((batch, row));
        }
    }
    let mut tally = Tally::default();
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (id, place) in wanted {
        let known = keys.keys.contains_key(id);
        let key = keys.issue(id);
        tally.inserted += u64::from(!known || !old.audits.contains_key(&key));
        rows.push(Row {
            key,
            id,
            place: Some(place),
            audit: old.audits.get(&key).copied().unwrap_or(audit_key),
        });
    }
    let moved = old.moved(&keys);
    tally.retired = moved.len() as u64;
    tally.standing = old.audits.len() as u64;
    rows.extend(SpecialMember::ALL.map(|special| {
        let row = SpecialRow::of(special);
        let audit = old.audits.get(&row.key).copied().unwrap_or(audit_key);
        Row {
            key: row.key,
            id: row.id,
            place: None,
            audit,
        }
    }));
    tally.inserted += if old.audits.is_empty() { 4 } else { 0 };
    tally.updated = u64::from(published.is_some_and(Existing::is_reshaped) && tally.inserted == 0);
    rows.sort_by_key(|row| row.key);
    let table = table(dimension, &rows, &batches)?;
    Ok(CombinationBuild {
        table,
        keys,
        moved,
        tally,
    })
}

/// What is published.
struct Old {
    /// Its combinations in the columns of today, without special members.
    combinations: Option<Combinations>,
    /// The keys in the order of the combinations, with the ids that they were issued for.
    keys: Vec<(i32, String)>,
    /// The audit key of each row.
    audits: HashMap<i32, i64>,
}

impl Old {
    fn of(dimension: &Dimension, published: Option<&Existing>) -> Result<Self, ArrowError> {
        let mut old = Self {
            combinations: None,
            keys: Vec::new(),
            audits: HashMap::new(),
        };
        let Some(published) = published else {
            return Ok(old);
        };
        let rows = &published.rows;
        let keys = rows.column(0).as_primitive::<Int32Type>();
        let (first, width) = (super::published::FIXED_BEFORE, dimension.attributes.len());
        let audit = rows.column(first + width + 5).as_primitive::<Int64Type>();
        old.audits = keys
            .values()
            .iter()
            .copied()
            .zip(audit.values().iter().copied())
            .collect();
        let ordinary: BooleanArray = keys.iter().map(|key| key.map(|key| key > 0)).collect();
        let rows = arrow::compute::filter_record_batch(rows, &ordinary)?;
        let ids = rows.column(3).as_string::<i32>();
        let keys = rows.column(0).as_primitive::<Int32Type>().values();
        old.keys = keys
            .iter()
            .copied()
            .zip(ids.iter().flatten().map(str::to_owned))
            .collect();
        let columns: Vec<ArrayRef> = (first..first + width)
            .map(|at| Arc::clone(rows.column(at)))
            .collect();
        old.combinations = Some(Combinations::written(dimension, &columns)?);
        Ok(old)
    }

    /// For each key whose combination has another id today the key of that; not given where nothing is left of it.
    fn moved(&self, keys: &CombinationKeys) -> HashMap<i32, i32> {
        let Some(today) = &self.combinations else {
            return HashMap::new();
        };
        let pairs = self.keys.iter().zip(&today.ids);
        let moved = pairs.filter(|((_, old), new)| new.as_ref() != Some(old));
        let heir = |id: &Option<String>| match id {
            Some(id) => keys.keys.get(id).copied(),
            None => Some(SpecialMember::NotGiven.key()),
        };
        moved
            .filter_map(|((key, _), new)| Some((*key, heir(new)?)))
            .collect()
    }
}

/// One row of the table.
struct Row<'a> {
    key: i32,
    id: &'a str,
    /// The batch and row of its values; `None` for special members.
    place: Option<(usize, usize)>,
    audit: i64,
}

fn table(
    dimension: &Dimension,
    rows: &[Row<'_>],
    batches: &[&Combinations],
) -> Result<RecordBatch, ArrowError> {
    let keys = || rows.iter().map(|row| row.key);
    let instants = |at: i64| -> ArrayRef {
        let array = TimestampMicrosecondArray::from(vec![at; rows.len()]);
        Arc::new(array.with_timezone("UTC"))
    };
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(keys())),
        Arc::new(Int32Array::from_iter_values(keys())),
        Arc::new(StringArray::from(vec![SYSTEM; rows.len()])),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.id))),
    ];
    for (at, attribute) in dimension.attributes.iter().enumerate() {
        columns.push(values(attribute.data_type, at, rows, batches)?);
    }
    let basis = |row: &Row<'_>| if row.place.is_some() { "open" } else { "given" };
    columns.push(instants(OPEN_FROM));
    columns.push(instants(OPEN_TO));
    columns.push(Arc::new(StringArray::from_iter_values(
        rows.iter().map(basis),
    )));
    columns.push(Arc::new(BooleanArray::from(vec![true; rows.len()])));
    columns.push(Arc::new(BooleanArray::from(vec![false; rows.len()])));
    columns.push(Arc::new(Int64Array::from_iter_values(
        rows.iter().map(|row| row.audit),
    )));
    RecordBatch::try_new(arrow_schema(dimension), columns)
}

/// The values of an attribute.
fn values(
    data_type: DataType,
    at: usize,
    rows: &[Row<'_>],
    batches: &[&Combinations],
) -> Result<ArrayRef, ArrowError> {
    let mut begins = Vec::with_capacity(batches.len());
    let mut length = 0;
    for batch in batches {
        begins.push(length);
        length += batch.ids.len();
    }
    let empty = new_null_array(&data_type.arrow(), 0);
    let arrays = batches.iter().map(|batch| batch.values[at].as_ref());
    let all = concat(
        &std::iter::once(empty.as_ref())
            .chain(arrays)
            .collect::<Vec<_>>(),
    )?;
    let place = |row: &Row<'_>| row.place.map(|(batch, at)| begins[batch] + at);
    let places = rows
        .iter()
        .map(|row| Some(u32::try_from(place(row)?).unwrap_or(u32::MAX)));
    take(&all, &places.collect::<UInt32Array>(), None)
}

/// The key map of a dimension of combinations, in the columns of every key map.
pub(crate) fn combination_map(
    dimension: &Dimension,
    keys: &CombinationKeys,
) -> Result<RecordBatch, ArrowError> {
    let entries = keys.entries();
    let from = TimestampMicrosecondArray::from(vec![OPEN_FROM; entries.len()]);
    let key: ArrayRef = Arc::new(Int32Array::from_iter_values(entries.iter().map(|it| it.0)));
    let columns: Vec<ArrayRef> = vec![
        Arc::clone(&key),
        key,
        Arc::new(StringArray::from(vec![SYSTEM; entries.len()])),
        Arc::new(StringArray::from_iter_values(entries.iter().map(|it| it.1))),
        Arc::new(from.with_timezone("UTC")),
        Arc::new(
            entries
                .iter()
                .map(|it| Some(it.2))
                .collect::<BooleanArray>(),
        ),
    ];
    let instant = DataType::Timestamp.arrow();
    let schema = Schema::new(vec![
        Field::new(dimension.key_column(), Arrow::Int32, false),
        Field::new(dimension.durable_key_column(), Arrow::Int32, false),
        Field::new("source_system", Arrow::Utf8, false),
        Field::new(dimension.id_column(), Arrow::Utf8, false),
        Field::new("valid_from", instant, false),
        Field::new("is_retired", Arrow::Boolean, false),
    ]);
    RecordBatch::try_new(Arc::new(schema), columns)
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn ids_can_be_taken_apart_again() {
        // what stands between bars that no backslash precedes
        assert_eq!(escaped(r"a|b\|"), r"a\|b\\\|");
        assert_ne!(escaped("a|b=c"), "a|b=c");
    }
}
