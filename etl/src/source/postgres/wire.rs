//! The PostgreSQL protocol as far as extraction needs it: log in, ask, describe, copy out.
//!
//! The copy stream is framed here, since it is nine tenths of the work; messages around it are written and read
//! by `postgres-protocol`. Everything blocks: a connection belongs to one reader thread.

use std::io;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::{COPY_DATA_TAG, COPY_DONE_TAG, Header, Message};
use postgres_protocol::message::frontend;

use crate::source::Stop;

use super::login::{self, Login};
pub(crate) use super::refusal::Refusal;
use super::refusal::refusal;
use super::stream::{Host, Stream};

const BUFFER: usize = 256 << 10;
const CANCEL_WITHIN: Duration = Duration::from_secs(1);

/// What went wrong on a connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// The connection could not be opened, broke, or was stopped.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server said no.
    #[error("{0}")]
    Server(Box<Refusal>),
    /// The server does not speak as it should.
    #[error("unexpected answer of the server: {0}")]
    Protocol(&'static str),
    /// What answers speaks another protocol.
    #[error("what answers at {0} is not PostgreSQL")]
    NotPostgres(String),
    /// The log-in failed before the server could say why.
    #[error("{0}")]
    Login(String),
}

impl WireError {
    /// The SQLSTATE, if the server said one.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Server(refusal) => Some(&refusal.code),
            _ => None,
        }
    }
}

pub(super) type Result<T, E = WireError> = std::result::Result<T, E>;

/// A column of a result, as the server describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: String,
    /// The type.
    pub(super) oid: u32,
    /// The type's modifier; -1 for none.
    pub(super) modifier: i32,
}

/// A row of texts.
pub(super) type TextRow = Vec<Option<String>>;

/// One logged-in connection.
pub(super) struct Connection {
    stream: Stream,
    host: Host,
    /// The process at the other end and what it takes to cancel its work.
    pub(super) key: Option<(i32, i32)>,
    logged_in: bool,
    copying: bool,
    out: BytesMut,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Connection {
    /// Connects and logs in.
    pub(super) fn open(host: &Host, login: &Login, stop: Stop) -> Result<Self> {
        let stream = Stream::connect(host, login.within, stop)?;
        let mut connection = Self {
            stream: login::encrypt(stream, host, login)?,
            host: host.clone(),
            key: None,
            logged_in: false,
            copying: false,
            out: BytesMut::new(),
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
        };
        login::log_in(&mut connection, login)?;
        connection.logged_in = true;
        connection.stream.be_patient();
        Ok(connection)
    }

    /// Sends messages that a closure writes.
    pub(super) fn send(
        &mut self,
        write: impl FnOnce(&mut BytesMut) -> io::Result<()>,
    ) -> Result<()> {
        self.out.clear();
        write(&mut self.out)?;
        Ok(self.stream.write(&self.out)?)
    }

    /// The next message but notices and parameters; an error of the server is an error here.
    pub(super) fn receive(&mut self) -> Result<Message> {
        loop {
            let (from, to) = self.frame()?;
            let mut bytes = BytesMut::from(&self.buffer[from..to]);
            match Message::parse(&mut bytes)?.ok_or(WireError::Protocol("a cut message"))? {
                Message::NoticeResponse(_)
                | Message::ParameterStatus(_)
                | Message::NotificationResponse(_) => {}
                Message::ErrorResponse(body) => {
                    return Err(WireError::Server(Box::new(refusal(body.fields())?)));
                }
                message => return Ok(message),
            }
        }
    }

    /// Reads a whole message into the buffer: where its tag stands and where it ends.
    fn frame(&mut self) -> Result<(usize, usize)> {
        loop {
            let have = self.end - self.start;
            let head = &self.buffer[self.start..self.end];
            if !self.logged_in {
                login::check_speech(head, &self.host)?;
            }
            let length = match Header::parse(head)? {
                Some(header) => usize::try_from(header.len()).unwrap_or(0) + 1,
                None => 5,
            };
            if have >= 5 && have >= length {
                let from = self.start;
                self.start += length;
                return Ok((from, from + length));
            }
            self.fill(length)?;
        }
    }

    /// Reads more, after making room for a message of this length.
    fn fill(&mut self, length: usize) -> Result<()> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start + length > self.buffer.len() || self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if length > self.buffer.len() {
            self.buffer.resize(length.next_power_of_two(), 0);
        }
        match self.stream.read(&mut self.buffer[self.end..])? {
            0 => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server closed the connection",
            )
            .into()),
            read => {
                self.end += read;
                Ok(())
            }
        }
    }

    /// Runs statements and returns the rows of them all as texts.
    ///
    /// # Errors
    /// The first refusal of the server; the connection can be used again after it.
    pub(super) fn query(&mut self, sql: &str) -> Result<Vec<TextRow>> {
        self.send(|out| frontend::query(sql, out))?;
        let mut rows = Vec::new();
        self.until_ready(|message| {
            if let Message::DataRow(row) = message {
                let ranges: Vec<_> = row.ranges().collect()?;
                let texts = ranges.into_iter().map(|range| {
                    range.map(|range| String::from_utf8_lossy(&row.buffer()[range]).into_owned())
                });
                rows.push(texts.collect());
            }
            Ok(())
        })?;
        Ok(rows)
    }

    /// The columns that a query would have; it is not run.
    pub(super) fn describe(&mut self, sql: &str) -> Result<Vec<Field>> {
        self.send(|out| {
            frontend::parse("", sql, [], out)?;
            frontend::describe(b'S', "", out)?;
            frontend::sync(out);
            Ok(())
        })?;
        let mut fields = Vec::new();
        self.until_ready(|message| {
            if let Message::RowDescription(body) = message {
                let described = body.fields().map(|field| {
                    Ok(Field {
                        name: field.name().to_owned(),
                        oid: field.type_oid(),
                        modifier: field.type_modifier(),
                    })
                });
                fields = described.collect()?;
            }
            Ok(())
        })?;
        Ok(fields)
    }

    /// The texts that the server prints for values in their binary forms, row by row.
    pub(super) fn print(
        &mut self,
        types: &[u32],
        rows: &[&[Option<Vec<u8>>]],
    ) -> Result<Vec<TextRow>> {
        if types.is_empty() || rows.is_empty() {
            return Ok(vec![Vec::new(); rows.len()]);
        }
        let texts: Vec<String> = (1..=types.len()).map(|at| format!("${at}::text")).collect();
        let sql = format!("SELECT {}", texts.join(", "));
        self.send(|out| frontend::parse("", &sql, types.iter().copied(), out))?;
        let mut printed = Vec::with_capacity(rows.len());
        for row in rows {
            self.send(|out| bind_binary(row, out))?;
            self.until_ready(|message| {
                if let Message::DataRow(row) = message {
                    let ranges: Vec<_> = row.ranges().collect()?;
                    let texts = ranges
                        .into_iter()
                        .map(|range| range.map(|range| shown(&row.buffer()[range])));
                    printed.push(texts.collect());
                }
                Ok(())
            })?;
        }
        Ok(printed)
    }

    /// Hands every message to the closure until the server is ready for the next question.
    fn until_ready(&mut self, mut each: impl FnMut(Message) -> io::Result<()>) -> Result<()> {
        let mut failed = None;
        loop {
            match self.receive() {
                Ok(Message::ReadyForQuery(_)) => break,
                Ok(message) => each(message)?,
                Err(WireError::Server(refusal)) => failed = failed.or(Some(refusal)),
                Err(error) => return Err(error),
            }
        }
        failed.map_or(Ok(()), |refusal| Err(WireError::Server(refusal)))
    }

    /// Starts a `COPY … TO STDOUT`; then [`Connection::next_copy`] gives its data until it is done.
    pub(super) fn start_copy(&mut self, sql: &str) -> Result<()> {
        self.send(|out| frontend::query(sql, out))?;
        loop {
            match self.receive() {
                Ok(Message::CopyOutResponse(_)) => {
                    self.copying = true;
                    return Ok(());
                }
                Ok(Message::ReadyForQuery(_)) => {
                    return Err(WireError::Protocol("no copy began"));
                }
                Ok(_) => {}
                Err(WireError::Server(refusal)) => {
                    self.until_ready(|_| Ok(()))?;
                    return Err(WireError::Server(refusal));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The next message of the copy, which for binary copies is one row; `None` when all came.
    ///
    /// # Errors
    /// What the server said when it broke the copy off; then the connection can be used again.
    #[inline]
    pub(super) fn next_copy(&mut self) -> Result<Option<&[u8]>> {
        let (from, to) = self.frame()?;
        match self.buffer[from] {
            COPY_DATA_TAG => Ok(Some(&self.buffer[from + 5..to])),
            tag => self.end_copy(tag, from).map(|()| None),
        }
    }

    #[cold]
    fn end_copy(&mut self, tag: u8, from: usize) -> Result<()> {
        if tag != COPY_DONE_TAG {
            self.start = from;
        }
        let ended = self.until_ready(|_| Ok(()));
        // after a refusal the server is ready for more; after anything else it may still be at work
        self.copying = !matches!(ended, Ok(()) | Err(WireError::Server(_)));
        ended
    }

    /// Asks the server to end a copy that nobody reads any more; else it goes on until it next sends.
    fn cancel(&self) -> io::Result<()> {
        let Some((process, secret)) = self.key else {
            return Ok(());
        };
        let mut request = BytesMut::new();
        frontend::cancel_request(process, secret, &mut request);
        Stream::connect(&self.host, CANCEL_WITHIN, Stop::default())?.write(&request)
    }
}

/// A text; bytes that are none in hexadecimal.
pub(super) fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\\x{digits}")
        }
    }
}

fn bind_binary(row: &[Option<Vec<u8>>], out: &mut BytesMut) -> io::Result<()> {
    let bound = frontend::bind(
        "",
        "",
        [1],
        row,
        |value, out| match value {
            Some(bytes) => {
                out.put_slice(bytes);
                Ok(postgres_protocol::IsNull::No)
            }
            None => Ok(postgres_protocol::IsNull::Yes),
        },
        [0],
        out,
    );
    bound.map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a value too long to send"))?;
    frontend::execute("", 0, out)?;
    frontend::sync(out);
    Ok(())
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A server that hears no goodbye notices by itself, sooner or later.
        if self.copying {
            let _ = self.cancel();
        }
        let _ = self.send(|out| {
            frontend::terminate(out);
            Ok(())
        });
    }
}
