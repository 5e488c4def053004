//! The timeline of one member: everything that was ever seen of it, folded into versions.
//!
//! What was seen holds from an instant on, and may say nothing of some attributes. The fold is a function of the set of
//! what was seen: the order in which it came, and the loads that brought it, make no difference.
//!
//! ```text
//! seen ──sort by instant, sequence, content──► last word of each instant ──► value of each attribute ──► versions
//! ```
//!
//! Pure: values are rows of a table that the caller holds.

use std::cmp::Ordering;

use super::OPEN_FROM;

/// One thing that was seen of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// From when it holds, in microseconds; [`OPEN_FROM`] for what was before every change.
    pub(super) at: i64,
    /// Which of several in one instant has the last word.
    pub(super) sequence: i64,
    /// The row of its values.
    pub(super) row: u32,
    /// Which attributes it speaks of, as a number of the caller's.
    pub(super) mask: u32,
    /// Whether the source has the member deleted from then on; `None` says nothing about it.
    pub(super) deleted: Option<bool>,
    /// How the instant is known.
    pub(super) basis: Basis,
    /// Which change of the source it is, by the row there; `None` if nobody can tell, or if it is no change.
    pub(super) change: Option<i64>,
}

/// How it is known since when something holds, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Basis {
    /// It was so before anything that is known.
    Open,
    /// A stream or table of changes says it.
    Audit,
    /// The row says when it was last modified.
    Modified,
    /// It was so when the source was read.
    Snapshot,
}

impl Basis {
    /// The word in the tables.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Audit => "audit",
            Self::Modified => "modified",
            Self::Snapshot => "snapshot",
        }
    }

    /// What a word of the tables means.
    pub(super) fn of(word: &str) -> Self {
        let all = [Self::Open, Self::Audit, Self::Modified];
        let found = all.into_iter().find(|basis| basis.word() == word);
        found.unwrap_or(Self::Snapshot)
    }
}

/// What an attribute does when it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Type 0: the value that is earliest in valid time stands in all versions.
    Original,
    /// Type 1: the latest value stands in all versions.
    Overwrite,
    /// Type 2: a change begins a version.
    Version,
    /// Type 3: the value before the latest change stands in all versions.
    Previous,
}

/// The values behind what was seen.
pub(super) trait Values {
    /// True if it speaks of the attribute.
    fn knows(&self, seen: &Seen, attribute: usize) -> bool;
    /// True if the attribute has the same value in both rows.
    fn same(&self, attribute: usize, a: u32, b: u32) -> bool;
    /// An order by content alone, for what has the same instant and sequence.
    fn order(&self, a: &Seen, b: &Seen) -> Ordering;
}

/// One version: half-open from its instant to that of the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    /// From when it holds; [`OPEN_FROM`] for the first.
    pub(super) from: i64,
    /// How its instant is known; the first is open.
    pub(super) basis: Basis,
    /// For each attribute the row of its value; `None` if nobody knows it.
    pub(super) cells: Vec<Option<u32>>,
}

/// What is known of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timeline {
    /// The versions in the order of time, at least one.
    pub(super) versions: Vec<Version>,
    /// For each attribute the row of its latest value.
    pub(super) state: Vec<Option<u32>>,
    /// True if the source has deleted it.
    pub(super) deleted: bool,
    /// The latest instant at which anything was seen, and its sequence.
    pub(super) latest: (i64, i64),
}

/// Folds what was seen of a member into its timeline; sorts it on the way.
pub(super) fn fold(seen: &mut [Seen], rules: &[Rule], values: &impl Values) -> Timeline {
    seen.sort_by(|a, b| {
        let instant = (a.at, a.sequence).cmp(&(b.at, b.sequence));
        instant.then_with(|| values.order(a, b))
    });
    let mut run = Run {
        rules,
        values,
        state: vec![None; rules.len()],
        before: vec![None; rules.len()],
        versions: Vec::new(),
    };
    for instant in seen.chunk_by(|a, b| a.at == b.at) {
        run.instant(instant);
    }
    let mut versions = run.versions;
    if versions.is_empty() {
        versions.push(Version {
            from: OPEN_FROM,
            basis: Basis::Open,
            cells: vec![None; rules.len()],
        });
    }
    spread(&mut versions, rules, &run.state, &run.before);
    Timeline {
        versions,
        state: run.state,
        deleted: seen.iter().rev().find_map(|seen| seen.deleted) == Some(true),
        latest: seen
            .last()
            .map_or((OPEN_FROM, i64::MIN), |last| (last.at, last.sequence)),
    }
}

/// The fold on its way through time.
struct Run<'a, V> {
    rules: &'a [Rule],
    values: &'a V,
    state: Vec<Option<u32>>,
    /// For each attribute its value before the latest change.
    before: Vec<Option<u32>>,
    versions: Vec<Version>,
}

impl<V: Values> Run<'_, V> {
    /// Takes what was seen at one instant, the last word last.
    fn instant(&mut self, seen: &[Seen]) {
        let mut begun_by = None;
        for attribute in 0..self.rules.len() {
            let mut words = seen.iter().rev();
            let Some(word) = words.find(|seen| self.values.knows(seen, attribute)) else {
                continue;
            };
            if self.set(attribute, word.row) && self.rules[attribute] == Rule::Version {
                let basis = self.basis(seen, attribute, word.row);
                begun_by = begun_by.min(Some(basis)).or(Some(basis));
            }
        }
        let first = self.versions.is_empty();
        if first || begun_by.is_some() {
            self.versions.push(Version {
                from: if first { OPEN_FROM } else { seen[0].at },
                basis: begun_by.filter(|_| !first).unwrap_or(Basis::Open),
                cells: self.state.clone(),
            });
        }
    }

    /// Gives an attribute a value; true if that is a change. What nobody knew before was always so.
    fn set(&mut self, attribute: usize, row: u32) -> bool {
        match self.state[attribute] {
            None => {
                self.state[attribute] = Some(row);
                for version in &mut self.versions {
                    version.cells[attribute] = Some(row);
                }
                false
            }
            Some(old) if self.values.same(attribute, old, row) => false,
            Some(old) => {
                self.before[attribute] = Some(old);
                self.state[attribute] = Some(row);
                true
            }
        }
    }

    /// The best of what says the same value at the same instant.
    fn basis(&self, seen: &[Seen], attribute: usize, row: u32) -> Basis {
        let same = seen.iter().filter(|seen| {
            self.values.knows(seen, attribute) && self.values.same(attribute, seen.row, row)
        });
        let best = same.map(|seen| seen.basis).min();
        best.unwrap_or(Basis::Snapshot)
    }
}

/// Attributes without versions of their own have the same value in all.
fn spread(versions: &mut [Version], rules: &[Rule], state: &[Option<u32>], before: &[Option<u32>]) {
    let Some(first) = versions.first().map(|version| version.cells.clone()) else {
        return;
    };
    for version in versions {
        for (attribute, rule) in rules.iter().enumerate() {
            version.cells[attribute] = match rule {
                Rule::Version => continue,
                Rule::Original => first[attribute],
                Rule::Overwrite => state[attribute],
                Rule::Previous => before[attribute],
            };
        }
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
