//! The tables of the operational database: their columns, their indexes and how each row is cut out of the world.
//!
//! One file per subject. Each table is a [`Table`]; [`TABLES`] lists them all. A table knows nothing of where it is
//! written: rows go to a [`Sink`].

mod account;
mod activity;
mod campaign;
mod case;
mod contact;
mod currency;
mod lead;
mod opportunity;
mod product;
mod sale;
mod survey;
mod user;
mod value;

pub(crate) use value::{Value, day_text, stamp_text};

use super::dirt::{Dirt, Tally};
use super::error::DemoError;
use super::id::Id;
use super::time::{Day, Stamp};
use super::world::{Backdrop, Chain, Life, World, currency_id};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// An identifier of 36 characters.
    Id,
    /// A text of at most so many characters.
    Varchar(u16),
    /// A text of any length.
    Text,
    /// A whole number.
    Int,
    /// A flag, 0 or 1.
    Flag,
    /// A binary floating-point number.
    Double,
    /// A decimal number with so many digits, so many of them behind the point.
    Decimal(u8, u8),
    /// A day.
    Date,
    /// An instant.
    Datetime,
}

/// A column: name and type.
pub(crate) type Column = (&'static str, Type);

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    /// Name.
    pub(crate) name: &'static str,
    /// Columns in groups, one after the other.
    pub(crate) columns: &'static [&'static [Column]],
    /// How many of the first columns are the primary key.
    pub(crate) key: usize,
    /// Indexes, each as its columns.
    pub(crate) indexes: &'static [&'static [&'static str]],
    /// Writes every row as of an instant.
    pub(crate) rows: fn(&World, Stamp, &mut Sink<'_>) -> Result<(), DemoError>,
}

impl Table {
    /// Every column.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().flat_map(|group| group.iter())
    }

    /// The names of the columns that are the primary key.
    pub(crate) fn key_columns(&self) -> impl Iterator<Item = &'static str> {
        self.columns().map(|(name, _)| *name).take(self.key)
    }
}

/// Every table, in the order in which they are written.
pub(crate) static TABLES: [&Table; 32] = [
    &user::USERS,
    &currency::CURRENCIES,
    &currency::RATES,
    &product::CATEGORIES,
    &product::PRODUCTS,
    &campaign::CAMPAIGNS,
    &account::ACCOUNTS,
    &account::ACCOUNTS_AUDIT,
    &contact::CONTACTS,
    &contact::ACCOUNTS_CONTACTS,
    &lead::LEADS,
    &lead::LEADS_AUDIT,
    &opportunity::OPPORTUNITIES,
    &opportunity::OPPORTUNITIES_AUDIT,
    &opportunity::ACCOUNTS_OPPORTUNITIES,
    &opportunity::OPPORTUNITIES_CONTACTS,
    &sale::QUOTES,
    &sale::INVOICES,
    &sale::LINES,
    &case::CASES,
    &case::CASES_AUDIT,
    &case::UPDATES,
    &activity::CALLS,
    &activity::MEETINGS,
    &activity::EMAILS,
    &campaign::CAMPAIGN_LOG,
    &survey::SURVEYS,
    &survey::QUESTIONS,
    &survey::OPTIONS,
    &survey::RESPONSES,
    &survey::ANSWERS,
    &survey::CHOICES,
];

/// Where rows go.
pub(crate) struct Sink<'s> {
    put: &'s mut dyn FnMut(&[Value<'_>]) -> Result<(), DemoError>,
    tally: &'s mut Tally,
}

impl<'s> Sink<'s> {
    /// A sink that hands each row on and counts the dirt in it.
    pub(crate) fn new(
        put: &'s mut dyn FnMut(&[Value<'_>]) -> Result<(), DemoError>,
        tally: &'s mut Tally,
    ) -> Self {
        Self { put, tally }
    }

    /// Takes a row.
    pub(crate) fn row(&mut self, values: &[Value<'_>]) -> Result<(), DemoError> {
        (self.put)(values)
    }

    /// Counts dirt in the row that comes next.
    pub(crate) fn count_if(&mut self, condition: bool, dirt: Dirt) {
        self.tally.count_if(condition, dirt);
    }
}

/// The columns with which every bean begins.
pub(crate) const BEAN: &[Column] = &[
    ("id", Type::Id),
    ("date_entered", Type::Datetime),
    ("date_modified", Type::Datetime),
    ("modified_user_id", Type::Id),
    ("created_by", Type::Id),
    ("deleted", Type::Flag),
];

/// The columns of every audit table.
pub(crate) const AUDIT: &[Column] = &[
    ("id", Type::Id),
    ("parent_id", Type::Id),
    ("date_created", Type::Datetime),
    ("created_by", Type::Varchar(36)),
    ("field_name", Type::Varchar(100)),
    ("data_type", Type::Varchar(100)),
    ("before_value_string", Type::Varchar(255)),
    ("after_value_string", Type::Varchar(255)),
    ("before_value_text", Type::Text),
    ("after_value_text", Type::Text),
];

/// The values of [`BEAN`], with room for as many more.
pub(crate) fn bean<'w>(
    backdrop: &'w Backdrop,
    id: Id,
    life: &Life,
    (user, modified, at): (usize, Stamp, Stamp),
    more: usize,
) -> Vec<Value<'w>> {
    let mut row = Vec::with_capacity(BEAN.len() + more);
    let user = user_value(backdrop, user);
    row.extend([
        id.into(),
        life.entered.into(),
        modified.into(),
        user.clone(),
        user,
        life.is_removed(at).into(),
    ]);
    row
}

/// The identifier of a user.
pub(crate) fn user_value(backdrop: &Backdrop, position: usize) -> Value<'_> {
    Value::text(&backdrop.staff.users[position].id)
}

/// The identifier of a currency.
pub(crate) fn currency_value<'v>(backdrop: &Backdrop, currency: Option<usize>) -> Value<'v> {
    match currency {
        Some(index) => currency_id(backdrop.params.seed, index).into(),
        None => Value::text(crate::demo::catalog::codes::BASE_CURRENCY),
    }
}

/// The identifier of a campaign.
pub(crate) fn campaign_value<'v>(backdrop: &Backdrop, campaign: Option<usize>) -> Value<'v> {
    Value::or_null(campaign, |index| backdrop.campaigns[index].id.into())
}

/// One audited field of a row.
pub(crate) struct Audited<'a> {
    /// The row.
    pub(crate) parent: Id,
    /// Tells the audit rows of the row's fields apart.
    pub(crate) part: u16,
    /// Name of the field.
    pub(crate) field: &'a str,
    /// Its data type.
    pub(crate) data_type: &'a str,
    /// Position of the user who changes it.
    pub(crate) user: usize,
}

/// Writes one audit row for each change of a field.
pub(crate) fn audit<'w, T: PartialEq + 'w>(
    (world, at): (&'w World, Stamp),
    sink: &mut Sink<'_>,
    audited: &Audited<'_>,
    chain: &'w Chain<T>,
    show: impl Fn(&'w T) -> Value<'w>,
) -> Result<(), DemoError> {
    for (number, (changed, before, after)) in (0..).zip(chain.moves(at)) {
        let row = [
            audited.parent.child(audited.part, number).into(),
            audited.parent.into(),
            changed.into(),
            user_value(&world.backdrop, audited.user),
            Value::text(audited.field),
            Value::text(audited.data_type),
            show(before),
            show(after),
            Value::Null,
            Value::Null,
        ];
        sink.row(&row)?;
    }
    Ok(())
}

/// The text of a day, for audit rows.
pub(crate) fn day_value<'v>(day: Day) -> Value<'v> {
    Value::owned(String::from_utf8_lossy(&day_text(day)).into_owned())
}
