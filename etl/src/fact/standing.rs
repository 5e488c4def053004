//! The published rows of a fact by their ids, in little memory: where each is, and a hash of what it says.
//!
//! ```text
//! published rows ──add──► id, place, hash ──┐
//! fresh rows ─────────meet──────────────────┴─► new · changed · unchanged · twice
//! what nobody met ──────────────────────────► gone, to be looked up again, or left as it is
//! ```
//! An id takes forty to sixty bytes. Where that is too much, the ids are dealt out to several rounds by their hashes.

use arrow::array::{Array as _, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{filter_record_batch, or};
use arrow::error::ArrowError;
use twox_hash::XxHash3_128;

use crate::dimension::{IdIndex, hash_columns};
use crate::warehouse::Place;

use super::offset::source_of;
use super::rekey::Rekeying;
use super::schema::{AUDIT_KEY, DELETED_AT_SOURCE, SOURCE_ROW_ID};

/// The ids that a round of a load looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Round {
    /// Its number, from 0.
    pub(crate) number: u64,
    /// How many rounds there are.
    pub(crate) of: u64,
}

impl Round {
    /// True if the round looks at an id.
    pub(super) fn has(self, id: &str) -> bool {
        let hash = || XxHash3_128::oneshot(source_of(id).as_bytes());
        self.of == 1 || hash() % u128::from(self.of) == u128::from(self.number)
    }

    /// For each id whether the round looks at it; rows without an id are looked at in the first. `None` if it looks at all.
    pub(super) fn mine(self, ids: &StringArray) -> Option<BooleanArray> {
        let mine = ids.iter().map(|id| match id {
            Some(id) => Some(self.has(id)),
            None => Some(self.number == 0),
        });
        (self.of > 1).then(|| mine.collect())
    }
}

/// Whether a published row stays as it is whatever a load says, by its id.
type Stays<'a> = dyn Fn(&str) -> Result<bool, ArrowError> + 'a;

/// What is to be known of the published rows before fresh ones come.
pub(crate) struct Rules<'a> {
    /// The keys of rows that the load does not give.
    pub(crate) rekeying: &'a Rekeying<'a>,
    /// Which rows stay; `None` if there are no such rows.
    pub(crate) stays: Option<&'a Stays<'a>>,
}

impl Rules<'_> {
    /// Which of some rows of a batch, that stay whatever the load says, have to be looked up again.
    fn moving(&self, rows: &RecordBatch, which: &BooleanArray) -> Result<Vec<bool>, ArrowError> {
        let mut moving = vec![false; rows.num_rows()];
        if which.true_count() == 0 {
            return Ok(moving);
        }
        let found = self.rekeying.look(&filter_record_batch(rows, which)?)?;
        for (row, moves) in which.values().set_indices().zip(found.moving()) {
            moving[row] = moves;
        }
        Ok(moving)
    }
}

/// The rows of a round by their ids: those that are published first, in the order in which they were added.
#[derive(Debug)]
pub(crate) struct Standing {
    round: Round,
    ids: IdIndex,
    places: Vec<(u32, u32)>,
    hashes: Vec<u128>,
    marks: Vec<u8>,
    /// How many published rows are not marked as deleted.
    pub(crate) living: u64,
}

/// The row is marked as deleted.
const DELETED: u8 = 1;
/// The row stays as it is unless the load gives it.
const STAYS: u8 = 2;
/// Its keys may be others than those that are published.
const MOVES: u8 = 4;
/// The load has given the row.
const MET: u8 = 8;
/// The load has given other values.
const CHANGED: u8 = 16;
/// The load has given the row, but it was rejected.
const REFUSED: u8 = 32;

/// What becomes of a published row that the load does not give other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// The load has given it as it is.
    Given,
    /// It stays, though the load does not give it.
    Kept,
    /// It stays, but its keys are to be looked up again.
    Checked,
    /// The source no longer has it.
    Gone,
    /// Fresh values take its place.
    Replaced,
}

/// What a fresh row is to the published ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meeting {
    /// Nobody knew it.
    New,
    /// It says what is published.
    Unchanged,
    /// It says something else of a published row.
    Changed {
        /// Where the published row is.
        place: Place,
        /// True if the published row is marked as deleted.
        was_deleted: bool,
    },
    /// Another row of this load has the same id.
    Twice,
}

/// Fresh rows on their way.
pub(crate) struct Fresh {
    /// The numbers of their ids.
    numbers: Vec<u32>,
    /// The number of the next id that nobody knew.
    next: usize,
}

impl Standing {
    /// Nothing is published; room for so many ids.
    pub(crate) fn new(round: Round, ids: usize) -> Self {
        Self {
            round,
            ids: IdIndex::with_capacity(ids),
            places: Vec::new(),
            hashes: Vec::new(),
            marks: Vec::new(),
            living: 0,
        }
    }

    /// The key of the hashes of rows; `None` if nothing is published, so that nothing is compared.
    pub(crate) fn seed(&self) -> Option<u64> {
        (!self.places.is_empty()).then(|| self.ids.seed())
    }

    /// The ids that are looked at.
    pub(crate) fn round(&self) -> Round {
        self.round
    }

    /// Adds published rows, the first of which lies at a place; the columns are today's.
    ///
    /// # Errors
    /// If the values cannot be compared.
    pub(crate) fn add(
        &mut self,
        rows: &RecordBatch,
        (file, first): Place,
        rules: &Rules<'_>,
    ) -> Result<(), ArrowError> {
        let mine = self.round.mine(texts(rows, SOURCE_ROW_ID)?);
        let (rows, places): (&RecordBatch, Vec<usize>) = match &mine {
            None => (rows, (0..rows.num_rows()).collect()),
            Some(mine) => (
                &filter_record_batch(rows, mine)?,
                mine.values().set_indices().collect(),
            ),
        };
        let ids = texts(rows, SOURCE_ROW_ID)?;
        let deleted = flags(rows, DELETED_AT_SOURCE)?;
        let hashes = row_hashes(rows, self.ids.seed())?;
        let mut stays = vec![false; rows.num_rows()];
        if let Some(rule) = rules.stays {
            for (row, stays) in stays.iter_mut().enumerate() {
                *stays = rule(ids.value(row))?;
            }
        }
        let stays = BooleanArray::from(stays);
        let moves = rules.moving(rows, &or(&stays, deleted)?)?;
        let numbers = self.ids.add_all(ids);
        for (row, place) in places.into_iter().enumerate() {
            let mut mark = 0;
            if deleted.value(row) {
                mark |= DELETED;
            } else {
                self.living += 1;
            }
            if stays.value(row) {
                mark |= STAYS;
            }
            if moves[row] {
                mark |= MOVES;
            }
            // an id stands once in what a load has written; of another maker's table only its first row is known
            if numbers[row] as usize == self.places.len() {
                self.places.push((short(file), short(first + place)));
                self.hashes.push(hashes[row]);
                self.marks.push(mark);
            }
        }
        Ok(())
    }

    /// Takes in fresh rows by their ids, null of those that have none; [`Self::meet`] and [`Self::refuse`] ask for each of them
    /// in their order.
    pub(crate) fn welcome(&mut self, ids: &StringArray) -> Fresh {
        let next = self.ids.len();
        let numbers = match ids.null_count() {
            0 => self.ids.add_all(ids),
            _ => {
                let numbers = ids.iter().map(|id| id.map_or(0, |id| self.ids.add(id)));
                numbers.collect()
            }
        };
        Fresh { numbers, next }
    }

    /// What a fresh row is to the published ones; `hash` is that of its values.
    pub(crate) fn meet(&mut self, fresh: &mut Fresh, row: usize, hash: u128) -> Meeting {
        let number = match self.greet(fresh, row) {
            Ok(number) => number,
            Err(stranger) => return stranger,
        };
        if self.hashes[number] == hash {
            return Meeting::Unchanged;
        }
        self.marks[number] |= CHANGED;
        let (file, row) = self.places[number];
        Meeting::Changed {
            place: (file as usize, row as usize),
            was_deleted: self.marks[number] & DELETED != 0,
        }
    }

    /// Takes note of a fresh row that is rejected: what is published of it stays.
    pub(crate) fn refuse(&mut self, fresh: &mut Fresh, row: usize) {
        // whatever it is to the others, it becomes no row
        if let Ok(number) = self.greet(fresh, row) {
            self.marks[number] |= REFUSED;
        }
    }

    /// The number of a published row that the load gives for the first time, else what the fresh row is without it.
    fn greet(&mut self, fresh: &mut Fresh, row: usize) -> Result<usize, Meeting> {
        let number = fresh.numbers[row] as usize;
        match self.marks.get_mut(number) {
            None if number == fresh.next => {
                fresh.next += 1;
                Err(Meeting::New)
            }
            None => Err(Meeting::Twice),
            Some(mark) if *mark & MET != 0 => Err(Meeting::Twice),
            Some(mark) => {
                *mark |= MET;
                Ok(number)
            }
        }
    }

    /// A row of the source was rejected before it became a fresh one: what is published of it stays.
    pub(crate) fn keep(&mut self, id: &str) {
        let number = self.ids.find(id).map(|number| number as usize);
        if let Some(mark) = number.and_then(|number| self.marks.get_mut(number)) {
            *mark |= STAYS | MOVES;
        }
    }

    /// The published rows with what becomes of them, in the order in which they were added.
    pub(crate) fn rest(&self) -> impl Iterator<Item = (Place, Rest)> + '_ {
        let rows = self.places.iter().zip(&self.marks);
        rows.map(|((file, row), mark)| {
            let rest = match mark {
                mark if mark & CHANGED != 0 => Rest::Replaced,
                mark if mark & (MET | DELETED | STAYS) == 0 => Rest::Gone,
                mark if mark & REFUSED != 0 => Rest::Checked,
                // rows that the load gives have looked up their keys
                mark if mark & MET != 0 => Rest::Given,
                mark if mark & MOVES != 0 => Rest::Checked,
                _ => Rest::Kept,
            };
            ((*file as usize, *row as usize), rest)
        })
    }
}

/// A hash of each row's values but the audit key.
pub(crate) fn row_hashes(rows: &RecordBatch, seed: u64) -> Result<Vec<u128>, ArrowError> {
    let schema = rows.schema();
    let columns = schema.fields().iter().zip(rows.columns());
    let columns = columns.filter(|(field, _)| field.name() != AUDIT_KEY);
    let columns: Vec<&ArrayRef> = columns.map(|(_, values)| values).collect();
    let mut hashes = Vec::with_capacity(rows.num_rows());
    hash_columns((&columns, rows.num_rows()), seed, &mut hashes)?;
    Ok(hashes)
}

/// A column of texts.
pub(crate) fn texts<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a StringArray, ArrowError> {
    let at = rows.schema().index_of(name)?;
    Ok(rows.column(at).as_string::<i32>())
}

/// A column of flags.
pub(crate) fn flags<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a BooleanArray, ArrowError> {
    let at = rows.schema().index_of(name)?;
    Ok(rows.column(at).as_boolean())
}

fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
