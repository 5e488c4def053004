//! Progress of a load on stderr: bars on a terminal, plain lines elsewhere, nothing but log events with JSON logs.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{HumanBytes, HumanDuration};

use super::LogFormat;
use super::bars::Bars;
use super::load::status_line;
use super::output::{complain, count};
use super::screen;
use crate::load::{LoadRecord, Observer, ReadState, SourceReading, TableReading};
use crate::staging::ReadEvent;

/// Shows progress on stderr.
pub(super) enum Terminal {
    /// Bars, for people who look on.
    Bars(Mutex<Bars>),
    /// Lines, for those who look later.
    Lines,
    /// Nothing: the log says it all.
    Silent,
}

impl Terminal {
    /// What suits stderr and the form of the log.
    pub(super) fn new(logs: LogFormat) -> Self {
        match (logs, screen::bars()) {
            (LogFormat::Json, _) => Self::Silent,
            (LogFormat::Text, Some(bars)) => Self::Bars(Mutex::new(Bars::new(bars))),
            (LogFormat::Text, None) => Self::Lines,
        }
    }

    fn line(&self, text: &str) {
        if !matches!(self, Self::Silent) {
            complain(text);
        }
    }
}

fn lock(bars: &Mutex<Bars>) -> MutexGuard<'_, Bars> {
    bars.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Observer for Terminal {
    fn step(&self, name: &str) {
        match self {
            Self::Bars(bars) => lock(bars).step(name),
            _ => self.line(&format!("{name} …")),
        }
    }

    fn reading(&self, source: &SourceReading, event: &ReadEvent) {
        match (self, event) {
            (Self::Bars(bars), _) => lock(bars).reading(source, event),
            (Self::Lines, ReadEvent::Done { table, .. }) => {
                if let Some(table) = source.table(table) {
                    self.line(&format!("  {}.{}", source.source, summary(table)));
                }
            }
            (Self::Lines, ReadEvent::Anew { cause, .. }) => self.line(&format!(
                "  {}: read anew, its snapshot was lost: {cause}",
                source.source
            )),
            _ => {}
        }
    }

    fn passing(&self, sources: &[SourceReading]) {
        if let Self::Bars(bars) = self {
            return lock(bars).passing(sources);
        }
        for source in sources {
            if let Some(waits_for) = &source.waits_for {
                self.line(&format!("  {}: waits for {waits_for}", source.source));
            }
            let tables = source.tables.iter();
            for table in tables.filter(|table| table.state == ReadState::Reading) {
                self.line(&format!("  {}.{}", source.source, standing(table)));
            }
        }
    }

    /// Takes the bars away and says how the load ended: always its last line.
    fn ended(&self, record: &LoadRecord) {
        if let Self::Bars(bars) = self {
            lock(bars).clear();
        }
        self.line(&status_line(record));
    }

    fn extracted(&self) {
        if let Self::Bars(bars) = self {
            lock(bars).clear();
        }
    }
}

/// Where a table stands: `orders: 1,200 of about 5,000 rows, 300 rows/s, 1.2 MiB/s, 12 seconds left`.
fn standing(table: &TableReading) -> String {
    let mut text = format!("{}: {}", table.table, count(table.rows));
    if let Some(expected) = table.expected {
        let _ = write!(text, " of about {}", count(expected));
    }
    let bytes_per_s = HumanBytes(table.bytes_per_s);
    let _ = write!(
        text,
        " rows, {} rows/s, {bytes_per_s}/s",
        count(table.rows_per_s)
    );
    if let Some(left) = table.eta_s {
        let _ = write!(text, ", {} left", HumanDuration(Duration::from_secs(left)));
    }
    text
}

/// How a table went: `orders: 5,000 rows, 3 rejected, 1.2 MiB in 0.50 s, 10,000 rows/s`.
fn summary(table: &TableReading) -> String {
    let mut text = format!("{}: {} rows", table.table, count(table.rows));
    if table.rejected > 0 {
        let _ = write!(text, ", {} rejected", count(table.rejected));
    }
    let _ = write!(
        text,
        ", {} in {:.2} s, {} rows/s",
        HumanBytes(table.bytes),
        table.time().as_secs_f64(),
        count(table.rows_per_s)
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_how_far_it_is_and_how_it_went() {
        let mut table = TableReading {
            table: "orders".into(),
            state: ReadState::Reading,
            expected: Some(5_000),
            rows: 1_200,
            bytes: 1 << 20,
            rows_per_s: 300,
            bytes_per_s: 3 << 19,
            eta_s: Some(13),
            ..TableReading::default()
        };
        assert_eq!(
            standing(&table),
            "orders: 1,200 of about 5,000 rows, 300 rows/s, 1.50 MiB/s, 13 seconds left"
        );
        table.rejected = 3;
        table.millis = 4_000;
        assert_eq!(
            summary(&table),
            "orders: 1,200 rows, 3 rejected, 1.00 MiB in 4.00 s, 300 rows/s"
        );
    }
}
