//! One customer from its arrival to its end, month by month.
//!
//! What a customer does is spread over the files of the things it does (`pipeline`, `sale`, `service`, …), each an
//! `impl Customer`; this file is the loop that calls them.

use super::account::Account;
use super::profile::{Mood, Profile};
use super::{Backdrop, Rows};
use crate::demo::catalog::place::Region;
use crate::demo::dice::{Dice, Stream};
use crate::demo::id::Id;
use crate::demo::time::{Day, Stamp};

/// What belongs to a customer; each kind of thing is numbered on its own.
#[derive(Debug, Clone, Copy)]
#[repr(u16)]
pub(crate) enum Part {
    /// A second account for the same company.
    Twin = 1,
    /// A contact.
    Contact,
    /// The lead that it came from.
    Lead,
    /// An opportunity.
    Opportunity,
    /// A quote.
    Quote,
    /// An invoice.
    Invoice,
    /// A line without an invoice.
    Stray,
    /// A case.
    Case,
    /// A call, meeting or e-mail.
    Activity,
    /// An entry of the campaign log.
    Touch,
    /// An answer to a survey.
    Response,
    /// Something that does not exist.
    Nowhere,
}

/// The days of one month on which a customer can act.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// First day.
    pub(crate) first: Day,
    /// Number of days.
    pub(crate) days: i32,
}

/// A customer being simulated.
pub(crate) struct Customer<'w> {
    pub(super) backdrop: &'w Backdrop,
    pub(super) rows: &'w mut Rows,
    pub(super) dice: Dice,
    pub(super) profile: Profile,
    pub(super) mood: Mood,
    /// The seats that served the customer, with when each began to.
    pub(super) seats: Vec<(Stamp, usize)>,
    pub(super) account: Account,
    pub(super) twin: Option<Account>,
    pub(super) contacts: Vec<(Id, Stamp)>,
    pub(super) first_win: Option<Stamp>,
    pub(super) first_contact: usize,
    pub(super) index: u64,
    counters: [u64; 16],
}

impl<'w> Customer<'w> {
    /// Lets the customer arrive: account, contacts, perhaps the lead that it was before.
    pub(crate) fn arrive(
        backdrop: &'w Backdrop,
        rows: &'w mut Rows,
        index: u64,
        at: Stamp,
    ) -> Self {
        let mut dice = Dice::new(backdrop.params.seed, Stream::Customer, index);
        let profile = Profile::draw(&mut dice);
        let seat = backdrop.staff.seat_for(&mut dice, profile.place.region);
        let user = backdrop.staff.holder(seat, at);
        let account = Account::enter(backdrop, &mut dice, &profile, index, (user, at));
        let mut customer = Self {
            backdrop,
            rows,
            mood: Mood::draw(&mut dice),
            dice,
            profile,
            seats: vec![(at, seat)],
            account,
            twin: None,
            contacts: Vec::new(),
            first_win: None,
            first_contact: 0,
            index,
            counters: [0; 16],
        };
        customer.enter_contacts(at, user);
        customer.enter_twin(at);
        if at >= backdrop.start.start() {
            customer.convert_lead(at, user);
        }
        customer
    }

    /// Lives month by month until it is gone or the horizon is reached, then writes its account down.
    pub(crate) fn live(mut self) {
        let arrived = self.account.life.entered.day();
        let mut day = arrived.max(self.backdrop.start);
        while day <= self.backdrop.horizon && self.mood.appetite(day) > 0.0 {
            let next = day.next_month();
            let span = Span {
                first: day,
                days: next.0 - day.0,
            };
            self.live_month(span);
            day = next;
        }
        self.close_books();
    }

    fn live_month(&mut self, span: Span) {
        self.receive_campaigns(span);
        self.review_account(span);
        let share = f64::from(span.days) / 30.0 * self.mood.appetite(span.first);
        let season = span.first.season();
        let lift = if self.mood.campaign(span.first).is_some() {
            1.7
        } else {
            1.0
        };
        for _ in 0..self
            .dice
            .poisson(self.profile.opportunities * share * season * lift)
        {
            let at = self.working_moment(span);
            self.pursue(at, false);
        }
        for _ in 0..self
            .dice
            .poisson(self.profile.orders * share * season * lift)
        {
            let at = self.working_moment(span);
            self.order(at);
        }
        self.open_cases(span);
        self.keep_in_touch(span);
        self.answer_quarterly(span);
        self.weigh_leaving(span);
    }

    /// The identifier of the next thing of a kind.
    pub(super) fn next_id(&mut self, part: Part) -> Id {
        let counter = &mut self.counters[part as usize];
        *counter += 1;
        self.account.id.child(part as u16, *counter)
    }

    /// A contact who was known at an instant.
    pub(super) fn contact(&mut self, at: Stamp) -> Id {
        let known = self
            .contacts
            .iter()
            .take_while(|(_, entered)| *entered <= at)
            .count();
        let position = self.dice.below(known.max(1));
        self.contacts[position].0
    }

    /// Who serves the customer at an instant.
    pub(super) fn user(&self, at: Stamp) -> usize {
        let begun = self.seats.iter().rev().find(|(begins, _)| *begins <= at);
        let (_, seat) = begun.unwrap_or(&self.seats[0]);
        self.backdrop.staff.holder(*seat, at)
    }

    /// An instant in a span at which the customer is at work.
    pub(super) fn working_moment(&mut self, span: Span) -> Stamp {
        let day = span
            .first
            .plus(self.dice.below(span.days.max(1) as usize) as i32);
        self.working_hours(day)
    }

    /// An instant so many days after another, at work.
    pub(super) fn later(&mut self, at: Stamp, low: i32, high: i32) -> Stamp {
        let day = at.day().plus(self.dice.between(low, high));
        let moment = self.working_hours(day);
        if moment > at {
            moment
        } else {
            at.plus_seconds(i64::from(self.dice.between(900, 14_000)))
        }
    }

    /// An instant in one of the nights after another: somebody marks what is to go, a job does the rest.
    pub(super) fn some_night(&mut self, at: Stamp, days: i32) -> Stamp {
        let night = at.day().plus(self.dice.between(2, days)).start();
        night.plus_seconds(i64::from(self.dice.between(0, 18_000)))
    }

    /// An instant in the working hours of a day, or of a later day if nobody works on it.
    fn working_hours(&mut self, day: Day) -> Stamp {
        let mut day = day;
        if self.profile.place.region == Region::China
            && day.is_new_year_rest()
            && !self.dice.chance(0.12)
        {
            day = day.plus(15);
        }
        if day.weekday() > 4 && !self.dice.chance(0.1) {
            day = day.plus(7 - day.weekday());
        }
        let local = i64::from(self.dice.between(8 * 3600, 18 * 3600));
        let earliest = self.account.life.entered.plus_seconds(600);
        day.start()
            .plus_seconds(local - self.profile.place.utc_offset * 3600)
            .max(earliest)
    }
}
