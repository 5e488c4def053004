//! The campaign calendar.

use super::life::Chain;
use crate::demo::catalog::place::Region;
use crate::demo::catalog::service::{CAMPAIGN_THEMES, CAMPAIGN_TYPES};
use crate::demo::dice::{Dice, Stream};
use crate::demo::id::{Id, IdKind};
use crate::demo::time::{Day, Stamp};

/// A campaign.
#[derive(Debug)]
pub(crate) struct Campaign {
    /// Identifier.
    pub(crate) id: Id,
    /// Name.
    pub(crate) name: String,
    /// Type.
    pub(crate) kind: &'static str,
    /// Part of the world that it is for; everybody if none.
    pub(crate) region: Option<Region>,
    /// When it was entered.
    pub(crate) entered: Stamp,
    /// First day.
    pub(crate) starts: Day,
    /// Last day.
    pub(crate) ends: Day,
    /// Status over time.
    pub(crate) status: Chain<&'static str>,
    /// Money set aside, in US cents.
    pub(crate) budget: i64,
    /// What it really cost once it was over, in US cents.
    pub(crate) actual_cost: i64,
    /// What it was expected to bring, in US cents.
    pub(crate) expected_revenue: i64,
    /// Share of the customers that it is sent to.
    pub(crate) reach: f64,
}

impl Campaign {
    /// Whether it is sent to single contacts, so that their reactions are logged.
    pub(crate) fn is_addressed(&self) -> bool {
        !matches!(self.kind, "Print" | "Radio" | "Web")
    }

    /// Whether its message carries links that can be followed.
    pub(crate) fn has_links(&self) -> bool {
        matches!(self.kind, "Email" | "NewsLetter")
    }

    /// Whether it is for a part of the world.
    pub(crate) fn is_for(&self, region: Region) -> bool {
        self.region.is_none_or(|only| only == region)
    }
}

/// Plans every campaign that begins between the start and the horizon.
pub(crate) fn plan(seed: u64, start: Day, horizon: Day) -> Vec<Campaign> {
    let mut dice = Dice::new(seed, Stream::Campaign, 0);
    let mut campaigns = Vec::new();
    let mut day = start.plus(dice.between(1, 12));
    while day <= horizon {
        campaigns.push(campaign(seed, &mut dice, campaigns.len(), day));
        day = day.plus(dice.between(13, 29));
    }
    campaigns
}

fn campaign(seed: u64, dice: &mut Dice, index: usize, starts: Day) -> Campaign {
    let kind = CAMPAIGN_TYPES[dice.weighted(&CAMPAIGN_TYPES.map(|(_, weight)| weight))].0;
    let region = dice.pick(&[
        None,
        None,
        Some(Region::China),
        Some(Region::Europe),
        Some(Region::America),
    ]);
    let ends = starts.plus(dice.between(14, 45));
    let entered = starts.plus(-dice.between(10, 20)).start();
    let mut status = Chain::new("Planning");
    status.push(starts.start().plus_seconds(21_600), "Active");
    status.push(ends.start().plus_seconds(64_800), "Complete");
    let budget = i64::from(dice.between(20, 250)) * 10_000;
    Campaign {
        id: Id::of(seed, IdKind::Campaign, index as u64),
        name: format!(
            "{} {}",
            dice.pick(&CAMPAIGN_THEMES),
            starts.date().format("%Y-%m")
        ),
        kind,
        region,
        entered: entered.plus_seconds(i64::from(dice.between(28_800, 57_600))),
        starts,
        ends,
        status,
        budget,
        actual_cost: (budget as f64 * dice.within(0.7, 1.2)) as i64,
        expected_revenue: budget * i64::from(dice.between(3, 9)),
        reach: dice.within(0.10, 0.32),
    }
}
