//! Values of one column on their way into an Arrow array, batch after batch.
//!
//! Beside Arrow's own builders these know from the last batch how much room the next one needs, and texts are checked
//! once for a whole batch instead of one by one.

use std::fmt::Display;
use std::io::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, NullBufferBuilder, PrimitiveArray, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{ArrowPrimitiveType, DataType as Arrow};
use arrow::error::ArrowError;

/// Values of a primitive type.
pub(crate) struct Values<T: ArrowPrimitiveType> {
    data_type: Arrow,
    values: Vec<T::Native>,
    nulls: NullBufferBuilder,
}

impl<T: ArrowPrimitiveType> Values<T> {
    /// An empty column; the Arrow type is `T`'s own or differs from it in precision, scale or zone only.
    pub(crate) fn new(data_type: Arrow) -> Self {
        Self {
            data_type,
            values: Vec::new(),
            nulls: NullBufferBuilder::new(0),
        }
    }

    /// Adds a value.
    #[inline(always)]
    pub(crate) fn push(&mut self, value: T::Native) {
        self.values.push(value);
        self.nulls.append_non_null();
    }

    /// Adds a null.
    #[inline]
    pub(crate) fn push_null(&mut self) {
        self.values.push(T::Native::default());
        self.nulls.append_null();
    }

    /// The column so far; it starts anew.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        let room = Vec::with_capacity(self.values.len());
        let values = std::mem::replace(&mut self.values, room);
        let array = PrimitiveArray::<T>::new(values.into(), self.nulls.finish());
        Arc::new(array.with_data_type(self.data_type.clone()))
    }
}

/// Texts.
pub(crate) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Texts {
    /// An empty column.
    pub(crate) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            ends: vec![0],
            nulls: NullBufferBuilder::new(0),
        }
    }

    /// Adds a text, which need not be checked yet.
    #[inline(always)]
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.end();
        self.nulls.append_non_null();
    }

    /// Adds what something shows.
    pub(crate) fn push_shown(&mut self, shown: &impl Display) {
        // writing into memory never fails
        let _ = write!(self.bytes, "{shown}");
        self.end();
        self.nulls.append_non_null();
    }

    /// Adds a null.
    #[inline]
    pub(crate) fn push_null(&mut self) {
        self.end();
        self.nulls.append_null();
    }

    #[inline(always)]
    fn end(&mut self) {
        // a batch holds far fewer bytes than an i32 counts
        self.ends
            .push(i32::try_from(self.bytes.len()).unwrap_or(i32::MAX));
    }

    /// The column so far; it starts anew.
    ///
    /// # Errors
    /// If one of the texts is not UTF-8.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let room = Vec::with_capacity(self.bytes.len());
        let bytes = std::mem::replace(&mut self.bytes, room);
        let mut room = Vec::with_capacity(self.ends.len());
        room.push(0);
        let ends = std::mem::replace(&mut self.ends, room);
        let ends = OffsetBuffer::new(ScalarBuffer::from(ends));
        let array = StringArray::try_new(ends, Buffer::from_vec(bytes), self.nulls.finish())?;
        Ok(Arc::new(array))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray as _;
    use arrow::datatypes::{Decimal128Type, Int32Type};

    #[test]
    fn columns_start_anew_after_each_batch() -> Result<(), ArrowError> {
        let mut numbers = Values::<Decimal128Type>::new(Arrow::Decimal128(12, 2));
        let mut texts = Texts::new();
        for batch in 0..3 {
            for value in 0..batch {
                numbers.push(value);
                texts.push(value.to_string().as_bytes());
            }
            numbers.push_null();
            texts.push_null();
            let (numbers, texts) = (numbers.finish(), texts.finish()?);
            assert_eq!(numbers.data_type(), &Arrow::Decimal128(12, 2));
            let expected: Vec<Option<i128>> = (0..batch).map(Some).chain([None]).collect();
            let numbers = numbers.as_primitive::<Decimal128Type>().iter();
            assert_eq!(numbers.collect::<Vec<_>>(), expected);
            let texts = texts.as_string::<i32>().iter();
            let texts: Vec<Option<i128>> = texts
                .map(|text| text.and_then(|text| text.parse().ok()))
                .collect();
            assert_eq!(texts, expected);
        }
        assert_eq!(Values::<Int32Type>::new(Arrow::Int32).finish().len(), 0);
        Ok(())
    }

    #[test]
    fn a_text_that_is_cut_is_found_though_its_rest_follows() {
        let mut texts = Texts::new();
        let (head, tail) = "é".as_bytes().split_at(1);
        texts.push(head);
        texts.push(tail);
        assert!(texts.finish().is_err());
    }
}
