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
//! In doubt a key stays, and the heir of a retired one takes its place, unless somebody knows the row. Rows that the source gives
//! are looked up anew and never come here.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType as Arrow, Int32Type, SchemaRef};
use arrow::error::ArrowError;
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use planisphere_schemas::model::{DataType, PERIOD_END, Role, SpecialMember, Star, date_of_key};

use crate::dimension::{ByKey, MemberIndex};

use super::FactInput;
use super::fresh::{instants, start_of_day};
use super::schema::SOURCE_ROW_ID;
use super::standing::texts;

/// Looks up the keys of standing rows.
pub(crate) struct Rekeying<'a> {
    roles: Vec<RoleKeys<'a>>,
    /// The columns of groups, with those in the place of groups with retired keys.
    groups: Vec<(String, &'a MemberIndex)>,
    zone: Tz,
}

/// The role of a dimension whose keys may be others today.
struct RoleKeys<'a> {
    role: &'a Role,
    column: String,
    members: ByKey<'a>,
    when: When,
}

/// What a row tells of the instant at which a role is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
enum When {
    /// No instant is asked for.
    Last,
    /// It is the end of the period that the id of the row names.
    PeriodEnd,
    /// It is a column of the fact.
    Column(String),
    /// It is the end of the day whose key is in a column of the fact.
    EndOfDay(String),
    /// It lies in the day whose key is in a column of the fact.
    WithinDay(String),
    /// Nothing.
    Unknown,
}

/// When a row was looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    At(Option<i64>),
    Between(i64, i64),
}

/// All of time.
const ALWAYS: Moment = Moment::Between(i64::MIN, i64::MAX);

/// A key of which nobody can say what it is today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// Where the row stands.
    pub(crate) row: usize,
    /// The number of the role among those that are looked up.
    pub(crate) role: usize,
    /// The published key.
    pub(crate) key: i32,
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

/// The keys of all roles of rows, by their ids, from whoever knows the rows.
pub(crate) type Known = HashMap<String, HashMap<String, i32>>;

impl<'a> Rekeying<'a> {
    /// The roles of a star whose keys may be others than those that are published; the columns are those of its entity.
    pub(crate) fn of(input: &FactInput<'a>, columns: &SchemaRef) -> Self {
        let roles = input.star.roles.iter().filter_map(|role| {
            Some(RoleKeys {
                role,
                column: role.key_column(),
                members: input.members.get(&role.dimension)?.by_key()?,
                when: When::of(input, role, columns),
            })
        });
        let groups = input.heirs.iter();
        let groups = groups.filter(|(_, heirs)| heirs.has_moved());
        Self {
            roles: roles.collect(),
            groups: groups.map(|(name, heirs)| (name.clone(), heirs)).collect(),
            zone: input.zone,
        }
    }

    /// The keys of some rows, all of which the source does not give.
    pub(crate) fn look(&self, rows: &RecordBatch) -> Result<Rekeyed, ArrowError> {
        self.look_knowing(rows, &Known::new())
    }

    /// The keys of some rows, those that are known as they are known.
    pub(crate) fn look_knowing(
        &self,
        rows: &RecordBatch,
        known: &Known,
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
            let mut look = |row: usize| {
                let key = keys.value(row);
                let known = known.get(ids.value(row));
                if let Some(known) = known.and_then(|keys| keys.get(&role.column)) {
                    return *known;
                }
                let (today, is_doubtful) = role.key(key, moments(row));
                if is_doubtful {
                    let role = number;
                    doubts.push(Doubt { row, role, key });
                }
                today
            };
            let today: Vec<i32> = (0..rows.num_rows()).map(&mut look).collect();
            columns[at] = replaced(keys, today, &mut moves);
        }
        for (name, heirs) in &self.groups {
            if let Ok(at) = rows.schema().index_of(name) {
                let keys = columns[at].as_primitive::<Int32Type>();
                let today = keys.values().iter();
                let today = today.map(|key| heirs.moved(*key).unwrap_or(*key));
                columns[at] = replaced(keys, today.collect(), &mut moves);
            }
        }
        doubts.sort_by_key(|doubt| doubt.row);
        Ok(Rekeyed {
            rows: RecordBatch::try_new(rows.schema(), columns)?,
            moves,
            doubts,
        })
    }

    /// The role of a doubt.
    pub(crate) fn role(&self, doubt: &Doubt) -> &'a Role {
        self.roles[doubt.role].role
    }

    /// True if the published version of a key, which ended at an instant, has lost some of its time, so that a row may have
    /// lost its version.
    pub(crate) fn has_lost(&self, doubt: &Doubt, ended: i64) -> bool {
        let end = self.roles[doubt.role].members.end(doubt.key);
        end.is_none_or(|end| end < ended)
    }
}

impl RoleKeys<'_> {
    /// The key that a published one is today, and whether that is in doubt.
    fn key(&self, key: i32, moment: Moment) -> (i32, bool) {
        match moment {
            _ if key <= 0 => (key, false),
            Moment::At(at) => (self.members.version(key, at).unwrap_or(key), false),
            Moment::Between(from, to) => match self.members.is_one_version(key, (from, to)) {
                true => {
                    let today = self.members.version(key, Some(from));
                    (today.unwrap_or(key), false)
                }
                false => (self.members.heir(key), true),
            },
        }
    }
}

impl When {
    fn of(input: &FactInput<'_>, role: &Role, columns: &SchemaRef) -> Self {
        let (star, Some(as_of)) = (input.star, &role.as_of) else {
            return Self::Last;
        };
        if star.periodic.is_some() && as_of == PERIOD_END {
            return Self::PeriodEnd;
        }
        let column = columns.field_with_name(as_of).map(|it| it.data_type());
        let is_day = column.is_ok_and(|it| !matches!(it, Arrow::Timestamp(..)));
        if let Some(name) = kept(star, as_of, is_day) {
            return Self::Column(name);
        }
        let days = star.roles.iter().find(|other| {
            let index = input.members.get(&other.dimension);
            other.column == *as_of && matches!(index, Some(MemberIndex::Calendar { .. }))
        });
        match days.map(Role::key_column) {
            Some(key) if is_day => Self::EndOfDay(key),
            Some(key) => Self::WithinDay(key),
            None => Self::Unknown,
        }
    }

    /// When the look-ups of some rows were.
    fn moments<'r>(
        &self,
        rows: &'r RecordBatch,
        zone: Tz,
    ) -> Result<Box<dyn Fn(usize) -> Moment + 'r>, ArrowError> {
        let days = |name: &String| -> Result<&'r Int32Array, ArrowError> {
            let at = rows.schema().index_of(name)?;
            Ok(rows.column(at).as_primitive::<Int32Type>())
        };
        Ok(match self {
            Self::Last => Box::new(|_| Moment::At(None)),
            Self::Unknown => Box::new(|_| ALWAYS),
            Self::PeriodEnd => {
                let ids = ids(rows)?;
                Box::new(move |row| {
                    let day = ids.value(row).rsplit_once('|').map(|(_, day)| day.parse());
                    let day = day.and_then(Result::ok).and_then(|day| span(day, zone));
                    day.map_or(ALWAYS, |(_, end)| Moment::At(Some(end)))
                })
            }
            Self::Column(name) => {
                let at = rows.schema().index_of(name)?;
                let at = instants(rows.column(at), zone)?;
                Box::new(move |row| Moment::At(at[row]))
            }
            Self::EndOfDay(name) => {
                let days = days(name)?;
                Box::new(move |row| match of_key(days.value(row), zone) {
                    Moment::Between(_, end) if end < i64::MAX => Moment::At(Some(end)),
                    moment => moment,
                })
            }
            Self::WithinDay(name) => {
                let days = days(name)?;
                Box::new(move |row| of_key(days.value(row), zone))
            }
        })
    }
}

/// The column of a fact that holds a column of its entity as the day or instant that it is.
fn kept(star: &Star, column: &str, is_day: bool) -> Option<String> {
    let data_type = match is_day {
        true => DataType::Date,
        false => DataType::Timestamp,
    };
    let mut degenerate = star.degenerate.iter();
    let kept = degenerate.find(|it| it.column == column && it.data_type == data_type);
    kept.map(|it| it.name.clone())
}

/// The time of the day of a key: all of it where the calendar does not have it, none where none was given.
fn of_key(key: i32, zone: Tz) -> Moment {
    if key == SpecialMember::NotGiven.key() {
        return Moment::At(None);
    }
    let day = date_of_key(key).and_then(|day| span(day, zone));
    day.map_or(ALWAYS, |(start, end)| Moment::Between(start, end))
}

/// The first and the last microsecond of a day.
fn span(day: NaiveDate, zone: Tz) -> Option<(i64, i64)> {
    let next = day.checked_add_days(Days::new(1))?;
    Some((start_of_day(day, zone)?, start_of_day(next, zone)? - 1))
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
