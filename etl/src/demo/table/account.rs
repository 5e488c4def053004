//! accounts and accounts_audit

use super::{
    AUDIT, Audited, BEAN, Sink, Table, Type, Value, audit, bean, campaign_value, user_value,
};
use crate::demo::dirt::Dirt;
use crate::demo::error::DemoError;
use crate::demo::time::Stamp;
use crate::demo::world::{Account, Owner, World};

/// Accounts: companies that buy, or might.
pub(crate) static ACCOUNTS: Table = Table {
    name: "accounts",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Varchar(150)),
            ("account_type", Type::Varchar(50)),
            ("industry", Type::Varchar(50)),
            ("annual_revenue", Type::Varchar(100)),
            ("billing_address_street", Type::Varchar(150)),
            ("billing_address_city", Type::Varchar(100)),
            ("billing_address_state", Type::Varchar(100)),
            ("billing_address_postalcode", Type::Varchar(20)),
            ("billing_address_country", Type::Varchar(255)),
            ("rating", Type::Varchar(100)),
            ("phone_office", Type::Varchar(100)),
            ("ownership", Type::Varchar(100)),
            ("employees", Type::Varchar(10)),
            ("parent_id", Type::Id),
            ("campaign_id", Type::Id),
            ("description", Type::Text),
        ],
    ],
    key: 1,
    indexes: &[&["name", "deleted"], &["parent_id"], &["assigned_user_id"]],
    rows: accounts,
};

/// Every change of an account's industry, rating, type and owner.
pub(crate) static ACCOUNTS_AUDIT: Table = Table {
    name: "accounts_audit",
    columns: &[AUDIT],
    key: 1,
    indexes: &[&["parent_id"]],
    rows: changes,
};

fn accounts(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let backdrop = &world.backdrop;
    let visible = world
        .rows
        .accounts
        .iter()
        .filter(|account| account.life.is_visible(at));
    for account in visible {
        count(account, at, sink);
        let own = (account.created_by, account.modified(at), at);
        let mut row = bean(backdrop, account.id, &account.life, own, 17);
        row.extend([
            owner(world, account.owner.at(at)),
            Value::text(&account.name),
            (*account.kind.at(at)).into(),
            Value::or_null(*account.industry.at(at), Value::text),
            Value::text(&account.revenue),
            Value::text(&account.street),
            account.place.city.into(),
            account.place.state.into(),
            Value::text(&account.postal),
            Value::or_null(account.country, Value::text),
            (*account.rating.at(at)).into(),
            Value::text(&account.phone),
            account.ownership.into(),
            Value::text(&account.employees),
            Value::or_null(account.parent, Value::Id),
            campaign_value(backdrop, account.campaign),
            Value::Null,
        ]);
        sink.row(&row)?;
    }
    Ok(())
}

fn owner<'w>(world: &'w World, owner: &Owner) -> Value<'w> {
    match owner {
        Owner::Missing => Value::Null,
        Owner::Blank => Value::text(""),
        Owner::User(user) => user_value(&world.backdrop, *user),
    }
}

fn count(account: &Account, at: Stamp, sink: &mut Sink<'_>) {
    let industry = *account.industry.at(at);
    let owner = *account.owner.at(at);
    let country = account.country;
    let agreed = country.is_none_or(|typed| typed.is_empty() || typed == account.place.country);
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has = |from: char, to: char| account.name.chars().any(|c| (from..=to).contains(&c));
    for (condition, dirt) in [
        (account.is_duplicate, Dirt::DuplicateAccount),
        (industry.is_none(), Dirt::IndustryNull),
        (industry == Some(""), Dirt::IndustryEmpty),
        (
            industry.is_some_and(|code| code.starts_with("XX-")),
            Dirt::IndustryUnknown,
        ),
        (country.is_none(), Dirt::CountryNull),
        (country == Some(""), Dirt::CountryEmpty),
        (!agreed, Dirt::CountryVariant),
        (owner == Owner::Missing, Dirt::OwnerNull),
        (owner == Owner::Blank, Dirt::OwnerEmpty),
        (!is_number(&account.employees), Dirt::EmployeesText),
        (!is_number(&account.revenue), Dirt::RevenueText),
        (has('一', '龥'), Dirt::ChineseName),
        (has('À', 'ž'), Dirt::AccentedName),
        (account.life.is_removed(at), Dirt::AccountDeleted),
    ] {
        sink.count_if(condition, dirt);
    }
}

fn changes(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let visible = world
        .rows
        .accounts
        .iter()
        .filter(|account| account.life.is_visible(at));
    for account in visible {
        let field = |part, field, data_type| Audited {
            parent: account.id,
            part,
            field,
            data_type,
            user: account.created_by,
        };
        let view = (world, at);
        let text = |value: &Option<&'static str>| Value::or_null(*value, Value::text);
        let code = |value: &&'static str| Value::text(value);
        audit(
            view,
            sink,
            &field(101, "industry", "enum"),
            &account.industry,
            text,
        )?;
        audit(
            view,
            sink,
            &field(102, "rating", "varchar"),
            &account.rating,
            code,
        )?;
        audit(
            view,
            sink,
            &field(103, "account_type", "enum"),
            &account.kind,
            code,
        )?;
        let assigned = field(104, "assigned_user_id", "relate");
        audit(view, sink, &assigned, &account.owner, |value| {
            owner(world, value)
        })?;
    }
    Ok(())
}
