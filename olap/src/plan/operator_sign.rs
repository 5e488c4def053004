//! The sign of a unary operator.

use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, Int64Array};
use arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::UNKNOWN_OPERATOR;

/// The sign of the operator of a member: 1, -1, or 0 of one that does not count; without an operator 1. `id` tells whose it is.
pub(crate) fn operator_sign(dimension: &str, operator: Expr, id: Expr) -> Expr {
    ScalarUDF::new_from_impl(OperatorSign {
        dimension: dimension.to_owned(),
        signature: Signature::any(2, Volatility::Immutable),
    })
    .call(vec![operator, id])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OperatorSign {
    dimension: String,
    signature: Signature,
}

impl ScalarUDFImpl for OperatorSign {
    fn name(&self) -> &str {
        "operator_sign"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let [operators, ids] = columns.as_slice() else {
            return exec_err!("an operator is of one member");
        };
        let ids = ids.as_string::<i32>();
        let operators = operators.as_string::<i32>().iter().enumerate();
        let signs = operators.map(|(row, operator)| match operator.map(str::trim) {
            None | Some("" | "+") => Ok(1),
            Some("-" | "−") => Ok(-1),
            Some("~") => Ok(0),
            Some(other) => exec_err!(
                "{UNKNOWN_OPERATOR} '{other}' of '{}' in dimension '{}'",
                if ids.is_valid(row) {
                    ids.value(row)
                } else {
                    ""
                },
                self.dimension
            ),
        });
        let signs = signs.collect::<Result<Int64Array>>()?;
        Ok(ColumnarValue::Array(Arc::new(signs)))
    }
}
