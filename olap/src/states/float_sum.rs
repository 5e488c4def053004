//! Sums of doubles that are exact until they are read, so that no order of additions and no partition changes them.
//!
//! A double is a whole number of 53 bits times a power of two. The sum is kept as one long binary number in limbs of 32 bits with
//! room for carries, as the small superaccumulator of Neal ("Fast exact summation using small and large superaccumulators", 2015),
//! but only from the lowest to the highest limb that values have reached. It is rounded once, half to even, when it is read.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::Float64Type;
use datafusion::error::{DataFusionError, Result};

use super::groups::{Kind, Rows};

/// The bits of a limb; a limb is kept in 64, so that carries can wait.
const BITS: u32 = 32;
/// What fits a limb.
const MASK: i64 = (1 << BITS) - 1;
/// So many values can be added before carries must move on.
const ADDITIONS: u32 = 1 << 30;
/// The power of two of the lowest bit: that of the smallest double.
const LOWEST: i32 = -1074;

/// Sums of the doubles of groups.
#[derive(Debug)]
pub(super) struct FloatSums;

impl Kind for FloatSums {
    type State = FloatSum;

    fn empty(&self) -> FloatSum {
        FloatSum::default()
    }

    fn add(&self, sums: &mut [FloatSum], values: &[ArrayRef], rows: Rows<'_>) -> Result<usize> {
        let values = values[0].as_primitive::<Float64Type>();
        for (row, group) in rows.of(values) {
            sums[group].add(values.value(row));
        }
        Ok(0)
    }

    fn merge(&self, sum: &mut FloatSum, other: FloatSum) -> Result<()> {
        sum.merge(other);
        Ok(())
    }

    fn write(&self, sum: &FloatSum, bytes: &mut Vec<u8>) -> Result<()> {
        sum.write(bytes);
        Ok(())
    }

    fn read(&self, bytes: &[u8]) -> Result<FloatSum> {
        FloatSum::read(bytes).ok_or_else(damaged)
    }

    fn bytes(&self, sum: &FloatSum) -> usize {
        sum.limbs.capacity() * size_of::<i64>()
    }

    fn values(&self, sums: &[FloatSum]) -> Result<ArrayRef> {
        let values = sums.iter().map(FloatSum::value);
        Ok(Arc::new(values.collect::<Float64Array>()))
    }
}

pub(super) fn damaged() -> DataFusionError {
    DataFusionError::Internal("the state of a sum cannot be read".into())
}

/// An exact sum of doubles.
#[derive(Debug, Clone, Default)]
pub(super) struct FloatSum {
    /// The limbs, the lowest first.
    limbs: Vec<i64>,
    /// Which limb of the long number the lowest one is.
    first: usize,
    /// How many values were added since carries moved on.
    since: u32,
    /// True once there was a value at all, and infinite ones or none that is a number.
    seen: [bool; 4],
}

/// What was seen: a value, infinity, minus infinity, no number.
const ANY: usize = 0;
const INFINITE: usize = 1;
const NEGATIVE: usize = 2;
const NAN: usize = 3;

impl FloatSum {
    /// Adds a value.
    pub(super) fn add(&mut self, value: f64) {
        self.seen[ANY] = true;
        if !value.is_finite() {
            let which = match (value.is_nan(), value > 0.0) {
                (true, _) => NAN,
                (_, true) => INFINITE,
                (_, false) => NEGATIVE,
            };
            self.seen[which] = true;
            return;
        }
        let bits = value.to_bits();
        let exponent = u32::try_from(bits >> 52 & 0x7ff).unwrap_or_default();
        let fraction = bits & ((1 << 52) - 1);
        let whole = match exponent {
            0 => fraction,
            _ => fraction | 1 << 52,
        };
        if whole == 0 {
            return;
        }
        let place = exponent.max(1) - 1;
        let limb = (place / BITS) as usize;
        self.reach(limb, limb + 3);
        if self.since == ADDITIONS {
            self.carry();
        }
        self.since += 1;
        let mut rest = u128::from(whole) << (place % BITS);
        for limb in &mut self.limbs[limb - self.first..][..3] {
            let part = i64::try_from(rest & MASK as u128).unwrap_or_default();
            *limb += if value < 0.0 { -part } else { part };
            rest >>= BITS;
        }
    }

    /// Adds what another sum holds.
    pub(super) fn merge(&mut self, mut other: Self) {
        for (seen, others) in self.seen.iter_mut().zip(other.seen) {
            *seen |= others;
        }
        if other.limbs.is_empty() {
            return;
        }
        self.carry();
        other.carry();
        self.reach(other.first, other.first + other.limbs.len());
        let limbs = self.limbs.iter_mut().skip(other.first - self.first);
        for (limb, others) in limbs.zip(other.limbs) {
            *limb += others;
        }
        self.since = 2;
    }

    /// The sum as a double, rounded half to even; `None` if nothing was added.
    pub(super) fn value(&self) -> Option<f64> {
        Some(match self.seen {
            [false, ..] => return None,
            [_, _, _, true] | [_, true, true, _] => f64::NAN,
            [_, true, ..] => f64::INFINITY,
            [_, _, true, _] => f64::NEG_INFINITY,
            _ => self.rounded(),
        })
    }

    /// Makes room for the limbs in a range.
    fn reach(&mut self, from: usize, to: usize) {
        if self.limbs.is_empty() {
            self.first = from;
        }
        if from < self.first {
            let lower = self.first - from;
            self.limbs.splice(0..0, std::iter::repeat_n(0, lower));
            self.first = from;
        }
        if self.first + self.limbs.len() < to {
            self.limbs.resize(to - self.first, 0);
        }
    }

    /// Moves carries on: all limbs but the highest are then parts of a positive number.
    fn carry(&mut self) {
        let mut carry = 0;
        for limb in &mut self.limbs {
            let sum = *limb + carry;
            *limb = sum & MASK;
            carry = sum >> BITS;
        }
        if carry != 0 {
            self.limbs.push(carry);
        }
        self.since = 1;
    }

    fn rounded(&self) -> f64 {
        let mut sum = self.clone();
        sum.carry();
        let is_negative = sum.limbs.last().is_some_and(|limb| *limb < 0);
        if is_negative {
            sum.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            sum.carry();
        }
        let size = sum.size();
        if is_negative { -size } else { size }
    }

    /// The double next to a number that is not negative and whose carries have moved on.
    fn size(&self) -> f64 {
        let Some(highest) = self.limbs.iter().rposition(|limb| *limb != 0) else {
            return 0.0;
        };
        // the highest bits, and whether there is anything below them
        let limb = |below: usize| highest.checked_sub(below).map_or(0, |at| self.limbs[at]);
        let high = (0..4).fold(0_u128, |high, below| {
            high << BITS | u128::from(limb(below).unsigned_abs())
        });
        let is_more = self.limbs[..highest.saturating_sub(3)]
            .iter()
            .any(|limb| *limb != 0);
        let places = i32::try_from((self.first + highest) * BITS as usize).unwrap_or(i32::MAX);
        let lowest = LOWEST + places - 3 * BITS as i32;
        let length = i32::try_from(128 - high.leading_zeros()).unwrap_or_default();
        let last = (lowest + length - 53).max(LOWEST);
        let dropped = u32::try_from(last - lowest).unwrap_or_default();
        let (kept, rest) = match dropped {
            0 => (high, 0),
            _ => (high >> dropped, high & ((1 << dropped) - 1)),
        };
        let half = if dropped == 0 { 0 } else { 1 << (dropped - 1) };
        let is_up = dropped > 0 && (rest > half || rest == half && (is_more || kept & 1 == 1));
        // 53 bits, or one more than their greatest number: exact
        let kept = (kept + u128::from(is_up)) as f64;
        kept * power_of_two(last)
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let mut sum = self.clone();
        sum.carry();
        let seen = self.seen.iter().rev();
        bytes.push(seen.fold(0, |flags, seen| flags << 1 | u8::from(*seen)));
        bytes.push(u8::try_from(sum.first).unwrap_or_default());
        for limb in sum.limbs {
            bytes.extend(limb.to_le_bytes());
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (&flags, bytes) = bytes.split_first()?;
        let (&first, bytes) = bytes.split_first()?;
        let (limbs, []) = bytes.as_chunks::<8>() else {
            return None;
        };
        Some(Self {
            limbs: limbs.iter().map(|limb| i64::from_le_bytes(*limb)).collect(),
            first: first.into(),
            since: 1,
            seen: [0, 1, 2, 3].map(|flag| flags >> flag & 1 == 1),
        })
    }
}

/// 2 to a power from that of the smallest double on; infinite beyond the largest.
fn power_of_two(exponent: i32) -> f64 {
    match u64::try_from(exponent - LOWEST).unwrap_or_default() {
        place @ 0..52 => f64::from_bits(1 << place),
        place if exponent <= 1023 => f64::from_bits((place - 51) << 52),
        _ => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn sum(values: &[f64]) -> Option<f64> {
        let mut sum = FloatSum::default();
        values.iter().for_each(|value| sum.add(*value));
        sum.value()
    }

    #[test]
    fn sums_are_rounded_once() {
        assert_eq!(sum(&[]), None);
        assert_eq!(sum(&[0.1; 10]), Some(1.0));
        assert_eq!(sum(&[1e308, 1e308, -1e308]), Some(1e308));
        assert_eq!(sum(&[1e308, 1e308]), Some(f64::INFINITY));
        assert_eq!(sum(&[1e100, 1.0, -1e100]), Some(1.0));
        assert_eq!(sum(&[-1e100, 1e-300, 1e100]), Some(1e-300));
        assert_eq!(sum(&[5e-324, 5e-324]), Some(1e-323));
        assert_eq!(sum(&[f64::MAX, -f64::MAX, -5e-324]), Some(-5e-324));
        // halfway between two doubles, and a little more
        let half = 2_f64.powi(-53);
        assert_eq!(sum(&[1.0, half]), Some(1.0));
        assert_eq!(sum(&[1.0, half, 5e-324]), Some(1.0 + 2.0 * half));
        assert_eq!(sum(&[-1.0, -half, -5e-324]), Some(-1.0 - 2.0 * half));
        assert_eq!(sum(&[1.0 + 2.0 * half, half]), Some(1.0 + 4.0 * half));
        assert_eq!(sum(&[0.0, -0.0]), Some(0.0));
    }

    #[test]
    fn values_that_are_not_finite_stay_so() {
        assert_eq!(sum(&[1.0, f64::INFINITY]), Some(f64::INFINITY));
        assert_eq!(sum(&[f64::NEG_INFINITY, 1.0]), Some(f64::NEG_INFINITY));
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).unwrap().is_nan());
        assert!(sum(&[f64::NAN, 1.0]).unwrap().is_nan());
    }

    fn doubles() -> impl Strategy<Value = f64> {
        use prop::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL};
        prop_oneof![NORMAL | SUBNORMAL | POSITIVE | NEGATIVE, -1e3..1e3_f64]
    }

    proptest! {
        #[test]
        fn neither_order_nor_parts_change_a_sum(
            mut values in prop::collection::vec(doubles(), 1..50),
            cut in 0_usize..50,
        ) {
            let whole = sum(&values);
            let (one, two) = values.split_at(cut.min(values.len()));
            let part = |values: &[f64]| {
                let mut sum = FloatSum::default();
                values.iter().for_each(|value| sum.add(*value));
                let mut bytes = Vec::new();
                sum.write(&mut bytes);
                FloatSum::read(&bytes).unwrap()
            };
            let mut merged = part(two);
            merged.merge(part(one));
            prop_assert_eq!(merged.value(), whole);
            values.reverse();
            prop_assert_eq!(sum(&values), whole);
            // with its opposite nothing is left
            let opposite: Vec<f64> = values.iter().map(|value| -value).collect();
            values.extend(opposite);
            prop_assert_eq!(sum(&values), Some(0.0));
        }

        #[test]
        fn two_doubles_sum_as_the_processor_sums_them(one: f64, two: f64) {
            let expected = one + two;
            let found = sum(&[one, two]).unwrap();
            prop_assert!(found == expected || found.is_nan() && expected.is_nan());
        }
    }
}
