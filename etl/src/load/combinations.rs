//! Builds the dimensions that are made of the combinations of values that occur in facts.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::{ArrayRef, RecordBatch};
use planisphere_schemas::model::{Dimension, Role};
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::conform::Conformed;
use crate::dimension::{
    self, Aliases, CombinationKeys, Combinations, MemberIndex, MembersBuilder, Tally, align,
    build_combinations, combination_map, map_table,
};
use crate::error::{Error, Result};

use super::build::{Built, NextTable};
use super::execute::Execution;
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
        let occurring = self.occurring(dimension, conformed)?;
        self.combined(dimension, &occurring, base, built).await
    }

    /// Builds a dimension of combinations from those that occur.
    pub(super) async fn combined(
        &self,
        dimension: &Dimension,
        occurring: &[Combinations],
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
        let next = build_combinations(dimension, existing, keys, occurring, built.audit_key)
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
    fn occurring(
        &self,
        dimension: &Dimension,
        conformed: &BTreeMap<String, Conformed>,
    ) -> Result<Vec<Combinations>> {
        let mut occurring = Vec::new();
        for star in &self.model.stars {
            let Some(rows) = conformed.get(&star.entity) else {
                continue;
            };
            let roles = star
                .roles
                .iter()
                .filter(|role| role.dimension == dimension.name);
            for role in roles {
                let doing = || {
                    let doing = format!("reading role '{}' of star '{}'", role.name, star.name);
                    Error::arrow(doing)
                };
                for rows in rows.rows.batches() {
                    let columns = columns_of(dimension, role, &rows.map_err(doing())?)?;
                    let found = Combinations::of(dimension, &columns);
                    occurring.push(found.map_err(doing())?);
                }
            }
        }
        Ok(occurring)
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
    members.add(dimension, table, &HashSet::new());
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
            rows: vec![rows],
            sorted_by,
            tally,
            changed,
        }
    }
}
