//! SQL functions that conforming needs beside the engine's own.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal128Array};
use arrow::datatypes::{DataType, Decimal128Type};
use arrow::util::display::array_value_to_string;
use chrono_tz::Tz;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::SessionContext;
use planisphere_schemas::model::DataType as Declared;

use crate::declared::{declared_column, divided_half_even};

/// Makes the functions known to a session; `zone` is the warehouse time zone.
pub(super) fn register(session: &SessionContext, zone: Tz) {
    session.register_udf(ScalarUDF::from(Money::new()));
    let functions = [
        ("local_date", Declared::Date),
        (BEGINNING, Declared::Timestamp),
    ];
    for (name, told) in functions {
        session.register_udf(ScalarUDF::from(InZone::new(name, told, zone)));
    }
}

/// Name of the function for an instant, or for that at which a day begins in the warehouse time zone; not for models.
pub(super) const BEGINNING: &str = "_beginning";

/// `local_date(instant)`: the day of an instant in the warehouse time zone; and [`BEGINNING`].
#[derive(Debug, PartialEq, Eq, Hash)]
struct InZone {
    name: &'static str,
    /// What is told: a date or an instant.
    told: Declared,
    zone: Tz,
    signature: Signature,
}

impl InZone {
    fn new(name: &'static str, told: Declared, zone: Tz) -> Self {
        Self {
            name,
            told,
            zone,
            signature: Signature::any(1, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for InZone {
    fn name(&self) -> &'static str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let name = self.name;
        match (arguments, self.told) {
            ([DataType::Timestamp(..) | DataType::Null], _)
            | ([DataType::Date32], Declared::Timestamp) => Ok(self.told.arrow()),
            ([other], _) => exec_err!("{name}() takes an instant, not {other}"),
            _ => exec_err!("{name}() takes one value"),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let Some(array) = arrays.first() else {
            return exec_err!("{}() takes one value", self.name);
        };
        let (told, misfits) = declared_column(array, self.told, self.zone)?;
        match misfits.first() {
            None => Ok(ColumnarValue::Array(told)),
            Some(row) => {
                let value = array_value_to_string(array, *row)?;
                exec_err!("{}({value}) is beyond the calendar", self.name)
            }
        }
    }
}

/// `money(x)`: a decimal of any scale as decimal(18,4), rounded half-even; overflow is an error.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Money {
    signature: Signature,
}

/// The scale of money.
const SCALE: i8 = 4;
/// The precision of money.
const PRECISION: u8 = 18;

impl Money {
    fn new() -> Self {
        Self {
            signature: Signature::any(1, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for Money {
    fn name(&self) -> &'static str {
        "money"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [DataType::Decimal128(..) | DataType::Int32 | DataType::Int64 | DataType::Null] => {
                Ok(DataType::Decimal128(PRECISION, SCALE))
            }
            [other] => exec_err!("money() takes a decimal, not {other}; cast it first"),
            _ => exec_err!("money() takes one value"),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let Some(array) = arrays.first() else {
            return exec_err!("money() takes one value");
        };
        debug_assert!(array.len() == rows || array.len() == 1);
        Ok(ColumnarValue::Array(money(array)?))
    }
}

fn money(array: &ArrayRef) -> Result<ArrayRef> {
    let DataType::Decimal128(_, scale) = array.data_type() else {
        return Ok(arrow::compute::cast(
            array,
            &DataType::Decimal128(PRECISION, SCALE),
        )?);
    };
    let values = array.as_primitive::<Decimal128Type>();
    let limit = 10_i128.pow(u32::from(PRECISION));
    let rounded: Result<Vec<Option<i128>>> = values
        .iter()
        .map(|value| match value.map(|value| rescale(value, *scale)) {
            None => Ok(None),
            Some(Some(value)) if value.abs() < limit => Ok(Some(value)),
            Some(_) => exec_err!("money() overflows decimal({PRECISION},{SCALE})"),
        })
        .collect();
    let array = Decimal128Array::from(rounded?).with_precision_and_scale(PRECISION, SCALE)?;
    Ok(Arc::new(array))
}

/// A value of one scale at the scale of money, half-even; `None` on overflow.
fn rescale(value: i128, scale: i8) -> Option<i128> {
    let steps = u32::from(scale.abs_diff(SCALE));
    let factor = 10_i128.checked_pow(steps)?;
    if scale <= SCALE {
        return value.checked_mul(factor);
    }
    Some(divided_half_even(value, factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_rounds_half_even_in_both_directions() {
        for (value, expected) in [
            (1_234_550_000, 123_455),
            (1_234_555_000, 123_456),
            (1_234_545_000, 123_454),
            (-1_234_545_000, -123_454),
            (-1_234_555_000, -123_456),
            (1_234_545_001, 123_455),
        ] {
            assert_eq!(rescale(value, 8), Some(expected), "{value}");
        }
        assert_eq!(rescale(12, 2), Some(1_200));
        assert_eq!(rescale(i128::MAX, 0), None);
    }
}
