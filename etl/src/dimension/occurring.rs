//! Combinations as they occur: each of them is kept once, however many rows have it.

use std::collections::HashSet;

use arrow::array::UInt32Array;
use arrow::error::ArrowError;

use super::Combinations;

/// Takes combinations.
#[derive(Default)]
pub(crate) struct Occurring {
    known: HashSet<String>,
    each: Vec<Combinations>,
}

impl Occurring {
    /// Adds those of some rows.
    ///
    /// # Errors
    /// If their values cannot be taken.
    pub(crate) fn add(&mut self, found: &Combinations) -> Result<(), ArrowError> {
        let mut new = Vec::new();
        for (row, id) in found.whole() {
            if !self.known.contains(id) {
                self.known.insert(id.to_owned());
                new.extend(u32::try_from(row));
            }
        }
        if !new.is_empty() {
            self.each.push(found.only(&UInt32Array::from(new))?);
        }
        Ok(())
    }

    /// Each of them.
    pub(crate) fn each(&self) -> &[Combinations] {
        &self.each
    }
}
