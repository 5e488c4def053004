//! Values in PostgreSQL's binary forms to Arrow arrays, losing nothing: what does not fit says so.
//!
//! A decoder gets one value at a time and always adds exactly one entry to its column: the value, an extreme of its
//! type, or null. It is not responsible for what happens to a row whose value did not fit.

mod bytes;
mod exact;
mod nested;
mod numeric;
mod plain;
mod text;
mod time;

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType as Arrow;
use arrow::error::ArrowError;
use chrono_tz::Tz;
use planisphere_schemas::model::DataType;

use super::types::PgType;

pub(super) use exact::nearest_double;
pub(super) use numeric::Digits;

/// What became of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It stands in the column as it is.
    Fits,
    /// The nearest value that the type has stands in the column.
    Clamped,
    /// Null stands in the column, and this is why.
    Misfit(Box<Cow<'static, str>>),
}

impl Outcome {
    /// A misfit for a reason; boxed, so that what becomes of all other values fits registers.
    #[cold]
    pub(super) fn misfit(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Misfit(Box::new(reason.into()))
    }
}

/// One column that is being decoded.
pub(super) trait Decode: Send {
    /// Adds a value.
    fn value(&mut self, raw: &[u8]) -> Outcome;
    /// Adds null.
    fn null(&mut self);
    /// The column so far; the decoder starts anew.
    ///
    /// # Errors
    /// If Arrow refuses what was collected.
    fn finish(&mut self) -> Result<ArrayRef, ArrowError>;
}

/// A decoder of any kind.
pub(super) type Decoder = Box<dyn Decode>;

/// What the values of a column shall become.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// The zone of timestamps without one.
    pub(super) zone: Tz,
    /// Whether values beyond a type's range become its extremes.
    pub(super) clamp: bool,
    /// Whether each text is checked by itself; else all texts of a batch at once, which then fails as a whole.
    pub(super) careful: bool,
}

/// The decoder that turns a type straight into a declared type; `None` if the server has to print the values.
pub(super) fn declared(from: &PgType, to: DataType, rules: Rules) -> Option<Decoder> {
    let decoder: Decoder = match (from, to) {
        (PgType::Bool, DataType::Boolean) => plain::bools(),
        (PgType::Int2 | PgType::Int4, DataType::Integer) => plain::integers32(from),
        (PgType::Int2 | PgType::Int4 | PgType::Int8 | PgType::Oid, DataType::Bigint) => {
            plain::integers64(from)
        }
        (PgType::Float8, DataType::Double) => plain::doubles(rules),
        (PgType::Numeric(_), DataType::Decimal(precision, scale)) => {
            numeric::decimals(precision, scale, rules)
        }
        (PgType::Numeric(_), DataType::Integer) => {
            exact::integers32(rules, |raw| numeric::whole(&numeric::Wire::parse(raw)?))
        }
        (PgType::Numeric(_), DataType::Bigint) => {
            exact::integers64(rules, |raw| numeric::whole(&numeric::Wire::parse(raw)?))
        }
        (PgType::Text, DataType::Text) => text::texts(rules),
        (PgType::PaddedText, DataType::Text) => text::padded_texts(rules),
        (PgType::Jsonb, DataType::Text) => text::jsonb(rules),
        (PgType::Uuid, DataType::Text) => text::uuids(),
        (PgType::Date, DataType::Date) => time::dates(rules),
        (PgType::TimestampTz, DataType::Timestamp) => time::instants(rules),
        (PgType::Timestamp, DataType::Timestamp) => time::instants_in_zone(rules),
        (PgType::Date, DataType::Timestamp) => time::instants_of_days(rules),
        (PgType::Timestamp, DataType::Date) => time::days_of_locals(rules),
        (PgType::TimestampTz, DataType::Date) => time::days_of_instants(rules),
        _ => return exact::declared(from, to, rules),
    };
    Some(decoder)
}

/// The Arrow type that holds every value of a PostgreSQL type, and its decoder.
///
/// `digits` are the precision and scale of unconstrained numerics. `None` if the server has to print the values.
pub(super) fn native(from: &PgType, digits: Digits, rules: Rules) -> Option<(Arrow, Decoder)> {
    let made: (Arrow, Decoder) = match from {
        PgType::Bool => (Arrow::Boolean, plain::bools()),
        PgType::Int2 => (Arrow::Int16, plain::integers16()),
        PgType::Int4 => (Arrow::Int32, plain::integers32(from)),
        PgType::Int8 => (Arrow::Int64, plain::integers64(from)),
        PgType::Oid => (Arrow::UInt32, plain::oids()),
        PgType::Float4 => (Arrow::Float32, plain::floats(rules)),
        PgType::Float8 => (Arrow::Float64, plain::doubles(rules)),
        PgType::Numeric(modifier) => numeric::native(*modifier, digits, rules),
        PgType::Money(decimals) => numeric::money(*decimals),
        PgType::Text | PgType::Xml => (Arrow::Utf8, text::texts(rules)),
        PgType::PaddedText => (Arrow::Utf8, text::padded_texts(rules)),
        PgType::Jsonb => (Arrow::Utf8, text::jsonb(rules)),
        PgType::Uuid => (Arrow::Utf8, text::uuids()),
        PgType::Inet => (Arrow::Utf8, text::networks()),
        PgType::MacAddr => (Arrow::Utf8, text::mac_addresses()),
        PgType::Bits => (Arrow::Utf8, text::bits()),
        PgType::Bytea => (Arrow::Binary, Box::new(bytes::Binaries::default())),
        PgType::Date => (Arrow::Date32, time::dates(rules)),
        PgType::Time => (time::TIME, time::times(rules)),
        PgType::Timestamp => (time::LOCAL, time::locals(rules)),
        PgType::TimestampTz => (time::instant(), time::instants(rules)),
        PgType::TimeTz => nested::time_with_zone(rules),
        PgType::Interval => nested::interval(),
        PgType::Array(item) => nested::list(item, digits, rules)?,
        PgType::Range(over) => nested::range(over, digits, rules)?,
        PgType::Multirange(range) => nested::multirange(range, digits, rules)?,
        PgType::Composite(fields) => nested::composite(fields, digits, rules)?,
        PgType::Other => return None,
    };
    Some(made)
}

/// Bytes of fixed length at the start of a value; `None` if there are too few or too many.
fn exactly<const N: usize>(raw: &[u8]) -> Option<[u8; N]> {
    raw.try_into().ok()
}

/// Why a value of the wrong length is refused.
const MALFORMED: &str = "not in the binary form of its type";
