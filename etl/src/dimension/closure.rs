//! The closure of a tree of members: every member with each one above it, how far, and from when to when.
//!
//! ```text
//! tree ──► from each member down: its pairs, in their order, some at a time
//!     └──► from each member up: its way to the top
//! ```
//!
//! A chain of n members has n²/2 pairs, of which only some lie in memory at once.

use super::tree::{NOBODY, Tree, Walker};

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

/// All pairs of a tree in their order, some at a time.
pub(crate) struct Pairs<'t> {
    tree: &'t Tree,
    walker: Walker,
    /// About how many lie in memory at a time.
    room: usize,
    /// The place of the ancestor that is next.
    at: usize,
    /// The descendant of it up to which its pairs were told.
    after: Option<i32>,
}

/// The ways of all members of a tree to the top, in the order of the members.
pub(crate) struct Ways<'t> {
    tree: &'t Tree,
    walker: Walker,
    at: usize,
}

impl Tree {
    /// All pairs, about so many at a time.
    pub(crate) fn pairs(&self, room: usize) -> Pairs<'_> {
        Pairs {
            tree: self,
            walker: Walker::new(self.members.len()),
            room: room.max(1),
            at: 0,
            after: None,
        }
    }

    /// Each member's way to the top.
    pub(crate) fn ways(&self) -> Ways<'_> {
        Ways {
            tree: self,
            walker: Walker::new(self.members.len()),
            at: 0,
        }
    }

    /// Adds what is so of a member and one above it in a time.
    fn add(
        &self,
        (ancestor, descendant): (usize, usize),
        depth: i32,
        (from, to): (i64, i64),
        pairs: &mut Vec<Pair>,
    ) {
        for above in self.above.between(ancestor, (from, to)) {
            let (from, to) = (from.max(above.from), to.min(above.to));
            let leaves = self.leaves.between(descendant, (from, to));
            pairs.extend(leaves.map(|leaf| Pair {
                ancestor: self.members[ancestor],
                descendant: self.members[descendant],
                depth,
                is_top: above.what == NOBODY,
                is_leaf: leaf.what,
                from: from.max(leaf.from),
                to: to.min(leaf.to),
            }));
        }
    }
}

impl Iterator for Pairs<'_> {
    type Item = Vec<Pair>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut pairs = Vec::new();
        while pairs.len() < self.room && self.at < self.tree.members.len() {
            let own = self.of_next();
            join(own, &mut pairs);
        }
        (!pairs.is_empty()).then_some(pairs)
    }
}

impl Pairs<'_> {
    /// The pairs of the ancestor that is next, or the first of those that were not told yet if there are too many at once: then
    /// the way down is gone again for the others.
    fn of_next(&mut self) -> Vec<Pair> {
        let (tree, room, at) = (self.tree, self.room, self.at);
        let (after, mut until) = (self.after, None);
        let (mut pairs, mut most) = (Vec::new(), 2 * room);
        self.walker.walk(&tree.below, at, |member, depth, time| {
            let key = tree.members[member];
            if after.is_some_and(|after| key <= after) || until.is_some_and(|until| key > until) {
                return;
            }
            tree.add((at, member), depth, time, &mut pairs);
            if pairs.len() > most {
                until = Some(first(&mut pairs, room));
                most = 2 * room.max(pairs.len());
            }
        });
        self.after = until;
        self.at += usize::from(until.is_none());
        pairs
    }
}

/// Keeps about so many of the first pairs, all of each descendant; returns the last descendant.
fn first(pairs: &mut Vec<Pair>, room: usize) -> i32 {
    pairs.sort_unstable();
    let last = pairs[room.min(pairs.len() - 1)].descendant;
    pairs.truncate(pairs.partition_point(|pair| pair.descendant <= last));
    last
}

impl Iterator for Ways<'_> {
    /// The pairs of a member with itself and with all above it.
    type Item = Vec<Pair>;

    fn next(&mut self) -> Option<Self::Item> {
        let (tree, at) = (self.tree, self.at);
        if at == tree.members.len() {
            return None;
        }
        self.at += 1;
        let (mut pairs, mut joined) = (Vec::new(), Vec::new());
        self.walker.walk(&tree.above, at, |member, depth, time| {
            tree.add((member, at), depth, time, &mut pairs);
        });
        join(pairs, &mut joined);
        Some(joined)
    }
}

/// Adds pairs in their order, those that say the same of times that follow each other as one.
fn join(mut pairs: Vec<Pair>, all: &mut Vec<Pair>) {
    pairs.sort_unstable();
    for pair in pairs {
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
