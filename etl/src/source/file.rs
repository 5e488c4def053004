//! Delimited text files: a folder is the source, each file a table.
//!
//! A row is identified by (file hash, row number), never by its content: equal rows are all real.
//! The snapshot is the bytes of each file, read once and hashed.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use chrono_tz::Tz;
use encoding_rs::Encoding;
use futures::StreamExt;
use planisphere_schemas::document::nearest;
use planisphere_schemas::model::{FileFormat, Table};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

use super::builder::BatchBuilder;
use super::cell::Cell;
use super::{BatchStream, Snapshot, Source};

/// A folder of files.
pub(super) struct Files {
    name: String,
    folder: PathBuf,
    zone: Tz,
}

impl Files {
    pub(super) fn new(name: String, folder: &str, zone: Tz) -> Self {
        Self {
            name,
            folder: folder.into(),
            zone,
        }
    }
}

#[async_trait]
impl Source for Files {
    async fn open(&self) -> Result<Box<dyn Snapshot>> {
        match tokio::fs::metadata(&self.folder).await {
            Ok(entry) if entry.is_dir() => Ok(Box::new(FilesSnapshot {
                name: self.name.clone(),
                folder: self.folder.clone(),
                zone: self.zone,
            })),
            Ok(_) => Err(self.unreachable("it is not a folder".into())),
            Err(error) => Err(self.unreachable(error.to_string())),
        }
    }
}

impl Files {
    fn unreachable(&self, reason: String) -> Error {
        let reason = format!("{}: {reason}", self.folder.display());
        Error::SourceUnreachable {
            source_name: self.name.clone(),
            reason,
        }
    }
}

struct FilesSnapshot {
    name: String,
    folder: PathBuf,
    zone: Tz,
}

#[async_trait]
impl Snapshot for FilesSnapshot {
    fn describe(&self) -> String {
        format!("files of {}", self.folder.display())
    }

    async fn read(&mut self, table: &Table, batch_rows: usize) -> Result<BatchStream<'_>> {
        let path = self.folder.join(&table.origin);
        let bytes = tokio::fs::read(&path)
            .await
            .map_err(|error| self.cannot_read(table, &error))?;
        let hash: String = Sha256::digest(&bytes)
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let lines = Lines::open(&self.name, table, &bytes)?;
        let batch = BatchBuilder::new(&self.name, table, self.zone, Some(hash));
        let state = Some((lines, batch));
        let stream = futures::stream::unfold(state, move |state| async move {
            let (mut lines, mut batch) = state?;
            let more = lines.fill(&mut batch, batch_rows);
            Some((batch.finish(), more.then_some((lines, batch))))
        });
        Ok(stream.boxed())
    }
}

impl FilesSnapshot {
    fn cannot_read(&self, table: &Table, error: &std::io::Error) -> Error {
        if error.kind() != std::io::ErrorKind::NotFound {
            let reason = error.to_string();
            let (source_name, table) = (self.name.clone(), table.origin.clone());
            return Error::Read {
                source_name,
                table,
                reason,
            };
        }
        let names = file_names(&self.folder);
        Error::NotInSource {
            source_name: self.name.clone(),
            what: "file",
            name: table.origin.clone(),
            column: None,
            near: nearest(&table.origin, names.iter().map(String::as_str)).map(str::to_owned),
        }
    }
}

fn file_names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

/// The records of one file, split into the declared columns.
struct Lines {
    records: std::vec::IntoIter<Record>,
    /// For each declared column its position in a record.
    positions: Vec<usize>,
    width: usize,
}

struct Record {
    number: i64,
    fields: Result<Vec<String>, String>,
    text: String,
}

impl Lines {
    fn open(source: &str, table: &Table, bytes: &[u8]) -> Result<Self> {
        let format = table.format.clone().unwrap_or(FileFormat {
            delimiter: Some(','),
            header: true,
            encoding: "utf-8".into(),
        });
        let text = decode(source, table, &format, bytes)?;
        let mut records = match format.delimiter {
            None => white_space(&text),
            Some(delimiter) => delimited(&text, delimiter),
        };
        let header = if format.header && !records.is_empty() {
            records.remove(0).fields.ok()
        } else {
            None
        };
        let positions = match &header {
            Some(header) => by_name(source, table, header)?,
            None => (0..table.columns.len()).collect(),
        };
        let width = header.map_or(table.columns.len(), |header| header.len());
        Ok(Self {
            records: records.into_iter(),
            positions,
            width,
        })
    }

    /// Adds records to a batch until it is full; false when the file ends.
    fn fill(&mut self, batch: &mut BatchBuilder, batch_rows: usize) -> bool {
        while batch.len() < batch_rows {
            let Some(record) = self.records.next() else {
                return false;
            };
            match &record.fields {
                Ok(fields) if fields.len() == self.width => {
                    let cells: Vec<Cell<'_>> = self
                        .positions
                        .iter()
                        .map(|at| field(&fields[*at]))
                        .collect();
                    batch.row(&cells, record.number);
                }
                Ok(fields) => {
                    let detail = format!("{} fields instead of {}", fields.len(), self.width);
                    batch.unreadable_row(&record.text, record.number, detail);
                }
                Err(detail) => {
                    batch.unreadable_row(&record.text, record.number, detail.clone());
                }
            }
        }
        true
    }
}

/// An empty field is no value.
fn field(text: &str) -> Cell<'_> {
    if text.is_empty() {
        Cell::Null
    } else {
        Cell::Text(text)
    }
}

fn decode(source: &str, table: &Table, format: &FileFormat, bytes: &[u8]) -> Result<String> {
    let failed = |reason: String| Error::Read {
        source_name: source.to_owned(),
        table: table.origin.clone(),
        reason,
    };
    let Some(encoding) = Encoding::for_label(format.encoding.as_bytes()) else {
        return Err(failed(format!("unknown encoding '{}'", format.encoding)));
    };
    let (text, used, malformed) = encoding.decode(bytes);
    if malformed {
        return Err(failed(format!("bytes that are not {}", used.name())));
    }
    Ok(text.into_owned())
}

/// Records of lines whose fields are separated by runs of white space; empty lines are none.
fn white_space(text: &str) -> Vec<Record> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| Record {
            number: i64::try_from(at).unwrap_or(i64::MAX) + 1,
            fields: Ok(line.split_whitespace().map(str::to_owned).collect()),
            text: line.to_owned(),
        })
        .collect()
}

/// Records of a delimited file with quotes as RFC 4180 has them.
fn delimited(text: &str, delimiter: char) -> Vec<Record> {
    let byte = u8::try_from(delimiter).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(byte)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    reader
        .records()
        .enumerate()
        .map(|(at, record)| {
            let number = i64::try_from(at).unwrap_or(i64::MAX) + 1;
            match record {
                Ok(record) => Record {
                    number,
                    text: record
                        .iter()
                        .collect::<Vec<_>>()
                        .join(&delimiter.to_string()),
                    fields: Ok(record.iter().map(str::to_owned).collect()),
                },
                Err(error) => Record {
                    number,
                    fields: Err(error.to_string()),
                    text: String::new(),
                },
            }
        })
        .collect()
}

/// The positions of the declared columns in a header.
fn by_name(source: &str, table: &Table, header: &[String]) -> Result<Vec<usize>> {
    let position = |origin: &str| header.iter().position(|name| name.trim() == origin);
    table
        .columns
        .iter()
        .map(|column| {
            position(&column.origin).ok_or_else(|| Error::NotInSource {
                source_name: source.to_owned(),
                what: "file",
                name: table.origin.clone(),
                column: Some(column.origin.clone()),
                near: nearest(&column.origin, header.iter().map(String::as_str)).map(str::to_owned),
            })
        })
        .collect()
}
