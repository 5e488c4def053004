//! Answers on stdout: aligned tables, CSV, JSON. Everything else goes to stderr.

use std::io::Write as _;

use clap::ValueEnum;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// An aligned table for people.
    Table,
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a row; of a load and an extraction one for all of it.
    Json,
}

/// Rows of texts under named columns; columns of numbers are right-aligned.
pub(super) struct Grid {
    columns: Vec<(&'static str, bool)>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A grid; each column is a name and whether it holds numbers.
    pub(super) fn new(columns: &[(&'static str, bool)]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// True without rows.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The grid as text in a form.
    pub(super) fn show(&self, format: Format) -> String {
        match format {
            Format::Table => self.table(),
            Format::Csv => self.csv(),
            Format::Json => self.json(),
        }
    }

    fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(self.columns.iter().map(|column| column.0));
        for row in &self.rows {
            table.add_row(row);
        }
        for (at, (_, number)) in self.columns.iter().enumerate() {
            if let (true, Some(column)) = (*number, table.column_mut(at)) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.to_string()
    }

    fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut lines = vec![
            self.columns
                .iter()
                .map(|column| column.0.to_owned())
                .collect(),
        ];
        lines.extend(self.rows.iter().cloned());
        for line in lines {
            // writing into memory does not fail
            let _ = writer.write_record(line);
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes).trim_end().to_owned()
    }

    fn json(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let cells = self.columns.iter().zip(row);
            let cells = cells.map(|((name, number), cell)| {
                let plain = cell.replace(',', "");
                let value = match plain.parse::<i64>() {
                    Ok(value) if *number => value.into(),
                    _ => serde_json::Value::from(cell.clone()),
                };
                ((*name).to_owned(), value)
            });
            serde_json::Value::Object(cells.collect()).to_string()
        });
        rows.collect::<Vec<_>>().join("\n")
    }
}

/// Prints an answer to stdout.
pub(super) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // a closed pipe is the reader's choice
    let _ = writeln!(out, "{text}");
}

/// Prints a line to stderr.
pub(super) fn complain(text: &str) {
    super::screen::line(text);
}

/// A text in a colour, on terminals only.
pub(super) fn paint(text: &str, code: &str, terminal: bool) -> String {
    match terminal {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    }
}

/// A count with thousands separators.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in a unit that people read.
pub(super) fn bytes(number: u64) -> String {
    indicatif::HumanBytes(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_separators() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(1_234_567), "1,234,567");
    }

    #[test]
    fn a_grid_shows_in_three_forms() {
        let mut grid = Grid::new(&[("name", false), ("rows", true)]);
        grid.row(vec!["客户".into(), "1,234".into()]);
        assert_eq!(grid.show(Format::Csv), "name,rows\n客户,\"1,234\"");
        assert_eq!(grid.show(Format::Json), "{\"name\":\"客户\",\"rows\":1234}");
        assert!(grid.show(Format::Table).contains("1,234"));
    }
}
