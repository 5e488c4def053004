//! Why a reading stopped, and what can be done about it.

use crate::error::Error;

/// A failure while reading, with what helps against it.
#[derive(Debug)]
pub(crate) struct Fault {
    /// What helps.
    pub(crate) remedy: Remedy,
    /// What went wrong.
    pub(crate) error: Error,
}

/// What helps against a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The same part can be read again in a while: a connection was cut, a server is busy.
    Again,
    /// Nobody answered: the same may succeed soon, unless it is the wrong address.
    Soon,
    /// A smaller part may come through: the server's patience is shorter than the part.
    Smaller,
    /// The snapshot is gone: everything of the source has to be read anew.
    Anew,
    /// Nothing but somebody who mends it.
    None,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self {
            remedy: Remedy::None,
            error,
        }
    }
}

impl Remedy {
    /// A source that cannot be opened, against which this helps; `is_absent` where it is not there at all.
    pub(crate) fn not_opened(
        self,
        source: &str,
        reason: String,
        is_absent: bool,
        hint: &'static str,
    ) -> Fault {
        let source_name = source.to_owned();
        self.against(match self {
            Self::None if is_absent => Error::SourceAbsent {
                source_name,
                reason,
            },
            Self::None => Error::SourceRefused {
                source_name,
                reason,
                hint,
            },
            Self::Anew => Error::SnapshotLost {
                source_name,
                reason,
            },
            Self::Again | Self::Soon | Self::Smaller => Error::SourceUnreachable {
                source_name,
                reason,
            },
        })
    }

    /// A failure against which this helps.
    pub(crate) fn against(self, error: Error) -> Fault {
        Fault {
            remedy: self,
            error,
        }
    }
}
