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
            grain: grain(model, cube),
        }
    }
}

/// What one fact row of a cube is; of one across others which these are.
pub(crate) fn grain(model: &Model, cube: &Cube) -> Caption {
    if let Some(star) = cube.star_in(model) {
        return star.grain_caption();
    }
    let mut cubes: Vec<&str> = cube.across.iter().map(|part| part.cube.as_str()).collect();
    cubes.sort_unstable();
    cubes.dedup();
    Caption {
        en: format!("across {}", cubes.join(", ")),
        zh: format!("跨 {}", cubes.join("、")),
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
    /// What is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Caption>,
}

/// Whether the cells of a measure may be added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Additivity {
    /// Over every dimension.
    Additive,
    /// Over none: totals are computed from the detail.
    NonAdditive,
    /// Over every dimension but the periods of a calendar role, of which one answers for several.
    SemiAdditive,
}

impl MeasureView {
    /// The view of a measure of a cube; `None` if the model lacks what it is of, which the validator excludes.
    pub fn of(model: &Model, cube: &Cube, measure: &Measure) -> Option<Self> {
        let (source, own) = cube.source_of(model, measure)?;
        let star = source.star_in(model);
        Some(Self {
            name: measure.name.clone(),
            caption: caption_of(measure, own),
            data_type: own.cell_type(star.and_then(|star| stored_type(star, own))),
            additivity: star.map_or(Additivity::NonAdditive, |star| additivity(star, own)),
            format: format_of(measure, own),
            definition: definition(measure),
            unit: measure.unit.clone().or_else(|| own.unit.clone()),
        })
    }
}

/// What people read of a measure: of one taken from another cube what is read there, unless it has a caption of its own.
pub(crate) fn caption_of(measure: &Measure, own: &Measure) -> Caption {
    match measure.caption == Caption::of_id(&measure.name) {
        true => own.caption.clone(),
        false => measure.caption.clone(),
    }
}

/// How it is shown, likewise.
pub(crate) fn format_of(measure: &Measure, own: &Measure) -> Format {
    match measure.format {
        Format::Plain => own.format,
        format => format,
    }
}

/// The type of a measure's cells.
pub(crate) fn cell_type(star: &Star, measure: &Measure) -> DataType {
    measure.cell_type(stored_type(star, measure))
}

/// The type of the fact column that a measure aggregates, if it aggregates one.
pub(crate) fn stored_type(star: &Star, measure: &Measure) -> Option<DataType> {
    let MeasureKind::Aggregate(aggregate) = &measure.kind else {
        return None;
    };
    let of = aggregate.of.as_deref()?;
    star.measure(of)
        .map(|stored| stored.data_type)
        .or_else(|| star.degenerate(of).map(|column| column.data_type))
}

fn additivity(star: &Star, measure: &Measure) -> Additivity {
    let MeasureKind::Aggregate(aggregate) = &measure.kind else {
        return Additivity::NonAdditive;
    };
    let stored = aggregate.of.as_deref().and_then(|of| star.measure(of));
    match aggregate.function {
        // by the members of a tree no more than their operators let them
        _ if aggregate.signed => Additivity::NonAdditive,
        Aggregation::Count => Additivity::Additive,
        Aggregation::Sum if stored.is_none_or(|stored| stored.additive) => Additivity::Additive,
        Aggregation::First | Aggregation::Last => Additivity::SemiAdditive,
        _ => Additivity::NonAdditive,
    }
}

fn definition(measure: &Measure) -> String {
    let aggregate = match &measure.kind {
        MeasureKind::Calculated { expression } => return expression.clone(),
        MeasureKind::OfPart { part, measure } => return format!("{part}.{measure}"),
        MeasureKind::Aggregate(aggregate) => aggregate,
    };
    let of = aggregate.of.as_deref().unwrap_or("*");
    let over = aggregate
        .over
        .as_deref()
        .map(|over| format!(" over {over}"));
    let over = over.unwrap_or_default();
    let at = aggregate.at.as_deref().unwrap_or("0.5");
    let call = match (aggregate.function, aggregate.approximate) {
        (Aggregation::Sum, _) => format!("sum({of})"),
        (Aggregation::Count, _) => format!("count({of})"),
        (Aggregation::CountDistinct, false) => format!("count(distinct {of})"),
        (Aggregation::CountDistinct, true) => format!("approximate count(distinct {of})"),
        (Aggregation::Min, _) => format!("min({of})"),
        (Aggregation::Max, _) => format!("max({of})"),
        (Aggregation::Average, _) => format!("avg({of})"),
        (Aggregation::Median | Aggregation::Percentile, false) => {
            format!("percentile_cont({at}) of {of}")
        }
        (Aggregation::Median | Aggregation::Percentile, true) => {
            format!("approximate percentile({at}) of {of}")
        }
        (Aggregation::First, _) => format!("sum({of}) at the first period{over}"),
        (Aggregation::Last, _) => format!("sum({of}) at the last period{over}"),
        (Aggregation::PeriodAverage, _) => format!("average of sum({of}) by period{over}"),
    };
    let call = match (aggregate.signed, aggregate.weighted) {
        (true, _) => format!("{call} by operators"),
        (_, true) => format!("{call} by weights"),
        _ => call,
    };
    match &aggregate.filter {
        Some(filter) => format!("{call} filter (where {filter})"),
        None => call,
    }
}
