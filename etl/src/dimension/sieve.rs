//! Sorts the conformed rows of a dimension by what there is to do: nothing, a new member without a past, or a member whose
//! past and present have to be laid side by side.
//!
//! The second and the third kind cost what they change; only the first may cost what there is.

use arrow::array::{Array as _, ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use planisphere_schemas::model::{Dimension, Scd};

use crate::error::{Error, Result};
use crate::problems::Problems;

use super::Nature;
use super::hash::hash_columns;
use super::ids::IdIndex;
use super::inferred::is_inferred;
use super::observe::{Columns, EntityRows};

/// The conformed rows of a load by members.
pub(crate) struct Sieve<'a> {
    input: EntityRows<'a>,
    pub(super) columns: Columns,
    problems: Problems,
    index: IdIndex,
    members: Vec<Member>,
    /// For each row the number of its member; `None` of a row without id.
    of_rows: Vec<Option<u32>>,
    /// For each row a hash of its values, once they are compared.
    hashes: Vec<u128>,
}

/// What is known of a member that the load speaks of.
#[derive(Debug, Clone, Copy, Default)]
struct Member {
    /// How many rows speak of it, and the last of them.
    rows: u32,
    row: u32,
    /// True if an earlier load knew it.
    is_known: bool,
    /// True if its published version says the same.
    is_same: bool,
    /// True if it has to be looked at whatever its rows say.
    is_touched: bool,
}

/// The rows by what there is to do.
pub(crate) struct Sorted {
    /// Rows of new members, each the only one of its member.
    pub(crate) plain: UInt32Array,
    /// All other rows that may change something.
    pub(crate) touched: UInt32Array,
    /// How many rows say what is published.
    pub(crate) unchanged: u64,
    /// The members of the touched rows.
    pub(crate) members: IdIndex,
}

impl<'a> Sieve<'a> {
    /// Reads the rows of an entity.
    ///
    /// # Errors
    /// [`Error::Engine`] if a column cannot be read.
    pub(crate) fn new(input: EntityRows<'a>) -> Result<Self> {
        let (columns, problems) = Columns::read(&input)?;
        let mut sieve = Self {
            input,
            index: IdIndex::with_capacity(columns.ids.len()),
            of_rows: Vec::with_capacity(columns.ids.len()),
            columns,
            problems,
            members: Vec::new(),
            hashes: Vec::new(),
        };
        for (row, id) in sieve.columns.ids.iter().enumerate() {
            let number = id.map(|id| sieve.index.add(id));
            sieve.of_rows.push(number);
            if let Some(number) = number {
                let member = member(&mut sieve.members, number);
                member.rows += 1;
                member.row = u32::try_from(row).unwrap_or(u32::MAX);
            }
        }
        Ok(sieve)
    }

    /// The members that rows of this load say others were merged into.
    pub(crate) fn heirs(&self) -> Vec<String> {
        let merged = self.columns.attributes.last();
        let merged = merged.and_then(|merged| merged.as_string_opt::<i32>());
        let heirs = merged.into_iter().flatten().flatten();
        heirs.map(str::to_owned).collect()
    }

    /// Marks a member as one to be looked at, if the load speaks of it.
    pub(crate) fn touch(&mut self, id: &str) {
        if let Some(number) = self.index.find(id) {
            self.members[number as usize].is_touched = true;
        }
    }

    /// Marks all members as ones to be looked at.
    pub(crate) fn touch_all(&mut self) {
        for member in &mut self.members {
            member.is_touched = true;
        }
    }

    /// For each of some ids the number of its member; `None` if the load says nothing of it.
    pub(crate) fn find(&self, ids: &StringArray) -> Vec<Option<u32>> {
        self.index.find_all(ids)
    }

    /// Marks a member as known to an earlier load.
    pub(crate) fn know(&mut self, member: u32) {
        self.members[member as usize].is_known = true;
    }

    /// True if rows are compared with published ones: those that tell of the present.
    pub(crate) fn compares(&self) -> bool {
        self.input.nature != Nature::Changes
    }

    /// Compares published rows with those of the load; returns the ids of living members of which it says nothing.
    ///
    /// # Errors
    /// If the published rows lack a column.
    pub(crate) fn compare(&mut self, published: &RecordBatch) -> Result<Vec<String>, ArrowError> {
        let dimension = self.input.dimension;
        let column =
            |name: &str| Ok::<_, ArrowError>(published.column(published.schema().index_of(name)?));
        let ids = column(&dimension.id_column())?.as_string::<i32>();
        let keys = column(&dimension.key_column())?.as_primitive::<Int32Type>();
        let current = column("is_current")?.as_boolean();
        let deleted = column("deleted_at_source")?.as_boolean();
        let basis = column("valid_from_basis")?.as_string::<i32>();
        let values = dimension
            .attributes
            .iter()
            .map(|a| Ok(column(&a.name)?.clone()));
        let values: Vec<ArrayRef> = values.collect::<Result<_, ArrowError>>()?;
        let seed = self.hash_rows()?;
        let mut hashes = Vec::with_capacity(published.num_rows());
        let rows = published.num_rows();
        hash_rows(dimension, (&values, rows), seed, &mut hashes)?;
        let mut silent = Vec::new();
        for (row, found) in self.index.find_all(ids).into_iter().enumerate() {
            let living = current.value(row) && !deleted.value(row) && keys.value(row) > 0;
            let Some(found) = found else {
                if living {
                    silent.push(ids.value(row).to_owned());
                }
                continue;
            };
            let member = &mut self.members[found as usize];
            member.is_known |= keys.value(row) > 0;
            if living && member.rows == 1 && !is_inferred(basis, row) {
                let observed = member.row as usize;
                member.is_same =
                    self.hashes[observed] == hashes[row] && !self.columns.deleted.value(observed);
            }
        }
        Ok(silent)
    }

    /// Hashes the rows of the load, once; returns the key of the hashes.
    fn hash_rows(&mut self) -> Result<u64, ArrowError> {
        let seed = self.index.seed();
        if self.hashes.is_empty() {
            let width = self.input.dimension.attributes.len();
            let values = &self.columns.attributes[..width];
            let rows = self.columns.ids.len();
            hash_rows(self.input.dimension, (values, rows), seed, &mut self.hashes)?;
        }
        Ok(seed)
    }

    /// Sorts the rows, now that it is known who is known.
    pub(crate) fn sort(&self) -> Sorted {
        let (mut plain, mut touched, mut unchanged) = (Vec::new(), Vec::new(), 0);
        let mut members = IdIndex::default();
        for row in 0..self.columns.ids.len() {
            let place = u32::try_from(row).unwrap_or(u32::MAX);
            match self.fate(row) {
                Fate::Plain => plain.push(place),
                Fate::Unchanged => unchanged += 1,
                Fate::Touched => {
                    touched.push(place);
                    if self.columns.ids.is_valid(row) {
                        members.add(self.columns.ids.value(row));
                    }
                }
            }
        }
        Sorted {
            plain: plain.into(),
            touched: touched.into(),
            unchanged,
            members,
        }
    }

    fn fate(&self, row: usize) -> Fate {
        let columns = &self.columns;
        let Some(number) = self.of_rows[row].filter(|_| !self.problems.has(row)) else {
            return Fate::Touched;
        };
        let member = self.members[number as usize];
        let merged = columns.attributes.last();
        let is_merged = merged.is_some_and(|merged| merged.is_valid(row));
        if member.rows != 1 || member.is_touched || is_merged {
            return Fate::Touched;
        }
        let has_no_past = self.input.nature != Nature::Mined && !columns.deleted.value(row);
        match member.is_known {
            true if member.is_same => Fate::Unchanged,
            false if has_no_past => Fate::Plain,
            _ => Fate::Touched,
        }
    }

    /// True if the rows of a member say all that is to be known of it.
    pub(crate) fn tells(&self, id: &str) -> bool {
        let row = self
            .index
            .find(id)
            .map(|found| self.members[found as usize].row);
        row.is_some_and(|row| !matches!(self.fate(row as usize), Fate::Touched))
    }

    /// The declaration, and what the rows say.
    pub(super) fn input(&self) -> &EntityRows<'a> {
        &self.input
    }

    /// The conformed rows at some places.
    ///
    /// # Errors
    /// [`Error::Engine`] if they do not fit into memory.
    pub(crate) fn rows(&self, places: &UInt32Array) -> Result<RecordBatch> {
        let doing = format!(
            "sorting the rows of dimension '{}'",
            self.input.dimension.name
        );
        arrow::compute::take_record_batch(self.input.rows, places).map_err(Error::arrow(doing))
    }
}

enum Fate {
    Plain,
    Unchanged,
    Touched,
}

fn member(members: &mut Vec<Member>, number: u32) -> &mut Member {
    let at = number as usize;
    if at == members.len() {
        members.push(Member::default());
    }
    &mut members[at]
}

/// Appends a hash of each row's values, those of type 3 attributes left out: they are no values of the row.
fn hash_rows(
    dimension: &Dimension,
    (values, rows): (&[ArrayRef], usize),
    seed: u64,
    hashes: &mut Vec<u128>,
) -> Result<(), ArrowError> {
    let pairs = dimension.attributes.iter().zip(values);
    let values = pairs.filter(|(attribute, _)| attribute.scd != Scd::Previous);
    let values: Vec<&ArrayRef> = values.map(|(_, values)| values).collect();
    hash_columns((&values, rows), seed, hashes)
}
