//! The rows of special members: "no ordinary member" has a place in every dimension.

use planisphere_schemas::model::SpecialMember;

/// The source system of special members.
pub(super) const SYSTEM: &str = "planisphere";

/// What is fixed about a special member's row; its attributes are null.
pub(super) struct SpecialRow {
    /// Surrogate and durable key.
    pub(super) key: i32,
    /// The business id.
    pub(super) id: &'static str,
}

impl SpecialRow {
    pub(super) fn of(special: SpecialMember) -> Self {
        Self {
            key: special.key(),
            id: special.id(),
        }
    }
}
