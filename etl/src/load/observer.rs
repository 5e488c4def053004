//! Who watches a load while it runs.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::staging::{Progress, ReadEvent};

use super::reading::{ReadState, Reading, SourceReading};
use super::record::LoadRecord;

/// Hears how a load goes on. All methods are called from one task, in order.
pub trait Observer: Send + Sync {
    /// A step of the plan has begun.
    fn step(&self, name: &str);
    /// Something happened while a source was read; the source stands there now.
    fn reading(&self, source: &SourceReading, event: &ReadEvent);
    /// Some time has passed; the sources stand there now.
    fn passing(&self, sources: &[SourceReading]);
    /// The load has ended, well or not.
    fn ended(&self, record: &LoadRecord);
    /// An extraction that is no load has ended, well or not.
    fn extracted(&self) {}
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn step(&self, _: &str) {}
    fn reading(&self, _: &SourceReading, _: &ReadEvent) {}
    fn passing(&self, _: &[SourceReading]) {}
    fn ended(&self, _: &LoadRecord) {}
}

/// When it is said for the first time how far the reading is.
const FIRST: Duration = Duration::from_secs(1);

/// Lets an observer hear an extraction, and keeps in mind how far it is.
pub(super) struct Extraction<'a> {
    observer: &'a dyn Observer,
    reading: Mutex<Reading>,
}

impl<'a> Extraction<'a> {
    /// An extraction that has not begun.
    pub(super) fn new(observer: &'a dyn Observer) -> Self {
        Self {
            observer,
            reading: Mutex::default(),
        }
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where every source stands.
    pub(super) fn sources(&self) -> Vec<SourceReading> {
        self.reading().now().to_vec()
    }

    /// Works, and says from time to time how far the work is: in the log, to the observer, and to whoever keeps it.
    pub(super) async fn telling<T>(
        &self,
        every: Duration,
        work: impl Future<Output = T>,
        mut keep: impl AsyncFnMut(Vec<SourceReading>),
    ) -> T {
        let mut work = pin!(work);
        let mut ticks = interval_at(Instant::now() + every.min(FIRST), every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = ticks.tick() => keep(self.tell()).await,
            }
        }
    }

    /// Says how far every table is, in the log and to the observer.
    fn tell(&self) -> Vec<SourceReading> {
        let sources = self.sources();
        for source in &sources {
            log(source);
        }
        self.observer.passing(&sources);
        sources
    }
}

impl Progress for Extraction<'_> {
    fn heard(&self, source: &str, event: ReadEvent) {
        let mut reading = self.reading();
        let source = reading.hear(source, &event);
        log_event(source, &event);
        self.observer.reading(source, &event);
    }
}

/// One line for a source that waits, and one for each table that is being read.
fn log(source: &SourceReading) {
    if source.state == ReadState::Complete {
        return;
    }
    let name = source.source.as_str();
    if let Some(waits_for) = &source.waits_for {
        tracing::info!(source = name, waits_for, "waiting");
    }
    let tables = source.tables.iter();
    for table in tables.filter(|table| table.state == ReadState::Reading) {
        tracing::info!(
            source = name,
            table = table.table,
            rows = table.rows,
            expected = table.expected,
            rejected = table.rejected,
            bytes = table.bytes,
            rows_per_s = table.rows_per_s,
            bytes_per_s = table.bytes_per_s,
            eta_s = table.eta_s,
            parts = table.parts,
            parts_done = table.parts_done,
            rereads = table.rereads,
            "reading"
        );
    }
}

/// One line when a source and when a table begins and ends.
fn log_event(source: &SourceReading, event: &ReadEvent) {
    let name = source.source.as_str();
    match event {
        ReadEvent::Planned {
            moment,
            tables,
            readers,
        } => {
            let parts: usize = tables.iter().map(|table| table.parts).sum();
            let tables = tables.len();
            tracing::info!(
                source = name,
                moment,
                tables,
                parts,
                readers,
                "the snapshot is open"
            );
        }
        ReadEvent::Begun { table } => {
            let reading = source.table(table);
            let expected = reading.and_then(|reading| reading.expected);
            let parts = reading.map(|reading| reading.parts);
            tracing::info!(source = name, table, expected, parts, "a table begins");
        }
        ReadEvent::Done { table, counts } => {
            let Some(reading) = source.table(table) else {
                return;
            };
            tracing::info!(
                source = name,
                table,
                rows = counts.read,
                rejected = counts.rejected,
                nulled = counts.nulled,
                clamped = counts.clamped,
                bytes = reading.bytes,
                staged_bytes = counts.bytes,
                rows_per_s = reading.rows_per_s,
                bytes_per_s = reading.bytes_per_s,
                parts = reading.parts_done,
                rereads = reading.rereads,
                seconds = reading.time().as_secs_f64(),
                "a table is complete"
            );
        }
        ReadEvent::Complete => tracing::info!(source = name, "the source is complete"),
        _ => {}
    }
}
