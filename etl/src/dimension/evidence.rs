//! Everything that was ever seen of the members of a dimension: what earlier loads kept, and what this one brings.
//!
//! Versions alone do not tell it all: a change that changed nothing begins none, yet it matters once an earlier one comes
//! late. What a version says completely is not kept twice: the key map tells when it was seen. Every load adds the rest of
//! what is new to `map_<dimension>_changes`. Of all this the dimension is a function.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};
use planisphere_schemas::model::{DataType, Dimension, current_id_column, current_key_column};

use crate::conform::MERGED_INTO;

use super::ById;
use super::doubt::Words;
use super::faithful::faithful;
use super::observe::Observations;
use super::published::Published;
use super::recall::{Known, Masks, Past, kept_members, published_members, read_back};
use super::timeline::{Seen, Values};

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
        Field::new("_change", Arrow::Int64, true),
    ];
    fields.extend(attributes);
    fields.push(Field::new(MERGED_INTO, Arrow::Utf8, true));
    fields.push(Field::new("audit_key", Arrow::Int64, false));
    Arc::new(Schema::new(fields))
}

/// Columns before the values.
const BEFORE: usize = 7;

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
    /// What speaks of all but these.
    pub(super) unaudited: u32,
    /// How many rows were kept; those of this load come after them, then those of the published table.
    kept: u32,
    /// For each attribute the one from whose column its values are read back.
    faithful: Vec<usize>,
    /// For each attribute whether it is of the present combination of a mini-dimension.
    presents: Vec<bool>,
    /// True if the kept rows have to be written again, in today's columns.
    pub(super) reshaped: bool,
}

impl Evidence {
    /// Puts what was kept and what the published versions say beside what this load observes; returns too what earlier loads
    /// have seen of each member.
    pub(super) fn new(
        dimension: &Dimension,
        past: &Past<'_>,
        observed: &Observations,
        audited: &[bool],
    ) -> Result<(Self, ById<Known>), ArrowError> {
        let (kept, published) = (past.kept, past.published);
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
        let others: Vec<bool> = audited.iter().map(|is| !is).collect();
        let unaudited = masks.number(mask(&others, true));
        let audited = masks.number(mask(audited, false));
        let known: Vec<bool> = past.is_new.iter().map(|is_new| !is_new).collect();
        // a version that is read back says too that its member was merged into nobody then
        let known = match known.contains(&false) {
            true => masks.number(mask(&known, true)),
            false => all,
        };
        let empty = RecordBatch::new_empty(changes_schema(dimension));
        let kept_rows = kept.map_or(&empty, |kept| &kept.rows);
        let mut members = kept_members(dimension, kept_rows, &mut masks);
        let begins = kept_rows.num_rows() + observed.columns.ids.len();
        let row = |row: usize| u32::try_from(begins + row).unwrap_or(u32::MAX);
        match kept {
            Some(_) => read_back(&mut members, past, (&masks, known), &row),
            None => members = published_members(published, known, &row),
        }
        let faithful = faithful(dimension);
        let mut attributes = Vec::with_capacity(width);
        let mut compared = Vec::with_capacity(width);
        let values_of = published_values(published);
        for at in 0..width {
            let (old, new) = (
                kept_rows.column(BEFORE + at),
                &observed.columns.attributes[at],
            );
            let back = &values_of[faithful.get(at).copied().unwrap_or(at)];
            let values = concat(&[old.as_ref(), new.as_ref(), back.as_ref()])?;
            let converter = RowConverter::new(vec![SortField::new(values.data_type().clone())])?;
            let rows = |column: &ArrayRef| converter.convert_columns(std::slice::from_ref(column));
            compared.push([rows(&values)?, rows(&values_of[at])?]);
            attributes.push(values);
        }
        let evidence = Self {
            attributes,
            compared,
            masks,
            all,
            none,
            fate,
            audited,
            unaudited,
            kept: u32::try_from(kept_rows.num_rows()).unwrap_or(u32::MAX),
            faithful,
            presents: presents(dimension),
            reshaped: kept.map_or(!published.is_first, |kept| kept.reshaped),
        };
        Ok((evidence, members))
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

    /// True if a version says all that was seen, so that the version can be read back as what was seen.
    pub(super) fn is_told_by(&self, seen: &Seen, cells: &[Option<u32>]) -> bool {
        let attributes = self.faithful.iter().enumerate();
        let mut faithful = attributes.filter(|(at, faithful)| at == *faithful);
        let told = |(at, _): (usize, &usize)| cells[at].is_some_and(|c| self.same(at, c, seen.row));
        seen.mask == self.all
            && seen.deleted == Some(false)
            && self.merged_into(Some(seen.row)).is_none()
            && faithful.all(told)
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
            Arc::new(seen.iter().map(|(_, it)| it.change).collect::<Int64Array>()),
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
        self.masks.of(seen.mask)[attribute]
    }

    fn same(&self, attribute: usize, a: u32, b: u32) -> bool {
        let [seen, _] = &self.compared[attribute];
        a == b || seen.row(index(a)) == seen.row(index(b))
    }

    /// What speaks of less comes first, then by the values in the order of the attributes, then what is not deleted.
    fn order(&self, a: &Seen, b: &Seen) -> Ordering {
        let mask = |seen: &Seen| self.masks.of(seen.mask);
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

impl Words for Evidence {
    fn width(&self) -> usize {
        self.attributes.len()
    }

    fn is_complete(&self, seen: &Seen) -> bool {
        seen.mask == self.all && seen.deleted.is_some()
            || seen.mask == self.fate && seen.deleted == Some(true)
    }

    fn is_present(&self, attribute: usize) -> bool {
        self.presents.get(attribute) == Some(&true)
    }

    fn compare(&self, attribute: usize, a: u32, b: u32) -> Ordering {
        let [seen, _] = &self.compared[attribute];
        seen.row(index(a)).cmp(&seen.row(index(b)))
    }
}

/// For each attribute whether it is of the present combination of a mini-dimension.
fn presents(dimension: &Dimension) -> Vec<bool> {
    let minis = dimension.minis().into_iter();
    let columns = minis.flat_map(|mini| [current_id_column(mini), current_key_column(mini)]);
    let columns: Vec<String> = columns.collect();
    let attributes = dimension.attributes.iter();
    attributes.map(|it| columns.contains(&it.column)).collect()
}

/// The names of the attributes, and last of what members were merged into.
pub(super) fn value_names(dimension: &Dimension) -> impl Iterator<Item = &str> {
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
