//! First step: the fact rows that count.

use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit};

use super::columns::{fact_alias, fact_column};
use super::planner::{PlanStep, Planner};

/// The fact of a star; rows that the source deleted are left out unless asked for.
pub(crate) fn scan_fact(planner: &Planner<'_>, table: &str, include_deleted: bool) -> PlanStep {
    let fact = scan(planner, table)?;
    let fact = fact.alias(fact_alias()).map_err(Planner::failed)?;
    match include_deleted {
        true => Ok(fact),
        false => fact
            .filter(is_live(fact_column("deleted_at_source")))
            .map_err(Planner::failed),
    }
}

fn is_live(deleted: Expr) -> Expr {
    deleted.eq(lit(false))
}

/// All rows of a table.
pub(crate) fn scan(planner: &Planner<'_>, table: &str) -> PlanStep {
    let provider = planner.table(table)?;
    LogicalPlanBuilder::scan(table, provider_as_source(provider), None).map_err(Planner::failed)
}
