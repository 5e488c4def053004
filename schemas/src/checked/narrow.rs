//! From the wide type in which numbers are added back to the type of the answer, checked.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Decimal128Type, i256};
use arrow::error::ArrowError;
use arrow::util::display::FormatOptions;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;

/// Values that do not fit are errors, not nulls.
const CHECKED: CastOptions<'static> = CastOptions {
    safe: false,
    format_options: FormatOptions::new(),
};

/// The values in another type; what does not fit is an error.
pub(super) fn cast_array(values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    if values.data_type() == to {
        return Ok(values.clone());
    }
    cast_with_options(values, to, &CHECKED).map_err(|_| overflow(to))
}

/// One value in another type of the same scale, without a detour over arrays: windows ask once a row.
pub(super) fn cast_scalar(value: ScalarValue, to: &DataType) -> Result<ScalarValue> {
    let digits = match &value {
        ScalarValue::Decimal128(digits, ..) => digits.map(i256::from_i128),
        ScalarValue::Decimal256(digits, ..) => *digits,
        _ => return Ok(value),
    };
    let Some(digits) = digits else {
        return ScalarValue::try_from(to);
    };
    match to {
        DataType::Int64 => whole(digits, to).map(|it| ScalarValue::Int64(Some(it))),
        DataType::UInt64 => whole(digits, to).map(|it| ScalarValue::UInt64(Some(it))),
        DataType::Decimal128(precision, scale) => {
            let digits: i128 = whole(digits, to)?;
            match digits.unsigned_abs() < 10_u128.pow((*precision).into()) {
                true => Ok(ScalarValue::Decimal128(Some(digits), *precision, *scale)),
                false => Err(overflow(to)),
            }
        }
        _ => value.cast_to(to).map_err(|_| overflow(to)),
    }
}

fn whole<T: TryFrom<i128>>(digits: i256, to: &DataType) -> Result<T> {
    let whole = digits.to_i128().and_then(|it| T::try_from(it).ok());
    whole.ok_or_else(|| overflow(to))
}

/// Decimals of the widest type, if all of them have no more digits than that allows.
pub(super) fn fits_decimal(value: ColumnarValue) -> Result<ColumnarValue> {
    let data_type = value.data_type();
    let DataType::Decimal128(precision, _) = data_type else {
        return Ok(value);
    };
    let fits = match &value {
        ColumnarValue::Array(array) => array
            .as_primitive::<Decimal128Type>()
            .validate_decimal_precision(precision)
            .is_ok(),
        ColumnarValue::Scalar(ScalarValue::Decimal128(Some(digits), ..)) => {
            digits.unsigned_abs() < 10_u128.pow(precision.into())
        }
        ColumnarValue::Scalar(_) => true,
    };
    match fits {
        true => Ok(value),
        false => Err(overflow(&data_type)),
    }
}

/// The error of a result that does not fit its type.
pub(super) fn overflow(to: &DataType) -> DataFusionError {
    let text = format!("overflow: a result does not fit {to}");
    DataFusionError::ArrowError(Box::new(ArrowError::ArithmeticOverflow(text)), None)
}
