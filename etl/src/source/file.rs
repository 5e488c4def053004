//! Delimited text files: a folder is the source, each file a table.
//!
//! A row is identified by (file hash, row number), never by its content: equal rows are all real.
//! The snapshot is the bytes of each file, read once and hashed.

use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use encoding_rs::Encoding;
use planisphere_schemas::model::{FileFormat, Table};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

use super::builder::{BatchBuilder, declared_schema};
use super::cell::Cell;
use super::lookup;
use super::{Fault, Part, Reader, Sink, Snapshot, Source, Stop, TablePlan};

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

impl Source for Files {
    fn open(&self, _readers: usize, stop: &Stop) -> Result<Box<dyn Snapshot>, Fault> {
        match std::fs::metadata(&self.folder) {
            Ok(entry) if entry.is_dir() => Ok(Box::new(FilesSnapshot {
                name: self.name.clone(),
                folder: self.folder.clone(),
                zone: self.zone,
                stop: stop.clone(),
            })),
            Ok(_) => Err(self.unreachable("it is not a folder".into()).into()),
            Err(error) => Err(self.unreachable(error.to_string()).into()),
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
    stop: Stop,
}

impl Snapshot for FilesSnapshot {
    fn describe(&self) -> String {
        format!("files of {}", self.folder.display())
    }

    fn plan(&self, table: &Table) -> Result<TablePlan, Fault> {
        match std::fs::metadata(self.folder.join(&table.origin)) {
            Ok(_) => Ok(TablePlan::whole(declared_schema(&self.name, table)?, None)),
            Err(error) => Err(self.cannot_read(table, &error).into()),
        }
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>, Fault> {
        Ok(Box::new(FileReader(self)))
    }
}

struct FileReader<'a>(&'a FilesSnapshot);

impl Reader for FileReader<'_> {
    fn read(
        &mut self,
        table: &Table,
        _part: &Part,
        batch_rows: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let snapshot = self.0;
        let bytes = std::fs::read(snapshot.folder.join(&table.origin))
            .map_err(|error| snapshot.cannot_read(table, &error))?;
        let hash: String = Sha256::digest(&bytes)
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut lines = Lines::open(&snapshot.name, table, &bytes)?;
        let mut batch = BatchBuilder::new(&snapshot.name, table, snapshot.zone, Some(hash))?;
        loop {
            let more = lines.fill(&mut batch, batch_rows);
            sink(batch.finish()?)?;
            if !more {
                return Ok(());
            }
            if snapshot.stop.asked() {
                return Err(Error::Stopped { signal: "request" }.into());
            }
        }
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
        lookup::not_in_source(&self.name, "file", table, None, &names)
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
        let header = match format.header {
            true => Some(take_header(source, table, &mut records)?),
            false => None,
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
        while !batch.is_full(batch_rows) {
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

/// The names in the first line.
fn take_header(source: &str, table: &Table, records: &mut Vec<Record>) -> Result<Vec<String>> {
    let first = (!records.is_empty()).then(|| records.remove(0));
    let failed = |reason: String| {
        let hint = "write the names of the columns into the first line, or say 'header: false' in the table's format";
        content(source, table, reason, hint)
    };
    match first.map(|record| record.fields) {
        Some(Ok(names)) => Ok(names),
        Some(Err(reason)) => Err(failed(format!(
            "line 1, the names of the columns: {reason}"
        ))),
        None => Err(failed(
            "it is empty; a line with the names of the columns is expected".into(),
        )),
    }
}

/// A file whose content is not what the model says.
fn content(source: &str, table: &Table, reason: String, hint: &'static str) -> Error {
    Error::FileContent {
        source_name: source.to_owned(),
        file: table.origin.clone(),
        reason,
        hint,
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
    let hint = "name the file's own encoding in the table's format, such as 'encoding: gb18030' or 'encoding: windows-1252', or mend the line";
    let Some(encoding) = Encoding::for_label(format.encoding.as_bytes()) else {
        let reason = format!("unknown encoding '{}'", format.encoding);
        return Err(content(source, table, reason, hint));
    };
    let (text, used, malformed) = encoding.decode(bytes);
    if malformed {
        let (line, name) = (malformed_line(used, bytes), used.name());
        let reason = format!("line {line} holds bytes that are not {name}");
        return Err(content(source, table, reason, hint));
    }
    Ok(text.into_owned())
}

/// The line of the first bytes that are not of the encoding.
fn malformed_line(encoding: &'static Encoding, bytes: &[u8]) -> usize {
    let mut decoder = encoding.new_decoder();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut good = String::with_capacity(room.unwrap_or(bytes.len()));
    let _ = decoder.decode_to_string_without_replacement(bytes, &mut good, true);
    1 + good.matches('\n').count()
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

/// Records of a delimited file with quotes as RFC 4180 has them; a quoted field may hold line ends.
///
/// A quote that is never closed would swallow the lines after it. Its line becomes an unreadable record of
/// its own, and reading goes on with the next line.
fn delimited(text: &str, delimiter: char) -> Vec<Record> {
    let mut records = Vec::new();
    let (mut start, mut line) = (0, 1);
    while start < text.len() {
        let (found, resume) = until_open_quote(&text[start..], delimiter, line);
        records.extend(found);
        let Some(offset) = resume else { break };
        let bad = text[start + offset..].lines().next().unwrap_or_default();
        line += line_ends(&text[start..start + offset]);
        records.push(Record {
            number: line,
            fields: Err("a quote is not closed".into()),
            text: bad.to_owned(),
        });
        let rest = &text[start + offset..];
        start += offset + rest.find('\n').map_or(rest.len(), |at| at + 1);
        line += 1;
    }
    records
}

fn line_ends(text: &str) -> i64 {
    i64::try_from(text.matches('\n').count()).unwrap_or(i64::MAX)
}

/// Reads records up to the first whose quote is not closed; returns them and where that one begins.
fn until_open_quote(text: &str, delimiter: char, line: i64) -> (Vec<Record>, Option<usize>) {
    let byte = u8::try_from(delimiter).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(byte)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        let start = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        match reader.read_record(&mut record) {
            Ok(false) => return (records, None),
            Ok(true) => {
                let end = usize::try_from(reader.position().byte()).unwrap_or(text.len());
                let begin = record
                    .position()
                    .map_or(start, |at| usize::try_from(at.byte()).unwrap_or(start));
                let lines_before = record
                    .position()
                    .map_or(0, |at| i64::try_from(at.line()).unwrap_or(1) - 1);
                let raw = text.get(begin..end.min(text.len())).unwrap_or_default();
                if swallows_lines(raw) {
                    return (records, Some(begin));
                }
                records.push(Record {
                    number: line + lines_before,
                    fields: Ok(record.iter().map(str::to_owned).collect()),
                    text: raw.trim_matches(['\r', '\n']).trim_end().to_owned(),
                });
            }
            Err(error) => {
                let number = line + i64::try_from(reader.position().line()).unwrap_or(1) - 1;
                records.push(Record {
                    number,
                    fields: Err(error.to_string()),
                    text: String::new(),
                });
            }
        }
    }
}

/// True if a record reaches over line ends by a quote that nothing closes: its quotes are odd in number.
fn swallows_lines(raw: &str) -> bool {
    let last_line_only = !raw.trim_end_matches(['\r', '\n']).contains('\n');
    let odd = raw.matches('"').count() % 2 == 1;
    odd && (!last_line_only || opens_a_quote(raw))
}

/// True if a field of a one-line record begins with a quote that is not closed.
fn opens_a_quote(raw: &str) -> bool {
    raw.trim_end().rfind('"').is_some_and(|at| {
        raw[..at]
            .chars()
            .next_back()
            .is_none_or(|before| !before.is_alphanumeric())
    })
}

/// The positions of the declared columns in a header.
fn by_name(source: &str, table: &Table, header: &[String]) -> Result<Vec<usize>> {
    let position = |origin: &str| header.iter().position(|name| name.trim() == origin);
    table
        .columns
        .iter()
        .map(|column| {
            position(&column.origin).ok_or_else(|| {
                lookup::not_in_source(source, "file", table, Some(&column.origin), header)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(i64, String)> {
        let record = |record: Record| match record.fields {
            Ok(fields) => (record.number, fields.join("/")),
            Err(reason) => (record.number, format!("! {reason}: {}", record.text)),
        };
        delimited(text, ',').into_iter().map(record).collect()
    }

    fn rows(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
        expected
            .iter()
            .map(|(line, text)| (*line, (*text).to_owned()))
            .collect()
    }

    #[test]
    fn quoted_fields_may_hold_delimiters_quotes_and_line_ends() {
        let expected = rows(&[(1, "a/b,c"), (2, "d\ne/\"f\""), (4, "g/h")]);
        assert_eq!(shown("a,\"b,c\"\n\"d\ne\",\"\"\"f\"\"\"\ng,h\n"), expected);
    }

    #[test]
    fn a_quote_that_is_not_closed_takes_its_own_line_only() {
        let bad = "! a quote is not closed: a,\"b";
        assert_eq!(
            shown("a,\"b\nc,d\ne,f\n"),
            rows(&[(1, bad), (2, "c/d"), (3, "e/f")])
        );
        assert_eq!(shown("c,d\na,\"b"), rows(&[(1, "c/d"), (2, bad)]));
        assert_eq!(
            shown("\"x,y\nc,d\n"),
            rows(&[(1, "! a quote is not closed: \"x,y"), (2, "c/d")])
        );
    }

    #[test]
    fn a_quote_inside_a_plain_field_is_a_character() {
        assert_eq!(
            shown("5\" pipe,b\nc,d\n"),
            rows(&[(1, "5\" pipe/b"), (2, "c/d")])
        );
    }
}
