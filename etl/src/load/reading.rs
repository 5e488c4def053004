//! How far the reading of the sources is: for bars, for logs, and for the record of the load.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::staging::{Amount, PlannedTable, ReadEvent, TableCertificate};

use super::pace::Pace;

/// Where the reading of something stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadState {
    /// Not begun.
    #[default]
    Waiting,
    /// At work.
    Reading,
    /// Complete.
    Complete,
}

/// How far the reading of a source is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReading {
    /// The source.
    pub source: String,
    /// Where it stands.
    pub state: ReadState,
    /// Which moment of the source is read, in its own words.
    pub moment: Option<String>,
    /// What it waits for, if it does.
    pub waits_for: Option<String>,
    /// Readers at work, at most.
    pub readers: usize,
    /// How often it was read anew, since its snapshot was lost.
    pub anew: usize,
    /// Its tables in the order of the model.
    pub tables: Vec<TableReading>,
}

/// How far the reading of a table is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableReading {
    /// The table.
    pub table: String,
    /// Where it stands.
    pub state: ReadState,
    /// How many rows it has, about, where the source can tell.
    pub expected: Option<u64>,
    /// In how many parts it is read.
    pub parts: usize,
    /// How many of them are complete.
    pub parts_done: usize,
    /// Rows that were read, rejected ones included.
    pub rows: u64,
    /// Rows that were rejected.
    pub rejected: u64,
    /// Values that became null because they did not fit.
    pub nulled: u64,
    /// Values that became the nearest value because they did not fit.
    pub clamped: u64,
    /// Bytes of the values as the source gave them.
    pub bytes: u64,
    /// How often parts of it were read again.
    pub rereads: u64,
    /// Milliseconds from its first part on.
    pub millis: u64,
    /// Rows a second: at present, or in all once it is complete.
    pub rows_per_s: u64,
    /// Bytes a second, likewise.
    pub bytes_per_s: u64,
    /// How many seconds the rest takes at this pace, where that can be told.
    pub eta_s: Option<u64>,
    /// Rejected rows by reason, once it is complete.
    pub rejected_by: BTreeMap<String, u64>,
}

/// How far the reading of all sources is.
#[derive(Debug, Default)]
pub(super) struct Reading {
    sources: Vec<SourceReading>,
    paces: HashMap<(String, String), Pace>,
}

impl Reading {
    /// Takes note of something that happened; returns where its source stands now.
    pub(super) fn hear(&mut self, source: &str, event: &ReadEvent) -> &SourceReading {
        let now = Instant::now();
        let at = self.position(source);
        self.sources[at].hear(event);
        if let ReadEvent::Begun { table } = event {
            let key = (source.to_owned(), table.clone());
            self.paces.insert(key, Pace::from(now));
        }
        if let Some(table) = event.table() {
            self.refresh(at, table, now);
        }
        &self.sources[at]
    }

    /// Where every source stands now.
    pub(super) fn now(&mut self) -> &[SourceReading] {
        let now = Instant::now();
        for at in 0..self.sources.len() {
            let tables = self.sources[at].tables.iter();
            let reading = tables.filter(|table| table.state == ReadState::Reading);
            let names: Vec<String> = reading.map(|table| table.table.clone()).collect();
            for name in names {
                self.refresh(at, &name, now);
            }
        }
        &self.sources
    }

    fn position(&mut self, source: &str) -> usize {
        let found = self.sources.iter().position(|known| known.source == source);
        found.unwrap_or_else(|| {
            self.sources.push(SourceReading {
                source: source.to_owned(),
                ..SourceReading::default()
            });
            self.sources.len() - 1
        })
    }

    /// Brings times and rates of a table up to date.
    fn refresh(&mut self, source: usize, table: &str, now: Instant) {
        let reading = &mut self.sources[source];
        let key = (reading.source.clone(), table.to_owned());
        let (Some(pace), Some(table)) = (self.paces.get_mut(&key), reading.table_mut(table)) else {
            return;
        };
        pace.mark(now, table.rows, table.bytes);
        let rates = match table.state {
            ReadState::Complete => pace.overall(now, table.rows, table.bytes),
            _ => pace.present(now, table.rows, table.bytes),
        };
        (table.rows_per_s, table.bytes_per_s) = rates;
        table.millis = u64::try_from(pace.time(now).as_millis()).unwrap_or(u64::MAX);
        table.eta_s = match (table.state, table.expected) {
            (ReadState::Reading, Some(expected)) if rates.0 > 0 => {
                Some(expected.saturating_sub(table.rows).div_ceil(rates.0))
            }
            _ => None,
        };
        if table.state == ReadState::Complete {
            self.paces.remove(&key);
        }
    }
}

impl SourceReading {
    /// A table by its name.
    pub fn table(&self, name: &str) -> Option<&TableReading> {
        self.tables.iter().find(|table| table.table == name)
    }

    fn table_mut(&mut self, name: &str) -> Option<&mut TableReading> {
        self.tables.iter_mut().find(|table| table.table == name)
    }

    /// What happened to the source itself; the rest is what happened to one of its tables.
    fn hear(&mut self, event: &ReadEvent) {
        match event {
            ReadEvent::Opening => self.open(),
            ReadEvent::Planned {
                moment,
                tables,
                readers,
            } => self.plan(moment, tables, *readers),
            ReadEvent::Begun { .. } | ReadEvent::Rows { .. } => self.waits_for = None,
            ReadEvent::Again {
                part,
                attempt,
                pause,
                cause,
            } => self.again(part.as_ref(), *attempt, *pause, cause),
            ReadEvent::Readers { working, .. } => self.readers = *working,
            ReadEvent::Anew {
                attempt,
                pause,
                cause,
            } => self.anew(*attempt, *pause, cause),
            ReadEvent::Complete => {
                self.state = ReadState::Complete;
                self.waits_for = None;
            }
            _ => {}
        }
        if let Some(table) = event.table().and_then(|table| self.table_mut(table)) {
            table.hear(event);
        }
    }

    fn anew(&mut self, attempt: usize, pause: Duration, cause: &str) {
        self.anew += 1;
        let seconds = pause.as_secs_f64();
        self.waits_for = Some(format!(
            "attempt {attempt}, after {seconds:.1} s, since its snapshot was lost: {cause}"
        ));
    }

    fn open(&mut self) {
        self.state = ReadState::Reading;
        self.tables.clear();
        self.moment = None;
        self.waits_for = Some("the source to answer and to say what it holds".into());
    }

    fn plan(&mut self, moment: &str, tables: &[PlannedTable], readers: usize) {
        self.moment = Some(moment.to_owned());
        self.readers = readers;
        let planned = tables.iter().map(|table| TableReading {
            table: table.table.clone(),
            expected: table.rows.filter(|rows| *rows > 0),
            parts: table.parts,
            ..TableReading::default()
        });
        self.tables = planned.collect();
        self.waits_for = Some("a reader".into());
    }

    fn again(
        &mut self,
        part: Option<&(String, usize)>,
        attempt: usize,
        pause: Duration,
        cause: &str,
    ) {
        let seconds = pause.as_secs_f64();
        let what = match part {
            Some((table, part)) => format!("part {part} of {table}"),
            None => "the source".to_owned(),
        };
        self.waits_for = Some(format!(
            "{what}: attempt {attempt} begins after {seconds:.1} s: {cause}"
        ));
    }
}

impl TableReading {
    /// What happened to the table.
    fn hear(&mut self, event: &ReadEvent) {
        match event {
            ReadEvent::Begun { .. } => self.state = ReadState::Reading,
            ReadEvent::Rows { amount, .. } => {
                let mut sum = self.amount();
                sum.add(*amount);
                self.count(sum);
            }
            ReadEvent::Void { amount, .. } => {
                let mut rest = self.amount();
                rest.take(*amount);
                self.count(rest);
            }
            ReadEvent::Rejected { by_reason, .. } => self.rejected_by.clone_from(by_reason),
            ReadEvent::Again { .. } => self.rereads += 1,
            ReadEvent::Divided { .. } => self.parts += 1,
            ReadEvent::Part { .. } => self.parts_done += 1,
            ReadEvent::Done { counts, .. } => self.complete(counts),
            _ => {}
        }
    }

    fn amount(&self) -> Amount {
        Amount {
            rows: self.rows,
            rejected: self.rejected,
            nulled: self.nulled,
            clamped: self.clamped,
            bytes: self.bytes,
        }
    }

    fn count(&mut self, amount: Amount) {
        self.rows = amount.rows;
        self.rejected = amount.rejected;
        self.nulled = amount.nulled;
        self.clamped = amount.clamped;
        self.bytes = amount.bytes;
    }

    fn complete(&mut self, counts: &TableCertificate) {
        self.state = ReadState::Complete;
        self.rows = counts.read;
        self.rejected = counts.rejected;
        self.nulled = counts.nulled;
        self.clamped = counts.clamped;
        self.rejected_by.clone_from(&counts.rejects.by_reason);
    }

    /// How much of it is read, in percent, where that can be told; 99 at most before it is complete.
    pub fn percent(&self) -> Option<u64> {
        if self.state == ReadState::Complete {
            return Some(100);
        }
        Some((self.rows.saturating_mul(100) / self.expected?.max(1)).min(99))
    }

    /// How long it took so far.
    pub fn time(&self) -> Duration {
        Duration::from_millis(self.millis)
    }
}
