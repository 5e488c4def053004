//! Text cut into records: lines, or what quotes hold together as RFC 4180 has it. Not responsible for fields.
//!
//! A quote that is never closed would swallow the lines after it, and one that is closed in the middle of a field
//! mixes them up. The first line of such a record becomes a record of its own that cannot be read, and reading goes on
//! with the next line.

use std::io;

use memchr::{memchr, memchr_iter, memchr2};

use super::text::Text;

/// The longest record.
pub(super) const LONGEST: usize = 16 << 20;

/// What is kept of a record that cannot be read.
const SHOWN: usize = 4 << 10;

/// How records are cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// The delimiter and the quote, where quotes hold lines together.
    pub(super) quotes: Option<(u8, u8)>,
    /// Lines that begin so are no records.
    pub(super) comment: Option<char>,
    /// True if lines of white space are no records either; empty lines never are.
    pub(super) blank_lines: bool,
    /// The most text of a record.
    pub(super) longest: usize,
}

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// The line at which it begins, from 1.
    pub(super) number: i64,
    /// Its text without the line end.
    pub(super) text: &'a str,
    /// Why it cannot be read.
    pub(super) fault: Option<String>,
}

impl Record<'_> {
    /// The text for people, not longer than they can read.
    pub(super) fn shown(&self) -> &str {
        &self.text[..self.text.floor_char_boundary(SHOWN)]
    }
}

/// The records of a text, one after the other.
pub(super) struct Records {
    text: Text,
    cut: Cut,
    /// The line at which the window begins, from 1.
    line: i64,
    /// What the last record took of the window, which it may still show.
    taken: Taken,
    /// The beginning of a line that is too long to be kept.
    too_long: String,
}

#[derive(Debug, Default, Clone, Copy)]
struct Taken {
    text: usize,
    lines: i64,
}

/// What stands at the beginning of a window.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// A record of that length, after which so much text is left out as a line end.
    Record(usize, usize),
    /// A record whose quotes are wrong, in words.
    Broken(&'static str),
    /// Not enough text.
    More,
}

const NOT_CLOSED: &str = "a quote is not closed";
const CLOSED_EARLY: &str = "a quote is closed in the middle of a field";

impl Records {
    pub(super) fn new(text: Text, cut: Cut) -> Self {
        Self {
            text,
            cut,
            line: 1,
            taken: Taken::default(),
            too_long: String::new(),
        }
    }

    /// Leaves lines behind.
    ///
    /// # Errors
    /// What reading fails with.
    pub(super) fn skip_lines(&mut self, lines: u64) -> io::Result<()> {
        for _ in 0..lines {
            if !self.pass_line()? {
                break;
            }
        }
        self.text.is_spoiled(0);
        Ok(())
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// What reading fails with.
    pub(super) fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        let (length, fault) = loop {
            self.leave();
            let rest = self.text.rest();
            if rest.is_empty() {
                if self.text.ended() {
                    return Ok(None);
                }
                self.text.fill()?;
                continue;
            }
            match self.cut.find(rest, self.text.ended()) {
                Found::Record(length, end) if length <= self.cut.longest => {
                    self.taken = taken(rest, length + end);
                    if self.cut.is_record(&rest[..length]) {
                        break (length, None);
                    }
                    self.text.is_spoiled(length + end);
                }
                Found::More if rest.len() <= self.cut.longest => self.text.fill()?,
                wrong => {
                    let fault = match wrong {
                        Found::Broken(fault) => fault.to_owned(),
                        _ => format!("{NOT_CLOSED} within {}", size(self.cut.longest)),
                    };
                    match self.end_of_line()? {
                        Some(at) => break (at, Some(fault)),
                        None => return self.over_long().map(Some),
                    }
                }
            }
        };
        if fault.is_some() {
            self.taken = taken(self.text.rest(), (length + 1).min(self.text.rest().len()));
        }
        let spoiled = self.text.is_spoiled(self.taken.text);
        let encoding = self.text.encoding();
        let spoiled = spoiled.then(|| format!("holds bytes that are not {encoding}"));
        let text = &self.text.rest()[..length];
        Ok(Some(Record {
            number: self.line,
            text: text.strip_suffix('\r').unwrap_or(text),
            fault: fault.or(spoiled),
        }))
    }

    /// Leaves behind what the last record took.
    fn leave(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        self.text.consume(taken.text);
        self.line += taken.lines;
    }

    /// Where the first line of the window ends; `None` if it is longer than a record may be.
    fn end_of_line(&mut self) -> io::Result<Option<usize>> {
        loop {
            let rest = self.text.rest();
            match memchr(b'\n', rest.as_bytes()) {
                Some(at) => return Ok(Some(at).filter(|at| *at <= self.cut.longest)),
                None if rest.len() > self.cut.longest => return Ok(None),
                None if self.text.ended() => return Ok(Some(rest.len())),
                None => self.text.fill()?,
            }
        }
    }

    /// A line that is too long: its beginning is shown, the rest left behind as it comes.
    fn over_long(&mut self) -> io::Result<Record<'_>> {
        let rest = self.text.rest();
        self.too_long = rest[..rest.floor_char_boundary(SHOWN)].to_owned();
        let number = self.line;
        self.pass_line()?;
        self.text.is_spoiled(0);
        let fault = format!("a line longer than {}", size(self.cut.longest));
        Ok(Record {
            number,
            text: &self.too_long,
            fault: Some(fault),
        })
    }

    /// Leaves the rest of a line behind; false if there is none.
    fn pass_line(&mut self) -> io::Result<bool> {
        let mut moved = false;
        loop {
            let rest = self.text.rest();
            moved |= !rest.is_empty();
            match memchr(b'\n', rest.as_bytes()) {
                Some(at) => {
                    self.text.consume(at + 1);
                    self.line += 1;
                    return Ok(true);
                }
                None => self.text.consume(rest.len()),
            }
            if self.text.ended() {
                return Ok(moved);
            }
            self.text.is_spoiled(0);
            self.text.fill()?;
        }
    }
}

fn taken(rest: &str, length: usize) -> Taken {
    let lines = memchr_iter(b'\n', &rest.as_bytes()[..length]).count();
    Taken {
        text: length,
        lines: i64::try_from(lines).unwrap_or(i64::MAX),
    }
}

/// A size for people.
fn size(bytes: usize) -> String {
    match bytes >> 20 {
        0 => format!("{bytes} bytes"),
        mebibytes => format!("{mebibytes} MiB"),
    }
}

impl Cut {
    fn find(&self, rest: &str, last: bool) -> Found {
        let bytes = rest.as_bytes();
        let line = memchr(b'\n', bytes);
        let first = &bytes[..line.unwrap_or(bytes.len())];
        let held_together = self
            .quotes
            .filter(|_| !self.is_comment(rest))
            .filter(|(_, quote)| memchr(*quote, first).is_some());
        match (held_together, line) {
            (Some((delimiter, quote)), _) => {
                // one more than a record may have tells that it is too long
                let within = &bytes[..bytes.len().min(self.longest + 1)];
                quoted(
                    within,
                    delimiter,
                    quote,
                    last && within.len() == bytes.len(),
                )
            }
            (None, Some(at)) => Found::Record(at, 1),
            (None, None) if last => Found::Record(bytes.len(), 0),
            (None, None) => Found::More,
        }
    }

    fn is_comment(&self, text: &str) -> bool {
        self.comment.is_some_and(|sign| text.starts_with(sign))
    }

    /// False for lines that are no rows.
    fn is_record(&self, text: &str) -> bool {
        let text = text.strip_suffix('\r').unwrap_or(text);
        let blank = text.is_empty() || self.blank_lines && text.trim().is_empty();
        !blank && !self.is_comment(text)
    }
}

/// The record at the beginning of bytes whose first line holds quotes.
fn quoted(bytes: &[u8], delimiter: u8, quote: u8, last: bool) -> Found {
    let mut at = 0;
    loop {
        // at the beginning of a field
        if bytes.get(at) != Some(&quote) {
            match memchr2(delimiter, b'\n', &bytes[at..]) {
                Some(found) if bytes[at + found] == b'\n' => return Found::Record(at + found, 1),
                Some(found) => at += found + 1,
                None if last => return Found::Record(bytes.len(), 0),
                None => return Found::More,
            }
            continue;
        }
        at += 1;
        // behind the quote that closes the field
        loop {
            match memchr(quote, &bytes[at..]) {
                None if last => return Found::Broken(NOT_CLOSED),
                None => return Found::More,
                Some(found) => at += found + 1,
            }
            match (bytes.get(at), bytes.get(at + 1)) {
                (Some(next), _) if *next == quote => at += 1,
                (Some(b'\n'), _) => return Found::Record(at, 1),
                (Some(b'\r'), Some(b'\n')) => return Found::Record(at + 1, 1),
                (Some(next), _) if *next == delimiter => break,
                (None, _) | (Some(b'\r'), None) if last => return Found::Record(bytes.len(), 0),
                (None, _) | (Some(b'\r'), None) => return Found::More,
                _ => return Found::Broken(CLOSED_EARLY),
            }
        }
        at += 1;
    }
}
