//! The columns of a dimension table, and values in their declared types.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::kernels::cmp::neq;
use arrow::compute::{CastOptions, cast_with_options, nullif};
use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use planisphere_schemas::model::{DataType, Dimension};

/// The columns of `dim_<name>` in their order.
pub(crate) fn arrow_schema(dimension: &Dimension) -> SchemaRef {
    let instant = DataType::Timestamp.arrow();
    let mut fields = vec![
        Field::new(dimension.key_column(), Arrow::Int32, false),
        Field::new(dimension.durable_key_column(), Arrow::Int32, false),
        Field::new("source_system", Arrow::Utf8, false),
        Field::new(dimension.id_column(), Arrow::Utf8, false),
    ];
    let attributes = dimension.attributes.iter();
    fields.extend(attributes.map(|a| Field::new(&a.name, a.data_type.arrow(), true)));
    fields.extend([
        Field::new("valid_from", instant.clone(), false),
        Field::new("valid_to", instant, false),
        Field::new("valid_from_basis", Arrow::Utf8, false),
        Field::new("is_current", Arrow::Boolean, false),
        Field::new("deleted_at_source", Arrow::Boolean, false),
        Field::new("audit_key", Arrow::Int64, false),
    ]);
    Arc::new(Schema::new(fields))
}

/// A column in its declared type, and which values do not fit (those are null in the result): of numbers with a fraction no whole
/// ones are made.
pub(crate) fn cast_column(
    column: &ArrayRef,
    declared: DataType,
) -> Result<(ArrayRef, Vec<usize>), ArrowError> {
    let target = declared.arrow();
    if column.data_type() == &target {
        return Ok((Arc::clone(column), Vec::new()));
    }
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    let cast = cast_with_options(column, &target, &options)?;
    let cast = match target.is_integer() && has_fractions(column.data_type()) {
        true => {
            let back = cast_with_options(&cast, column.data_type(), &options)?;
            nullif(&cast, &neq(&back, column)?)?
        }
        false => cast,
    };
    let misfits = (0..column.len()).filter(|row| column.is_valid(*row) && cast.is_null(*row));
    let misfits = misfits.collect();
    Ok((cast, misfits))
}

/// True of types whose values may have a fraction.
fn has_fractions(data_type: &Arrow) -> bool {
    data_type.is_floating() || matches!(data_type, Arrow::Decimal128(_, scale) if *scale > 0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use arrow::array::{AsArray as _, Decimal128Array, Float64Array};
    use arrow::datatypes::{Int32Type, Int64Type};

    use super::*;

    #[test]
    fn no_whole_number_is_made_of_one_with_a_fraction() {
        let some = [
            Some(12500),
            None,
            Some(-30000),
            Some(1),
            Some(i128::MAX >> 20),
        ];
        let decimals = Decimal128Array::from(some.to_vec());
        let decimals = decimals.with_precision_and_scale(38, 4).unwrap();
        let (whole, misfits) = cast_column(&(Arc::new(decimals) as _), DataType::Integer).unwrap();
        let whole: Vec<_> = whole.as_primitive::<Int32Type>().iter().collect();
        assert_eq!(whole, [None, None, Some(-3), None, None]);
        assert_eq!(misfits, [0, 3, 4]);
        let doubles =
            Float64Array::from(vec![Some(2.0), Some(2.5), None, Some(f64::NAN), Some(1e15)]);
        let (whole, misfits) = cast_column(&(Arc::new(doubles) as _), DataType::Bigint).unwrap();
        let whole: Vec<_> = whole.as_primitive::<Int64Type>().iter().collect();
        assert_eq!(
            whole,
            [Some(2), None, None, None, Some(1_000_000_000_000_000)]
        );
        assert_eq!(misfits, [1, 3]);
    }
}
