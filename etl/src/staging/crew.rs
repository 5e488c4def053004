//! The readers of one source at work: parts of tables from one queue, each read, written and counted by itself.
//!
//! A part that failed is read again if that can help, by the same reader; a part that the source has no patience for
//! is halved. Whatever else fails stops the whole crew.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use backon::{BackoffBuilder, ExponentialBuilder};
use planisphere_schemas::model::Table;
use planisphere_schemas::warehouse::{LoadId, Warehouse};
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;

use crate::error::{Error, Result};
use crate::reject::Reject;
use crate::source::{Fault, Part, Reader, Remedy, Snapshot, Stop};

use super::extract::Event;
use super::package::{TableCertificate, part_path};
use super::part_file::PartFile;

/// How often, and after which pauses, something is tried again: 0.2 s, 0.4 s, … up to 10 s, with jitter.
pub(super) fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(10))
        .with_max_times(6)
        .with_jitter()
        .build()
}

/// Waits, unless somebody asks to stop.
pub(super) fn pause(time: Duration, stop: &Stop) {
    const LOOK_UP: Duration = Duration::from_millis(50);
    let mut left = time;
    while !left.is_zero() && !stop.asked() {
        let step = left.min(LOOK_UP);
        std::thread::sleep(step);
        left -= step;
    }
}

/// What the crew needs of the load.
pub(super) struct Job {
    pub(super) source: String,
    pub(super) tables: Vec<Table>,
    pub(super) load: LoadId,
    pub(super) warehouse: Warehouse,
    pub(super) batch_rows: usize,
    pub(super) row_group_rows: usize,
    pub(super) readers: usize,
    pub(super) runtime: Handle,
    pub(super) events: UnboundedSender<Event>,
    pub(super) stop: Stop,
}

/// One part of one table, by the table's position.
struct Task {
    table: usize,
    number: usize,
    part: Part,
    schema: SchemaRef,
}

/// What is to do and what is done.
struct Board {
    waiting: VecDeque<Task>,
    /// For each table the parts that are not yet done, the numbers given, and the counts so far.
    tables: Vec<Progress>,
    schemas: BTreeMap<String, SchemaRef>,
    fault: Option<Fault>,
}

#[derive(Default)]
struct Progress {
    open: usize,
    numbers: usize,
    begun: bool,
    rows: Option<u64>,
    counts: TableCertificate,
    rejects: BTreeMap<usize, Vec<Reject>>,
}

/// What the crew has read of one source.
pub(super) struct Harvest {
    /// For each table its counts.
    pub(super) tables: BTreeMap<String, TableCertificate>,
    /// For each table its columns.
    pub(super) schemas: BTreeMap<String, SchemaRef>,
    /// Rejected rows in the order of tables and parts.
    pub(super) rejects: Vec<Reject>,
}

impl Job {
    /// Reads every table through the snapshot.
    ///
    /// # Errors
    /// The fault that stopped the crew; [`Remedy::Anew`] if the snapshot is gone.
    pub(super) fn read(&self, snapshot: &dyn Snapshot) -> Result<Harvest, Fault> {
        let board = Mutex::new(self.plan(snapshot)?);
        let readers = self.readers.min(snapshot.most_readers()).max(1);
        std::thread::scope(|scope| {
            for _ in 0..readers {
                scope.spawn(|| self.work(snapshot, &board));
            }
        });
        let board = board.into_inner().unwrap_or_else(PoisonError::into_inner);
        match board.fault {
            Some(fault) => Err(fault),
            None => Ok(self.harvest(board.tables, board.schemas)),
        }
    }

    /// Every part of every table, tables with the most rows first.
    fn plan(&self, snapshot: &dyn Snapshot) -> Result<Board, Fault> {
        let mut waiting = Vec::new();
        let mut tables = Vec::new();
        let mut schemas = BTreeMap::new();
        let mut missing = Vec::new();
        for (at, table) in self.tables.iter().enumerate() {
            let plan = match again(&self.stop, || snapshot.plan(table)) {
                Ok(plan) => plan,
                // one that is missing must not hide the others
                Err(fault) if matches!(fault.error, Error::NotInSource { .. }) => {
                    missing.push(fault.error);
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            tables.push(Progress {
                open: plan.parts.len(),
                numbers: plan.parts.len(),
                rows: plan.rows,
                ..Progress::default()
            });
            let parts = plan.parts.iter().cloned().enumerate();
            waiting.extend(parts.map(|(number, part)| Task {
                table: at,
                number,
                part,
                schema: plan.schema.clone(),
            }));
            schemas.insert(table.name.clone(), plan.schema.clone());
        }
        match missing.len() {
            0 => {}
            1 => return Err(missing.remove(0).into()),
            _ => return Err(Error::AllNotInSource { missing }.into()),
        }
        waiting.sort_by_key(|task| std::cmp::Reverse(tables[task.table].rows));
        Ok(Board {
            waiting: waiting.into(),
            tables,
            schemas,
            fault: None,
        })
    }

    fn work(&self, snapshot: &dyn Snapshot, board: &Mutex<Board>) {
        let mut reader = None;
        while let Some(task) = self.next(board) {
            match self.task(snapshot, &mut reader, &task) {
                Ok(Read::Done(counts, rejects)) => self.done(board, &task, &counts, rejects),
                Ok(Read::Halved(halves)) => divide(&mut lock(board), &task, halves),
                Err(fault) => {
                    lock(board).fault.get_or_insert(fault);
                    self.stop_crew(board);
                    return;
                }
            }
        }
    }

    fn stop_crew(&self, board: &Mutex<Board>) {
        lock(board).waiting.clear();
        self.stop.ask();
    }

    fn next(&self, board: &Mutex<Board>) -> Option<Task> {
        let mut board = lock(board);
        if self.stop.asked() {
            let stopped = Error::Stopped { signal: "request" };
            board.fault.get_or_insert(stopped.into());
            return None;
        }
        let task = board.waiting.pop_front()?;
        let progress = &mut board.tables[task.table];
        if !progress.begun {
            progress.begun = true;
            self.tell(Event::Begin {
                table: self.tables[task.table].name.clone(),
                rows: progress.rows,
            });
        }
        Some(task)
    }

    /// Reads a part until it comes through or nothing helps.
    fn task<'s>(
        &self,
        snapshot: &'s dyn Snapshot,
        reader: &mut Option<Box<dyn Reader + 's>>,
        task: &Task,
    ) -> Result<Read, Fault> {
        let mut pauses = pauses();
        loop {
            let fault = match self.attempt(snapshot, reader, task) {
                Ok((counts, rejects)) => return Ok(Read::Done(counts, rejects)),
                Err(fault) => fault,
            };
            *reader = None;
            if self.stop.asked() {
                return Err(fault);
            }
            match (fault.remedy, pauses.next()) {
                (Remedy::Smaller, _) => {
                    let halves = task.part.halves().ok_or(fault)?;
                    return Ok(Read::Halved(halves));
                }
                (Remedy::Again, Some(time)) => {
                    let table = self.tables[task.table].name.as_str();
                    tracing::warn!(source = %self.source, table, part = task.number,
                        pause_ms = time.as_millis(), error = %fault.error, "a part is read again");
                    pause(time, &self.stop);
                }
                _ => return Err(fault),
            }
        }
    }

    fn attempt<'s>(
        &self,
        snapshot: &'s dyn Snapshot,
        reader: &mut Option<Box<dyn Reader + 's>>,
        task: &Task,
    ) -> Result<(TableCertificate, Vec<Reject>), Fault> {
        let table = &self.tables[task.table];
        let reader = match reader {
            Some(reader) => reader,
            None => reader.insert(snapshot.reader()?),
        };
        let failed = |error| Error::Staging {
            table: table.name.clone(),
            source: error,
        };
        let path = part_path(self.load, &self.source, &table.name, task.number);
        let mut file = PartFile::create(
            self.warehouse.store(),
            self.warehouse.object_path(&path),
            task.schema.clone(),
            self.row_group_rows,
            &self.runtime,
        )
        .map_err(failed)?;
        let mut counts = TableCertificate::default();
        let mut rejects = Vec::new();
        reader.read(table, &task.part, self.batch_rows, &mut |batch| {
            file.write(&batch.rows).map_err(failed)?;
            let (staged, rejected) = (batch.rows.num_rows() as u64, batch.rejects.len() as u64);
            counts.read += staged + rejected;
            counts.staged += staged;
            counts.rejected += rejected;
            counts.nulled += batch.nulled;
            counts.clamped += batch.clamped;
            rejects.extend(batch.rejects);
            self.tell(Event::Rows {
                table: table.name.clone(),
                rows: staged + rejected,
                bytes: batch.bytes,
            });
            Ok(())
        })?;
        counts.bytes = file.close().map_err(failed)?;
        Ok((counts, rejects))
    }

    fn done(
        &self,
        board: &Mutex<Board>,
        task: &Task,
        counts: &TableCertificate,
        rejects: Vec<Reject>,
    ) {
        let mut board = lock(board);
        let progress = &mut board.tables[task.table];
        progress.counts.add(counts);
        progress.counts.parts.insert(task.number);
        progress.rejects.insert(task.number, rejects);
        progress.open -= 1;
        if progress.open == 0 {
            self.tell(Event::End {
                table: self.tables[task.table].name.clone(),
                counts: progress.counts.clone(),
            });
        }
    }

    fn harvest(&self, tables: Vec<Progress>, schemas: BTreeMap<String, SchemaRef>) -> Harvest {
        let mut harvest = Harvest {
            schemas,
            tables: BTreeMap::new(),
            rejects: Vec::new(),
        };
        for (table, progress) in self.tables.iter().zip(tables) {
            harvest.tables.insert(table.name.clone(), progress.counts);
            harvest
                .rejects
                .extend(progress.rejects.into_values().flatten());
        }
        harvest
    }

    /// Nobody listens any more only if the load itself was stopped.
    fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

enum Read {
    Done(TableCertificate, Vec<Reject>),
    Halved([Part; 2]),
}

/// Puts the halves of a part in its place.
fn divide(board: &mut Board, task: &Task, halves: [Part; 2]) {
    let progress = &mut board.tables[task.table];
    progress.open += 1;
    for part in halves {
        let number = progress.numbers;
        progress.numbers += 1;
        board.waiting.push_back(Task {
            table: task.table,
            number,
            part,
            schema: task.schema.clone(),
        });
    }
}

fn lock<T>(board: &Mutex<T>) -> MutexGuard<'_, T> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something again while that can help.
pub(super) fn again<T>(
    stop: &Stop,
    mut what: impl FnMut() -> Result<T, Fault>,
) -> Result<T, Fault> {
    // soon over: a wrong address or a server that is down is what it mostly is, and somebody waits for the answer
    const TIMES: usize = 3;
    let mut pauses = pauses().take(TIMES);
    loop {
        let fault = match what() {
            Ok(done) => return Ok(done),
            Err(fault) => fault,
        };
        match (fault.remedy, pauses.next()) {
            (Remedy::Again, Some(time)) if !stop.asked() => {
                tracing::warn!(pause_ms = time.as_millis(), error = %fault.error, "trying again");
                pause(time, stop);
            }
            _ => return Err(fault),
        }
    }
}
