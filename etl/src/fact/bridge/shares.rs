//! The shares of the members of one group: they sum to exactly 1.

use arrow::datatypes::i256;

/// Decimal places of a weight.
pub(super) const PLACES: i8 = 10;

/// 1 as a weight.
pub(super) const ONE: i64 = 10_000_000_000;

/// Shares in proportion to some numbers that are not negative, in units of the last decimal place. They are cut, and what is
/// left is added to the largest, among equals to the first. `None` where all numbers are zero.
pub(super) fn shares(numbers: &[i256]) -> Option<Vec<i64>> {
    let sum = numbers
        .iter()
        .fold(i256::ZERO, |sum, number| sum.wrapping_add(*number));
    if sum == i256::ZERO {
        return None;
    }
    let one = i256::from_i128(i128::from(ONE));
    // a number has at most 38 digits, so that nothing overflows
    let cut = |number: &i256| number.wrapping_mul(one).wrapping_div(sum).to_i128();
    let cut = numbers.iter().map(cut);
    let mut shares: Vec<i64> = cut
        .map(|share| share.and_then(|it| i64::try_from(it).ok()).unwrap_or(0))
        .collect();
    let left = ONE - shares.iter().sum::<i64>();
    let mut largest = 0;
    for (at, number) in numbers.iter().enumerate() {
        if *number > numbers[largest] {
            largest = at;
        }
    }
    shares[largest] += left;
    Some(shares)
}

/// Equal shares of so many members.
pub(super) fn equal(members: usize) -> Vec<i64> {
    shares(&vec![i256::ONE; members]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn check(numbers: &[i128], expected: &[i64]) {
        let numbers: Vec<i256> = numbers.iter().copied().map(i256::from_i128).collect();
        let shares = shares(&numbers).unwrap();
        assert_eq!(shares, expected);
        assert_eq!(shares.iter().sum::<i64>(), ONE);
    }

    #[test]
    fn what_is_left_by_cutting_goes_to_the_largest() {
        check(&[1, 1, 1], &[3_333_333_334, 3_333_333_333, 3_333_333_333]);
        check(&[1, 4, 1], &[1_666_666_666, 6_666_666_668, 1_666_666_666]);
        check(&[0, 5], &[0, ONE]);
        check(&[7], &[ONE]);
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let most = 10_i128.pow(38) - 1;
        check(&[most, most], &[ONE / 2, ONE / 2]);
        check(&[most, 1], &[ONE, 0]);
    }

    #[test]
    fn many_members_have_one_together() {
        for members in [1, 3, 7, 999, 100_003] {
            assert_eq!(equal(members).iter().sum::<i64>(), ONE);
        }
        assert_eq!(shares(&[i256::ZERO, i256::ZERO]), None);
    }
}
