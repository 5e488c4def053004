//! Leads: those that became customers and those that came to nothing.

use super::contact::Person;
use super::customer::Customer;
use super::life::{Chain, Life};
use super::pipeline::Deal;
use super::{Backdrop, Rows, Touch};
use crate::demo::catalog::codes::CAMPAIGN_SOURCE;
use crate::demo::catalog::company::company;
use crate::demo::catalog::place::PLACES;
use crate::demo::dice::{Dice, Stream};
use crate::demo::dirt::rate;
use crate::demo::id::{Id, IdKind};
use crate::demo::time::{Day, Stamp};

/// A lead.
#[derive(Debug)]
pub(crate) struct Lead {
    /// Identifier.
    pub(crate) id: Id,
    /// When it appears and goes.
    pub(crate) life: Life,
    /// The person.
    pub(crate) person: Person,
    /// The company as the person named it.
    pub(crate) company: String,
    /// Where it came from, over time.
    pub(crate) source: Chain<&'static str>,
    /// Status over time.
    pub(crate) status: Chain<&'static str>,
    /// Amount hoped for, as typed.
    pub(crate) amount: String,
    /// Position of the campaign that brought it.
    pub(crate) campaign: Option<usize>,
    /// Position of the user who works on it.
    pub(crate) user: usize,
    /// When it was converted, and to which account, contact and opportunity.
    pub(crate) conversion: Option<(Stamp, [Id; 3])>,
}

/// Leads that come to nothing, for each customer that arrives.
const COLD_LEADS_PER_ARRIVAL: f64 = 1.3;

impl Lead {
    /// The lead that a customer was before it arrived.
    pub(crate) fn converted(
        customer: &mut Customer<'_>,
        (id, person): (Id, Person),
        deal: Deal,
        (user, at): (usize, Stamp),
    ) -> Self {
        let dice = &mut customer.dice;
        let entered = at.plus_days(-dice.between(4, 52)).plus_seconds(-1_800);
        let mut status = Chain::new("New");
        let days = ((at.0 - entered.0) / 86_400) as i32;
        status.push(entered.plus_days(days / 4).plus_seconds(5_400), "Assigned");
        status.push(
            entered.plus_days(days / 2).plus_seconds(9_000),
            "In Process",
        );
        status.push(at, "Converted");
        let campaign = campaign_of(
            customer.backdrop,
            dice,
            customer.profile.place.region,
            entered,
        );
        let amount = amount_text(dice, deal.amount);
        let mut lead = Self {
            id,
            life: Life::from(entered),
            source: source(dice, &person, campaign, entered),
            person,
            company: customer.account.name.clone(),
            status,
            amount,
            campaign,
            user,
            conversion: Some((at, [customer.account.id, customer.contacts[0].0, deal.id])),
        };
        spoil(dice, &mut lead);
        log_lead(customer.rows, &lead);
        lead
    }
}

/// Where the lead came from; staff corrects it now and then.
fn source(
    dice: &mut Dice,
    person: &Person,
    campaign: Option<usize>,
    entered: Stamp,
) -> Chain<&'static str> {
    let mut source = Chain::new(campaign.map_or(person.source, |_| CAMPAIGN_SOURCE));
    if dice.chance(0.03) {
        source.push(
            entered.plus_seconds(i64::from(dice.between(4_000, 300_000))),
            "Other",
        );
    }
    source
}

/// A quarter of the leads come from a campaign that runs in their part of the world.
fn campaign_of(
    backdrop: &Backdrop,
    dice: &mut Dice,
    region: crate::demo::catalog::place::Region,
    at: Stamp,
) -> Option<usize> {
    let day = at.day();
    let running: Vec<usize> = (0..backdrop.campaigns.len())
        .filter(|index| {
            let campaign = &backdrop.campaigns[*index];
            campaign.is_for(region) && campaign.starts < day && day <= campaign.ends
        })
        .collect();
    let comes = dice.chance(0.35);
    let ticket = dice.unit();
    (comes && !running.is_empty()).then(|| running[(ticket * running.len() as f64) as usize])
}

fn amount_text(dice: &mut Dice, cents: i64) -> String {
    let amount = (cents / 100).max(100) / 100 * 100;
    if dice.chance(rate::LEAD_AMOUNT_TEXT) {
        format!("ca. {}k", (amount / 1000).max(1))
    } else {
        amount.to_string()
    }
}

/// Gives a lead without a future a status that no list knows.
fn spoil(dice: &mut Dice, lead: &mut Lead) {
    if dice.chance(rate::LEAD_STATUS_UNKNOWN) && lead.conversion.is_none() {
        let at = lead
            .status
            .changed(Stamp(i64::MAX))
            .unwrap_or(lead.life.entered);
        lead.status.push(at.plus_days(3), "Parked");
    }
}

/// The campaign log names the leads that a campaign brought.
fn log_lead(rows: &mut Rows, lead: &Lead) {
    if let Some(campaign) = lead.campaign {
        rows.touches.push(Touch {
            id: lead.id.child(1, 0),
            campaign,
            target: ("Leads", lead.id),
            activity: "lead",
            at: lead.life.entered.plus_seconds(1),
            hits: 1,
        });
    }
}

/// Simulates the leads that come to nothing, day by day.
pub(crate) fn cold_leads(backdrop: &Backdrop, rows: &mut Rows) {
    let params = &backdrop.params;
    let days = f64::from(params.until.0 - backdrop.start.0 + 1);
    let rate = f64::from(params.customers) * 0.55 / days * COLD_LEADS_PER_ARRIVAL;
    for day in (backdrop.start.0..=backdrop.horizon.0).map(Day) {
        let index = u64::from(day.0.unsigned_abs());
        let mut dice = Dice::new(params.seed, Stream::ColdLead, index);
        for number in 0..dice.poisson(rate * day.season()) {
            let id = Id::of(params.seed, IdKind::ColdLead, index).child(1, u64::from(number));
            let lead = cold_lead(backdrop, &mut dice, id, day);
            log_lead(rows, &lead);
            super::activity::call_lead(&mut dice, rows, &lead);
            rows.leads.push(lead);
        }
    }
}

fn cold_lead(backdrop: &Backdrop, dice: &mut Dice, id: Id, day: Day) -> Lead {
    let place = &PLACES[dice.weighted(&PLACES.each_ref().map(|place| place.weight))];
    let entered = day
        .start()
        .plus_seconds(i64::from(dice.between(20_000, 70_000)));
    let person = Person::draw(dice, place);
    let campaign = campaign_of(backdrop, dice, place.region, entered);
    let seat = backdrop.staff.seat_for(dice, place.region);
    let estimate = i64::from(dice.between(400, 60_000)) * 100;
    let mut lead = Lead {
        id,
        life: Life::from(entered),
        source: source(dice, &person, campaign, entered),
        company: company(dice, place),
        person,
        status: cold_status(dice, entered),
        amount: amount_text(dice, estimate),
        campaign,
        user: backdrop.staff.holder(seat, entered),
        conversion: None,
    };
    spoil(dice, &mut lead);
    lead
}

fn cold_status(dice: &mut Dice, entered: Stamp) -> Chain<&'static str> {
    let mut status = Chain::new("New");
    let mut at = entered;
    let mut later = |dice: &mut Dice, low, high| {
        at = at
            .plus_days(dice.between(low, high))
            .plus_seconds(i64::from(dice.between(600, 9_000)));
        at
    };
    status.push(later(dice, 0, 4), "Assigned");
    if dice.chance(0.8) {
        status.push(later(dice, 1, 14), "In Process");
    }
    let end = if dice.chance(0.6) { "Dead" } else { "Recycled" };
    status.push(later(dice, 5, 60), end);
    status
}
