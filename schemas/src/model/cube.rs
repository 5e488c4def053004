//! Cubes: what analysts see of a star, with aggregated and calculated measures; and cubes across others (drill-across).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Model;
use super::star::Star;
use super::types::{Caption, DataType};

/// One cube over one star or across other cubes, from one file in `cubes/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cube {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// What it is for.
    pub description: Caption,
    /// The star; `None` of a cube across others.
    pub star: Option<String>,
    /// The cubes that it is across, each with its own names of the dimensions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub across: Vec<CubePart>,
    /// The dimensions that analysts see.
    pub dimensions: Vec<CubeDimension>,
    /// The measures that analysts see.
    pub measures: Vec<Measure>,
    /// What drill-through returns.
    pub drill_through: DrillThrough,
    /// Filters, as queries write them, that hold where a question does not touch their dimension.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defaults: Vec<String>,
    /// What is measured against a target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kpis: Vec<Kpi>,
    /// Sets of members with names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<NamedSet>,
}

/// Members that a question can be narrowed to by one name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedSet {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// Conditions on members and rankings, as queries write them; each narrows what those before it have left.
    pub of: Vec<String>,
}

/// A key performance indicator: measures of the cube that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kpi {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The measure that is looked at.
    pub value: String,
    /// The measure that it should reach.
    pub target: Option<String>,
    /// The measure that says how it stands: -1 badly, 0 fairly, 1 well.
    pub status: Option<String>,
    /// The measure that says where it goes: -1 down, 0 neither, 1 up.
    pub trend: Option<String>,
}

impl Kpi {
    /// Its measures, each with what it is for.
    pub fn measures(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let others = [
            ("target", self.target.as_deref()),
            ("status", self.status.as_deref()),
            ("trend", self.trend.as_deref()),
        ];
        let others = others
            .into_iter()
            .filter_map(|(field, it)| Some((field, it?)));
        std::iter::once(("value", self.value.as_str())).chain(others)
    }
}

impl Cube {
    /// The dimension of that name.
    pub fn dimension(&self, name: &str) -> Option<&CubeDimension> {
        self.dimensions
            .iter()
            .find(|dimension| dimension.name() == name)
    }

    /// The measure of that name.
    pub fn measure(&self, name: &str) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.name == name)
    }

    /// The part of that name, of a cube across others.
    pub fn part(&self, name: &str) -> Option<&CubePart> {
        self.across.iter().find(|part| part.name == name)
    }

    /// The star of the cube, `None` of one across others.
    pub fn star_in<'m>(&self, model: &'m Model) -> Option<&'m Star> {
        model.star(self.star.as_deref()?)
    }

    /// The role behind a dimension: of the star, or of the first cube that shares it.
    pub fn role_in<'m>(&self, model: &'m Model, dimension: &CubeDimension) -> Option<CubeRole<'m>> {
        match dimension {
            CubeDimension::Role { role } => CubeRole::of(self.star_in(model)?, role),
            CubeDimension::Shared { name, .. } => self.shared_roles(model, name).into_iter().next(),
            CubeDimension::Degenerate { .. } => None,
        }
    }

    /// The measure behind a measure, with its cube: of a cube that this one is across, or the measure itself.
    pub fn source_of<'m>(
        &'m self,
        model: &'m Model,
        measure: &'m Measure,
    ) -> Option<(&'m Cube, &'m Measure)> {
        match &measure.kind {
            MeasureKind::OfPart { part, measure } => {
                let cube = model.cube(&self.part(part)?.cube)?;
                Some((cube, cube.measure(measure)?))
            }
            _ => Some((self, measure)),
        }
    }

    /// The roles behind a dimension that the cubes share which this one is across.
    pub fn shared_roles<'m>(&self, model: &'m Model, dimension: &str) -> Vec<CubeRole<'m>> {
        let roles = self.across.iter().filter_map(|part| {
            let own = part.dimensions.get(dimension)?;
            CubeRole::of(model.cube(&part.cube)?.star_in(model)?, own)
        });
        roles.collect()
    }
}

/// What stands behind a dimension of a cube: a role of the star, or a bridge to many members.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CubeRole<'m> {
    /// What people read.
    pub caption: &'m Caption,
    /// The conformed dimension.
    pub dimension: &'m str,
    /// True if a fact has many members.
    pub is_bridge: bool,
}

impl<'m> CubeRole<'m> {
    /// The role or bridge of that name.
    pub fn of(star: &'m Star, name: &str) -> Option<Self> {
        let role = star.role(name).map(|role| Self {
            caption: &role.caption,
            dimension: &role.dimension,
            is_bridge: false,
        });
        role.or_else(|| {
            star.bridge(name).map(|bridge| Self {
                caption: &bridge.caption,
                dimension: &bridge.dimension,
                is_bridge: true,
            })
        })
    }
}

/// A cube that another one is across.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CubePart {
    /// The name under which measures take from it.
    pub name: String,
    /// The cube; one may take part more than once, by different roles.
    pub cube: String,
    /// For each shared dimension that it has its own role.
    pub dimensions: BTreeMap<String, String>,
}

/// A dimension of a cube.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CubeDimension {
    /// A role of the star: its hierarchies are those of the conformed dimension.
    Role {
        /// The role in the star.
        role: String,
    },
    /// Degenerate columns: one hierarchy named like the dimension, whose levels are the columns.
    Degenerate {
        /// The id.
        name: String,
        /// What people read.
        caption: Caption,
        /// The columns of the fact, the coarsest first.
        columns: Vec<String>,
    },
    /// A conformed dimension that the cubes share which this one is across.
    Shared {
        /// The id.
        name: String,
        /// What people read; that of the first cube's role where it is not given.
        caption: Option<Caption>,
    },
}

impl CubeDimension {
    /// The id under which queries name it.
    pub fn name(&self) -> &str {
        match self {
            Self::Role { role } => role,
            Self::Degenerate { name, .. } | Self::Shared { name, .. } => name,
        }
    }
}

/// A measure of a cube.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// How it is computed.
    pub kind: MeasureKind,
    /// How it is shown.
    pub format: Format,
    /// Hidden measures serve calculations only.
    pub hidden: bool,
    /// What is counted, such as hours; nothing where the caption says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Caption>,
}

/// How a measure is computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    /// An aggregate over the fact rows of a cell.
    Aggregate(Aggregate),
    /// A SQL scalar over other measures of the cube, evaluated in decimal(38,10) per cell.
    Calculated {
        /// The expression.
        expression: String,
    },
    /// The measure of a cube that this one is across.
    OfPart {
        /// The part.
        part: String,
        /// Its measure.
        measure: String,
    },
}

/// An aggregate over the fact rows of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Aggregate {
    /// The function.
    pub function: Aggregation,
    /// The fact's measure or degenerate column, or the role whose members are counted; `None` counts rows.
    pub of: Option<String>,
    /// A SQL condition over the fact's own columns; only rows where it is true take part.
    pub filter: Option<String>,
    /// Of functions of periods: the calendar role whose days are the periods; the one of the stored measure by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
    /// Of percentiles: the fraction of the order, a decimal number from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// True if a sketch will do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approximate: bool,
    /// True if members of bridges get their share by weight, false if each gets all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weighted: bool,
    /// True if the operators of members in trees hold for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signed: bool,
}

/// An aggregate function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// Sum; null for no rows.
    Sum,
    /// Number of rows.
    Count,
    /// Number of different values; for a role, of different durable members, special members left out.
    CountDistinct,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Arithmetic mean in decimal(38,10), half-even.
    Average,
    /// Exact median (`percentile_cont(0.5)`).
    Median,
    /// The value at a fraction of the order (`percentile_cont`).
    Percentile,
    /// Sum at the first period of the cell that has a value.
    First,
    /// Sum at the last period of the cell that has a value.
    Last,
    /// Sum of all periods of the cell divided by the number of those that have a value, half-even.
    PeriodAverage,
}

/// How a measure is shown; the cells themselves are not rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As it is.
    #[default]
    Plain,
    /// Whole number with thousands separators.
    Integer,
    /// Two decimals with thousands separators.
    Money,
    /// Times 100 with one decimal and a percent sign.
    Percent,
}

/// What drill-through returns: columns of the fact and attributes of its roles.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DrillThrough {
    /// `column` of the fact or `role.attribute`; empty means all columns of the fact.
    pub columns: Vec<String>,
}

impl Aggregation {
    /// True if it looks at periods.
    pub fn is_of_periods(self) -> bool {
        matches!(self, Self::First | Self::Last | Self::PeriodAverage)
    }

    /// True if a sketch can stand in for it.
    pub fn has_sketch(self) -> bool {
        matches!(self, Self::CountDistinct | Self::Median | Self::Percentile)
    }
}

impl Aggregate {
    /// The calendar role whose days are the periods.
    pub fn periods<'a>(&'a self, star: &'a Star) -> Option<&'a str> {
        let stored = self.of.as_deref().and_then(|of| star.measure(of));
        let declared = stored.and_then(|stored| stored.semi_additive.as_ref());
        self.over
            .as_deref()
            .or(declared.map(|semi| semi.over.as_str()))
    }
}

impl Measure {
    /// The type of the cells, given the type of the stored number it aggregates.
    pub fn cell_type(&self, stored: Option<DataType>) -> DataType {
        match &self.kind {
            MeasureKind::Calculated { .. } | MeasureKind::OfPart { .. } => {
                DataType::Decimal(38, 10)
            }
            MeasureKind::Aggregate(aggregate) if aggregate.weighted => DataType::Decimal(38, 10),
            MeasureKind::Aggregate(aggregate) => match (aggregate.function, stored) {
                (Aggregation::Count | Aggregation::CountDistinct, _) => DataType::Bigint,
                (
                    Aggregation::Average
                    | Aggregation::Median
                    | Aggregation::Percentile
                    | Aggregation::PeriodAverage,
                    _,
                ) => DataType::Decimal(38, 10),
                (Aggregation::Sum | Aggregation::First | Aggregation::Last, stored) => {
                    summed(stored)
                }
                (_, Some(stored)) => stored,
                (_, None) => DataType::Bigint,
            },
        }
    }
}

/// The type of sums of a stored number.
fn summed(stored: Option<DataType>) -> DataType {
    match stored {
        Some(DataType::Decimal(_, scale)) => DataType::Decimal(38, scale),
        Some(DataType::Double) => DataType::Double,
        _ => DataType::Bigint,
    }
}
