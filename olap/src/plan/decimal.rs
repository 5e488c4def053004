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
use arrow::error::ArrowError;
use arrow::util::display::FormatOptions;
use datafusion::common::{Result, plan_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::key_value::parse_decimal;

/// The scale of averages, medians and calculated measures.
pub(crate) const CELL_SCALE: i8 = 10;

/// Values that do not fit are errors, not nulls.
const CHECKED: CastOptions<'static> = CastOptions {
    safe: false,
    format_options: FormatOptions::new(),
};

/// The type of averages, medians and calculated measures.
pub(crate) const CELL_TYPE: DataType = DataType::Decimal128(DECIMAL128_MAX_PRECISION, CELL_SCALE);

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

/// A float rounded half to even at the cell's scale: the formatter works on its exact value.
fn float_digits(number: f64) -> Result<i256> {
    let text = format!("{number:.10}");
    parse_decimal(&text, CELL_SCALE)
        .map(i256::from_i128)
        .ok_or_else(too_large)
}

fn too_large() -> DataFusionError {
    let text = "overflow: a result does not fit decimal(38,10)".to_owned();
    DataFusionError::ArrowError(Box::new(ArrowError::ArithmeticOverflow(text)), None)
}

/// The digits if they fit 38 places.
fn fitting(digits: i256) -> Option<i128> {
    let digits = digits.to_i128()?;
    (digits.unsigned_abs() < 10_u128.pow(38)).then_some(digits)
}

fn power_of_ten(exponent: i8) -> Option<i256> {
    i256::from_i128(10).checked_pow(u32::try_from(exponent).ok()?)
}

/// The number times 10^places, rounded half to even where places are lost.
fn shift(digits: i256, places: i8) -> Option<i256> {
    match places {
        0.. => digits.checked_mul(power_of_ten(places)?),
        _ => divide_half_even(digits, power_of_ten(-places)?),
    }
}

fn quotient(numerator: (i256, i8), divisor: (i256, i8)) -> Option<i256> {
    let places = CELL_SCALE + divisor.1 - numerator.1;
    let (numerator, divisor) = match places {
        0.. => (numerator.0.checked_mul(power_of_ten(places)?)?, divisor.0),
        _ => (numerator.0, divisor.0.checked_mul(power_of_ten(-places)?)?),
    };
    divide_half_even(numerator, divisor)
}

fn divide_half_even(numerator: i256, divisor: i256) -> Option<i256> {
    let quotient = numerator.checked_div(divisor)?;
    let rest = numerator.checked_rem(divisor)?.checked_abs()?;
    let twice = rest.checked_add(rest)?;
    let size = divisor.checked_abs()?;
    let odd = quotient.checked_rem(i256::from_i128(2))? != i256::ZERO;
    match twice > size || (twice == size && odd) {
        true if numerator.is_negative() != divisor.is_negative() => quotient.checked_sub(i256::ONE),
        true => quotient.checked_add(i256::ONE),
        false => Some(quotient),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn check_quotient(numerator: (i128, i8), divisor: (i128, i8), expected: i128) {
        let big = |(digits, scale)| (i256::from_i128(digits), scale);
        assert_eq!(
            quotient(big(numerator), big(divisor)),
            Some(i256::from_i128(expected))
        );
    }

    #[test]
    fn quotients_round_half_to_even() {
        check_quotient((1, 0), (3, 0), 3_333_333_333);
        check_quotient((2, 0), (3, 0), 6_666_666_667);
        check_quotient((-2, 0), (3, 0), -6_666_666_667);
        // 0.00000000005 and 0.00000000015: ties go to the even neighbour, 0 and 2.
        check_quotient((5, 11), (1, 0), 0);
        check_quotient((15, 11), (1, 0), 2);
        check_quotient((-15, 11), (1, 0), -2);
        check_quotient((-5, 11), (-1, 0), 0);
        check_quotient((100_0000, 4), (8, 0), 125_000_000_000);
    }

    #[test]
    fn floats_and_shifts_round_half_to_even() {
        assert_eq!(float_digits(0.5).unwrap(), i256::from_i128(5_000_000_000));
        assert!(float_digits(f64::NAN).is_err());
        assert!(float_digits(1e300).is_err());
        assert_eq!(shift(i256::from_i128(25), -1), Some(i256::from_i128(2)));
        assert_eq!(shift(i256::from_i128(35), -1), Some(i256::from_i128(4)));
        assert_eq!(shift(i256::from_i128(2), 3), Some(i256::from_i128(2000)));
    }

    #[test]
    fn what_needs_more_than_38_digits_does_not_fit() {
        assert_eq!(
            fitting(i256::from_i128(10_i128.pow(38) - 1)),
            Some(10_i128.pow(38) - 1)
        );
        assert_eq!(fitting(i256::from_i128(10_i128.pow(38))), None);
    }
}
