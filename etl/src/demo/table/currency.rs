//! currencies and planisphere_currency_rates
//!
//! The base currency has no row in `currencies`, as in the real system: its identifier is `-99` everywhere. The
//! side table of dated rates is ours and has rows for the base currency too.

use super::{Sink, Table, Type, Value, currency_value};
use crate::demo::catalog::codes::CURRENCIES as CODES;
use crate::demo::error::DemoError;
use crate::demo::time::{Day, Stamp};
use crate::demo::world::{ADMIN, RATE_MARGIN_DAYS, World, dated_rates};

/// Currencies with one undated rate each: units of the currency for one US dollar.
pub(crate) static CURRENCIES: Table = Table {
    name: "currencies",
    columns: &[&[
        ("id", Type::Id),
        ("name", Type::Varchar(36)),
        ("symbol", Type::Varchar(36)),
        ("iso4217", Type::Varchar(3)),
        ("conversion_rate", Type::Double),
        ("status", Type::Varchar(100)),
        ("deleted", Type::Flag),
        ("date_entered", Type::Datetime),
        ("date_modified", Type::Datetime),
        ("created_by", Type::Varchar(36)),
    ]],
    key: 1,
    indexes: &[&["name", "deleted"]],
    rows: currencies,
};

/// Dated rates: US dollars for one unit of the currency on a day.
pub(crate) static RATES: Table = Table {
    name: "planisphere_currency_rates",
    columns: &[&[
        ("currency_id", Type::Id),
        ("rate_date", Type::Date),
        ("rate", Type::Decimal(20, 6)),
    ]],
    key: 2,
    indexes: &[],
    rows: rates,
};

fn currencies(world: &World, _at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let entered = world.backdrop.staff.users[ADMIN].life.entered;
    for (index, code) in CODES.iter().enumerate() {
        sink.row(&[
            currency_value(&world.backdrop, Some(index)),
            code.name.into(),
            code.symbol.into(),
            code.iso.into(),
            Value::Micros(code.rate_e4 * 100),
            Value::text("Active"),
            Value::Int(0),
            entered.into(),
            entered.into(),
            Value::text("1"),
        ])?;
    }
    Ok(())
}

fn rates(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let first = world.backdrop.start.plus(-RATE_MARGIN_DAYS);
    let last = at.day().plus(RATE_MARGIN_DAYS);
    let currencies = std::iter::once(None).chain((0..CODES.len()).map(Some));
    for currency in currencies {
        let id = currency_value(&world.backdrop, currency);
        let rates = match currency {
            Some(index) => dated_rates(world.backdrop.params.seed, index, first, last),
            None => vec![1_000_000; (last.0 - first.0 + 1) as usize],
        };
        for (day, rate) in (first.0..).map(Day).zip(rates) {
            sink.row(&[id.clone(), Value::Day(day), Value::Micros(rate)])?;
        }
    }
    Ok(())
}
