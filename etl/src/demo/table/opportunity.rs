//! opportunities, opportunities_audit and the links to accounts and contacts

use super::{
    AUDIT, Audited, BEAN, Sink, Table, Type, Value, audit, bean, campaign_value, currency_value,
    day_value, user_value,
};
use crate::demo::dirt::Dirt;
use crate::demo::error::DemoError;
use crate::demo::time::Stamp;
use crate::demo::world::{Opportunity, World, probability, usdollar_micros};

/// Opportunities.
pub(crate) static OPPORTUNITIES: Table = Table {
    name: "opportunities",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Varchar(50)),
            ("opportunity_type", Type::Varchar(255)),
            ("campaign_id", Type::Id),
            ("lead_source", Type::Varchar(50)),
            ("amount", Type::Double),
            ("amount_usdollar", Type::Double),
            ("currency_id", Type::Id),
            ("date_closed", Type::Date),
            ("next_step", Type::Varchar(100)),
            ("sales_stage", Type::Varchar(255)),
            ("probability", Type::Double),
        ],
    ],
    key: 1,
    indexes: &[&["name"], &["assigned_user_id"], &["sales_stage"]],
    rows: opportunities,
};

/// Every change of an opportunity's stage, probability, amount in US dollars and day of closing.
pub(crate) static OPPORTUNITIES_AUDIT: Table = Table {
    name: "opportunities_audit",
    columns: &[AUDIT],
    key: 1,
    indexes: &[&["parent_id"]],
    rows: changes,
};

/// Which opportunity belongs to which account.
pub(crate) static ACCOUNTS_OPPORTUNITIES: Table = Table {
    name: "accounts_opportunities",
    columns: &[&[
        ("id", Type::Varchar(36)),
        ("opportunity_id", Type::Varchar(36)),
        ("account_id", Type::Varchar(36)),
        ("date_modified", Type::Datetime),
        ("deleted", Type::Flag),
    ]],
    key: 1,
    indexes: &[&["account_id", "opportunity_id"], &["opportunity_id"]],
    rows: account_links,
};

/// Which contact has which role in which opportunity.
pub(crate) static OPPORTUNITIES_CONTACTS: Table = Table {
    name: "opportunities_contacts",
    columns: &[&[
        ("id", Type::Varchar(36)),
        ("contact_id", Type::Varchar(36)),
        ("opportunity_id", Type::Varchar(36)),
        ("contact_role", Type::Varchar(50)),
        ("date_modified", Type::Datetime),
        ("deleted", Type::Flag),
    ]],
    key: 1,
    indexes: &[&["opportunity_id", "contact_id"], &["contact_id"]],
    rows: contact_links,
};

fn visible(world: &World, at: Stamp) -> impl Iterator<Item = &Opportunity> {
    let all = world.rows.opportunities.iter();
    all.filter(move |opportunity| opportunity.life.is_visible(at))
}

fn opportunities(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let backdrop = &world.backdrop;
    for opportunity in visible(world, at) {
        sink.count_if(opportunity.life.is_removed(at), Dirt::OpportunityDeleted);
        let stage = *opportunity.stage.at(at);
        let amount = *opportunity.amount.at(at);
        let is_new = opportunity.is_new_business;
        let own = (opportunity.user, opportunity.modified(at), at);
        let mut row = bean(backdrop, opportunity.id, &opportunity.life, own, 12);
        row.extend([
            user_value(backdrop, opportunity.user),
            Value::text(&opportunity.name),
            Value::text(if is_new {
                "New Business"
            } else {
                "Existing Business"
            }),
            campaign_value(backdrop, opportunity.campaign),
            opportunity.source.into(),
            Value::Cents(amount),
            Value::Micros(usdollar_micros(amount, opportunity.currency)),
            currency_value(backdrop, opportunity.currency),
            Value::Day(*opportunity.closes.at(at)),
            opportunity.next_step.into(),
            stage.into(),
            Value::Int(probability(stage)),
        ]);
        sink.row(&row)?;
    }
    Ok(())
}

fn changes(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    for opportunity in visible(world, at) {
        let field = |part, field, data_type| Audited {
            parent: opportunity.id,
            part,
            field,
            data_type,
            user: opportunity.user,
        };
        let view = (world, at);
        let stage = &opportunity.stage;
        let dollars = |cents: &i64| dollars_text(*cents, opportunity.currency);
        let percent = |stage: &&'static str| Value::owned(probability(stage).to_string());
        let field_stage = field(101, "sales_stage", "enum");
        audit(view, sink, &field_stage, stage, |value| Value::text(value))?;
        audit(
            view,
            sink,
            &field(102, "probability", "int"),
            stage,
            percent,
        )?;
        let field_amount = field(103, "amount_usdollar", "currency");
        audit(view, sink, &field_amount, &opportunity.amount, dollars)?;
        let field_closes = field(104, "date_closed", "date");
        audit(view, sink, &field_closes, &opportunity.closes, |day| {
            day_value(*day)
        })?;
    }
    Ok(())
}

fn dollars_text<'v>(cents: i64, currency: Option<usize>) -> Value<'v> {
    let mut text = Vec::new();
    Value::Micros(usdollar_micros(cents, currency)).write_copy(&mut text);
    Value::owned(String::from_utf8_lossy(&text).into_owned())
}

fn account_links(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    for opportunity in visible(world, at) {
        sink.row(&[
            opportunity.id.child(1, 0).into(),
            opportunity.id.into(),
            opportunity.account.into(),
            opportunity.life.modified(at, []).into(),
            opportunity.life.is_removed(at).into(),
        ])?;
    }
    Ok(())
}

fn contact_links(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    for opportunity in visible(world, at) {
        let (contact, role) = opportunity.contact;
        sink.row(&[
            opportunity.id.child(2, 0).into(),
            contact.into(),
            opportunity.id.into(),
            role.into(),
            opportunity.life.modified(at, []).into(),
            opportunity.life.is_removed(at).into(),
        ])?;
    }
    Ok(())
}
