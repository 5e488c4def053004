//! Sorts the conformed rows of a dimension by what there is to do: nothing, a new member without a past, or a member whose
//! past and present have to be laid side by side.
//!
//! The second and the third kind cost what they change; only the first may cost what there is. Rows pass by: what stays of a row
//! is the number of its member, of a member a hash of its id and one of its values.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use planisphere_schemas::model::{Dimension, Scd};

use crate::error::{Error, Result};
use crate::problems::Problems;
use crate::spool::Spooled;
use crate::threads;

use super::Nature;
use super::hash::hash_columns;
use super::ids::IdIndex;
use super::inferred::is_inferred;
use super::observe::{Columns, Origin};

/// The conformed rows of a load by members.
pub(crate) struct Sieve<'a> {
    origin: Origin<'a>,
    index: Arc<IdIndex>,
    members: Vec<Member>,
    /// For each member a hash of the values of its last row, if they are compared.
    hashes: Vec<u128>,
    /// For each row the number of its member; [`NOBODY`] of a row that cannot be of any.
    of_rows: Vec<u32>,
    /// Who was merged according to these rows, and into whom.
    merged: Vec<String>,
}

/// The number of no member.
const NOBODY: u32 = u32::MAX;

/// What is known of a member that the load speaks of.
#[derive(Debug, Clone, Copy, Default)]
struct Member {
    /// How many rows speak of it.
    rows: u32,
    /// True if the last of them is a deletion.
    is_deleted: bool,
    /// True if an earlier load knew it.
    is_known: bool,
    /// True if its published version says the same.
    is_same: bool,
    /// True if it has to be looked at whatever its rows say.
    is_touched: bool,
    /// True if any of its rows has no problem.
    is_told: bool,
    /// True if a published row is of it.
    is_met: bool,
}

/// How many rows there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sorted {
    /// Rows of new members, each the only one of its member.
    pub(crate) plain: usize,
    /// All other rows that may change something.
    pub(crate) touched: usize,
    /// Rows that say what is published.
    pub(crate) unchanged: usize,
}

/// What the load says of the member of a published row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Something.
    Told,
    /// Nothing, though it lives.
    Gone,
    /// Nothing, and it does not live.
    Nothing,
}

/// What there is to do for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Plain,
    Unchanged,
    Touched,
}

/// Some rows, read.
struct Sifted {
    columns: Columns,
    problems: Problems,
    hashes: Vec<u128>,
}

impl<'a> Sieve<'a> {
    /// Reads the rows of an entity. They can be compared with published ones only if that is said now.
    ///
    /// # Errors
    /// [`Error::Engine`] if a column cannot be read.
    pub(crate) fn new(origin: Origin<'a>, rows: &Spooled, is_compared: bool) -> Result<Self> {
        let doing = || {
            format!(
                "reading the entity of dimension '{}'",
                origin.dimension.name
            )
        };
        let mut sieve = Self {
            origin,
            index: Arc::new(IdIndex::with_capacity(rows.num_rows())),
            of_rows: Vec::with_capacity(rows.num_rows()),
            members: Vec::new(),
            hashes: Vec::new(),
            merged: Vec::new(),
        };
        let seed = (is_compared && sieve.compares()).then(|| sieve.index.seed());
        threads::in_order(
            rows.batches()
                .map(|rows| rows.map_err(Error::arrow(doing()))),
            |rows| Sifted::read(origin, &rows, seed),
            |some| {
                sieve.add(&some);
                Ok(())
            },
        )?;
        Arc::make_mut(&mut sieve.index).sift();
        Ok(sieve)
    }

    fn add(&mut self, some: &Sifted) {
        let columns = &some.columns;
        let merged = columns.attributes.last();
        let merged = merged.and_then(|merged| merged.as_string_opt::<i32>());
        let index = Arc::make_mut(&mut self.index);
        for (row, id) in columns.ids.iter().enumerate() {
            let Some(id) = id else {
                self.of_rows.push(NOBODY);
                continue;
            };
            let number = index.add(id);
            let at = number as usize;
            if at == self.members.len() {
                self.members.push(Member::default());
                self.hashes.extend(some.hashes.first().map(|_| 0));
            }
            let member = &mut self.members[at];
            member.rows += 1;
            member.is_deleted = columns.deleted.value(row);
            if let Some(hash) = some.hashes.get(row) {
                self.hashes[at] = *hash;
            }
            let has_problem = some.problems.has(row);
            self.of_rows.push(if has_problem { NOBODY } else { number });
            member.is_touched |= has_problem;
            member.is_told |= !has_problem;
            if let Some(into) = merged.filter(|merged| merged.is_valid(row)) {
                member.is_touched = true;
                self.merged
                    .extend([id.to_owned(), into.value(row).to_owned()]);
            }
        }
    }

    /// The members that rows of this load say were merged, and those into which they were.
    pub(crate) fn merged(&self) -> &[String] {
        &self.merged
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
        self.origin.nature != Nature::Changes
    }

    /// What recognises published rows, on other threads too.
    pub(crate) fn recogniser(&self) -> Recogniser {
        Recogniser {
            dimension: self.compares().then(|| self.origin.dimension.clone()),
            index: Arc::clone(&self.index),
        }
    }

    /// Compares published rows with those of the load; for each what the load says of its member.
    ///
    /// # Errors
    /// If the published rows lack a column.
    pub(crate) fn compare(
        &mut self,
        published: &RecordBatch,
        recognised: &Recognised,
    ) -> Result<Vec<Heard>, ArrowError> {
        let dimension = self.origin.dimension;
        let column = |name: &str| column(published, name);
        let keys = column(&dimension.key_column())?.as_primitive::<Int32Type>();
        let current = column("is_current")?.as_boolean();
        let deleted = column("deleted_at_source")?.as_boolean();
        let basis = column("valid_from_basis")?.as_string::<i32>();
        let mut heard = vec![Heard::Told; published.num_rows()];
        let rows = recognised.members.iter().zip(&recognised.hashes);
        for (row, (found, hash)) in rows.enumerate() {
            let living = current.value(row) && !deleted.value(row) && keys.value(row) > 0;
            let Some(found) = *found else {
                heard[row] = if living { Heard::Gone } else { Heard::Nothing };
                continue;
            };
            let found = found as usize;
            let member = &mut self.members[found];
            member.is_known |= keys.value(row) > 0;
            member.is_met |= keys.value(row) > 0;
            if living && member.rows == 1 && !is_inferred(basis, row) {
                member.is_same = self.hashes.get(found) == Some(hash) && !member.is_deleted;
            }
        }
        Ok(heard)
    }

    /// How many rows there are of each kind, now that it is known who is known.
    pub(crate) fn sorted(&self) -> Sorted {
        let mut sorted = Sorted::default();
        for row in 0..self.of_rows.len() {
            match self.fate(row) {
                Fate::Plain => sorted.plain += 1,
                Fate::Unchanged => sorted.unchanged += 1,
                Fate::Touched => sorted.touched += 1,
            }
        }
        sorted
    }

    /// What there is to do for a row, by its place among all rows.
    pub(super) fn fate(&self, row: usize) -> Fate {
        match self.of_rows[row] {
            NOBODY => Fate::Touched,
            number => self.fate_of(number),
        }
    }

    fn fate_of(&self, number: u32) -> Fate {
        let member = self.members[number as usize];
        if member.rows != 1 || member.is_touched {
            return Fate::Touched;
        }
        let has_no_past = self.origin.nature != Nature::Mined && !member.is_deleted;
        match member.is_known {
            true if member.is_same => Fate::Unchanged,
            false if has_no_past => Fate::Plain,
            _ => Fate::Touched,
        }
    }

    /// Those of some rows that touch a member; the first of them stands at a place among all rows.
    pub(crate) fn touched(&self, first: usize, rows: usize) -> UInt32Array {
        let touched = (first..first + rows).filter(|row| self.fate(*row) == Fate::Touched);
        let touched = touched.map(|row| u32::try_from(row - first).unwrap_or(u32::MAX));
        touched.collect::<Vec<u32>>().into()
    }

    /// True if rows of the load touch a member.
    pub(crate) fn touches(&self, member: u32) -> bool {
        self.fate_of(member) == Fate::Touched
    }

    /// Marks a member as one of whom published rows are.
    pub(crate) fn meet(&mut self, member: u32) {
        self.members[member as usize].is_met = true;
    }

    /// True if rows of the load tell anything of a member, or published rows are of it.
    pub(crate) fn is_no_stranger(&self, member: u32) -> bool {
        let member = self.members[member as usize];
        member.is_told || member.is_met
    }

    /// What the rows are.
    pub(super) fn origin(&self) -> Origin<'a> {
        self.origin
    }

    /// How many rows there are.
    pub(super) fn num_rows(&self) -> usize {
        self.of_rows.len()
    }
}

/// Recognises the members of published rows.
#[derive(Debug)]
pub(crate) struct Recogniser {
    /// The dimension, if its rows are compared.
    dimension: Option<Dimension>,
    index: Arc<IdIndex>,
}

/// The members of some published rows.
#[derive(Debug)]
pub(crate) struct Recognised {
    /// For each row the number of its member; `None` if the load says nothing of it.
    members: Vec<Option<u32>>,
    /// For each row a hash of its values, if they are compared.
    hashes: Vec<u128>,
}

impl Recogniser {
    /// Looks up the members of rows, whose ids stand in a column, and hashes their values if they are compared.
    ///
    /// # Errors
    /// If the rows lack a column.
    pub(crate) fn look(&self, rows: &RecordBatch, id: &str) -> Result<Recognised, ArrowError> {
        let mut hashes = Vec::new();
        if let Some(dimension) = &self.dimension {
            let values = dimension.attributes.iter();
            let values = values.map(|it| Ok(Arc::clone(column(rows, &it.name)?)));
            let values: Vec<ArrayRef> = values.collect::<Result<_, ArrowError>>()?;
            hashes.reserve(rows.num_rows());
            let seed = self.index.seed();
            hash_rows(dimension, (&values, rows.num_rows()), seed, &mut hashes)?;
        }
        let ids = column(rows, id)?.as_string::<i32>();
        Ok(Recognised {
            members: self.index.find_all(ids),
            hashes,
        })
    }
}

impl Recognised {
    /// The rows that the load tells of, and the numbers of their members.
    pub(crate) fn told(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        let rows = self.members.iter().enumerate();
        rows.filter_map(|(row, member)| Some((row, (*member)?)))
    }
}

fn column<'r>(rows: &'r RecordBatch, name: &str) -> Result<&'r ArrayRef, ArrowError> {
    Ok(rows.column(rows.schema().index_of(name)?))
}

impl Sifted {
    fn read(origin: Origin<'_>, rows: &RecordBatch, seed: Option<u64>) -> Result<Self> {
        let (columns, problems) = Columns::read(&origin.of(rows))?;
        let mut hashes = Vec::new();
        if let Some(seed) = seed {
            let dimension = origin.dimension;
            let doing = || format!("comparing dimension '{}'", dimension.name);
            let values = &columns.attributes[..dimension.attributes.len()];
            hashes.reserve(rows.num_rows());
            hash_rows(dimension, (values, rows.num_rows()), seed, &mut hashes)
                .map_err(Error::arrow(doing()))?;
        }
        Ok(Self {
            columns,
            problems,
            hashes,
        })
    }
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
