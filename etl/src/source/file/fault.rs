//! What can be wrong with a file, in words that name it.

use std::io;

use crate::error::Error;
use crate::source::{Fault, Remedy};

/// A file of a source, for messages.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// The source.
    pub(super) source: String,
    /// The file, relative to the source's URL.
    pub(super) file: String,
}

/// A file whose content is not what the model says, as an error of reading it.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(super) struct Content {
    reason: String,
    hint: &'static str,
}

/// Content that cannot be read, as a reader's error.
pub(super) fn content(reason: String, hint: &'static str) -> io::Error {
    io::Error::other(Content { reason, hint })
}

impl Named {
    /// The content of the file is not what the model says.
    pub(super) fn content(&self, reason: impl Into<String>, hint: &'static str) -> Fault {
        Fault::from(Error::Unreadable {
            source_name: self.source.clone(),
            table: self.file.clone(),
            reason: reason.into(),
            hint: hint.into(),
        })
    }

    /// Reading the file failed.
    pub(super) fn failed(&self, error: io::Error) -> Fault {
        match error.downcast::<Content>() {
            Ok(Content { reason, hint }) => self.content(reason, hint),
            Err(error) => Fault::from(self.read(error.to_string())),
        }
    }

    /// The file is not any more what it was when the load began.
    pub(super) fn changed(&self) -> Fault {
        Remedy::Anew.against(self.read("the file changed while it was read".into()))
    }

    /// The file cannot be read, for a reason outside of it.
    pub(super) fn read(&self, reason: String) -> Error {
        Error::Read {
            source_name: self.source.clone(),
            table: self.file.clone(),
            reason,
            hint: None,
        }
    }
}
