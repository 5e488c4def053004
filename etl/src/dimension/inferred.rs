//! Inferred members: facts refer to them, but nothing was ever seen of them.
//!
//! Each has one row under keys of its own, open at both ends, without attributes. Once something is seen of the member, its first
//! version begins where this row does, so that the row is completed in place and the keys that facts hold stay right.

use arrow::array::StringArray;

use super::learn::Learner;
use super::published::Published;

/// The basis of a row whose member has not arrived.
const NOT_YET_ARRIVED: &str = "not_yet_arrived";
/// The basis of a row whose member's own row was rejected.
const REJECTED: &str = "rejected";

/// True if a row stands for a member of which nothing was seen.
pub(crate) fn is_inferred(basis: &StringArray, row: usize) -> bool {
    [NOT_YET_ARRIVED, REJECTED].contains(&basis.value(row))
}

impl Learner<'_> {
    /// Why nothing is known of a member that is referred to.
    pub(super) fn reason(&self, id: &str) -> &'static str {
        match self.was_rejected(id) {
            true => REJECTED,
            false => NOT_YET_ARRIVED,
        }
    }
}

impl Published {
    /// The members that are published and of which nothing was seen up to then.
    pub(super) fn inferred(&self) -> impl Iterator<Item = &String> {
        let members = self.members.iter();
        let inferred = members.filter(|(_, rows)| self.is_inferred(rows));
        inferred.map(|(id, _)| id)
    }

    /// True if the rows of a member stand for one of which nothing was seen.
    pub(super) fn is_inferred(&self, rows: &[usize]) -> bool {
        rows.iter().any(|row| is_inferred(&self.basis, *row))
    }
}
