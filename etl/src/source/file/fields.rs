//! A record cut into fields.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::{memchr, memchr_iter};

/// How the fields of a record are told from each other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Between {
    /// By runs of spaces and tabs.
    WhiteSpace,
    /// By a character, with quotes where there is a second one.
    Character(u8, Option<u8>),
}

/// The fields of one record, used again for the next.
pub(super) struct Fields {
    between: Between,
    quotes: Option<Box<Reader>>,
    ranges: Vec<(usize, usize)>,
    /// The fields without their quotes, if the record has quotes.
    unquoted: Option<String>,
}

impl Fields {
    pub(super) fn new(between: Between) -> Self {
        let quotes = match between {
            Between::Character(delimiter, Some(quote)) => {
                let mut builder = ReaderBuilder::new();
                builder
                    .delimiter(delimiter)
                    .quote(quote)
                    .terminator(Terminator::Any(b'\n'));
                Some(Box::new(builder.build()))
            }
            _ => None,
        };
        Self {
            between,
            quotes,
            ranges: Vec::new(),
            unquoted: None,
        }
    }

    /// Cuts a record, whose quotes are closed where fields end.
    pub(super) fn cut(&mut self, record: &str) {
        self.ranges.clear();
        self.unquoted = None;
        match self.between {
            Between::WhiteSpace => self.white_space(record),
            Between::Character(delimiter, quote) => {
                let quoted = quote.is_some_and(|quote| memchr(quote, record.as_bytes()).is_some());
                match quoted {
                    true => self.quoted(record),
                    false => self.plain(record, delimiter),
                }
            }
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Where a field stands in the base.
    pub(super) fn range(&self, at: usize) -> (usize, usize) {
        self.ranges[at]
    }

    /// The text in which the fields stand.
    pub(super) fn base<'a>(&'a self, record: &'a str) -> &'a str {
        self.unquoted.as_deref().unwrap_or(record)
    }

    fn white_space(&mut self, record: &str) {
        let start = record.as_ptr() as usize;
        let range = |field: &str| {
            let from = field.as_ptr() as usize - start;
            (from, from + field.len())
        };
        self.ranges
            .extend(record.split_ascii_whitespace().map(range));
    }

    fn plain(&mut self, record: &str, delimiter: u8) {
        let mut from = 0;
        for at in memchr_iter(delimiter, record.as_bytes()) {
            self.ranges.push((from, at));
            from = at + 1;
        }
        self.ranges.push((from, record.len()));
    }

    fn quoted(&mut self, record: &str) {
        let Some(reader) = &mut self.quotes else {
            return;
        };
        let mut output = vec![0; record.len()];
        let mut ends = vec![0; record.len() + 1];
        reader.reset();
        // the end of a record is an empty input
        let (mut read, mut written, mut fields) = (0, 0, 0);
        loop {
            let input = &record.as_bytes()[read..];
            let (result, used, more, ended) =
                reader.read_record(input, &mut output[written..], &mut ends[fields..]);
            (read, written, fields) = (read + used, written + more, fields + ended);
            if result != ReadRecordResult::InputEmpty {
                break;
            }
        }
        output.truncate(written);
        let mut from = 0;
        for end in &ends[..fields] {
            self.ranges.push((from, *end));
            from = *end;
        }
        // quotes and delimiters are ASCII, so that what is left is whole
        self.unquoted = String::from_utf8(output).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(between: Between, record: &str) -> Vec<String> {
        let mut fields = Fields::new(between);
        fields.cut("\"left,over\",x");
        fields.cut(record);
        let base = fields.base(record);
        let field = |at| {
            let (from, to) = fields.range(at);
            base[from..to].to_owned()
        };
        (0..fields.len()).map(field).collect()
    }

    #[test]
    fn fields_are_told_from_each_other() {
        let csv = Between::Character(b',', Some(b'"'));
        assert_eq!(fields(csv, "a,,c,"), ["a", "", "c", ""]);
        assert_eq!(
            fields(csv, "\"a,b\",\"c\nd\",\"\"\"e\"\"\""),
            ["a,b", "c\nd", "\"e\""]
        );
        assert_eq!(fields(csv, "\"\",x,\"\""), ["", "x", ""]);
        assert_eq!(
            fields(csv, "\"茶\r\n\",5\" pipe,\"\""),
            ["茶\r\n", "5\" pipe", ""]
        );
        assert_eq!(fields(csv, "\"a\""), ["a"]);
        assert_eq!(
            fields(Between::Character(b';', None), "\"a;b\";c"),
            ["\"a", "b\"", "c"]
        );
        assert_eq!(
            fields(Between::Character(b'|', Some(b'\'')), "'a|''b'|\"c"),
            ["a|'b", "\"c"]
        );
        assert_eq!(
            fields(Between::WhiteSpace, "  a \t b\u{3000}c "),
            ["a", "b\u{3000}c"]
        );
    }
}
