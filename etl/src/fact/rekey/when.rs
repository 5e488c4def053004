//! When the look-up of a row was, as far as the row tells.

use arrow::array::{AsArray as _, Int32Array, RecordBatch};
use arrow::datatypes::{DataType as Arrow, Int32Type, SchemaRef};
use arrow::error::ArrowError;
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use planisphere_schemas::model::{DataType, PERIOD_END, Role, SpecialMember, Star, date_of_key};

use crate::declared::start_of_day;
use crate::dimension::MemberIndex;
use crate::fact::FactInput;
use crate::moments::instants;

use super::ids;

/// What a row tells of the instant at which a member is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Moment {
    At(Option<i64>),
    Between(i64, i64),
}

/// All of time.
const ALWAYS: Moment = Moment::Between(i64::MIN, i64::MAX);

impl When {
    /// What the rows of a star tell of a look-up at a column of its entity.
    pub(super) fn of(input: &FactInput<'_>, as_of: Option<&str>, columns: &SchemaRef) -> Self {
        let (star, Some(as_of)) = (input.star, as_of) else {
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
            other.column == as_of && matches!(index, Some(MemberIndex::Calendar { .. }))
        });
        match days.map(Role::key_column) {
            Some(key) if is_day => Self::EndOfDay(key),
            Some(key) => Self::WithinDay(key),
            None => Self::Unknown,
        }
    }

    /// When the look-ups of some rows were.
    pub(super) fn moments<'r>(
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
