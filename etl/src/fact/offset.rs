//! Corrections as rows of their own: what was published stays, a row takes it back, another one has the new values.
//!
//! ```text
//! o1            what was booked first            o1#1-   takes it back
//! o1#2          what was booked instead of it    o1#2-   takes that back …
//! ```
//! The rows of one row of the source are a chain, of which at most the last stands. A row of the source whose own id looks like
//! that of a chain is `id#1` at first, so that every id can be taken apart again. Pure: Arrow in, Arrow out.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int32Array, Int64Array, RecordBatch,
    StringArray, new_null_array,
};
use arrow::compute::filter_record_batch;
use arrow::compute::kernels::numeric::neg;
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use chrono::NaiveDate;
use planisphere_schemas::model::{BOOKED, BOOKED_BY, BOOKED_ON, Star};

use crate::dimension::{IdIndex, MemberIndex};

use super::FactInput;
use super::milestones::with_columns;
use super::periods::dates;
use super::schema::{AUDIT_KEY, DELETED_AT_SOURCE, SOURCE_ROW_ID};
use super::standing::{Round, flags, texts};

/// Where a row stands in its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link<'a> {
    /// The id of the row of the source.
    source: &'a str,
    /// The number of the booking, from 1.
    number: u32,
    /// True if the row takes it back.
    is_reversal: bool,
}

impl<'a> Link<'a> {
    fn of(id: &'a str) -> Self {
        Self::numbered(id).unwrap_or(Self {
            source: id,
            number: 1,
            is_reversal: false,
        })
    }

    /// An id that ends in a number, which may take something back.
    fn numbered(id: &'a str) -> Option<Self> {
        let (source, end) = id.rsplit_once('#')?;
        let digits = end.strip_suffix('-').unwrap_or(end);
        let is_number = !digits.starts_with('0') && digits.bytes().all(|it| it.is_ascii_digit());
        Some(Self {
            source,
            number: digits.parse().ok().filter(|_| is_number)?,
            is_reversal: digits.len() < end.len(),
        })
    }
}

/// The id of the n-th booking of a row of the source.
fn booking_id(source: &str, number: u32) -> String {
    match number == 1 && Link::numbered(source).is_none() {
        true => source.to_owned(),
        false => format!("{source}#{number}"),
    }
}

/// The chains of more than one row, of the rows of the source at which a round looks.
#[derive(Debug)]
pub(crate) struct Chains {
    round: Round,
    sources: IdIndex,
    /// For each of them what was booked last.
    last: Vec<Last>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Last {
    number: u32,
    is_reversed: bool,
}

impl Chains {
    /// None yet.
    pub(crate) fn new(round: Round) -> Self {
        Self {
            round,
            sources: IdIndex::default(),
            last: Vec::new(),
        }
    }

    /// Takes note of published ids.
    pub(crate) fn add(&mut self, rows: &RecordBatch) -> Result<(), ArrowError> {
        for link in texts(rows, SOURCE_ROW_ID)?.iter().flatten().map(Link::of) {
            let is_first = link.number == 1 && !link.is_reversal;
            if is_first || !self.round.has(link.source) {
                continue;
            }
            let at = self.sources.add(link.source) as usize;
            if at == self.last.len() {
                self.last.push(Last::default());
            }
            let last = &mut self.last[at];
            if link.number > last.number {
                *last = Last {
                    number: link.number,
                    is_reversed: link.is_reversal,
                };
            } else if link.number == last.number {
                last.is_reversed |= link.is_reversal;
            }
        }
        Ok(())
    }

    fn last(&self, source: &str) -> Option<Last> {
        let at = self.sources.find(source)?;
        self.last.get(at as usize).copied()
    }

    /// True if a row is the one of its chain that stands.
    fn stands(&self, link: Link<'_>) -> bool {
        match self.last(link.source) {
            None => true,
            Some(last) => !link.is_reversal && !last.is_reversed && last.number == link.number,
        }
    }

    /// The id under which a row of the source is booked next.
    fn next(&self, source: &str) -> String {
        let last = self.last(source).map_or(0, |last| last.number);
        booking_id(source, last + 1)
    }
}

/// Conformed rows with what a booking by this load says.
pub(super) fn with_bookings(
    rows: &RecordBatch,
    today: NaiveDate,
    audit_key: i64,
) -> Result<RecordBatch, ArrowError> {
    let many = rows.num_rows();
    let columns: [(&str, ArrayRef); 3] = [
        (BOOKED_ON, dates(std::iter::repeat_n(today, many))),
        (BOOKED_BY, Arc::new(Int64Array::from(vec![audit_key; many]))),
        (BOOKED, Arc::new(Int32Array::from(vec![1; many]))),
    ];
    let columns = columns.map(|(name, values)| (name.to_owned(), values));
    with_columns(rows, columns.into())
}

/// Conformed rows as the source has them, without what a booking says.
pub(super) fn without_bookings(rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = rows.schema();
    let is_own = |at: &usize| {
        let name = schema.field(*at).name().as_str();
        ![BOOKED_ON, BOOKED_BY, BOOKED].contains(&name)
    };
    let own: Vec<usize> = (0..rows.num_columns()).filter(is_own).collect();
    rows.project(&own)
}

/// Published rows as what fresh ones are laid beside: the row that stands has the id of its row of the source, all others have
/// ids that no fresh row has; all are booked by this load, so that only their values are compared. How many of those at which
/// the round looks stand.
pub(crate) fn comparable(
    input: &FactInput<'_>,
    rows: &RecordBatch,
    chains: &Chains,
) -> Result<(RecordBatch, u64), ArrowError> {
    let mut standing = 0;
    let ids = texts(rows, SOURCE_ROW_ID)?.iter().flatten().map(|id| {
        let link = Link::of(id);
        match chains.stands(link) {
            true => {
                standing += u64::from(chains.round.has(link.source));
                link.source.to_owned()
            }
            false => format!("{OVER}{id}"),
        }
    });
    let ids: StringArray = ids.map(Some).collect();
    let rows = replaced(rows, [(SOURCE_ROW_ID, Arc::new(ids) as ArrayRef)])?;
    Ok((booked_today(input, &rows)?, standing))
}

/// What the ids of rows that no longer stand begin with while rows are compared.
const OVER: char = '\u{0}';

/// True if an id is that of a row that no longer stands.
pub(crate) fn is_over(id: &str) -> bool {
    id.starts_with(OVER)
}

/// The id of the row of the source of which an id speaks while rows are compared.
pub(super) fn source_of(id: &str) -> &str {
    id.strip_prefix(OVER).map_or(id, |id| Link::of(id).source)
}

/// Rows of the source that no booking stands for, as bookings; those that come deleted book nothing.
pub(crate) fn first_bookings(
    rows: &RecordBatch,
    chains: &Chains,
) -> Result<RecordBatch, ArrowError> {
    let alive = arrow::compute::not(flags(rows, DELETED_AT_SOURCE)?)?;
    let rows = filter_record_batch(rows, &alive)?;
    let ids = texts(&rows, SOURCE_ROW_ID)?.iter().flatten();
    let ids = StringArray::from_iter_values(ids.map(|id| chains.next(id)));
    replaced(&rows, [(SOURCE_ROW_ID, Arc::new(ids) as ArrayRef)])
}

/// What becomes of bookings of which the source says something else.
pub(crate) struct Corrected {
    /// For each pair whether it is a booking that only takes other keys.
    pub(crate) is_same: BooleanArray,
    /// These, in the order of the pairs.
    pub(crate) rekeyed: RecordBatch,
    /// The rows that take the others back.
    pub(crate) reversals: RecordBatch,
    /// What is booked instead of them.
    pub(crate) again: RecordBatch,
}

/// Lays published bookings beside what the source says now. Another version of the same member, another group, another
/// combination of a mini-dimension and the values of new columns are no corrections.
pub(crate) fn corrected(
    input: &FactInput<'_>,
    (old, new): (&RecordBatch, &RecordBatch),
    new_columns: &HashSet<String>,
) -> Result<Corrected, ArrowError> {
    let mut is_same = same_values(input.star, (old, new), new_columns)?;
    let deleted = flags(new, DELETED_AT_SOURCE)?;
    for (row, same) in is_same.iter_mut().enumerate() {
        *same &= !deleted.value(row);
    }
    let roles = input.star.roles.iter();
    for role in roles.filter(|role| !input.minis.contains_key(&role.dimension)) {
        let name = role.key_column();
        if new_columns.contains(&name) {
            continue;
        }
        let keys = |rows: &RecordBatch| -> Result<Int32Array, ArrowError> {
            let keys = rows.column(rows.schema().index_of(&name)?);
            Ok(keys.as_primitive::<Int32Type>().clone())
        };
        let (before, now) = (keys(old)?, keys(new)?);
        let members = input.members.get(&role.dimension);
        for (same, found) in is_same.iter_mut().zip(same_members(members, &before, &now)) {
            *same &= found;
        }
    }
    let is_same = BooleanArray::from(is_same);
    let is_other = arrow::compute::not(&is_same)?;
    let booked = [SOURCE_ROW_ID, BOOKED_ON, BOOKED_BY];
    let kept = filter_record_batch(old, &is_same)?;
    let kept = booked.map(|name| Some((name, Arc::clone(kept.column_by_name(name)?))));
    let rekeyed = filter_record_batch(new, &is_same)?;
    let rekeyed = replaced(&rekeyed, kept.into_iter().flatten())?;
    let again = filter_record_batch(new, &is_other)?;
    let taken_back = filter_record_batch(old, &is_other)?;
    let again = next_bookings(&again, &taken_back)?;
    Ok(Corrected {
        is_same,
        rekeyed,
        reversals: reversals(input, &taken_back)?,
        again,
    })
}

/// What the source says now of bookings that are taken back, under the ids behind theirs.
fn next_bookings(new: &RecordBatch, old: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let ids = texts(old, SOURCE_ROW_ID)?.iter().flatten().map(Link::of);
    let ids = ids.map(|link| booking_id(link.source, link.number + 1));
    let ids: ArrayRef = Arc::new(StringArray::from_iter_values(ids));
    let rows = replaced(new, [(SOURCE_ROW_ID, ids)])?;
    let alive = arrow::compute::not(flags(&rows, DELETED_AT_SOURCE)?)?;
    filter_record_batch(&rows, &alive)
}

/// The rows that take bookings back: the same keys and words, numbers that can be summed negated, others empty.
pub(crate) fn reversals(
    input: &FactInput<'_>,
    old: &RecordBatch,
) -> Result<RecordBatch, ArrowError> {
    let ids = texts(old, SOURCE_ROW_ID)?.iter().flatten().map(Link::of);
    let ids = ids.map(|link| format!("{}#{}-", link.source, link.number));
    let ids: ArrayRef = Arc::new(StringArray::from_iter_values(ids));
    let mut columns: Vec<(&str, ArrayRef)> = vec![(SOURCE_ROW_ID, ids)];
    for measure in &input.star.measures {
        let values = old.column(old.schema().index_of(&measure.name)?);
        let values = match measure.additive {
            true => neg(values)?,
            false => new_null_array(values.data_type(), values.len()),
        };
        columns.push((&measure.name, values));
    }
    booked_today(input, &replaced(old, columns)?)
}

/// Rows as booked and written by this load.
fn booked_today(input: &FactInput<'_>, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let many = rows.num_rows();
    let load: ArrayRef = Arc::new(Int64Array::from(vec![input.audit_key; many]));
    let today = dates(std::iter::repeat_n(input.prepare.business_date, many));
    let columns = [
        (BOOKED_ON, today),
        (BOOKED_BY, Arc::clone(&load)),
        (AUDIT_KEY, load),
    ];
    replaced(rows, columns)
}

/// For each pair whether words and numbers are the same.
fn same_values(
    star: &Star,
    (old, new): (&RecordBatch, &RecordBatch),
    new_columns: &HashSet<String>,
) -> Result<Vec<bool>, ArrowError> {
    let own = [BOOKED, BOOKED_ON, BOOKED_BY];
    let words = star.degenerate.iter().map(|it| it.name.as_str());
    let numbers = star.measures.iter().map(|it| it.name.as_str());
    let names = words.chain(numbers).chain(["source_system"]);
    let names: Vec<&str> = names
        .filter(|name| !own.contains(name) && !new_columns.contains(*name))
        .collect();
    let columns = |rows: &RecordBatch| -> Result<Vec<ArrayRef>, ArrowError> {
        let columns = names.iter();
        let columns =
            columns.map(|name| Ok(Arc::clone(rows.column(rows.schema().index_of(name)?))));
        columns.collect()
    };
    let (old, new) = (columns(old)?, columns(new)?);
    let fields = old.iter().map(|it| SortField::new(it.data_type().clone()));
    let converter = RowConverter::new(fields.collect())?;
    let (old, new) = (
        converter.convert_columns(&old)?,
        converter.convert_columns(&new)?,
    );
    Ok(old.iter().zip(&new).map(|(old, new)| old == new).collect())
}

/// For each pair of keys whether they are of the same member.
fn same_members(members: Option<&MemberIndex>, old: &Int32Array, new: &Int32Array) -> Vec<bool> {
    let today = |key: i32| members.and_then(|it| it.moved(key)).unwrap_or(key);
    let pairs: Vec<(i32, i32)> = old
        .values()
        .iter()
        .zip(new.values())
        .map(|(old, new)| (today(*old), *new))
        .collect();
    let others = pairs.iter().filter(|(old, new)| old != new);
    let others: HashSet<i32> = others.flat_map(|(old, new)| [*old, *new]).collect();
    let numbers = members.map(|it| it.numbers(&others)).unwrap_or_default();
    let same = |(old, new): (i32, i32)| {
        old == new
            || numbers
                .get(&old)
                .is_some_and(|number| numbers.get(&new) == Some(number))
    };
    pairs.into_iter().map(same).collect()
}

/// Rows with other values in some columns.
fn replaced<'n>(
    rows: &RecordBatch,
    columns: impl IntoIterator<Item = (&'n str, ArrayRef)>,
) -> Result<RecordBatch, ArrowError> {
    let mut all = rows.columns().to_vec();
    for (name, values) in columns {
        all[rows.schema().index_of(name)?] = values;
    }
    RecordBatch::try_new(rows.schema(), all)
}

/// The columns of a star that published rows do not have.
pub(crate) fn new_columns(published: &arrow::datatypes::Schema, star: &Star) -> HashSet<String> {
    let schema = super::schema::arrow_schema(star);
    let names = schema.fields().iter().map(|field| field.name().clone());
    names
        .filter(|name| published.index_of(name).is_err())
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn ids(ids: &[&str]) -> RecordBatch {
        let ids: ArrayRef = Arc::new(StringArray::from(ids.to_vec()));
        RecordBatch::try_from_iter([(SOURCE_ROW_ID, ids)]).unwrap()
    }

    #[test]
    fn the_last_row_of_a_chain_stands_unless_it_was_taken_back() {
        let mut chains = Chains::new(Round { number: 0, of: 1 });
        chains
            .add(&ids(&[
                "a#2", "b", "a#1-", "a", "c#1-", "c", "d#2-", "d#2", "d#1-",
            ]))
            .unwrap();
        let stands = |id: &str| chains.stands(Link::of(id));
        let standing = ["a", "a#1-", "a#2", "b", "c", "c#1-", "d", "d#2"].map(stands);
        assert_eq!(
            standing,
            [false, false, true, true, false, false, false, false]
        );
        let next = ["a", "b", "c", "d", "new"].map(|id| chains.next(id));
        assert_eq!(
            next,
            ["a#3", "b#1", "c#2", "d#3", "new"].map(|id| id.replace("b#1", "b"))
        );
    }

    #[test]
    fn every_id_can_be_taken_apart_again() {
        for source in [
            "a",
            "a#2",
            "a#2-",
            "a#",
            "#",
            "a#02",
            "a#x",
            "a#0",
            "a#99999999999",
            "a#1#1",
        ] {
            for number in [1, 2, 30] {
                let id = booking_id(source, number);
                let link = Link {
                    source,
                    number,
                    is_reversal: false,
                };
                assert_eq!(Link::of(&id), link, "{id}");
                let id = format!("{source}#{number}-");
                assert_eq!(
                    Link::of(&id),
                    Link {
                        is_reversal: true,
                        ..link
                    },
                    "{id}"
                );
            }
        }
        assert_eq!(booking_id("o1", 1), "o1");
        assert_eq!(booking_id("o1", 2), "o1#2");
    }
}
