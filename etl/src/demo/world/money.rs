//! Amounts and exchange rates.

use crate::demo::catalog::codes::CURRENCIES;
use crate::demo::dice::{Dice, Stream};
use crate::demo::id::{Id, IdKind};
use crate::demo::time::Day;

/// Days before the first and after the last simulated day that have a rate too.
pub(crate) const RATE_MARGIN_DAYS: i32 = 60;

/// An amount of a currency converted to US dollars at the undated rate, in millionths.
pub(crate) fn usdollar_micros(cents: i64, currency: Option<usize>) -> i64 {
    match currency {
        None => cents * 10_000,
        Some(index) => rounded(
            i128::from(cents) * 100_000_000,
            i128::from(CURRENCIES[index].rate_e4),
        ),
    }
}

/// A price in US cents as cents of a currency.
pub(crate) fn in_currency(cents: i64, currency: Option<usize>) -> i64 {
    match currency {
        None => cents,
        Some(index) => rounded(
            i128::from(cents) * i128::from(CURRENCIES[index].rate_e4),
            10_000,
        ),
    }
}

/// A share of an amount, half away from zero.
pub(crate) fn permille(cents: i64, share: i64) -> i64 {
    rounded(i128::from(cents) * i128::from(share), 1000)
}

/// A quotient rounded half away from zero.
pub(crate) fn rounded(dividend: i128, divisor: i128) -> i64 {
    let half = divisor / 2 * dividend.signum();
    ((dividend + half) / divisor) as i64
}

/// The identifier of a currency; the base currency has a fixed text instead.
pub(crate) fn currency_id(seed: u64, index: usize) -> Id {
    Id::of(seed, IdKind::Currency, index as u64)
}

/// Base units for one unit of a currency on each day from the first to the last, in millionths: a random walk that
/// is drawn back to the undated rate.
pub(crate) fn dated_rates(seed: u64, index: usize, first: Day, last: Day) -> Vec<i64> {
    let mut dice = Dice::new(seed, Stream::Rate, index as u64);
    let anchor = 10_000.0 / CURRENCIES[index].rate_e4 as f64;
    let mut rate = anchor * dice.within(0.97, 1.03);
    (first.0..=last.0)
        .map(|_| {
            rate += (anchor - rate) * 0.01 + rate * 0.0035 * dice.normal();
            (rate * 1_000_000.0) as i64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversion_rounds_half_away_from_zero() {
        assert_eq!(rounded(5, 10), 1);
        assert_eq!(rounded(-5, 10), -1);
        assert_eq!(in_currency(100, Some(0)), 710);
        assert_eq!(usdollar_micros(710, Some(0)), 1_000_000);
        assert_eq!(usdollar_micros(1, Some(1)), 10_870);
        assert_eq!(permille(50, 190), 10);
    }

    #[test]
    fn rates_stay_near_the_undated_rate_and_only_grow_at_the_end() {
        let short = dated_rates(7, 0, Day(20_000), Day(20_700));
        let long = dated_rates(7, 0, Day(20_000), Day(20_800));
        assert_eq!(short[..], long[..short.len()]);
        assert!(long.iter().all(|rate| (110_000..175_000).contains(rate)));
        assert!(long.windows(2).filter(|pair| pair[0] != pair[1]).count() > 700);
    }
}
