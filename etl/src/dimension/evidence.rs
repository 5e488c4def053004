//! Everything that was ever seen of the members of a dimension: what earlier loads kept, and what this one brings.
//!
//! Versions alone do not tell it all: a change that changed nothing begins none, yet it matters once an earlier one comes
//! late. So every load adds what is new to `map_<dimension>_changes`, of which the dimension is a function.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use arrow::compute::{concat, take};
use arrow::datatypes::{
    DataType as Arrow, Field, Int64Type, Schema, SchemaRef, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};
use planisphere_schemas::model::{DataType, Dimension};

use crate::conform::MERGED_INTO;

use super::existing::Existing;
use super::inferred::is_inferred;
use super::observe::Observations;
use super::published::Published;
use super::timeline::{Basis, Seen, Values};

/// The table of what was seen of a dimension's members.
pub(crate) fn changes_table(dimension: &Dimension) -> String {
    format!("map_{}_changes", dimension.name)
}

/// The columns of `map_<dimension>_changes`.
pub(crate) fn changes_schema(dimension: &Dimension) -> SchemaRef {
    let attributes = dimension.attributes.iter();
    let attributes = attributes.map(|a| Field::new(&a.name, a.data_type.arrow(), true));
    let mut fields = vec![
        Field::new(dimension.id_column(), Arrow::Utf8, false),
        Field::new("_seen_from", DataType::Timestamp.arrow(), false),
        Field::new("_seen_from_basis", Arrow::Utf8, false),
        Field::new("_sequence", Arrow::Int64, false),
        Field::new("_known", Arrow::Utf8, false),
        Field::new("_deleted", Arrow::Boolean, true),
    ];
    fields.extend(attributes);
    fields.push(Field::new(MERGED_INTO, Arrow::Utf8, true));
    fields.push(Field::new("audit_key", Arrow::Int64, false));
    Arc::new(Schema::new(fields))
}

/// Columns before the values.
const BEFORE: usize = 6;

/// Which attributes something that was seen speaks of.
#[derive(Debug, Default)]
struct Masks(Vec<Vec<bool>>);

impl Masks {
    fn number(&mut self, mask: Vec<bool>) -> u32 {
        let at = self.0.iter().position(|known| *known == mask);
        let at = at.unwrap_or_else(|| {
            self.0.push(mask);
            self.0.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }
}

/// What was seen, with its values.
pub(super) struct Evidence {
    /// For each attribute its values, and last what members were merged into: of the kept rows, then of this load's.
    attributes: Vec<ArrayRef>,
    /// The same in a form that can be compared, and those of the published table.
    compared: Vec<[Rows; 2]>,
    masks: Masks,
    /// What speaks of every attribute.
    pub(super) all: u32,
    /// What speaks of none.
    pub(super) none: u32,
    /// What speaks only of what a member was merged into.
    pub(super) fate: u32,
    /// What speaks of the attributes whose past the source keeps.
    pub(super) audited: u32,
    /// How many rows were kept; those of this load come after them.
    kept: u32,
    /// What earlier loads have seen of each member.
    pub(super) members: BTreeMap<String, Vec<Seen>>,
    /// True if the kept rows have to be written again, in today's columns.
    pub(super) reshaped: bool,
}

impl Evidence {
    /// Puts what was kept, or what the published versions say if nothing was, beside what this load observes.
    pub(super) fn new(
        dimension: &Dimension,
        kept: Option<&Existing>,
        published: &Published,
        is_new: &[bool],
        observed: &Observations,
        audited: &[bool],
    ) -> Result<Self, ArrowError> {
        let mut masks = Masks::default();
        let width = dimension.attributes.len() + 1;
        let mask = |attributes: &[bool], merged: bool| {
            let attributes = attributes.iter().copied();
            attributes.chain([merged]).collect::<Vec<bool>>()
        };
        let blank = vec![false; width - 1];
        let all = masks.number(vec![true; width]);
        let none = masks.number(vec![false; width]);
        let fate = masks.number(mask(&blank, true));
        let audited = masks.number(mask(audited, false));
        let (members, columns) = match kept {
            Some(kept) => (
                kept_members(dimension, &kept.rows, &mut masks),
                (BEFORE..BEFORE + width)
                    .map(|at| Arc::clone(kept.rows.column(at)))
                    .collect(),
            ),
            None => {
                let known: Vec<bool> = is_new.iter().map(|is_new| !is_new).collect();
                let known = masks.number(mask(&known, false));
                (
                    published_members(published, known),
                    published_values(published),
                )
            }
        };
        let kept_rows = match kept {
            Some(kept) => kept.rows.num_rows(),
            None => published.rows.num_rows(),
        };
        let mut attributes = Vec::with_capacity(width);
        let mut compared = Vec::with_capacity(width);
        for ((old, new), published) in columns
            .iter()
            .zip(&observed.attributes)
            .zip(published_values(published))
        {
            let values = concat(&[old.as_ref(), new.as_ref()])?;
            let converter = RowConverter::new(vec![SortField::new(values.data_type().clone())])?;
            let rows = |column: &ArrayRef| converter.convert_columns(std::slice::from_ref(column));
            compared.push([rows(&values)?, rows(&published)?]);
            attributes.push(values);
        }
        Ok(Self {
            attributes,
            compared,
            masks,
            all,
            none,
            fate,
            audited,
            kept: u32::try_from(kept_rows).unwrap_or(u32::MAX),
            members,
            reshaped: kept.map_or(!published.is_first, |kept| kept.reshaped),
        })
    }

    /// The member that a member was merged into, by the row of its latest value.
    pub(super) fn merged_into(&self, cell: Option<u32>) -> Option<&str> {
        let values = self.attributes.last()?.as_string_opt::<i32>()?;
        let row = index(cell?);
        values.is_valid(row).then(|| values.value(row))
    }

    /// The row of a conformed row.
    pub(super) fn row(&self, observed: usize) -> u32 {
        self.kept
            .saturating_add(u32::try_from(observed).unwrap_or(u32::MAX))
    }

    /// True if an attribute has the same value as a row of the published table.
    pub(super) fn is_published(&self, attribute: usize, cell: u32, row: usize) -> bool {
        let [seen, published] = &self.compared[attribute];
        seen.row(index(cell)) == published.row(row)
    }

    /// The values of an attribute in some rows; null where there is none.
    pub(super) fn values(
        &self,
        attribute: usize,
        rows: impl Iterator<Item = Option<u32>>,
    ) -> Result<ArrayRef, ArrowError> {
        take(
            &self.attributes[attribute],
            &UInt32Array::from_iter(rows),
            None,
        )
    }

    /// What is kept of what was seen, as rows of `map_<dimension>_changes`.
    pub(super) fn table(
        &self,
        dimension: &Dimension,
        seen: &[(String, Seen)],
        audit_key: i64,
    ) -> Result<RecordBatch, ArrowError> {
        let all_names: Vec<&str> = value_names(dimension).collect();
        let names = |seen: &Seen| -> String {
            let known = all_names.iter().enumerate();
            let known = known.filter(|(at, _)| self.knows(seen, *at));
            let known: Vec<&str> = known.map(|(_, name)| *name).collect();
            known.join(" ")
        };
        let from =
            TimestampMicrosecondArray::from_iter_values(seen.iter().map(|(_, seen)| seen.at));
        let text = |get: &dyn Fn(&(String, Seen)) -> String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(seen.iter().map(get)))
        };
        let mut columns: Vec<ArrayRef> = vec![
            text(&|(id, _)| id.clone()),
            Arc::new(from.with_timezone("UTC")),
            text(&|(_, seen)| seen.basis.word().to_owned()),
            Arc::new(Int64Array::from_iter_values(
                seen.iter().map(|(_, seen)| seen.sequence),
            )),
            text(&|(_, seen)| names(seen)),
            Arc::new(
                seen.iter()
                    .map(|(_, seen)| seen.deleted)
                    .collect::<BooleanArray>(),
            ),
        ];
        for attribute in 0..self.attributes.len() {
            let rows = seen
                .iter()
                .map(|(_, seen)| self.knows(seen, attribute).then_some(seen.row));
            columns.push(self.values(attribute, rows)?);
        }
        columns.push(Arc::new(Int64Array::from(vec![audit_key; seen.len()])));
        RecordBatch::try_new(changes_schema(dimension), columns)
    }
}

impl Values for Evidence {
    fn knows(&self, seen: &Seen, attribute: usize) -> bool {
        self.masks.0[index(seen.mask)][attribute]
    }

    fn same(&self, attribute: usize, a: u32, b: u32) -> bool {
        let [seen, _] = &self.compared[attribute];
        a == b || seen.row(index(a)) == seen.row(index(b))
    }

    /// What speaks of less comes first, then by the values in the order of the attributes, then what is not deleted.
    fn order(&self, a: &Seen, b: &Seen) -> Ordering {
        let mask = |seen: &Seen| &self.masks.0[index(seen.mask)];
        let mut order = mask(a).cmp(mask(b));
        for attribute in (0..self.attributes.len()).filter(|at| self.knows(a, *at)) {
            let [seen, _] = &self.compared[attribute];
            order = order.then_with(|| seen.row(index(a.row)).cmp(&seen.row(index(b.row))));
        }
        order
            .then(a.deleted.cmp(&b.deleted))
            .then(a.basis.cmp(&b.basis))
    }
}

/// The names of the attributes, and last of what members were merged into.
fn value_names(dimension: &Dimension) -> impl Iterator<Item = &str> {
    let attributes = dimension.attributes.iter();
    let attributes = attributes.map(|attribute| attribute.name.as_str());
    attributes.chain([MERGED_INTO])
}

/// The attributes of the published table, and for what members were merged into nothing: such members are not in it.
fn published_values(published: &Published) -> Vec<ArrayRef> {
    let merged = new_null_array(&Arrow::Utf8, published.rows.num_rows());
    let attributes = published.attributes.iter().cloned();
    attributes.chain([merged]).collect()
}

fn index(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

/// What the kept rows say.
fn kept_members(
    dimension: &Dimension,
    rows: &RecordBatch,
    masks: &mut Masks,
) -> BTreeMap<String, Vec<Seen>> {
    let column = |at: usize| rows.column(at);
    let (ids, basis, known) = (
        column(0).as_string::<i32>(),
        column(2).as_string::<i32>(),
        column(4).as_string::<i32>(),
    );
    let from = column(1).as_primitive::<TimestampMicrosecondType>();
    let sequence = column(3).as_primitive::<Int64Type>();
    let deleted = column(5).as_boolean();
    let mut members: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    // few different ones stand in many rows
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    for row in 0..rows.num_rows() {
        let mask = numbers.entry(known.value(row)).or_insert_with(|| {
            let names: Vec<&str> = known.value(row).split(' ').collect();
            let mask = value_names(dimension).map(|name| names.contains(&name));
            masks.number(mask.collect())
        });
        let seen = Seen {
            at: from.value(row),
            sequence: sequence.value(row),
            row: u32::try_from(row).unwrap_or(u32::MAX),
            mask: *mask,
            deleted: deleted.is_valid(row).then(|| deleted.value(row)),
            basis: Basis::of(basis.value(row)),
        };
        members
            .entry(ids.value(row).to_owned())
            .or_default()
            .push(seen);
    }
    members
}

/// What the versions of a warehouse say that kept nothing else.
fn published_members(published: &Published, mask: u32) -> BTreeMap<String, Vec<Seen>> {
    let seen = |row: &usize| Seen {
        at: published.from.value(*row),
        sequence: 0,
        row: u32::try_from(*row).unwrap_or(u32::MAX),
        mask,
        deleted: Some(published.deleted.value(*row)),
        basis: Basis::of(published.basis.value(*row)),
    };
    let members = published.members.iter();
    members
        .filter(|(_, rows)| !rows.iter().any(|row| is_inferred(&published.basis, *row)))
        .map(|(id, rows)| (id.clone(), rows.iter().map(seen).collect()))
        .collect()
}
