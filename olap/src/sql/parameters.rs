//! Parameters of statements, written `?` or `$1`: found, described, and given values.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Value, visit_expressions_mut};

use super::faults;
use crate::error::{OlapError, QueryFaults, Result};

/// Numbers the question marks of a statement as `$1`, `$2`, …
pub(super) fn number_marks(statement: &mut Statement) {
    let mut marks = 0;
    match statement {
        Statement::Statement(ast) => {
            let _: ControlFlow<()> = visit_expressions_mut(ast.as_mut(), |expr| {
                if let Expr::Value(value) = expr
                    && let Value::Placeholder(name) = &mut value.value
                    && name == "?"
                {
                    marks += 1;
                    *name = format!("${marks}");
                }
                ControlFlow::Continue(())
            });
        }
        Statement::Explain(explain) => number_marks(&mut explain.statement),
        _ => {}
    }
}

/// The parameters of a plan in their order, with the types that their places ask for; null where any will do.
pub(super) fn parameters(plan: &LogicalPlan) -> Result<Schema> {
    let found = plan.get_parameter_fields();
    let found = found.map_err(|error| faults::planning(&error))?;
    let mut numbered = BTreeMap::new();
    for (name, field) in found {
        let number: usize = name
            .trim_start_matches('$')
            .parse()
            .map_err(|_| wrong(format!("parameter '{name}' has no number")))?;
        let data_type = field.map_or(DataType::Null, |field| field.data_type().clone());
        numbered.insert(number, data_type);
    }
    let missing = (1..)
        .zip(numbered.keys())
        .find(|(number, it)| number != *it);
    if let Some((number, _)) = missing {
        return Err(wrong(format!("parameter ${number} is missing")));
    }
    let fields = numbered
        .into_iter()
        .map(|(number, data_type)| Field::new(format!("${number}"), data_type, true));
    Ok(Schema::new(fields.collect::<Vec<_>>()))
}

/// The plan with values for its parameters: one for each, in their order.
pub(super) fn with_values(plan: LogicalPlan, values: &[ScalarValue]) -> Result<LogicalPlan> {
    let wanted = parameters(&plan)?.fields().len();
    if wanted != values.len() {
        let given = values.len();
        return Err(wrong(format!(
            "the statement has {wanted} parameters, but {given} values were given"
        )));
    }
    let bound = match values {
        [] => Ok(plan),
        values => plan.with_param_values(values.to_vec()),
    };
    bound.map_err(|error| faults::planning(&error))
}

fn wrong(message: String) -> OlapError {
    let hint = "write ? or $1, $2, …, prepare the statement and bind one value for each";
    let mut faults = QueryFaults::default();
    faults.invalid("sql", message, Some(hint.into()));
    OlapError::Faults { faults }
}
