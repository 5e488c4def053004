//! How fast tables arrive: rows, bytes, rates and what is left, for bars and for logs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanDuration};

use super::output::count;

/// How often a table that takes long says so in the logs.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// The tables that are being read.
#[derive(Default)]
pub(super) struct Meters(BTreeMap<(String, String), Meter>);

/// One table that is being read.
pub(super) struct Meter {
    began: Instant,
    logged: Instant,
    expected: Option<u64>,
    rows: u64,
    bytes: u64,
}

impl Meters {
    /// A table has begun.
    pub(super) fn begin(&mut self, source: &str, table: &str, expected: Option<u64>) {
        let now = Instant::now();
        let meter = Meter {
            began: now,
            logged: now,
            expected: expected.filter(|rows| *rows > 0),
            rows: 0,
            bytes: 0,
        };
        self.0.insert((source.to_owned(), table.to_owned()), meter);
    }

    /// More of it has arrived; from time to time the logs hear of it.
    pub(super) fn more(
        &mut self,
        source: &str,
        table: &str,
        rows: u64,
        bytes: u64,
    ) -> Option<&Meter> {
        let meter = self.0.get_mut(&(source.to_owned(), table.to_owned()))?;
        meter.rows += rows;
        meter.bytes += bytes;
        if meter.logged.elapsed() >= LOG_EVERY {
            meter.logged = Instant::now();
            tracing::info!(
                source,
                table,
                rows = meter.rows,
                bytes = meter.bytes,
                rows_per_s = meter.per_second(meter.rows),
                bytes_per_s = meter.per_second(meter.bytes),
                left_s = meter.left().map(|left| left.as_secs()),
                "reading"
            );
        }
        Some(meter)
    }

    /// The table is done.
    pub(super) fn end(&mut self, source: &str, table: &str) -> Option<Meter> {
        self.0.remove(&(source.to_owned(), table.to_owned()))
    }

    /// Nothing of a source is being read any more.
    pub(super) fn forget(&mut self, source: &str) {
        self.0.retain(|(of, _), _| of != source);
    }
}

impl Meter {
    fn per_second(&self, amount: u64) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a rate for the eye"
        )]
        let rate = (amount as f64 / self.began.elapsed().as_secs_f64().max(0.001)) as u64;
        rate
    }

    /// How long the rest takes at this pace, if the number of rows is known.
    fn left(&self) -> Option<Duration> {
        let left = self.expected?.saturating_sub(self.rows);
        let pace = self.per_second(self.rows);
        (pace > 0).then(|| Duration::from_secs(left / pace))
    }

    /// Where the table stands: `1,200 of 5,000 rows, 300 rows/s, 1.2 MiB/s, 12 seconds left`.
    pub(super) fn standing(&self) -> String {
        let of = self
            .expected
            .map(|rows| format!(" of about {}", count(rows)));
        let left = self
            .left()
            .map(|left| format!(", {} left", HumanDuration(left)));
        format!(
            "{}{} rows, {} rows/s, {}/s{}",
            count(self.rows),
            of.unwrap_or_default(),
            count(self.per_second(self.rows)),
            HumanBytes(self.per_second(self.bytes)),
            left.unwrap_or_default()
        )
    }

    /// How it went: `1.2 MiB in 0.50 s, 300 rows/s`.
    pub(super) fn summary(&self) -> String {
        format!(
            "{} in {:.2} s, {} rows/s",
            HumanBytes(self.bytes),
            self.began.elapsed().as_secs_f64(),
            count(self.per_second(self.rows))
        )
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_table_says_how_far_it_is() {
        let mut meters = Meters::default();
        meters.begin("crm", "accounts", Some(5_000));
        let standing = meters
            .more("crm", "accounts", 1_200, 1 << 20)
            .unwrap()
            .standing();
        assert!(
            standing.starts_with("1,200 of about 5,000 rows, "),
            "{standing}"
        );
        assert!(standing.ends_with(" left"), "{standing}");
        assert!(
            meters
                .end("crm", "accounts")
                .unwrap()
                .summary()
                .starts_with("1.00 MiB in ")
        );
        assert!(meters.more("crm", "accounts", 1, 1).is_none());
    }
}
