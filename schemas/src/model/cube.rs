//! Cubes: what analysts see of a star, with aggregated and calculated measures.

use serde::{Deserialize, Serialize};

use super::types::{Caption, DataType};

/// One cube over one star, from one file in `cubes/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cube {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// What it is for.
    pub description: Caption,
    /// The star.
    pub star: String,
    /// The dimensions that analysts see.
    pub dimensions: Vec<CubeDimension>,
    /// The measures that analysts see.
    pub measures: Vec<Measure>,
    /// What drill-through returns.
    pub drill_through: DrillThrough,
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
}

impl CubeDimension {
    /// The id under which queries name it.
    pub fn name(&self) -> &str {
        match self {
            Self::Role { role } => role,
            Self::Degenerate { name, .. } => name,
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
}

/// How a measure is computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    /// An aggregate over the fact rows of a cell.
    Aggregate {
        /// The function.
        function: Aggregation,
        /// The fact's measure or degenerate column, or the role whose members are counted; `None` counts rows.
        of: Option<String>,
        /// A SQL condition over the fact's own columns; only rows where it is true take part.
        filter: Option<String>,
    },
    /// A SQL scalar over other measures of the cube, evaluated in decimal(38,10) per cell.
    Calculated {
        /// The expression.
        expression: String,
    },
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

impl Measure {
    /// The type of the cells, given the type of the stored number it aggregates.
    pub fn cell_type(&self, stored: Option<DataType>) -> DataType {
        match &self.kind {
            MeasureKind::Calculated { .. } => DataType::Decimal(38, 10),
            MeasureKind::Aggregate { function, .. } => match (function, stored) {
                (Aggregation::Count | Aggregation::CountDistinct, _) => DataType::Bigint,
                (Aggregation::Average | Aggregation::Median, _) => DataType::Decimal(38, 10),
                (Aggregation::Sum, Some(DataType::Decimal(_, scale))) => {
                    DataType::Decimal(38, scale)
                }
                (Aggregation::Sum, Some(DataType::Double)) => DataType::Double,
                (Aggregation::Sum, _) => DataType::Bigint,
                (_, Some(stored)) => stored,
                (_, None) => DataType::Bigint,
            },
        }
    }
}
