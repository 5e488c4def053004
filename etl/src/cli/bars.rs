//! A load on a terminal: one line for the step, and below it one bar for each table that is being read.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use indicatif::{FormattedDuration, HumanBytes, MultiProgress, ProgressBar, ProgressStyle};

use super::output::{count, paint};
use super::screen;
use crate::load::{ReadState, SourceReading, TableReading};
use crate::staging::ReadEvent;

/// Cells of a bar.
const WIDTH: usize = 24;

/// The bars of one load.
pub(super) struct Bars {
    all: MultiProgress,
    step: ProgressBar,
    tables: HashMap<(String, String), ProgressBar>,
}

impl Bars {
    /// Bars on this terminal.
    pub(super) fn new(all: &MultiProgress) -> Self {
        let style = ProgressStyle::with_template("{spinner:.cyan} {prefix:.bold}  {wide_msg}");
        let step = all.add(ProgressBar::new_spinner());
        if let Ok(style) = style {
            step.set_style(style);
        }
        step.enable_steady_tick(Duration::from_millis(100));
        Self {
            all: all.clone(),
            step,
            tables: HashMap::new(),
        }
    }

    /// A step has begun.
    pub(super) fn step(&self, name: &str) {
        self.step.set_prefix(name.to_owned());
        self.step.set_message("");
    }

    /// Something happened at a source.
    pub(super) fn reading(&mut self, source: &SourceReading, event: &ReadEvent) {
        match event {
            ReadEvent::Begun { table } => self.begin(source, table),
            ReadEvent::Done { table, .. } => self.end(source, table),
            ReadEvent::Anew { cause, .. } => {
                self.forget(&source.source);
                screen::line(&format!(
                    "{} {}: read anew, its snapshot was lost: {cause}",
                    paint("↻", "33;1", true),
                    source.source
                ));
            }
            ReadEvent::Complete => self.forget(&source.source),
            _ => {}
        }
        if let Some(table) = event.table() {
            self.show(source, table);
        }
        self.step.set_message(standing(source));
    }

    /// Some time has passed.
    pub(super) fn passing(&self, sources: &[SourceReading]) {
        for source in sources {
            for table in &source.tables {
                self.show(source, &table.table);
            }
        }
    }

    /// Takes the bars away.
    pub(super) fn clear(&mut self) {
        for (_, bar) in self.tables.drain() {
            bar.finish_and_clear();
        }
        self.step.finish_and_clear();
    }

    fn begin(&mut self, source: &SourceReading, table: &str) {
        let expected = source.table(table).and_then(|table| table.expected);
        let bar = match expected {
            Some(rows) => ProgressBar::new(rows),
            None => ProgressBar::new_spinner(),
        };
        let bar = self.all.add(bar);
        if let Ok(style) = style(expected.is_some()) {
            bar.set_style(style);
        }
        bar.set_prefix(padded(table, source));
        bar.enable_steady_tick(Duration::from_millis(100));
        let key = (source.source.clone(), table.to_owned());
        self.tables.insert(key, bar);
    }

    fn show(&self, source: &SourceReading, name: &str) {
        let key = (source.source.clone(), name.to_owned());
        let (Some(bar), Some(table)) = (self.tables.get(&key), source.table(name)) else {
            return;
        };
        let most = table.expected.unwrap_or(u64::MAX);
        bar.set_position(table.rows.min(most));
        bar.set_message(pace(table));
    }

    fn end(&mut self, source: &SourceReading, name: &str) {
        let key = (source.source.clone(), name.to_owned());
        if let Some(bar) = self.tables.remove(&key) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
        if let Some(table) = source.table(name) {
            screen::line(&summary(source, table));
        }
    }

    fn forget(&mut self, source: &str) {
        self.tables.retain(|(of, _), bar| {
            if of == source {
                bar.finish_and_clear();
            }
            of != source
        });
    }
}

/// Bars of tables whose rows are known fill up; of others a light wanders to and fro.
fn style(is_known: bool) -> Result<ProgressStyle, indicatif::style::TemplateError> {
    if is_known {
        let bar = format!("  {{prefix}}  {{bar:{WIDTH}.cyan/dim}} {{percent:>3}} %  {{wide_msg}}");
        return Ok(ProgressStyle::with_template(&bar)?.progress_chars("━╸─"));
    }
    let light = "  {prefix}  {spinner:.cyan}        {wide_msg}";
    let places = (0..=WIDTH - 4).chain((1..WIDTH - 4).rev());
    let ticks = places.map(|at| format!("{}━━━━{}", "─".repeat(at), "─".repeat(WIDTH - 4 - at)));
    let ticks: Vec<String> = ticks.chain(["━".repeat(WIDTH)]).collect();
    let ticks: Vec<&str> = ticks.iter().map(String::as_str).collect();
    Ok(ProgressStyle::with_template(light)?.tick_strings(&ticks))
}

/// A table's name, as wide as the longest of its source.
fn padded(table: &str, source: &SourceReading) -> String {
    let widths = source
        .tables
        .iter()
        .map(|table| table.table.chars().count());
    let width = widths.max().unwrap_or(0);
    format!("{table:<width$}")
}

/// Where a source stands, in a line.
fn standing(source: &SourceReading) -> String {
    let of = |state| {
        source
            .tables
            .iter()
            .filter(move |table| table.state == state)
    };
    let mut text = format!(
        "{}: {} of {} tables",
        source.source,
        of(ReadState::Complete).count(),
        source.tables.len()
    );
    let rows = source.tables.iter().map(|table| table.rows).sum();
    let rates = of(ReadState::Reading).map(|table| table.rows_per_s);
    let _ = write!(
        text,
        ", {} rows, {} rows/s",
        count(rows),
        count(rates.sum())
    );
    if let Some(waits_for) = &source.waits_for {
        let _ = write!(text, "; waits for {waits_for}");
    }
    text
}

/// How far a table is, how fast, and how long the rest takes.
fn pace(table: &TableReading) -> String {
    let mut text = format!("{:>13}", count(table.rows));
    if let Some(expected) = table.expected {
        let _ = write!(text, " of about {}", count(expected));
    }
    let _ = write!(
        text,
        " rows  {:>9} rows/s  {:>10}/s",
        count(table.rows_per_s),
        HumanBytes(table.bytes_per_s).to_string()
    );
    if let Some(left) = table.eta_s {
        let left = FormattedDuration(Duration::from_secs(left));
        let _ = write!(text, "  {left} left");
    }
    if table.rejected > 0 {
        let _ = write!(text, "  {} rejected", count(table.rejected));
    }
    text
}

/// How a table went, as a line that stays.
fn summary(source: &SourceReading, table: &TableReading) -> String {
    let mark = paint("✓", "32;1", true);
    let mut text = format!(
        "{mark} {}.{}  {:>13} rows  {:>10}  {:>8.2} s  {:>9} rows/s",
        source.source,
        padded(&table.table, source),
        count(table.rows),
        HumanBytes(table.bytes).to_string(),
        table.time().as_secs_f64(),
        count(table.rows_per_s)
    );
    for (number, what) in [
        (table.rejected, "rejected"),
        (table.nulled, "nulled"),
        (table.clamped, "clamped"),
        (table.rereads, "re-reads"),
    ] {
        if number > 0 {
            let part = format!("{} {what}", count(number));
            let _ = write!(text, "  {}", paint(&part, "33", true));
        }
    }
    text
}
