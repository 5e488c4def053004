//! How a file of a source is written. Not responsible for reading it: that is etl's.

use serde::{Deserialize, Serialize};

/// How a file is written.
///
/// Fields that came later have defaults, so that models in manifests of older versions can still be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileFormat {
    /// What its rows are.
    #[serde(default)]
    pub kind: FileKind,
    /// The character between fields of a delimited file; `None` means runs of spaces and tabs.
    pub delimiter: Option<char>,
    /// True if the first line of a delimited file names the columns.
    pub header: bool,
    /// The character encoding by its WHATWG label, such as `utf-8` or `gb18030`.
    pub encoding: String,
    /// The character around fields that hold delimiters or line ends; `None` makes it a character like others.
    #[serde(default = "double_quote")]
    pub quote: Option<char>,
    /// Lines before the header, or before the first row, that are no part of the table.
    #[serde(default)]
    pub skip_lines: u64,
    /// Lines that begin with this character are no rows.
    #[serde(default)]
    pub comment: Option<char>,
    /// Texts that mean no value.
    #[serde(default = "empty_text")]
    pub nulls: Vec<String>,
    /// The character between whole and fraction of a number in a delimited file.
    #[serde(default = "point")]
    pub decimal: char,
    /// The character between groups of three digits of such a number.
    #[serde(default)]
    pub thousands: Option<char>,
    /// How the bytes of the file are packed.
    #[serde(default)]
    pub compression: Compression,
}

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Lines of fields.
    #[default]
    Delimited,
    /// One JSON object a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

/// How the bytes of a file are packed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// As the end of its name says: `.gz`, `.zst`, otherwise not.
    #[default]
    ByName,
    /// Not, whatever its name is.
    None,
    /// By gzip.
    Gz,
    /// By Zstandard.
    Zstd,
}

impl FileFormat {
    /// The format of a file of a kind about which nothing else is said.
    pub fn of(kind: FileKind) -> Self {
        Self {
            kind,
            delimiter: Some(','),
            header: true,
            encoding: "utf-8".into(),
            quote: double_quote(),
            skip_lines: 0,
            comment: None,
            // only a delimited file has no other way to say it
            nulls: match kind {
                FileKind::Delimited => empty_text(),
                FileKind::JsonLines | FileKind::Parquet => Vec::new(),
            },
            decimal: point(),
            thousands: None,
            compression: Compression::ByName,
        }
    }
}

fn double_quote() -> Option<char> {
    Some('"')
}

fn empty_text() -> Vec<String> {
    vec![String::new()]
}

fn point() -> char {
    '.'
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_format_of_an_older_manifest_means_what_it_meant() {
        let older = r#"{"delimiter": ";", "header": false, "encoding": "gb18030"}"#;
        let read: FileFormat = serde_json::from_str(older).unwrap();
        let expected = FileFormat {
            delimiter: Some(';'),
            header: false,
            encoding: "gb18030".into(),
            ..FileFormat::of(FileKind::Delimited)
        };
        assert_eq!(read, expected);
    }
}
