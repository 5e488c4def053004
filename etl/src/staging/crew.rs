//! The readers of one source at work: parts of tables from one queue, each read, written and counted by itself.
//!
//! A worker takes a part only once it has a reader. A part that failed is read again if that can help; a part that the
//! source has no patience for is halved. A reader beyond the first that cannot be had is done without. Whatever else
//! fails stops the whole crew.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arrow::datatypes::SchemaRef;
use planisphere_schemas::model::Table;
use planisphere_schemas::warehouse::{LoadId, Warehouse};
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;

use crate::error::{Error, Result};
use crate::reject::exceeds;
use crate::source::{Fault, Reader, Remedy, Snapshot, Stop};

use super::board::{Board, TableState, Task};
use super::event::{Amount, PlannedTable, ReadEvent};
use super::package::TableCertificate;
use super::part_file::RowGroups;
use super::retry::{again, pause, pauses};

/// How often a worker looks for a reader while others have one and go on.
const LOOKS_FOR_A_SURPLUS_READER: usize = 3;

/// What the crew needs of the load.
pub(super) struct Job {
    pub(super) source: String,
    pub(super) tables: Vec<Table>,
    pub(super) load: LoadId,
    pub(super) warehouse: Warehouse,
    pub(super) batch_rows: usize,
    pub(super) row_groups: RowGroups,
    pub(super) readers: usize,
    pub(super) reject_limit_permille: u32,
    pub(super) runtime: Handle,
    pub(super) events: UnboundedSender<ReadEvent>,
    pub(super) stop: Stop,
    /// The span of the load, so that every line of its log names it.
    pub(super) span: tracing::Span,
}

/// What the crew has read of one source.
pub(super) struct Harvest {
    /// For each table its counts.
    pub(super) tables: BTreeMap<String, TableCertificate>,
    /// For each table its columns.
    pub(super) schemas: BTreeMap<String, SchemaRef>,
}

impl Job {
    /// Reads every table through the snapshot.
    ///
    /// # Errors
    /// The fault that stopped the crew; [`Remedy::Anew`] if the snapshot is gone.
    pub(super) fn read(&self, snapshot: &dyn Snapshot) -> Result<Harvest, Fault> {
        let mut board = self.plan(snapshot)?;
        let readers = self.readers.min(snapshot.most_readers()).max(1);
        board.workers = readers;
        self.tell(ReadEvent::Planned {
            moment: snapshot.describe(),
            tables: self.planned(&board),
            readers,
        });
        let board = Mutex::new(board);
        std::thread::scope(|scope| {
            for _ in 0..readers {
                scope.spawn(|| self.span.in_scope(|| self.work(snapshot, &board)));
            }
        });
        let board = board.into_inner().unwrap_or_else(PoisonError::into_inner);
        match board.fault {
            Some(fault) => Err(fault),
            None => Ok(self.harvest(board)),
        }
    }

    /// Every part of every table, tables with the most rows first.
    fn plan(&self, snapshot: &dyn Snapshot) -> Result<Board, Fault> {
        let mut waiting = Vec::new();
        let mut tables = Vec::new();
        let mut schemas = BTreeMap::new();
        let mut missing = Vec::new();
        for (at, table) in self.tables.iter().enumerate() {
            let tell = |event| self.tell(event);
            let plan = match again(&self.stop, false, tell, || snapshot.plan(table)) {
                Ok(plan) => plan,
                // one that is missing must not hide the others
                Err(fault) if matches!(fault.error, Error::NotInSource { .. }) => {
                    missing.push(fault.error);
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            tables.push(TableState {
                open: plan.parts.len(),
                numbers: plan.parts.len(),
                rows: plan.rows,
                most_rows: snapshot.most_rows(table),
                ..TableState::default()
            });
            let parts = plan.parts.iter().cloned().enumerate();
            waiting.extend(parts.map(|(number, part)| Task {
                table: at,
                number,
                part,
                schema: plan.schema.clone(),
                failures: 0,
                void: Amount::default(),
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
            workers: 0,
            readers: 0,
            fault: None,
        })
    }

    fn planned(&self, board: &Board) -> Vec<PlannedTable> {
        let tables = self.tables.iter().zip(&board.tables);
        let planned = tables.map(|(table, state)| PlannedTable {
            table: table.name.clone(),
            rows: state.rows,
            parts: state.open,
        });
        planned.collect()
    }

    /// One worker: a reader first, then parts while there are any.
    fn work(&self, snapshot: &dyn Snapshot, board: &Mutex<Board>) {
        while let Some(mut reader) = self.hire(snapshot, board) {
            let fault = loop {
                let Some(mut task) = self.next(board) else {
                    lock(board).readers -= 1;
                    break None;
                };
                match self.attempt(reader.as_mut(), &mut task, board) {
                    Ok(counts) => self.done(board, &task, &counts),
                    Err(fault) => break Some((task, fault)),
                }
            };
            // a connection that failed is given back before anything else is tried
            drop(reader);
            let Some((task, fault)) = fault else { break };
            lock(board).readers -= 1;
            self.mend(board, task, fault);
        }
        self.leave(board);
    }

    /// Finds a reader; `None` if there is nothing left to read, or none can be had.
    fn hire<'s>(
        &self,
        snapshot: &'s dyn Snapshot,
        board: &Mutex<Board>,
    ) -> Option<Box<dyn Reader + 's>> {
        let mut pauses = pauses();
        for attempt in 1.. {
            if self.stop.asked() {
                self.fail(board, Error::Stopped { signal: "request" }.into());
            }
            if lock(board).waiting.is_empty() {
                break;
            }
            let fault = match snapshot.reader() {
                Ok(reader) => {
                    lock(board).readers += 1;
                    return Some(reader);
                }
                Err(fault) => fault,
            };
            let alone = lock(board).readers == 0;
            let patient = alone || attempt < LOOKS_FOR_A_SURPLUS_READER;
            match (fault.remedy, pauses.next()) {
                (Remedy::Again | Remedy::Soon, Some(time)) if patient && !self.stop.asked() => {
                    // that a surplus reader does not come at once is no news
                    if alone {
                        self.tell_again(None, attempt + 1, time, &fault.error);
                    }
                    pause(time, &self.stop);
                }
                _ => {
                    self.do_without(board, fault);
                    break;
                }
            }
        }
        None
    }

    /// A reader cannot be had: others go on without it, if there are any.
    fn do_without(&self, board: &Mutex<Board>, fault: Fault) {
        let (working, last) = {
            let board = lock(board);
            (board.readers, board.workers == 1)
        };
        if last || fault.remedy == Remedy::Anew {
            return self.fail(board, fault);
        }
        if self.stop.asked() {
            return;
        }
        let (wanted, cause) = (self.readers, fault.error.told());
        tracing::warn!(source = %self.source, readers = working, wanted, error = cause,
            "a reader cannot be had; the others go on without it");
        self.tell(ReadEvent::Readers {
            working,
            wanted,
            cause,
        });
    }

    /// The worker goes home.
    fn leave(&self, board: &Mutex<Board>) {
        lock(board).workers -= 1;
    }

    fn fail(&self, board: &Mutex<Board>, fault: Fault) {
        let mut board = lock(board);
        board.fault.get_or_insert(fault);
        board.waiting.clear();
        self.stop.ask();
    }

    fn next(&self, board: &Mutex<Board>) -> Option<Task> {
        if self.stop.asked() {
            self.fail(board, Error::Stopped { signal: "request" }.into());
        }
        let mut board = lock(board);
        let task = board.waiting.pop_front()?;
        let state = &mut board.tables[task.table];
        if !state.begun {
            state.begun = true;
            self.tell(ReadEvent::Begun {
                table: self.tables[task.table].name.clone(),
            });
        }
        Some(task)
    }

    /// Puts a part that failed back, whole or in halves, if that can help.
    fn mend(&self, board: &Mutex<Board>, mut task: Task, fault: Fault) {
        if self.stop.asked() {
            return self.fail(board, fault);
        }
        let table = self.tables[task.table].name.as_str();
        match (fault.remedy, pauses().nth(task.failures)) {
            (Remedy::Smaller, _) => match task.part.halves() {
                Some(halves) => {
                    tracing::warn!(source = %self.source, table, part = task.number,
                        error = fault.error.told(), "a part is read in halves");
                    self.take_back(&task);
                    self.tell(ReadEvent::Divided {
                        table: table.to_owned(),
                    });
                    lock(board).divide(&task, halves);
                }
                None => self.fail(board, fault),
            },
            (Remedy::Again | Remedy::Soon, Some(time)) => {
                task.failures += 1;
                self.take_back(&task);
                let part = Some((table, task.number));
                self.tell_again(part, task.failures + 1, time, &fault.error);
                pause(time, &self.stop);
                let mut board = lock(board);
                board.tables[task.table].counts.rereads += 1;
                board.waiting.push_front(task);
            }
            _ => self.fail(board, fault),
        }
    }

    /// What an attempt brought does not count any more.
    fn take_back(&self, task: &Task) {
        if task.void != Amount::default() {
            self.tell(ReadEvent::Void {
                table: self.tables[task.table].name.clone(),
                amount: task.void,
            });
        }
    }

    fn tell_again(
        &self,
        part: Option<(&str, usize)>,
        attempt: usize,
        pause: std::time::Duration,
        error: &Error,
    ) {
        let pause_ms = pause.as_millis();
        let error = error.told();
        match part {
            Some((table, part)) => tracing::warn!(source = %self.source, table, part, attempt,
                pause_ms, error, "a part is read again"),
            None => tracing::warn!(source = %self.source, attempt, pause_ms, %error,
                "no reader can be had; trying again"),
        }
        self.tell(ReadEvent::Again {
            part: part.map(|(table, part)| (table.to_owned(), part)),
            attempt,
            pause,
            cause: error,
        });
    }

    fn done(&self, board: &Mutex<Board>, task: &Task, counts: &TableCertificate) {
        let table = &self.tables[task.table];
        let complete = {
            let mut board = lock(board);
            let state = &mut board.tables[task.table];
            state.finish_part(counts);
            (state.open == 0).then(|| Box::new(state.counts.clone()))
        };
        self.tell(ReadEvent::Part {
            table: table.name.clone(),
        });
        let Some(counts) = complete else { return };
        let too_many = self.too_many(table, &counts);
        self.tell(ReadEvent::Done {
            table: table.name.clone(),
            counts,
        });
        if let Some(error) = too_many {
            self.fail(board, error.into());
        }
    }

    /// What is wrong with a complete table if more of its rows were rejected than may be: other tables need not be read
    /// then.
    fn too_many(&self, table: &Table, counts: &TableCertificate) -> Option<Error> {
        let limit_permille = self.reject_limit_permille;
        exceeds(limit_permille, counts.rejected, counts.read).then(|| Error::TooManyRejects {
            object: table.name.clone(),
            rejected: counts.rejected,
            read: counts.read,
            limit_permille,
            first: counts.rejects.example(Some(table)),
        })
    }

    fn harvest(&self, board: Board) -> Harvest {
        let tables = self.tables.iter().zip(board.tables);
        let tables = tables.map(|(table, state)| (table.name.clone(), state.counts));
        Harvest {
            tables: tables.collect(),
            schemas: board.schemas,
        }
    }

    /// Nobody listens any more only if the load itself was stopped.
    pub(super) fn tell(&self, event: ReadEvent) {
        let _ = self.events.send(event);
    }
}

pub(super) fn lock<T>(board: &Mutex<T>) -> MutexGuard<'_, T> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}
