//! The rows of a star before it is built, with what streams of changes have shown of them so far.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::TryStreamExt as _;
use planisphere_schemas::model::Star;
use planisphere_schemas::warehouse::{PinnedTable, PinnedWarehouse};

use crate::conform::Conformed;
use crate::dimension::{Existing, Nature, Tally, align};
use crate::error::{Error, Result};
use crate::fact::{
    Kept, PrepareInput, Prepared, RateTable, ShareRoom, changes_schema, changes_table, prepare,
};
use crate::spool::{Spool, Spooled};

use super::build::{Built, Fed, NextRows, NextTable};
use super::execute::Execution;
use super::nature::nature;
use super::scan::TableScan;

/// The part of the memory in which rows are looked at together.
const SHARE: usize = 32;

impl Execution<'_> {
    /// How the rows of a star are made; `None` if this load does not read the rates that it needs.
    pub(super) async fn preparation<'a>(
        &'a self,
        star: &'a Star,
        fed: &Fed<'_>,
        conformed: &BTreeMap<String, Conformed>,
        base: Option<&PinnedWarehouse>,
        audit_key: i64,
    ) -> Result<Option<PrepareInput<'a>>> {
        let rates = match &star.currency {
            None => None,
            Some(currency) => {
                // a star whose rates are not read cannot be told anew
                let Some(rows) = conformed.get(&currency.rates.entity) else {
                    return Ok(None);
                };
                let doing = || Error::arrow(format!("reading the rates of star '{}'", star.name));
                let rows = rows.rows.whole().map_err(doing())?;
                let rates = RateTable::of(&currency.rates, &rows, self.model.zone());
                Some(rates.map_err(doing())?)
            }
        };
        Ok(Some(PrepareInput {
            star,
            columns: star.kept_columns(&self.model.dimensions),
            rates,
            nature: nature(fed.entity),
            kept: self.kept_changes(star, fed, base).await?,
            room: self.share_room(),
            business_date: self.business_date,
            zone: self.model.zone(),
            audit_key,
        }))
    }

    /// The rows of a star before keys are looked up.
    pub(super) fn prepared(
        &self,
        input: &PrepareInput<'_>,
        fed: &Fed<'_>,
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<Prepared> {
        let mut prepared = prepare(input, &fed.rows.rows)?;
        built.notices.append(&mut prepared.notices);
        if let Some(rows) = prepared.changes.take() {
            let table = self.changes_of(input, rows, base)?;
            built.tables.push(table);
        }
        Ok(prepared)
    }

    /// What changes and histories of facts, and rows of bridges, may keep in memory.
    pub(super) fn share_room(&self) -> ShareRoom {
        ShareRoom {
            memory: self.memory.clone(),
            least: self.options.settings.etl.memory_bytes / SHARE,
        }
    }

    /// What earlier loads have seen of the rows of a star that a stream feeds.
    pub(super) async fn kept_changes(
        &self,
        star: &Star,
        fed: &Fed<'_>,
        base: Option<&PinnedWarehouse>,
    ) -> Result<Option<Kept>> {
        if nature(fed.entity) != Nature::Changes {
            return Ok(None);
        }
        let name = changes_table(star);
        let columns = star.kept_columns(&self.model.dimensions);
        let schema = changes_schema(&columns);
        let Some(published) = base else {
            return Ok(None);
        };
        let table = published.table(&name);
        let all = table.map_or_else(
            || SchemaRef::clone(&schema),
            |it| SchemaRef::clone(it.schema()),
        );
        let Existing {
            rows,
            is_new,
            reshaped,
        } = align(&name, &RecordBatch::new_empty(all), &schema)?;
        let mut kept = Kept {
            rows: Spooled::of(rows),
            is_new,
            reshaped,
        };
        match table {
            Some(table) if !self.stream_told_anew(star, base).await? => {
                kept.rows = self.kept_rows(table, &name, &schema).await?;
            }
            // a star that is new in a warehouse that is not, or one that is told anew
            _ => {
                kept.is_new.fill(true);
                kept.reshaped = true;
            }
        }
        self.with_retained_of_stream(star, fed, kept)
            .await
            .map(Some)
    }

    /// The rows of a table of changes in the columns of today.
    async fn kept_rows(
        &self,
        table: &PinnedTable,
        name: &str,
        schema: &SchemaRef,
    ) -> Result<Spooled> {
        let doing = || Error::arrow(format!("reading {name}"));
        let warehouse = self.warehouse;
        let mut groups = pin!(TableScan { warehouse, table }.groups(&[]));
        let none = align(name, &RecordBatch::new_empty(Arc::clone(schema)), schema)?;
        let mut rows = Spool::new(none.rows.schema(), &self.memory);
        while let Some(group) = groups.try_next().await? {
            let some = align(name, &group.rows, schema)?;
            rows.push(some.rows).map_err(doing())?;
        }
        rows.finish().map_err(doing())
    }

    /// The table of changes with what this load has seen for the first time.
    fn changes_of(
        &self,
        input: &PrepareInput<'_>,
        new: Spooled,
        base: Option<&PinnedWarehouse>,
    ) -> Result<NextTable> {
        let (star, kept) = (input.star, &input.kept);
        let name = changes_table(star);
        let schema = changes_schema(&star.kept_columns(&self.model.dimensions));
        let reshaped = kept.as_ref().is_some_and(|kept| kept.reshaped);
        let published = base.and_then(|base| base.table(&name));
        let doing = || format!("keeping the changes of star '{}'", star.name);
        let rows = match kept.as_ref().filter(|_| reshaped) {
            Some(kept) => {
                let kept = kept.rows.map(&self.memory, |rows| {
                    let rows = RecordBatch::try_new(Arc::clone(&schema), rows.columns().to_vec());
                    rows.map_err(Error::arrow(doing()))
                })?;
                Spooled::chain(Arc::clone(&schema), vec![kept, new])
            }
            None => new,
        };
        let stay = published.filter(|_| !reshaped);
        Ok(NextTable {
            name,
            schema,
            kept: stay.map(|table| table.files().to_vec()).unwrap_or_default(),
            changed: published.is_none() || rows.num_rows() > 0,
            rows: NextRows::Spooled(rows),
            edits: None,
            sorted_by: Vec::new(),
            tally: Tally::default(),
        })
    }
}
