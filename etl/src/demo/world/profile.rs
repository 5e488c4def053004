//! What a customer is like, which decides how often and how much it buys and how long it stays.

use crate::demo::catalog::codes::{INDUSTRIES, INDUSTRY_WEIGHTS};
use crate::demo::catalog::goods::GROUPS;
use crate::demo::catalog::place::{PLACES, Place};
use crate::demo::dice::Dice;
use crate::demo::time::Day;

/// The size of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// Up to fifty people.
    Small,
    /// Up to five hundred.
    Medium,
    /// More.
    Large,
}

/// The nature of a customer.
#[derive(Debug)]
pub(crate) struct Profile {
    /// Where it is.
    pub(crate) place: &'static Place,
    /// Its size.
    pub(crate) size: Size,
    /// Its true industry.
    pub(crate) industry: &'static str,
    /// The currency that it buys in.
    pub(crate) currency: Option<usize>,
    /// Opportunities in a plain month.
    pub(crate) opportunities: f64,
    /// Orders without an opportunity in a plain month.
    pub(crate) orders: f64,
    /// Cases in a plain month.
    pub(crate) cases: f64,
    /// Activities in a plain month, besides those of opportunities and cases.
    pub(crate) contacts: f64,
    /// Probability of turning away, in a plain month.
    pub(crate) fragility: f64,
    /// The group that it mostly buys from.
    pub(crate) favourite: usize,
}

impl Profile {
    /// Draws a customer.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let place = &PLACES[dice.weighted(&PLACES.each_ref().map(|place| place.weight))];
        let size = [Size::Small, Size::Medium, Size::Large][dice.weighted(&[70, 24, 6])];
        let factor = match size {
            Size::Small => 0.85,
            Size::Medium => 1.25,
            Size::Large => 1.8,
        };
        let appetite = dice.gamma(3) * factor;
        let pays_in_dollars = dice.chance(0.06);
        Self {
            place,
            size,
            industry: INDUSTRIES[dice.weighted(&INDUSTRY_WEIGHTS)],
            currency: place.currency.filter(|_| !pays_in_dollars),
            opportunities: 0.17 * appetite,
            orders: 0.16 * appetite * dice.within(0.5, 1.5),
            cases: 0.27 * factor * dice.gamma(4),
            contacts: 0.28 * factor,
            fragility: 0.016 * dice.gamma(4),
            favourite: dice.below(GROUPS.len()),
        }
    }

    /// How many times as much as a small customer it takes of everything.
    pub(crate) fn bulk(&self) -> f64 {
        match self.size {
            Size::Small => 1.0,
            Size::Medium => 1.7,
            Size::Large => 3.5,
        }
    }
}

/// How a customer feels and where it stands.
#[derive(Debug)]
pub(crate) struct Mood {
    /// From 0, furious, to 1, delighted.
    pub(crate) satisfaction: f64,
    /// When it began to turn away and when it is gone.
    pub(crate) decline: Option<(Day, Day)>,
    /// Whether staff notes down that it is gone.
    pub(crate) says_farewell: bool,
    /// The campaign that moved it, and until when.
    pub(crate) moved_by: Option<(usize, Day)>,
}

impl Mood {
    /// A customer that has just arrived.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        Self {
            satisfaction: dice.within(0.62, 0.92),
            decline: None,
            says_farewell: false,
            moved_by: None,
        }
    }

    /// Whether it is turning away on a day.
    pub(crate) fn is_declining(&self, day: Day) -> bool {
        self.decline.is_some_and(|(from, _)| from <= day)
    }

    /// How much it still buys on a day, of what it used to.
    pub(crate) fn appetite(&self, day: Day) -> f64 {
        match self.decline {
            Some((_, gone)) if gone <= day => 0.0,
            Some((from, _)) if from <= day => 0.5,
            _ => 1.0,
        }
    }

    /// The campaign that still has effect on a day.
    pub(crate) fn campaign(&self, day: Day) -> Option<usize> {
        self.moved_by
            .filter(|(_, until)| day <= *until)
            .map(|(campaign, _)| campaign)
    }

    /// Changes the satisfaction within its bounds.
    pub(crate) fn shift(&mut self, by: f64) {
        self.satisfaction = (self.satisfaction + by).clamp(0.03, 0.98);
    }
}
