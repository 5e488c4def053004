//! A query across cubes: what it takes from each of them, in the words of that cube.

use std::collections::BTreeSet;
use std::sync::Arc;

use planisphere_schemas::model::{ContextCall, CubePart};

use super::planner::Planner;
use super::resolve::{CubeOf, resolve_defaults};
use super::resolve_measure::MeasureNames;
use super::resolved::{
    ResolvedAxis, ResolvedFilter, ResolvedLevel, ResolvedPart, ResolvedQuery, ResolvedTop,
};
use super::resolved_measure::{ResolvedKind, ResolvedMeasures, ResolvedTaken};
use super::signs::signed_roles;
use crate::error::{QueryFaults, Result};
use crate::model::{CubeView, DimensionSource};

/// What a query takes from the cubes that its own is across; their types and exactness are noted in its measures.
pub(crate) fn resolve_parts(
    of: &CubeOf<'_>,
    measures: &mut ResolvedMeasures,
    faults: &mut QueryFaults,
) -> Vec<ResolvedPart> {
    let parts = of.cube.across.iter();
    parts
        .filter_map(|part| resolve_part(of, part, measures, faults))
        .collect()
}

fn resolve_part(
    of: &CubeOf<'_>,
    part: &CubePart,
    measures: &mut ResolvedMeasures,
    faults: &mut QueryFaults,
) -> Option<ResolvedPart> {
    let cube = of.model.cube(&part.cube)?;
    let star = cube.star_in(of.model)?;
    let own = CubeOf {
        model: of.model,
        cube,
        view: CubeView::of(of.model, cube)?,
    };
    let defaults = resolve_defaults(&own.view, faults);
    let mut names = MeasureNames::of(&own);
    let mut taken = Vec::new();
    for measure in &measures.needed {
        if let ResolvedKind::Taken(from) = &measure.kind
            && from.part == part.name
        {
            names.take(&from.measure, from.context.as_ref());
            taken.push((measure.name.clone(), from.name()));
        }
    }
    if taken.is_empty() {
        return None;
    }
    let own = names.finish(faults);
    for measure in &mut measures.needed {
        if let ResolvedKind::Taken(from) = &mut measure.kind
            && from.part == part.name
        {
            note(from, &own);
            let found = own.get(&from.name());
            measure.data_type = found.map_or(measure.data_type, |it| it.data_type);
        }
    }
    Some(ResolvedPart {
        name: part.name.clone(),
        cube: part.cube.clone(),
        star: star.clone(),
        dimensions: part.dimensions.clone(),
        defaults,
        signs: signed_roles(of.model, star, &own),
        measures: own,
        taken,
    })
}

fn note(taken: &mut ResolvedTaken, own: &ResolvedMeasures) {
    let name = taken.name();
    taken.exactness = own.exactness(&name);
    taken.leaves_its_cell = own.leaves_its_cell(&name);
}

/// Every cube of which a measure is needed has the dimensions that a query touches: what it lacks could only be left out in silence.
pub(crate) fn check_dimensions(query: &ResolvedQuery, faults: &mut QueryFaults) {
    for part in &query.across {
        let mut told: Vec<&str> = Vec::new();
        for level in query.levels() {
            let dimension = level.dimension();
            if part.dimensions.contains_key(dimension) || told.contains(&dimension) {
                continue;
            }
            told.push(dimension);
            let taken = part.taken.iter().map(|(name, _)| format!("'{name}'"));
            let message = format!(
                "dimension '{dimension}' is not one of cube '{}', to which {} belong",
                part.cube,
                taken.collect::<Vec<_>>().join(", ")
            );
            let hint = "ask for these without it, in a question of their own";
            faults.invalid("measures", message, Some(hint.into()));
        }
    }
}

/// A context in the words of the cube that its measure is taken from; `None` if that lacks the dimension.
pub(crate) fn context_in(
    part: &CubePart,
    context: &ContextCall,
    measure: &str,
) -> Option<ContextCall> {
    Some(ContextCall {
        measure: measure.to_owned(),
        dimension: part.dimensions.get(&context.dimension)?.clone(),
        ..context.clone()
    })
}

impl ResolvedPart {
    /// The query to this cube: by the same levels, filters and members as one across several.
    pub(crate) fn query(&self, across: &ResolvedQuery) -> Result<ResolvedQuery> {
        let filters = |filters: &[ResolvedFilter]| {
            let own = filters.iter().map(|filter| self.filter(filter));
            own.collect::<Result<Vec<_>>>()
        };
        let axes = across.axes.iter().map(|axis| self.axis(axis));
        let tops = across.tops.iter().enumerate();
        let tops = tops.map(|(at, top)| self.top((at, top), across));
        let names = self.names(across);
        let mut query = ResolvedQuery {
            cube: self.cube.clone(),
            star: self.star.clone(),
            across: Vec::new(),
            axes: axes.collect::<Result<_>>()?,
            filters: filters(&across.filters)?,
            cell: filters(&across.cell)?,
            measures: self.measures.only_these(&names),
            signs: self.signs.clone(),
            having: Vec::new(),
            sort: Vec::new(),
            tops: tops.collect::<Result<_>>()?,
            limit: None,
            ..across.clone()
        };
        query.add_defaults(self.defaults.clone());
        Ok(query)
    }

    /// Takes away the defaults of dimensions that a question touches, by their shared names.
    pub(crate) fn keep_defaults(&mut self, touched: &BTreeSet<String>) {
        let own = touched.iter().filter_map(|it| self.dimensions.get(it));
        let own: BTreeSet<&String> = own.collect();
        let holds = |it: &ResolvedFilter| !own.contains(&it.level.name.dimension);
        self.defaults.retain(holds);
    }

    /// Its own names of the measures that a query needs.
    fn names<'p>(&'p self, across: &'p ResolvedQuery) -> Vec<&'p str> {
        let needed = self.taken(across);
        let mut names: Vec<&str> = needed.map(|(_, own)| own.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The measures that a query needs, by its names and their own.
    pub(crate) fn taken<'p>(
        &'p self,
        across: &'p ResolvedQuery,
    ) -> impl Iterator<Item = &'p (String, String)> {
        let taken = self.taken.iter();
        taken.filter(|(name, _)| across.measures.get(name).is_some())
    }

    fn level(&self, level: &ResolvedLevel) -> Result<ResolvedLevel> {
        let own = self.dimensions.get(level.dimension());
        let own = own.ok_or_else(|| {
            Planner::internal(format!("'{}' lacks '{}'", self.name, level.dimension()))
        })?;
        let mut level = level.clone();
        level.name.dimension = own.clone();
        if let DimensionSource::Role { bridged, .. } = &mut level.source {
            *bridged = self.star.bridge(own).is_some();
        }
        Ok(level)
    }

    fn axis(&self, axis: &ResolvedAxis) -> Result<ResolvedAxis> {
        let levels = axis.levels.iter().map(|level| self.level(level));
        Ok(ResolvedAxis {
            levels: levels.collect::<Result<_>>()?,
            subtotals: axis.subtotals.clone(),
        })
    }

    fn filter(&self, filter: &ResolvedFilter) -> Result<ResolvedFilter> {
        Ok(ResolvedFilter {
            level: self.level(&filter.level)?,
            ..filter.clone()
        })
    }

    fn top(&self, (at, top): (usize, &ResolvedTop), across: &ResolvedQuery) -> Result<ResolvedTop> {
        let per = top.per.as_ref().map(|per| self.level(per));
        Ok(ResolvedTop {
            level: self.level(&top.level)?,
            per: per.transpose()?,
            ranked_across: Some((at, Arc::new(across.clone()))),
            ..top.clone()
        })
    }
}
