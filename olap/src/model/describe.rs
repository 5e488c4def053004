//! What clients are told about cubes and measures.

use planisphere_schemas::model::{
    Aggregation, Caption, Cube, DataType, Format, Measure, MeasureKind, Model, Star,
};
use serde::Serialize;

/// A cube in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CubeSummary {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// What it is for.
    pub description: Caption,
    /// What one fact row is.
    pub grain: Caption,
}

impl CubeSummary {
    /// The summary of a cube.
    pub fn of(model: &Model, cube: &Cube) -> Self {
        Self {
            name: cube.name.clone(),
            caption: cube.caption.clone(),
            description: cube.description.clone(),
            grain: model
                .star(&cube.star)
                .map(Star::grain_caption)
                .unwrap_or_default(),
        }
    }
}

/// A measure as analysts see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasureView {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The type of its cells.
    pub data_type: DataType,
    /// Whether cells may be added up.
    pub additivity: Additivity,
    /// How it is shown.
    pub format: Format,
    /// How it is computed, in words of SQL.
    pub definition: String,
}

/// Whether the cells of a measure may be added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Additivity {
    /// Over every dimension.
    Additive,
    /// Over none: totals are computed from the detail.
    NonAdditive,
}

impl MeasureView {
    /// The view of a measure over its star.
    pub fn of(star: &Star, measure: &Measure) -> Self {
        Self {
            name: measure.name.clone(),
            caption: measure.caption.clone(),
            data_type: cell_type(star, measure),
            additivity: additivity(star, measure),
            format: measure.format,
            definition: definition(measure),
        }
    }
}

/// The type of a measure's cells.
pub(crate) fn cell_type(star: &Star, measure: &Measure) -> DataType {
    measure.cell_type(stored_type(star, measure))
}

/// The type of the fact column that a measure aggregates, if it aggregates one.
pub(crate) fn stored_type(star: &Star, measure: &Measure) -> Option<DataType> {
    let MeasureKind::Aggregate { of: Some(of), .. } = &measure.kind else {
        return None;
    };
    star.measure(of)
        .map(|stored| stored.data_type)
        .or_else(|| star.degenerate(of).map(|column| column.data_type))
}

fn additivity(star: &Star, measure: &Measure) -> Additivity {
    match &measure.kind {
        MeasureKind::Aggregate {
            function: Aggregation::Count,
            ..
        } => Additivity::Additive,
        MeasureKind::Aggregate {
            function: Aggregation::Sum,
            of: Some(of),
            ..
        } if star.measure(of).is_none_or(|stored| stored.additive) => Additivity::Additive,
        _ => Additivity::NonAdditive,
    }
}

fn definition(measure: &Measure) -> String {
    match &measure.kind {
        MeasureKind::Calculated { expression } => expression.clone(),
        MeasureKind::Aggregate {
            function,
            of,
            filter,
        } => {
            let of = of.as_deref().unwrap_or("*");
            let call = match function {
                Aggregation::Sum => format!("sum({of})"),
                Aggregation::Count => format!("count({of})"),
                Aggregation::CountDistinct => format!("count(distinct {of})"),
                Aggregation::Min => format!("min({of})"),
                Aggregation::Max => format!("max({of})"),
                Aggregation::Average => format!("avg({of})"),
                Aggregation::Median => format!("percentile_cont(0.5) of {of}"),
            };
            match filter {
                Some(filter) => format!("{call} filter (where {filter})"),
                None => call,
            }
        }
    }
}
