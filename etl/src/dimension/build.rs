//! A dimension after a load: merges every member, gives keys, assembles the table.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::interleave;
use planisphere_schemas::model::{DurableKey, Scd, SpecialMember, SurrogateKey};

use crate::error::{Error, Result};

use super::key_map::KeyMap;
use super::merge::{Cell, Rule, SameValue, Version, When, merge};
use super::observe::{Observations, observe};
use super::published::{FIXED_BEFORE, Published, Values};
use super::special::SpecialRow;
use super::{DimensionBuild, DimensionInput, OPEN_TO, Tally, arrow_schema};

/// Builds the next table and key map of a dimension.
///
/// # Errors
/// [`Error::Engine`] if the columns of the entity cannot be read.
pub(crate) fn build_dimension(input: DimensionInput<'_>) -> Result<DimensionBuild> {
    let dimension = input.dimension;
    let doing = || format!("building dimension '{}'", dimension.name);
    let observed = observe(
        dimension,
        input.source_system,
        input.conformed,
        input.snapshot_at,
    )?;
    let schema = arrow_schema(dimension);
    let published = match &input.existing {
        Some(existing) => existing.rows.clone(),
        None => RecordBatch::new_empty(Arc::clone(&schema)),
    };
    let published = Published::new(&input, published);
    let values = Values::new(&published, &observed).map_err(Error::arrow(doing()))?;
    let rules = rules(&input);
    let mut keys = KeyMap::read(dimension, input.existing_map.as_ref());
    let mut assembly = Assembly::new(&input, &published, &observed, &values);
    for id in assembly.ids() {
        assembly.member(&id, &rules, &mut keys);
    }
    assembly.specials();
    let mut tally = assembly.tally;
    tally.read = input.conformed.rows.num_rows() as u64;
    tally.rejected = observed.rejects.len() as u64;
    if input
        .existing
        .as_ref()
        .is_some_and(|existing| existing.reshaped)
        && !tally.has_changes()
    {
        tally.updated = published.rows.num_rows() as u64;
    }
    let table = assembly.table().map_err(Error::arrow(doing()))?;
    let map = keys
        .table(dimension, input.source_system)
        .map_err(Error::arrow(doing()))?;
    Ok(DimensionBuild {
        table,
        map,
        tally,
        rejects: observed.rejects,
    })
}

fn rules(input: &DimensionInput<'_>) -> Vec<Rule> {
    let offset = FIXED_BEFORE;
    let attributes = input
        .dimension
        .attributes
        .iter()
        .zip(&input.audited)
        .enumerate();
    attributes
        .map(|(at, (attribute, audited))| Rule {
            original: attribute.scd == Scd::Original,
            versioned: attribute.scd == Scd::Version,
            audited: *audited,
            is_new: input
                .existing
                .as_ref()
                .is_some_and(|existing| existing.is_new[at + offset]),
        })
        .collect()
}

/// One row of the next table, before its columns are put together.
struct NextRow {
    key: SurrogateKey,
    durable: DurableKey,
    id: String,
    /// `None` for special members, whose attributes are null.
    cells: Option<Vec<Cell>>,
    from: i64,
    to: i64,
    basis: String,
    current: bool,
    deleted: bool,
    audit: i64,
}

struct Assembly<'a> {
    input: &'a DimensionInput<'a>,
    published: &'a Published,
    observed: &'a Observations,
    values: &'a Values,
    rows: Vec<NextRow>,
    tally: Tally,
}

impl<'a> Assembly<'a> {
    fn new(
        input: &'a DimensionInput<'a>,
        published: &'a Published,
        observed: &'a Observations,
        values: &'a Values,
    ) -> Self {
        Self {
            input,
            published,
            observed,
            values,
            rows: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// All members, published or observed, in the order of their ids.
    fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.published.members.keys().cloned().collect();
        ids.extend(self.observed.members.keys().cloned());
        ids.sort();
        ids.dedup();
        ids
    }

    fn member(&mut self, id: &str, rules: &[Rule], keys: &mut KeyMap) {
        let observed_rows = self
            .observed
            .members
            .get(id)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let observed: Vec<Version> = observed_rows
            .iter()
            .map(|row| self.observation(*row))
            .collect();
        let published = self.published.versions(id);
        let is_known = !published.is_empty();
        let modified = observed_rows.last().and_then(|row| {
            self.observed
                .modified
                .is_valid(*row)
                .then(|| self.observed.modified.value(*row))
        });
        let when = When {
            modified,
            snapshot: self.input.snapshot_at,
        };
        let versions = merge(published, &observed, rules, when, self.values);
        let deleted = self.deleted(id, observed_rows);
        let changed = self.emit(id, &versions, deleted, keys);
        let count = observed_rows.len() as u64;
        match changed || !is_known {
            true => self.tally.loaded += count,
            false => self.tally.unchanged += count,
        }
    }

    fn observation(&self, row: usize) -> Version {
        Version {
            from: self.observed.from[row],
            basis: self.observed.basis.value(row).to_owned(),
            cells: vec![(1, row); self.observed.attributes.len()],
            published: None,
        }
    }

    /// Whether the member is deleted at the source; `None` keeps what stands, as its rows were rejected.
    fn deleted(&self, id: &str, observed: &[usize]) -> Option<bool> {
        match observed.last() {
            Some(row) => Some(self.observed.deleted.value(*row)),
            None if self.rejected_here(id) || self.input.rejected_ids.contains(id) => None,
            None => Some(true),
        }
    }

    fn rejected_here(&self, id: &str) -> bool {
        self.observed
            .rejects
            .iter()
            .any(|reject| reject.row_id == id)
    }

    /// Adds the rows of a member; true if any of them differs from what is published.
    fn emit(
        &mut self,
        id: &str,
        versions: &[Version],
        deleted: Option<bool>,
        keys: &mut KeyMap,
    ) -> bool {
        let durable = keys.durable(id);
        let mut any = false;
        for (at, version) in versions.iter().enumerate() {
            let next = versions.get(at + 1);
            let was_deleted = version
                .published
                .is_some_and(|row| self.published.deleted.value(row));
            let mut row = NextRow {
                key: keys.key(durable, id, version.from),
                durable,
                id: id.to_owned(),
                cells: Some(version.cells.clone()),
                from: version.from,
                to: next.map_or(OPEN_TO, |next| next.from),
                basis: version.basis.clone(),
                current: next.is_none(),
                deleted: deleted.unwrap_or(was_deleted),
                audit: self.input.audit_key,
            };
            any |= self.account(&mut row, version);
            self.rows.push(row);
        }
        any
    }

    /// Counts what happened to a row and keeps the audit key of rows that did not change.
    fn account(&mut self, row: &mut NextRow, version: &Version) -> bool {
        let Some(old) = version.published else {
            self.tally.inserted += 1;
            return true;
        };
        let published = self.published;
        let same_values = version
            .cells
            .iter()
            .enumerate()
            .all(|(at, cell)| *cell == (0, old) || self.values.same(at, *cell, (0, old)));
        let expired = published.current.value(old) && !row.current;
        let newly_deleted = row.deleted && !published.deleted.value(old);
        let revived = !row.deleted && published.deleted.value(old);
        let moved = published.to.value(old) != row.to && !expired;
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
                from: super::OPEN_FROM,
                to: OPEN_TO,
                basis: "given".into(),
                current: true,
                deleted: false,
                audit,
            });
        }
        if self.published.is_first {
            self.tally.inserted += SpecialMember::ALL.len() as u64;
        }
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
            rows.iter().map(|row| &row.basis),
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
        let (old, new) = (
            &self.published.attributes[at],
            &self.observed.attributes[at],
        );
        let null = arrow::array::new_null_array(new.data_type(), 1);
        let places: Vec<Cell> = self
            .rows
            .iter()
            .map(|row| row.cells.as_ref().map_or((2, 0), |cells| cells[at]))
            .collect();
        interleave(&[old.as_ref(), new.as_ref(), null.as_ref()], &places)
    }
}
