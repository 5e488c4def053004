//! contacts and accounts_contacts

use super::{BEAN, Column, Sink, Table, Type, Value, bean, campaign_value, user_value};
use crate::demo::dirt::Dirt;
use crate::demo::error::DemoError;
use crate::demo::time::Stamp;
use crate::demo::world::{DateField, Person, World};

/// The columns of a person, shared by contacts and leads.
pub(crate) const PERSON: &[Column] = &[
    ("assigned_user_id", Type::Id),
    ("salutation", Type::Varchar(255)),
    ("first_name", Type::Varchar(100)),
    ("last_name", Type::Varchar(100)),
    ("title", Type::Varchar(100)),
    ("department", Type::Varchar(255)),
    ("do_not_call", Type::Flag),
    ("phone_work", Type::Varchar(100)),
    ("primary_address_city", Type::Varchar(100)),
    ("primary_address_state", Type::Varchar(100)),
    ("primary_address_country", Type::Varchar(255)),
    ("birthdate", Type::Date),
    ("campaign_id", Type::Id),
];

/// Contacts.
pub(crate) static CONTACTS: Table = Table {
    name: "contacts",
    columns: &[
        BEAN,
        PERSON,
        &[
            ("lead_source", Type::Varchar(255)),
            ("reports_to_id", Type::Id),
        ],
    ],
    key: 1,
    indexes: &[
        &["last_name", "first_name", "deleted"],
        &["assigned_user_id"],
    ],
    rows: contacts,
};

/// Which contact belongs to which account.
pub(crate) static ACCOUNTS_CONTACTS: Table = Table {
    name: "accounts_contacts",
    columns: &[&[
        ("id", Type::Varchar(36)),
        ("contact_id", Type::Varchar(36)),
        ("account_id", Type::Varchar(36)),
        ("date_modified", Type::Datetime),
        ("deleted", Type::Flag),
    ]],
    key: 1,
    indexes: &[&["account_id", "contact_id"], &["contact_id"]],
    rows: links,
};

/// The values of [`PERSON`].
pub(crate) fn person<'w>(
    world: &'w World,
    person: &'w Person,
    user: usize,
    campaign: Option<usize>,
) -> [Value<'w>; 13] {
    [
        user_value(&world.backdrop, user),
        person.salutation.into(),
        person.first_name.into(),
        person.last_name.into(),
        person.title.into(),
        person.department.into(),
        person.do_not_call.into(),
        Value::text(&person.phone),
        person.place.city.into(),
        person.place.state.into(),
        person.place.country.into(),
        Value::date(person.birthdate),
        campaign_value(&world.backdrop, campaign),
    ]
}

/// Counts what is wrong with a birthdate.
pub(crate) fn count_birthdate(person: &Person, sink: &mut Sink<'_>) {
    let is_impossible = matches!(person.birthdate, DateField::Impossible(_));
    sink.count_if(is_impossible, Dirt::BirthdateImpossible);
    sink.count_if(
        person.birthdate == DateField::Missing,
        Dirt::BirthdateMissing,
    );
}

fn contacts(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let visible = world
        .rows
        .contacts
        .iter()
        .filter(|contact| contact.life.is_visible(at));
    for contact in visible {
        count_birthdate(&contact.person, sink);
        let own = (contact.user, contact.life.modified(at, []), at);
        let mut row = bean(&world.backdrop, contact.id, &contact.life, own, 15);
        row.extend(person(
            world,
            &contact.person,
            contact.user,
            contact.campaign,
        ));
        row.extend([
            contact.person.source.into(),
            Value::or_null(contact.reports_to, Value::Id),
        ]);
        sink.row(&row)?;
    }
    Ok(())
}

fn links(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let visible = world
        .rows
        .contacts
        .iter()
        .filter(|contact| contact.life.is_visible(at));
    for contact in visible {
        sink.row(&[
            contact.id.child(1, 0).into(),
            contact.id.into(),
            contact.account.into(),
            contact.life.modified(at, []).into(),
            contact.life.is_removed(at).into(),
        ])?;
    }
    Ok(())
}
