//! What becomes of the published rows of a fact: which are edited in their places, which leave them.

mod retained;

use std::iter::Peekable;
use std::ops::Range;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{filter_record_batch, interleave_record_batch, not, take_record_batch};
use arrow::error::ArrowError;
use futures::TryStreamExt as _;

use crate::error::{Error, Result};
use crate::fact::{self, Rest, Standing};
use crate::load::scan::Group;
use crate::reject::Reject;
use crate::spool::{bytes_of, unpinned};
use crate::warehouse::{Place, changed_columns};

use super::left::{Left, Waiting};
use super::{CHUNK, FactLoad, Outcome};

impl FactLoad<'_> {
    /// How many published rows are read whole at a time.
    pub(super) fn some(&self, outcome: &Outcome) -> usize {
        let bytes = self.execution.options.settings.etl.memory_bytes / 32;
        let width = self.prepared.rows.width().max(outcome.width);
        (bytes / width.max(1)).clamp(1, CHUNK)
    }

    /// Edits the rows that say something else where they keep their day; the others leave their places and are added.
    pub(super) async fn edit_changed(
        &self,
        (rows, places): (Vec<RecordBatch>, Vec<Place>),
        outcome: &mut Outcome,
    ) -> Result<()> {
        let Some(table) = self.published else {
            return Ok(());
        };
        let order = in_order_of_places(&rows, &places);
        for some in order.chunks(self.some(outcome)) {
            let new = some.iter().map(|(_, row)| *row).collect::<Vec<_>>();
            let new = interleaved(&rows, &new).map_err(self.comparing())?;
            let places: Vec<Place> = some.iter().map(|(place, _)| *place).collect();
            let old = self.scan(table).rows(&places).await?;
            let (old, _) = self.aligned(&old)?;
            self.edit((&old, &new), places, outcome)?;
        }
        Ok(())
    }

    fn comparing(&self) -> impl FnOnce(ArrowError) -> Error {
        Error::arrow(format!("comparing fact '{}'", self.input.star.name))
    }

    /// Edits some rows, or moves them to another day.
    fn edit(
        &self,
        (old, new): (&RecordBatch, &RecordBatch),
        places: Vec<Place>,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let same_day = fact::is_same_day(old, new, self.day.as_deref());
        let same_day = same_day.map_err(self.comparing())?;
        let at = same_day.values().set_indices();
        let kept: UInt32Array = at.map(short).collect::<Vec<u32>>().into();
        let edited = filter_record_batch(new, &same_day).map_err(self.comparing())?;
        let columns = changed_columns(old, &kept, &edited).map_err(self.comparing())?;
        outcome.differs(columns);
        let moved = not(&same_day).and_then(|moved| filter_record_batch(new, &moved));
        self.add(&moved.map_err(self.comparing())?, outcome)?;
        for (place, same_day) in places.into_iter().zip(same_day.values()) {
            match same_day {
                true => outcome.places.push(place),
                false => outcome.removed.push(place),
            }
        }
        outcome.edits(edited)
    }

    /// Edits the rows that are gone and those whose keys are others today.
    pub(super) async fn edit_rest(&self, standing: &Standing, outcome: &mut Outcome) -> Result<()> {
        let touched = standing.rest();
        let touched = touched.filter(|(_, rest)| matches!(rest, Rest::Gone | Rest::Checked));
        let (places, rest): (Vec<Place>, Vec<Rest>) = touched.unzip();
        outcome.tally.deleted += gone(&rest);
        let Some(table) = self.published else {
            return Ok(());
        };
        let mut waiting = Waiting::new(&self.execution.memory);
        for (places, rest) in places
            .chunks(self.some(outcome))
            .zip(rest.chunks(self.some(outcome)))
        {
            let rows = self.scan(table).rows(places).await?;
            let (rows, _) = self.aligned(&rows)?;
            let left = Left {
                rows,
                rest: rest.to_vec(),
                places: places.to_vec(),
            };
            self.write_sure(left, &mut waiting, outcome)?;
        }
        self.write_waiting(waiting, outcome).await
    }

    /// Adds every published row that no fresh one replaces: the columns of the model are others than those of the files.
    pub(super) async fn write_anew(
        &self,
        standing: &Standing,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let Some(table) = self.published else {
            return Ok(());
        };
        let retained = self.retained_values(table).await?;
        let mut waiting = Waiting::new(&self.execution.memory);
        let mut rest = standing.rest().peekable();
        let mut groups = std::pin::pin!(self.scan(table).groups(&[]));
        while let Some(group) = groups.try_next().await? {
            let (all, _) = self.aligned(&group.rows)?;
            let doing = || Error::arrow(format!("rewriting fact '{}'", self.input.star.name));
            let OfGroup { given, kept, left } =
                OfGroup::of(&group, &all, &mut rest).map_err(doing())?;
            outcome.tally.deleted += gone(&left.rest);
            // what the load gives says nothing where it is null
            self.add(&given, outcome)?;
            // rows are wider with what is known of them
            for some in pieces(kept.num_rows(), retained.rows_at_once()) {
                let kept = kept.slice(some.start, some.len());
                let kept = retained.filled(&kept).map_err(doing())?;
                self.add(&kept, outcome)?;
            }
            for some in pieces(left.rows.num_rows(), retained.rows_at_once()) {
                let rows = left.rows.slice(some.start, some.len());
                let left = Left {
                    rows: retained.filled(&rows).map_err(doing())?,
                    rest: left.rest[some.clone()].to_vec(),
                    places: left.places[some].to_vec(),
                };
                self.write_sure(left, &mut waiting, outcome)?;
            }
        }
        self.write_waiting(waiting, outcome).await
    }

    /// Takes note of the groups of published rows that stay as they are.
    pub(super) async fn groups(&self, standing: &Standing, outcome: &mut Outcome) -> Result<()> {
        let bridges = self.input.star.bridges.iter();
        let columns: Vec<String> = bridges.map(|bridge| bridge.group_column()).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let Some(table) = self.published.filter(|_| !columns.is_empty()) else {
            return Ok(());
        };
        let doing = || Error::arrow(format!("reading the groups of '{}'", self.input.star.name));
        let mut rest = standing.rest().peekable();
        let mut groups = std::pin::pin!(self.scan(table).groups(&columns));
        while let Some(group) = groups.try_next().await? {
            let rows = OfGroup::of(&group, &group.rows, &mut rest).map_err(doing())?;
            for rows in [&rows.given, &rows.kept] {
                fact::groups_in(self.input.star, rows, &mut outcome.groups);
            }
        }
        Ok(())
    }
}

impl Outcome {
    /// Takes note of how wide published rows are.
    pub(super) fn widens(&mut self, rows: &RecordBatch) {
        let width = bytes_of(rows).div_ceil(rows.num_rows().max(1));
        self.width = self.width.max(width);
    }

    /// Takes rejected rows.
    pub(super) fn reject(&mut self, rejects: Vec<Reject>) -> Result<()> {
        let added = self.rejects.add(rejects);
        added.map_err(Error::arrow("keeping rejected rows"))
    }

    /// Takes rows that take the place of published ones.
    pub(super) fn edits(&mut self, rows: RecordBatch) -> Result<()> {
        let rows = unpinned(rows).map_err(Error::arrow("keeping edited rows"))?;
        self.edited.push(rows);
        Ok(())
    }

    /// Takes note of the columns in which edited rows differ from the published ones.
    pub(super) fn differs(&mut self, columns: Vec<bool>) {
        for (known, found) in self.columns.iter_mut().zip(columns) {
            *known |= found;
        }
    }
}

/// So many rows, at most so many of them at once.
fn pieces(rows: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let from = (0..rows).step_by(most);
    from.map(move |from| from..rows.min(from + most))
}

/// How many rows as wide as these are so many bytes.
pub(super) fn rows_of(rows: &RecordBatch, bytes: usize) -> usize {
    bytes / (bytes_of(rows) / rows.num_rows().max(1)).max(1)
}

/// The rows of a row group that no fresh ones replace, counted from its first, with their places and what becomes of them. Groups
/// come in the order in which the published rows were added.
pub(super) fn left<I: Iterator<Item = (Place, Rest)>>(
    group: &Group,
    rest: &mut Peekable<I>,
) -> impl Iterator<Item = (u32, (Place, Rest))> {
    let (file, first) = group.first;
    let end = (file, first + group.rows.num_rows());
    let of_group = std::iter::from_fn(move || rest.next_if(|(place, _)| *place < end));
    of_group
        .filter(|(_, rest)| *rest != Rest::Replaced)
        .map(move |(place, rest)| (short(place.1 - first), (place, rest)))
}

/// The rows of a row group that no fresh ones replace.
pub(super) struct OfGroup {
    /// Those that the load gives as they are.
    pub(super) given: RecordBatch,
    /// Those that stay as they are, though the load does not give them.
    pub(super) kept: RecordBatch,
    /// The others.
    pub(super) left: Left,
}

impl OfGroup {
    /// Sorts the rows of a group by what becomes of them.
    pub(super) fn of<I: Iterator<Item = (Place, Rest)>>(
        group: &Group,
        all: &RecordBatch,
        rest: &mut Peekable<I>,
    ) -> Result<Self, ArrowError> {
        let (mut given, mut kept, mut others) = (Vec::new(), Vec::new(), Vec::new());
        let (mut places, mut fates) = (Vec::new(), Vec::new());
        for (row, (place, rest)) in left(group, rest) {
            match rest {
                Rest::Given => given.push(row),
                Rest::Kept => kept.push(row),
                _ => {
                    others.push(row);
                    places.push(place);
                    fates.push(rest);
                }
            }
        }
        let take = |rows: Vec<u32>| take_record_batch(all, &UInt32Array::from(rows));
        Ok(Self {
            given: take(given)?,
            kept: take(kept)?,
            left: Left {
                rows: take(others)?,
                rest: fates,
                places,
            },
        })
    }
}

/// How many rows are gone.
fn gone(rest: &[Rest]) -> u64 {
    rest.iter().filter(|rest| **rest == Rest::Gone).count() as u64
}

/// The places that rows of batches change, in their order, each with the batch and the row in it.
fn in_order_of_places(rows: &[RecordBatch], places: &[Place]) -> Vec<(Place, (usize, usize))> {
    let batches = rows.iter().enumerate();
    let rows = batches.flat_map(|(at, rows)| (0..rows.num_rows()).map(move |row| (at, row)));
    let mut order: Vec<_> = places.iter().copied().zip(rows).collect();
    order.sort_unstable();
    order
}

/// Rows of batches, each by its batch and its place there.
fn interleaved(
    batches: &[RecordBatch],
    rows: &[(usize, usize)],
) -> Result<RecordBatch, ArrowError> {
    interleave_record_batch(&batches.iter().collect::<Vec<_>>(), rows)
}

/// Rows in the order of the places of those that they change.
pub(super) fn in_place_order(
    rows: &RecordBatch,
    places: &[Place],
) -> Result<(RecordBatch, Vec<Place>), ArrowError> {
    let mut order: Vec<u32> = (0..short(places.len())).collect();
    order.sort_unstable_by_key(|at| places[*at as usize]);
    let ordered = order.iter().map(|at| places[*at as usize]).collect();
    Ok((take_record_batch(rows, &UInt32Array::from(order))?, ordered))
}

pub(super) fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
