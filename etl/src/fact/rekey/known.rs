//! What retained packages tell of the keys of rows that are in doubt.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;

use crate::fact::SOURCE_ROW_ID;
use crate::register::Register;
use crate::spool::Memory;

/// Keys of rows by their ids and columns, from whoever knows the rows.
pub(crate) struct Known {
    /// The ids of the rows that are asked for, and whether anybody has told of them.
    lost: Register,
    keys: Register,
    /// How many rows are asked for, and of how many somebody has told.
    asked: u64,
    told: u64,
    /// How many keys are told.
    keys_told: u64,
}

impl Known {
    /// No row is asked for; so many bytes may wait in any case.
    pub(crate) fn new(memory: &Memory, least: usize) -> Self {
        Self {
            lost: Register::new(memory, least),
            keys: Register::new(memory, least),
            asked: 0,
            told: 0,
            keys_told: 0,
        }
    }

    /// Asks for a row.
    pub(crate) fn ask(&mut self, id: &str) -> Result<(), ArrowError> {
        if !self.lost.has(id)? {
            self.lost.put(self.lost.key(id), 0)?;
            self.asked += 1;
        }
        Ok(())
    }

    /// How many rows are asked for.
    pub(crate) fn asked(&self) -> u64 {
        self.asked
    }

    /// How many of them nobody has told of.
    pub(crate) fn untold(&self) -> u64 {
        self.asked - self.told
    }

    /// True if of each row that is asked for the keys in so many columns are told.
    pub(crate) fn is_all(&self, columns: usize) -> bool {
        self.keys_told == self.asked * columns as u64
    }

    /// The key of a row in a column, if anybody has told it.
    pub(super) fn key(&self, id: &str, column: &str) -> Result<Option<i32>, ArrowError> {
        let key = self.keys.get(self.place(id, column))?;
        Ok(key.map(|key| (key as u32).cast_signed()))
    }

    fn place(&self, id: &str, column: &str) -> u128 {
        self.keys.key(id) ^ self.keys.key(column).rotate_left(64)
    }

    /// Takes note of the keys of some rows of a star that are asked for; who has told one already had the later word.
    pub(crate) fn learn(
        &mut self,
        rows: &RecordBatch,
        columns: &[String],
    ) -> Result<(), ArrowError> {
        let Some(ids) = rows.column_by_name(SOURCE_ROW_ID) else {
            return Ok(());
        };
        let columns = columns.iter();
        let columns = columns.filter_map(|name| Some((name, rows.column_by_name(name)?)));
        let columns = columns.map(|(name, keys)| (name, keys.as_primitive::<Int32Type>()));
        let columns: Vec<_> = columns.collect();
        for (row, id) in ids.as_string::<i32>().iter().enumerate() {
            let Some(id) = id else { continue };
            let lost = self.lost.key(id);
            match self.lost.get(lost)? {
                None => continue,
                Some(0) => {
                    self.told += 1;
                    self.lost.put(lost, 1)?;
                }
                Some(_) => {}
            }
            for (name, keys) in columns.iter().filter(|(_, keys)| keys.is_valid(row)) {
                let place = self.place(id, name);
                if self.keys.get(place)?.is_none() {
                    self.keys
                        .put(place, keys.value(row).cast_unsigned().into())?;
                    self.keys_told += 1;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, StringArray};

    use super::*;

    fn rows(told: &[(&str, Option<i32>, Option<i32>)]) -> RecordBatch {
        let ids: ArrayRef = Arc::new(StringArray::from_iter_values(told.iter().map(|it| it.0)));
        let a: ArrayRef = Arc::new(told.iter().map(|it| it.1).collect::<Int32Array>());
        let b: ArrayRef = Arc::new(told.iter().map(|it| it.2).collect::<Int32Array>());
        RecordBatch::try_from_iter([(SOURCE_ROW_ID, ids), ("a", a), ("b", b)]).unwrap()
    }

    #[test]
    fn the_first_word_of_a_key_counts_and_only_of_rows_that_are_asked_for() {
        for room in [0, 1 << 20] {
            let mut known = Known::new(&Memory::new(room), 0);
            for id in ["x", "y", "x", "z"] {
                known.ask(id).unwrap();
            }
            assert_eq!((known.asked(), known.untold()), (3, 3));
            let columns = ["a".to_owned(), "b".to_owned()];
            let first = rows(&[
                ("x", Some(1), None),
                ("w", Some(2), Some(2)),
                ("y", Some(-3), Some(4)),
            ]);
            known.learn(&first, &columns).unwrap();
            assert!(known.untold() == 1 && !known.is_all(2));
            let second = rows(&[("x", Some(9), Some(5)), ("z", Some(6), Some(7))]);
            known.learn(&second, &columns).unwrap();
            assert!(known.untold() == 0 && known.is_all(2));
            let told = |id: &str| ["a", "b"].map(|column| known.key(id, column).unwrap());
            assert_eq!(told("x"), [Some(1), Some(5)]);
            assert_eq!(told("y"), [Some(-3), Some(4)]);
            assert_eq!(told("z"), [Some(6), Some(7)]);
            assert_eq!(told("w"), [None, None]);
        }
    }
}
