//! What the bytes of a staged file add up to, so that another file in its place is noticed.

use twox_hash::XxHash3_128;

/// A file that came into being.
pub(super) struct Written {
    /// Its bytes.
    pub(super) bytes: u64,
    /// What they add up to.
    pub(super) checksum: String,
}

/// The sum of the bytes so far.
#[derive(Default)]
pub(super) struct Checksum(XxHash3_128);

impl Checksum {
    /// Adds bytes.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    /// The sum as a text.
    pub(super) fn text(&self) -> String {
        format!("{:032x}", self.0.finish_128())
    }
}
