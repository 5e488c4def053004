//! What earlier loads have seen of members: what the table of changes keeps, and what published versions tell.

use std::collections::HashMap;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use planisphere_schemas::model::Dimension;

use super::ById;
use super::evidence::value_names;
use super::existing::Existing;
use super::key_map::KeyMap;
use super::published::Published;
use super::timeline::{Basis, Seen};

/// What is known of a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// What `map_<dimension>_changes` holds, then what published versions say, then what this load says.
    pub(super) seen: Vec<Seen>,
    /// How many of them the table holds.
    pub(super) kept: usize,
    /// How many of them earlier loads have seen.
    pub(super) earlier: usize,
    /// Instants of what the table holds and this load says otherwise.
    pub(super) replaced: Vec<i64>,
    /// True if this load says anything new.
    pub(super) has_news: bool,
}

impl Known {
    /// Takes an earlier word away, since this load has another one in its place.
    pub(super) fn replace(&mut self, earlier: usize, word: Seen) {
        let was = self.seen.remove(earlier);
        self.earlier -= 1;
        if earlier < self.kept {
            self.kept -= 1;
            self.replaced.push(was.at);
        }
        self.seen.push(word);
    }
}

/// What stands beside what a load observes.
pub(super) struct Past<'a> {
    /// The rows of `map_<dimension>_changes`; `None` of warehouses that have no such table yet.
    pub(super) kept: Option<&'a Existing>,
    /// The published versions.
    pub(super) published: &'a Published,
    /// For each attribute whether it is new in the model.
    pub(super) is_new: &'a [bool],
    /// The key map.
    pub(super) keys: &'a KeyMap,
}

/// Which attributes something that was seen speaks of.
#[derive(Debug, Default)]
pub(super) struct Masks(Vec<Vec<bool>>);

impl Masks {
    pub(super) fn number(&mut self, mask: Vec<bool>) -> u32 {
        let at = self.0.iter().position(|known| *known == mask);
        let at = at.unwrap_or_else(|| {
            self.0.push(mask);
            self.0.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// For each attribute whether the mask of that number speaks of it.
    pub(super) fn of(&self, number: u32) -> &[bool] {
        &self.0[number as usize]
    }
}

/// What a kept row is a word of: words of the same thing replace each other.
#[derive(PartialEq, Eq, Hash)]
enum Subject<'a> {
    /// A change of the source.
    Change(i64),
    /// The state that a rebuilt history has at that instant, by the attributes that it speaks of.
    State(&'a str),
}

/// The kept rows that no later load has replaced: of each change of the source, and of each state of a rebuilt history, the
/// word of the latest load counts. Changes of which nobody knows which ones they are stand all.
pub(super) fn prevailing(rows: &RecordBatch) -> Vec<usize> {
    let column = |at: usize| rows.column(at);
    let texts = |at: usize| column(at).as_string::<i32>();
    let numbers = |at: usize| column(at).as_primitive::<Int64Type>();
    let (ids, known, sequence, change) = (texts(0), texts(4), numbers(3), numbers(6));
    let from = column(1).as_primitive::<TimestampMicrosecondType>();
    let deleted = column(5).as_boolean();
    let loads = numbers(rows.num_columns() - 1);
    let subject = |row: usize| {
        let subject = match (change.is_valid(row), deleted.is_valid(row)) {
            (true, _) => Subject::Change(change.value(row)),
            (false, false) => Subject::State(known.value(row)),
            (false, true) => return None,
        };
        Some((
            ids.value(row),
            from.value(row),
            sequence.value(row),
            subject,
        ))
    };
    let mut latest = HashMap::new();
    for row in 0..rows.num_rows() {
        if let Some(subject) = subject(row) {
            let load = latest.entry(subject).or_insert(i64::MIN);
            *load = loads.value(row).max(*load);
        }
    }
    let stands = |row: &usize| {
        let subject = subject(*row);
        subject.is_none_or(|it| latest.get(&it) == Some(&loads.value(*row)))
    };
    (0..rows.num_rows()).filter(stands).collect()
}

/// What the kept rows say, those left out that were replaced.
pub(super) fn kept_members(
    dimension: &Dimension,
    rows: &RecordBatch,
    masks: &mut Masks,
) -> ById<Known> {
    let column = |at: usize| rows.column(at);
    let (ids, basis, known) = (
        column(0).as_string::<i32>(),
        column(2).as_string::<i32>(),
        column(4).as_string::<i32>(),
    );
    let from = column(1).as_primitive::<TimestampMicrosecondType>();
    let sequence = column(3).as_primitive::<Int64Type>();
    let deleted = column(5).as_boolean();
    let change = column(6).as_primitive::<Int64Type>();
    let mut members: ById<Known> = ById::new();
    // few different ones stand in many rows
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    for row in prevailing(rows) {
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
            change: change.is_valid(row).then(|| change.value(row)),
        };
        let member = members.entry_ref(ids.value(row)).or_default();
        member.seen.push(seen);
        member.kept += 1;
    }
    members
}

/// Adds what published versions say completely; what was kept of the same instant goes before it, but for what packages of
/// earlier loads have told of new attributes alone.
pub(super) fn read_back(
    members: &mut ById<Known>,
    past: &Past<'_>,
    (masks, mask): (&Masks, u32),
    place: &dyn Fn(usize) -> u32,
) {
    let published = past.published;
    let goes_before = |seen: &Seen| {
        let mut known = masks.of(seen.mask).iter().zip(past.is_new);
        seen.deleted.is_some() || known.any(|(speaks, is_new)| *speaks && !is_new)
    };
    for (id, rows) in &published.members {
        let told = rows.iter().filter_map(|row| {
            let told = past.keys.told_by(published.key.value(*row))?;
            let (from, to) = (published.from.value(*row), published.to.value(*row));
            (from <= told.at && told.at < to).then_some((*row, told))
        });
        let told: Vec<_> = told.collect();
        if told.is_empty() {
            continue;
        }
        let member = members.entry_ref(id.as_str()).or_default();
        for (row, told) in told {
            let mut seen = member.seen.iter();
            if seen.any(|seen| seen.at == told.at && goes_before(seen)) {
                continue;
            }
            member.seen.push(Seen {
                at: told.at,
                sequence: told.sequence,
                row: place(row),
                mask,
                deleted: Some(false),
                basis: told.basis,
                change: told.change,
            });
        }
    }
}

/// What the versions of a warehouse say that kept nothing else.
pub(super) fn published_members(
    published: &Published,
    mask: u32,
    place: &dyn Fn(usize) -> u32,
) -> ById<Known> {
    let seen = |row: &usize| Seen {
        at: published.from.value(*row),
        sequence: 0,
        row: place(*row),
        mask,
        deleted: Some(published.deleted.value(*row)),
        basis: Basis::of(published.basis.value(*row)),
        change: None,
    };
    let members = published.members.iter();
    let known = |rows: &Vec<usize>| Known {
        seen: rows.iter().map(seen).collect(),
        ..Known::default()
    };
    members
        .filter(|(_, rows)| !published.is_inferred(rows))
        .map(|(id, rows)| (id.clone(), known(rows)))
        .collect()
}
