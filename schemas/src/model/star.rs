//! Stars: a fact with its grain, the roles its dimensions play, degenerate columns and measures.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::bridge::Bridge;
use super::corrections::Corrections;
use super::currency::Currency;
use super::dimension::Dimension;
use super::milestones::Milestones;
use super::periodic::{PERIOD_END, Periodic, SemiAdditive};
use super::types::{Caption, DataType};

/// One fact, from one file in `stars/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Star {
    /// The id; the table is `fact_<id>`.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// What one row is, as a sentence.
    pub grain: String,
    /// The same in Chinese, where the model says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grain_zh: Option<String>,
    /// How rows come and change.
    pub kind: StarKind,
    /// The entity that feeds it.
    pub entity: String,
    /// The entity's columns that identify a row.
    pub key: Vec<String>,
    /// The dimensions and the roles they play.
    pub roles: Vec<Role>,
    /// Columns of the fact itself that analysts slice by, and identifiers of documents.
    pub degenerate: Vec<DegenerateColumn>,
    /// The numbers.
    pub measures: Vec<FactMeasure>,
    /// The milestones of an accumulating snapshot; what follows from them stands among roles, columns and numbers too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milestones: Option<Milestones>,
    /// How a periodic snapshot is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub periodic: Option<Periodic>,
    /// How its money becomes money of the reporting currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The dimensions of which a row has many members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bridges: Vec<Bridge>,
    /// What a correction does to a published row.
    #[serde(default, skip_serializing_if = "Corrections::is_restate")]
    pub corrections: Corrections,
}

impl Star {
    /// What one row is, in both languages; in English where the model says it once.
    pub fn grain_caption(&self) -> Caption {
        Caption {
            en: self.grain.clone(),
            zh: self.grain_zh.clone().unwrap_or_else(|| self.grain.clone()),
        }
    }
}

/// How rows come and change (Kimball's kinds of fact tables).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StarKind {
    /// One row an event.
    Transaction,
    /// One row a process, revisited at each milestone.
    Accumulating,
    /// One row a state of something at the end of a period.
    Periodic,
    /// One row an event or a coverage that nothing is measured of.
    Factless,
}

/// A dimension in a role: `order_date` is the role of `date`; the column is `<role>_key`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// The id of the role.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The conformed dimension.
    pub dimension: String,
    /// The entity's column with the business key, or with the date or instant of a calendar role; empty in the role of a
    /// dimension of combinations.
    pub column: String,
    /// In the role of a dimension of combinations the entity's columns of attributes that have other names than these.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// The entity's column (date or timestamp) at which a versioned member is looked up.
    pub as_of: Option<String>,
}

impl Role {
    /// The surrogate key column in the fact.
    pub fn key_column(&self) -> String {
        format!("{}_key", self.name)
    }

    /// The entity's column of an attribute, in the role of a dimension of combinations.
    pub fn column_of<'a>(&'a self, attribute: &'a str) -> &'a str {
        self.columns
            .get(attribute)
            .map_or(attribute, String::as_str)
    }
}

/// A column of the fact itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DegenerateColumn {
    /// The id and column name.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The type.
    pub data_type: DataType,
    /// The entity's column; the name by default.
    pub column: String,
}

/// A number of the fact, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactMeasure {
    /// The id and column name.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The type.
    pub data_type: DataType,
    /// The entity's column; the name by default.
    pub column: String,
    /// True if it may be summed over every dimension.
    pub additive: bool,
    /// How a state such as a balance is answered for several periods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semi_additive: Option<SemiAdditive>,
}

impl Star {
    /// The table of the fact.
    pub fn table(&self) -> String {
        format!("fact_{}", self.name)
    }

    /// The role of that name.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// The degenerate column of that name.
    pub fn degenerate(&self, name: &str) -> Option<&DegenerateColumn> {
        self.degenerate.iter().find(|column| column.name == name)
    }

    /// True for a column that is worked out of the rows and is none of the entity.
    pub fn derives(&self, column: &str) -> bool {
        let milestones = self.milestones.as_ref();
        milestones.is_some_and(|milestones| milestones.derives(column))
            || (self.periodic.is_some() && column == PERIOD_END)
            || self.is_of_bookings(column)
            || self
                .currency
                .iter()
                .any(|currency| currency.converted.iter().any(|it| it.name == column))
    }

    /// The columns of the entity that the star uses, each once.
    pub fn entity_columns(&self) -> Vec<&str> {
        let keys = self.key.iter();
        let roles = self.roles.iter();
        let roles = roles.flat_map(|role| {
            std::iter::once(&role.column)
                .chain(role.columns.values())
                .chain(&role.as_of)
        });
        let degenerate = self.degenerate.iter().map(|column| &column.column);
        let measures = self.measures.iter().map(|measure| &measure.column);
        let ended = self.milestones.iter().filter_map(|it| it.ended.as_ref());
        let periodic = self.periodic.iter();
        let edges = periodic.flat_map(|it| it.begins.iter().chain(&it.ends));
        let currency = self.currency.iter();
        let currency =
            currency.flat_map(|it| [Some(&it.column), it.event.as_ref(), it.close.as_ref()]);
        let bridges = self.bridges.iter();
        let bridges = bridges.flat_map(|it| it.by.iter().chain(&it.as_of));
        let mut seen = BTreeSet::new();
        keys.chain(roles)
            .chain(bridges)
            .chain(degenerate)
            .chain(measures)
            .chain(ended)
            .chain(edges)
            .chain(currency.flatten())
            .map(String::as_str)
            .filter(|column| !column.is_empty() && !self.derives(column) && seen.insert(*column))
            .collect()
    }

    /// The same with those of combinations that have the names of their attributes: everything that a row of the star is made of.
    pub fn kept_columns<'a>(&'a self, dimensions: &'a [Dimension]) -> Vec<&'a str> {
        let mut columns = self.entity_columns();
        for role in &self.roles {
            let mut combinations = dimensions.iter().filter(|it| it.is_combination());
            let combination = combinations.find(|it| it.name == role.dimension);
            for attribute in combination.iter().flat_map(|it| &it.attributes) {
                let column = role.column_of(&attribute.name);
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
        }
        columns
    }

    /// The stored measure of that name.
    pub fn measure(&self, name: &str) -> Option<&FactMeasure> {
        self.measures.iter().find(|measure| measure.name == name)
    }
}
