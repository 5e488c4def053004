//! The keys of a role whose dimension is made of combinations.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array};
use planisphere_schemas::model::{Dimension, Role};

use crate::dimension::{Combinations, MemberIndex};
use crate::error::{Error, Result};
use crate::problems::Problems;

use super::FactInput;

/// The dimension of a role, if it is made of combinations.
pub(super) fn combination_of<'a>(input: &FactInput<'a>, role: &Role) -> Option<&'a Dimension> {
    let mut dimensions = input.dimensions.iter();
    dimensions.find(|dimension| dimension.name == role.dimension && dimension.is_combination())
}

/// The surrogate keys of the combinations in the columns of a role; values that do not fit are problems of their rows.
pub(super) fn combined(
    input: &FactInput<'_>,
    (role, dimension): (&Role, &Dimension),
    column: &dyn Fn(&str) -> Result<ArrayRef>,
    problems: &mut Problems,
) -> Result<ArrayRef> {
    let attributes = &dimension.attributes;
    let columns = attributes.iter().map(|it| column(role.column_of(&it.name)));
    let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
    let doing = format!("looking up '{}' of star '{}'", role.name, input.star.name);
    let found = Combinations::of(dimension, &columns, input.zone).map_err(Error::arrow(doing))?;
    for (attribute, misfits) in attributes.iter().zip(found.misfits) {
        problems.misfits(&attribute.name, attribute.data_type, misfits);
    }
    let missing = MemberIndex::empty();
    let index = input.members.get(&role.dimension).unwrap_or(&missing);
    let keys = found.ids.iter().map(|id| index.member(id.as_deref(), None));
    Ok(Arc::new(Int32Array::from_iter_values(keys)))
}
