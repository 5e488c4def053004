//! What no expression and no view of the model may hold: functions that say something else each time, and, where there is
//! to be one value a row, aggregates over rows.
//!
//! A load that is told again, by a second load or a rebuild, has to give the same rows. Not responsible for types.

use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};

/// What is unsteady in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unsteady {
    /// A function, by its name, that says something else each time.
    Function(String),
    /// An aggregate, as it is written.
    Aggregate(String),
}

impl std::fmt::Display for Unsteady {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Function(name) => write!(
                f,
                "uses {name}(), which says something else each time, so that no load could be repeated; \
                 take a date, an instant or an id of the source instead"
            ),
            Self::Aggregate(what) => write!(
                f,
                "uses {what}, which makes one row of many, while an entity has one for each row that it takes; \
                 aggregate in a view and join it"
            ),
        }
    }
}

/// What is unsteady in a query, with everything that it reads.
pub(super) fn unsteady(plan: &LogicalPlan) -> Result<Option<Unsteady>> {
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        found = function(node)?;
        Ok(go_on(&found))
    })?;
    Ok(found)
}

/// What is unsteady in the scalars and joins of a SELECT, down to the relations that it names, which are looked at by
/// themselves.
pub(super) fn unsteady_parts(plan: &LogicalPlan) -> Result<Option<Unsteady>> {
    let mut found = None;
    plan.apply(|node| {
        if matches!(
            node,
            LogicalPlan::SubqueryAlias(_) | LogicalPlan::TableScan(_)
        ) {
            return Ok(TreeNodeRecursion::Jump);
        }
        found = match function(node)? {
            Some(function) => Some(function),
            None => aggregate(node),
        };
        if found.is_none() {
            node.apply_subqueries(|query| {
                found = unsteady(query)?;
                Ok(go_on(&found))
            })?;
        }
        Ok(go_on(&found))
    })?;
    Ok(found)
}

fn go_on(found: &Option<Unsteady>) -> TreeNodeRecursion {
    match found {
        None => TreeNodeRecursion::Continue,
        Some(_) => TreeNodeRecursion::Stop,
    }
}

/// A function in the expressions of one node that says something else each time.
fn function(node: &LogicalPlan) -> Result<Option<Unsteady>> {
    let mut found = None;
    node.apply_expressions(|expression| {
        expression.apply(|part| {
            if let Expr::ScalarFunction(call) = part
                && call.func.signature().volatility != Volatility::Immutable
            {
                found = Some(Unsteady::Function(call.name().to_owned()));
            }
            Ok(go_on(&found))
        })
    })?;
    Ok(found)
}

fn aggregate(node: &LogicalPlan) -> Option<Unsteady> {
    let LogicalPlan::Aggregate(aggregate) = node else {
        return None;
    };
    let what = aggregate.aggr_expr.first();
    let what = what.map_or_else(
        || "GROUP BY".to_owned(),
        |it| it.human_display().to_string(),
    );
    Some(Unsteady::Aggregate(what))
}
