//! Progress of a load: bars on a terminal, plain lines otherwise.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::load::status_line;
use super::output::{complain, count};
use crate::load::{LoadRecord, Observer};

/// Shows progress on stderr.
pub(super) struct Terminal {
    bar: Option<ProgressBar>,
    table: Mutex<Reading>,
}

struct Reading {
    began: Instant,
    rows: u64,
}

impl Terminal {
    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix:<12} {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self {
            bar,
            table: Mutex::new(Reading {
                began: Instant::now(),
                rows: 0,
            }),
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| complain(text)),
            None => complain(text),
        }
    }

    fn reading(&self) -> std::sync::MutexGuard<'_, Reading> {
        self.table
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Observer for Terminal {
    fn step(&self, name: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_prefix(name.to_owned());
                bar.set_message("");
            }
            None => complain(&format!("{name} …")),
        }
    }

    fn table(&self, _: &str, table: &str) {
        *self.reading() = Reading {
            began: Instant::now(),
            rows: 0,
        };
        if let Some(bar) = &self.bar {
            bar.set_message(table.to_owned());
        }
    }

    fn rows(&self, rows: u64) {
        let mut reading = self.reading();
        reading.rows += rows;
        if let Some(bar) = &self.bar {
            let seconds = reading.began.elapsed().as_secs_f64().max(0.001);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                reason = "a rate for the eye"
            )]
            let rate = (reading.rows as f64 / seconds) as u64;
            bar.set_message(format!(
                "{} rows, {} rows/s",
                count(reading.rows),
                count(rate)
            ));
        }
    }

    fn table_done(&self, source: &str, table: &str, read: u64, rejected: u64) {
        let seconds = self.reading().began.elapsed().as_secs_f64();
        let rejects = match rejected {
            0 => String::new(),
            rejected => format!(", {} rejected", count(rejected)),
        };
        self.line(&format!(
            "  {source}.{table}: {} rows{rejects} in {seconds:.2} s",
            count(read)
        ));
    }

    /// Takes the bar away and says how the load ended: always its last line.
    fn ended(&self, record: &LoadRecord) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        complain(&status_line(record));
    }
}
