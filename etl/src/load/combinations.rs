//! Builds the dimensions that are made of the combinations of values that occur in facts.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{ArrayRef, RecordBatch};
use planisphere_schemas::model::{Dimension, Role, Star};
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::conform::Conformed;
use crate::dimension::{
    self, Aliases, CombinationKeys, Combinations, MemberIndex, MembersBuilder, Nature, Occurring,
    Tally, align, build_combinations, combination_map, map_table,
};
use crate::error::{Error, Result};
use crate::fact::told_states;
use crate::spool::Spooled;

use super::build::{Built, Fed, NextTable};
use super::execute::Execution;
use super::nature::nature;
use super::published::read_table;

impl Execution<'_> {
    /// Builds a dimension of combinations from the rows of all stars that have a role of it.
    pub(super) async fn combinations(
        &self,
        dimension: &Dimension,
        conformed: &BTreeMap<String, Conformed>,
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<()> {
        let occurring = self.occurring(dimension, conformed, base).await?;
        self.combined(dimension, &occurring, base, built).await
    }

    /// Builds a dimension of combinations from those that occur.
    pub(super) async fn combined(
        &self,
        dimension: &Dimension,
        occurring: &Occurring,
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<()> {
        let name = dimension.table();
        let doing = || Error::arrow(format!("building dimension '{}'", dimension.name));
        let published = base.and_then(|base| base.table(&name));
        let existing = match published {
            Some(table) => {
                let rows = read_table(self.warehouse, table).await?;
                Some(align(&name, &rows, &dimension::arrow_schema(dimension))?)
            }
            None => None,
        };
        let map = map_table(dimension);
        let existing_map = self.issued_keys(&map, base).await?;
        let keys = CombinationKeys::read(
            existing_map.as_ref(),
            &dimension.key_column(),
            &dimension.id_column(),
        );
        let existing = existing.as_ref();
        let next = build_combinations(dimension, existing, keys, occurring.each(), built.audit_key)
            .map_err(doing())?;
        let changed = published.is_none()
            || next.tally.has_changes()
            || existing.is_some_and(|existing| existing.is_reshaped());
        built.members.insert(
            dimension.name.clone(),
            index(dimension, &next.table, next.moved),
        );
        let rows = combination_map(dimension, &next.keys).map_err(doing())?;
        for (name, rows, tally) in [
            (name, next.table, next.tally),
            (map, rows, Tally::default()),
        ] {
            let sorted_by = vec![dimension.key_column()];
            built
                .tables
                .push(NextTable::whole(name, rows, sorted_by, tally, changed));
        }
        Ok(())
    }

    /// The combinations in the rows of every role of the dimension.
    async fn occurring(
        &self,
        dimension: &Dimension,
        conformed: &BTreeMap<String, Conformed>,
        base: Option<&PinnedWarehouse>,
    ) -> Result<Occurring> {
        let mut occurring = Occurring::default();
        for star in &self.model.stars {
            let of = |role: &&Role| role.dimension == dimension.name;
            let Some(fed) = self.fed(&star.entity, conformed) else {
                continue;
            };
            if !star.roles.iter().any(|role| of(&role)) {
                continue;
            }
            let states = self.states(star, dimension, &fed, base).await?;
            for role in star.roles.iter().filter(of) {
                let doing = || {
                    let doing = format!("reading role '{}' of star '{}'", role.name, star.name);
                    Error::arrow(doing)
                };
                for rows in states.iter().flat_map(Spooled::batches) {
                    let columns = columns_of(dimension, role, &rows.map_err(doing())?)?;
                    let found = Combinations::of(dimension, &columns, self.model.zone());
                    let added = found.and_then(|found| occurring.add(&found));
                    added.map_err(doing())?;
                }
            }
        }
        Ok(occurring)
    }

    /// The rows of which those of a star are made. Of a stream these are all states that it tells of, since each of them is
    /// the last one at some time, so that order and batches make no difference; those of earlier loads have their
    /// combinations, unless the model changed.
    async fn states(
        &self,
        star: &Star,
        dimension: &Dimension,
        fed: &Fed<'_>,
        base: Option<&PinnedWarehouse>,
    ) -> Result<Vec<Spooled>> {
        let rows = &fed.rows.rows;
        if nature(fed.entity) != Nature::Changes {
            return Ok(vec![rows.clone()]);
        }
        let model = base.map(|base| &base.manifest().model);
        let is_known = model.is_some_and(|model| {
            model.star(&star.name) == Some(star)
                && model.dimension(&dimension.name) == Some(dimension)
        });
        let kept = match is_known {
            true => None,
            false => self.kept_changes(star, fed, base).await?,
        };
        let columns = star.kept_columns(&self.model.dimensions);
        let doing = format!("reading the states of star '{}'", star.name);
        let doing = || Error::arrow(doing.clone());
        let kept = kept.as_ref().map(|kept| &kept.rows);
        told_states(star, &columns, rows, kept, &self.share_room()).map_err(doing())
    }
}

/// The columns of a role, one for each attribute.
fn columns_of(dimension: &Dimension, role: &Role, rows: &RecordBatch) -> Result<Vec<ArrayRef>> {
    let columns = dimension.attributes.iter();
    let columns = columns.map(|attribute| column_named(rows, role.column_of(&attribute.name)));
    columns.collect()
}

/// A column of conformed rows.
pub(super) fn column_named(rows: &RecordBatch, name: &str) -> Result<ArrayRef> {
    let index = rows.schema().index_of(name);
    let index = index.map_err(Error::arrow(format!("reading column '{name}'")))?;
    Ok(rows.column(index).clone())
}

/// The keys of combinations by their ids.
fn index(dimension: &Dimension, table: &RecordBatch, moved: HashMap<i32, i32>) -> MemberIndex {
    let mut members = MembersBuilder::default();
    members.add(dimension, table);
    members.build(Aliases::default(), moved)
}

impl NextTable {
    /// A table that is written anew if it changed.
    pub(super) fn whole(
        name: String,
        rows: RecordBatch,
        sorted_by: Vec<String>,
        tally: Tally,
        changed: bool,
    ) -> Self {
        Self {
            name,
            schema: rows.schema(),
            kept: Vec::new(),
            edits: None,
            rows: vec![rows].into(),
            sorted_by,
            tally,
            changed,
        }
    }
}
