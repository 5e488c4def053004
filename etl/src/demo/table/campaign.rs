//! campaigns and campaign_log

use super::{BEAN, Sink, Table, Type, Value, bean, currency_value};
use crate::demo::error::DemoError;
use crate::demo::time::Stamp;
use crate::demo::world::{ADMIN, Life, World};

/// Campaigns.
pub(crate) static CAMPAIGNS: Table = Table {
    name: "campaigns",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Varchar(50)),
            ("campaign_type", Type::Varchar(100)),
            ("status", Type::Varchar(100)),
            ("start_date", Type::Date),
            ("end_date", Type::Date),
            ("currency_id", Type::Id),
            ("budget", Type::Double),
            ("expected_cost", Type::Double),
            ("actual_cost", Type::Double),
            ("expected_revenue", Type::Double),
            ("impressions", Type::Int),
            ("objective", Type::Text),
        ],
    ],
    key: 1,
    indexes: &[&["name"]],
    rows: campaigns,
};

/// What campaigns sent and what came back. There is no date_entered.
pub(crate) static CAMPAIGN_LOG: Table = Table {
    name: "campaign_log",
    columns: &[&[
        ("id", Type::Id),
        ("campaign_id", Type::Id),
        ("target_tracker_key", Type::Varchar(36)),
        ("target_id", Type::Varchar(36)),
        ("target_type", Type::Varchar(100)),
        ("activity_type", Type::Varchar(100)),
        ("activity_date", Type::Datetime),
        ("related_id", Type::Varchar(36)),
        ("related_type", Type::Varchar(100)),
        ("archived", Type::Flag),
        ("hits", Type::Int),
        ("list_id", Type::Id),
        ("deleted", Type::Flag),
        ("date_modified", Type::Datetime),
        ("more_information", Type::Varchar(100)),
        ("marketing_id", Type::Id),
    ]],
    key: 1,
    indexes: &[&["target_id", "activity_date"], &["campaign_id"]],
    rows: log,
};

fn campaigns(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let backdrop = &world.backdrop;
    let known = backdrop
        .campaigns
        .iter()
        .filter(|campaign| campaign.entered <= at);
    for campaign in known {
        let life = Life::from(campaign.entered);
        let status = *campaign.status.at(at);
        let modified = life.modified(at, [campaign.status.changed(at)]);
        let cost = (status == "Complete").then_some(campaign.actual_cost);
        let mut row = bean(backdrop, campaign.id, &life, (ADMIN, modified, at), 13);
        row.extend([
            Value::text("1"),
            Value::text(&campaign.name),
            campaign.kind.into(),
            status.into(),
            Value::Day(campaign.starts),
            Value::Day(campaign.ends),
            currency_value(backdrop, None),
            Value::Cents(campaign.budget),
            Value::Cents(campaign.budget),
            Value::or_null(cost, Value::Cents),
            Value::Cents(campaign.expected_revenue),
            Value::Int(0),
            Value::Null,
        ]);
        sink.row(&row)?;
    }
    Ok(())
}

fn log(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    for touch in world.rows.touches.iter().filter(|touch| touch.at <= at) {
        let campaign = world.backdrop.campaigns[touch.campaign].id;
        let (target_type, target) = touch.target;
        let related = match touch.activity {
            "lead" => Some(("Leads", target)),
            "link" => Some(("CampaignTrackers", campaign.child(1, 0))),
            _ => None,
        };
        sink.row(&[
            touch.id.into(),
            campaign.into(),
            touch.id.child(1, 0).into(),
            target.into(),
            target_type.into(),
            touch.activity.into(),
            touch.at.into(),
            Value::or_null(related, |(_, id)| id.into()),
            Value::or_null(related, |(module, _)| module.into()),
            Value::Int(0),
            Value::Int(touch.hits),
            Value::Null,
            Value::Int(0),
            touch.at.into(),
            Value::Null,
            campaign.child(2, 0).into(),
        ])?;
    }
    Ok(())
}
