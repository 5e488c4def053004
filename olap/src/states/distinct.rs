//! Exact distinct counts: the set of what was seen.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{DataType, Date32Type, Int32Type};
use arrow::row::{RowConverter, SortField};
use datafusion::error::{DataFusionError, Result};
use roaring::RoaringBitmap;

use super::groups::{Input, Kind, Rows};
use super::set::Set;

/// What a new key takes at most until the sets are measured again.
const BYTES_OF_KEY: usize = 4;

/// How values become members of sets.
#[derive(Debug)]
pub(super) enum Distinct {
    /// 32-bit numbers and days.
    Keys,
    /// Anything else.
    Rows(RowConverter),
    /// Sets of any values.
    Sets,
}

impl Distinct {
    /// Of values of a type, or of sets.
    pub(super) fn of(input: Input, value: Option<&DataType>) -> Result<Self> {
        Ok(match (input, value) {
            (Input::Values, Some(DataType::Int32 | DataType::Date32)) => Self::Keys,
            (Input::Values, Some(other)) => {
                Self::Rows(RowConverter::new(vec![SortField::new(other.clone())])?)
            }
            _ => Self::Sets,
        })
    }
}

impl Kind for Distinct {
    type State = Set;

    fn empty(&self) -> Set {
        match self {
            // the first set that comes takes the place of an empty one, whatever its type
            Self::Keys | Self::Sets => Set::Keys(RoaringBitmap::new()),
            Self::Rows(_) => Set::of_values(),
        }
    }

    fn add(&self, sets: &mut [Set], values: &[ArrayRef], rows: Rows<'_>) -> Result<usize> {
        let values = &values[0];
        match self {
            Self::Keys => {
                let keys = match values.as_primitive_opt::<Date32Type>() {
                    Some(days) => days.reinterpret_cast::<Int32Type>(),
                    None => values.as_primitive().clone(),
                };
                for (row, group) in rows.of(&keys) {
                    if let Set::Keys(set) = &mut sets[group] {
                        set.insert(u32::from_ne_bytes(keys.value(row).to_ne_bytes()));
                    }
                }
                Ok(keys.len() * BYTES_OF_KEY)
            }
            Self::Rows(converter) => {
                let encoded = converter.convert_columns(std::slice::from_ref(values))?;
                let mut bytes = 0;
                for (row, group) in rows.of(values) {
                    bytes += sets[group].insert(encoded.row(row).as_ref());
                }
                Ok(bytes)
            }
            Self::Sets => Err(DataFusionError::Internal("sets are merged".into())),
        }
    }

    fn merge(&self, set: &mut Set, other: Set) -> Result<()> {
        match (set.len(), other.len()) {
            (_, 0) => {}
            (0, _) => *set = other,
            _ => set.merge(other)?,
        }
        Ok(())
    }

    fn write(&self, set: &Set, bytes: &mut Vec<u8>) -> Result<()> {
        Ok(set.write(bytes)?)
    }

    fn read(&self, bytes: &[u8]) -> Result<Set> {
        Ok(Set::read(bytes)?)
    }

    fn bytes(&self, set: &Set) -> usize {
        set.bytes()
    }

    fn values(&self, sets: &[Set]) -> Result<ArrayRef> {
        let counts = sets.iter().map(|set| i64::try_from(set.len()));
        let counts = counts.collect::<std::result::Result<Vec<_>, _>>();
        let counts = counts.map_err(|error| DataFusionError::External(error.into()))?;
        Ok(Arc::new(Int64Array::from(counts)))
    }
}
