//! Collects what is wrong with a request while it is read, so that one fault does not hide the others.

use crate::error::{QueryFaults, Result};

/// A request being read.
#[derive(Default)]
pub(super) struct Reading {
    faults: QueryFaults,
}

impl Reading {
    /// Adds something that cannot be understood.
    pub(super) fn fault(&mut self, place: &str, message: &str) {
        self.faults.invalid(place, message, None);
    }

    /// What was read, or every fault.
    pub(super) fn finish<T>(self, value: T) -> Result<T> {
        self.faults.or(value)
    }
}

/// An enum value that is known and not UNSPECIFIED, else a fault.
pub(super) fn known<E: TryFrom<i32>>(reading: &mut Reading, place: &str, value: i32) -> Option<E> {
    let known = E::try_from(value).ok().filter(|_| value != 0);
    if known.is_none() {
        reading.fault(
            place,
            "this enum value is not set or not known to the server",
        );
    }
    known
}
