//! Decimal arithmetic that rounds half to even, as scalar functions of the engine.
//!
//! The engine's own division cuts off and its multiplication lets scales grow; cells are decimal(38,10),
//! rounded half to even. Arithmetic is exact in 256 bits; what does not fit 38 digits is an error.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Decimal256Array, Float64Array, Int64Array,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Decimal256Type, Float64Type, Int64Type,
    i256,
};
use arrow::util::display::FormatOptions;
use datafusion::common::{Result, plan_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::digits::{CELL_SCALE, CELL_TYPE, fitting, float_digits, quotient, shift, too_large};

/// Values that do not fit are errors, not nulls.
const CHECKED: CastOptions<'static> = CastOptions {
    safe: false,
    format_options: FormatOptions::new(),
};

/// `numerator / divisor` of any numbers; null where the divisor is 0.
pub(crate) fn divide(numerator: Expr, divisor: Expr) -> Expr {
    call(Operation::Divide, vec![numerator, divisor])
}

/// `left * right` of any numbers.
pub(crate) fn multiply(left: Expr, right: Expr) -> Expr {
    call(Operation::Multiply, vec![left, right])
}

/// Any number as decimal(38,10).
pub(crate) fn round_to_cell(number: Expr) -> Expr {
    call(Operation::Round, vec![number])
}

fn call(operation: Operation, arguments: Vec<Expr>) -> Expr {
    let signature = Signature::any(arguments.len(), Volatility::Immutable);
    ScalarUDF::new_from_impl(HalfEven {
        operation,
        signature,
    })
    .call(arguments)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Divide,
    Multiply,
    Round,
}

/// One operation with its result rounded half to even to decimal(38,10).
#[derive(Debug, PartialEq, Eq, Hash)]
struct HalfEven {
    operation: Operation,
    signature: Signature,
}

impl ScalarUDFImpl for HalfEven {
    fn name(&self) -> &str {
        match self.operation {
            Operation::Divide => "divide_half_even",
            Operation::Multiply => "multiply_half_even",
            Operation::Round => "round_half_even",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let other = arguments
            .iter()
            .find(|kind| !kind.is_numeric() && !kind.is_null());
        match other {
            None => Ok(CELL_TYPE),
            Some(other) => plan_err!("{} needs numbers, not {other}", self.name()),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let numbers: Vec<Numbers> = arrays.iter().map(Numbers::of).collect::<Result<_>>()?;
        let rows = arrays.first().map_or(0, |array| array.len());
        let cells = (0..rows)
            .map(|row| self.cell(&numbers, row))
            .collect::<Result<Vec<_>>>()?;
        let cells = Decimal128Array::from(cells)
            .with_precision_and_scale(DECIMAL128_MAX_PRECISION, CELL_SCALE)?;
        Ok(ColumnarValue::Array(Arc::new(cells)))
    }
}

impl HalfEven {
    fn cell(&self, numbers: &[Numbers], row: usize) -> Result<Option<i128>> {
        let cell = match (self.operation, numbers) {
            (Operation::Round, [number]) => number.at(row)?.map(|number| {
                let (digits, scale) = number;
                shift(digits, CELL_SCALE - scale)
            }),
            (Operation::Multiply, [left, right]) => match (left.at(row)?, right.at(row)?) {
                (Some((a, scale_a)), Some((b, scale_b))) => {
                    let product = a.checked_mul(b);
                    Some(product.and_then(|it| shift(it, CELL_SCALE - scale_a - scale_b)))
                }
                _ => None,
            },
            (Operation::Divide, [numerator, divisor]) => {
                match (numerator.at(row)?, divisor.at(row)?) {
                    (Some(_), Some((i256::ZERO, _))) => None,
                    (Some(numerator), Some(divisor)) => Some(quotient(numerator, divisor)),
                    _ => None,
                }
            }
            _ => {
                return Err(DataFusionError::Internal(
                    "wrong number of arguments".into(),
                ));
            }
        };
        cell.map(|digits| digits.and_then(fitting).ok_or_else(too_large))
            .transpose()
    }
}

/// The digits and scale of the numbers of a column.
enum Numbers {
    Null,
    Integer(Int64Array),
    Decimal128(Decimal128Array, i8),
    Decimal256(Decimal256Array, i8),
    Float(Float64Array),
}

impl Numbers {
    fn of(array: &ArrayRef) -> Result<Self> {
        match array.data_type() {
            DataType::Null => Ok(Self::Null),
            kind if kind.is_integer() => {
                let integers = cast_with_options(array, &DataType::Int64, &CHECKED)?;
                Ok(Self::Integer(integers.as_primitive::<Int64Type>().clone()))
            }
            DataType::Decimal128(_, scale) => Ok(Self::Decimal128(
                array.as_primitive::<Decimal128Type>().clone(),
                *scale,
            )),
            DataType::Decimal256(_, scale) => Ok(Self::Decimal256(
                array.as_primitive::<Decimal256Type>().clone(),
                *scale,
            )),
            DataType::Float64 => Ok(Self::Float(array.as_primitive::<Float64Type>().clone())),
            other => Err(DataFusionError::Plan(format!("{other} is no number"))),
        }
    }

    fn at(&self, row: usize) -> Result<Option<(i256, i8)>> {
        Ok(match self {
            Self::Null => None,
            Self::Integer(array) => array
                .is_valid(row)
                .then(|| (i256::from_i128(array.value(row).into()), 0)),
            Self::Decimal128(array, scale) => array
                .is_valid(row)
                .then(|| (i256::from_i128(array.value(row)), *scale)),
            Self::Decimal256(array, scale) => {
                array.is_valid(row).then(|| (array.value(row), *scale))
            }
            Self::Float(array) if array.is_null(row) => None,
            Self::Float(array) => Some((float_digits(array.value(row))?, CELL_SCALE)),
        })
    }
}
