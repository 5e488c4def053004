//! An answer as rows of values, and the three ways to write it: table, CSV, JSON.

use std::borrow::Cow;
use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde_json::{Map, Value};

use super::args::Format;

/// Rows of values under named columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sheet {
    /// The columns.
    pub(super) columns: Vec<Column>,
    /// The rows; each has a cell for each column.
    pub(super) rows: Vec<Vec<Shown>>,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    /// The name in CSV and JSON.
    pub(super) name: String,
    /// The heading in tables.
    pub(super) heading: String,
    /// True for numbers, which stand on the right.
    pub(super) right: bool,
}

/// A value with the way people read it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown {
    /// Unrounded.
    pub(super) value: Value,
    /// For tables.
    pub(super) text: String,
}

impl Shown {
    /// A text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            value: Value::String(text.clone()),
            text,
        }
    }

    /// Nothing.
    pub(super) fn nothing() -> Self {
        Self {
            value: Value::Null,
            text: String::new(),
        }
    }
}

impl Column {
    /// A column of texts.
    pub(super) fn text(name: impl Into<String>, heading: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            heading: heading.into(),
            right: false,
        }
    }

    /// A column of numbers.
    pub(super) fn number(name: impl Into<String>, heading: impl Into<String>) -> Self {
        Self {
            right: true,
            ..Self::text(name, heading)
        }
    }
}

/// Writes a sheet; `about` stands around the rows in JSON.
pub(super) fn write(
    out: &mut impl Write,
    sheet: &Sheet,
    format: Format,
    about: Map<String, Value>,
) -> io::Result<()> {
    match format {
        Format::Table => write_table(out, sheet),
        Format::Csv => write_csv(out, sheet),
        Format::Json => write_json(out, sheet, about),
    }
}

/// An aligned table; wide characters count for two, and what would move the cursor is written out.
pub(super) fn write_table(out: &mut impl Write, sheet: &Sheet) -> io::Result<()> {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Disabled);
    let aligned = |text: &str, right: bool| {
        let side = if right {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        };
        Cell::new(visible(text)).set_alignment(side)
    };
    table.set_header(
        sheet
            .columns
            .iter()
            .map(|column| aligned(&column.heading, column.right)),
    );
    for row in &sheet.rows {
        let cells = row.iter().zip(&sheet.columns);
        table.add_row(cells.map(|(shown, column)| aligned(&shown.text, column.right)));
    }
    writeln!(out, "{table}")
}

/// The text with control characters and marks of direction as escapes, as `\t`; lines stay lines.
fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(moves) {
        return Cow::Borrowed(text);
    }
    let escaped = |it: char| match moves(it) {
        true => it.escape_default().to_string(),
        false => it.to_string(),
    };
    Cow::Owned(text.chars().map(escaped).collect())
}

/// True for characters that a terminal obeys instead of showing them.
fn moves(it: char) -> bool {
    let direction =
        matches!(it, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    it != '\n'
        && (it.is_control() || direction || matches!(it, '\u{2028}' | '\u{2029}' | '\u{feff}'))
}

/// Comma-separated values after RFC 4180, with line feeds.
fn write_csv(out: &mut impl Write, sheet: &Sheet) -> io::Result<()> {
    let names = sheet.columns.iter().map(|column| quoted(&column.name));
    writeln!(out, "{}", names.collect::<Vec<_>>().join(","))?;
    for row in &sheet.rows {
        let values = row.iter().map(|shown| quoted(&plain(&shown.value)));
        writeln!(out, "{}", values.collect::<Vec<_>>().join(","))?;
    }
    Ok(())
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

fn write_json(
    out: &mut impl Write,
    sheet: &Sheet,
    mut about: Map<String, Value>,
) -> io::Result<()> {
    let object = |row: &Vec<Shown>| -> Value {
        let cells = sheet.columns.iter().zip(row);
        cells
            .map(|(column, shown)| (column.name.clone(), shown.value.clone()))
            .collect()
    };
    about.insert("rows".into(), sheet.rows.iter().map(object).collect());
    serde_json::to_writer_pretty(&mut *out, &about)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    fn sheet() -> Sheet {
        let number = |value: &str, text: &str| Shown {
            value: json!(value),
            text: text.into(),
        };
        Sheet {
            columns: vec![
                Column::text("segment", "客户"),
                Column::number("net", "Net amount"),
            ],
            rows: vec![
                vec![Shown::text("重要, \"A\""), number("1234.5000", "1,234.50")],
                vec![Shown::nothing(), number("7.0000", "7.00")],
            ],
        }
    }

    fn written(format: Format) -> String {
        let mut out = Vec::new();
        let about = Map::from_iter([("warehouse_version".to_owned(), json!(3))]);
        write(&mut out, &sheet(), format, about).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn tables_align_wide_characters_and_numbers() {
        let expected = "\
┌───────────┬────────────┐
│ 客户      ┆ Net amount │
╞═══════════╪════════════╡
│ 重要, \"A\" ┆   1,234.50 │
│           ┆       7.00 │
└───────────┴────────────┘
";
        assert_eq!(written(Format::Table), expected);
    }

    #[test]
    fn what_would_move_the_cursor_is_written_out() {
        for (text, expected) in [
            ("a\tb", "a\\tb"),
            ("a\r\u{1b}[31mb", "a\\r\\u{1b}[31mb"),
            ("\u{202e}abc", "\\u{202e}abc"),
            ("two\nlines 😀 é", "two\nlines 😀 é"),
        ] {
            assert_eq!(visible(text), expected);
        }
        let mut out = Vec::new();
        let rows =
            ["a\tb", "😀 sold", "plain"].map(|text| vec![Shown::text(text), Shown::text("x")]);
        let columns = vec![Column::text("a", "A"), Column::text("b", "B")];
        let sheet = Sheet {
            columns,
            rows: rows.to_vec(),
        };
        write_table(&mut out, &sheet).unwrap();
        let table = String::from_utf8(out).unwrap();
        assert!(
            table.contains("│ a\\tb    ┆ x │\n│ 😀 sold ┆ x │\n│ plain   ┆ x │"),
            "{table}"
        );
    }

    #[test]
    fn csv_quotes_and_keeps_all_digits() {
        assert_eq!(
            written(Format::Csv),
            "segment,net\n\"重要, \"\"A\"\"\",1234.5000\n,7.0000\n"
        );
    }

    #[test]
    fn json_names_the_version_and_keeps_decimals_as_texts() {
        let parsed: Value = serde_json::from_str(&written(Format::Json)).unwrap();
        assert_eq!(parsed["warehouse_version"], 3);
        assert_eq!(parsed["rows"][0]["net"], "1234.5000");
        assert_eq!(parsed["rows"][1]["segment"], Value::Null);
    }
}
