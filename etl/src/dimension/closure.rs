//! The closure of a tree of members: every member with each one above it, how far, and from when to when.
//!
//! ```text
//! who is above whom, from when to when ──► circles are cut ──► each member's way to the top ──► pairs
//! ```
//!
//! Nothing here calls itself: trees may be as deep as they like.

use std::collections::{HashMap, HashSet};

use super::{Aliases, OPEN_FROM, OPEN_TO};

/// A member and whom it says to be above it, from when to when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// The durable key.
    pub(crate) member: i32,
    /// The business id.
    pub(crate) id: String,
    /// The business id of the parent; `None` at the top.
    pub(crate) parent: Option<String>,
    /// From when.
    pub(crate) from: i64,
    /// Until when, which is not within.
    pub(crate) to: i64,
}

/// One pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pair {
    /// The durable key of the member above, or of the member itself.
    pub(crate) ancestor: i32,
    /// The durable key of the member.
    pub(crate) descendant: i32,
    /// How many steps are between them.
    pub(crate) depth: i32,
    /// True if nobody is above the one.
    pub(crate) is_top: bool,
    /// True if nobody is below the other.
    pub(crate) is_leaf: bool,
    /// From when.
    pub(crate) from: i64,
    /// Until when, which is not within.
    pub(crate) to: i64,
}

/// The pairs, and what could not be followed.
#[derive(Debug, Default)]
pub(crate) struct Closure {
    /// Every pair, sorted.
    pub(crate) pairs: Vec<Pair>,
    /// How many members name a parent that nobody knows.
    pub(crate) orphans: usize,
    /// How many members are above themselves, in a circle.
    pub(crate) circular: usize,
}

/// A time with one parent, or with none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    from: i64,
    to: i64,
    parent: Option<usize>,
}

/// Works out the closure. Who names a parent that nobody knows, or is its own ancestor, stands at the top for that time.
pub(crate) fn closure(mut said: Vec<Said>, aliases: &Aliases) -> Closure {
    said.sort_by_key(|it| (it.member, it.from));
    let mut members: Vec<i32> = said.iter().map(|it| it.member).collect();
    members.dedup();
    let number = |member: i32| members.binary_search(&member).ok();
    let numbers = said
        .iter()
        .filter_map(|it| Some((it.id.as_str(), number(it.member)?)));
    let numbers: HashMap<&str, usize> = numbers.collect();
    let mut closure = Closure::default();
    let mut tree: Vec<Vec<Piece>> = vec![Vec::new(); members.len()];
    let mut orphans = HashSet::new();
    for it in &said {
        let Some(at) = number(it.member) else {
            continue;
        };
        let named = it.parent.as_deref().filter(|id| !id.is_empty());
        let named = named.map(|id| aliases.of(id).unwrap_or(id));
        let parent = named.and_then(|id| numbers.get(id).copied());
        if named.is_some() && parent.is_none() {
            orphans.insert(at);
        }
        push(&mut tree[at], (it.from, it.to, parent));
    }
    closure.orphans = orphans.len();
    let circles: Vec<Vec<(i64, i64)>> = (0..tree.len()).map(|at| circles(&tree, at)).collect();
    closure.circular = circles.iter().filter(|times| !times.is_empty()).count();
    for (pieces, times) in tree.iter_mut().zip(&circles) {
        *pieces = without(pieces, times);
    }
    let leaves = leaves(&tree);
    for (at, leaves) in leaves.iter().enumerate() {
        pairs(&tree, leaves, &members, at, &mut closure.pairs);
    }
    closure.pairs.sort_unstable();
    closure
}

/// Adds a time, as one with that before it if nothing changes.
fn push(pieces: &mut Vec<Piece>, (from, to, parent): (i64, i64, Option<usize>)) {
    match pieces.last_mut() {
        Some(last) if last.to == from && last.parent == parent => last.to = to,
        _ if from < to => pieces.push(Piece { from, to, parent }),
        _ => {}
    }
}

/// A member on the way up, in the time in which it is on the way.
struct Step {
    at: usize,
    from: i64,
    to: i64,
    /// The piece that is followed next.
    next: usize,
}

/// Goes all ways from a member up, each as far as it leads; `seen` is told of every step: the member, the depth and the time.
/// Returns the times in which a way leads back to the member itself.
fn climb(
    tree: &[Vec<Piece>],
    start: usize,
    mut seen: impl FnMut(usize, i32, i64, i64),
) -> Vec<(i64, i64)> {
    let mut back = Vec::new();
    let mut way = vec![Step {
        at: start,
        from: OPEN_FROM,
        to: OPEN_TO,
        next: 0,
    }];
    let mut on_the_way = HashSet::from([start]);
    seen(start, 0, OPEN_FROM, OPEN_TO);
    while let Some(step) = way.last_mut() {
        let Some(piece) = tree[step.at].get(step.next).copied() else {
            on_the_way.remove(&step.at);
            way.pop();
            continue;
        };
        step.next += 1;
        let (from, to) = (step.from.max(piece.from), step.to.min(piece.to));
        let Some(parent) = piece.parent.filter(|_| from < to) else {
            continue;
        };
        if parent == start {
            back.push((from, to));
        } else if on_the_way.insert(parent) {
            let depth = i32::try_from(way.len()).unwrap_or(i32::MAX);
            seen(parent, depth, from, to);
            way.push(Step {
                at: parent,
                from,
                to,
                next: tree[parent].partition_point(|piece| piece.to <= from),
            });
        }
    }
    back
}

/// The times in which a member is above itself, in order.
fn circles(tree: &[Vec<Piece>], at: usize) -> Vec<(i64, i64)> {
    let mut times = climb(tree, at, |_, _, _, _| {});
    times.sort_unstable();
    times
}

/// The pieces with no parent in some times, which are in order and do not overlap.
fn without(pieces: &[Piece], times: &[(i64, i64)]) -> Vec<Piece> {
    let mut cut = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let mut from = piece.from;
        for (begin, end) in times {
            let (begin, end) = ((*begin).max(from), (*end).min(piece.to));
            if begin < end {
                push(&mut cut, (from, begin, piece.parent));
                push(&mut cut, (begin, end, None));
                from = end;
            }
        }
        push(&mut cut, (from, piece.to, piece.parent));
    }
    cut
}

/// For each member its times, and whether nobody is below it then.
fn leaves(tree: &[Vec<Piece>]) -> Vec<Vec<(i64, i64, bool)>> {
    let mut below: Vec<Vec<(i64, i64)>> = vec![Vec::new(); tree.len()];
    for piece in tree.iter().flatten() {
        if let Some(parent) = piece.parent {
            below[parent].push((piece.from, piece.to));
        }
    }
    below.into_iter().map(runs).collect()
}

/// The times with somebody below, as few as possible, and those between them.
fn runs(mut below: Vec<(i64, i64)>) -> Vec<(i64, i64, bool)> {
    below.sort_unstable();
    let mut runs: Vec<(i64, i64, bool)> = Vec::new();
    let mut until = OPEN_FROM;
    for (from, to) in below {
        if from > until {
            runs.push((until, from, true));
        }
        match runs.last_mut() {
            Some((_, end, false)) => *end = (*end).max(to),
            _ => runs.push((from, to, false)),
        }
        until = until.max(to);
    }
    if until < OPEN_TO {
        runs.push((until, OPEN_TO, true));
    }
    runs
}

/// Adds the pairs of a member, equal ones that follow each other as one.
fn pairs(
    tree: &[Vec<Piece>],
    leaves: &[(i64, i64, bool)],
    members: &[i32],
    at: usize,
    all: &mut Vec<Pair>,
) {
    let mut own = Vec::new();
    climb(tree, at, |ancestor, depth, from, to| {
        for piece in &tree[ancestor] {
            for (begin, end, is_leaf) in leaves {
                let pair = Pair {
                    ancestor: members[ancestor],
                    descendant: members[at],
                    depth,
                    is_top: piece.parent.is_none(),
                    is_leaf: *is_leaf,
                    from: from.max(piece.from).max(*begin),
                    to: to.min(piece.to).min(*end),
                };
                if pair.from < pair.to {
                    own.push(pair);
                }
            }
        }
    });
    own.sort_unstable();
    for pair in own {
        match all.last_mut() {
            Some(last) if last.goes_on_in(&pair) => last.to = pair.to,
            _ => all.push(pair),
        }
    }
}

impl Pair {
    /// True if another one says the same of the time that follows.
    fn goes_on_in(&self, next: &Self) -> bool {
        let then = Self {
            from: next.from,
            to: next.to,
            ..*self
        };
        self.to == next.from && then == *next
    }
}

#[cfg(test)]
#[path = "closure_tests.rs"]
mod tests;
