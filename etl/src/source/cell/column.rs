//! Builders of columns, and what appends a value to one.

use std::fmt::Write;

use arrow::array::{
    ArrayBuilder, ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder,
    Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use planisphere_schemas::model::DataType;

use crate::source::clock::Clock;
use crate::source::number;

use super::moment::{FIRST_DAY, FIRST_INSTANT, LAST_DAY, LAST_INSTANT};
use super::{Cell, Problem, Side, TextRules, convert, moment};

/// A builder for one column.
pub(crate) enum ColumnBuilder {
    /// Text.
    Text(StringBuilder),
    /// 32-bit integers.
    Integer(Int32Builder),
    /// 64-bit integers.
    Bigint(Int64Builder),
    /// Decimals with precision and scale.
    Decimal(Decimal128Builder, u8, u8),
    /// Floats.
    Double(Float64Builder),
    /// Booleans.
    Boolean(BooleanBuilder),
    /// Days.
    Date(Date32Builder),
    /// Instants, and the clock that tells those of wall clocks.
    Timestamp(TimestampMicrosecondBuilder, Option<Clock>),
    /// Values in the type that their source has.
    Native(Box<dyn NativeColumn>),
}

/// A column in the type of its source. A source gives it only cells that come from that type.
pub(crate) trait NativeColumn: Send {
    /// Adds a value, or says why it does not fit; then nothing was added.
    ///
    /// # Errors
    /// What is wrong with the value.
    fn append(&mut self, cell: Cell<'_>) -> Result<(), Problem>;

    /// Adds a null.
    fn append_null(&mut self);

    /// Adds the value at an end of the type; false if it has no ends, and nothing was added.
    fn append_extreme(&mut self, side: Side) -> bool;

    /// The column so far; the builder starts anew.
    fn finish(&mut self) -> ArrayRef;
}

/// A builder for a declared type.
pub(crate) fn column_builder(data_type: DataType) -> ColumnBuilder {
    match data_type {
        DataType::Text => ColumnBuilder::Text(StringBuilder::new()),
        DataType::Integer => ColumnBuilder::Integer(Int32Builder::new()),
        DataType::Bigint => ColumnBuilder::Bigint(Int64Builder::new()),
        DataType::Decimal(precision, scale) => ColumnBuilder::Decimal(
            Decimal128Builder::new().with_data_type(data_type.arrow()),
            precision,
            scale.unsigned_abs(),
        ),
        DataType::Double => ColumnBuilder::Double(Float64Builder::new()),
        DataType::Boolean => ColumnBuilder::Boolean(BooleanBuilder::new()),
        DataType::Date => ColumnBuilder::Date(Date32Builder::new()),
        DataType::Timestamp => ColumnBuilder::Timestamp(
            TimestampMicrosecondBuilder::new().with_data_type(data_type.arrow()),
            None,
        ),
    }
}

impl ColumnBuilder {
    /// Adds a null.
    pub(crate) fn append_null(&mut self) {
        match self {
            Self::Text(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::Bigint(builder) => builder.append_null(),
            Self::Decimal(builder, ..) => builder.append_null(),
            Self::Double(builder) => builder.append_null(),
            Self::Boolean(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Timestamp(builder, _) => builder.append_null(),
            Self::Native(builder) => builder.append_null(),
        }
    }

    /// Adds the value at an end of the type; false if it has no ends, and nothing was added.
    pub(crate) fn append_extreme(&mut self, side: Side) -> bool {
        let low = side == Side::Low;
        match self {
            Self::Text(_) | Self::Boolean(_) => return false,
            Self::Integer(builder) => builder.append_value(if low { i32::MIN } else { i32::MAX }),
            Self::Bigint(builder) => builder.append_value(if low { i64::MIN } else { i64::MAX }),
            Self::Decimal(builder, precision, _) => {
                let most = number::power(*precision) - 1;
                builder.append_value(if low { -most } else { most });
            }
            Self::Double(builder) => builder.append_value(if low { f64::MIN } else { f64::MAX }),
            Self::Date(builder) => builder.append_value(if low { FIRST_DAY } else { LAST_DAY }),
            Self::Timestamp(builder, _) => {
                builder.append_value(if low { FIRST_INSTANT } else { LAST_INSTANT });
            }
            Self::Native(builder) => return builder.append_extreme(side),
        }
        true
    }

    /// The column so far; the builder starts anew.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => ArrayBuilder::finish(builder),
            Self::Integer(builder) => ArrayBuilder::finish(builder),
            Self::Bigint(builder) => ArrayBuilder::finish(builder),
            Self::Decimal(builder, ..) => ArrayBuilder::finish(builder),
            Self::Double(builder) => ArrayBuilder::finish(builder),
            Self::Boolean(builder) => ArrayBuilder::finish(builder),
            Self::Date(builder) => ArrayBuilder::finish(builder),
            Self::Timestamp(builder, _) => ArrayBuilder::finish(builder),
            Self::Native(builder) => builder.finish(),
        }
    }
}

/// Adds a value to its column, or says why it does not fit; then nothing was added.
///
/// # Errors
/// What is wrong with the value.
#[inline]
pub(crate) fn append_cell(
    builder: &mut ColumnBuilder,
    cell: Cell<'_>,
    rules: TextRules<'_>,
) -> Result<(), Problem> {
    match (builder, cell) {
        (builder, Cell::Null) => builder.append_null(),
        (ColumnBuilder::Text(builder), cell) => text(builder, cell)?,
        (ColumnBuilder::Integer(builder), cell) => builder.append_value(convert::integer32(cell)?),
        (ColumnBuilder::Bigint(builder), cell) => builder.append_value(convert::integer(cell)?),
        (ColumnBuilder::Decimal(builder, precision, scale), cell) => {
            builder.append_value(convert::decimal(cell, *precision, *scale)?);
        }
        (ColumnBuilder::Double(builder), cell) => builder.append_value(convert::double(cell)?),
        (ColumnBuilder::Boolean(builder), cell) => builder.append_value(convert::boolean(cell)?),
        (ColumnBuilder::Date(builder), cell) => {
            builder.append_value(moment::date(cell, rules.pattern)?);
        }
        (ColumnBuilder::Timestamp(builder, clock), cell) => {
            let clock = clock.get_or_insert_with(|| Clock::new(rules.zone));
            builder.append_value(moment::timestamp(cell, rules.pattern, clock)?);
        }
        (ColumnBuilder::Native(builder), cell) => builder.append(cell)?,
    }
    Ok(())
}

fn text(builder: &mut StringBuilder, cell: Cell<'_>) -> Result<(), Problem> {
    match cell {
        Cell::Text(text) => builder.append_value(text),
        Cell::Bytes(bytes) => {
            let is_text = std::str::from_utf8(bytes).is_ok();
            return Err(Problem::odd(match is_text {
                true => "bytes, which are no text",
                false => "bytes that are not UTF-8 text",
            }));
        }
        cell => {
            // what is written before an append belongs to that value; writing into a builder never fails
            let _ = write!(builder, "{cell}");
            builder.append_value("");
        }
    }
    Ok(())
}
