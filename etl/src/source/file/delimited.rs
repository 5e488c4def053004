//! Rows of delimited files: a header by whose names columns are found, fields, cells.

use std::collections::BTreeSet;
use std::io::Read;

use encoding_rs::Encoding;
use planisphere_schemas::model::{FileFormat, Table};

use crate::source::builder::BatchBuilder;
use crate::source::{Fault, lookup};

use super::Rows;
use super::fault::Named;
use super::fields::{Between, Fields};
use super::records::{Cut, LONGEST, Record, Records};
use super::row::Row;
use super::text::Text;

/// A delimited file that is being read.
pub(super) struct Delimited {
    named: Named,
    records: Records,
    fields: Fields,
    row: Row,
    /// For each declared column its position in a record.
    positions: Vec<usize>,
    width: usize,
}

impl Delimited {
    /// Begins to read: skips lines, reads the header.
    ///
    /// # Errors
    /// A [`Fault`] if the file is not what the format says.
    pub(super) fn open(
        named: &Named,
        table: &Table,
        format: &FileFormat,
        bytes: Box<dyn Read>,
    ) -> Result<Self, Fault> {
        let failed = |error| named.failed(error);
        let between = between(format);
        let mut records = records(named, format, between, bytes)?;
        records.skip_lines(format.skip_lines).map_err(failed)?;
        let mut fields = Fields::new(between);
        let (positions, width) = match format.header {
            false => ((0..table.columns.len()).collect(), table.columns.len()),
            true => {
                let names = header(named, records.next().map_err(failed)?, &mut fields)?;
                (by_name(named, table, &names)?, names.len())
            }
        };
        Ok(Self {
            named: named.clone(),
            records,
            fields,
            row: Row::new(table, format),
            positions,
            width,
        })
    }
}

impl Rows for Delimited {
    fn fill(&mut self, batch: &mut BatchBuilder<'_>, batch_rows: usize) -> Result<bool, Fault> {
        while !batch.is_full(batch_rows) {
            let next = self.records.next();
            let Some(record) = next.map_err(|error| self.named.failed(error))? else {
                return Ok(false);
            };
            let mut fault = record.fault.clone();
            if fault.is_none() {
                self.fields.cut(record.text);
                let (found, width) = (self.fields.len(), self.width);
                fault = (found != width).then(|| format!("{found} fields instead of {width}"));
            }
            if let Some(fault) = fault {
                batch.unreadable_row(record.shown(), record.number, fault);
                continue;
            }
            let base = self.fields.base(record.text);
            for (column, at) in self.positions.iter().enumerate() {
                let (from, to) = self.fields.range(*at);
                self.row.text(column, base, from, to);
            }
            batch.row(&self.row.cells(base), record.number);
        }
        Ok(true)
    }
}

fn between(format: &FileFormat) -> Between {
    // the model takes ASCII characters only
    let byte = |character: char| u8::try_from(character).ok();
    match format.delimiter.and_then(byte) {
        None => Between::WhiteSpace,
        Some(delimiter) => Between::Character(delimiter, format.quote.and_then(byte)),
    }
}

fn records(
    named: &Named,
    format: &FileFormat,
    between: Between,
    bytes: Box<dyn Read>,
) -> Result<Records, Fault> {
    let cut = Cut {
        quotes: match between {
            Between::Character(delimiter, Some(quote)) => Some((delimiter, quote)),
            _ => None,
        },
        comment: format.comment,
        blank_lines: matches!(between, Between::WhiteSpace),
        longest: LONGEST,
    };
    Ok(Records::new(
        Text::new(bytes, encoding(named, format)?),
        cut,
    ))
}

/// The encoding that a format names.
///
/// # Errors
/// A [`Fault`] if there is none of that name.
pub(super) fn encoding(named: &Named, format: &FileFormat) -> Result<&'static Encoding, Fault> {
    let hint = "name the file's own encoding in the table's format, such as 'encoding: gb18030' or 'encoding: windows-1252'";
    Encoding::for_label(format.encoding.as_bytes())
        .ok_or_else(|| named.content(format!("unknown encoding '{}'", format.encoding), hint))
}

/// The names in the first record.
fn header(
    named: &Named,
    first: Option<Record<'_>>,
    fields: &mut Fields,
) -> Result<Vec<String>, Fault> {
    let hint = "write the names of the columns into the first line, or say 'header: false', or how many lines stand before it, such as 'skip_lines: 2', in the table's format";
    let Some(record) = first else {
        let reason = "it is empty; a line with the names of the columns is expected";
        return Err(named.content(reason, hint));
    };
    if let Some(fault) = record.fault {
        let reason = format!("line {}, the names of the columns: {fault}", record.number);
        return Err(named.content(reason, hint));
    }
    if record.text.contains('\r') && !record.text.contains('\n') {
        let hint = "write its lines with line feeds, for example by tr '\\r' '\\n', or quote names that hold carriage returns";
        return Err(named.content("its lines end with carriage returns alone", hint));
    }
    fields.cut(record.text);
    let base = fields.base(record.text);
    let name = |at| {
        let (from, to) = fields.range(at);
        base[from..to].trim().to_owned()
    };
    Ok((0..fields.len()).map(name).collect())
}

/// The positions of the declared columns in a header.
fn by_name(named: &Named, table: &Table, header: &[String]) -> Result<Vec<usize>, Fault> {
    let mut seen = BTreeSet::new();
    let twice: BTreeSet<&String> = header.iter().filter(|name| !seen.insert(*name)).collect();
    let position = |origin: &String| {
        if twice.contains(origin) {
            let hint = "give the columns of the file different names, or say 'header: false' and declare them all in their order";
            return Err(named.content(format!("two of its columns are named '{origin}'"), hint));
        }
        let found = header.iter().position(|name| name == origin);
        found.ok_or_else(|| {
            let file = Table {
                origin: named.file.clone(),
                ..table.clone()
            };
            lookup::not_in_source(&named.source, "file", &file, Some(origin), header).into()
        })
    };
    let columns = table.columns.iter();
    columns.map(|column| position(&column.origin)).collect()
}
