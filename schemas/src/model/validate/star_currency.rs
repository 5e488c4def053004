//! Money in the reporting currency: what is converted, at which moment, by whose rates.

use crate::model::currency::{Currency, Moment};
use crate::model::star::Star;
use crate::model::types::DataType;

use super::{Check, Spot, within};

pub(super) fn currency_rules(
    check: &mut Check<'_>,
    star: &Star,
    currency: &Currency,
    columns: &[&str],
) {
    let spot: Spot = ("star", format!("{}/currency", star.name));
    let known = columns.iter().copied();
    let own = within(&spot, "column", &currency.column);
    check.given(
        &own,
        "column of the entity",
        &currency.column,
        known.clone(),
    );
    let moments = [("event", &currency.event), ("close", &currency.close)];
    for (field, column) in moments {
        let Some(column) = column else { continue };
        let spot = within(&spot, field, column);
        check.known(&spot, "column of the entity", column, known.clone());
    }
    if currency.converted.is_empty() {
        let message = "no measure says 'convert: event' or 'convert: close'";
        check.fault(&spot, message.into());
    }
    for converted in &currency.converted {
        let spot: Spot = ("star", format!("{}/{}", star.name, converted.measure));
        let field = match converted.at {
            Moment::Event => "event",
            Moment::Close => "close",
        };
        if currency.moment(converted.at).is_none() {
            let message = format!(
                "'convert: {field}' needs '{field}' under 'currency', the column with its day"
            );
            check.fault(&spot, message);
        }
        let measure = star.measure(&converted.measure);
        if measure.is_some_and(|it| !matches!(it.data_type, DataType::Decimal(..))) {
            let message = format!("measure '{}' is no decimal money", converted.measure);
            check.fault(&spot, message);
        }
    }
    rates_rules(check, star, currency);
}

fn rates_rules(check: &mut Check<'_>, star: &Star, currency: &Currency) {
    let rates = &currency.rates;
    let spot: Spot = ("star", format!("{}/currency/rates", star.name));
    let Some((_, entity)) = check.entity(&spot, &rates.entity) else {
        return;
    };
    let columns: Vec<String> = entity.columns.iter().map(|it| it.name.clone()).collect();
    let streams = entity.changes.is_some() || entity.from.ends_with("_versions");
    let own = [
        ("currency", &rates.currency),
        ("date", &rates.date),
        ("rate", &rates.rate),
    ];
    for (field, column) in own.into_iter() {
        let known = columns.iter().map(String::as_str);
        let spot = within(&spot, field, column);
        check.given(&spot, "column of the rates", column, known);
    }
    if streams {
        let message = format!(
            "entity '{}' holds changes; rates are present rows, one a currency and day",
            rates.entity
        );
        check.fault(&within(&spot, "entity", &rates.entity), message);
    }
}
