//! An aggregate that adds, in a form that cannot wrap.
//!
//! ```text
//! int64          ──► decimal(38,0) ──► the engine's own accumulator ──► int64, checked
//! decimal(p≤28)  ──► as it is, 10^10 rows fit                        ──► decimal(38,s), checked
//! decimal(p>28)  ──► decimal(76,s)                                   ──► decimal(38,s), checked
//! ```
//! Only the final number must fit, so that the order of the rows does not matter. Not for averages: the
//! engine's own add in a wider type already.

use std::sync::Arc;

use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, FieldRef,
};
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, GroupsAccumulator, ReversedUDAF,
    Signature,
};

use super::accumulators::{Types, WidenedAccumulator, WidenedGroups};
use super::distinct::SlidingDistinctSum;

/// Numbers of up to this many digits cannot leave 38 digits before 10^10 rows.
const SAFE_DIGITS: u8 = 28;

/// Numbers of up to this many digits cannot leave 76 digits before 10^10 rows.
const SAFE_WIDE_DIGITS: u8 = 66;

/// The aggregate under the same name, adding in a wider type.
pub fn widened(inner: Arc<AggregateUDF>) -> AggregateUDF {
    AggregateUDF::new_from_impl(Widened { inner })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Widened {
    inner: Arc<AggregateUDF>,
}

impl Widened {
    fn sums(&self) -> bool {
        self.inner.name() == "sum"
    }

    /// The same call of the inner aggregate on the wide type.
    fn on_wide<T>(
        &self,
        arguments: AccumulatorArgs<'_>,
        call: impl FnOnce(AccumulatorArgs<'_>) -> Result<T>,
    ) -> Result<(T, Types)> {
        let types = self.types(arguments.expr_fields, arguments.return_type())?;
        let fields = [wide_field(arguments.expr_fields, &types)];
        let made = call(AccumulatorArgs {
            return_field: self.inner.return_field(&fields)?,
            schema: arguments.schema,
            ignore_nulls: arguments.ignore_nulls,
            order_bys: arguments.order_bys,
            is_reversed: arguments.is_reversed,
            name: arguments.name,
            is_distinct: arguments.is_distinct,
            exprs: arguments.exprs,
            expr_fields: &fields,
        })?;
        Ok((made, types))
    }

    fn types(&self, inputs: &[FieldRef], result: &DataType) -> Result<Types> {
        match inputs {
            [input] => Ok(Types {
                wide: wide(self.name(), input.data_type())?,
                result: result.clone(),
            }),
            _ => plan_err!("{} takes one argument, not {}", self.name(), inputs.len()),
        }
    }
}

impl AggregateUDFImpl for Widened {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let inner = self.inner.return_type(types)?;
        Ok(match inner {
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale)
                if self.sums() =>
            {
                DataType::Decimal128(DECIMAL128_MAX_PRECISION, scale)
            }
            DataType::Decimal256(_, scale) if self.sums() => {
                DataType::Decimal256(DECIMAL256_MAX_PRECISION, scale)
            }
            other => other,
        })
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let made = self.on_wide(arguments, |wide| self.inner.accumulator(wide))?;
        Ok(Box::new(WidenedAccumulator::new(made)))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let types = self.types(arguments.input_fields, arguments.return_type())?;
        let fields = [wide_field(arguments.input_fields, &types)];
        self.inner.state_fields(StateFieldsArgs {
            name: arguments.name,
            return_field: self.inner.return_field(&fields)?,
            input_fields: &fields,
            ordering_fields: arguments.ordering_fields,
            is_distinct: arguments.is_distinct,
        })
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        let supported =
            |wide: AccumulatorArgs<'_>| Ok(self.inner.groups_accumulator_supported(wide));
        self.on_wide(arguments, supported)
            .is_ok_and(|(supported, _)| supported)
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let made = self.on_wide(arguments, |wide| self.inner.create_groups_accumulator(wide))?;
        Ok(Box::new(WidenedGroups::new(made)))
    }

    fn create_sliding_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        let distinct = self.sums() && arguments.is_distinct;
        let made = self.on_wide(arguments, |wide| match wide.return_type() {
            exact if distinct && exact.is_decimal() => {
                Ok(Box::new(SlidingDistinctSum::new(exact.clone())) as Box<dyn Accumulator>)
            }
            _ => self.inner.create_sliding_accumulator(wide),
        })?;
        Ok(Box::new(WidenedAccumulator::new(made)))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

fn wide_field(inputs: &[FieldRef], types: &Types) -> FieldRef {
    let input = inputs.first().cloned();
    let input = input.unwrap_or_else(|| Field::new("", DataType::Null, true).into());
    Arc::new(input.as_ref().clone().with_data_type(types.wide.clone()))
}

/// The type in which values of a type are added.
fn wide(name: &str, input: &DataType) -> Result<DataType> {
    Ok(match input {
        whole if whole.is_integer() => DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0),
        DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) => {
            DataType::Decimal128(DECIMAL128_MAX_PRECISION, *scale)
        }
        DataType::Decimal128(precision, scale) if *precision > SAFE_DIGITS => {
            DataType::Decimal256(DECIMAL256_MAX_PRECISION, *scale)
        }
        DataType::Decimal256(precision, scale) if *precision > SAFE_WIDE_DIGITS => {
            return plan_err!(
                "{name} of {input} could overflow: cast to decimal({SAFE_WIDE_DIGITS}, {scale})"
            );
        }
        other => other.clone(),
    })
}
