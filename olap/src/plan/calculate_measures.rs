//! Sixth step: calculated measures, SQL scalars over the measures of a cell, in decimal(38,10).

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlanBuilder, Operator};

use super::decimal::{divide, multiply, round_to_cell};
use super::planner::{PlanStep, Planner, with_columns};
use super::resolved_measure::{ResolvedKind, ResolvedMeasure, ResolvedMeasures};
use crate::error::Result;

/// Adds the calculated measures to the columns of a plan that has the aggregated ones.
pub(crate) fn calculate_measures(
    planner: &Planner<'_>,
    plan: LogicalPlanBuilder,
    measures: &ResolvedMeasures,
) -> PlanStep {
    let mut plan = plan;
    for measure in &measures.needed {
        if let ResolvedKind::Calculated { expression, .. } = &measure.kind {
            plan = calculate_measure(planner, plan, (measure, expression))?;
        }
    }
    Ok(plan)
}

/// Adds one calculated measure.
pub(crate) fn calculate_measure(
    planner: &Planner<'_>,
    plan: LogicalPlanBuilder,
    (measure, expression): (&ResolvedMeasure, &str),
) -> PlanStep {
    let what = format!("expression of measure '{}'", measure.name);
    let parsed = planner.expression(expression, plan.schema(), &what)?;
    let cell = round_to_cell(half_even(parsed)?).alias(&measure.name);
    with_columns(plan, vec![cell])
}

/// Replaces the engine's multiplication and division by those that round half to even.
fn half_even(expression: Expr) -> Result<Expr> {
    let replaced = expression.transform_up(|part| {
        Ok(match part {
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: Operator::Divide,
                right,
            }) => Transformed::yes(divide(*left, *right)),
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: Operator::Multiply,
                right,
            }) => Transformed::yes(multiply(*left, *right)),
            other => Transformed::no(other),
        })
    });
    replaced
        .map(|replaced| replaced.data)
        .map_err(Planner::failed)
}
