//! Members that were merged into others: what is asked of the one is answered by the other.

use std::collections::{BTreeSet, HashMap};

/// For each member that was merged the one that stands for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Aliases(HashMap<String, String>);

impl Aliases {
    /// Follows what each member was merged into to its end. Who was merged into nobody that is known, or in a circle, stands
    /// for itself.
    pub(super) fn new<'a>(
        known: &BTreeSet<&'a str>,
        merged: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let merged = merged.filter(|(id, into)| id != into && known.contains(into));
        let merged: HashMap<&str, &str> = merged.collect();
        let circles: BTreeSet<&str> = merged
            .keys()
            .copied()
            .filter(|id| comes_back(&merged, id))
            .collect();
        let next = |id: &str| match circles.contains(id) {
            true => None,
            false => merged.get(id).copied(),
        };
        let last = |id: &str| std::iter::successors(next(id), |id| next(id)).last();
        let aliases = merged
            .keys()
            .filter_map(|id| Some((id.to_string(), last(id)?.to_owned())));
        Self(aliases.collect())
    }

    /// Adds members of others.
    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// True if nobody was merged.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The member that stands for another; `None` if it stands for itself.
    pub(crate) fn of(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }
}

/// True if following the merges from a member leads to itself.
fn comes_back(merged: &HashMap<&str, &str>, id: &str) -> bool {
    let path = std::iter::successors(merged.get(id).copied(), |id| merged.get(id).copied());
    path.take(merged.len()).any(|at| at == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_are_followed_to_their_end_and_circles_are_broken() {
        let known = ["a", "b", "c", "d", "e", "f"].into_iter().collect();
        let merged = [("a", "b"), ("b", "c"), ("d", "e"), ("e", "d"), ("f", "d")];
        let unknown = [("c", "nobody"), ("e", "d")];
        let aliases = Aliases::new(&known, merged.into_iter().chain(unknown));
        let of = |id: &str| aliases.of(id).map(str::to_owned);
        assert_eq!(of("a"), Some("c".into()));
        assert_eq!(of("b"), Some("c".into()));
        assert_eq!(of("c"), None);
        assert_eq!((of("d"), of("e")), (None, None));
        assert_eq!(of("f"), Some("d".into()));
    }
}
