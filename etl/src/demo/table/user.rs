//! users

use super::{BEAN, Sink, Table, Type, Value, user_value};
use crate::demo::error::DemoError;
use crate::demo::time::Stamp;
use crate::demo::world::{ADMIN, World};

/// Users with their superiors.
pub(crate) static USERS: Table = Table {
    name: "users",
    columns: &[
        BEAN,
        &[
            ("user_name", Type::Varchar(60)),
            ("first_name", Type::Varchar(255)),
            ("last_name", Type::Varchar(255)),
            ("is_admin", Type::Flag),
            ("title", Type::Varchar(50)),
            ("department", Type::Varchar(50)),
            ("status", Type::Varchar(100)),
            ("employee_status", Type::Varchar(100)),
            ("reports_to_id", Type::Id),
        ],
    ],
    key: 1,
    indexes: &[&["user_name"], &["reports_to_id"]],
    rows,
};

fn rows(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let backdrop = &world.backdrop;
    let users = backdrop.staff.users.iter().enumerate();
    for (position, user) in users.filter(|(_, user)| user.life.is_visible(at)) {
        let left = user.left.filter(|left| *left <= at);
        let mut row = vec![
            user_value(backdrop, position),
            user.life.entered.into(),
            left.unwrap_or(user.life.entered).into(),
            Value::text("1"),
            Value::text("1"),
            user.life.is_removed(at).into(),
        ];
        row.extend([
            Value::owned(user_name(position, &user.id)),
            user.first_name.into(),
            user.last_name.into(),
            (position == ADMIN).into(),
            user.title.into(),
            user.department.into(),
            Value::text(if left.is_some() { "Inactive" } else { "Active" }),
            Value::text(if left.is_some() {
                "Terminated"
            } else {
                "Active"
            }),
            Value::or_null(user.reports_to, |position| user_value(backdrop, position)),
        ]);
        sink.row(&row)?;
    }
    Ok(())
}

/// The login: `admin`, or a number of the user's own.
fn user_name(position: usize, id: &str) -> String {
    match position {
        ADMIN => "admin".to_owned(),
        _ => format!("u{}", &id[..6]),
    }
}
