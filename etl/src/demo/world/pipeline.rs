//! Opportunities on their way through the stages.

use super::basket::Pick;
use super::customer::{Customer, Part};
use super::document::subtotal;
use super::life::{Chain, Life};
use crate::demo::catalog::codes::{
    LEAD_SOURCES, LOST, NEXT_STEPS, QUOTE_STAGE, ROLES, STAGES, WON,
};
use crate::demo::catalog::goods::CATEGORIES;
use crate::demo::dirt::rate;
use crate::demo::id::Id;
use crate::demo::time::{Day, Stamp};

/// An opportunity.
#[derive(Debug)]
pub(crate) struct Opportunity {
    /// Identifier.
    pub(crate) id: Id,
    /// When it appears and goes.
    pub(crate) life: Life,
    /// Name.
    pub(crate) name: String,
    /// Account.
    pub(crate) account: Id,
    /// Contact, with its role.
    pub(crate) contact: (Id, &'static str),
    /// Whether the customer bought nothing before.
    pub(crate) is_new_business: bool,
    /// Where it came from.
    pub(crate) source: &'static str,
    /// Position of the campaign behind it.
    pub(crate) campaign: Option<usize>,
    /// What is to be done next.
    pub(crate) next_step: &'static str,
    /// Currency.
    pub(crate) currency: Option<usize>,
    /// Position of the user who pursues it.
    pub(crate) user: usize,
    /// Stage over time.
    pub(crate) stage: Chain<&'static str>,
    /// Amount in cents over time.
    pub(crate) amount: Chain<i64>,
    /// Expected or real day of closing over time.
    pub(crate) closes: Chain<Day>,
}

/// What others need to know of an opportunity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deal {
    /// Identifier.
    pub(crate) id: Id,
    /// First amount, in cents.
    pub(crate) amount: i64,
}

/// The probability in percent that goes with a stage.
pub(crate) fn probability(stage: &str) -> i64 {
    match stage {
        WON => 100,
        LOST => 0,
        _ => STAGES
            .iter()
            .find(|(name, _, _)| *name == stage)
            .map_or(10, |(_, percent, _)| *percent),
    }
}

/// Where the way through the stages ends.
struct Route {
    first: usize,
    is_won: bool,
    lost_at: usize,
    pace: f64,
}

impl Customer<'_> {
    /// Opens an opportunity and follows it to its end: quote, decision, perhaps reopening, invoice.
    pub(super) fn pursue(&mut self, opened: Stamp, is_first: bool) -> Deal {
        let route = self.route(opened, is_first);
        let picks = self.basket(opened, 1.6);
        let estimate = subtotal(&self.price(&picks, opened));
        let mut opportunity = self.open(opened, &picks, (route.first, estimate));
        let quoted = self.walk(&mut opportunity, &route);
        let mut document = None;
        if let Some(quoted) = quoted {
            let quote = self.quote(&opportunity, &picks, quoted);
            let total = subtotal(&quote.document.lines);
            opportunity.amount.push(quoted.plus_seconds(300), total);
            document = Some((quote.document.id, self.rows.quotes.len()));
            self.rows.quotes.push(quote);
        }
        let deal = Deal {
            id: opportunity.id,
            amount: estimate,
        };
        if *opportunity.stage.last() == WON {
            let won = opportunity.stage.changed(Stamp(i64::MAX)).unwrap_or(opened);
            self.first_win = Some(self.first_win.map_or(won, |first| first.min(won)));
            self.invoice_deal(&picks, document.map(|(_, row)| row), won);
        } else if document.is_none() && !is_first {
            self.maybe_delete(&mut opportunity);
        }
        if opportunity.life.removed.is_none() {
            self.work_on(&opportunity);
        }
        self.rows.opportunities.push(opportunity);
        deal
    }

    fn route(&mut self, opened: Stamp, is_first: bool) -> Route {
        let mood = 0.75 + 0.35 * self.mood.satisfaction;
        let decline = if self.mood.is_declining(opened.day()) {
            0.6
        } else {
            1.0
        };
        let is_won = self.dice.chance(0.49 * mood * decline);
        let first = if is_first || self.dice.chance(0.4) {
            0
        } else {
            1
        };
        let weights = [10, 18, 14, 12, 8, 8, 17, 13];
        let lost_at = self.dice.weighted(&weights).max(first);
        let pace = if is_first { 1.25 } else { 0.85 };
        Route {
            first,
            is_won,
            lost_at,
            pace,
        }
    }

    fn open(&mut self, at: Stamp, picks: &[Pick], (stage, estimate): (usize, i64)) -> Opportunity {
        let contact = self.contact(at);
        let campaign = self.mood.campaign(at.day());
        let rounded = (estimate / 10_000).max(1) * 10_000;
        let main = picks.first().map_or(0, |pick| pick.product);
        let stem = CATEGORIES[self.backdrop.products.items[main].category].name;
        let name: String = format!("{stem} - {}", self.account.name)
            .chars()
            .take(50)
            .collect();
        let days = self.dice.between(25, 58);
        Opportunity {
            id: self.next_id(Part::Opportunity),
            life: Life::from(at),
            name: name.trim_end().to_owned(),
            account: self.account.id,
            contact: (contact, self.dice.pick(&ROLES)),
            is_new_business: self.first_win.is_none_or(|won| won > at),
            source: match campaign {
                Some(_) => crate::demo::catalog::codes::CAMPAIGN_SOURCE,
                None => self.dice.pick(&LEAD_SOURCES),
            },
            campaign,
            next_step: self.dice.pick(&NEXT_STEPS),
            currency: self.profile.currency,
            user: self.user(at),
            stage: Chain::new(STAGES[stage].0),
            amount: Chain::new(rounded),
            closes: Chain::new(at.day().plus(days)),
        }
    }

    /// Walks through the stages and says when a quote was due, if the way led past one.
    fn walk(&mut self, opportunity: &mut Opportunity, route: &Route) -> Option<Stamp> {
        let mut at = opportunity.life.entered;
        let mut stage = route.first;
        let mut quoted = None;
        loop {
            if stage == QUOTE_STAGE {
                quoted = Some(at.plus_seconds(1_200));
            }
            let days = f64::from(STAGES[stage].2) * route.pace * self.dice.within(0.3, 1.9);
            at = self.later(at, 1, (days * 1.4) as i32 + 1);
            let skips = usize::from(self.dice.chance(0.22)) + usize::from(self.dice.chance(0.06));
            let is_lost_here = !route.is_won && stage >= route.lost_at;
            if is_lost_here || stage + 1 >= STAGES.len() {
                break;
            }
            self.postpone(opportunity, at);
            stage = (stage + 1 + skips).min(STAGES.len() - 1);
            opportunity.stage.push(at, STAGES[stage].0);
        }
        self.close(opportunity, at, route.is_won);
        quoted
    }

    /// Moves the expected day of closing when it comes near.
    fn postpone(&mut self, opportunity: &mut Opportunity, at: Stamp) {
        if opportunity.closes.last().0 < at.day().0 + 4 {
            let expected = at.day().plus(self.dice.between(18, 55));
            opportunity.closes.push(at, expected);
        }
    }

    /// Closes the opportunity; some lost ones and few won ones are opened once more.
    fn close(&mut self, opportunity: &mut Opportunity, at: Stamp, is_won: bool) {
        let outcome = |is_won| if is_won { WON } else { LOST };
        decide(opportunity, at, outcome(is_won));
        if !self.dice.chance(if is_won { 0.008 } else { 0.05 }) {
            return;
        }
        let reopened = self.later(at, 3, 55);
        opportunity.stage.push(reopened, STAGES[STAGES.len() - 1].0);
        let expected = reopened.day().plus(30);
        opportunity.closes.push(reopened, expected);
        let again = self.later(reopened, 4, 26);
        let second = is_won || self.dice.chance(0.55);
        decide(opportunity, again, outcome(second));
    }

    /// Marks an opportunity that led to no document as deleted, some time after it was closed.
    fn maybe_delete(&mut self, opportunity: &mut Opportunity) {
        if self.dice.chance(rate::OPPORTUNITY_DELETED) {
            let closed = opportunity.closes.changed(Stamp(i64::MAX));
            let last = closed.unwrap_or(opportunity.life.entered);
            let at = self.some_night(last, 120);
            opportunity.life.remove(&mut self.dice, at);
        }
    }
}

fn decide(opportunity: &mut Opportunity, at: Stamp, stage: &'static str) {
    opportunity.stage.push(at, stage);
    opportunity.closes.push(at, at.day());
}

impl Opportunity {
    /// The last time that the row was written, as of an instant.
    pub(crate) fn modified(&self, at: Stamp) -> Stamp {
        let changes = [
            self.stage.changed(at),
            self.amount.changed(at),
            self.closes.changed(at),
        ];
        self.life.modified(at, changes)
    }
}
