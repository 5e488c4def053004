//! The past of an attribute that is new in the model, as packages of earlier loads tell it: a dimension of this attribute alone
//! is built load by load, and what it has seen then stands beside what is known of the other attributes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use arrow::compute::{concat, concat_batches, take};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use planisphere_schemas::model::{Attribute, Dimension};

use crate::error::{Error, Result};

use super::existing::align;
use super::published::FIXED_BEFORE;
use super::recall::prevailing;
use super::{
    DimensionInput, EntityRows, Issued, arrow_schema, build_dimension, changes_schema, is_inferred,
};

/// A dimension of one attribute.
pub(crate) struct Shadow {
    dimension: Dimension,
    /// Its table, key map and changes so far.
    built: Option<[RecordBatch; 3]>,
    /// How many loads it was told of.
    loads: i64,
}

/// Something that was seen of a member.
struct Sight {
    id: String,
    at: i64,
    basis: String,
    sequence: i64,
    /// Where its value stands.
    value: u32,
}

impl Shadow {
    /// Nothing is seen yet of an attribute.
    pub(crate) fn new(dimension: &Dimension, attribute: &Attribute) -> Self {
        let dimension = Dimension {
            attributes: vec![attribute.clone()],
            ..dimension.clone()
        };
        Self {
            dimension,
            built: None,
            loads: 0,
        }
    }

    /// The dimension.
    pub(crate) fn dimension(&self) -> &Dimension {
        &self.dimension
    }

    /// Takes in what a load said. The source may keep the past of the attribute.
    ///
    /// # Errors
    /// [`Error::Engine`] if the columns of the entity cannot be read.
    pub(crate) fn tell(&mut self, rows: &EntityRows<'_>, is_audited: bool) -> Result<()> {
        self.loads += 1;
        let dimension = &self.dimension;
        let name = dimension.table();
        let built = self.built.take();
        let (existing, existing_map, existing_changes) = match &built {
            None => (None, None, None),
            Some([table, map, changes]) => (
                Some(align(&name, table, &arrow_schema(dimension))?),
                Some(map.clone()),
                Some(align(&name, changes, &changes_schema(dimension))?),
            ),
        };
        let (nobody, none) = (HashSet::new(), std::collections::BTreeSet::new());
        let build = build_dimension(DimensionInput {
            entity: EntityRows { dimension, ..*rows },
            existing,
            existing_map,
            existing_changes,
            issued: Issued::default(),
            is_seeded: false,
            is_whole: true,
            has_specials: true,
            audited: vec![is_audited],
            rejected_ids: &nobody,
            referenced: &none,
            audit_key: self.loads,
        })?;
        let changes = match built {
            Some([_, _, known]) if !build.all_changes => {
                let doing = format!("reading the past of '{}'", dimension.name);
                let schema = changes_schema(dimension);
                concat_batches(&schema, [&known, &build.changes]).map_err(Error::arrow(doing))?
            }
            _ => build.changes,
        };
        self.built = Some([build.table.added, build.map.added, changes]);
        Ok(())
    }

    /// What was seen of these members, as `map_<dimension>_changes` of the whole dimension keeps it.
    ///
    /// # Errors
    /// [`Error::Engine`] if the columns cannot be put together.
    pub(crate) fn evidence(
        &self,
        whole: &Dimension,
        members: &HashSet<String>,
        audit_key: i64,
    ) -> Result<RecordBatch> {
        let doing = format!("reading the past of '{}'", whole.name);
        self.seen(whole, members, audit_key)
            .map_err(Error::arrow(doing))
    }

    fn seen(
        &self,
        whole: &Dimension,
        members: &HashSet<String>,
        audit_key: i64,
    ) -> Result<RecordBatch, ArrowError> {
        let schema = changes_schema(whole);
        let Some([table, map, changes]) = &self.built else {
            return Ok(RecordBatch::new_empty(schema));
        };
        let mut sights = self.kept(changes);
        sights.extend(self.told(table, map, changes));
        sights.retain(|sight| members.contains(&sight.id));
        let name = &self.dimension.attributes[0].name;
        let values = [named(changes, name)?, named(table, name)?];
        let values = concat(&[values[0].as_ref(), values[1].as_ref()])?;
        let places: UInt32Array = sights.iter().map(|sight| Some(sight.value)).collect();
        let values = take(&values, &places, None)?;
        let text = |get: fn(&Sight) -> &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(sights.iter().map(get)))
        };
        let at = TimestampMicrosecondArray::from_iter_values(sights.iter().map(|it| it.at));
        let sequence = Int64Array::from_iter_values(sights.iter().map(|it| it.sequence));
        let columns = schema.fields().iter().map(|field| -> ArrayRef {
            match field.name().as_str() {
                "_seen_from" => Arc::new(at.clone().with_timezone("UTC")),
                "_seen_from_basis" => text(|sight| &sight.basis),
                "_sequence" => Arc::new(sequence.clone()),
                "_known" => Arc::new(StringArray::from(vec![name.as_str(); sights.len()])),
                "_deleted" => Arc::new(BooleanArray::from(vec![None; sights.len()])),
                "_change" => new_null_array(field.data_type(), sights.len()),
                "audit_key" => Arc::new(Int64Array::from(vec![audit_key; sights.len()])),
                id if id == whole.id_column() => text(|sight| &sight.id),
                other if other == name => Arc::clone(&values),
                _ => new_null_array(field.data_type(), sights.len()),
            }
        });
        RecordBatch::try_new(Arc::clone(&schema), columns.collect())
    }

    /// What the changes keep of the attribute.
    fn kept(&self, changes: &RecordBatch) -> Vec<Sight> {
        let texts = |at: usize| changes.column(at).as_string::<i32>();
        let (ids, basis, known) = (texts(0), texts(2), texts(4));
        let from = changes.column(1).as_primitive::<TimestampMicrosecondType>();
        let sequence = changes.column(3).as_primitive::<Int64Type>();
        let name = self.dimension.attributes[0].name.as_str();
        let rows = prevailing(changes).into_iter();
        let speaks = rows.filter(|row| known.value(*row).split(' ').any(|it| it == name));
        let sight = |row: usize| Sight {
            id: ids.value(row).to_owned(),
            at: from.value(row),
            basis: basis.value(row).to_owned(),
            sequence: sequence.value(row),
            value: u32::try_from(row).unwrap_or(u32::MAX),
        };
        speaks.map(sight).collect()
    }

    /// What versions tell of which the key map says when they were seen, unless something is kept of that instant. Their values
    /// stand behind those of the changes.
    fn told(&self, table: &RecordBatch, map: &RecordBatch, changes: &RecordBatch) -> Vec<Sight> {
        let behind = changes.num_rows();
        let kept_ids = changes.column(0).as_string::<i32>().iter().flatten();
        let kept_at = changes.column(1).as_primitive::<TimestampMicrosecondType>();
        let kept: HashSet<(&str, i64)> = kept_ids.zip(kept_at.values().iter().copied()).collect();
        let keys = table.column(0).as_primitive::<Int32Type>();
        let versions: HashMap<i32, usize> = keys.values().iter().copied().zip(0..).collect();
        let instants = |rows: &RecordBatch, at: usize| {
            let column = rows.column(at);
            column.as_primitive::<TimestampMicrosecondType>().clone()
        };
        let (from, to) = (
            instants(table, FIXED_BEFORE + 1),
            instants(table, FIXED_BEFORE + 2),
        );
        let basis = table.column(FIXED_BEFORE + 3).as_string::<i32>();
        let (retired, seen) = (map.column(5).as_boolean(), instants(map, 6));
        let sequence = map.column(7).as_primitive::<Int64Type>();
        let seen_basis = map.column(8).as_string::<i32>();
        let ids = map.column(3).as_string::<i32>();
        let keys = map.column(0).as_primitive::<Int32Type>();
        let rows = (0..map.num_rows()).filter(|row| seen.is_valid(*row) && !retired.value(*row));
        let sights = rows.filter_map(|row| {
            let version = *versions.get(&keys.value(row))?;
            let at = seen.value(row);
            let holds = from.value(version) <= at && at < to.value(version);
            let is_told = holds && !is_inferred(basis, version);
            (is_told && !kept.contains(&(ids.value(row), at))).then(|| Sight {
                id: ids.value(row).to_owned(),
                at,
                basis: seen_basis.value(row).to_owned(),
                sequence: sequence.value(row),
                value: u32::try_from(behind + version).unwrap_or(u32::MAX),
            })
        });
        sights.collect()
    }
}

fn named<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, ArrowError> {
    Ok(rows.column(rows.schema().index_of(name)?))
}
