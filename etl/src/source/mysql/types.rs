//! The Arrow type that holds every value of a MySQL type, and the column that takes them.

use arrow::array::{ArrayBuilder, ArrayRef, BinaryBuilder};
use arrow::datatypes::{
    ArrowPrimitiveType, DECIMAL128_MAX_PRECISION, DataType as Arrow, Date32Type, Decimal128Type,
    Decimal256Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow::error::ArrowError;
use mysql::Column;
use mysql::consts::{ColumnFlags, ColumnType};

use crate::source::cell::{
    Cell, ColumnBuilder, FIRST_DAY, FIRST_INSTANT, LAST_DAY, LAST_INSTANT, NativeColumn, Problem,
    Side,
};
use crate::source::number;
use crate::source::values::{Texts, Values};

use super::value::{Kind, kind};

/// The Arrow type of a result's column.
pub(super) fn arrow(column: &Column) -> Arrow {
    use ColumnType as T;
    let unsigned = column.flags().contains(ColumnFlags::UNSIGNED_FLAG);
    match column.column_type() {
        T::MYSQL_TYPE_TINY if unsigned => Arrow::UInt8,
        T::MYSQL_TYPE_TINY => Arrow::Int8,
        T::MYSQL_TYPE_YEAR => Arrow::UInt16,
        T::MYSQL_TYPE_SHORT if unsigned => Arrow::UInt16,
        T::MYSQL_TYPE_SHORT => Arrow::Int16,
        T::MYSQL_TYPE_LONG | T::MYSQL_TYPE_INT24 if unsigned => Arrow::UInt32,
        T::MYSQL_TYPE_LONG | T::MYSQL_TYPE_INT24 => Arrow::Int32,
        T::MYSQL_TYPE_LONGLONG if unsigned => Arrow::UInt64,
        T::MYSQL_TYPE_LONGLONG => Arrow::Int64,
        T::MYSQL_TYPE_FLOAT => Arrow::Float32,
        T::MYSQL_TYPE_DOUBLE => Arrow::Float64,
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => decimal(column, unsigned),
        _ => match kind(column) {
            Kind::Plain => Arrow::Utf8,
            Kind::Binary => Arrow::Binary,
            Kind::Bits => Arrow::UInt64,
            Kind::Date => Arrow::Date32,
            Kind::DateTime => Arrow::Timestamp(TimeUnit::Microsecond, None),
            Kind::Timestamp => Arrow::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Kind::Time(_) => Arrow::Duration(TimeUnit::Microsecond),
        },
    }
}

/// True for numbers whose text only the server knows: floats of 64 bits, years, of which 0 has four digits, and numbers
/// that are filled with zeros.
pub(super) fn is_printed(column: &Column) -> bool {
    let is_kind = matches!(
        column.column_type(),
        ColumnType::MYSQL_TYPE_DOUBLE | ColumnType::MYSQL_TYPE_YEAR
    );
    is_kind || column.flags().contains(ColumnFlags::ZEROFILL_FLAG)
}

/// True for `float(m,d)` and `double(m,d)`, which are what the server shows of them, with `d` decimals.
pub(super) fn is_rounded(column: &Column) -> bool {
    const AS_MANY_AS_IT_TAKES: u8 = 31;
    let is_float = matches!(
        column.column_type(),
        ColumnType::MYSQL_TYPE_FLOAT | ColumnType::MYSQL_TYPE_DOUBLE
    );
    is_float && column.decimals() < AS_MANY_AS_IT_TAKES
}

/// Precision and scale from the width in which the server shows the column: digits, a point, a sign.
fn decimal(column: &Column, unsigned: bool) -> Arrow {
    let scale = column.decimals();
    let width = column.column_length() - u32::from(scale > 0) - u32::from(!unsigned);
    let precision = u8::try_from(width)
        .unwrap_or(u8::MAX)
        .clamp(1.max(scale), 65);
    let scale = i8::try_from(scale).unwrap_or(0);
    match precision <= DECIMAL128_MAX_PRECISION {
        true => Arrow::Decimal128(precision, scale),
        false => Arrow::Decimal256(precision, scale),
    }
}

/// The column that takes the values of an Arrow type which [`arrow`] gives.
pub(super) fn builder(data_type: &Arrow) -> ColumnBuilder {
    let column: Box<dyn NativeColumn> = match data_type {
        Arrow::Int8 => integers::<Int8Type>(),
        Arrow::Int16 => integers::<Int16Type>(),
        Arrow::Int32 => integers::<Int32Type>(),
        Arrow::Int64 => integers::<Int64Type>(),
        Arrow::UInt8 => integers::<UInt8Type>(),
        Arrow::UInt16 => integers::<UInt16Type>(),
        Arrow::UInt32 => integers::<UInt32Type>(),
        Arrow::UInt64 => integers::<UInt64Type>(),
        Arrow::Float32 => plain::<Float32Type>(data_type, None, |cell| match cell {
            Cell::Single(value) => Some(value),
            _ => None,
        }),
        Arrow::Float64 => plain::<Float64Type>(data_type, None, |cell| match cell {
            Cell::Real(value) => Some(value),
            _ => None,
        }),
        Arrow::Date32 => {
            let ends = Some((FIRST_DAY, LAST_DAY));
            plain::<Date32Type>(data_type, ends, |cell| match cell {
                Cell::Day(days) => Some(days),
                _ => None,
            })
        }
        Arrow::Timestamp(..) => {
            let ends = Some((FIRST_INSTANT, LAST_INSTANT));
            plain::<TimestampMicrosecondType>(data_type, ends, |cell| match cell {
                Cell::Wall(micros) | Cell::Instant(micros) => Some(micros),
                _ => None,
            })
        }
        Arrow::Duration(_) => {
            plain::<DurationMicrosecondType>(data_type, None, |cell| match cell {
                Cell::Span(micros, _) => Some(micros),
                _ => None,
            })
        }
        Arrow::Decimal128(precision, scale) => {
            let (precision, scale) = (*precision, scale.unsigned_abs());
            Box::new(Primitives::<Decimal128Type, _>::new(
                data_type,
                None,
                move |cell| number::of_text(decimal_text(cell)?, precision, scale),
            ))
        }
        Arrow::Decimal256(precision, scale) => {
            let (precision, scale) = (*precision, scale.unsigned_abs());
            Box::new(Primitives::<Decimal256Type, _>::new(
                data_type,
                None,
                move |cell| number::of_wide_text(decimal_text(cell)?, precision, scale),
            ))
        }
        Arrow::Binary => Box::new(Binaries(BinaryBuilder::new())),
        _ => Box::new(Texts::new()),
    };
    ColumnBuilder::Native(column)
}

/// A cell that its column's type cannot hold; days that no calendar has are the only ones that come.
#[cold]
fn misfit(cell: Cell<'_>) -> Problem {
    Problem::odd(match cell {
        Cell::NoDay(_) => "not a date of the calendar",
        Cell::Bytes(_) => "bytes that are not UTF-8 text",
        _ => "not of the column's type",
    })
}

fn decimal_text<'v>(cell: Cell<'v>) -> Result<&'v str, Problem> {
    match cell {
        Cell::Text(text) => Ok(text),
        cell => Err(misfit(cell)),
    }
}

/// A column of a primitive type, read by a function.
struct Primitives<T: ArrowPrimitiveType, F> {
    values: Values<T>,
    /// Lowest and highest value, where the type of the source has more.
    ends: Option<(T::Native, T::Native)>,
    read: F,
}

impl<T, F> Primitives<T, F>
where
    T: ArrowPrimitiveType,
    F: Fn(Cell<'_>) -> Result<T::Native, Problem>,
{
    fn new(data_type: &Arrow, ends: Option<(T::Native, T::Native)>, read: F) -> Self {
        Self {
            values: Values::new(data_type.clone()),
            ends,
            read,
        }
    }
}

fn integers<T>() -> Box<dyn NativeColumn>
where
    T: ArrowPrimitiveType,
    T::Native: TryFrom<i64> + TryFrom<u64>,
{
    plain::<T>(&T::DATA_TYPE, None, |cell| match cell {
        Cell::Integer(value) => value.try_into().ok(),
        Cell::Unsigned(value) => value.try_into().ok(),
        _ => None,
    })
}

/// A column whose cells are taken as they are, between the ends.
fn plain<T: ArrowPrimitiveType>(
    data_type: &Arrow,
    ends: Option<(T::Native, T::Native)>,
    take: fn(Cell<'_>) -> Option<T::Native>,
) -> Box<dyn NativeColumn> {
    let read = move |cell: Cell<'_>| match (take(cell), ends) {
        (Some(value), Some((first, _))) if value < first => {
            Err(Problem::beyond(false, "before the year 1"))
        }
        (Some(value), _) => Ok(value),
        (None, _) => Err(misfit(cell)),
    };
    Box::new(Primitives::<T, _>::new(data_type, ends, read))
}

impl<T, F> NativeColumn for Primitives<T, F>
where
    T: ArrowPrimitiveType,
    F: Fn(Cell<'_>) -> Result<T::Native, Problem> + Send,
{
    fn append(&mut self, cell: Cell<'_>) -> Result<(), Problem> {
        self.values.push((self.read)(cell)?);
        Ok(())
    }

    fn append_null(&mut self) {
        self.values.push_null();
    }

    fn append_extreme(&mut self, side: Side) -> bool {
        if let Some((lowest, highest)) = self.ends {
            let is_low = side == Side::Low;
            self.values.push(if is_low { lowest } else { highest });
        }
        self.ends.is_some()
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(self.values.finish())
    }
}

impl NativeColumn for Texts {
    fn append(&mut self, cell: Cell<'_>) -> Result<(), Problem> {
        match cell {
            Cell::Text(text) => self.push(text.as_bytes()),
            cell => return Err(misfit(cell)),
        }
        Ok(())
    }

    fn append_null(&mut self) {
        self.push_null();
    }

    fn append_extreme(&mut self, _side: Side) -> bool {
        false
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Texts::finish(self)
    }
}

/// A column of bytes.
struct Binaries(BinaryBuilder);

impl NativeColumn for Binaries {
    fn append(&mut self, cell: Cell<'_>) -> Result<(), Problem> {
        match cell {
            Cell::Bytes(bytes) => self.0.append_value(bytes),
            Cell::Text(text) => self.0.append_value(text),
            cell => return Err(misfit(cell)),
        }
        Ok(())
    }

    fn append_null(&mut self) {
        self.0.append_null();
    }

    fn append_extreme(&mut self, _side: Side) -> bool {
        false
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(ArrayBuilder::finish(&mut self.0))
    }
}
