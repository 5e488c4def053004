//! Cells of a query across cubes: those of each cube by its own facts, laid side by side by the members that they share.
//!
//! ```text
//! facts of one cube ─► its aggregates ─┐
//! facts of another ─► its aggregates ─┴─► joined in full by all group columns ─► contexts and calculations of each ─► those of both
//! ```
//! No fact ever meets a fact of another star, so that nothing is counted twice. Contexts come after the join: a row that only one cube
//! has facts for has a period before in the other one too.

use datafusion::common::{Column, NullEquality};
use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder, lit};

use super::answer::coded_facts;
use super::calculate_measures::calculate_measures;
use super::coded_levels::CodedLevels;
use super::columns::column;
use super::group_members::{GroupLevel, group_levels, level_sets};
use super::join_roles::roles_of;
use super::measure_contexts::{aggregated_cells, cells, finished_cells};
use super::planner::{PlanStep, Planner};
use super::resolved::{ResolvedPart, ResolvedQuery};
use super::resolved_measure::ResolvedKind;
use crate::error::Result;

/// The cells of a query, of one cube or across several.
pub(crate) fn cells_of(
    planner: &Planner<'_>,
    query: &ResolvedQuery,
    levels: &[GroupLevel],
) -> PlanStep {
    if query.across.is_empty() {
        let coded = CodedLevels::of(planner, query, levels)?;
        let facts = coded_facts(planner, query, &roles_of(query), &coded)?;
        return cells(planner, facts, query, (levels, &coded));
    }
    let by = group_columns(query, levels)?;
    let asked = query.across.iter();
    let asked = asked.filter(|part| part.taken(query).next().is_some());
    let parts = asked.map(|part| Part::of(part, query, &by));
    let parts: Vec<Part<'_>> = parts.collect::<Result<_>>()?;
    let mut joined: Option<LogicalPlanBuilder> = None;
    for part in &parts {
        let cells = part.aggregates(planner)?;
        joined = Some(match joined {
            None => cells,
            Some(before) => side_by_side(before, cells, &by, &part.part.name)?,
        });
    }
    let mut plan = joined.ok_or_else(|| Planner::internal("a query across no cubes"))?;
    for part in &parts {
        plan = part.finished(planner, plan)?;
    }
    let names = parts.iter().flat_map(|part| part.part.taken(query));
    let names = names.map(|(name, _)| column(&finished(name)).alias(name));
    let columns: Vec<Expr> = by.iter().map(|name| column(name)).chain(names).collect();
    let cells = plan.project(columns).map_err(Planner::failed)?;
    calculate_measures(planner, cells, &query.measures)
}

/// The columns by which rows are told apart: members, and which of them are totals.
fn group_columns(query: &ResolvedQuery, levels: &[GroupLevel]) -> Result<Vec<String>> {
    let mut columns: Vec<String> = levels.iter().flat_map(GroupLevel::columns).collect();
    if level_sets(&query.axes, levels).len() > 1 {
        for level in levels {
            columns.push(level.own()?.subtotal());
        }
    }
    Ok(columns)
}

/// What is asked of one cube.
struct Part<'q> {
    part: &'q ResolvedPart,
    across: &'q ResolvedQuery,
    /// The question in its words.
    query: ResolvedQuery,
    levels: Vec<GroupLevel>,
    /// The names of its group columns, and of the same ones in the answer.
    by: Vec<(String, String)>,
}

/// A measure of the answer, whose own name may be that of another one in a cube.
fn finished(name: &str) -> String {
    format!("#taken#{name}")
}

impl<'q> Part<'q> {
    fn of(part: &'q ResolvedPart, across: &'q ResolvedQuery, by: &[String]) -> Result<Self> {
        let query = part.query(across)?;
        let levels = group_levels(&query.axes);
        let own = group_columns(&query, &levels)?;
        Ok(Self {
            by: own.into_iter().zip(by.iter().cloned()).collect(),
            part,
            across,
            query,
            levels,
        })
    }

    /// One of its aggregates, beside those of other cubes.
    fn aggregate(&self, name: &str) -> String {
        format!("#{}#{name}", self.part.name)
    }

    /// Its aggregates, under names that no other cube has.
    fn aggregates(&self, planner: &Planner<'_>) -> PlanStep {
        let coded = CodedLevels::of(planner, &self.query, &self.levels)?;
        let facts = coded_facts(planner, &self.query, &roles_of(&self.query), &coded)?;
        let levels = (self.levels.as_slice(), &coded);
        let cells = aggregated_cells(planner, facts, &self.query, levels)?;
        let by = self.by.iter().map(|(own, name)| column(own).alias(name));
        let names = self.names();
        let names = names.map(|name| column(name).alias(self.aggregate(name)));
        let columns: Vec<Expr> = by.chain(names).collect();
        cells.project(columns).map_err(Planner::failed)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let needed = self.query.measures.needed.iter();
        let aggregates = needed.filter(|it| matches!(it.kind, ResolvedKind::Aggregate(_)));
        aggregates.map(|measure| measure.name.as_str())
    }

    /// Computes what its measures are besides aggregates, in the rows of all cubes.
    fn finished(&self, planner: &Planner<'_>, plan: LogicalPlanBuilder) -> PlanStep {
        let own_aggregates: Vec<String> = self.names().map(|it| self.aggregate(it)).collect();
        let is_else = |name: &String| {
            !own_aggregates.contains(name) && !self.by.iter().any(|(_, by)| by == name)
        };
        let all = plan.schema().columns().into_iter().map(|it| it.name);
        let others: Vec<String> = all.filter(is_else).collect();
        let by = self.by.iter().map(|(own, name)| column(name).alias(own));
        let names = self.names();
        let own = names.map(|name| column(&self.aggregate(name)).alias(name));
        let rest = others.iter().map(|name| column(name));
        let columns: Vec<Expr> = by.chain(own).chain(rest).collect();
        let plan = plan.project(columns).map_err(Planner::failed)?;
        let cells = finished_cells(planner, plan, &self.query, &self.levels)?;
        let by = self.by.iter().map(|(own, name)| column(own).alias(name));
        let taken = self.part.taken(self.across);
        let taken = taken.map(|(name, own)| column(own).alias(finished(name)));
        let rest = others.iter().map(|name| column(name));
        let columns: Vec<Expr> = by.chain(rest).chain(taken).collect();
        cells.project(columns).map_err(Planner::failed)
    }
}

/// The rows of both, each once; where one of them has none, its measures are null.
fn side_by_side(
    before: LogicalPlanBuilder,
    more: LogicalPlanBuilder,
    by: &[String],
    part: &str,
) -> PlanStep {
    let there = |name: &str| format!("#by#{part}#{name}");
    let measures = |plan: &LogicalPlanBuilder| {
        let columns = plan.schema().columns().into_iter();
        let measures = columns.filter(|it| !by.contains(&it.name));
        measures.map(Expr::Column).collect::<Vec<_>>()
    };
    let (own, others) = (measures(&before), measures(&more));
    let renamed = by.iter().map(|name| column(name).alias(there(name)));
    let more = more
        .project(renamed.chain(others.iter().cloned()))
        .and_then(LogicalPlanBuilder::build)
        .map_err(Planner::failed)?;
    let joined = match by.is_empty() {
        // one row each
        true => before.join_on(more, JoinType::Full, [lit(true)]),
        false => {
            let here: Vec<Column> = by.iter().map(Column::from_name).collect();
            let other: Vec<Column> = by.iter().map(|it| Column::from_name(there(it))).collect();
            let equality = NullEquality::NullEqualsNull;
            before.join_detailed(more, JoinType::Full, (here, other), None, equality)
        }
    };
    let either = by.iter().map(|name| {
        let values = vec![column(name), column(&there(name))];
        coalesce(values).alias(name)
    });
    let columns: Vec<Expr> = either.chain(own).chain(others).collect();
    joined
        .and_then(|joined| joined.project(columns))
        .map_err(Planner::failed)
}
