//! Booleans, integers and floats.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as Arrow, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, UInt32Type,
};
use arrow::error::ArrowError;

use crate::source::cell::Side;
use crate::source::values::Values;

use super::super::types::PgType;
use super::{Decode, Decoder, MALFORMED, Outcome, Rules, exactly};

/// A value that its column cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source::postgres) struct Misfit {
    /// Why not.
    pub(in crate::source::postgres) reason: &'static str,
    /// On which side of what the column can hold it lies, if on any.
    pub(in crate::source::postgres) beyond: Option<Side>,
}

/// A misfit on no side.
pub(super) fn odd(reason: &'static str) -> Misfit {
    Misfit {
        reason,
        beyond: None,
    }
}

/// A misfit on a side.
pub(super) fn beyond(side: Side, reason: &'static str) -> Misfit {
    Misfit {
        reason,
        beyond: Some(side),
    }
}

/// A column of a primitive type, read by a function.
pub(super) struct Primitives<T: ArrowPrimitiveType, F> {
    values: Values<T>,
    read: F,
    extremes: Option<(T::Native, T::Native)>,
}

impl<T, F> Primitives<T, F>
where
    T: ArrowPrimitiveType,
    F: FnMut(&[u8]) -> Result<T::Native, Misfit> + Send + 'static,
{
    /// A decoder; `extremes` are the lowest and highest value where values beyond them shall be clamped.
    pub(super) fn decoder(
        data_type: Arrow,
        extremes: Option<(T::Native, T::Native)>,
        read: F,
    ) -> Decoder {
        Box::new(Self {
            values: Values::new(data_type),
            read,
            extremes,
        })
    }
}

impl<T: ArrowPrimitiveType, F> Primitives<T, F> {
    #[cold]
    fn misfit(&mut self, misfit: Misfit) -> Outcome {
        match (misfit.beyond, self.extremes) {
            (Some(side), Some((lowest, highest))) => {
                self.values.push(match side {
                    Side::Low => lowest,
                    Side::High => highest,
                });
                Outcome::Clamped
            }
            _ => {
                self.values.push_null();
                Outcome::misfit(misfit.reason)
            }
        }
    }
}

impl<T, F> Decode for Primitives<T, F>
where
    T: ArrowPrimitiveType,
    F: FnMut(&[u8]) -> Result<T::Native, Misfit> + Send,
{
    #[inline]
    fn value(&mut self, raw: &[u8]) -> Outcome {
        match (self.read)(raw) {
            Ok(value) => {
                self.values.push(value);
                Outcome::Fits
            }
            Err(misfit) => self.misfit(misfit),
        }
    }

    fn null(&mut self) {
        self.values.push_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(self.values.finish())
    }
}

/// A column of booleans, read by a function.
pub(super) struct Truths<F> {
    values: BooleanBuilder,
    read: F,
}

impl<F> Truths<F>
where
    F: Fn(&[u8]) -> Result<bool, Misfit> + Send + 'static,
{
    /// A decoder.
    pub(super) fn decoder(read: F) -> Decoder {
        let values = BooleanBuilder::new();
        Box::new(Self { values, read })
    }
}

impl<F> Decode for Truths<F>
where
    F: Fn(&[u8]) -> Result<bool, Misfit> + Send,
{
    fn value(&mut self, raw: &[u8]) -> Outcome {
        match (self.read)(raw) {
            Ok(value) => {
                self.values.append_value(value);
                Outcome::Fits
            }
            Err(misfit) => {
                self.values.append_null();
                Outcome::misfit(misfit.reason)
            }
        }
    }

    fn null(&mut self) {
        self.values.append_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(self.values.finish()))
    }
}

/// `bool`.
pub(super) fn bools() -> Decoder {
    Truths::decoder(|raw| match raw {
        [byte] => Ok(*byte != 0),
        _ => Err(odd(MALFORMED)),
    })
}

/// Two bytes with a sign.
#[inline]
pub(super) fn read_i16(raw: &[u8]) -> Result<i16, Misfit> {
    exactly(raw).map(i16::from_be_bytes).ok_or(odd(MALFORMED))
}

/// Four bytes with a sign.
#[inline]
pub(super) fn read_i32(raw: &[u8]) -> Result<i32, Misfit> {
    exactly(raw).map(i32::from_be_bytes).ok_or(odd(MALFORMED))
}

/// Eight bytes with a sign.
#[inline]
pub(super) fn read_i64(raw: &[u8]) -> Result<i64, Misfit> {
    exactly(raw).map(i64::from_be_bytes).ok_or(odd(MALFORMED))
}

/// Four bytes without a sign.
#[inline]
pub(super) fn read_u32(raw: &[u8]) -> Result<u32, Misfit> {
    exactly(raw).map(u32::from_be_bytes).ok_or(odd(MALFORMED))
}

/// `int2`.
pub(super) fn integers16() -> Decoder {
    Primitives::<Int16Type, _>::decoder(Arrow::Int16, None, read_i16)
}

/// `int2` or `int4` in 32 bits.
pub(super) fn integers32(from: &PgType) -> Decoder {
    match from {
        PgType::Int2 => {
            let read = |raw: &[u8]| read_i16(raw).map(i32::from);
            Primitives::<Int32Type, _>::decoder(Arrow::Int32, None, read)
        }
        _ => Primitives::<Int32Type, _>::decoder(Arrow::Int32, None, read_i32),
    }
}

/// Any integer in 64 bits.
pub(super) fn integers64(from: &PgType) -> Decoder {
    let new = |read: fn(&[u8]) -> Result<i64, Misfit>| {
        Primitives::<Int64Type, _>::decoder(Arrow::Int64, None, read)
    };
    match from {
        PgType::Int2 => new(|raw| read_i16(raw).map(i64::from)),
        PgType::Int4 => new(|raw| read_i32(raw).map(i64::from)),
        PgType::Oid => new(|raw| read_u32(raw).map(i64::from)),
        _ => Primitives::<Int64Type, _>::decoder(Arrow::Int64, None, read_i64),
    }
}

/// `oid`.
pub(super) fn oids() -> Decoder {
    Primitives::<UInt32Type, _>::decoder(Arrow::UInt32, None, read_u32)
}

/// Why NaN is refused.
pub(super) const NOT_A_NUMBER: &str = "not a number (NaN)";
/// Why infinities are refused.
pub(super) const INFINITE: &str = "infinite";

/// `float4`, if it is finite.
pub(super) fn read_f32(raw: &[u8]) -> Result<f32, Misfit> {
    let value = f32::from_be_bytes(exactly(raw).ok_or(odd(MALFORMED))?);
    finite(value, value.is_nan(), value.is_infinite(), value > 0.0)
}

/// `float8`, if it is finite.
pub(super) fn read_f64(raw: &[u8]) -> Result<f64, Misfit> {
    let value = f64::from_be_bytes(exactly(raw).ok_or(odd(MALFORMED))?);
    finite(value, value.is_nan(), value.is_infinite(), value > 0.0)
}

/// `float4`.
pub(super) fn floats(rules: Rules) -> Decoder {
    let extremes = rules.clamp.then_some((f32::MIN, f32::MAX));
    Primitives::<Float32Type, _>::decoder(Arrow::Float32, extremes, read_f32)
}

/// `float8`.
pub(super) fn doubles(rules: Rules) -> Decoder {
    let extremes = rules.clamp.then_some((f64::MIN, f64::MAX));
    Primitives::<Float64Type, _>::decoder(Arrow::Float64, extremes, read_f64)
}

fn finite<T>(value: T, is_nan: bool, is_infinite: bool, positive: bool) -> Result<T, Misfit> {
    match (is_nan, is_infinite, positive) {
        (true, _, _) => Err(odd(NOT_A_NUMBER)),
        (_, true, true) => Err(beyond(Side::High, INFINITE)),
        (_, true, false) => Err(beyond(Side::Low, INFINITE)),
        _ => Ok(value),
    }
}
