//! `currency:` of a star, and `convert:` of its measures.

use crate::document::{Decoder as _, Fields, Value};
use crate::model::currency::{Converted, Currency, Moment, Rates};
use crate::model::star::FactMeasure;

/// How money is converted; `None` if the star does not say.
pub(super) fn currency(fields: &mut Fields<'_, '_>) -> Option<Currency> {
    let node = fields.optional("currency")?;
    let mut fields = Fields::of(node, "the currency of a star", fields.faults())?;
    let rates = fields.required("rates");
    let rates = rates.and_then(|node| {
        let mut fields = Fields::of(node, "the rates of a currency", fields.faults())?;
        let rates = Rates {
            entity: fields.need("entity").unwrap_or_default(),
            currency: fields.need("currency").unwrap_or_default(),
            date: fields.need("date").unwrap_or_default(),
            rate: fields.need("rate").unwrap_or_default(),
        };
        fields.finish();
        Some(rates)
    });
    let reporting = fields.required("reporting");
    let currency = Currency {
        column: fields.need("column").unwrap_or_default(),
        reporting: reporting
            .and_then(|node| String::decode(node, fields.faults()))
            .unwrap_or_default(),
        event: fields.want("event"),
        close: fields.want("close"),
        rates: rates?,
        converted: Vec::new(),
    };
    let code = &currency.reporting;
    if let Some(node) = reporting
        && (code.is_empty() || !code.chars().all(|c| c.is_ascii_uppercase()))
    {
        let message = format!("'{code}' is not the code of a currency such as USD");
        fields.faults().add(&node.place, message);
    }
    fields.finish();
    Some(currency)
}

/// The moments by whose rates a measure is converted.
pub(super) fn conversions(fields: &mut Fields<'_, '_>) -> Vec<Moment> {
    let Some(node) = fields.optional("convert") else {
        return Vec::new();
    };
    let items = match &node.value {
        Value::Sequence(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let moments = items.iter().filter_map(|item| {
        let word = item.scalar_text().unwrap_or_default();
        match word.as_str() {
            "event" => Some(Moment::Event),
            "close" => Some(Moment::Close),
            _ => {
                let what = "value of 'convert'";
                fields
                    .faults()
                    .unknown(&item.place, what, &word, ["event", "close"]);
                None
            }
        }
    });
    moments.collect()
}

/// The measures in the reporting currency, behind those that they are made of.
pub(super) fn converted(
    currency: &mut Currency,
    declared: &[(FactMeasure, Vec<Moment>)],
) -> Vec<FactMeasure> {
    let mut measures = Vec::new();
    for (measure, moments) in declared {
        for at in moments {
            let converted = Converted {
                measure: measure.name.clone(),
                at: *at,
                name: currency.name_of(&measure.name, *at),
            };
            measures.push(currency.measure_of(measure, &converted));
            currency.converted.push(converted);
        }
    }
    measures
}
