//! Whether the texts of a source are what they should be.
//!
//! Nearly always they are, so those of a batch are checked at once. When that fails for the first time, each text is
//! checked by itself from then on, and the part is read again: then the row at fault is rejected, and no other.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;

use super::{Fault, Remedy};

/// Whether a text was found that is none.
#[derive(Debug, Default)]
pub(super) struct Doubt(AtomicBool);

impl Doubt {
    /// True if each text is to be checked by itself.
    pub(super) fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// From now on each text is checked by itself; this part is to be read again.
    pub(super) fn raise(&self, source: &str, table: &str) -> Fault {
        self.0.store(true, Ordering::Relaxed);
        Remedy::Again.against(Error::Read {
            source_name: source.to_owned(),
            table: table.to_owned(),
            reason: "a text is not UTF-8; from now on each is looked at by itself".into(),
            hint: None,
        })
    }
}
