//! What a context gives: the facts grouped once more for the cells whose context they are.

use std::collections::BTreeSet;

use datafusion::common::{Column, NullEquality};
use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder};
use planisphere_schemas::model::ContextFunction;

use super::aggregate_measures::{aggregate_through, standing_at};
use super::answer::filtered_facts;
use super::calculate_measures::calculate_measures;
use super::columns::column;
use super::context_relation::{Relation, relation};
use super::group_members::{GroupLevel, group_levels, group_members};
use super::join_roles::roles_of;
use super::measure_contexts::Grouped;
use super::planner::{PlanStep, Planner};
use super::rank_top::keep_ranked;
use super::resolved::{ResolvedAxis, ResolvedLevel, ResolvedQuery};
use super::resolved_measure::ResolvedContext;
use super::signs::Signing;
use crate::error::Result;

/// What a context gives to the rows of one set of group columns.
pub(super) struct Found {
    pub(super) plan: LogicalPlanBuilder,
    /// The group columns of the answer by which rows find theirs.
    pub(super) by: Vec<String>,
}

/// Finds the measure of a context for the rows of a set of group columns; `None` where it makes no sense.
pub(super) fn find(
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
    // the finest one, whatever the order of axes
    let own = own.filter(|it| context.is_in_hierarchy(&it.level));
    let own = own.max_by_key(|it| it.level.path.len());
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
    let by: Vec<String> = others.chain(kept.iter().cloned()).collect();
    let query = grouped.query;
    let facts = filtered_facts(planner, query, &roles_of(query))?;
    let facts = group_members(facts, grouped.levels)?;
    let measures = query.measures.only(&context.measure);
    let columns = by.iter().map(|name| column(name)).collect();
    let depth = kept.len() / 2;
    let others = standing_at(grouped.present().filter(is_left));
    let own = own.map(|own| (&own.level, depth)).filter(|_| depth > 0);
    let signing = Signing::at(query, others.chain(own));
    let measures_of = (&measures, &signing);
    let cells = aggregate_through(planner, facts, (Vec::new(), columns), None, measures_of)?;
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
    let Some(relation) = relation(planner, grouped, context, (&finest, main))? else {
        return Ok(None);
    };
    let moved_query = query_in_context(grouped, context, &finest);
    let roles = roles_of(&moved_query);
    let without = |query: &ResolvedQuery| ResolvedQuery {
        tops: Vec::new(),
        ..query.clone()
    };
    let facts = filtered_facts(planner, &without(&moved_query), &roles)?;
    let facts = match query.tops.is_empty() {
        true => facts,
        false => {
            let roles = roles_with(query, &finest);
            let ranked = filtered_facts(planner, &without(query), &roles)?;
            let is_kept = |level: &ResolvedLevel| !level.same_hierarchy(&finest);
            keep_ranked(planner, (facts, is_kept), ranked, query)?
        }
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
    let present = grouped.present();
    let signing = Signing::at(
        query,
        standing_at(present.filter(|it| !it.level.same_hierarchy(&finest))),
    );
    let cells = aggregate_through(
        planner,
        facts,
        (columns, target),
        Some(through),
        (&moved_query.measures, &signing),
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
        subtotals: BTreeSet::new(),
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
        subtotals: BTreeSet::new(),
    });
    let own = ResolvedAxis {
        levels: vec![finest.clone()],
        subtotals: BTreeSet::new(),
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
