//! Progress of a load: bars on a terminal, plain lines otherwise.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::load::status_line;
use super::meter::Meters;
use super::output::{complain, count};
use crate::load::{LoadRecord, Observer};

/// Shows progress on stderr.
pub(super) struct Terminal {
    bar: Option<ProgressBar>,
    meters: Mutex<Meters>,
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
            meters: Mutex::default(),
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| complain(text)),
            None => complain(text),
        }
    }

    fn meters(&self) -> std::sync::MutexGuard<'_, Meters> {
        self.meters
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

    fn table(&self, source: &str, table: &str, rows: Option<u64>) {
        tracing::debug!(source, table, expected = rows, "reading begins");
        self.meters().begin(source, table, rows);
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{source}.{table}"));
        }
    }

    fn rows(&self, source: &str, table: &str, rows: u64, bytes: u64) {
        let mut meters = self.meters();
        let meter = meters.more(source, table, rows, bytes);
        if let (Some(bar), Some(meter)) = (&self.bar, meter) {
            bar.set_message(format!("{source}.{table}: {}", meter.standing()));
        }
    }

    fn table_done(&self, source: &str, table: &str, read: u64, rejected: u64) {
        let summary = self
            .meters()
            .end(source, table)
            .map(|meter| meter.summary());
        let rejects = match rejected {
            0 => String::new(),
            rejected => format!(", {} rejected", count(rejected)),
        };
        self.line(&format!(
            "  {source}.{table}: {} rows{rejects}, {}",
            count(read),
            summary.unwrap_or_default()
        ));
    }

    fn anew(&self, source: &str, reason: &str) {
        self.meters().forget(source);
        self.line(&format!(
            "  {source}: read anew, its snapshot was lost: {reason}"
        ));
    }

    /// Takes the bar away and says how the load ended: always its last line.
    fn ended(&self, record: &LoadRecord) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        complain(&status_line(record));
    }

    fn extracted(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
