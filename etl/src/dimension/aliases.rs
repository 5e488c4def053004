//! Members that were merged into others: what is asked of the one is answered by the other.

use std::collections::{BTreeSet, HashMap, HashSet};

/// For each member that was merged the one that stands for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Aliases {
    of: HashMap<String, String>,
    /// Members that stood for others before, which do not stand behind them any more.
    parted: HashSet<String>,
}

impl Aliases {
    /// Follows what each member was merged into to its end. Who was merged into nobody that is known, or in a circle, stands
    /// for itself.
    pub(super) fn new<'a>(
        is_known: impl Fn(&str) -> bool,
        merged: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let merged = merged.filter(|(id, into)| id != into && is_known(into));
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
        Self {
            of: aliases.collect(),
            parted: HashSet::new(),
        }
    }

    /// Adds members of others.
    pub(crate) fn extend(&mut self, others: Self) {
        self.of.extend(others.of);
        self.parted.extend(others.parted);
    }

    /// Takes note of whom others stood behind before, and no longer do.
    pub(super) fn part(&mut self, before: &Self) {
        for (id, stood_for) in &before.of {
            let heir = self.of(stood_for).unwrap_or(stood_for);
            if self.of(id) != Some(heir) {
                let heir = heir.to_owned();
                self.parted.insert(heir);
            }
        }
    }

    /// Members that stood for others before this load, which do not stand behind them any more.
    pub(super) fn parted(&self) -> impl Iterator<Item = &str> {
        self.parted.iter().map(String::as_str)
    }

    /// True if nobody was merged.
    pub(crate) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The member that stands for another; `None` if it stands for itself.
    pub(crate) fn of(&self, id: &str) -> Option<&str> {
        self.of.get(id).map(String::as_str)
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
        let known = |id: &str| ["a", "b", "c", "d", "e", "f"].contains(&id);
        let merged = [("a", "b"), ("b", "c"), ("d", "e"), ("e", "d"), ("f", "d")];
        let unknown = [("c", "nobody"), ("e", "d")];
        let aliases = Aliases::new(known, merged.into_iter().chain(unknown));
        let of = |id: &str| aliases.of(id).map(str::to_owned);
        assert_eq!(of("a"), Some("c".into()));
        assert_eq!(of("b"), Some("c".into()));
        assert_eq!(of("c"), None);
        assert_eq!((of("d"), of("e")), (None, None));
        assert_eq!(of("f"), Some("d".into()));
    }

    #[test]
    fn who_no_longer_stands_for_others_is_known() {
        let known = |id: &str| ["a", "b", "c", "d"].contains(&id);
        let before = Aliases::new(known, [("a", "b"), ("c", "d")].into_iter());
        let mut after = Aliases::new(known, [("b", "d"), ("c", "d")].into_iter());
        after.part(&before);
        assert_eq!(after.parted().collect::<Vec<_>>(), ["d"]);
        let mut longer = Aliases::new(known, [("a", "b"), ("b", "d"), ("c", "d")].into_iter());
        longer.part(&before);
        assert_eq!(longer.parted().count(), 0);
    }
}
