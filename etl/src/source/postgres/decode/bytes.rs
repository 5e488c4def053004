//! Byte strings.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder};
use arrow::error::ArrowError;

use super::{Decode, Outcome};

/// A column of byte strings.
#[derive(Default)]
pub(super) struct Binaries(BinaryBuilder);

impl Decode for Binaries {
    fn value(&mut self, raw: &[u8]) -> Outcome {
        self.0.append_value(raw);
        Outcome::Fits
    }

    fn null(&mut self) {
        self.0.append_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(self.0.finish()))
    }
}
