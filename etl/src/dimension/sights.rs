//! What was seen of members as words of a few attributes: read from the table, key map and changes of a dimension, and put as
//! rows of the changes of another one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use planisphere_schemas::model::Dimension;

use super::changes_schema;
use super::inferred::is_inferred;
use super::recall::prevailing;

/// Something that was seen of a member.
pub(super) struct Sight {
    pub(super) id: String,
    pub(super) at: i64,
    basis: String,
    sequence: i64,
    /// Where its values stand: in a row of the changes, or behind these in a row of the table.
    pub(super) row: usize,
}

/// The whole table, key map and changes of a dimension.
pub(crate) struct Tables {
    pub(crate) table: RecordBatch,
    pub(crate) map: RecordBatch,
    pub(crate) changes: RecordBatch,
}

impl Tables {
    /// The name of the column with the business ids.
    pub(super) fn id_column(&self) -> &str {
        self.map.schema_ref().field(3).name()
    }

    /// What was seen of any of some attributes.
    pub(super) fn sights(&self, attributes: &HashSet<&str>) -> Result<Vec<Sight>, ArrowError> {
        let mut sights = self.kept(attributes);
        sights.extend(self.told()?);
        Ok(sights)
    }

    /// What the changes keep of the attributes.
    fn kept(&self, attributes: &HashSet<&str>) -> Vec<Sight> {
        let changes = &self.changes;
        let texts = |at: usize| changes.column(at).as_string::<i32>();
        let (ids, basis, known) = (texts(0), texts(2), texts(4));
        let from = changes.column(1).as_primitive::<TimestampMicrosecondType>();
        let sequence = changes.column(3).as_primitive::<Int64Type>();
        let rows = prevailing(changes).into_iter();
        let speaks = |row: &usize| {
            let mut names = known.value(*row).split(' ');
            names.any(|name| attributes.contains(name))
        };
        let sight = |row: usize| Sight {
            id: ids.value(row).to_owned(),
            at: from.value(row),
            basis: basis.value(row).to_owned(),
            sequence: sequence.value(row),
            row,
        };
        rows.filter(speaks).map(sight).collect()
    }

    /// What versions tell of which the key map says when they were seen, unless something is kept of that instant.
    fn told(&self) -> Result<Vec<Sight>, ArrowError> {
        let (table, map, changes) = (&self.table, &self.map, &self.changes);
        let behind = changes.num_rows();
        let kept_ids = changes.column(0).as_string::<i32>().iter().flatten();
        let kept_at = changes.column(1).as_primitive::<TimestampMicrosecondType>();
        let kept: HashSet<(&str, i64)> = kept_ids.zip(kept_at.values().iter().copied()).collect();
        let keys = table.column(0).as_primitive::<Int32Type>();
        let versions: HashMap<i32, usize> = keys.values().iter().copied().zip(0..).collect();
        let times = Times::of(table)?;
        let basis = named(table, "valid_from_basis")?.as_string::<i32>();
        let seen = map.column(6).as_primitive::<TimestampMicrosecondType>();
        let retired = map.column(5).as_boolean();
        let sequence = map.column(7).as_primitive::<Int64Type>();
        let seen_basis = map.column(8).as_string::<i32>();
        let ids = map.column(3).as_string::<i32>();
        let keys = map.column(0).as_primitive::<Int32Type>();
        let rows = (0..map.num_rows()).filter(|row| seen.is_valid(*row) && !retired.value(*row));
        let sights = rows.filter_map(|row| {
            let version = *versions.get(&keys.value(row))?;
            let at = seen.value(row);
            let is_told = times.holds(version, at) && !is_inferred(basis, version);
            (is_told && !kept.contains(&(ids.value(row), at))).then(|| Sight {
                id: ids.value(row).to_owned(),
                at,
                basis: seen_basis.value(row).to_owned(),
                sequence: sequence.value(row),
                row: behind + version,
            })
        });
        Ok(sights.collect())
    }
}

/// From when to when versions hold.
pub(super) struct Times<'a> {
    from: &'a TimestampMicrosecondArray,
    to: &'a TimestampMicrosecondArray,
}

impl<'a> Times<'a> {
    pub(super) fn of(table: &'a RecordBatch) -> Result<Self, ArrowError> {
        Ok(Self {
            from: named(table, "valid_from")?.as_primitive(),
            to: named(table, "valid_to")?.as_primitive(),
        })
    }

    pub(super) fn holds(&self, version: usize, at: i64) -> bool {
        self.from.value(version) <= at && at < self.to.value(version)
    }
}

/// What was seen as rows of `map_<dimension>_changes` that speak of some attributes, whose values stand beside it.
pub(super) fn as_words(
    dimension: &Dimension,
    sights: &[Sight],
    values: &[(&str, ArrayRef)],
    audit_key: i64,
) -> Result<RecordBatch, ArrowError> {
    let schema = changes_schema(dimension);
    let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
    let names = names.join(" ");
    let text = |get: fn(&Sight) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(sights.iter().map(get)))
    };
    let at = TimestampMicrosecondArray::from_iter_values(sights.iter().map(|it| it.at));
    let sequence = Int64Array::from_iter_values(sights.iter().map(|it| it.sequence));
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        let given = || values.iter().find(|(name, _)| name == field.name());
        match field.name().as_str() {
            "_seen_from" => Arc::new(at.clone().with_timezone("UTC")),
            "_seen_from_basis" => text(|sight| &sight.basis),
            "_sequence" => Arc::new(sequence.clone()),
            "_known" => Arc::new(StringArray::from(vec![names.as_str(); sights.len()])),
            "_deleted" => Arc::new(BooleanArray::from(vec![None; sights.len()])),
            "_change" => new_null_array(field.data_type(), sights.len()),
            "audit_key" => Arc::new(Int64Array::from(vec![audit_key; sights.len()])),
            id if id == dimension.id_column() => text(|sight| &sight.id),
            _ => match given() {
                Some((_, values)) => Arc::clone(values),
                None => new_null_array(field.data_type(), sights.len()),
            },
        }
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect())
}

pub(super) fn named<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, ArrowError> {
    Ok(rows.column(rows.schema().index_of(name)?))
}
