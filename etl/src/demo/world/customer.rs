//! One customer from its arrival to its end, month by month.
//!
//! What a customer does is spread over the files of the things it does (`pipeline`, `sale`, `service`, …), each an
//! `impl Customer`; this file is the loop that calls them.

use super::account::{Account, Owner};
use super::contact::{Contact, Person};
use super::lead::Lead;
use super::profile::{Mood, Profile};
use super::{Backdrop, Rows};
use crate::demo::catalog::place::Region;
use crate::demo::catalog::codes::RATINGS;
use crate::demo::dice::{Dice, Stream};
use crate::demo::dirt::rate;
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
    pub(super) seat: usize,
    pub(super) account: Account,
    pub(super) twin: Option<Account>,
    pub(super) contacts: Vec<(Id, Stamp)>,
    pub(super) first_win: Option<Stamp>,
    first_contact: usize,
    index: u64,
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
            seat,
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
        let lift = if self.mood.campaign(span.first).is_some() { 1.7 } else { 1.0 };
        for _ in 0..self.dice.poisson(self.profile.opportunities * share * season * lift) {
            let at = self.working_moment(span);
            self.pursue(at, false);
        }
        for _ in 0..self.dice.poisson(self.profile.orders * share * season * lift) {
            let at = self.working_moment(span);
            self.order(at);
        }
        self.open_cases(span);
        self.keep_in_touch(span);
        self.answer_quarterly(span);
        self.weigh_leaving(span);
    }

    /// Decides whether the customer begins to turn away; complaints and dissatisfaction come first, then silence.
    fn weigh_leaving(&mut self, span: Span) {
        if self.mood.is_declining(span.first) {
            self.mood.shift(-0.11);
            return;
        }
        let discontent = (1.25 - self.mood.satisfaction) * 1.9;
        let hazard = self.profile.fragility * discontent * f64::from(span.days) / 30.0;
        if self.dice.chance(hazard) {
            let from = span.first.plus(span.days);
            self.mood.decline = Some((from, from.plus(self.dice.between(60, 130))));
            self.mood.says_farewell = self.dice.chance(0.3);
            self.mood.shift(-0.15);
        }
        let pull = (0.76 - self.mood.satisfaction) * 0.12;
        let noise = self.dice.normal() * 0.02;
        self.mood.shift(pull + noise);
    }

    /// Lets staff look at the account: rating, industry and the seat that serves it can change.
    fn review_account(&mut self, span: Span) {
        let at = self.working_moment(span);
        let worse = self.mood.satisfaction < 0.5;
        if self.dice.chance(if worse { 0.06 } else { 0.008 }) {
            let now = RATINGS.iter().position(|rating| rating == self.account.rating.last());
            let now = now.unwrap_or(1);
            let next = if worse || self.dice.chance(0.4) { now + 1 } else { now.saturating_sub(1) };
            self.account.rating.push(at, RATINGS[next.min(RATINGS.len() - 1)]);
        }
        let is_known = self.account.industry.last().is_some_and(|code| !code.is_empty());
        if self.dice.chance(if is_known { 0.0018 } else { 0.03 }) {
            let other = self.dice.pick(&crate::demo::catalog::codes::INDUSTRIES);
            let code = if is_known { other } else { self.profile.industry };
            self.account.industry.push(at, Some(code));
        }
    }

    /// Brings the changes that depend on the whole life into order and hands the account over.
    fn close_books(mut self) {
        let entered = self.account.life.entered;
        if let Some(won) = self.first_win {
            self.account.kind.push(won, "Customer");
        }
        if let Some((_, gone)) = self.mood.decline
            && self.mood.says_farewell
        {
            self.account.kind.push(gone.plus(20).start().plus_seconds(32_400), "Other");
        }
        if matches!(self.account.owner.last(), Owner::User(_)) {
            for (at, user) in self.backdrop.staff.handovers(self.seat, entered) {
                let turn = (self.index % 60).cast_signed() * 900;
                self.account.owner.push(at.plus_seconds(turn), Owner::User(user));
            }
        }
        self.rows.accounts.push(self.account);
        self.rows.accounts.extend(self.twin);
    }

    fn enter_contacts(&mut self, at: Stamp, user: usize) {
        let most = 1.0 + self.profile.bulk();
        let count = 1 + self.dice.below(most as usize + 1);
        self.first_contact = self.rows.contacts.len();
        let mut chief = None;
        for position in 0..count as i32 {
            let later = self.dice.between(0, 200) * position;
            let entered = at.plus_days(later).plus_seconds(i64::from(60 * position));
            let person = Person::draw(&mut self.dice, self.profile.place);
            let id = self.next_id(Part::Contact);
            let mut contact = Contact::enter(id, self.account.id, person, user, entered);
            contact.reports_to = chief.filter(|_| self.dice.chance(0.5));
            chief = chief.or(Some(id));
            self.contacts.push((id, entered));
            self.rows.contacts.push(contact);
        }
    }

    fn enter_twin(&mut self, at: Stamp) {
        if !self.dice.chance(rate::DUPLICATE_ACCOUNT) {
            return;
        }
        let from = at.max(self.backdrop.start.start());
        let entered = from.plus_days(self.dice.between(20, 400));
        let user = self.backdrop.staff.holder(self.seat, entered);
        let twin = self.account.enter_again(&mut self.dice, user, entered);
        let id = self.next_id(Part::Contact);
        let person = self.rows.contacts.last().map(|contact| contact.person.clone());
        if let Some(person) = person {
            let mut contact = Contact::enter(id, twin.id, person, user, entered);
            contact.life = twin.life;
            self.rows.contacts.push(contact);
        }
        self.twin = Some(twin);
    }

    /// Most customers were leads before; the first opportunity comes with the conversion.
    fn convert_lead(&mut self, at: Stamp, user: usize) {
        if self.dice.chance(0.72) {
            let opportunity = self.pursue(at, true);
            let id = self.next_id(Part::Lead);
            let person = self.rows.contacts[self.first_contact].person.clone();
            let lead = Lead::converted(self, (id, person), opportunity, (user, at));
            self.account.campaign = lead.campaign;
            self.rows.leads.push(lead);
        }
    }

    /// The identifier of the next thing of a kind.
    pub(super) fn next_id(&mut self, part: Part) -> Id {
        let counter = &mut self.counters[part as usize];
        *counter += 1;
        self.account.id.child(part as u16, *counter)
    }

    /// A contact who was known at an instant.
    pub(super) fn contact(&mut self, at: Stamp) -> Id {
        let known = self.contacts.iter().take_while(|(_, entered)| *entered <= at).count();
        let position = self.dice.below(known.max(1));
        self.contacts[position].0
    }

    /// Who serves the customer at an instant.
    pub(super) fn user(&self, at: Stamp) -> usize {
        self.backdrop.staff.holder(self.seat, at)
    }

    /// An instant in a span at which the customer is at work.
    pub(super) fn working_moment(&mut self, span: Span) -> Stamp {
        let day = span.first.plus(self.dice.below(span.days.max(1) as usize) as i32);
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

    /// An instant in the working hours of a day, or of a later day if nobody works on it.
    fn working_hours(&mut self, day: Day) -> Stamp {
        let mut day = day;
        if self.profile.place.region == Region::China && day.is_new_year_rest() && !self.dice.chance(0.12) {
            day = day.plus(15);
        }
        if day.weekday() > 4 && !self.dice.chance(0.1) {
            day = day.plus(7 - day.weekday());
        }
        let local = i64::from(self.dice.between(8 * 3600, 18 * 3600));
        let earliest = self.account.life.entered.plus_seconds(600);
        day.start().plus_seconds(local - self.profile.place.utc_offset * 3600).max(earliest)
    }
}
