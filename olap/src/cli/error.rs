//! What a command failed with, and the exit code for it.

use std::error::Error;
use std::fmt;
use std::io;

use planisphere_schemas::ErrorKind;

use crate::error::OlapError;
use crate::grpc::ClientError;

/// A failed command.
#[derive(Debug)]
pub struct CliError {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    closed_pipe: bool,
}

impl CliError {
    /// An error with what to do about it.
    pub fn new(kind: ErrorKind, message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint,
            closed_pipe: false,
        }
    }

    /// The command line or a file of the user is wrong.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Invalid, message.to_string(), None)
    }

    /// A file cannot be read.
    pub fn file(name: &str, error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Unavailable,
        };
        let hint = Some("check the path and its permissions".to_owned());
        Self::new(kind, format!("cannot read {name}: {error}"), hint)
    }

    /// The answer cannot be written.
    pub fn output(error: &io::Error) -> Self {
        let closed_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        let message = format!("cannot write the answer: {error}");
        Self {
            closed_pipe,
            ..Self::new(ErrorKind::Unavailable, message, None)
        }
    }

    /// True if whoever read the answer has seen enough.
    pub fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }

    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The exit code of the process; the table stands in `--help`.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Invalid => 2,
            ErrorKind::NotFound => 3,
            ErrorKind::Conflict => 4,
            ErrorKind::Unavailable => 5,
            ErrorKind::ResourceExhausted => 6,
            ErrorKind::Cancelled => 7,
            ErrorKind::Damaged => 8,
            ErrorKind::Internal => 70,
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for CliError {}

/// An error and its causes, one after the other; a cause that only repeats the text before is left out.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        cause = error.source();
    }
    text
}

impl From<OlapError> for CliError {
    fn from(error: OlapError) -> Self {
        Self::new(error.kind(), chain(&error), error.hint())
    }
}

impl From<planisphere_schemas::Error> for CliError {
    fn from(error: planisphere_schemas::Error) -> Self {
        Self::new(error.kind(), chain(&error), error.hint())
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        Self::new(error.kind(), chain(&error), error.hint())
    }
}
