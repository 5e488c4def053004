//! Calls, meetings and e-mails with customers and leads.

use super::customer::{Customer, Part, Span};
use super::lead::Lead;
use super::life::{Chain, Life};
use super::pipeline::Opportunity;
use super::service::Case;
use super::{Rows, Touch};
use crate::demo::catalog::service::{CALL_SUBJECTS, EMAIL_SUBJECTS, LOCATIONS, MEETING_SUBJECTS};
use crate::demo::dice::Dice;
use crate::demo::id::Id;
use crate::demo::time::Stamp;

/// The kind of an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActivityKind {
    /// A telephone call.
    Call,
    /// A meeting.
    Meeting,
    /// An e-mail.
    Email,
}

/// What an activity belongs to: module and identifier.
pub(crate) type Parent = (&'static str, Id);

/// A call, meeting or e-mail.
#[derive(Debug)]
pub(crate) struct Activity {
    /// Identifier.
    pub(crate) id: Id,
    /// Its kind.
    pub(crate) kind: ActivityKind,
    /// When it appears.
    pub(crate) life: Life,
    /// Subject.
    pub(crate) name: &'static str,
    /// What it belongs to.
    pub(crate) parent: Parent,
    /// Position of the user who does it.
    pub(crate) user: usize,
    /// When it begins.
    pub(crate) starts: Stamp,
    /// How long it takes.
    pub(crate) minutes: i64,
    /// Where a meeting is held.
    pub(crate) location: &'static str,
    /// Whether the customer began it.
    pub(crate) is_inbound: bool,
    /// Status over time.
    pub(crate) status: Chain<&'static str>,
}

/// The time a month's or deal's activity takes place, and whose it is.
struct Occasion {
    id: Id,
    parent: Parent,
    user: usize,
    at: Stamp,
}

impl Customer<'_> {
    /// Visits, calls and writes while an opportunity is open.
    pub(super) fn work_on(&mut self, opportunity: &Opportunity) {
        let from = opportunity.life.entered;
        let until = opportunity.stage.changed(Stamp(i64::MAX)).unwrap_or(from);
        let days = ((until.0 - from.0) / 86_400).max(1) as i32;
        for _ in 0..self.dice.poisson(1.9) {
            let at = self.later(from, 0, days);
            self.act(at, ("Opportunities", opportunity.id), &[4, 3, 4]);
        }
    }

    /// Talks about a case while it is open.
    pub(super) fn talk_about_case(&mut self, case: &Case, closed: Stamp) {
        if self.dice.chance(0.4) {
            let days = ((closed.0 - case.life.entered.0) / 86_400).max(1) as i32;
            let at = self.later(case.life.entered, 0, days);
            self.act(at, ("Cases", case.id), &[4, 0, 6]);
        }
    }

    /// Keeps in touch without any occasion.
    pub(super) fn keep_in_touch(&mut self, span: Span) {
        let mean = self.profile.contacts * f64::from(span.days) / 30.0;
        for _ in 0..self.dice.poisson(mean) {
            let at = self.working_moment(span);
            let parent = match self.dice.chance(0.35) {
                true => ("Contacts", self.contact(at)),
                false => ("Accounts", self.account.id),
            };
            self.act(at, parent, &[4, 1, 6]);
        }
    }

    fn act(&mut self, at: Stamp, parent: Parent, weights: &[u32]) {
        let occasion = Occasion {
            id: self.next_id(Part::Activity),
            parent,
            user: self.user(at),
            at,
        };
        let kinds = [
            ActivityKind::Call,
            ActivityKind::Meeting,
            ActivityKind::Email,
        ];
        let kind = kinds[self.dice.weighted(weights)];
        let activity = activity(&mut self.dice, kind, occasion);
        self.rows.activities.push(activity);
    }

    /// Receives the campaigns that begin in a month: sent, seen, followed; what was seen makes buying likelier.
    pub(super) fn receive_campaigns(&mut self, span: Span) {
        let campaigns = &self.backdrop.campaigns;
        let end = span.first.plus(span.days);
        let first = campaigns.partition_point(|campaign| campaign.starts < span.first);
        let begin = campaigns.iter().enumerate().skip(first);
        for (index, campaign) in begin.take_while(|(_, campaign)| campaign.starts < end) {
            if !campaign.is_addressed() || !campaign.is_for(self.profile.place.region) {
                continue;
            }
            if self.dice.chance(campaign.reach) {
                let sent = self.later(campaign.starts.start(), 0, 3);
                self.receive(index, sent, campaign.has_links());
            }
        }
    }

    fn receive(&mut self, campaign: usize, sent: Stamp, has_links: bool) {
        let contact = self.contact(sent);
        self.touch(campaign, contact, "targeted", sent);
        if self.dice.chance(0.025) {
            let failure = if self.dice.chance(0.7) {
                "invalid email"
            } else {
                "send error"
            };
            self.touch(campaign, contact, failure, sent.plus_seconds(40));
            return;
        }
        if !self.dice.chance(0.2 + 0.25 * self.mood.satisfaction) {
            return;
        }
        let seen = sent.plus_seconds(i64::from(self.dice.between(600, 400_000)));
        self.mood.moved_by = Some((campaign, sent.day().plus(50)));
        if has_links {
            self.touch(campaign, contact, "viewed", seen);
            if self.dice.chance(0.32) {
                self.touch(campaign, contact, "link", seen.plus_seconds(45));
            } else if self.dice.chance(0.02) {
                self.touch(campaign, contact, "removed", seen.plus_seconds(60));
            }
        } else {
            self.touch(campaign, contact, "contact", seen);
        }
    }

    fn touch(&mut self, campaign: usize, contact: Id, activity: &'static str, at: Stamp) {
        let touch = Touch {
            id: self.next_id(Part::Touch),
            campaign,
            target: ("Contacts", contact),
            activity,
            at,
            hits: 1 + i64::from(activity == "viewed" && self.dice.chance(0.2)),
        };
        self.rows.touches.push(touch);
    }
}

/// Calls a lead once or twice.
pub(crate) fn call_lead(dice: &mut Dice, rows: &mut Rows, lead: &Lead) {
    for number in 0..dice.below(3) as u64 {
        let days = dice.between(0, 12);
        let at = lead
            .life
            .entered
            .plus_days(days)
            .plus_seconds(i64::from(dice.between(900, 9_000)));
        let occasion = Occasion {
            id: lead.id.child(2, number),
            parent: ("Leads", lead.id),
            user: lead.user,
            at,
        };
        let kind = dice.pick(&[ActivityKind::Call, ActivityKind::Email]);
        let activity = activity(dice, kind, occasion);
        rows.activities.push(activity);
    }
}

/// An activity at an instant; calls and meetings are often planned before.
fn activity(dice: &mut Dice, kind: ActivityKind, occasion: Occasion) -> Activity {
    let (subjects, minutes): (&[&'static str], i32) = match kind {
        ActivityKind::Call => (&CALL_SUBJECTS, dice.between(1, 9) * 5),
        ActivityKind::Meeting => (&MEETING_SUBJECTS, dice.between(2, 12) * 15),
        ActivityKind::Email => (&EMAIL_SUBJECTS, 0),
    };
    let is_inbound = dice.chance(0.35);
    let ahead = dice.between(1, 9);
    let is_planned = kind != ActivityKind::Email && dice.chance(0.5);
    let starts = if is_planned {
        occasion.at.plus_days(ahead)
    } else {
        occasion.at
    };
    Activity {
        id: occasion.id,
        kind,
        life: Life::from(occasion.at),
        name: dice.pick(subjects),
        parent: occasion.parent,
        user: occasion.user,
        starts,
        minutes: i64::from(minutes),
        location: dice.pick(&LOCATIONS),
        is_inbound,
        status: status(
            dice,
            kind,
            is_inbound,
            (is_planned, starts, i64::from(minutes)),
        ),
    }
}

fn status(
    dice: &mut Dice,
    kind: ActivityKind,
    is_inbound: bool,
    (is_planned, starts, minutes): (bool, Stamp, i64),
) -> Chain<&'static str> {
    if kind == ActivityKind::Email {
        let read = if dice.chance(0.3) { "replied" } else { "read" };
        return Chain::new(if is_inbound { read } else { "sent" });
    }
    let end = if dice.chance(0.88) {
        "Held"
    } else {
        "Not Held"
    };
    let mut status = Chain::new(if is_planned { "Planned" } else { "Held" });
    if is_planned {
        status.push(starts.plus_seconds(minutes * 60), end);
    }
    status
}
