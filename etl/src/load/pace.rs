//! How fast something goes at present: the mean of the last seconds, so that a pause shows and is forgotten again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What counts as the present.
const PRESENT: Duration = Duration::from_secs(10);
/// Marks within the present.
const MARKS: u32 = 20;

/// Rows and bytes over the last seconds.
#[derive(Debug)]
pub(super) struct Pace {
    began: Instant,
    /// How much there was at some instants, the oldest first.
    marks: VecDeque<(Instant, u64, u64)>,
}

impl Pace {
    /// A pace from an instant on.
    pub(super) fn from(now: Instant) -> Self {
        Self {
            began: now,
            marks: [(now, 0, 0)].into(),
        }
    }

    /// There are so many rows and bytes now.
    pub(super) fn mark(&mut self, now: Instant, rows: u64, bytes: u64) {
        let due = |last: &(Instant, u64, u64)| now.duration_since(last.0) >= PRESENT / MARKS;
        if self.marks.back().is_none_or(due) {
            self.marks.push_back((now, rows, bytes));
        }
        // one mark before the present stays, from which it is measured
        while self.marks.len() > 1 && now.duration_since(self.marks[1].0) >= PRESENT {
            self.marks.pop_front();
        }
    }

    /// Rows and bytes a second at present.
    pub(super) fn present(&self, now: Instant, rows: u64, bytes: u64) -> (u64, u64) {
        let from = self.marks.front().copied().unwrap_or((self.began, 0, 0));
        let time = now.duration_since(from.0);
        (
            per_second(rows.saturating_sub(from.1), time),
            per_second(bytes.saturating_sub(from.2), time),
        )
    }

    /// Rows and bytes a second from the beginning on.
    pub(super) fn overall(&self, now: Instant, rows: u64, bytes: u64) -> (u64, u64) {
        let time = self.time(now);
        (per_second(rows, time), per_second(bytes, time))
    }

    /// The time since the beginning.
    pub(super) fn time(&self, now: Instant) -> Duration {
        now.duration_since(self.began)
    }
}

fn per_second(amount: u64, time: Duration) -> u64 {
    let millis = time.as_millis().max(1);
    u64::try_from(u128::from(amount) * 1000 / millis).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_forgets_a_pause() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::from(start);
        // 100 rows a second for 10 s, a pause of 30 s, then 50 rows a second
        for second in 1..=10 {
            pace.mark(at(second), second * 100, second * 1000);
        }
        assert_eq!(pace.present(at(10), 1000, 10_000), (100, 1000));
        pace.mark(at(40), 1000, 10_000);
        assert_eq!(pace.present(at(40), 1000, 10_000), (0, 0));
        for second in 41..=60 {
            pace.mark(at(second), 1000 + (second - 40) * 50, 10_000);
        }
        assert_eq!(pace.present(at(60), 2000, 10_000), (50, 0));
        assert_eq!(pace.overall(at(60), 2000, 12_000), (33, 200));
    }
}
