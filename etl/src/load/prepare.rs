//! The rows of a star before it is built, with what streams of changes have shown of them so far.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use planisphere_schemas::model::Star;
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::conform::Conformed;
use crate::dimension::{Existing, Nature, Tally, align};
use crate::error::{Error, Result};
use crate::fact::{
    PrepareInput, Prepared, RateTable, changes_schema, changes_table, is_past, prepare, row_by_row,
    source_id,
};
use crate::spool::Spooled;
use crate::staging::Package;

use super::build::{Built, Fed, NextTable};
use super::execute::Execution;
use super::nature::nature;
use super::published::read_table;

impl Execution<'_> {
    /// The rows of a star before keys are looked up, and the ids of published rows that stay as they are whatever these say.
    pub(super) async fn prepared(
        &self,
        star: &Star,
        fed: &Fed<'_>,
        package: &Package,
        base: Option<&PinnedWarehouse>,
        (known, built): (HashSet<String>, &mut Built),
        rates: Option<&Conformed>,
    ) -> Result<(Prepared, HashSet<String>)> {
        let kept = self.kept_changes(star, fed, base).await?;
        let zone = self.model.zone();
        let rates = match (&star.currency, rates) {
            (Some(currency), Some(rows)) => {
                let doing = format!("reading the rates of star '{}'", star.name);
                let doing = || Error::arrow(doing.clone());
                let rows = rows.rows.whole().map_err(doing())?;
                let rates = RateTable::of(&currency.rates, &rows, zone);
                Some(rates.map_err(doing())?)
            }
            _ => None,
        };
        let input = PrepareInput {
            star,
            rates,
            nature: nature(fed.entity),
            kept: kept.as_ref().map(|kept| &kept.rows),
            business_date: self.business_date,
            zone,
            audit_key: built.audit_key,
        };
        let mut prepared = prepare(&input, &fed.rows.rows, &self.memory)?;
        let rows = prepared.rows.whole();
        let rows = rows.map_err(Error::arrow(format!("preparing star '{}'", star.name)))?;
        let (rows, wrong) = row_by_row(&input, rows)?;
        prepared.rows = Spooled::of(rows);
        if wrong > 0 {
            prepared.notices.push(format!(
                "{}: {wrong} rows reached a milestone before one that comes earlier; the durations between them are empty",
                star.table()
            ));
        }
        built.notices.append(&mut prepared.notices);
        if let Some(rows) = prepared.changes.take() {
            let table = self.changes_of(star, rows, kept, base)?;
            built.tables.push(table);
        }
        let at_source = known.iter().map(|id| source_id(star, id).into_owned());
        let rejected = self
            .rejected_ids(package, fed, &at_source.collect())
            .await?;
        let (period, held) = (prepared.period, std::mem::take(&mut prepared.held));
        let stay = known.into_iter().filter(|id| {
            let source = source_id(star, id);
            rejected.contains(&*source) || held.contains(&*source) || is_past(id, period)
        });
        let stay = stay.collect();
        Ok((prepared, stay))
    }

    /// What earlier loads have seen of the rows of a star that a stream feeds.
    async fn kept_changes(
        &self,
        star: &Star,
        fed: &Fed<'_>,
        base: Option<&PinnedWarehouse>,
    ) -> Result<Option<Existing>> {
        if nature(fed.entity) != Nature::Changes {
            return Ok(None);
        }
        let name = changes_table(star);
        let Some(table) = base.and_then(|base| base.table(&name)) else {
            return Ok(None);
        };
        let rows = read_table(self.warehouse, table).await?;
        align(&name, &rows, &changes_schema(star)).map(Some)
    }

    /// The table of changes with what this load has seen for the first time.
    fn changes_of(
        &self,
        star: &Star,
        new: RecordBatch,
        kept: Option<Existing>,
        base: Option<&PinnedWarehouse>,
    ) -> Result<NextTable> {
        let name = changes_table(star);
        let schema = changes_schema(star);
        let reshaped = kept.as_ref().is_some_and(Existing::is_reshaped);
        let published = base.and_then(|base| base.table(&name));
        let doing = || format!("keeping the changes of star '{}'", star.name);
        let rows = match kept.filter(|_| reshaped) {
            Some(kept) => {
                let kept = RecordBatch::try_new(Arc::clone(&schema), kept.rows.columns().to_vec());
                let kept = kept.map_err(Error::arrow(doing()))?;
                concat_batches(&schema, [&kept, &new]).map_err(Error::arrow(doing()))?
            }
            None => new,
        };
        let stay = published.filter(|_| !reshaped);
        Ok(NextTable {
            name,
            schema,
            kept: stay.map(|table| table.files().to_vec()).unwrap_or_default(),
            changed: published.is_none() || rows.num_rows() > 0,
            rows: vec![rows],
            edits: None,
            sorted_by: Vec::new(),
            tally: Tally::default(),
        })
    }
}
