//! When customers arrive: some were there before the first day, the others come with the seasons.

use super::Backdrop;
use crate::demo::dice::{Dice, Stream};
use crate::demo::time::{Day, Stamp};

/// Share of the customers of the first span that were there before it.
const THERE_BEFORE: f64 = 0.45;

/// Days after the horizon whose customers matter already, because their leads come before them.
const LEAD_DAYS: i32 = 60;

/// The instants at which customers arrive, up to some days after the horizon. The order of customers never changes.
pub(crate) fn arrivals(backdrop: &Backdrop) -> Vec<Stamp> {
    let params = &backdrop.params;
    let before = (f64::from(params.customers) * THERE_BEFORE) as u32;
    let mut dice = Dice::new(params.seed, Stream::Arrival, 0);
    let mut arrivals: Vec<Stamp> = (0..before)
        .map(|_| backdrop.start.plus(-dice.between(5, 1000)))
        .map(|day| {
            day.start()
                .plus_seconds(i64::from(day.0 % 977) * 30 + 20_000)
        })
        .collect();
    let days = span_days(backdrop);
    let weights = running_seasons(&days);
    for _ in before..params.customers {
        arrivals.push(draw_day(&mut dice, &days, &weights));
    }
    let rate = f64::from(params.customers - before) / days.len().max(1) as f64;
    let last = backdrop.horizon.plus(LEAD_DAYS);
    for day in (params.until.0 + 1..=last.0).map(Day) {
        let mut dice = Dice::new(
            params.seed,
            Stream::LateArrival,
            u64::from(day.0.unsigned_abs()),
        );
        for _ in 0..dice.poisson(rate * day.season()) {
            arrivals.push(instant(&mut dice, day));
        }
    }
    arrivals
}

fn span_days(backdrop: &Backdrop) -> Vec<Day> {
    (backdrop.start.0..=backdrop.params.until.0)
        .map(Day)
        .collect()
}

/// Running sums of how busy each day is.
fn running_seasons(days: &[Day]) -> Vec<f64> {
    let mut sum = 0.0;
    days.iter()
        .map(|day| {
            sum += day.season();
            sum
        })
        .collect()
}

fn draw_day(dice: &mut Dice, days: &[Day], weights: &[f64]) -> Stamp {
    let ticket = dice.unit() * weights.last().copied().unwrap_or(1.0);
    let index = weights
        .partition_point(|sum| *sum <= ticket)
        .min(days.len() - 1);
    instant(dice, days[index])
}

fn instant(dice: &mut Dice, day: Day) -> Stamp {
    day.start()
        .plus_seconds(i64::from(dice.between(3_600, 60_000)))
}
