//! All steps in their order: from a resolved query to the plan of its answer.

use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};

use super::bridged_cells::keep_groups;
use super::cells_across::cells_of;
use super::coded_levels::CodedLevels;
use super::filter_members::filter_members;
use super::group_members::group_levels;
use super::join_roles::{Roles, join_roles};
use super::label_members::label_members;
use super::order_rows::{Page, filter_measures, order_rows};
use super::planner::{PlanStep, Planner, columns_named, with_columns};
use super::project_answer::project_answer;
use super::rank_top::rank_top;
use super::resolved::ResolvedQuery;
use super::scan_fact::scan_fact;
use crate::error::Result;
use crate::result::ResultColumn;

/// Plans the answer of a query: the plan and what its columns say.
pub(crate) fn plan_answer(
    planner: &Planner<'_>,
    query: &ResolvedQuery,
    page: Page,
) -> Result<(LogicalPlan, Vec<ResultColumn>)> {
    let levels = group_levels(&query.axes);
    let cells = cells_of(planner, query, &levels)?;
    let cells = filter_measures(cells, &query.having)?;
    let labelled = label_members(planner, cells, query, &levels)?;
    let (answer, columns) = project_answer(labelled, query, &levels)?;
    let ordered = order_rows(answer, query, &levels, page)?;
    Ok((only_answer(ordered, &columns)?, columns))
}

/// The columns of an answer alone.
pub(crate) fn only_answer(
    plan: LogicalPlanBuilder,
    columns: &[ResultColumn],
) -> Result<LogicalPlan> {
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let answer = plan
        .project(columns_named(&names))
        .and_then(LogicalPlanBuilder::build);
    answer.map_err(Planner::failed)
}

/// The fact rows that a query is about, with the dimensions that it needs.
pub(crate) fn filtered_facts(
    planner: &Planner<'_>,
    query: &ResolvedQuery,
    roles: &Roles,
) -> PlanStep {
    coded_facts(planner, query, roles, &CodedLevels::default())
}

/// The same with the numbers of members by which they are grouped.
pub(crate) fn coded_facts(
    planner: &Planner<'_>,
    query: &ResolvedQuery,
    roles: &Roles,
    coded: &CodedLevels,
) -> PlanStep {
    let mut facts = scan_fact(planner, &query.star.table(), query.include_deleted)?;
    let of_fact = coded.of_fact()?;
    if !of_fact.is_empty() {
        facts = with_columns(facts, of_fact)?;
    }
    let joined = join_roles(planner, facts, roles, (query.history, coded))?;
    let filtered = filter_members(planner, joined, &query.filters, query)?;
    let ranked = rank_top(planner, filtered, query)?;
    let facts = filter_members(planner, ranked, &query.cell, query)?;
    keep_groups(planner, facts, query)
}
