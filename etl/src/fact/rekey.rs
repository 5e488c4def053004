//! The keys of published rows that the source does not give again, under what is known of their members today.
//!
//! ```text
//! what is known of the instant of a look-up        the key
//! ─────────────────────────────────────────        ───────────────────────────────────────────────
//! none is asked for                                the last version
//! the end of the period, a column, a whole day     the version that holds then
//! the day in which it lies                         the version, if the member has one for the whole day, else in doubt
//! nothing                                          the version, if the member has only one, else in doubt
//! ```
//! In doubt a key stays, and the heir of a retired one takes its place, unless somebody knows the row. So it does where a member
//! stood behind another one and no longer does. Rows that the source gives are looked up anew and never come here.

mod keys;
mod known;
mod when;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, SchemaRef};
use arrow::error::ArrowError;
use chrono_tz::Tz;

use super::FactInput;
use super::bridge::Bridging;
use super::schema::SOURCE_ROW_ID;
use super::standing::texts;

pub(crate) use self::keys::Version;
use self::keys::{GroupKeys, RoleKeys, Sure};
pub(crate) use self::known::Known;
use self::when::When;

/// Looks up the keys of standing rows.
pub(crate) struct Rekeying<'a> {
    roles: Vec<RoleKeys<'a>>,
    groups: Vec<GroupKeys<'a>>,
    zone: Tz,
}

/// A key of which nobody can say what it is today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// Where the row stands.
    pub(crate) row: usize,
    /// The number of the role, or behind all of these of the bridge.
    subject: usize,
    /// The versions that the row may be of; it matters only if they are new or have lost time. `None` if it matters anyhow.
    pub(crate) versions: Option<Vec<Version>>,
}

impl Doubt {
    /// True if any of the versions was not published, or has lost time since; the published ends are told by keys.
    pub(crate) fn matters<E>(
        &self,
        published: impl Fn(i32) -> Result<Option<i64>, E>,
    ) -> Result<bool, E> {
        let Some(versions) = &self.versions else {
            return Ok(true);
        };
        for (key, end) in versions {
            let ended = published(*key)?;
            if ended.is_none_or(|ended| end.is_none_or(|end| end < ended)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The keys of some rows as they shall be.
pub(crate) struct Rekeyed {
    /// The rows with these keys.
    pub(crate) rows: RecordBatch,
    /// For each row whether any of them is another.
    pub(crate) moves: Vec<bool>,
    /// Keys in doubt, in the order of their rows.
    pub(crate) doubts: Vec<Doubt>,
}

impl Rekeyed {
    /// For each row whether any of its keys is another, or in doubt.
    pub(super) fn moving(&self) -> Vec<bool> {
        let mut moving = self.moves.clone();
        for doubt in &self.doubts {
            moving[doubt.row] = true;
        }
        moving
    }
}

impl<'a> Rekeying<'a> {
    /// The roles and bridges of a star whose keys may be others than those that are published; the columns are those of its
    /// entity.
    pub(crate) fn of(
        input: &FactInput<'a>,
        columns: &SchemaRef,
        bridges: &'a [Bridging<'a>],
    ) -> Self {
        let when = |as_of: &Option<String>| When::of(input, as_of.as_deref(), columns);
        let roles = input.star.roles.iter();
        let groups = bridges.iter();
        Self {
            roles: roles
                .filter_map(|role| RoleKeys::of(input, role, when(&role.as_of)))
                .collect(),
            groups: groups
                .map(|bridging| GroupKeys::of(input, bridging, |bridge| when(&bridge.as_of)))
                .collect(),
            zone: input.zone,
        }
    }

    /// The keys of some rows, all of which the source does not give.
    pub(crate) fn look(&self, rows: &RecordBatch) -> Result<Rekeyed, ArrowError> {
        self.look_knowing(rows, None)
    }

    /// The keys of some rows, those that are known as they are known.
    pub(crate) fn look_knowing(
        &self,
        rows: &RecordBatch,
        known: Option<&Known>,
    ) -> Result<Rekeyed, ArrowError> {
        let mut moves = vec![false; rows.num_rows()];
        let mut doubts = Vec::new();
        let mut columns = rows.columns().to_vec();
        for (number, role) in self.roles.iter().enumerate() {
            let Ok(at) = rows.schema().index_of(&role.column) else {
                continue;
            };
            let keys = columns[at].as_primitive::<Int32Type>();
            let ids = ids(rows)?;
            let moments = role.when.moments(rows, self.zone)?;
            let owners = match &role.mini {
                Some(mini) => Some(rows.column(rows.schema().index_of(&mini.owner_column)?)),
                None => None,
            };
            let owners = owners.map(|keys| keys.as_primitive::<Int32Type>());
            let look = |row: usize| {
                let owner = owners.map(|keys| keys.value(row));
                Ok(role.key(keys.value(row), owner, moments(row)))
            };
            let told = |row| known.map_or(Ok(None), |it| it.key(ids.value(row), &role.column));
            let today = settle((number, keys.len()), told, look, &mut doubts)?;
            columns[at] = replaced(keys, today, &mut moves);
        }
        for (number, group) in self.groups.iter().enumerate() {
            let Ok(at) = rows.schema().index_of(&group.column) else {
                continue;
            };
            let keys = columns[at].as_primitive::<Int32Type>();
            let ids = ids(rows)?;
            let moments = group.when.moments(rows, self.zone)?;
            let mut seen: HashMap<_, (i32, Sure)> = HashMap::new();
            let look = |row: usize| {
                let (key, at) = (keys.value(row), moments(row));
                Ok(match seen.entry((key, at)) {
                    Entry::Occupied(today) => today.get().clone(),
                    Entry::Vacant(today) => today.insert(group.key(key, at)?).clone(),
                })
            };
            let told = |row| known.map_or(Ok(None), |it| it.key(ids.value(row), &group.column));
            let number = self.roles.len() + number;
            let today = settle((number, keys.len()), told, look, &mut doubts)?;
            columns[at] = replaced(keys, today, &mut moves);
        }
        doubts.sort_by_key(|doubt| doubt.row);
        Ok(Rekeyed {
            rows: RecordBatch::try_new(rows.schema(), columns)?,
            moves,
            doubts,
        })
    }

    /// The column of a doubt, and the dimension of its keys.
    pub(crate) fn subject(&self, doubt: &Doubt) -> (&str, &str) {
        match self.roles.get(doubt.subject) {
            Some(keys) => (&keys.column, &keys.role.dimension),
            None => {
                let group = &self.groups[doubt.subject - self.roles.len()];
                (&group.column, &group.bridging.bridge().dimension)
            }
        }
    }
}

/// The keys of some rows, those that are known and those that are looked up, of which some stay in doubt.
fn settle(
    (subject, rows): (usize, usize),
    known: impl Fn(usize) -> Result<Option<i32>, ArrowError>,
    mut look: impl FnMut(usize) -> Result<(i32, Sure), ArrowError>,
    doubts: &mut Vec<Doubt>,
) -> Result<Vec<i32>, ArrowError> {
    let mut settle = |row: usize| {
        if let Some(known) = known(row)? {
            return Ok(known);
        }
        let (today, sure) = look(row)?;
        let versions = match sure {
            Sure::Yes => return Ok(today),
            Sure::Unless(versions) => Some(versions),
            Sure::No => None,
        };
        doubts.push(Doubt {
            row,
            subject,
            versions,
        });
        Ok(today)
    };
    (0..rows).map(&mut settle).collect()
}

fn ids(rows: &RecordBatch) -> Result<&StringArray, ArrowError> {
    texts(rows, SOURCE_ROW_ID)
}

/// Keys of today in the place of published ones, noting which are others.
fn replaced(keys: &Int32Array, today: Vec<i32>, moves: &mut [bool]) -> ArrayRef {
    for (row, moves) in moves.iter_mut().enumerate() {
        *moves |= keys.is_valid(row) && keys.value(row) != today[row];
    }
    Arc::new(Int32Array::new(today.into(), keys.nulls().cloned()))
}
