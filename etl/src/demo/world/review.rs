//! How a customer and its account change with time: mood, rating, industry, owner.

use super::account::Owner;
use super::customer::{Customer, Span};
use crate::demo::catalog::codes::{INDUSTRIES, RATINGS};
use crate::demo::time::Stamp;

impl Customer<'_> {
    /// Decides whether the customer begins to turn away; complaints and dissatisfaction come first, then silence.
    pub(super) fn weigh_leaving(&mut self, span: Span) {
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

    /// Looks at the account: rating, industry and the seat that serves it can change. Half of the ratings change in
    /// the monthly credit review, in the first night of the month.
    pub(super) fn review_account(&mut self, span: Span) {
        let at = self.working_moment(span);
        let night = span
            .first
            .start()
            .plus_seconds(3_600 + (self.index % 600).cast_signed() * 10);
        let is_monthly = self.dice.chance(0.5) && night > self.account.life.entered;
        self.review_rating(if is_monthly { night } else { at });
        self.review_industry(at);
        if self.dice.chance(0.004) {
            let region = self.profile.place.region;
            let seat = self.backdrop.staff.seat_for(&mut self.dice, region);
            self.seats.push((at, seat));
        }
    }

    /// Moves the rating up or down by one; dissatisfied customers are rated worse.
    fn review_rating(&mut self, at: Stamp) {
        let worse = self.mood.satisfaction < 0.5;
        if self.dice.chance(if worse { 0.06 } else { 0.011 }) {
            let now = RATINGS
                .iter()
                .position(|rating| rating == self.account.rating.last());
            let now = now.unwrap_or(1);
            let next = if worse || self.dice.chance(0.4) {
                now + 1
            } else {
                now.saturating_sub(1)
            };
            self.account
                .rating
                .push(at, RATINGS[next.min(RATINGS.len() - 1)]);
        }
    }

    /// Corrects the industry; one that is missing is more likely to be noticed.
    fn review_industry(&mut self, at: Stamp) {
        let is_known = self
            .account
            .industry
            .last()
            .is_some_and(|code| !code.is_empty());
        if self.dice.chance(if is_known { 0.0018 } else { 0.03 }) {
            let other = self.dice.pick(&INDUSTRIES);
            let code = if is_known {
                other
            } else {
                self.profile.industry
            };
            self.account.industry.push(at, Some(code));
        }
    }

    /// Brings the changes that depend on the whole life into order and hands the account over.
    pub(super) fn close_books(mut self) {
        if let Some(won) = self.first_win {
            self.account.kind.push(won, "Customer");
        }
        if let Some((_, gone)) = self.mood.decline
            && self.mood.says_farewell
        {
            self.account
                .kind
                .push(gone.plus(20).start().plus_seconds(32_400), "Other");
        }
        if matches!(self.account.owner.last(), Owner::User(_)) {
            for (at, user) in self.owners() {
                self.account.owner.push(at, Owner::User(user));
            }
        }
        self.rows.accounts.push(self.account);
        self.rows.accounts.extend(self.twin);
    }

    /// Who looked after the account from when on: its seat changed, or the seat changed hands.
    fn owners(&self) -> Vec<(Stamp, usize)> {
        let staff = &self.backdrop.staff;
        let turn = (self.index % 60).cast_signed() * 900;
        let ends = self.seats.iter().skip(1).map(|(begins, _)| *begins);
        let ends = ends.chain([Stamp(i64::MAX)]);
        let mut owners = Vec::new();
        for (&(begins, seat), end) in self.seats.iter().zip(ends) {
            owners.push((begins, staff.holder(seat, begins)));
            let handovers = staff.handovers(seat, begins);
            let late = handovers.map(|(at, user)| (at.plus_seconds(turn), user));
            owners.extend(late.filter(|(at, _)| *at < end));
        }
        owners
    }
}
