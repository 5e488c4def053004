//! Instants in SQL are microseconds, as in the tables: nanoseconds end in 2262, valid time in 9999.
//!
//! Two steps: TIMESTAMP is read as microseconds, and whatever is compared with microseconds becomes such. The
//! engine alone would take both sides to nanoseconds. Not responsible for arithmetic on instants.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::DFSchema;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator, cast};
use datafusion::optimizer::AnalyzerRule;
use datafusion::sql::sqlparser::ast::{DataType as SqlType, TimezoneInfo};

/// Reads TIMESTAMP without a precision as microseconds.
#[derive(Debug)]
pub(super) struct ReadMicroseconds;

impl TypePlanner for ReadMicroseconds {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        let SqlType::Timestamp(None, zone) = sql_type else {
            return Ok(None);
        };
        let zone = match zone {
            TimezoneInfo::Tz | TimezoneInfo::WithTimeZone => Some("UTC".into()),
            TimezoneInfo::None | TimezoneInfo::WithoutTimeZone => None,
        };
        let instant = DataType::Timestamp(TimeUnit::Microsecond, zone);
        Ok(Some(Arc::new(Field::new("", instant, true))))
    }
}

/// Takes texts, days and nanoseconds to microseconds where they are compared with such.
#[derive(Debug)]
pub(super) struct CompareMicroseconds;

impl AnalyzerRule for CompareMicroseconds {
    fn name(&self) -> &str {
        "CompareMicroseconds"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let compared = plan.transform_up_with_subqueries(|plan| {
            let schema = merge_schema(&plan.inputs());
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let compared = expr.transform_up(|expr| compared(expr, &schema))?;
                Ok(compared.update_data(|expr| name.restore(expr)))
            })
        });
        compared.map(|plan| plan.data)
    }
}

fn compared(mut expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let mut sides = sides(&mut expr);
    let types: Result<Vec<DataType>> = sides.iter().map(|side| side.get_type(schema)).collect();
    let types = types?;
    let micros = types.iter().find_map(|data_type| match data_type {
        DataType::Timestamp(TimeUnit::Microsecond, zone) => Some(zone),
        _ => None,
    });
    let Some(zone) = micros else {
        return Ok(Transformed::no(expr));
    };
    for (side, data_type) in sides.iter_mut().zip(&types) {
        let zone = match data_type {
            DataType::Timestamp(TimeUnit::Nanosecond, own) => own,
            DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Date32 => zone,
            _ => continue,
        };
        let instant = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
        **side = cast(std::mem::take(*side), instant);
    }
    Ok(Transformed::yes(expr))
}

/// What a comparison compares; nothing for other expressions.
fn sides(expr: &mut Expr) -> Vec<&mut Expr> {
    match expr {
        Expr::BinaryExpr(it) if compares(it.op) => {
            vec![&mut it.left, &mut it.right]
        }
        Expr::Between(it) => vec![&mut it.expr, &mut it.low, &mut it.high],
        Expr::InList(it) => std::iter::once(it.expr.as_mut())
            .chain(&mut it.list)
            .collect(),
        _ => vec![],
    }
}

fn compares(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}
