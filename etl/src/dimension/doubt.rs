//! Ties of which nobody can tell whether a load of all changes at once would decide them as they are decided here.
//!
//! Of changes of one instant and sequence the greatest has the last word, by all values in the order of the attributes. Where
//! they came under different models, only a part of some may be known, and that part may not say which one is the greatest.

use std::cmp::Ordering;

use super::timeline::{Seen, Values};

/// What a tie is decided by.
pub(super) trait Words: Values {
    /// How many attributes there are.
    fn width(&self) -> usize;
    /// True if it says all that a load of today would say of it.
    fn is_complete(&self, seen: &Seen) -> bool;
    /// True if words that are no changes tell of an attribute what the last word of their instant says.
    fn is_present(&self, attribute: usize) -> bool;
    /// Which of two rows has the greater value.
    fn compare(&self, attribute: usize, a: u32, b: u32) -> Ordering;
}

/// Members with ties in doubt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Doubts {
    /// How many members.
    pub(crate) members: u64,
    /// At how many instants, of all these together.
    pub(crate) instants: u64,
    /// The first of them in the order of the ids.
    pub(crate) example: Option<String>,
}

impl Doubts {
    /// Adds a member with ties in doubt.
    pub(super) fn tell(&mut self, id: &str, instants: u64) {
        self.add(&Self {
            members: 1,
            instants,
            example: Some(id.to_owned()),
        });
    }

    /// Adds other members.
    pub(crate) fn add(&mut self, others: &Self) {
        self.members += others.members;
        self.instants += others.instants;
        let examples = [self.example.take(), others.example.clone()];
        self.example = examples.into_iter().flatten().min();
    }
}

/// At how many instants a tie is in doubt, among everything that was seen of a member; only of instants that are asked for.
pub(super) fn doubtful(seen: &[Seen], words: &impl Words, asked: impl Fn(i64) -> bool) -> u64 {
    if seen.iter().all(|one| words.is_complete(one)) {
        return 0;
    }
    let mut seen = seen.to_vec();
    seen.sort_by(|a, b| {
        let instant = (a.at, a.sequence).cmp(&(b.at, b.sequence));
        instant.then_with(|| words.order(a, b))
    });
    let instants = seen.chunk_by(|a, b| a.at == b.at);
    let instants = instants.filter(|words| asked(words[0].at));
    instants.filter(|it| is_doubtful(it, words)).count() as u64
}

/// True if any tie of an instant is in doubt, of attributes that no later sequence of the instant tells of.
fn is_doubtful(instant: &[Seen], words: &impl Words) -> bool {
    let mut open: Vec<usize> = (0..words.width()).collect();
    let mut ties: Vec<&[Seen]> = instant.chunk_by(|a, b| a.sequence == b.sequence).collect();
    ties.reverse();
    for tie in ties {
        if (Tie { tie, words }).is_doubtful(&open) {
            return true;
        }
        open.retain(|at| !tie.iter().any(|one| words.knows(one, *at)));
    }
    false
}

/// What was seen at one instant with one sequence, in its order.
struct Tie<'a, W> {
    tie: &'a [Seen],
    words: &'a W,
}

impl<W: Words> Tie<'_, W> {
    fn is_doubtful(&self, open: &[usize]) -> bool {
        let (tie, words) = (self.tie, self.words);
        if tie.len() < 2 || tie.iter().all(|one| words.is_complete(one)) {
            return false;
        }
        let changes: Vec<&Seen> = tie.iter().filter(|it| it.deleted == Some(false)).collect();
        // what else is told of one change was told of it before it was known as a whole
        if changes.is_empty() || changes.len() == 1 && words.is_complete(changes[0]) {
            return false;
        }
        let are_told_apart = changes.iter().all(|change| change.change.is_some());
        let is_told = |at: usize| match (self.know(at).count(), are_told_apart) {
            (known, true) => known >= changes.len(),
            (known, false) => {
                let told = self.know(at).any(|one| one.deleted.is_none());
                known > 0 && (told || changes.iter().all(|one| words.knows(one, at)))
            }
        };
        let differ: Vec<usize> = open
            .iter()
            .copied()
            .filter(|at| self.differs(*at))
            .collect();
        let is_partly = |at: usize| !is_told(at) && self.know(at).next().is_some();
        let Some((first, last)) = differ.first().zip(differ.last()) else {
            // changes that nobody can tell apart and that do not contradict each other may be the same
            return are_told_apart && open.iter().any(|at| is_partly(*at));
        };
        if open.iter().any(|at| is_partly(*at)) || self.has_presents() {
            return true;
        }
        let greatest = self.know(*first).max_by(|a, b| self.compare(*first, a, b));
        let Some(greatest) = greatest else {
            return true;
        };
        let same = |at: usize, a: &Seen, b: &Seen| words.same(at, a.row, b.row);
        let mut carriers = self.know(*first).filter(|it| same(*first, it, greatest));
        let is_whole = |one: &Seen| differ.iter().all(|at| words.knows(one, *at));
        let of_one = carriers.clone().count() == 1;
        // an attribute of which nothing is known goes before those that are compared
        let until = if of_one { *first } else { *last };
        if (0..until).any(|at| !is_told(at)) || !carriers.clone().all(is_whole) {
            return true;
        }
        let Some(mut right) = carriers.next() else {
            return true;
        };
        for one in carriers {
            let mut order = differ.iter().map(|at| self.compare(*at, one, right));
            if order.find(|it| it.is_ne()) == Some(Ordering::Greater) {
                right = one;
            }
        }
        let is_right = |at: &usize| self.know(*at).last().is_some_and(|it| same(*at, it, right));
        !differ.iter().all(is_right)
    }

    /// What speaks of an attribute, but for members that are gone.
    fn know(&self, attribute: usize) -> impl DoubleEndedIterator<Item = &Seen> + Clone {
        let standing = self.tie.iter().filter(|it| it.deleted != Some(true));
        standing.filter(move |it| self.words.knows(it, attribute))
    }

    fn compare(&self, attribute: usize, a: &Seen, b: &Seen) -> Ordering {
        self.words.compare(attribute, a.row, b.row)
    }

    /// True if not all say the same.
    fn differs(&self, attribute: usize) -> bool {
        let mut known = self.know(attribute);
        let Some(first) = known.next() else {
            return false;
        };
        known.any(|it| !self.words.same(attribute, first.row, it.row))
    }

    /// True if some of it is told of the instant, and not of each change.
    fn has_presents(&self) -> bool {
        let mut told = self.tie.iter().filter(|it| it.deleted.is_none());
        let mut width = 0..self.words.width();
        width.any(|at| self.words.is_present(at) && told.any(|it| self.words.knows(it, at)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::timeline::Basis;
    use super::*;

    /// For each row the values of three attributes, the last of which is told of instants.
    struct Table(Vec<[Option<u8>; 3]>);

    impl Values for Table {
        fn knows(&self, seen: &Seen, attribute: usize) -> bool {
            self.0[seen.row as usize][attribute].is_some()
        }
        fn same(&self, attribute: usize, a: u32, b: u32) -> bool {
            self.compare(attribute, a, b).is_eq()
        }
        fn order(&self, a: &Seen, b: &Seen) -> Ordering {
            let mask = |seen: &Seen| self.0[seen.row as usize].map(|it| it.is_some());
            let values = |seen: &Seen| self.0[seen.row as usize];
            (mask(a), values(a)).cmp(&(mask(b), values(b)))
        }
    }

    impl Words for Table {
        fn width(&self) -> usize {
            3
        }
        fn is_complete(&self, seen: &Seen) -> bool {
            self.0[seen.row as usize].iter().all(Option::is_some)
        }
        fn is_present(&self, attribute: usize) -> bool {
            attribute == 2
        }
        fn compare(&self, attribute: usize, a: u32, b: u32) -> Ordering {
            self.0[a as usize][attribute].cmp(&self.0[b as usize][attribute])
        }
    }

    /// Changes, each with its sequence, and words of parts, at one instant.
    fn check(changes: &[(i64, [u8; 3])], parts: &[[u8; 3]]) -> bool {
        let values = |known: &[u8; 3]| known.map(|it| (it > 0).then_some(it));
        let rows = changes.iter().map(|(_, known)| values(known));
        let table = Table(rows.chain(parts.iter().map(values)).collect());
        let numbers = changes.iter().map(|(sequence, _)| (*sequence, true));
        let numbers = numbers.chain(parts.iter().map(|_| (0, false)));
        let seen = numbers.zip(0..).map(|((sequence, is_change), row)| Seen {
            at: 0,
            sequence,
            row,
            mask: 0,
            deleted: is_change.then_some(false),
            basis: Basis::Audit,
            change: is_change.then_some(i64::from(row)),
        });
        let seen: Vec<Seen> = seen.collect();
        doubtful(&seen, &table, |_| true) > 0
    }

    #[test]
    fn only_what_a_part_does_not_decide_is_in_doubt() {
        let (known, told) = ([1, 2, 1], [2, 1, 1]);
        assert!(!check(&[(0, known), (0, told)], &[]), "all is known");
        assert!(
            !check(&[(0, [1, 0, 1]), (1, told)], &[]),
            "another sequence"
        );
        // the first attribute decides, whatever the second is
        assert!(!check(&[(0, [1, 0, 1]), (0, [2, 1, 1])], &[[0, 5, 0]]));
        // it decides for the one of which the second is not known
        assert!(check(&[(0, [2, 0, 1]), (0, [1, 3, 1])], &[[0, 5, 0]]));
        // both say the same
        assert!(!check(&[(0, [1, 0, 1]), (0, [1, 5, 1])], &[[0, 5, 0]]));
        assert!(check(&[(0, [1, 0, 1]), (0, [1, 4, 1])], &[[0, 5, 0]]));
        // nobody knows the second of one of them
        assert!(check(&[(0, [1, 0, 1]), (0, [1, 4, 1])], &[]));
        assert!(check(&[(0, [0, 1, 1]), (0, [0, 2, 1])], &[]));
        assert!(!check(&[(0, [1, 0, 1]), (0, [2, 0, 1])], &[]));
        // which of two belongs to which
        assert!(check(
            &[(0, [1, 0, 1]), (0, [2, 0, 1])],
            &[[0, 3, 0], [0, 4, 0]]
        ));
        assert!(!check(
            &[(0, [1, 0, 1]), (0, [1, 0, 1])],
            &[[0, 3, 0], [0, 4, 0]]
        ));
        // combinations are those of the instant
        let combination = [[0, 0, 7], [0, 0, 7]];
        assert!(check(&[(0, [1, 1, 0]), (0, [2, 1, 0])], &combination));
        assert!(!check(&[(0, [1, 1, 0]), (0, [1, 1, 0])], &combination));
        // a later sequence tells all of it
        let later = [(0, [2, 0, 1]), (0, [1, 3, 1]), (1, [1, 1, 1])];
        assert!(!check(&later, &[[0, 5, 0]]));
    }
}
