//! Contacts: the people at a customer.

use super::life::Life;
use crate::demo::catalog::codes::LEAD_SOURCES;
use crate::demo::catalog::people::{DEPARTMENTS, TITLES, person, salutation};
use crate::demo::catalog::place::Place;
use crate::demo::dice::Dice;
use crate::demo::dirt::{IMPOSSIBLE_DATES, rate};
use crate::demo::id::Id;
use crate::demo::time::{Day, Stamp};

/// A date as somebody typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateField {
    /// Not known.
    Missing,
    /// A real day.
    Day(Day),
    /// A text that is no day.
    Impossible(&'static str),
}

impl DateField {
    /// The day, or with the given probability a text that is no day.
    pub(crate) fn typed(dice: &mut Dice, day: Day, impossible: f64) -> Self {
        if dice.chance(impossible) {
            Self::Impossible(dice.pick(&IMPOSSIBLE_DATES))
        } else {
            Self::Day(day)
        }
    }
}

/// A person, as contacts and leads have it.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// How to address the person.
    pub(crate) salutation: &'static str,
    /// First name.
    pub(crate) first_name: &'static str,
    /// Last name.
    pub(crate) last_name: &'static str,
    /// Job title.
    pub(crate) title: &'static str,
    /// Department.
    pub(crate) department: &'static str,
    /// Telephone.
    pub(crate) phone: String,
    /// Date of birth.
    pub(crate) birthdate: DateField,
    /// Whether the person does not want calls.
    pub(crate) do_not_call: bool,
    /// Where the person came from.
    pub(crate) source: &'static str,
    /// Where the person works.
    pub(crate) place: &'static Place,
}

impl Person {
    /// Draws somebody who works at a place.
    pub(crate) fn draw(dice: &mut Dice, place: &'static Place) -> Self {
        let (first_name, last_name) = person(dice, place.culture);
        Self {
            salutation: salutation(dice),
            first_name,
            last_name,
            title: dice.pick(&TITLES),
            department: dice.pick(&DEPARTMENTS),
            phone: format!("{} {}", place.dial, dice.between(2_000_000, 8_999_999)),
            birthdate: birthdate(dice),
            do_not_call: dice.chance(0.06),
            source: dice.pick(&LEAD_SOURCES),
            place,
        }
    }
}

/// Two of three birthdates are not known.
fn birthdate(dice: &mut Dice) -> DateField {
    if dice.chance(0.35) {
        let day = Day(dice.between(-5_500, 12_700));
        DateField::typed(dice, day, rate::BIRTHDATE_IMPOSSIBLE)
    } else {
        DateField::Missing
    }
}

/// A contact.
#[derive(Debug, Clone)]
pub(crate) struct Contact {
    /// Identifier.
    pub(crate) id: Id,
    /// When it appears and goes.
    pub(crate) life: Life,
    /// The person.
    pub(crate) person: Person,
    /// The account that the person works for.
    pub(crate) account: Id,
    /// Position of the user who looks after the person.
    pub(crate) user: usize,
    /// Position of the campaign that brought the person.
    pub(crate) campaign: Option<usize>,
    /// The contact whom the person reports to.
    pub(crate) reports_to: Option<Id>,
}

impl Contact {
    /// Writes down somebody new.
    pub(crate) fn enter(id: Id, account: Id, person: Person, user: usize, at: Stamp) -> Self {
        Self {
            id,
            life: Life::from(at),
            person,
            account,
            user,
            campaign: None,
            reports_to: None,
        }
    }
}
