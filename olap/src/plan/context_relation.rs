//! From members in the answer to the members of their context: the period before, all since the beginning of the year, the last three months.
//!
//! Members of a hierarchy are numbered on each level, and within the level above. A member before is that with a number less by so
//! many; below the level of the context, its parts are those at the same places (as MDX's `ParallelPeriod` has it).
//!
//! ```text
//! members in the answer, by filters, up to the last one with facts ─► their numbers ─► members with numbers that fit
//! ```

use arrow::datatypes::DataType;
use datafusion::common::{Column, NullEquality};
use datafusion::functions::expr_fn::date_part;
use datafusion::functions_aggregate::expr_fn::{max, min};
use datafusion::functions_aggregate::min_max::min_udaf;
use datafusion::functions_window::expr_fn::dense_rank;
use datafusion::logical_expr::WindowFunctionDefinition;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, JoinType, LogicalPlanBuilder, SortExpr, cast, lit,
};
use planisphere_schemas::model::{ContextFunction, DataType as ModelType};

use super::columns::column;
use super::filter_members::{keep_members, members_of_facts};
use super::measure_contexts::Grouped;
use super::member_rows::{key_at, member_columns, member_order, member_rows, sort_at, special_at};
use super::planner::{PlanStep, Planner, with_columns};
use super::resolved::ResolvedLevel;
use super::resolved_measure::ResolvedContext;
use crate::error::Result;
use crate::model::DimensionSource;

/// The number of the last member that has facts.
const LAST: &str = "#last";

/// Members in the answer, and the members of the context of each.
pub(super) struct Relation {
    pub(super) plan: LogicalPlanBuilder,
    /// The group columns of the answer.
    pub(super) targets: Vec<String>,
    /// The columns of the path of members of the context.
    pub(super) sources: Vec<String>,
}

/// How deep levels are, counted from 1.
struct Depths {
    /// The finest level.
    finest: usize,
    /// That of the context.
    context: usize,
    /// Down to which places are compared.
    places: usize,
}

/// The relation for the rows of a set of group columns; `None` if the context makes no sense there.
pub(super) fn relation(
    planner: &Planner<'_>,
    grouped: Grouped<'_>,
    context: &ResolvedContext,
    (finest, facts): (&ResolvedLevel, LogicalPlanBuilder),
) -> Result<Option<Relation>> {
    let query = grouped.query;
    let filters = query.filters.iter();
    let filters: Vec<_> = filters
        .filter(|filter| filter.level.same_hierarchy(finest))
        .collect();
    let present = grouped
        .present()
        .filter(|it| it.level.same_hierarchy(finest));
    let shown = present.clone().map(|it| it.level.path.len()).max();
    let filtered = filters.iter().map(|filter| filter.level.path.len()).max();
    let of_context = context.level.as_ref().map(|level| level.path.len());
    // up to the end is said of a total too
    let all = (context.function == ContextFunction::Cumulative).then_some(1);
    let Some(depth) = of_context.or(shown).or(filtered).or(all) else {
        return Ok(None);
    };
    let depths = Depths {
        finest: finest.path.len(),
        context: depth,
        places: shown.max(filtered).unwrap_or(0),
    };
    let all = member_rows(planner, finest, &query.star.table(), query.history)?;
    let numbered = numbered(all, finest, &depths)?;
    let mut members = numbered.clone();
    let columns = member_columns(finest);
    for filter in &filters {
        let path = columns.get(..filter.level.path.len()).unwrap_or_default();
        members = keep_members(planner, members, path, (filter, query))?;
    }
    let members = up_to_facts(members, (numbered.clone(), facts), finest)?;
    let mut targets = Vec::new();
    let mut keys = Vec::new();
    for level in present {
        for (depth, part) in level
            .parts
            .iter()
            .enumerate()
            .filter(|(_, it)| it.introduced)
        {
            keys.push(column(&key_at(depth)).alias(&part.key));
            keys.push(column(&special_at(depth)).alias(part.special()));
            targets.extend([part.key.clone(), part.special()]);
        }
    }
    let sources_of = sources_of(numbered, &depths)?;
    let plan = match context.function {
        ContextFunction::Prev => before(members, keys, sources_of, (context, &depths))?,
        _ => since(members, keys, sources_of, (context, &depths))?,
    };
    let sources = (0..depths.finest).flat_map(|depth| [key_at(depth), special_at(depth)]);
    Ok(Some(Relation {
        plan,
        targets,
        sources: sources.map(|name| format!("#source{name}")).collect(),
    }))
}

/// The number of a member on the level of a depth from 1, among all.
fn number(depth: usize) -> String {
    format!("#number_{depth}")
}

/// Its number among those of the same member above.
fn place(depth: usize) -> String {
    format!("#place_{depth}")
}

/// The same of members of the context.
fn source(name: &str) -> String {
    format!("#source{name}")
}

/// Ordinary members with their numbers on all levels.
fn numbered(members: LogicalPlanBuilder, finest: &ResolvedLevel, depths: &Depths) -> PlanStep {
    let own = column(&special_at(depths.finest - 1));
    let mut plan = members.filter(own.is_null()).map_err(Planner::failed)?;
    for depth in depths.context..=depths.finest {
        let order: Vec<SortExpr> = (0..depth)
            .flat_map(|at| member_order(&key_at(at), &special_at(at), &sort_at(at), false))
            .collect();
        plan = with_rank(plan, (Vec::new(), order), number(depth))?;
    }
    for depth in depths.context + 1..=depths.places {
        plan = with_place(plan, finest, depth)?;
    }
    Ok(plan)
}

/// Numbers members within the one above. Those of a calendar by what they are called, since a calendar may begin in the middle of a
/// year, where the first month that it has is not the first one.
fn with_place(plan: LogicalPlanBuilder, finest: &ResolvedLevel, depth: usize) -> PlanStep {
    let is_calendar = matches!(&finest.source, DimensionSource::Role { calendar: true, .. });
    let part = |depth: usize| finest.path.get(depth - 1).filter(|_| is_calendar);
    let above = part(depth - 1).map_or("", |above| above.key.name.as_str());
    let key = column(&key_at(depth - 1));
    let own = match part(depth).map(|own| own.key.data_type) {
        // numbers of quarters, months and weeks begin with each year
        Some(ModelType::Integer) if depth == 2 => key,
        // but not with each quarter or month of it
        Some(ModelType::Integer) => {
            let first = format!("#first_{depth}");
            let least = WindowFunctionDefinition::AggregateUDF(min_udaf());
            let least = Expr::from(WindowFunction::new(least, vec![key.clone()]));
            let least = least.partition_by(vec![column(&key_at(depth - 2))]).build();
            let least = least.map_err(Planner::failed)?.alias(&first);
            let plan = plan.window(vec![least]).map_err(Planner::failed)?;
            let own = cast(key - column(&first), DataType::Int64).alias(place(depth));
            return with_columns(plan, vec![own]);
        }
        Some(ModelType::Date) if above.ends_with("week") => date_part(lit("dow"), key),
        Some(ModelType::Date) if above.ends_with("month") => date_part(lit("day"), key),
        _ => {
            let within = vec![column(&number(depth - 1))];
            let order = vec![column(&number(depth)).sort(true, false)];
            return with_rank(plan, (within, order), place(depth));
        }
    };
    with_columns(plan, vec![cast(own, DataType::Int64).alias(place(depth))])
}

fn with_rank(
    plan: LogicalPlanBuilder,
    (within, order): (Vec<Expr>, Vec<SortExpr>),
    name: String,
) -> PlanStep {
    let rank = dense_rank().partition_by(within).order_by(order).build();
    let rank = rank.map_err(Planner::failed)?.alias(&name);
    let plan = plan.window(vec![rank]).map_err(Planner::failed)?;
    // signed, so that numbers before the first one are none
    let names = plan.schema().columns().into_iter();
    let columns = names.map(|it| match it.name == name {
        true => cast(Expr::Column(it), DataType::Int64).alias(&name),
        false => Expr::Column(it),
    });
    plan.project(columns.collect::<Vec<_>>())
        .map_err(Planner::failed)
}

/// The members up to the last one that has facts in the answer.
fn up_to_facts(
    members: LogicalPlanBuilder,
    (numbered, facts): (LogicalPlanBuilder, LogicalPlanBuilder),
    finest: &ResolvedLevel,
) -> PlanStep {
    let mut columns = Vec::new();
    let mut on = (Vec::new(), Vec::new());
    for (depth, member) in members_of_facts(finest)?.into_iter().enumerate() {
        for (value, name) in [
            (member.key, key_at(depth)),
            (member.special, special_at(depth)),
        ] {
            let of_facts = format!("#fact{name}");
            columns.push(value.alias(&of_facts));
            on.0.push(Column::from_name(name));
            on.1.push(Column::from_name(of_facts));
        }
    }
    let known = facts
        .project(columns)
        .and_then(LogicalPlanBuilder::distinct)
        .and_then(LogicalPlanBuilder::build)
        .map_err(Planner::failed)?;
    let last = max(column(&number(finest.path.len()))).alias(LAST);
    let last = numbered
        .join_detailed(
            known,
            JoinType::LeftSemi,
            on,
            None,
            NullEquality::NullEqualsNull,
        )
        .and_then(|rows| rows.aggregate(Vec::<Expr>::new(), vec![last]))
        .and_then(LogicalPlanBuilder::build)
        .map_err(Planner::failed)?;
    let is_known = column(&number(finest.path.len())).lt_eq(column(LAST));
    members
        .join_on(last, JoinType::Inner, [is_known])
        .map_err(Planner::failed)
}

/// The members that a context can have, with names of their own.
fn sources_of(numbered: LogicalPlanBuilder, depths: &Depths) -> PlanStep {
    let paths = (0..depths.finest).flat_map(|depth| [key_at(depth), special_at(depth)]);
    let numbers = [depths.context, depths.finest].map(number);
    let places = (depths.context + 1..=depths.places).map(place);
    let mut names: Vec<String> = paths.chain(numbers).chain(places).collect();
    names.sort();
    names.dedup();
    let columns = names.iter().map(|name| column(name).alias(source(name)));
    numbered
        .project(columns.collect::<Vec<_>>())
        .map_err(Planner::failed)
}

/// Members so many before, and below the level of the context those at the same places.
fn before(
    members: LogicalPlanBuilder,
    keys: Vec<Expr>,
    sources_of: LogicalPlanBuilder,
    (context, depths): (&ResolvedContext, &Depths),
) -> PlanStep {
    let steps = i64::from(context.number.unwrap_or(1));
    let wanted = |name: &str| format!("#wanted{name}");
    let own = number(depths.context);
    let mut columns = keys;
    columns.push((column(&own) - lit(steps)).alias(wanted(&own)));
    let mut on = (
        vec![Column::from_name(wanted(&own))],
        vec![Column::from_name(source(&own))],
    );
    for name in (depths.context + 1..=depths.places).map(place) {
        columns.push(column(&name).alias(wanted(&name)));
        on.0.push(Column::from_name(wanted(&name)));
        on.1.push(Column::from_name(source(&name)));
    }
    let sources_of = sources_of.build().map_err(Planner::failed)?;
    members
        .project(columns)
        .and_then(LogicalPlanBuilder::distinct)
        .and_then(|wanted| wanted.join(sources_of, JoinType::Inner, on, None))
        .map_err(Planner::failed)
}

/// Members from a beginning up to the last one of those in the answer.
fn since(
    members: LogicalPlanBuilder,
    keys: Vec<Expr>,
    sources_of: LogicalPlanBuilder,
    (context, depths): (&ResolvedContext, &Depths),
) -> PlanStep {
    let (own, finest) = (number(depths.context), number(depths.finest));
    let ends = |name: &str| format!("#end{name}");
    let mut last = vec![max(column(&finest)).alias(ends(&finest))];
    if own != finest {
        last.push(max(column(&own)).alias(ends(&own)));
    }
    if context.function == ContextFunction::Opening {
        let first = vec![min(column(&own)).alias(ends(&own))];
        let targets = members.aggregate(keys, first).map_err(Planner::failed)?;
        let sources_of = sources_of.build().map_err(Planner::failed)?;
        let is_before = column(&source(&own)).lt(column(&ends(&own)));
        return targets
            .join_on(sources_of, JoinType::Inner, [is_before])
            .map_err(Planner::failed);
    }
    let end_of_context = column(&ends(&own));
    let mut fits = vec![column(&source(&finest)).lt_eq(column(&ends(&finest)))];
    match context.function {
        ContextFunction::ToDate => fits.push(column(&source(&own)).eq(end_of_context)),
        ContextFunction::Rolling => {
            let steps = i64::from(context.number.unwrap_or(1));
            fits.push(column(&source(&own)).gt(end_of_context - lit(steps)));
        }
        _ => {}
    }
    let sources_of = sources_of.build().map_err(Planner::failed)?;
    let targets = members.aggregate(keys, last).map_err(Planner::failed)?;
    // without members there is no end, which fits nothing
    targets
        .join_on(sources_of, JoinType::Inner, fits)
        .map_err(Planner::failed)
}
