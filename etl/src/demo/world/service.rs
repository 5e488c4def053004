//! Cases: requests and complaints from opening to closing, with their updates.

use super::customer::{Customer, Part, Span};
use super::life::{Chain, Life};
use super::staff::Team;
use crate::demo::catalog::service::{
    COMPLAINT_NAMES, COMPLAINTS, REQUEST_NAMES, REQUESTS, RESOLUTIONS, UPDATE_TEXTS,
};
use crate::demo::dirt::rate;
use crate::demo::id::Id;
use crate::demo::time::Stamp;

/// A case.
#[derive(Debug)]
pub(crate) struct Case {
    /// Identifier.
    pub(crate) id: Id,
    /// When it appears and goes; its updates go with it.
    pub(crate) life: Life,
    /// Running number.
    pub(crate) number: i64,
    /// Title.
    pub(crate) name: &'static str,
    /// Kind of request or complaint.
    pub(crate) kind: &'static str,
    /// Account.
    pub(crate) account: Id,
    /// Whether the account never existed.
    pub(crate) has_wrong_account: bool,
    /// The contact who opened it.
    pub(crate) contact: Id,
    /// Position of the user who works on it.
    pub(crate) user: usize,
    /// Status over time.
    pub(crate) status: Chain<&'static str>,
    /// Priority over time.
    pub(crate) priority: Chain<&'static str>,
    /// How it was resolved, once it is closed.
    pub(crate) resolution: &'static str,
    /// Updates: when, by the contact or by staff, what.
    pub(crate) updates: Vec<Update>,
}

/// An update of a case.
#[derive(Debug)]
pub(crate) struct Update {
    /// When it was written.
    pub(crate) at: Stamp,
    /// Whether the contact wrote it.
    pub(crate) by_contact: bool,
    /// Whether only staff may read it.
    pub(crate) is_internal: bool,
    /// What it says.
    pub(crate) text: &'static str,
}

/// The state that goes with a status.
pub(crate) fn state(status: &str) -> &'static str {
    if status.starts_with("Closed") {
        "Closed"
    } else {
        "Open"
    }
}

impl Case {
    /// The last time that the row was written, as of an instant.
    pub(crate) fn modified(&self, at: Stamp) -> Stamp {
        self.life
            .modified(at, [self.status.changed(at), self.priority.changed(at)])
    }
}

impl Customer<'_> {
    /// Opens the cases of a month: who turns away complains three times as often.
    pub(super) fn open_cases(&mut self, span: Span) {
        let declining = self.mood.is_declining(span.first);
        let factor = if declining { 2.8 } else { 1.0 };
        let mean = self.profile.cases * factor * f64::from(span.days) / 30.0;
        for _ in 0..self.dice.poisson(mean) {
            let at = self.working_moment(span);
            let is_complaint = self.dice.chance(if declining { 0.78 } else { 0.3 });
            let case = self.open_case(at, is_complaint);
            self.rows.cases.push(case);
        }
    }

    fn open_case(&mut self, at: Stamp, is_complaint: bool) -> Case {
        let has_wrong_account = self.dice.chance(rate::CASE_ACCOUNT_ORPHAN);
        let account = if has_wrong_account {
            self.next_id(Part::Nowhere)
        } else {
            self.account.id
        };
        let seat = self.backdrop.staff.seat_in(&mut self.dice, Team::Service);
        let mut case = Case {
            id: self.next_id(Part::Case),
            life: Life::from(at),
            number: 0,
            name: self.dice.pick(if is_complaint {
                &COMPLAINT_NAMES[..]
            } else {
                &REQUEST_NAMES
            }),
            kind: self.case_kind(is_complaint),
            account,
            has_wrong_account,
            contact: self.contact(at),
            user: self.backdrop.staff.holder(seat, at),
            status: Chain::new("Open_New"),
            priority: Chain::new(["P1", "P2", "P3"][self.dice.weighted(&[1, 4, 5])]),
            resolution: self.dice.pick(&RESOLUTIONS),
            updates: Vec::new(),
        };
        let closed = self.work_case(&mut case, is_complaint);
        self.end_case(&mut case, closed);
        if is_complaint {
            let slow = (closed.0 - at.0) > 12 * 86_400;
            self.mood.shift(if slow { -0.06 } else { -0.02 });
        }
        if case.life.removed.is_none() && case.life.vanished.is_none() {
            self.talk_about_case(&case, closed);
            self.answer_after_case(closed);
        }
        case
    }

    fn case_kind(&mut self, is_complaint: bool) -> &'static str {
        if is_complaint {
            COMPLAINTS[self.dice.weighted(&COMPLAINTS.map(|(_, weight)| weight))].0
        } else {
            REQUESTS[self.dice.weighted(&[6, 3, 1])]
        }
    }

    /// Assigns, asks back, closes and sometimes reopens the case; says when it was closed for good.
    fn work_case(&mut self, case: &mut Case, is_complaint: bool) -> Stamp {
        let mut at = self.later(case.life.entered, 0, 2);
        case.status.push(at, "Open_Assigned");
        self.update(case, at, false);
        if self.dice.chance(if is_complaint { 0.45 } else { 0.25 }) {
            at = self.later(at, 0, 4);
            case.status.push(at, "Open_Pending Input");
            self.update(case, at, false);
            at = self.later(at, 1, 9);
            case.status.push(at, "Open_Assigned");
            self.update(case, at, true);
        }
        if is_complaint && self.dice.chance(0.12) {
            case.priority.push(at.plus_seconds(5), "P1");
        }
        let patience = 1.6 - self.mood.satisfaction;
        let days = if is_complaint { 14.0 } else { 7.0 } * patience;
        at = self.later(at, 0, days as i32 + 1);
        self.close_case(case, at);
        if self.dice.chance(if is_complaint { 0.1 } else { 0.04 }) {
            at = self.later(at, 1, 25);
            case.status.push(at, "Open_Assigned");
            self.update(case, at, true);
            at = self.later(at, 1, 12);
            self.close_case(case, at);
        }
        at
    }

    fn close_case(&mut self, case: &mut Case, at: Stamp) {
        let status = if self.dice.chance(rate::CASE_STATUS_UNKNOWN) {
            "Closed_Archived"
        } else {
            ["Closed_Closed", "Closed_Rejected", "Closed_Duplicate"]
                [self.dice.weighted(&[90, 6, 4])]
        };
        self.update(case, at.plus_seconds(-120), false);
        case.status.push(at, status);
    }

    fn update(&mut self, case: &mut Case, at: Stamp, by_contact: bool) {
        if self.dice.chance(0.6) {
            let at = at.plus_seconds(i64::from(self.dice.between(1, 100)));
            case.updates.push(Update {
                at,
                by_contact,
                is_internal: !by_contact && self.dice.chance(0.2),
                text: self.dice.pick(&UPDATE_TEXTS),
            });
        }
    }

    fn end_case(&mut self, case: &mut Case, closed: Stamp) {
        if self.dice.chance(rate::CASE_DELETED) {
            let removed = self.some_night(closed, 120);
            case.life.remove(&mut self.dice, removed);
        } else if self.dice.chance(rate::CASE_VANISHES) {
            case.life.vanished = Some(closed.plus_days(self.dice.between(90, 600)));
        }
    }
}
