//! The rows of the members that a load touches: what was seen of each folded into versions, with keys and audit keys.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::error::ArrowError;
use planisphere_schemas::model::{DurableKey, SpecialMember, SurrogateKey};

use super::ById;
use super::aliases::Aliases;
use super::doubt::{Doubts, doubtful};
use super::key_map::{KeyMap, Told};
use super::learn::Learner;
use super::published::Published;
use super::recall::Known;
use super::special::{SYSTEM, SpecialRow};
use super::timeline::{Seen, Timeline};
use super::{DimensionInput, Nature, OPEN_FROM, OPEN_TO, Tally, arrow_schema};

/// One row of the next table, before its columns are put together.
pub(super) struct NextRow {
    pub(super) key: SurrogateKey,
    durable: DurableKey,
    id: String,
    /// For each attribute the row of its value; `None` for special members, whose attributes are null.
    cells: Option<Vec<Option<u32>>>,
    from: i64,
    to: i64,
    basis: &'static str,
    current: bool,
    deleted: bool,
    audit: i64,
    /// The published row, if there is one, and whether this one says anything else.
    published: Option<usize>,
    changed: bool,
}

/// The rows of the members that a load touches, as they shall be.
pub(super) struct Assembly<'a> {
    pub(super) input: &'a DimensionInput<'a>,
    pub(super) published: &'a Published,
    pub(super) learner: Learner<'a>,
    pub(super) rows: Vec<NextRow>,
    /// What is to be kept of what was seen, beyond what is kept already.
    pub(super) fresh: Vec<(String, Seen)>,
    pub(super) tally: Tally,
    /// Ties of which nobody can tell how a load of all changes would decide them.
    pub(super) doubts: Doubts,
}

/// What is known of a member after a load.
struct Learned {
    id: String,
    timeline: Timeline,
    known: Known,
}

impl Learned {
    /// False if facts refer to it and nothing more is known.
    fn is_seen(&self) -> bool {
        !self.known.seen.is_empty()
    }
}

impl NextRow {
    /// True if the published table has a row with this key.
    pub(super) fn is_published(&self) -> bool {
        self.published.is_some()
    }

    /// The published row, if this one says anything else.
    pub(super) fn changes_row(&self) -> Option<usize> {
        self.published.filter(|_| self.changed)
    }
}

impl Assembly<'_> {
    /// All members, known, observed, inferred or referred to, with what is known of them, in the order of their ids.
    fn all(&self, mut known: ById<Known>) -> Vec<(String, Known)> {
        let others = self.learner.observed.members.keys();
        let others = others.chain(self.published.inferred());
        for id in others.chain(self.input.referenced) {
            known.entry_ref(id.as_str()).or_default();
        }
        let mut all: Vec<(String, Known)> = known.into_iter().collect();
        all.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    /// Learns of all members, beside what was known of them, then adds the rows of each that was not merged into another;
    /// returns those that were.
    pub(super) fn members(&mut self, known: ById<Known>, keys: &mut KeyMap) -> Aliases {
        let before = self.aliases_before(&known);
        let learned = self.all(known).into_iter();
        let learned: Vec<Learned> = learned.map(|(id, known)| self.learn(id, known)).collect();
        let merged = learned.iter().filter_map(|member| {
            let into = *member.timeline.state.last()?;
            let into = self.learner.evidence.merged_into(into)?;
            Some((member.id.as_str(), into))
        });
        let is_seen = |id: &str| {
            let found = learned.binary_search_by(|member| member.id.as_str().cmp(id));
            found.is_ok_and(|at| learned[at].is_seen())
        };
        let mut aliases = Aliases::new(is_seen, merged);
        aliases.part(&before);
        for member in &learned {
            let (first, changed) = (self.rows.len(), aliases.of(&member.id).is_none());
            let changed = changed && self.emit(member, keys);
            self.keep(member, first, keys);
            self.doubt(member);
            let observed = self.learner.observed.members.get(&member.id);
            let count = observed.map_or(0, |rows| rows.len() as u64);
            match changed || member.known.has_news {
                true => self.tally.loaded += count,
                false => self.tally.unchanged += count,
            }
        }
        aliases
    }

    /// Who stood for whom before this load.
    fn aliases_before(&self, known: &ById<Known>) -> Aliases {
        let evidence = self.learner.evidence;
        let is_seen = |id: &str| known.get(id).is_some_and(|known| !known.seen.is_empty());
        let merged = known.iter().filter_map(|(id, known)| {
            let mut words = known.seen.iter().map(|seen| Some(seen.row));
            let is_told = words.any(|row| evidence.merged_into(row).is_some());
            let state = is_told.then(|| self.learner.fold(&known.seen).state)?;
            Some((id.as_str(), evidence.merged_into(*state.last()?)?))
        });
        Aliases::new(is_seen, merged)
    }

    fn learn(&self, id: String, mut known: Known) -> Learned {
        let observed = self.learner.observed.members.get(&id);
        let observed = observed.map(Vec::as_slice).unwrap_or_default();
        let timeline = self.learner.learn(&id, observed, &mut known);
        Learned {
            id,
            timeline,
            known,
        }
    }

    /// Takes note of ties in doubt: of instants that this load tells of, or of all where the model changed.
    fn doubt(&mut self, member: &Learned) {
        if self.input.entity.nature != Nature::Changes {
            return;
        }
        let (known, evidence) = (&member.known, self.learner.evidence);
        let fresh = &known.seen[known.earlier.min(known.seen.len())..];
        let asked = |at| self.input.is_whole || fresh.iter().any(|seen| seen.at == at);
        match doubtful(&known.seen, evidence, asked) {
            0 => {}
            instants => self.doubts.tell(&member.id, instants),
        }
    }

    /// Finds a place for what is not kept yet: the key map, where a version tells all of it, else the table of changes.
    fn keep(&mut self, member: &Learned, first: usize, keys: &mut KeyMap) {
        let evidence = self.learner.evidence;
        let rows = &self.rows[first..];
        let all = &member.known.seen;
        if evidence.reshaped {
            let kept = all.iter().take(member.known.kept);
            self.fresh
                .extend(kept.map(|seen| (member.id.clone(), *seen)));
        }
        for (at, seen) in all.iter().enumerate().skip(member.known.kept) {
            let row = rows
                .iter()
                .find(|row| row.from <= seen.at && seen.at < row.to);
            let mut others = all.iter().enumerate();
            let alone = others.all(|(other, known)| other == at || known.at != seen.at);
            // the table would go before the key map with what it says of that instant
            let alone = alone && !member.known.replaced.contains(&seen.at);
            let cells = row.and_then(|row| row.cells.as_ref());
            let told = alone && cells.is_some_and(|cells| evidence.is_told_by(seen, cells));
            let words = Told {
                at: seen.at,
                sequence: seen.sequence,
                basis: seen.basis,
                change: seen.change,
            };
            let is_kept = told
                && row.is_some_and(|row| {
                    keys.told_by(row.key.0) == Some(words) || keys.tell(row.key, words)
                });
            if !is_kept {
                self.fresh.push((member.id.clone(), *seen));
            }
        }
    }

    /// Adds the rows of a member; true if any of them differs from what is published.
    fn emit(&mut self, member: &Learned, keys: &mut KeyMap) -> bool {
        let (id, timeline) = (member.id.as_str(), &member.timeline);
        let durable = keys.durable(id);
        let inferred = (!member.is_seen()).then(|| self.learner.reason(id));
        self.tally.inferred += u64::from(inferred.is_some());
        let mut any = false;
        for (at, version) in timeline.versions.iter().enumerate() {
            let next = timeline.versions.get(at + 1);
            let mut row = NextRow {
                key: keys.key(durable, id, version.from),
                durable,
                id: id.to_owned(),
                cells: Some(version.cells.clone()),
                from: version.from,
                to: next.map_or(OPEN_TO, |next| next.from),
                basis: inferred.unwrap_or(version.basis.word()),
                current: next.is_none(),
                deleted: timeline.deleted,
                audit: self.input.audit_key,
                published: None,
                changed: false,
            };
            row.changed = self.account(&mut row);
            any |= row.changed;
            self.rows.push(row);
        }
        any
    }

    /// Counts what happened to a row and keeps the audit key of rows that did not change.
    fn account(&mut self, row: &mut NextRow) -> bool {
        let Some(old) = self.published.row_of(row.key.0) else {
            self.tally.inserted += 1;
            return true;
        };
        row.published = Some(old);
        let published = self.published;
        let width = self.input.entity.dimension.attributes.len();
        let cells = row.cells.iter().flatten().take(width).enumerate();
        let same_values = cells.into_iter().all(|(at, cell)| match cell {
            Some(cell) => self.learner.evidence.is_published(at, *cell, old),
            None => published.attributes[at].is_null(old),
        });
        let expired = published.current.value(old) && !row.current;
        let newly_deleted = row.deleted && !published.deleted.value(old);
        let revived = !row.deleted && published.deleted.value(old);
        let moved = published.to.value(old) != row.to && !expired
            || published.basis.value(old) != row.basis;
        self.tally.standing += u64::from(!published.deleted.value(old));
        self.tally.expired += u64::from(expired);
        self.tally.deleted += u64::from(newly_deleted);
        self.tally.updated += u64::from(!same_values || revived || moved);
        let changed = !same_values || expired || newly_deleted || revived || moved;
        if !changed {
            row.audit = published.audit.value(old);
        }
        changed
    }

    /// Counts published versions that are no more, since what they were is known better now; returns for the key of each
    /// that of the version that holds at its beginning.
    pub(super) fn account_for_vanished(&mut self, aliases: &Aliases) -> HashMap<i32, i32> {
        let keys: HashSet<i32> = self.rows.iter().map(|row| row.key.0).collect();
        let published = self.published;
        let gone = published.members.iter().flat_map(|(id, rows)| {
            let gone = rows
                .iter()
                .filter(|row| !keys.contains(&published.key.value(**row)));
            gone.map(move |row| (aliases.of(id).unwrap_or(id), *row))
        });
        let gone: Vec<(&str, usize)> = gone.collect();
        self.tally.retired = gone.len() as u64;
        let heirs: HashSet<&str> = gone.iter().map(|(id, _)| *id).collect();
        let mut versions: HashMap<&str, Vec<&NextRow>> = HashMap::new();
        for row in self
            .rows
            .iter()
            .filter(|row| heirs.contains(row.id.as_str()))
        {
            versions.entry(&row.id).or_default().push(row);
        }
        let moved = gone.into_iter().filter_map(|(id, old)| {
            let at = published.from.value(old);
            let mut versions = versions.get(id)?.iter();
            let heir = versions.find(|row| row.from <= at && at < row.to)?;
            Some((published.key.value(old), heir.key.0))
        });
        moved.collect()
    }

    pub(super) fn specials(&mut self) {
        let audit = self
            .published
            .special_audit()
            .unwrap_or(self.input.audit_key);
        for special in SpecialMember::ALL {
            let row = SpecialRow::of(special);
            self.rows.push(NextRow {
                key: SurrogateKey(row.key),
                durable: DurableKey(row.key),
                id: row.id.to_owned(),
                cells: None,
                from: OPEN_FROM,
                to: OPEN_TO,
                basis: "given",
                current: true,
                deleted: false,
                audit,
                published: self.published.row_of(row.key),
                changed: false,
            });
        }
        if self.published.is_first {
            self.tally.inserted += SpecialMember::ALL.len() as u64;
        }
    }

    /// What is to be kept of what was seen: what is new, or all of it if what was kept cannot stand.
    pub(super) fn changes(&self) -> Result<RecordBatch, ArrowError> {
        self.learner.evidence.table(
            self.input.entity.dimension,
            &self.fresh,
            self.input.audit_key,
        )
    }

    /// The keys of published rows of these members that are no more.
    pub(super) fn removed(&self) -> Vec<i32> {
        let keys: HashSet<i32> = self.rows.iter().map(|row| row.key.0).collect();
        let rows = self.published.members.values().flatten();
        let published = rows.map(|row| self.published.key.value(*row));
        published.filter(|key| !keys.contains(key)).collect()
    }

    /// Some of the rows, in the order of the surrogate keys.
    pub(super) fn table(
        &self,
        which: impl Fn(&NextRow) -> bool,
    ) -> Result<RecordBatch, ArrowError> {
        let mut rows: Vec<&NextRow> = self.rows.iter().filter(|row| which(row)).collect();
        rows.sort_by_key(|row| row.key);
        self.batch(&rows)
    }

    fn batch(&self, rows: &[&NextRow]) -> Result<RecordBatch, ArrowError> {
        let system = |row: &NextRow| match row.cells {
            Some(_) => self.input.entity.source_system.to_owned(),
            None => SYSTEM.to_owned(),
        };
        let instants = |get: fn(&NextRow) -> i64| -> ArrayRef {
            let array =
                TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| get(row)));
            Arc::new(array.with_timezone("UTC"))
        };
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from_iter_values(
                rows.iter().map(|row| row.key.0),
            )),
            Arc::new(Int32Array::from_iter_values(
                rows.iter().map(|row| row.durable.0),
            )),
            Arc::new(StringArray::from_iter_values(
                rows.iter().map(|row| system(row)),
            )),
            Arc::new(StringArray::from_iter_values(
                rows.iter().map(|row| &row.id),
            )),
        ];
        for at in 0..self.published.attributes.len() {
            let cells = rows.iter();
            let cells = cells.map(|row| row.cells.as_ref().and_then(|cells| cells[at]));
            columns.push(self.learner.evidence.values(at, cells)?);
        }
        columns.push(instants(|row| row.from));
        columns.push(instants(|row| row.to));
        columns.push(Arc::new(StringArray::from_iter_values(
            rows.iter().map(|row| row.basis),
        )));
        columns.push(Arc::new(BooleanArray::from_iter(
            rows.iter().map(|row| Some(row.current)),
        )));
        columns.push(Arc::new(BooleanArray::from_iter(
            rows.iter().map(|row| Some(row.deleted)),
        )));
        columns.push(Arc::new(Int64Array::from_iter_values(
            rows.iter().map(|row| row.audit),
        )));
        RecordBatch::try_new(arrow_schema(self.input.entity.dimension), columns)
    }
}
