//! What every planning step needs: the pinned tables, and a session that knows functions and settings.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::DFSchema;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use planisphere_schemas::model::Dimension;

use super::columns::column;
use crate::error::{OlapError, Result};
use crate::stars::Stars;

/// The result of a step: a plan that the next step goes on with.
pub(crate) type PlanStep = Result<LogicalPlanBuilder>;

/// The surroundings of planning. Planning reads schemas, never rows.
pub(crate) struct Planner<'p> {
    pub(crate) stars: &'p dyn Stars,
    pub(crate) state: SessionState,
}

impl Planner<'_> {
    /// The table of that name in the pinned version.
    pub(crate) fn table(&self, name: &str) -> Result<Arc<dyn TableProvider>> {
        self.stars
            .table(name)
            .ok_or_else(|| OlapError::MissingTable {
                version: self.stars.version(),
                table: name.to_owned(),
            })
    }

    /// The conformed dimension of that name.
    pub(crate) fn dimension(&self, name: &str) -> Result<&Dimension> {
        let found = self.stars.model().dimension(name);
        found.ok_or_else(|| Self::internal(format!("the model lacks dimension '{name}'")))
    }

    /// A SQL scalar of the model over the columns of a schema; `what` names it in messages.
    pub(crate) fn expression(&self, sql: &str, schema: &DFSchema, what: &str) -> Result<Expr> {
        self.state
            .create_logical_expr(sql, schema)
            .map_err(|source| OlapError::Expression {
                what: format!("{what}: {sql}"),
                source: Box::new(source),
            })
    }

    /// A failure of the engine to build a plan that should have been sound.
    pub(crate) fn failed(source: DataFusionError) -> OlapError {
        OlapError::engine("planning", source)
    }

    /// A defect of ours.
    pub(crate) fn internal(reason: impl Into<String>) -> OlapError {
        OlapError::Internal {
            reason: reason.into(),
        }
    }
}

/// The columns of a plan, and more computed from them.
pub(crate) fn with_columns(plan: LogicalPlanBuilder, more: Vec<Expr>) -> PlanStep {
    let columns = plan.schema().columns().into_iter().map(Expr::Column);
    let all: Vec<Expr> = columns.chain(more).collect();
    plan.project(all).map_err(Planner::failed)
}

/// The columns of these names, in this order.
pub(crate) fn columns_named(names: &[String]) -> Vec<Expr> {
    names.iter().map(|name| column(name)).collect()
}
