//! Which column of a dimension keeps the values of the source as they were seen.

use planisphere_schemas::model::{Dimension, Scd};

/// For each attribute the one from whose column its values can be read back: of several attributes of one source column
/// that of type 2, else the first that does not hold the value before.
pub(super) fn faithful(dimension: &Dimension) -> Vec<usize> {
    let attributes = &dimension.attributes;
    let of = |at: usize| {
        let (column, data_type) = (&attributes[at].column, attributes[at].data_type);
        let same = attributes.iter().enumerate();
        let same =
            same.filter(|(_, other)| other.column == *column && other.data_type == data_type);
        let rank = |scd: Scd| match scd {
            Scd::Version => 0,
            Scd::Overwrite | Scd::Original => 1,
            Scd::Previous => 2,
        };
        let best = same.min_by_key(|(at, other)| (rank(other.scd), *at));
        best.map_or(at, |(at, _)| at)
    };
    (0..attributes.len()).map(of).collect()
}
