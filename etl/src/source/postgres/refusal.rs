//! What a server says when it says no.

use std::io;

use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::ErrorFields;

/// What the server said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The SQLSTATE.
    pub(crate) code: String,
    /// The message.
    pub(crate) message: String,
    /// More about it.
    pub(crate) detail: Option<String>,
    /// What to do, in the server's words.
    pub(crate) hint: Option<String>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        for more in self.detail.iter().chain(&self.hint) {
            write!(f, "; {more}")?;
        }
        match self.code.is_empty() {
            true => Ok(()),
            false => write!(f, " (SQLSTATE {})", self.code),
        }
    }
}

/// The fields of an error message.
pub(super) fn refusal(mut fields: ErrorFields<'_>) -> io::Result<Refusal> {
    let mut refusal = Refusal::default();
    while let Some(field) = fields.next()? {
        let text = String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            b'C' => refusal.code = text,
            b'M' => refusal.message = text,
            b'D' => refusal.detail = Some(text),
            b'H' => refusal.hint = Some(text),
            _ => {}
        }
    }
    Ok(refusal)
}
