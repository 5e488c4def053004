//! Checked `+`, `-`, `*`, `/` and negation of integers and decimals.
//!
//! An analyzer rule, since the engine also computes constants while it plans, and unchecked. Not responsible
//! for casts and other functions: those check by themselves.

use arrow::compute::kernels::numeric;
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr_common::datum::apply;

use super::narrow::fits_decimal;

/// Puts checked functions in the place of operators; it runs after the types of both sides are settled.
#[derive(Debug)]
pub struct CheckOperators;

impl AnalyzerRule for CheckOperators {
    fn name(&self) -> &str {
        "CheckOperators"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let checked = plan.transform_up_with_subqueries(|plan| {
            let schema = merge_schema(&plan.inputs());
            plan.map_expressions(|expr| expr.transform_up(|expr| checked(expr, &schema)))
        });
        checked.map(|plan| plan.data)
    }
}

/// The same expression over columns of a schema with checked functions in the place of operators, once the types of both
/// sides are settled.
///
/// # Errors
/// If a type cannot be told.
pub fn checked_expression(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let checked = expr.transform_up(|expr| checked(expr, schema))?;
    Ok(checked.data)
}

fn checked(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::BinaryExpr(it) if calculates(it.op) => {
            let types = [it.left.get_type(schema)?, it.right.get_type(schema)?];
            match types.iter().all(is_exact) {
                true => Ok(call(Some(it.op), vec![*it.left, *it.right])),
                false => Ok(Transformed::no(Expr::BinaryExpr(it))),
            }
        }
        Expr::Negative(it) if it.get_type(schema)?.is_signed_integer() => Ok(call(None, vec![*it])),
        other => Ok(Transformed::no(other)),
    }
}

fn calculates(operator: Operator) -> bool {
    use Operator::{Divide, Minus, Multiply, Plus};
    matches!(operator, Plus | Minus | Multiply | Divide)
}

fn is_exact(data_type: &DataType) -> bool {
    data_type.is_numeric() && !data_type.is_floating()
}

fn call(operator: Option<Operator>, arguments: Vec<Expr>) -> Transformed<Expr> {
    let signature = Signature::any(arguments.len(), Volatility::Immutable);
    let function = Checked {
        operator,
        signature,
    };
    Transformed::yes(ScalarUDF::new_from_impl(function).call(arguments))
}

/// A checked operator; without one, negation.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    operator: Option<Operator>,
    signature: Signature,
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        match self.operator {
            Some(Operator::Plus) => "checked_add",
            Some(Operator::Minus) => "checked_subtract",
            Some(Operator::Multiply) => "checked_multiply",
            Some(_) => "checked_divide",
            None => "checked_negate",
        }
    }

    /// The name that the operator gives, so that columns keep their names.
    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        match (self.operator, arguments) {
            (Some(operator), [left, right]) => Ok(format!(
                "{} {operator} {}",
                left.schema_name(),
                right.schema_name()
            )),
            (_, [one, ..]) => Ok(format!("(- {})", one.schema_name())),
            _ => internal_err!("{} without arguments", self.name()),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match (&self.operator, types) {
            (Some(operator), [left, right]) => {
                BinaryTypeCoercer::new(left, operator, right).get_result_type()
            }
            (None, [one]) => Ok(one.clone()),
            _ => internal_err!("{} of {} arguments", self.name(), types.len()),
        }
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let fields = arguments.arg_fields;
        let types: Vec<DataType> = fields.iter().map(|it| it.data_type().clone()).collect();
        let nullable = fields.iter().any(|field| field.is_nullable());
        Ok(Field::new(self.name(), self.return_type(&types)?, nullable).into())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let result = match (self.operator, &arguments.args[..]) {
            (Some(Operator::Plus), [left, right]) => apply(left, right, numeric::add),
            (Some(Operator::Minus), [left, right]) => apply(left, right, numeric::sub),
            (Some(Operator::Multiply), [left, right]) => apply(left, right, numeric::mul),
            (Some(Operator::Divide), [left, right]) => apply(left, right, numeric::div),
            (None, [ColumnarValue::Array(one)]) => Ok(ColumnarValue::Array(numeric::neg(one)?)),
            (None, [ColumnarValue::Scalar(one)]) => {
                Ok(ColumnarValue::Scalar(one.arithmetic_negate()?))
            }
            _ => internal_err!("{} of wrong arguments", self.name()),
        }?;
        // decimals with fewer digits than the widest have room for any result
        match result.data_type() {
            DataType::Decimal128(DECIMAL128_MAX_PRECISION, _) => fits_decimal(result),
            _ => Ok(result),
        }
    }
}
