//! leads and leads_audit

use super::contact::{PERSON, count_birthdate, person};
use super::{AUDIT, Audited, BEAN, Sink, Table, Type, Value, audit, bean};
use crate::demo::dirt::Dirt;
use crate::demo::error::DemoError;
use crate::demo::time::Stamp;
use crate::demo::world::World;

/// Leads.
pub(crate) static LEADS: Table = Table {
    name: "leads",
    columns: &[
        BEAN,
        PERSON,
        &[
            ("converted", Type::Flag),
            ("lead_source", Type::Varchar(100)),
            ("status", Type::Varchar(100)),
            ("account_name", Type::Varchar(255)),
            ("account_id", Type::Id),
            ("contact_id", Type::Id),
            ("opportunity_id", Type::Id),
            ("opportunity_amount", Type::Varchar(50)),
        ],
    ],
    key: 1,
    indexes: &[
        &["account_id"],
        &["opportunity_id"],
        &["contact_id"],
        &["assigned_user_id"],
    ],
    rows: leads,
};

/// Every change of a lead's source and status.
pub(crate) static LEADS_AUDIT: Table = Table {
    name: "leads_audit",
    columns: &[AUDIT],
    key: 1,
    indexes: &[&["parent_id"]],
    rows: changes,
};

fn leads(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    for lead in world
        .rows
        .leads
        .iter()
        .filter(|lead| lead.life.is_visible(at))
    {
        let status = *lead.status.at(at);
        sink.count_if(status == "Parked", Dirt::LeadStatusUnknown);
        count_birthdate(&lead.person, sink);
        sink.count_if(lead.amount.starts_with("ca."), Dirt::LeadAmountText);
        let conversion = lead.conversion.filter(|(converted, _)| *converted <= at);
        let ids = conversion.map(|(_, ids)| ids);
        let id = |position: usize| Value::or_null(ids, |ids| ids[position].into());
        let changes = [lead.status.changed(at), lead.source.changed(at)];
        let own = (lead.user, lead.life.modified(at, changes), at);
        let mut row = bean(&world.backdrop, lead.id, &lead.life, own, 21);
        row.extend(person(world, &lead.person, lead.user, lead.campaign));
        row.extend([
            conversion.is_some().into(),
            (*lead.source.at(at)).into(),
            status.into(),
            Value::text(&lead.company),
            id(0),
            id(1),
            id(2),
            Value::text(&lead.amount),
        ]);
        sink.row(&row)?;
    }
    Ok(())
}

fn changes(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    for lead in world
        .rows
        .leads
        .iter()
        .filter(|lead| lead.life.is_visible(at))
    {
        let field = |part, field| Audited {
            parent: lead.id,
            part,
            field,
            data_type: "enum",
            user: lead.user,
        };
        let code = |value: &&'static str| Value::text(value);
        audit(
            (world, at),
            sink,
            &field(101, "lead_source"),
            &lead.source,
            code,
        )?;
        audit((world, at), sink, &field(102, "status"), &lead.status, code)?;
    }
    Ok(())
}
