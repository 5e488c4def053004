//! Rows of JSON lines: one object a line, whose members are found by the names of the columns.

use std::collections::HashMap;
use std::io::Read;

use planisphere_schemas::model::{DataType, FileFormat, Table};

use crate::source::Fault;
use crate::source::builder::BatchBuilder;

use super::Rows;
use super::delimited::encoding;
use super::fault::Named;
use super::json::{members, plain_number, plain_string, string};
use super::records::{Cut, LONGEST, Records};
use super::row::Row;
use super::text::Text;

/// A file of JSON lines that is being read.
pub(super) struct JsonLines {
    named: Named,
    records: Records,
    columns: Columns,
    row: Row,
    /// For each column whether any line had it.
    seen: Vec<bool>,
    rows: u64,
}

/// The declared columns by the names of their members; several columns may read one member.
struct Columns {
    by_name: HashMap<String, Vec<usize>>,
    /// For each column whether the line at hand has it.
    has: Vec<bool>,
}

impl JsonLines {
    /// Begins to read.
    ///
    /// # Errors
    /// A [`Fault`] if the encoding is unknown.
    pub(super) fn open(
        named: &Named,
        table: &Table,
        format: &FileFormat,
        bytes: Box<dyn Read>,
    ) -> Result<Self, Fault> {
        let cut = Cut {
            quotes: None,
            comment: None,
            blank_lines: true,
            longest: LONGEST,
        };
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, column) in table.columns.iter().enumerate() {
            by_name.entry(column.origin.clone()).or_default().push(at);
        }
        let has = vec![false; table.columns.len()];
        Ok(Self {
            named: named.clone(),
            records: Records::new(Text::new(bytes, encoding(named, format)?), cut),
            seen: has.clone(),
            columns: Columns { by_name, has },
            row: Row::new(table, format),
            rows: 0,
        })
    }

    /// A member that no line has may be a wrong name; it may also be one that is rarely there.
    fn tell_what_no_line_has(&self) {
        let never = |at: &usize| !self.seen[*at];
        for (name, at) in &self.columns.by_name {
            if self.rows > 0 && at.iter().all(never) {
                let (source, file) = (self.named.source.as_str(), self.named.file.as_str());
                tracing::warn!(source, file, member = %name, "no line of the file has this member");
            }
        }
    }
}

impl Rows for JsonLines {
    fn fill(&mut self, batch: &mut BatchBuilder<'_>, batch_rows: usize) -> Result<bool, Fault> {
        while !batch.is_full(batch_rows) {
            let next = self.records.next();
            let Some(record) = next.map_err(|error| self.named.failed(error))? else {
                self.tell_what_no_line_has();
                return Ok(false);
            };
            let read = match &record.fault {
                Some(fault) => Err(fault.clone()),
                None => self.columns.read(record.text, &mut self.row),
            };
            match read {
                Ok(()) => batch.row(&self.row.cells(record.text), record.number),
                Err(fault) => batch.unreadable_row(record.shown(), record.number, fault),
            }
            self.rows += 1;
            let has = self.seen.iter_mut().zip(&self.columns.has);
            has.for_each(|(seen, has)| *seen |= has);
        }
        Ok(true)
    }
}

impl Columns {
    /// Reads the members of a line into a row.
    fn read(&mut self, line: &str, row: &mut Row) -> Result<(), String> {
        row.clear();
        self.has.fill(false);
        members(line, |name, value| {
            for at in self.by_name.get(name).into_iter().flatten() {
                if std::mem::replace(&mut self.has[*at], true) {
                    return Err(format!("'{name}' stands twice in the object"));
                }
                put(row, *at, line, value)?;
            }
            Ok(())
        })
    }
}

/// Gives a column a value as it is written in the line.
fn put(row: &mut Row, column: usize, line: &str, value: &str) -> Result<(), String> {
    let from = value.as_ptr() as usize - line.as_ptr() as usize;
    let to = from + value.len();
    match value.as_bytes().first() {
        Some(b'n') => {}
        Some(b'"') => match plain_string(value) {
            Some(_) => row.text(column, line, from + 1, to - 1),
            None => row.own(column, string(value)?),
        },
        Some(b'-' | b'0'..=b'9') => match row.data_type(column) {
            Some(DataType::Integer | DataType::Bigint | DataType::Decimal(..)) => {
                number(row, column, line, (from, to));
            }
            Some(DataType::Date | DataType::Timestamp) => row.unfit(column, from, to),
            _ => row.text(column, line, from, to),
        },
        // of true, false and what is nested only texts and booleans take anything
        _ => row.text(column, line, from, to),
    }
    Ok(())
}

/// JSON knows one kind of number: 1.0 and 1e0 are as whole as 1.
fn number(row: &mut Row, column: usize, line: &str, (from, to): (usize, usize)) {
    let written = &line[from..to];
    if written
        .bytes()
        .all(|byte| byte == b'-' || byte.is_ascii_digit())
    {
        row.text(column, line, from, to);
    } else if let Some(plain) = plain_number(written) {
        row.own(column, plain);
    } else {
        row.unfit(column, from, to);
    }
}
