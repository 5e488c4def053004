//! Files: a folder or a place in an object store is the source; one file, or several, are a table.
//!
//! A row is identified by (file hash, row number), never by its content: equal rows are all real. The snapshot is the
//! state of each file when the tables are planned; a file that is not in that state when it is read, or changes while
//! it is, has the source read anew. Memory is bounded whatever a file's size.
//!
//! ```text
//! Place ──fetch, hash──► FileBytes ──read again──► unpack ──► Text ──► Records ──► Fields ──► Row ──► BatchBuilder
//!                            └──here and there──► Parquet ──────────────────────────────────────────────┘
//! ```

mod bytes;
mod delimited;
mod fault;
mod fields;
mod json;
mod json_lines;
mod origin;
mod parquet;
mod place;
mod records;
mod row;
mod text;
mod unpack;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono_tz::Tz;
use planisphere_schemas::model::{FileFormat, FileKind, Table};
use planisphere_schemas::settings::SourceSettings;

use crate::error::{Error, Result};

use super::builder::{BatchBuilder, FileRows, declared_schema};
use super::{Fault, Part, Reader, Sink, Snapshot, Source, Stop, TablePlan};

use bytes::FileBytes;
use fault::Named;
use place::Place;

pub(super) use place::knows;

/// Files in a place.
pub(super) struct Files {
    name: String,
    place: Arc<dyn Place>,
    zone: Tz,
}

impl Files {
    /// The files at a source's URL.
    ///
    /// # Errors
    /// [`Error::SourceUrl`] if it means no place.
    pub(super) fn new(name: String, settings: &SourceSettings, zone: Tz) -> Result<Self> {
        let place = place::place(&name, settings)?.into();
        Ok(Self { name, place, zone })
    }
}

impl Source for Files {
    fn open(&self, _readers: usize, stop: &Stop) -> Result<Box<dyn Snapshot>, Fault> {
        self.place.check(&self.name)?;
        Ok(Box::new(FilesSnapshot {
            name: self.name.clone(),
            place: Arc::clone(&self.place),
            zone: self.zone,
            stop: stop.clone(),
            hashes: Mutex::default(),
        }))
    }
}

struct FilesSnapshot {
    name: String,
    place: Arc<dyn Place>,
    zone: Tz,
    stop: Stop,
    /// For each table and hash the files that have it.
    hashes: Mutex<BTreeMap<(String, String), Vec<String>>>,
}

impl Snapshot for FilesSnapshot {
    fn describe(&self) -> String {
        format!("files of {}", self.place.shown())
    }

    fn plan(&self, table: &Table) -> Result<TablePlan, Fault> {
        let parts = origin::files(&self.name, self.place.as_ref(), table, &self.stop)?;
        let schema = declared_schema(&self.name, table)?;
        let rows = None;
        Ok(TablePlan {
            schema,
            parts,
            rows,
        })
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>, Fault> {
        Ok(Box::new(FileReader(self)))
    }

    fn most_readers(&self) -> usize {
        usize::MAX
    }
}

/// Gives the rows of a file one after the other.
trait Rows {
    /// Adds rows to a batch until it is full; false when the file ends.
    ///
    /// # Errors
    /// A [`Fault`] if the file cannot be read on.
    fn fill(&mut self, batch: &mut BatchBuilder<'_>, batch_rows: usize) -> Result<bool, Fault>;
}

struct FileReader<'a>(&'a FilesSnapshot);

impl Reader for FileReader<'_> {
    fn read(
        &mut self,
        table: &Table,
        part: &Part,
        batch_rows: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let snapshot = self.0;
        let Part::File { name, state } = part else {
            let doing = "reading a part of a file";
            return Err(Error::Task { doing }.into());
        };
        let named = Named {
            source: snapshot.name.clone(),
            file: name.clone(),
        };
        let stop = &snapshot.stop;
        let mut bytes = FileBytes::fetch(snapshot.place.as_ref(), &named, state, stop)?;
        let hash = snapshot.hash_of_its_own(table, &bytes.hash, name);
        let file = FileRows::of(name.clone(), hash);
        let mut batch = BatchBuilder::new(&snapshot.name, table, snapshot.zone, Some(file))?;
        let read = snapshot.read(&named, table, &mut bytes, |rows| {
            pump(rows, &mut batch, batch_rows, stop, sink)
        });
        match read {
            Ok(())
                if !bytes
                    .is_unchanged(stop)
                    .map_err(|error| named.failed(error))? =>
            {
                Err(named.changed())
            }
            // what seemed wrong with the file may be that somebody writes it
            Err(_) if bytes.was_written() && !stop.asked() => Err(named.changed()),
            read => read,
        }
    }
}

/// Carries all rows into the sink.
fn pump(
    rows: &mut dyn Rows,
    batch: &mut BatchBuilder<'_>,
    batch_rows: usize,
    stop: &Stop,
    sink: &mut Sink<'_>,
) -> Result<(), Fault> {
    loop {
        let more = rows.fill(batch, batch_rows)?;
        sink(batch.finish()?)?;
        if !more {
            return Ok(());
        }
        if stop.asked() {
            return Err(Error::Stopped { signal: "request" }.into());
        }
    }
}

impl FilesSnapshot {
    /// Opens the rows of a file and hands them over.
    fn read(
        &self,
        named: &Named,
        table: &Table,
        bytes: &mut FileBytes,
        mut pump: impl FnMut(&mut dyn Rows) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let failed = |error| named.failed(error);
        let format = table.format.clone();
        let format = format.unwrap_or_else(|| FileFormat::of(FileKind::Delimited));
        if format.kind == FileKind::Parquet {
            let random = bytes.random().map_err(failed)?;
            pump(&mut parquet::Parquet::open(
                named, table, self.zone, random,
            )?)?;
            return bytes.rewind().map_err(failed);
        }
        let packed = bytes.read().map_err(failed)?;
        let text = unpack::unpack(packed, format.compression, &named.file).map_err(failed)?;
        match format.kind {
            FileKind::JsonLines => pump(&mut json_lines::JsonLines::open(
                named, table, &format, text,
            )?),
            _ => pump(&mut delimited::Delimited::open(
                named, table, &format, text,
            )?),
        }
    }

    /// The hash of a file; of the second and later ones of a table with the same bytes, with a number behind it, since
    /// their rows are real too. Which of them is which makes no difference: their rows are the same.
    fn hash_of_its_own(&self, table: &Table, hash: &str, file: &str) -> String {
        let key = (table.name.clone(), hash.to_owned());
        let mut hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        let files = hashes.entry(key).or_default();
        let known = files.iter().position(|known| known == file);
        let at = known.unwrap_or_else(|| {
            files.push(file.to_owned());
            files.len() - 1
        });
        if at == 0 {
            return hash.to_owned();
        }
        let (source, table) = (self.name.as_str(), table.name.as_str());
        tracing::warn!(source, table, file, same_as = %files[0], "two files hold the same bytes");
        format!("{hash}-{}", at + 1)
    }
}
