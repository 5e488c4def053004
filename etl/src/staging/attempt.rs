//! One attempt to read one part: rows into the part's file, rejected rows into the file beside it, both counted.

use std::sync::Mutex;

use crate::error::Error;
use crate::reject::{Reject, exceeds};
use crate::source::{Fault, Reader, Remedy, StagedBatch};
use planisphere_schemas::{is_forbidden, is_full_disk};

use super::board::{Board, TableState, Task};
use super::crew::{Job, lock};
use super::event::{Amount, ReadEvent};
use super::package::{TableCertificate, part_path, reject_path};
use super::part_file::PartFile;
use super::reject_file::RejectFile;

/// What one attempt has brought so far.
struct Attempt {
    file: PartFile,
    rejects: Option<RejectFile>,
    counts: TableCertificate,
    amount: Amount,
}

impl Job {
    /// Reads a part once; what it brought is taken back if it fails.
    pub(super) fn attempt(
        &self,
        reader: &mut dyn Reader,
        task: &mut Task,
        board: &Mutex<Board>,
    ) -> Result<TableCertificate, Fault> {
        task.void = Amount::default();
        let mut attempt = self.begin(task)?;
        let read = reader.read(
            &self.tables[task.table],
            &task.part,
            self.batch_rows,
            &mut |batch| self.take(&mut attempt, task, board, batch),
        );
        let amount = attempt.amount;
        let ended = match read {
            Ok(()) => self.end(attempt, task).map_err(Fault::from),
            Err(fault) => Err(fault),
        };
        ended.map_err(|fault| {
            lock(board).tables[task.table].so_far.take(amount);
            task.void = amount;
            passing(fault)
        })
    }

    fn failed(&self, task: &Task) -> impl Fn(parquet::errors::ParquetError) -> Error {
        let table = self.tables[task.table].name.clone();
        move |source| Error::Staging {
            table: table.clone(),
            source,
        }
    }

    fn begin(&self, task: &Task) -> Result<Attempt, Error> {
        let table = &self.tables[task.table].name;
        let path = part_path(self.load, &self.source, table, task.number);
        let file = PartFile::create(
            &self.warehouse,
            self.warehouse.object_path(&path),
            task.schema.clone(),
            self.row_groups,
            &self.runtime,
        );
        Ok(Attempt {
            file: file.map_err(self.failed(task))?,
            rejects: None,
            counts: TableCertificate {
                parts: [task.number].into(),
                ..TableCertificate::default()
            },
            amount: Amount::default(),
        })
    }

    /// Writes and counts a batch.
    fn take(
        &self,
        attempt: &mut Attempt,
        task: &Task,
        board: &Mutex<Board>,
        batch: StagedBatch,
    ) -> Result<(), Error> {
        attempt.file.write(&batch.rows).map_err(self.failed(task))?;
        if !batch.rejects.is_empty() {
            self.reject(attempt, task, &batch.rejects)?;
        }
        let (staged, rejected) = (batch.rows.num_rows() as u64, batch.rejects.len() as u64);
        let counts = &mut attempt.counts;
        counts.read += staged + rejected;
        counts.staged += staged;
        counts.rejected += rejected;
        counts.nulled += batch.nulled;
        counts.clamped += batch.clamped;
        let amount = Amount {
            rows: staged + rejected,
            rejected,
            nulled: batch.nulled,
            clamped: batch.clamped,
            bytes: batch.bytes,
        };
        attempt.amount.add(amount);
        self.tell(ReadEvent::Rows {
            table: self.tables[task.table].name.clone(),
            amount,
        });
        let mut board = lock(board);
        let state = &mut board.tables[task.table];
        state.so_far.add(amount);
        self.check_so_far(state, task, &attempt.counts)
    }

    /// Keeps rejected rows in the file beside the part.
    fn reject(&self, attempt: &mut Attempt, task: &Task, rejects: &[Reject]) -> Result<(), Error> {
        let file = match &mut attempt.rejects {
            Some(file) => file,
            None => {
                let table = &self.tables[task.table].name;
                let path = reject_path(self.load, &self.source, table, task.number);
                let path = self.warehouse.object_path(&path);
                let file = RejectFile::create(&self.warehouse, path, &self.runtime);
                attempt.counts.reject_parts.insert(task.number);
                attempt.rejects.insert(file.map_err(self.failed(task))?)
            }
        };
        file.write(rejects).map_err(self.failed(task))?;
        attempt.counts.rejects.count(task.number, rejects);
        Ok(())
    }

    /// Refuses to read on once it is certain that too many rows are rejected: none may be, or more are than may be of
    /// as many rows as the table can have.
    fn check_so_far(
        &self,
        state: &TableState,
        task: &Task,
        counts: &TableCertificate,
    ) -> Result<(), Error> {
        let limit_permille = self.reject_limit_permille;
        let rejected = state.counts.rejected + state.so_far.rejected;
        let read = state.counts.read + state.so_far.rows;
        let most = match limit_permille {
            0 => u64::MAX,
            _ => state.most_rows.unwrap_or(u64::MAX),
        };
        // at the end of the table its shares are known
        if read >= most || !exceeds(limit_permille, rejected, most) {
            return Ok(());
        }
        let table = &self.tables[task.table];
        let mut rejects = state.counts.rejects.clone();
        rejects.add(&counts.rejects);
        self.tell(ReadEvent::Rejected {
            table: table.name.clone(),
            by_reason: rejects.by_reason.clone(),
        });
        Err(Error::TooManyRejectsSoFar {
            object: table.name.clone(),
            rejected,
            read,
            limit_permille,
            first: rejects.example(Some(table)),
        })
    }

    /// Completes the files of the part.
    fn end(&self, attempt: Attempt, task: &Task) -> Result<TableCertificate, Error> {
        let mut counts = attempt.counts;
        if let Some(rejects) = attempt.rejects {
            let written = rejects.close().map_err(self.failed(task))?;
            let checksum = (task.number, written.checksum);
            counts.reject_checksums.extend([checksum]);
        }
        let written = attempt.file.close().map_err(self.failed(task))?;
        counts.bytes = written.bytes;
        counts.checksums.extend([(task.number, written.checksum)]);
        Ok(counts)
    }
}

/// A store that does not take a file now may take it in a while, unless its disk is full or its folder closed.
fn passing(fault: Fault) -> Fault {
    let may_pass = match &fault.error {
        Error::Staging { source, .. } => !is_full_disk(source) && !is_forbidden(source),
        _ => false,
    };
    match fault.remedy {
        Remedy::None if may_pass => Remedy::Again.against(fault.error),
        _ => fault,
    }
}
