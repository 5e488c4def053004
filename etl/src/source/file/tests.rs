//! Records of texts in any encoding and in pieces of any size; what quotes, bad bytes and long lines become.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{self, Cursor, Read};

use encoding_rs::Encoding;
use proptest::prelude::*;

use super::fields::{Between, Fields};
use super::records::{Cut, LONGEST, Records};
use super::text::Text;

const CSV: Cut = Cut {
    quotes: Some((b',', b'"')),
    comment: None,
    blank_lines: false,
    longest: LONGEST,
};

const LINES: Cut = Cut {
    quotes: None,
    ..CSV
};

/// Gives its bytes in pieces of these sizes, again and again.
struct Pieces {
    bytes: Cursor<Vec<u8>>,
    sizes: Vec<usize>,
    next: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.next % self.sizes.len()].min(buffer.len());
        self.next += 1;
        self.bytes.read(&mut buffer[..size])
    }
}

/// What the records of bytes are: number, fields or the fault and the text.
fn records(bytes: &[u8], encoding: &str, cut: Cut, sizes: &[usize]) -> Vec<(i64, String)> {
    let pieces = Pieces {
        bytes: Cursor::new(bytes.to_vec()),
        sizes: sizes.to_vec(),
        next: 0,
    };
    let encoding = Encoding::for_label(encoding.as_bytes()).unwrap();
    let mut records = Records::new(Text::new(Box::new(pieces), encoding), cut);
    let mut fields = Fields::new(Between::Character(b',', cut.quotes.map(|(_, quote)| quote)));
    let mut all = Vec::new();
    while let Some(record) = records.next().unwrap() {
        let text = match record.fault {
            Some(fault) => format!("! {fault}: {}", record.text),
            None => {
                fields.cut(record.text);
                let range = |at| fields.range(at);
                let base = fields.base(record.text);
                let ranges = (0..fields.len()).map(range);
                let texts: Vec<&str> = ranges.map(|(from, to)| &base[from..to]).collect();
                texts.join("/")
            }
        };
        all.push((record.number, text));
    }
    all
}

fn check(text: &str, expected: &[(i64, &str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(line, text)| (*line, (*text).to_owned()))
        .collect();
    for sizes in [&[1][..], &[3], &[1 << 20]] {
        assert_eq!(
            records(text.as_bytes(), "utf-8", CSV, sizes),
            expected,
            "{sizes:?} {text}"
        );
    }
}

#[test]
fn quoted_fields_may_hold_delimiters_quotes_and_line_ends() {
    check(
        "a,\"b,c\"\n\"d\ne\",\"\"\"f\"\"\"\ng,h\n",
        &[(1, "a/b,c"), (2, "d\ne/\"f\""), (4, "g/h")],
    );
    check(
        "\"a\r\nb\",c\r\nd,\"e\"\r\n\r\nf,\"g\"",
        &[(1, "a\r\nb/c"), (3, "d/e"), (5, "f/g")],
    );
}

#[test]
fn a_quote_that_is_not_closed_takes_its_own_line_only() {
    let bad = "! a quote is not closed: a,\"b";
    check("a,\"b\nc,d\ne,f\n", &[(1, bad), (2, "c/d"), (3, "e/f")]);
    check("c,d\na,\"b", &[(1, "c/d"), (2, bad)]);
    check(
        "\"x,y\nc,d\n",
        &[(1, "! a quote is not closed: \"x,y"), (2, "c/d")],
    );
    // two of them, between which the lines seem to be quoted
    let early = "! a quote is closed in the middle of a field: a,\"b";
    check(
        "a,\"b\nc,d\na,\"b\ne,f\n",
        &[(1, early), (2, "c/d"), (3, bad), (4, "e/f")],
    );
    check(
        "a,\"b\"c,d\ne,f\n",
        &[
            (
                1,
                "! a quote is closed in the middle of a field: a,\"b\"c,d",
            ),
            (2, "e/f"),
        ],
    );
}

#[test]
fn a_quote_inside_a_plain_field_is_a_character() {
    check("5\" pipe,b\nc,d\n", &[(1, "5\" pipe/b"), (2, "c/d")]);
}

#[test]
fn a_carriage_return_alone_is_a_character_and_a_last_line_needs_no_end() {
    check("a\rb,c\r\nd,e", &[(1, "a\rb/c"), (2, "d/e")]);
}

#[test]
fn bytes_of_another_encoding_spoil_their_own_record_only() {
    let bytes = b"a,b\nc,\xff\xfed\n\"e\n\xc3\",f\ng,h\n\xe8\x8c";
    let bad = "! holds bytes that are not UTF-8: ";
    let expected = [
        (1, "a/b".to_owned()),
        (2, format!("{bad}c,\u{fffd}\u{fffd}d")),
        (3, format!("{bad}\"e\n\u{fffd}\",f")),
        (5, "g/h".to_owned()),
        (6, format!("{bad}\u{fffd}")),
    ];
    for size in [1, 2, 5, 1000] {
        assert_eq!(records(bytes, "utf-8", CSV, &[size]), expected);
    }
}

#[test]
fn a_byte_order_mark_is_no_text_and_goes_before_the_named_encoding() {
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain("茶,b\n".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let big: Vec<u8> = [0xfe, 0xff]
        .into_iter()
        .chain("茶,b\n".encode_utf16().flat_map(u16::to_be_bytes))
        .collect();
    let utf8 = ["\u{feff}".as_bytes(), "茶,b\n".as_bytes()].concat();
    for (bytes, encoding) in [
        (utf16, "utf-16"),
        (big, "utf-16"),
        (utf8.clone(), "utf-8"),
        (utf8, "gb18030"),
    ] {
        for size in [1, 3, 100] {
            let found = records(&bytes, encoding, CSV, &[size]);
            assert_eq!(found, [(1, "茶/b".to_owned())], "{encoding}");
        }
    }
}

#[test]
fn records_that_are_too_long_are_told_and_left_behind() {
    let cut = Cut { longest: 50, ..CSV };
    let long = "x".repeat(51);
    let text = format!(
        "a,b\n{long},c\nd,{}\n\"e\n{}\nf,g\n\"h\",i",
        "y".repeat(48),
        "z\n".repeat(30)
    );
    let mut expected = vec![
        (1, "a/b".to_owned()),
        (2, format!("! a line longer than 50 bytes: {long},c")),
        (3, format!("d/{}", "y".repeat(48))),
        (4, "! a quote is not closed within 50 bytes: \"e".to_owned()),
    ];
    expected.extend((5..35).map(|line| (line, "z".to_owned())));
    expected.extend([(36, "f/g".to_owned()), (37, "h/i".to_owned())]);
    for size in [7, 1000] {
        let mut found = records(text.as_bytes(), "utf-8", cut, &[size]);
        // how much of a line that is too long is shown depends on what was there
        found[1].1.truncate(expected[1].1.len());
        expected[1].1.truncate(found[1].1.len());
        assert_eq!(found, expected, "{size}");
    }
}

#[test]
fn lines_with_a_sign_and_lines_before_the_header_are_no_records() {
    let cut = Cut {
        comment: Some('#'),
        ..CSV
    };
    let bytes = b"# \"open\na,b\n#c,d\n\n\"#e\",f\n#".to_vec();
    let expected = [(2, "a/b".to_owned()), (5, "#e/f".to_owned())];
    assert_eq!(records(&bytes, "utf-8", cut, &[4]), expected);
    let source = Box::new(Cursor::new(b"report of \"June\n\n\na,b\n".to_vec()));
    let mut records = Records::new(Text::new(source, encoding_rs::UTF_8), CSV);
    records.skip_lines(2).unwrap();
    let record = records.next().unwrap().unwrap();
    assert_eq!((record.number, record.text), (4, "a,b"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However the bytes come, the records are the same, and none of the text is lost.
    #[test]
    fn pieces_of_any_size_give_the_same_records(
        text in "([a茶\u{1F375}é,\"\r\n]|\"\"|,\"|\"\n|\r\n|[ -~]){0,120}",
        encoding in prop::sample::select(vec!["utf-8", "gb18030", "utf-16le", "windows-1252", "shift_jis"]),
        sizes in prop::collection::vec(1_usize..40, 1..6),
        longest in prop::sample::select(vec![LONGEST, 20]),
        quotes in any::<bool>(),
        noise in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let label = Encoding::for_label(encoding.as_bytes()).unwrap();
        let mut bytes = match encoding {
            "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            _ => label.encode(&text).0.into_owned(),
        };
        for (at, byte) in noise {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        let cut = Cut { longest, ..if quotes { CSV } else { LINES } };
        let whole = records(&bytes, encoding, cut, &[usize::MAX]);
        let found = records(&bytes, encoding, cut, &sizes);
        let short = |records: &[(i64, String)]| -> Vec<(i64, String)> {
            let long = "! a line longer than";
            let short = |text: &String| if text.starts_with(long) { long.to_owned() } else { text.clone() };
            records.iter().map(|(line, text)| (*line, short(text))).collect()
        };
        prop_assert_eq!(short(&found), short(&whole));
        // every line that holds anything is some record's first line, or within the one before it
        let numbers: Vec<i64> = whole.iter().map(|(line, _)| *line).collect();
        prop_assert!(numbers.is_sorted_by(|a, b| a < b), "{:?}", numbers);
        if !quotes {
            let (text, _, _) = label.decode(&bytes);
            let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
            prop_assert_eq!(numbers.len(), lines.filter(|line| !line.is_empty()).count());
        }
    }
}
