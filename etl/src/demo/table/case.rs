//! cases, cases_audit and aop_case_updates

use super::{AUDIT, Audited, BEAN, Sink, Table, Type, Value, audit, bean, user_value};
use crate::demo::dirt::Dirt;
use crate::demo::error::DemoError;
use crate::demo::time::Stamp;
use crate::demo::world::{Case, Life, World, state};

/// Cases.
pub(crate) static CASES: Table = Table {
    name: "cases",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Varchar(255)),
            ("case_number", Type::Int),
            ("type", Type::Varchar(255)),
            ("status", Type::Varchar(100)),
            ("priority", Type::Varchar(100)),
            ("state", Type::Varchar(100)),
            ("resolution", Type::Text),
            ("account_id", Type::Id),
            ("contact_created_by_id", Type::Id),
        ],
    ],
    key: 1,
    indexes: &[
        &["case_number"],
        &["account_id"],
        &["assigned_user_id", "status", "deleted"],
    ],
    rows: cases,
};

/// Every change of a case's status, state and priority.
pub(crate) static CASES_AUDIT: Table = Table {
    name: "cases_audit",
    columns: &[AUDIT],
    key: 1,
    indexes: &[&["parent_id"]],
    rows: changes,
};

/// What staff and customers wrote on a case.
pub(crate) static UPDATES: Table = Table {
    name: "aop_case_updates",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Varchar(255)),
            ("description", Type::Text),
            ("case_id", Type::Id),
            ("contact_id", Type::Id),
            ("internal", Type::Flag),
        ],
    ],
    key: 1,
    indexes: &[&["case_id"]],
    rows: updates,
};

fn visible(world: &World, at: Stamp) -> impl Iterator<Item = &Case> {
    let all = world.rows.cases.iter();
    all.filter(move |case| case.life.is_visible(at))
}

fn cases(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let backdrop = &world.backdrop;
    for case in visible(world, at) {
        let status = *case.status.at(at);
        let state = state(status);
        sink.count_if(case.has_wrong_account, Dirt::CaseAccountOrphan);
        sink.count_if(status == "Closed_Archived", Dirt::CaseStatusUnknown);
        sink.count_if(case.life.is_removed(at), Dirt::CaseDeleted);
        let own = (case.user, case.modified(at), at);
        let mut row = bean(backdrop, case.id, &case.life, own, 10);
        row.extend([
            user_value(backdrop, case.user),
            case.name.into(),
            Value::Int(case.number),
            case.kind.into(),
            status.into(),
            (*case.priority.at(at)).into(),
            state.into(),
            Value::or_null((state == "Closed").then_some(case.resolution), Value::text),
            case.account.into(),
            case.contact.into(),
        ]);
        sink.row(&row)?;
    }
    Ok(())
}

fn changes(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    for case in visible(world, at) {
        let field = |part, field| Audited {
            parent: case.id,
            part,
            field,
            data_type: "enum",
            user: case.user,
        };
        let states = case.status.map(|status| state(status));
        let code = |value: &&'static str| Value::text(value);
        audit((world, at), sink, &field(101, "status"), &case.status, code)?;
        audit((world, at), sink, &field(102, "state"), &states, code)?;
        audit(
            (world, at),
            sink,
            &field(103, "priority"),
            &case.priority,
            code,
        )?;
    }
    Ok(())
}

fn updates(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let backdrop = &world.backdrop;
    for case in visible(world, at) {
        for (number, update) in (0..)
            .zip(&case.updates)
            .filter(|(_, update)| update.at <= at)
        {
            let life = Life {
                entered: update.at,
                ..case.life
            };
            let own = (case.user, life.modified(at, []), at);
            let mut row = bean(backdrop, case.id.child(1, number), &life, own, 6);
            row.extend([
                user_value(backdrop, case.user),
                update.text.into(),
                update.text.into(),
                case.id.into(),
                Value::or_null(update.by_contact.then_some(case.contact), Value::Id),
                update.is_internal.into(),
            ]);
            sink.row(&row)?;
        }
    }
    Ok(())
}
