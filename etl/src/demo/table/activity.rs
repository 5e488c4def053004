//! calls, meetings and emails

use super::{BEAN, Column, Sink, Table, Type, Value, bean, user_value};
use crate::demo::error::DemoError;
use crate::demo::time::Stamp;
use crate::demo::world::{Activity, ActivityKind, World};

/// The columns that calls and meetings share.
const PLANNED: &[Column] = &[
    ("assigned_user_id", Type::Id),
    ("name", Type::Varchar(50)),
    ("duration_hours", Type::Int),
    ("duration_minutes", Type::Int),
    ("date_start", Type::Datetime),
    ("date_end", Type::Datetime),
    ("parent_type", Type::Varchar(255)),
    ("parent_id", Type::Id),
    ("status", Type::Varchar(100)),
];

/// Telephone calls.
pub(crate) static CALLS: Table = Table {
    name: "calls",
    columns: &[BEAN, PLANNED, &[("direction", Type::Varchar(100))]],
    key: 1,
    indexes: &[&["parent_id", "parent_type", "deleted"], &["date_start"]],
    rows: calls,
};

/// Meetings.
pub(crate) static MEETINGS: Table = Table {
    name: "meetings",
    columns: &[
        BEAN,
        PLANNED,
        &[
            ("location", Type::Varchar(50)),
            ("type", Type::Varchar(255)),
        ],
    ],
    key: 1,
    indexes: &[&["parent_id", "parent_type", "deleted"], &["date_start"]],
    rows: meetings,
};

/// E-mails.
pub(crate) static EMAILS: Table = Table {
    name: "emails",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Varchar(255)),
            ("date_sent_received", Type::Datetime),
            ("type", Type::Varchar(100)),
            ("status", Type::Varchar(100)),
            ("intent", Type::Varchar(100)),
            ("parent_type", Type::Varchar(100)),
            ("parent_id", Type::Id),
        ],
    ],
    key: 1,
    indexes: &[&["parent_id"], &["date_sent_received"]],
    rows: emails,
};

fn visible(world: &World, kind: ActivityKind, at: Stamp) -> impl Iterator<Item = &Activity> {
    let all = world.rows.activities.iter();
    all.filter(move |activity| activity.kind == kind && activity.life.is_visible(at))
}

/// The values of [`BEAN`] and [`PLANNED`].
fn planned<'w>(world: &'w World, activity: &'w Activity, at: Stamp) -> Vec<Value<'w>> {
    let modified = activity.life.modified(at, [activity.status.changed(at)]);
    let own = (activity.user, modified, at);
    let mut row = bean(&world.backdrop, activity.id, &activity.life, own, 11);
    row.extend([
        user_value(&world.backdrop, activity.user),
        activity.name.into(),
        Value::Int(activity.minutes / 60),
        Value::Int(activity.minutes % 60),
        activity.starts.into(),
        activity.starts.plus_seconds(activity.minutes * 60).into(),
        activity.parent.0.into(),
        activity.parent.1.into(),
        (*activity.status.at(at)).into(),
    ]);
    row
}

fn calls(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    for call in visible(world, ActivityKind::Call, at) {
        let mut row = planned(world, call, at);
        row.push(Value::text(if call.is_inbound {
            "Inbound"
        } else {
            "Outbound"
        }));
        sink.row(&row)?;
    }
    Ok(())
}

fn meetings(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    for meeting in visible(world, ActivityKind::Meeting, at) {
        let mut row = planned(world, meeting, at);
        row.extend([Value::text(meeting.location), Value::text("Sugar")]);
        sink.row(&row)?;
    }
    Ok(())
}

fn emails(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    for email in visible(world, ActivityKind::Email, at) {
        let own = (email.user, email.life.entered, at);
        let mut row = bean(&world.backdrop, email.id, &email.life, own, 8);
        row.extend([
            user_value(&world.backdrop, email.user),
            email.name.into(),
            email.starts.into(),
            Value::text(if email.is_inbound { "inbound" } else { "out" }),
            (*email.status.at(at)).into(),
            Value::text("pick"),
            email.parent.0.into(),
            email.parent.1.into(),
        ]);
        sink.row(&row)?;
    }
    Ok(())
}
