//! Measures with everything that they are computed from, inputs first.

use std::collections::BTreeSet;

use planisphere_schemas::model::{
    Aggregation, ContextCall, ContextFunction, DataType, Measure, MeasureKind, Star,
    parse_cube_expression, referenced_columns,
};

use super::resolve::{CubeOf, resolve_level};
use super::resolve_across::context_in;
use super::resolved::ResolvedHaving;
use super::resolved_measure::{
    Input, ResolvedAggregate, ResolvedContext, ResolvedKind, ResolvedMeasure, ResolvedMeasures,
    ResolvedTaken,
};
use crate::digits::{CELL_SCALE, parse_decimal};
use crate::error::QueryFaults;
use crate::model::{ColumnType, caption_of, cell_type, format_of};
use crate::query::{LevelRef, MeasureFilter};
use crate::result::Exactness;

/// Collects the measures that a query needs.
pub(crate) struct MeasureNames<'m> {
    of: &'m CubeOf<'m>,
    star: Option<&'m Star>,
    measures: ResolvedMeasures,
    /// The measures whose inputs are being added, to see circles.
    adding: Vec<String>,
    wrong: Vec<String>,
}

impl<'m> MeasureNames<'m> {
    /// No measures of this cube yet.
    pub(crate) fn of(of: &'m CubeOf<'m>) -> Self {
        let star = of.cube.star_in(of.model);
        Self {
            of,
            star,
            measures: ResolvedMeasures::default(),
            adding: vec![],
            wrong: vec![],
        }
    }

    /// Adds the measures that are answered.
    pub(crate) fn ask(&mut self, names: &[String], faults: &mut QueryFaults) {
        if names.is_empty() {
            let known: Vec<&str> = self.visible().collect();
            let hint = format!("known: {}", known.join(", "));
            faults.invalid("measures", "the query asks for no measure", Some(hint));
        }
        let mut seen = BTreeSet::new();
        for (number, name) in names.iter().enumerate() {
            let place = format!("measures[{number}]");
            if !seen.insert(name) {
                faults.invalid(&place, format!("measure '{name}' is asked twice"), None);
            } else if self.need(name, &place, faults) {
                self.measures.asked.push(name.clone());
            }
        }
    }

    /// Adds a measure that a visitor names; false if there is none.
    pub(crate) fn need(&mut self, name: &str, place: &str, faults: &mut QueryFaults) -> bool {
        let found = self.of.cube.measure(name).filter(|measure| !measure.hidden);
        match found {
            Some(measure) => self.add(measure),
            None => faults.unknown(place, "measure", name, self.visible()),
        }
        found.is_some()
    }

    /// Adds a measure that a query across cubes takes, hidden or not, or that measure in another context.
    pub(crate) fn take(&mut self, name: &str, context: Option<&ContextCall>) {
        let Some(measure) = self.of.cube.measure(name) else {
            let of = &self.of.cube.name;
            self.wrong
                .push(format!("cube '{of}' has no measure '{name}'"));
            return;
        };
        self.add(measure);
        if let Some(context) = context {
            self.add_context(measure, context);
        }
    }

    fn check_number(&self, name: &str, place: &str, faults: &mut QueryFaults) {
        let measure = self
            .measures
            .get(name)
            .filter(|it| !it.data_type.is_number());
        if let Some(measure) = measure {
            let message = format!("measure '{name}' is a {}, not a number", measure.data_type);
            faults.invalid(place, message, None);
        }
    }

    fn visible(&self) -> impl Iterator<Item = &'m str> + use<'m> {
        let measures = self.of.cube.measures.iter();
        measures
            .filter(|measure| !measure.hidden)
            .map(|measure| measure.name.as_str())
    }

    fn add(&mut self, measure: &Measure) {
        if self.measures.get(&measure.name).is_some() {
            return;
        }
        if self.adding.contains(&measure.name) {
            self.wrong.push(format!(
                "measure '{}' is calculated from itself",
                measure.name
            ));
            return;
        }
        self.adding.push(measure.name.clone());
        let kind = self.kind(measure);
        self.adding.pop();
        let source = self.of.cube.source_of(self.of.model, measure);
        if let (Some(kind), Some((_, own))) = (kind, source) {
            self.measures.needed.push(ResolvedMeasure {
                name: measure.name.clone(),
                caption: caption_of(measure, own),
                format: format_of(measure, own),
                data_type: match self.star {
                    Some(star) => cell_type(star, measure),
                    None => measure.cell_type(None),
                },
                kind,
            });
        }
    }

    fn kind(&mut self, measure: &Measure) -> Option<ResolvedKind> {
        match &measure.kind {
            MeasureKind::Aggregate(aggregate) => {
                let input = self.input(measure, aggregate.function, aggregate.of.as_deref())?;
                let at = parse_decimal(aggregate.at.as_deref().unwrap_or("0.5"), CELL_SCALE);
                let at = at.and_then(|at| i64::try_from(at).ok());
                if at.is_none() {
                    let reason = format!("measure '{}' is at no fraction", measure.name);
                    self.wrong.push(reason);
                }
                Some(ResolvedKind::Aggregate(ResolvedAggregate {
                    function: aggregate.function,
                    input,
                    filter: aggregate.filter.clone(),
                    over: aggregate.periods(self.star?).map(str::to_owned),
                    at: at?,
                    approximate: aggregate.approximate,
                    weighted: aggregate.weighted,
                    signed: aggregate.signed,
                }))
            }
            MeasureKind::Calculated { expression } => self.calculated(measure, expression),
            MeasureKind::OfPart { part, measure } => {
                Some(ResolvedKind::Taken(taken(part, measure, None)))
            }
        }
    }

    fn calculated(&mut self, measure: &Measure, expression: &str) -> Option<ResolvedKind> {
        let parsed = match parse_cube_expression(expression) {
            Ok(parsed) => parsed,
            Err(reason) => {
                let of = &measure.name;
                self.wrong
                    .push(format!("expression of measure '{of}': {reason}"));
                return None;
            }
        };
        for context in &parsed.contexts {
            self.add_context(measure, context);
        }
        let inputs: Vec<String> = referenced_columns(&parsed.scalar)
            .into_iter()
            .map(|(_, name)| name)
            .collect();
        for name in &inputs {
            match self.of.cube.measure(name) {
                Some(input) => self.add(input),
                None if self.measures.get(name).is_some() => {}
                None => self.wrong.push(format!(
                    "measure '{}' is calculated from '{name}', which the cube lacks",
                    measure.name
                )),
            }
        }
        Some(ResolvedKind::Calculated {
            expression: parsed.scalar.to_string(),
            inputs,
        })
    }

    /// Adds a measure in another context, as a measure of its own.
    fn add_context(&mut self, measure: &Measure, context: &ContextCall) {
        let name = context.to_string();
        if self.measures.get(&name).is_some() {
            return;
        }
        if let Some(input) = self.of.cube.measure(&context.measure) {
            self.add(input);
        }
        let level = context.level.as_ref().map(|level| LevelRef {
            dimension: context.dimension.clone(),
            hierarchy: context.hierarchy.clone(),
            level: level.clone(),
        });
        let mut faults = QueryFaults::default();
        let found = level
            .as_ref()
            .map(|level| resolve_level(&self.of.view, level, &name, &mut faults));
        let Some(input) = self.measures.get(&context.measure) else {
            let message = format!(
                "measure '{}' is calculated from '{name}', which the cube lacks",
                measure.name
            );
            self.wrong.push(message);
            return;
        };
        if found.as_ref().is_some_and(Option::is_none) {
            let message = format!(
                "measure '{}' is calculated from '{name}', whose level the cube lacks or has more than once",
                measure.name
            );
            self.wrong.push(message);
            return;
        }
        let kind = match &input.kind {
            ResolvedKind::Taken(own) => {
                let part = self.of.cube.part(&own.part);
                let call = part.and_then(|part| context_in(part, context, &own.measure));
                ResolvedKind::Taken(taken(&own.part, &own.measure, call))
            }
            _ => ResolvedKind::InContext(ResolvedContext {
                function: context.function,
                measure: context.measure.clone(),
                dimension: context.dimension.clone(),
                level: found.flatten(),
                number: context.number,
            }),
        };
        let mut resolved = ResolvedMeasure {
            kind,
            name,
            ..input.clone()
        };
        if context.function == ContextFunction::Rank {
            resolved.data_type = DataType::Bigint;
        }
        self.measures.needed.push(resolved);
    }

    fn input(
        &mut self,
        measure: &Measure,
        function: Aggregation,
        of: Option<&str>,
    ) -> Option<Input> {
        let star = self.star?;
        let Some(of) = of else {
            return self.rows(measure, function);
        };
        if let (Some(role), Aggregation::CountDistinct) = (star.role(of), function) {
            let dimension = self.of.model.dimension(&role.dimension);
            return Some(Input::Members {
                role: role.name.clone(),
                dimension: role.dimension.clone(),
                versioned: dimension.is_some_and(|dimension| dimension.is_versioned()),
            });
        }
        let stored = star.measure(of).map(|stored| stored.data_type);
        let data_type = stored.or_else(|| star.degenerate(of).map(|column| column.data_type));
        if data_type.is_none() {
            let name = &measure.name;
            self.wrong.push(format!(
                "measure '{name}' is over '{of}', which the star lacks"
            ));
        }
        Some(Input::Column(ColumnType {
            name: of.to_owned(),
            data_type: data_type?,
        }))
    }

    fn rows(&mut self, measure: &Measure, function: Aggregation) -> Option<Input> {
        if function == Aggregation::Count {
            return Some(Input::Rows);
        }
        self.wrong
            .push(format!("measure '{}' does not say of what", measure.name));
        None
    }

    /// The measures; what is wrong with their definitions is reported.
    pub(crate) fn finish(self, faults: &mut QueryFaults) -> ResolvedMeasures {
        for message in self.wrong {
            faults.invalid("measures", message, Some("correct the model".into()));
        }
        self.measures
    }
}

/// A measure of a cube that a query is across, of which the rest is noted when that cube is asked.
fn taken(part: &str, measure: &str, context: Option<ContextCall>) -> ResolvedTaken {
    ResolvedTaken {
        part: part.to_owned(),
        measure: measure.to_owned(),
        context,
        exactness: Exactness::Exact,
        leaves_its_cell: false,
    }
}

/// Resolves the conditions on measures.
pub(crate) fn resolve_having(
    filters: &[MeasureFilter],
    measures: &mut MeasureNames<'_>,
    faults: &mut QueryFaults,
) -> Vec<ResolvedHaving> {
    let mut resolved = Vec::new();
    for (number, filter) in filters.iter().enumerate() {
        let place = format!("measure_filters[{number}]");
        resolved.extend(resolve_condition(filter, &place, measures, faults));
    }
    resolved
}

/// Resolves a condition on a measure.
pub(crate) fn resolve_condition(
    filter: &MeasureFilter,
    place: &str,
    measures: &mut MeasureNames<'_>,
    faults: &mut QueryFaults,
) -> Option<ResolvedHaving> {
    if parse_decimal(&filter.value, 18).is_none() {
        let message = format!("'{}' is not a decimal number", filter.value);
        faults.invalid(place, message, None);
    }
    if !measures.need(&filter.measure, place, faults) {
        return None;
    }
    measures.check_number(&filter.measure, place, faults);
    Some(ResolvedHaving {
        measure: filter.measure.clone(),
        comparison: filter.comparison,
        value: filter.value.clone(),
    })
}
