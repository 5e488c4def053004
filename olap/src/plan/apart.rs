//! Keeps two group columns of one expression apart.
//!
//! The engine takes two columns that are computed alike for equal for ever, also where grouping sets have
//! emptied one of them; it then leaves the other out of sort orders. A second copy is therefore wrapped in
//! a function that gives its argument back.

use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The same values, not known to be the same.
pub(crate) fn apart(value: Expr) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::new_from_impl(Apart { signature }).call(vec![value])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Apart {
    signature: Signature,
}

impl ScalarUDFImpl for Apart {
    fn name(&self) -> &str {
        "apart"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [argument] => Ok(argument.clone()),
            _ => plan_err!("apart takes one argument"),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match arguments.args.as_slice() {
            [argument] => Ok(argument.clone()),
            _ => plan_err!("apart takes one argument"),
        }
    }
}
