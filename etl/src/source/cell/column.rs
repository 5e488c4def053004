//! Builders of columns, and what appends a value to one.

use arrow::array::{ArrayBuilder, ArrayRef, BooleanBuilder};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use planisphere_schemas::model::DataType;

use crate::source::clock::Clock;
use crate::source::number;
use crate::source::values::{Texts, Values};

use super::moment::{FIRST_DAY, FIRST_INSTANT, LAST_DAY, LAST_INSTANT};
use super::{Cell, Problem, Side, TextRules, convert, moment};

/// A builder for one column.
pub(crate) enum ColumnBuilder {
    /// Text.
    Text(Texts),
    /// 32-bit integers.
    Integer(Values<Int32Type>),
    /// 64-bit integers.
    Bigint(Values<Int64Type>),
    /// Decimals with precision and scale.
    Decimal(Values<Decimal128Type>, u8, u8),
    /// Floats.
    Double(Values<Float64Type>),
    /// Booleans.
    Boolean(BooleanBuilder),
    /// Days.
    Date(Values<Date32Type>),
    /// Instants, and the clock that tells those of wall clocks.
    Timestamp(Values<TimestampMicrosecondType>, Option<Clock>),
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
    ///
    /// # Errors
    /// If Arrow refuses what was collected.
    fn finish(&mut self) -> Result<ArrayRef, ArrowError>;
}

/// A builder for a declared type.
pub(crate) fn column_builder(data_type: DataType) -> ColumnBuilder {
    let arrow = data_type.arrow();
    match data_type {
        DataType::Text => ColumnBuilder::Text(Texts::new()),
        DataType::Integer => ColumnBuilder::Integer(Values::new(arrow)),
        DataType::Bigint => ColumnBuilder::Bigint(Values::new(arrow)),
        DataType::Decimal(precision, scale) => {
            ColumnBuilder::Decimal(Values::new(arrow), precision, scale.unsigned_abs())
        }
        DataType::Double => ColumnBuilder::Double(Values::new(arrow)),
        DataType::Boolean => ColumnBuilder::Boolean(BooleanBuilder::new()),
        DataType::Date => ColumnBuilder::Date(Values::new(arrow)),
        DataType::Timestamp => ColumnBuilder::Timestamp(Values::new(arrow), None),
    }
}

impl ColumnBuilder {
    /// Adds a null.
    #[inline]
    pub(crate) fn append_null(&mut self) {
        match self {
            Self::Text(values) => values.push_null(),
            Self::Integer(values) => values.push_null(),
            Self::Bigint(values) => values.push_null(),
            Self::Decimal(values, ..) => values.push_null(),
            Self::Double(values) => values.push_null(),
            Self::Boolean(builder) => builder.append_null(),
            Self::Date(values) => values.push_null(),
            Self::Timestamp(values, _) => values.push_null(),
            Self::Native(column) => column.append_null(),
        }
    }

    /// Adds a text as nearly all are written; `None` if it takes a closer look, and nothing was added.
    #[inline]
    pub(crate) fn take_text(&mut self, text: &[u8], careful: bool) -> Option<()> {
        match self {
            Self::Text(values) => {
                if careful && std::str::from_utf8(text).is_err() {
                    return None;
                }
                values.push(text);
            }
            Self::Decimal(values, precision, scale) => {
                values.push(number::of_short_text(text, *precision, *scale)?);
            }
            Self::Date(values) => values.push(moment::iso_day_alone(text)?),
            Self::Timestamp(values, Some(clock)) => {
                let (wall, is_utc) = moment::iso_wall(text)?;
                let instant = if is_utc {
                    wall
                } else {
                    clock.instant(wall).ok()?
                };
                if instant < FIRST_INSTANT {
                    return None;
                }
                values.push(instant);
            }
            _ => return None,
        }
        Some(())
    }

    /// Adds the value at an end of the type; false if it has no ends, and nothing was added.
    pub(crate) fn append_extreme(&mut self, side: Side) -> bool {
        let low = side == Side::Low;
        match self {
            Self::Text(_) | Self::Boolean(_) => return false,
            Self::Integer(values) => values.push(if low { i32::MIN } else { i32::MAX }),
            Self::Bigint(values) => values.push(if low { i64::MIN } else { i64::MAX }),
            Self::Decimal(values, precision, _) => {
                let most = number::power(*precision) - 1;
                values.push(if low { -most } else { most });
            }
            Self::Double(values) => values.push(if low { f64::MIN } else { f64::MAX }),
            Self::Date(values) => values.push(if low { FIRST_DAY } else { LAST_DAY }),
            Self::Timestamp(values, _) => {
                values.push(if low { FIRST_INSTANT } else { LAST_INSTANT });
            }
            Self::Native(column) => return column.append_extreme(side),
        }
        true
    }

    /// The column so far; the builder starts anew.
    ///
    /// # Errors
    /// If Arrow refuses what was collected.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Text(values) => values.finish()?,
            Self::Integer(values) => values.finish(),
            Self::Bigint(values) => values.finish(),
            Self::Decimal(values, ..) => values.finish(),
            Self::Double(values) => values.finish(),
            Self::Boolean(builder) => ArrayBuilder::finish(builder),
            Self::Date(values) => values.finish(),
            Self::Timestamp(values, _) => values.finish(),
            Self::Native(column) => column.finish()?,
        })
    }
}

/// Adds a value to its column, or says why it does not fit; then nothing was added.
///
/// # Errors
/// What is wrong with the value.
pub(crate) fn append_cell(
    builder: &mut ColumnBuilder,
    cell: Cell<'_>,
    rules: TextRules<'_>,
) -> Result<(), Problem> {
    match (builder, cell) {
        (builder, Cell::Null) => builder.append_null(),
        (ColumnBuilder::Text(values), cell) => text(values, cell)?,
        (ColumnBuilder::Integer(values), cell) => values.push(convert::integer32(cell)?),
        (ColumnBuilder::Bigint(values), cell) => values.push(convert::integer(cell)?),
        (ColumnBuilder::Decimal(values, precision, scale), cell) => {
            values.push(convert::decimal(cell, *precision, *scale)?);
        }
        (ColumnBuilder::Double(values), cell) => values.push(convert::double(cell, rules.nearest)?),
        (ColumnBuilder::Boolean(builder), cell) => builder.append_value(convert::boolean(cell)?),
        (ColumnBuilder::Date(values), cell) => values.push(moment::date(cell, rules.pattern)?),
        (ColumnBuilder::Timestamp(values, clock), cell) => {
            let clock = clock.get_or_insert_with(|| Clock::new(rules.zone));
            values.push(moment::timestamp(cell, rules.pattern, clock)?);
        }
        (ColumnBuilder::Native(column), cell) => column.append(cell)?,
    }
    Ok(())
}

fn text(values: &mut Texts, cell: Cell<'_>) -> Result<(), Problem> {
    match cell {
        Cell::Text(text) => values.push(text.as_bytes()),
        Cell::Bytes(bytes) => {
            let is_text = std::str::from_utf8(bytes).is_ok();
            return Err(Problem::odd(match is_text {
                true => "bytes, which are no text",
                false => "bytes that are not UTF-8 text",
            }));
        }
        cell => values.push_shown(&cell),
    }
    Ok(())
}
