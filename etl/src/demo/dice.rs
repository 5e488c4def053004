//! The random source of the simulation: streams that depend on the seed and on nothing else.
//!
//! Only additions, multiplications, divisions and comparisons are used (no `ln`, `exp`, `pow`), because those are
//! exact on every platform; the same seed gives the same database everywhere.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What a stream is for; streams of different purposes never share numbers.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Stream {
    /// One stream per seat of the staff.
    Seat = 1,
    /// One stream per product.
    Product,
    /// The order of products by popularity.
    Popularity,
    /// One stream per currency: its dated rates.
    Rate,
    /// The campaign calendar.
    Campaign,
    /// One stream per customer.
    Customer,
    /// When the customers of the first span arrive.
    Arrival,
    /// One stream per day after the first span: who arrives.
    LateArrival,
    /// One stream per day: leads that come to nothing.
    ColdLead,
}

/// One stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// Opens the stream with this purpose and index.
    pub(crate) fn new(seed: u64, stream: Stream, index: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream((stream as u64) << 56 | index);
        Self(rng)
    }

    /// A number in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number in [0, bound).
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.0.next_u32()) * bound as u64) >> 32) as usize
    }

    /// A whole number in [low, high].
    pub(crate) fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1).max(1) as usize) as i32
    }

    /// A number in [low, high).
    pub(crate) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// One of the items, each as likely.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// The index of one of the weights, as likely as its weight.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let total: u32 = weights.iter().sum();
        let mut left = self.below(total as usize) as u32;
        weights
            .iter()
            .position(|&weight| {
                let hit = left < weight;
                left = left.wrapping_sub(weight);
                hit
            })
            .unwrap_or(0)
    }

    /// A bell-shaped number with mean 0 and variance 1: four uniform numbers added.
    pub(crate) fn normal(&mut self) -> f64 {
        let sum: f64 = (0..4).map(|_| self.unit()).sum();
        (sum - 2.0) * 1.732_050_8
    }

    /// A skewed positive number with mean 1, close to a gamma distribution of shape `halves / 2`.
    pub(crate) fn gamma(&mut self, halves: u32) -> f64 {
        let squares: f64 = (0..halves).map(|_| self.normal()).map(|z| z * z).sum();
        squares / f64::from(halves)
    }

    /// A count with the given mean.
    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        let floor = exp_of_minus(mean);
        let mut product = self.unit();
        let mut count = 0;
        while product > floor && count < 1000 {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

/// exp(-x) as (1 - x/1024)^1024: ten squarings, exact on every platform.
fn exp_of_minus(x: f64) -> f64 {
    (0..10).fold(1.0 - x.min(500.0) / 1024.0, |power, _| power * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(count: u32, mut draw: impl FnMut(&mut Dice) -> f64) -> f64 {
        let mut dice = Dice::new(7, Stream::Customer, 1);
        (0..count).map(|_| draw(&mut dice)).sum::<f64>() / f64::from(count)
    }

    #[test]
    fn distributions_have_their_means() {
        assert!((mean_of(20_000, Dice::unit) - 0.5).abs() < 0.01);
        assert!(mean_of(20_000, Dice::normal).abs() < 0.03);
        assert!((mean_of(20_000, |dice| dice.gamma(3)) - 1.0).abs() < 0.04);
        assert!((mean_of(20_000, |dice| f64::from(dice.poisson(0.3))) - 0.3).abs() < 0.02);
    }

    #[test]
    fn streams_are_reproducible_and_differ() {
        let draw = |index| Dice::new(7, Stream::Customer, index).below(1_000_000);
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }

    #[test]
    fn weights_decide_how_often_an_index_comes() {
        let share = mean_of(20_000, |dice| dice.weighted(&[1, 0, 3]) as f64 / 2.0);
        assert!((share - 0.75).abs() < 0.02);
    }
}
