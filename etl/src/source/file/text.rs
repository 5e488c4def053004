//! Bytes of any encoding as a window of UTF-8 text that moves over the file.

use std::collections::VecDeque;
use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding};

/// What is read at once.
const CHUNK: usize = 64 << 10;

/// A window over the text of a file. It holds what was not yet consumed, and grows only when asked for more.
pub(super) struct Text {
    source: Box<dyn Read>,
    decoder: Decoder,
    raw: Vec<u8>,
    text: String,
    /// Where the text begins that was not consumed.
    start: usize,
    /// How much text stood before the window.
    before: u64,
    /// Places of bytes that are not of the encoding, each replaced by U+FFFD.
    malformed: VecDeque<u64>,
    ended: bool,
}

impl Text {
    /// The text of bytes; a byte order mark goes before the named encoding.
    pub(super) fn new(source: Box<dyn Read>, encoding: &'static Encoding) -> Self {
        Self {
            source,
            decoder: encoding.new_decoder(),
            raw: vec![0; CHUNK],
            text: String::new(),
            start: 0,
            before: 0,
            malformed: VecDeque::new(),
            ended: false,
        }
    }

    /// The text that is there and not consumed.
    pub(super) fn rest(&self) -> &str {
        &self.text[self.start..]
    }

    /// True if nothing comes after the window.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// The encoding, by the byte order mark if there was one.
    pub(super) fn encoding(&self) -> &'static str {
        self.decoder.encoding().name()
    }

    /// Leaves so much text behind.
    pub(super) fn consume(&mut self, length: usize) {
        self.start += length;
    }

    /// True if bytes that are not of the encoding stand in the next so much text, or before it.
    pub(super) fn is_spoiled(&mut self, length: usize) -> bool {
        let end = self.before + (self.start + length) as u64;
        let mut spoiled = false;
        while self.malformed.front().is_some_and(|place| *place < end) {
            self.malformed.pop_front();
            spoiled = true;
        }
        spoiled
    }

    /// Doubles the window, or what is left of the file if that is less.
    ///
    /// # Errors
    /// What reading fails with.
    pub(super) fn fill(&mut self) -> io::Result<()> {
        self.text.drain(..self.start);
        self.before += self.start as u64;
        self.start = 0;
        let goal = self.text.len() + self.text.len().max(CHUNK / 2);
        while !self.ended && self.text.len() < goal {
            self.more()?;
        }
        Ok(())
    }

    fn more(&mut self) -> io::Result<()> {
        let length = match self.source.read(&mut self.raw) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            read => read?,
        };
        self.ended = length == 0;
        let mut input = &self.raw[..length];
        loop {
            let room = self
                .decoder
                .max_utf8_buffer_length_without_replacement(input.len());
            self.text.reserve(room.unwrap_or(4 * CHUNK));
            let (result, used) = self.decoder.decode_to_string_without_replacement(
                input,
                &mut self.text,
                self.ended,
            );
            input = &input[used..];
            match result {
                DecoderResult::InputEmpty => return Ok(()),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    self.malformed
                        .push_back(self.before + self.text.len() as u64);
                    self.text.push(char::REPLACEMENT_CHARACTER);
                }
            }
        }
    }
}
