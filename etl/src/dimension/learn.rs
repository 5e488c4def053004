//! What a load tells of a member that nobody knew before.

use arrow::array::Array as _;

use super::evidence::Evidence;
use super::observe::Observations;
use super::recall::Known;
use super::timeline::{Basis, Rule, Seen, Timeline, Values as _, fold};
use super::{DimensionInput, Nature, OPEN_FROM};

/// The sequence of a present state: after what audit tables tell of the same instant.
pub(super) const LAST_WORD: i64 = 1;

/// The rows of a load beside what is known.
pub(super) struct Learner<'a> {
    pub(super) input: &'a DimensionInput<'a>,
    pub(super) observed: &'a Observations,
    pub(super) evidence: &'a Evidence,
    pub(super) rules: &'a [Rule],
}

impl Learner<'_> {
    /// Adds what this load says of a member behind what was known of it; returns the timeline of all.
    pub(super) fn learn(&self, id: &str, observed: &[usize], known: &mut Known) -> Timeline {
        let nature = self.input.entity.nature;
        known.earlier = known.seen.len();
        for (at, row) in observed.iter().enumerate() {
            let next = observed.get(at + 1);
            if nature == Nature::Present && next.is_none() {
                break;
            }
            let told = self.told(*row, next.copied());
            self.add(told, known);
        }
        let timeline = self.fold(&known.seen);
        if known.seen.is_empty() && observed.is_empty() {
            return timeline;
        }
        let news = match (nature, observed.last()) {
            (Nature::Changes, _) => None,
            (_, Some(row)) => self.present(*row, &timeline, known.seen.is_empty()),
            (_, None) => self.vanished(id, &timeline),
        };
        match news {
            Some(news) => {
                known.seen.push(news);
                known.has_news = true;
                self.fold(&known.seen)
            }
            None => timeline,
        }
    }

    /// The timeline of what was seen of a member.
    pub(super) fn fold(&self, seen: &[Seen]) -> Timeline {
        fold(&mut seen.to_vec(), self.rules, self.evidence)
    }

    /// Adds a word of the past or of a change, unless it is known. It takes the place of the word of an earlier load of the
    /// same thing; where nobody can tell what a word is of, it stands beside the others.
    fn add(&self, told: Seen, known: &mut Known) {
        let instant = |one: &Seen| (one.at, one.sequence) == (told.at, told.sequence);
        let says = |one: &Seen| {
            instant(one) && one.mask == told.mask && self.evidence.order(one, &told).is_eq()
        };
        let mut earlier = known.seen[..known.earlier].iter();
        if let Some(at) = earlier.position(|one| instant(one) && self.is_of_same(one, &told)) {
            if !says(&known.seen[at]) {
                known.replace(at, told);
                known.has_news = true;
            }
            return;
        }
        let is_unclear = |one: &Seen| one.change.is_none() || told.change.is_none();
        match known
            .seen
            .iter()
            .position(|one| says(one) && is_unclear(one))
        {
            // everything is written anew, with what it is a word of
            Some(at) if at < known.earlier && told.change.is_some() && self.evidence.reshaped => {
                known.replace(at, told);
            }
            Some(_) => {}
            None => {
                known.seen.push(told);
                known.has_news = true;
            }
        }
    }

    /// True if two words of one instant and sequence are of the same change, or of the same state of a rebuilt history.
    fn is_of_same(&self, earlier: &Seen, told: &Seen) -> bool {
        match self.input.entity.nature {
            Nature::Changes => told.change.is_some() && earlier.change == told.change,
            Nature::Mined => earlier.deleted.is_none() && earlier.mask == told.mask,
            Nature::Present => false,
        }
    }

    /// What a row says of the past, or a change of its instant.
    fn told(&self, row: usize, next: Option<usize>) -> Seen {
        let observed = &self.observed.columns;
        let deleted = observed.deleted.value(row);
        let at = observed.from[row];
        let (mask, sequence, deleted) = match self.input.entity.nature {
            Nature::Changes if deleted => (self.evidence.fate, observed.sequence[row], Some(true)),
            Nature::Changes => (self.evidence.all, observed.sequence[row], Some(false)),
            // of several beginnings the one that knows the earliest change has the last word
            Nature::Mined if at == OPEN_FROM => {
                let first = next.map_or(i64::MAX, |next| observed.from[next]);
                (self.evidence.audited, first.saturating_neg(), None)
            }
            Nature::Mined => (self.evidence.audited, 0, None),
            Nature::Present => (self.evidence.all, 0, None),
        };
        Seen {
            at,
            sequence,
            row: self.evidence.row(row),
            mask,
            deleted,
            basis: Basis::of(observed.basis.value(row)),
            change: observed.change[row],
        }
    }

    /// The present state of a member, if it says anything new. A change is dated at the modified time, else at the
    /// snapshot; what only fills gaps holds from where the member is known, or from the beginning.
    fn present(&self, row: usize, timeline: &Timeline, is_first: bool) -> Option<Seen> {
        let observed = &self.observed.columns;
        let place = self.evidence.row(row);
        let deleted = observed.deleted.value(row);
        let cells = || timeline.state.iter().enumerate();
        let differs = |(attribute, cell): (usize, &Option<u32>)| {
            cell.is_some_and(|cell| !self.evidence.same(attribute, cell, place))
        };
        let is_change = timeline.deleted != deleted && !is_first || cells().any(differs);
        if !is_first && !is_change && cells().all(|(_, cell)| cell.is_some()) {
            return None;
        }
        let modified = observed.modified.is_valid(row);
        let modified = modified.then(|| observed.modified.value(row));
        let (at, sequence, basis) = match modified {
            Some(modified) if (modified, LAST_WORD) > timeline.latest => {
                (modified, LAST_WORD, Basis::Modified)
            }
            _ if is_change => (self.now(timeline), 0, Basis::Snapshot),
            _ if is_first => (OPEN_FROM, i64::MIN, Basis::Open),
            _ => (timeline.latest.0, timeline.latest.1 + 1, Basis::Snapshot),
        };
        // of what a rebuilt history tells, the present state says nothing unless it says something else
        let audited = |at: usize| self.input.audited.get(at) == Some(&true);
        let is_told = !cells().any(|cell| audited(cell.0) && differs(cell));
        let mask = match self.input.entity.nature == Nature::Mined && is_told {
            true => self.evidence.unaudited,
            false => self.evidence.all,
        };
        Some(Seen {
            at,
            sequence,
            row: place,
            mask,
            deleted: Some(deleted),
            basis,
            change: None,
        })
    }

    /// A member that the source no longer has, unless its rows were only rejected.
    fn vanished(&self, id: &str, timeline: &Timeline) -> Option<Seen> {
        let stands = timeline.deleted || self.was_rejected(id);
        (!stands).then(|| Seen {
            at: self.now(timeline),
            sequence: 0,
            row: 0,
            mask: self.evidence.none,
            deleted: Some(true),
            basis: Basis::Snapshot,
            change: None,
        })
    }

    /// True if the source has a row of the member that could not be taken.
    pub(super) fn was_rejected(&self, id: &str) -> bool {
        self.observed.rejected.contains(id) || self.input.rejected_ids.contains(id)
    }

    /// The instant of the snapshot, or a later one if something is known of a later one.
    fn now(&self, timeline: &Timeline) -> i64 {
        self.input.entity.snapshot_at.max(timeline.latest.0 + 1)
    }
}
