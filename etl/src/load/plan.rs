//! The steps of a load, worked out before anything happens. `planisphere-etl plan` prints the same steps.

use std::collections::BTreeSet;
use std::fmt;

use planisphere_schemas::model::{Dimension, DimensionKind, Holidays, Model, Star};
use planisphere_schemas::warehouse::Manifest;

use crate::error::{Error, Result};

/// What a load is going to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadPlan {
    /// The steps.
    pub steps: Vec<Step>,
    /// What the operator should know beforehand.
    pub notices: Vec<String>,
}

/// One step of a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read every table of a source under one snapshot.
    Extract {
        /// The source.
        source: String,
        /// How many tables.
        tables: usize,
    },
    /// Turn staged tables into a canonical entity.
    Conform {
        /// The source.
        source: String,
        /// The entity.
        entity: String,
    },
    /// Generate a calendar.
    Calendar {
        /// The dimension.
        dimension: String,
    },
    /// Generate times of day.
    TimeOfDay {
        /// The dimension.
        dimension: String,
    },
    /// Merge an entity into a dimension.
    Dimension {
        /// The dimension.
        dimension: String,
        /// Attributes that are new in the model and are filled from the staged rows.
        backfill: Vec<String>,
    },
    /// Merge an entity into a fact.
    Fact {
        /// The star.
        star: String,
        /// Columns that are new in the model and are filled from the staged rows.
        backfill: Vec<String>,
    },
    /// Publish all tables as one version.
    Publish,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extract { source, tables } => {
                write!(f, "extract {tables} tables of {source} under one snapshot")
            }
            Self::Conform { source, entity } => write!(f, "conform {entity} of {source}"),
            Self::Calendar { dimension } => write!(f, "generate calendar dim_{dimension}"),
            Self::TimeOfDay { dimension } => write!(f, "generate times of day dim_{dimension}"),
            Self::Dimension {
                dimension,
                backfill,
            } => {
                write!(f, "merge dim_{dimension}{}", Backfill(backfill))
            }
            Self::Fact { star, backfill } => {
                write!(f, "merge fact_{star}{}", Backfill(backfill))
            }
            Self::Publish => write!(f, "publish all tables as one version"),
        }
    }
}

struct Backfill<'a>(&'a [String]);

impl fmt::Display for Backfill<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => Ok(()),
            columns => write!(f, ", backfill {}", columns.join(", ")),
        }
    }
}

/// Works out the steps of a load of `model` upon the published version.
///
/// # Errors
/// [`Error::ModelChange`] if the grain of a star or the members of a dimension changed.
pub fn plan_load(model: &Model, published: Option<&Manifest>) -> Result<LoadPlan> {
    let old = published.map(|manifest| &manifest.model);
    let mut steps: Vec<Step> = model
        .sources
        .iter()
        .map(|source| Step::Extract {
            source: source.name.clone(),
            tables: source.tables.len(),
        })
        .collect();
    for entity in used_entities(model) {
        let source = model.entity(&entity).map(|(source, _)| source.name.clone());
        steps.push(Step::Conform {
            source: source.unwrap_or_default(),
            entity,
        });
    }
    for dimension in &model.dimensions {
        if let DimensionKind::Entity { entity, .. } = &dimension.kind {
            let is_published = old.is_some_and(|old| old.dimension(&dimension.name).is_some());
            let object = || format!("dimension '{}'", dimension.name);
            same_source((model, old.filter(|_| is_published)), entity, object)?;
        }
        steps.push(dimension_step(dimension, old)?);
    }
    for star in &model.stars {
        let is_published = old.is_some_and(|old| old.star(&star.name).is_some());
        let object = || format!("star '{}'", star.name);
        same_source((model, old.filter(|_| is_published)), &star.entity, object)?;
        steps.push(fact_step(star, old)?);
    }
    steps.push(Step::Publish);
    Ok(LoadPlan {
        steps,
        notices: notices(model, old),
    })
}

/// The entities that dimensions and stars are built from, in the order of their first use.
pub(super) fn used_entities(model: &Model) -> Vec<String> {
    let dimensions = model
        .dimensions
        .iter()
        .filter_map(|dimension| match &dimension.kind {
            DimensionKind::Entity { entity, .. } => Some(entity.clone()),
            _ => None,
        });
    let mut seen = BTreeSet::new();
    let stars = model.stars.iter().flat_map(|star| {
        let rates = star.currency.iter().map(|it| it.rates.entity.clone());
        let bridges = star.bridges.iter().map(|it| it.entity.clone());
        std::iter::once(star.entity.clone())
            .chain(rates)
            .chain(bridges)
    });
    dimensions
        .chain(stars)
        .filter(|entity| seen.insert(entity.clone()))
        .collect()
}

fn dimension_step(dimension: &Dimension, old: Option<&Model>) -> Result<Step> {
    let name = dimension.name.clone();
    let before = old.and_then(|model| model.dimension(&name));
    if let Some(reason) = before.and_then(|before| other_members(before, dimension)) {
        return Err(Error::ModelChange {
            object: format!("dimension '{name}'"),
            reason: reason.into(),
        });
    }
    if dimension.is_calendar() {
        return Ok(Step::Calendar { dimension: name });
    }
    if dimension.is_time_of_day() {
        return Ok(Step::TimeOfDay { dimension: name });
    }
    let Some(before) = before else {
        return Ok(Step::Dimension {
            dimension: name,
            backfill: Vec::new(),
        });
    };
    let backfill = dimension
        .attributes
        .iter()
        .map(|attribute| attribute.name.clone());
    let backfill = backfill
        .filter(|attribute| before.attribute(attribute).is_none())
        .collect();
    Ok(Step::Dimension {
        dimension: name,
        backfill,
    })
}

/// Refuses an entity that comes from another source system than before: ids of two systems are two things, though they may be
/// spelled alike.
fn same_source(
    (model, old): (&Model, Option<&Model>),
    entity: &str,
    object: impl Fn() -> String,
) -> Result<()> {
    let source = |model: &Model| Some(model.entity(entity)?.0.name.clone());
    match (old.and_then(source), source(model)) {
        (Some(before), Some(now)) if before != now => Err(Error::ModelChange {
            object: object(),
            reason: format!(
                "its entity '{entity}' was of source '{before}' and now is of '{now}', and ids mean something only beside their source"
            ),
        }),
        _ => Ok(()),
    }
}

/// Why the keys of a dimension can no longer mean what they meant.
fn other_members(before: &Dimension, now: &Dimension) -> Option<&'static str> {
    match (&before.kind, &now.kind) {
        // a key is a day for ever, whatever the calendar holds and knows of it
        (DimensionKind::Calendar(_), DimensionKind::Calendar(_)) => None,
        (before, now) if before == now => None,
        (DimensionKind::Entity { .. }, DimensionKind::Entity { .. }) => {
            Some("its entity or business key changed")
        }
        (DimensionKind::TimeOfDay(_), DimensionKind::TimeOfDay(_)) => Some("its grain changed"),
        _ => Some("its members come from elsewhere"),
    }
}

fn fact_step(star: &Star, old: Option<&Model>) -> Result<Step> {
    let name = star.name.clone();
    let Some(before) = old.and_then(|model| model.star(&name)) else {
        return Ok(Step::Fact {
            star: name,
            backfill: Vec::new(),
        });
    };
    other_groups(star, old)?;
    let every = |star: &Star| star.periodic.as_ref().map(|periodic| periodic.every);
    if before.key != star.key
        || before.kind != star.kind
        || before.entity != star.entity
        || every(before) != every(star)
        || before.corrections != star.corrections
    {
        return Err(Error::ModelChange {
            object: format!("star '{name}'"),
            reason: "its grain changed (key, kind, entity, period or corrections)".into(),
        });
    }
    let columns = |star: &Star| -> BTreeSet<String> {
        let roles = star.roles.iter().map(|role| role.key_column());
        let degenerate = star.degenerate.iter().map(|column| column.name.clone());
        let measures = star.measures.iter().map(|measure| measure.name.clone());
        let groups = star.bridges.iter().map(|it| it.group_column());
        roles
            .chain(groups)
            .chain(degenerate)
            .chain(measures)
            .collect()
    };
    let backfill = columns(star)
        .difference(&columns(before))
        .cloned()
        .collect();
    Ok(Step::Fact {
        star: name,
        backfill,
    })
}

/// Refuses a bridge whose groups were of the members of another dimension.
fn other_groups(star: &Star, old: Option<&Model>) -> Result<()> {
    let before = || old.into_iter().flat_map(|model| &model.stars);
    for bridge in &star.bridges {
        let mut before = before().filter_map(|star| star.bridge(&bridge.name));
        if before.any(|before| before.dimension != bridge.dimension) {
            return Err(Error::ModelChange {
                object: format!("bridge '{}'", bridge.name),
                reason: "its dimension changed".into(),
            });
        }
    }
    Ok(())
}

/// Tables of the old model that the new one no longer has, and what is not known of days.
fn notices(model: &Model, old: Option<&Model>) -> Vec<String> {
    let Some(old) = old else {
        return unknown_holidays(model);
    };
    let dimensions = old
        .dimensions
        .iter()
        .filter(|old| model.dimension(&old.name).is_none());
    let stars = old
        .stars
        .iter()
        .filter(|old| model.star(&old.name).is_none());
    let tables = dimensions
        .map(|old| old.table())
        .chain(stars.map(|old| old.table()));
    let gone = "is no longer in the model; old versions keep it";
    let gone = tables.map(|table| format!("{table} {gone}"));
    gone.chain(unknown_holidays(model)).collect()
}

/// The years of calendars of which it is not known which days are holidays.
fn unknown_holidays(model: &Model) -> Vec<String> {
    let calendars = model.dimensions.iter().filter_map(|dimension| {
        let DimensionKind::Calendar(spec) = &dimension.kind else {
            return None;
        };
        let years = Holidays::of(spec.holidays.as_ref()?).unknown_years(spec.from, spec.to);
        let years: Vec<String> = years
            .iter()
            .map(|run| match run.start() == run.end() {
                true => run.start().to_string(),
                false => format!("{} to {}", run.start(), run.end()),
            })
            .collect();
        (!years.is_empty()).then(|| {
            format!(
                "{}: holidays of {} are not known and stay empty; declare them under 'days' when they are",
                dimension.table(),
                years.join(", ")
            )
        })
    });
    calendars.collect()
}
