//! Rows in time: when they appear, change, are marked as deleted and vanish.
//!
//! A simulated thing keeps its whole past and future; every view "as of" an instant is cut from that.

use crate::demo::dice::Dice;
use crate::demo::time::Stamp;

/// When a row appears and goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    /// The row is written.
    pub(crate) entered: Stamp,
    /// The row is marked as deleted.
    pub(crate) removed: Option<Stamp>,
    /// The row is gone from the table.
    pub(crate) vanished: Option<Stamp>,
}

impl Life {
    /// A row that stays for good.
    pub(crate) fn from(entered: Stamp) -> Self {
        Self {
            entered,
            removed: None,
            vanished: None,
        }
    }

    /// Marks the row as deleted at an instant; the system prunes it one to eight months later.
    pub(crate) fn remove(&mut self, dice: &mut Dice, at: Stamp) {
        self.removed = Some(at);
        self.vanished = Some(at.plus_days(dice.between(30, 240)));
    }

    /// Whether the row stands in its table.
    pub(crate) fn is_visible(&self, at: Stamp) -> bool {
        self.entered <= at && self.vanished.is_none_or(|vanished| vanished > at)
    }

    /// Whether the row is marked as deleted.
    pub(crate) fn is_removed(&self, at: Stamp) -> bool {
        self.removed.is_some_and(|removed| removed <= at)
    }

    /// The last time that the row was written, given the last times its parts were.
    pub(crate) fn modified(
        &self,
        at: Stamp,
        parts: impl IntoIterator<Item = Option<Stamp>>,
    ) -> Stamp {
        parts
            .into_iter()
            .flatten()
            .chain(self.removed)
            .filter(|change| *change <= at)
            .fold(self.entered, Stamp::max)
    }
}

/// A value and its changes, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct Chain<T> {
    first: T,
    moves: Vec<(Stamp, T)>,
}

impl<T: PartialEq> Chain<T> {
    /// A value that has not changed yet.
    pub(crate) fn new(first: T) -> Self {
        Self {
            first,
            moves: Vec::new(),
        }
    }

    /// Changes the value; a change to the same value is none, and time never runs backwards.
    pub(crate) fn push(&mut self, at: Stamp, value: T) {
        let (last_at, last) = match self.moves.last() {
            Some((at, value)) => (*at, value),
            None => (Stamp(i64::MIN), &self.first),
        };
        if *last != value && at > last_at {
            self.moves.push((at, value));
        }
    }

    /// The same changes of something that follows from the value; where it stays the same, nothing changed.
    pub(crate) fn map<U: PartialEq>(&self, follow: impl Fn(&T) -> U) -> Chain<U> {
        let mut chain = Chain::new(follow(&self.first));
        for (at, value) in &self.moves {
            chain.push(*at, follow(value));
        }
        chain
    }

    /// The newest value of all.
    pub(crate) fn last(&self) -> &T {
        self.moves.last().map_or(&self.first, |(_, value)| value)
    }

    /// The value as of an instant.
    pub(crate) fn at(&self, at: Stamp) -> &T {
        self.moves
            .iter()
            .take_while(|(moved, _)| *moved <= at)
            .last()
            .map_or(&self.first, |(_, value)| value)
    }

    /// When the value last changed, as of an instant.
    pub(crate) fn changed(&self, at: Stamp) -> Option<Stamp> {
        self.moves
            .iter()
            .map(|(moved, _)| *moved)
            .take_while(|moved| *moved <= at)
            .last()
    }

    /// Every change up to an instant: when, the value before, the value after.
    pub(crate) fn moves(&self, at: Stamp) -> impl Iterator<Item = (Stamp, &T, &T)> {
        let before = std::iter::once(&self.first).chain(self.moves.iter().map(|(_, value)| value));
        before
            .zip(&self.moves)
            .map(|(before, (moved, after))| (*moved, before, after))
            .take_while(move |(moved, _, _)| *moved <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_cut_as_of_an_instant() {
        let mut chain = Chain::new("A");
        chain.push(Stamp(10), "B");
        chain.push(Stamp(15), "B");
        chain.push(Stamp(20), "C");
        chain.push(Stamp(5), "Z");
        assert_eq!(*chain.at(Stamp(9)), "A");
        assert_eq!(*chain.at(Stamp(10)), "B");
        assert_eq!(chain.changed(Stamp(19)), Some(Stamp(10)));
        let moves: Vec<_> = chain.moves(Stamp(30)).collect();
        assert_eq!(moves, [(Stamp(10), &"A", &"B"), (Stamp(20), &"B", &"C")]);
    }

    #[test]
    fn a_life_is_visible_between_entry_and_prune() {
        let mut life = Life::from(Stamp(100));
        life.removed = Some(Stamp(200));
        life.vanished = Some(Stamp(300));
        assert!(!life.is_visible(Stamp(99)) && life.is_visible(Stamp(100)));
        assert!(life.is_removed(Stamp(200)) && !life.is_visible(Stamp(300)));
        assert_eq!(
            life.modified(Stamp(150), [Some(Stamp(120)), None]),
            Stamp(120)
        );
        assert_eq!(life.modified(Stamp(250), [Some(Stamp(120))]), Stamp(200));
    }
}
