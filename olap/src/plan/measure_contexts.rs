//! Between aggregates and calculations: measures in another context than the cell, such as the period before or the member above.
//!
//! For each set of group columns of the answer, the facts are grouped once more for the cells whose context they are, and joined to
//! its rows: by the columns of the member above, or through a relation of members to members (`context_relation`). What is merged
//! are states, so that every measure is right there too.

use datafusion::common::{Column, NullEquality};
use datafusion::functions::expr_fn::nullif;
use datafusion::functions_window::expr_fn::rank as rank_function;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, JoinType, LogicalPlanBuilder, cast, lit, when,
};
use planisphere_schemas::model::ContextFunction;

use super::aggregate_measures::{aggregate_measures, aggregate_through};
use super::answer::filtered_facts;
use super::bridged_cells::bridged_cells;
use super::calculate_measures::{calculate_measure, calculate_measures};
use super::coded_levels::CodedLevels;
use super::columns::column;
use super::context_relation::{Relation, relation};
use super::group_members::{GroupLevel, group_levels, group_members, level_sets};
use super::join_roles::{bridged_roles, roles_of};
use super::planner::{PlanStep, Planner, with_columns};
use super::rank_top::keep_ranked;
use super::resolved::{ResolvedAxis, ResolvedLevel, ResolvedQuery};
use super::resolved_measure::{ResolvedContext, ResolvedKind, ResolvedMeasure};
use crate::error::Result;

/// What a context gives to the rows of one set of group columns.
struct Found {
    plan: LogicalPlanBuilder,
    /// The group columns of the answer by which rows find theirs.
    by: Vec<String>,
}

/// A query whose answer is grouped already.
#[derive(Clone, Copy)]
pub(super) struct Grouped<'q> {
    pub(super) query: &'q ResolvedQuery,
    pub(super) levels: &'q [GroupLevel],
    /// The positions of the levels of one set of group columns.
    pub(super) set: &'q [usize],
}

impl<'q> Grouped<'q> {
    /// The levels of the set.
    pub(super) fn present(self) -> impl Iterator<Item = &'q GroupLevel> + Clone {
        self.set.iter().filter_map(move |at| self.levels.get(*at))
    }
}

/// Adds a measure in another context to the cells; `number` tells it from others.
fn measure_in_context(
    planner: &Planner<'_>,
    mut plan: LogicalPlanBuilder,
    (query, levels): (&ResolvedQuery, &[GroupLevel]),
    (number, measure, context): (usize, &ResolvedMeasure, &ResolvedContext),
) -> PlanStep {
    let sets = level_sets(&query.axes, levels);
    let mut values: Vec<(Expr, Expr)> = Vec::new();
    for (at, set) in sets.iter().enumerate() {
        let grouped = Grouped { query, levels, set };
        let value = format!("#context_{number}_{at}");
        plan = match context.function {
            ContextFunction::Rank => match rank(grouped, context, sets.len() > 1)? {
                Some(rank) => plan
                    .window(vec![rank.alias(&value)])
                    .map_err(Planner::failed)?,
                None => continue,
            },
            _ => match find(planner, grouped, context)? {
                Some(found) => join_found(plan, found, (&context.measure, &value))?,
                None => continue,
            },
        };
        let is_of_set = match sets.len() {
            1 => lit(true),
            _ => is_of(grouped)?,
        };
        let is_ranked = match context.function {
            ContextFunction::Rank => is_of_set.and(column(&context.measure).is_not_null()),
            _ => is_of_set,
        };
        let value = cast(column(&value), measure.data_type.arrow());
        values.push((is_ranked, value));
    }
    with_value(plan, (measure, context), values)
}

/// The place of the finest member of a dimension among those of the same one above, all else being equal.
fn rank(grouped: Grouped<'_>, context: &ResolvedContext, has_totals: bool) -> Result<Option<Expr>> {
    let own = grouped
        .present()
        .filter(|it| it.level.dimension() == context.dimension);
    let Some(own) = own.last() else {
        return Ok(None);
    };
    let part = own.own()?;
    let ranked = [part.key.clone(), part.special()];
    let columns = grouped.levels.iter().flat_map(GroupLevel::columns);
    let mut within: Vec<Expr> = columns
        .filter(|name| !ranked.contains(name))
        .map(|name| column(&name))
        .collect();
    for level in grouped.levels.iter().filter(|_| has_totals) {
        within.push(column(&level.own()?.subtotal()));
    }
    let by = column(&context.measure).sort(false, false);
    let rank = rank_function()
        .partition_by(within)
        .order_by(vec![by])
        .build();
    rank.map(Some).map_err(Planner::failed)
}

/// The value of each row: what was found for the set of group columns that it is of.
fn with_value(
    plan: LogicalPlanBuilder,
    (measure, context): (&ResolvedMeasure, &ResolvedContext),
    values: Vec<(Expr, Expr)>,
) -> PlanStep {
    // not a literal: of a condition on that the engine would make one on the rows below, which a total without rows passes
    let inner = cast(column(&context.measure), measure.data_type.arrow());
    let nothing = nullif(inner.clone(), inner);
    let mut values = values.into_iter();
    let value = match values.next() {
        None => nothing,
        Some((is_of_set, value)) => {
            let mut cases = when(is_of_set, value);
            for (is_of_set, value) in values {
                cases = cases.when(is_of_set, value);
            }
            cases.end().map_err(Planner::failed)?
        }
    };
    with_columns(plan, vec![value.alias(&measure.name)])
}

/// True for the rows of a set of group columns.
fn is_of(grouped: Grouped<'_>) -> Result<Expr> {
    let mut all = lit(true);
    for (at, level) in grouped.levels.iter().enumerate() {
        let is_total = column(&level.own()?.subtotal());
        all = all.and(match grouped.set.contains(&at) {
            true => is_total.is_not_true(),
            false => is_total.is_true(),
        });
    }
    Ok(all)
}

/// Joins what was found; rows for which there is nothing have no value.
fn join_found(plan: LogicalPlanBuilder, found: Found, (measure, value): (&str, &str)) -> PlanStep {
    let names = |name: &String| format!("{value}#{name}");
    let mut columns = vec![column(measure).alias(value)];
    columns.extend(found.by.iter().map(|name| column(name).alias(names(name))));
    let found_plan = found.plan.project(columns).map_err(Planner::failed)?;
    let right = found_plan.build().map_err(Planner::failed)?;
    if found.by.is_empty() {
        return plan
            .join_on(right, JoinType::Left, [lit(true)])
            .map_err(Planner::failed);
    }
    let on: (Vec<Column>, Vec<Column>) = found
        .by
        .iter()
        .map(|name| (Column::from_name(name), Column::from_name(names(name))))
        .unzip();
    let equality = NullEquality::NullEqualsNull;
    plan.join_detailed(right, JoinType::Left, on, None, equality)
        .map_err(Planner::failed)
}

fn find(
    planner: &Planner<'_>,
    grouped: Grouped<'_>,
    context: &ResolvedContext,
) -> Result<Option<Found>> {
    match context.function {
        ContextFunction::Parent | ContextFunction::Ancestor | ContextFunction::Total => {
            above(planner, grouped, context)
        }
        ContextFunction::Rank => Ok(None),
        // without a level of the dimension all of it is up to the end
        ContextFunction::Cumulative if finest_level(grouped, context).is_none() => {
            let all = ResolvedContext {
                function: ContextFunction::Total,
                ..context.clone()
            };
            above(planner, grouped, &all)
        }
        ContextFunction::Prev
        | ContextFunction::ToDate
        | ContextFunction::Rolling
        | ContextFunction::Opening
        | ContextFunction::Cumulative => moved(planner, grouped, context),
    }
}

/// The measure at the member above: the facts by the columns of that member alone.
fn above(
    planner: &Planner<'_>,
    grouped: Grouped<'_>,
    context: &ResolvedContext,
) -> Result<Option<Found>> {
    let own = grouped
        .present()
        .filter(|it| it.level.dimension() == context.dimension);
    let own = own.filter(|it| context.is_in_hierarchy(&it.level)).last();
    let kept: Vec<String> = match (context.function, own) {
        (ContextFunction::Total, _) => Vec::new(),
        (_, None) => return Ok(None),
        (ContextFunction::Parent, Some(own)) => path_columns(own, own.parts.len() - 1),
        (_, Some(own)) => {
            let depth = context.level.as_ref().map_or(0, |level| level.path.len());
            if depth > own.parts.len() {
                return Ok(None);
            }
            path_columns(own, depth)
        }
    };
    let is_left = |level: &&GroupLevel| match (context.function, own) {
        (ContextFunction::Total, _) => level.level.dimension() != context.dimension,
        (_, Some(own)) => !level.level.same_hierarchy(&own.level),
        (_, None) => true,
    };
    let others = grouped
        .present()
        .filter(is_left)
        .flat_map(GroupLevel::columns);
    let by: Vec<String> = others.chain(kept).collect();
    let query = grouped.query;
    let facts = filtered_facts(planner, query, &roles_of(query))?;
    let facts = group_members(facts, grouped.levels)?;
    let measures = query.measures.only(&context.measure);
    let columns = by.iter().map(|name| column(name)).collect();
    let cells = aggregate_through(planner, facts, (Vec::new(), columns), None, &measures)?;
    let plan = calculate_measures(planner, cells, &measures)?;
    Ok(Some(Found { plan, by }))
}

/// The columns of the first levels of a path.
fn path_columns(level: &GroupLevel, depth: usize) -> Vec<String> {
    let parts = level.parts.iter().take(depth);
    parts
        .flat_map(|part| [part.key.clone(), part.special()])
        .collect()
}

/// The measure at other members: the facts by the finest members of the context, through the relation of those in the answer
/// to those.
fn moved(
    planner: &Planner<'_>,
    grouped: Grouped<'_>,
    context: &ResolvedContext,
) -> Result<Option<Found>> {
    let Some(finest) = finest_level(grouped, context) else {
        return Ok(None);
    };
    let query = grouped.query;
    let main = filtered_facts(planner, query, &roles_with(query, &finest))?;
    let Some(relation) = relation(planner, grouped, context, (&finest, main.clone()))? else {
        return Ok(None);
    };
    let moved_query = query_in_context(grouped, context, &finest);
    let roles = roles_of(&moved_query);
    let unranked = ResolvedQuery {
        top: None,
        ..moved_query.clone()
    };
    let facts = filtered_facts(planner, &unranked, &roles)?;
    let is_ranked_there = |level: &ResolvedLevel| level.same_hierarchy(&finest);
    let facts = match &query.top {
        Some(top) if !is_ranked_there(&top.level) => keep_ranked(planner, facts, main, query)?,
        _ => facts,
    };
    let levels = group_levels(&moved_query.axes);
    let facts = group_members(facts, &levels)?;
    let columns: Vec<Expr> = levels
        .iter()
        .flat_map(GroupLevel::columns)
        .map(|name| column(&name))
        .collect();
    let others = grouped
        .present()
        .filter(|it| !it.level.same_hierarchy(&finest));
    let mut by: Vec<String> = others.flat_map(GroupLevel::columns).collect();
    by.extend(relation.targets.iter().cloned());
    let target = by.iter().map(|name| column(name)).collect();
    let Some(moved_to) = levels.last() else {
        return Ok(None);
    };
    let through = (relation, moved_to);
    let cells = aggregate_through(
        planner,
        facts,
        (columns, target),
        Some(through),
        &moved_query.measures,
    )?;
    let plan = calculate_measures(planner, cells, &moved_query.measures)?;
    Ok(Some(Found { plan, by }))
}

/// The finest level of the hierarchy on any axis, in any filter, and in the context itself.
fn finest_level(grouped: Grouped<'_>, context: &ResolvedContext) -> Option<ResolvedLevel> {
    let query = grouped.query;
    let axes = query.axes.iter().flat_map(|axis| &axis.levels);
    let filters = query.filters.iter().map(|filter| &filter.level);
    let own = axes
        .chain(filters)
        .filter(|level| level.dimension() == context.dimension);
    let of_context = context.level.as_ref();
    let first = of_context.or_else(|| own.clone().find(|level| context.is_in_hierarchy(level)))?;
    let same = own.filter(|level| level.same_hierarchy(first));
    same.chain(of_context)
        .max_by_key(|level| level.path.len())
        .cloned()
}

/// The roles of a query and of one more level.
fn roles_with(query: &ResolvedQuery, level: &ResolvedLevel) -> super::join_roles::Roles {
    let mut wider = query.clone();
    wider.axes.push(ResolvedAxis {
        levels: vec![level.clone()],
        subtotals: false,
    });
    roles_of(&wider)
}

/// The query for the facts of a context: without what it says of the hierarchy, but by its finest level.
fn query_in_context(
    grouped: Grouped<'_>,
    context: &ResolvedContext,
    finest: &ResolvedLevel,
) -> ResolvedQuery {
    let query = grouped.query;
    let present = |axis: usize| {
        let levels = grouped.present().filter(move |level| level.axis == axis);
        levels.filter(|level| !level.level.same_hierarchy(finest))
    };
    let axes = (0..query.axes.len()).map(|axis| ResolvedAxis {
        levels: present(axis).map(|level| level.level.clone()).collect(),
        subtotals: false,
    });
    let own = ResolvedAxis {
        levels: vec![finest.clone()],
        subtotals: false,
    };
    let filters = query.filters.iter();
    let filters = filters.filter(|filter| !filter.level.same_hierarchy(finest));
    ResolvedQuery {
        axes: axes.chain([own]).collect(),
        filters: filters.cloned().collect(),
        measures: query.measures.only(&context.measure),
        having: Vec::new(),
        sort: Vec::new(),
        ..query.clone()
    }
}

/// How the facts of a context reach the rows of the answer.
pub(super) type Through<'l> = (Relation, &'l GroupLevel);

/// Joins the states of the members of a context to the members in the answer.
pub(super) fn join_relation(
    states: LogicalPlanBuilder,
    (relation, level): Through<'_>,
) -> PlanStep {
    let names = level.parts.iter();
    let names: Vec<String> = names
        .flat_map(|part| [part.key.clone(), part.special()])
        .collect();
    // the members in the answer may have columns of the same names
    let own = |name: &str| format!("#at{name}");
    let columns = states.schema().columns().into_iter();
    let columns = columns.map(|it| match names.contains(&it.name) {
        true => column(&it.name).alias(own(&it.name)),
        false => Expr::Column(it),
    });
    let columns: Vec<Expr> = columns.collect();
    let on: (Vec<Column>, Vec<Column>) = names
        .iter()
        .zip(&relation.sources)
        .map(|(name, source)| (Column::from_name(own(name)), Column::from_name(source)))
        .unzip();
    let right = relation.plan.build().map_err(Planner::failed)?;
    let equality = NullEquality::NullEqualsNull;
    states
        .project(columns)
        .and_then(|states| states.join_detailed(right, JoinType::Inner, on, None, equality))
        .map_err(Planner::failed)
}

/// The cells of a query: its aggregates, its measures in other contexts, and what is calculated from both.
pub(crate) fn cells(
    planner: &Planner<'_>,
    facts: LogicalPlanBuilder,
    query: &ResolvedQuery,
    (levels, coded): (&[GroupLevel], &CodedLevels),
) -> PlanStep {
    let cells = aggregated_cells(planner, facts, query, (levels, coded))?;
    finished_cells(planner, cells, query, levels)
}

/// The cells with their aggregates alone.
pub(crate) fn aggregated_cells(
    planner: &Planner<'_>,
    facts: LogicalPlanBuilder,
    query: &ResolvedQuery,
    (levels, coded): (&[GroupLevel], &CodedLevels),
) -> PlanStep {
    if !bridged_roles(query).is_empty() {
        return bridged_cells(planner, facts, query, levels);
    }
    let plain: Vec<GroupLevel> = coded.plain(levels).into_iter().cloned().collect();
    let grouped = group_members(facts, &plain)?;
    let grouped = with_columns(grouped, coded.of_joined())?;
    aggregate_measures(
        planner,
        grouped,
        &query.axes,
        (levels, coded),
        &query.measures,
    )
}

/// The cells with all that is not of their own rows alone.
pub(crate) fn finished_cells(
    planner: &Planner<'_>,
    cells: LogicalPlanBuilder,
    query: &ResolvedQuery,
    levels: &[GroupLevel],
) -> PlanStep {
    let mut plan = cells;
    for (number, measure) in query.measures.needed.iter().enumerate() {
        plan = match &measure.kind {
            ResolvedKind::InContext(context) => {
                let context = (number, measure, context);
                measure_in_context(planner, plan, (query, levels), context)?
            }
            ResolvedKind::Calculated { expression, .. } => {
                calculate_measure(planner, plan, (measure, expression))?
            }
            _ => plan,
        };
    }
    Ok(plan)
}
