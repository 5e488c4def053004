//! Money of a star in the reporting currency, by dated rates.

use serde::{Deserialize, Serialize};

use super::star::FactMeasure;
use super::types::Caption;

/// How the money of a star becomes money of the reporting currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Currency {
    /// The entity's column with the currency of the row.
    pub column: String,
    /// The code of the reporting currency.
    pub reporting: String,
    /// The entity's column with the day or instant of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The entity's column with the day or instant at which the row was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close: Option<String>,
    /// Where the rates are.
    pub rates: Rates,
    /// The measures that are converted, each with the moment of its rate.
    pub converted: Vec<Converted>,
}

/// An entity with one row a currency and day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// The entity.
    pub entity: String,
    /// Its column with the currency.
    pub currency: String,
    /// Its column with the day from which the rate holds.
    pub date: String,
    /// Its column with what one unit of the currency is worth in the reporting currency.
    pub rate: String,
}

/// A measure in the reporting currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Converted {
    /// The measure in the currency of the row.
    pub measure: String,
    /// Of which moment the rate is.
    pub at: Moment,
    /// The measure in the reporting currency.
    pub name: String,
}

/// The moment of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The event.
    Event,
    /// The close.
    Close,
}

impl Currency {
    /// The entity's column with the moment of a rate.
    pub fn moment(&self, at: Moment) -> Option<&str> {
        match at {
            Moment::Event => self.event.as_deref(),
            Moment::Close => self.close.as_deref(),
        }
    }

    /// The name of a measure in the reporting currency.
    pub(super) fn name_of(&self, measure: &str, at: Moment) -> String {
        let code = self.reporting.to_lowercase();
        match at {
            Moment::Event => format!("{measure}_{code}"),
            Moment::Close => format!("{measure}_{code}_at_close"),
        }
    }

    /// A measure in the reporting currency.
    pub(super) fn measure_of(&self, measure: &FactMeasure, converted: &Converted) -> FactMeasure {
        let code = &self.reporting;
        let (en, zh) = match converted.at {
            Moment::Event => (String::new(), String::new()),
            Moment::Close => (" at close".into(), "，按结清日汇率".into()),
        };
        FactMeasure {
            name: converted.name.clone(),
            caption: Caption {
                en: format!("{} ({code}{en})", measure.caption.en),
                zh: format!("{}（{code}{zh}）", measure.caption.zh),
            },
            column: converted.name.clone(),
            ..measure.clone()
        }
    }
}
