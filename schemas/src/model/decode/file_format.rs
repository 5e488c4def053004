//! The `format` of a table that is a file. Options that a kind of file does not have are faults.

use crate::document::{Decoder, Faults, Fields, Node, Place, Value};
use crate::model::file_format::{Compression, FileFormat, FileKind};

const KINDS: [(&str, FileKind); 3] = [
    ("delimited", FileKind::Delimited),
    ("json_lines", FileKind::JsonLines),
    ("parquet", FileKind::Parquet),
];

const COMPRESSIONS: [(&str, Compression); 3] = [
    ("none", Compression::None),
    ("gz", Compression::Gz),
    ("zstd", Compression::Zstd),
];

/// Options of delimited files only.
const DELIMITED: [&str; 7] = [
    "delimiter",
    "header",
    "quote",
    "skip_lines",
    "comment",
    "decimal",
    "thousands",
];

/// Options of files that are text.
const TEXT: [&str; 3] = ["encoding", "nulls", "compression"];

/// Decodes a format: a mapping, or the name of a kind alone.
pub(super) fn format(node: &Node, faults: &mut Faults) -> Option<FileFormat> {
    if let Value::Text(word) = &node.value {
        let kinds = KINDS
            .iter()
            .filter(|(_, kind)| *kind != FileKind::Delimited);
        let names = kinds.clone().map(|(name, _)| *name);
        return match kinds.clone().find(|(name, _)| name == word) {
            Some((_, kind)) => Some(FileFormat::of(*kind)),
            None => {
                faults.unknown(&node.place, "file format", word, names);
                None
            }
        };
    }
    let mut fields = Fields::of(node, "a file format", faults)?;
    let kind = fields.choice("kind", &KINDS).unwrap_or_default();
    let plain = FileFormat::of(kind);
    if kind == FileKind::Delimited {
        fields.required("delimiter");
    }
    refuse_what_the_kind_lacks(node, kind, &mut fields);
    fields.optional("nulls");
    let delimiter = match fields.optional("delimiter") {
        None => plain.delimiter,
        Some(node) => delimiter(node, fields.faults()),
    };
    let format = FileFormat {
        kind,
        delimiter,
        header: fields.or("header", plain.header),
        encoding: fields.or("encoding", plain.encoding),
        quote: match fields.optional("quote") {
            None => plain.quote.filter(|_| delimiter.is_some()),
            Some(node) if node.value == Value::Text("none".into()) => None,
            Some(node) => ascii(
                node,
                "quote must be one ASCII character or 'none'",
                fields.faults(),
            ),
        },
        skip_lines: fields.or("skip_lines", 0),
        comment: fields
            .optional("comment")
            .and_then(|node| ascii(node, "comment must be one ASCII character", fields.faults())),
        nulls: match node.get("nulls") {
            None => plain.nulls,
            Some(node) => spellings(node, fields.faults()),
        },
        decimal: fields
            .optional("decimal")
            .and_then(|node| mark(node, "decimal", fields.faults()))
            .unwrap_or(plain.decimal),
        thousands: fields
            .optional("thousands")
            .and_then(|node| mark(node, "thousands", fields.faults())),
        compression: fields
            .choice("compression", &COMPRESSIONS)
            .unwrap_or_default(),
    };
    let place = fields.place().clone();
    contradictions(&format, &place, fields.faults());
    fields.finish();
    Some(format)
}

/// Every option is asked for, so that `finish` does not call it unknown.
fn refuse_what_the_kind_lacks(node: &Node, kind: FileKind, fields: &mut Fields<'_, '_>) {
    let (name, refused): (&str, Vec<&'static str>) = match kind {
        FileKind::Delimited => return,
        FileKind::JsonLines => ("JSON lines have", DELIMITED.to_vec()),
        FileKind::Parquet => ("a Parquet file has", [&DELIMITED[..], &TEXT[..]].concat()),
    };
    for option in refused {
        if let Some(value) = node.get(option) {
            let message = format!("{name} no '{option}'");
            fields.faults().add(&value.place, message);
        }
    }
}

fn delimiter(node: &Node, faults: &mut Faults) -> Option<char> {
    match node.scalar_text().as_deref() {
        Some("whitespace") => None,
        Some("tab") => Some('\t'),
        _ => {
            let message = "delimiter must be one ASCII character, 'tab' or 'whitespace'";
            Some(ascii(node, message, faults).unwrap_or(','))
        }
    }
}

/// One ASCII character that is no line end.
fn ascii(node: &Node, message: &str, faults: &mut Faults) -> Option<char> {
    let found = one(node).filter(|c| c.is_ascii() && !matches!(c, '\r' | '\n'));
    if found.is_none() {
        faults.add(&node.place, message);
    }
    found
}

/// A character of the way in which numbers are written.
fn mark(node: &Node, option: &str, faults: &mut Faults) -> Option<char> {
    let found = one(node).filter(|c| !c.is_alphanumeric() && !matches!(c, '+' | '-' | '\r' | '\n'));
    if found.is_none() {
        faults.add(
            &node.place,
            format!("{option} must be one character that is no digit, letter or sign"),
        );
    }
    found
}

fn one(node: &Node) -> Option<char> {
    let text = node.scalar_text()?;
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}

/// A list of texts, or one. YAML has a null of its own, whose spelling is not known here.
fn spellings(node: &Node, faults: &mut Faults) -> Vec<String> {
    let alone = std::slice::from_ref(node);
    let items = match &node.value {
        Value::Sequence(items) => items.as_slice(),
        _ => alone,
    };
    let mut spelling = |item: &Node| match item.value {
        Value::Null => {
            faults.add(
                &item.place,
                "write a spelling of null in quotes, such as 'NULL'",
            );
            None
        }
        _ => String::decode(item, faults),
    };
    items.iter().filter_map(&mut spelling).collect()
}

fn contradictions(format: &FileFormat, place: &Place, faults: &mut Faults) {
    let mut roles = vec![("quote", format.quote), ("comment", format.comment)];
    roles.push(("delimiter", format.delimiter));
    for (at, (name, character)) in roles.iter().enumerate() {
        let twin = roles[at + 1..]
            .iter()
            .find(|(_, other)| character.is_some() && other == character);
        if let Some((other, _)) = twin {
            faults.add(place, format!("{name} and {other} are the same character"));
        }
    }
    if format.delimiter.is_none() && format.quote.is_some() {
        faults.add(place, "fields between white space have no quotes");
    }
    if format.thousands == Some(format.decimal) {
        faults.add(place, "decimal and thousands are the same character");
    }
}
