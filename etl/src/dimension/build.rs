//! A dimension after a load: folds what was seen of every member, gives keys, assembles the table.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use planisphere_schemas::model::{DurableKey, Scd, SpecialMember, SurrogateKey};

use crate::error::{Error, Result};

use super::aliases::Aliases;
use super::evidence::Evidence;
use super::key_map::KeyMap;
use super::learn::Learner;
use super::observe::observe;
use super::published::Published;
use super::special::SpecialRow;
use super::timeline::{Rule, Seen, Timeline};
use super::{DimensionBuild, DimensionInput, OPEN_FROM, OPEN_TO, Tally, arrow_schema};

/// Builds the next table and key map of a dimension, and what there is to keep of what was seen.
///
/// # Errors
/// [`Error::Engine`] if the columns of the entity cannot be read.
pub(crate) fn build_dimension(input: DimensionInput<'_>) -> Result<DimensionBuild> {
    let dimension = input.dimension;
    let doing = || format!("building dimension '{}'", dimension.name);
    let observed = observe(&input)?;
    let schema = arrow_schema(dimension);
    let rows = match &input.existing {
        Some(existing) => existing.rows.clone(),
        None => RecordBatch::new_empty(Arc::clone(&schema)),
    };
    let published = Published::new(&input, rows);
    let is_new: Vec<bool> = match &input.existing {
        Some(existing) => attributes_of(&existing.is_new, dimension.attributes.len()),
        None => vec![false; dimension.attributes.len()],
    };
    let kept = input.existing_changes.as_ref();
    let evidence = Evidence::new(
        dimension,
        kept,
        &published,
        &is_new,
        &observed,
        &input.audited,
    )
    .map_err(Error::arrow(doing()))?;
    let rules = dimension.attributes.iter().map(|a| rule(a.scd));
    // what a member was merged into is what was last said of it
    let rules: Vec<Rule> = rules.chain([Rule::Overwrite]).collect();
    let mut keys = KeyMap::read(dimension, input.existing_map.as_ref());
    let mut assembly = Assembly {
        input: &input,
        published: &published,
        learner: Learner {
            input: &input,
            observed: &observed,
            evidence: &evidence,
            rules: &rules,
        },
        rows: Vec::new(),
        fresh: Vec::new(),
        tally: Tally::default(),
    };
    let aliases = assembly.members(&mut keys);
    assembly.specials();
    let moved = assembly.account_for_vanished(&aliases);
    let mut tally = assembly.tally;
    tally.read = input.conformed.rows.num_rows() as u64;
    tally.rejected = observed.rejects.len() as u64;
    let reshaped = input
        .existing
        .as_ref()
        .is_some_and(|existing| existing.reshaped);
    if reshaped && !tally.has_changes() {
        tally.updated = published.rows.num_rows() as u64;
    }
    let changes = assembly.changes().map_err(Error::arrow(doing()))?;
    let table = assembly.table().map_err(Error::arrow(doing()))?;
    let map = keys
        .table(dimension, input.source_system)
        .map_err(Error::arrow(doing()))?;
    Ok(DimensionBuild {
        table,
        map,
        changes,
        aliases,
        moved,
        all_changes: evidence.reshaped,
        tally,
        rejects: observed.rejects,
    })
}

/// The part of a table's flags that is of its attributes.
fn attributes_of(flags: &[bool], width: usize) -> Vec<bool> {
    let attributes = flags.iter().skip(super::published::FIXED_BEFORE);
    attributes.take(width).copied().collect()
}

fn rule(scd: Scd) -> Rule {
    match scd {
        Scd::Original => Rule::Original,
        Scd::Overwrite => Rule::Overwrite,
        Scd::Version => Rule::Version,
        Scd::Previous => Rule::Previous,
    }
}

/// One row of the next table, before its columns are put together.
struct NextRow {
    key: SurrogateKey,
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
}

/// What is known of a member.
struct Learned {
    id: String,
    timeline: Timeline,
    /// False if facts refer to it and nothing more.
    is_seen: bool,
    /// True if this load has seen something new.
    is_fresh: bool,
}

struct Assembly<'a> {
    input: &'a DimensionInput<'a>,
    published: &'a Published,
    learner: Learner<'a>,
    rows: Vec<NextRow>,
    /// What was seen for the first time.
    fresh: Vec<(String, Seen)>,
    tally: Tally,
}

impl Assembly<'_> {
    /// All members, known, observed or referred to, in the order of their ids.
    fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.learner.evidence.members.keys().cloned().collect();
        ids.extend(self.learner.observed.members.keys().cloned());
        ids.extend(self.published.members.keys().cloned());
        ids.extend(self.input.referenced.iter().cloned());
        ids.sort();
        ids.dedup();
        ids
    }

    /// Learns of all members, then adds the rows of each that was not merged into another; returns those that were.
    fn members(&mut self, keys: &mut KeyMap) -> Aliases {
        let mut learned = Vec::new();
        for id in self.ids() {
            learned.push(self.learn(id));
        }
        let merged = learned.iter().filter_map(|member| {
            let into = *member.timeline.state.last()?;
            let into = self.learner.evidence.merged_into(into)?;
            Some((member.id.as_str(), into))
        });
        let known = learned.iter().filter(|member| member.is_seen);
        let known = known.map(|member| member.id.as_str()).collect();
        let aliases = Aliases::new(&known, merged);
        for member in &learned {
            let changed = match aliases.of(&member.id) {
                Some(_) => false,
                None => self.emit(member, keys),
            };
            let observed = self.learner.observed.members.get(&member.id);
            let count = observed.map_or(0, |rows| rows.len() as u64);
            match changed || member.is_fresh {
                true => self.tally.loaded += count,
                false => self.tally.unchanged += count,
            }
        }
        aliases
    }

    /// What is known of a member after this load.
    fn learn(&mut self, id: String) -> Learned {
        let observed = self.learner.observed.members.get(&id);
        let observed = observed.map(Vec::as_slice).unwrap_or_default();
        let known = self.learner.evidence.members.get(&id);
        let mut seen = known.cloned().unwrap_or_default();
        let known = seen.len();
        let timeline = self.learner.learn(&id, observed, &mut seen);
        let is_seen = !seen.is_empty();
        let fresh = seen.split_off(known);
        let is_fresh = !fresh.is_empty();
        self.fresh
            .extend(fresh.into_iter().map(|seen| (id.clone(), seen)));
        Learned {
            id,
            timeline,
            is_seen,
            is_fresh,
        }
    }

    /// Adds the rows of a member; true if any of them differs from what is published.
    fn emit(&mut self, member: &Learned, keys: &mut KeyMap) -> bool {
        let Learned { id, timeline, .. } = member;
        let durable = keys.durable(id);
        let inferred = (!member.is_seen).then(|| self.learner.reason(id));
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
            };
            any |= self.account(&mut row);
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
        let published = self.published;
        let width = self.input.dimension.attributes.len();
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
    fn account_for_vanished(&mut self, aliases: &Aliases) -> HashMap<i32, i32> {
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

    fn specials(&mut self) {
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
            });
        }
        if self.published.is_first {
            self.tally.inserted += SpecialMember::ALL.len() as u64;
        }
    }

    /// What is to be kept of what was seen: what is new, or all of it if what was kept cannot stand.
    fn changes(&self) -> std::result::Result<RecordBatch, arrow::error::ArrowError> {
        let mut seen = Vec::new();
        if self.learner.evidence.reshaped {
            let members = self.learner.evidence.members.iter();
            seen.extend(members.flat_map(|(id, all)| all.iter().map(|one| (id.clone(), *one))));
        }
        seen.extend(self.fresh.iter().cloned());
        self.learner
            .evidence
            .table(self.input.dimension, &seen, self.input.audit_key)
    }

    /// The next table, in the order of the surrogate keys.
    fn table(mut self) -> Result<RecordBatch, arrow::error::ArrowError> {
        self.rows.sort_by_key(|row| row.key);
        let rows = &self.rows;
        let system = |row: &NextRow| match row.cells {
            Some(_) => self.input.source_system.to_owned(),
            None => "planisphere".to_owned(),
        };
        let instants = |get: fn(&NextRow) -> i64| -> ArrayRef {
            let array = TimestampMicrosecondArray::from_iter_values(rows.iter().map(get));
            Arc::new(array.with_timezone("UTC"))
        };
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from_iter_values(
                rows.iter().map(|row| row.key.0),
            )),
            Arc::new(Int32Array::from_iter_values(
                rows.iter().map(|row| row.durable.0),
            )),
            Arc::new(StringArray::from_iter_values(rows.iter().map(system))),
            Arc::new(StringArray::from_iter_values(
                rows.iter().map(|row| &row.id),
            )),
        ];
        for at in 0..self.published.attributes.len() {
            columns.push(self.attribute(at)?);
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
        RecordBatch::try_new(arrow_schema(self.input.dimension), columns)
    }

    fn attribute(&self, at: usize) -> Result<ArrayRef, arrow::error::ArrowError> {
        let cells = self.rows.iter();
        let cells = cells.map(|row| row.cells.as_ref().and_then(|cells| cells[at]));
        self.learner.evidence.values(at, cells)
    }
}
