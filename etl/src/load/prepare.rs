//! The rows of a star before it is built, with what streams of changes have shown of them so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use planisphere_schemas::model::Star;
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::conform::Conformed;
use crate::dimension::{Existing, Nature, Tally, align};
use crate::error::{Error, Result};
use crate::fact::{PrepareInput, Prepared, RateTable, changes_schema, changes_table, prepare};

use super::build::{Built, Fed, NextTable};
use super::execute::Execution;
use super::nature::nature;
use super::published::read_table;

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
        let mut prepared = prepare(input, &fed.rows.rows, &self.memory)?;
        built.notices.append(&mut prepared.notices);
        if let Some(rows) = prepared.changes.take() {
            let table = self.changes_of(input, rows, base)?;
            built.tables.push(table);
        }
        Ok(prepared)
    }

    /// What earlier loads have seen of the rows of a star that a stream feeds.
    pub(super) async fn kept_changes(
        &self,
        star: &Star,
        fed: &Fed<'_>,
        base: Option<&PinnedWarehouse>,
    ) -> Result<Option<Existing>> {
        if nature(fed.entity) != Nature::Changes {
            return Ok(None);
        }
        let name = changes_table(star);
        let columns = star.kept_columns(&self.model.dimensions);
        let schema = changes_schema(&columns);
        let rows = match base.map(|base| base.table(&name)) {
            None => return Ok(None),
            Some(Some(table)) => read_table(self.warehouse, table).await?,
            // a star that is new in a warehouse that is not
            Some(None) => RecordBatch::new_empty(Arc::clone(&schema)),
        };
        let is_new = base.is_some_and(|base| base.table(&name).is_none());
        let mut kept = align(&name, &rows, &schema)?;
        if is_new || self.stream_told_anew(star, base).await? {
            kept.rows = kept.rows.slice(0, 0);
            kept.is_new.fill(true);
            kept.reshaped = true;
        }
        self.with_retained_of_stream(star, fed, kept)
            .await
            .map(Some)
    }

    /// The table of changes with what this load has seen for the first time.
    fn changes_of(
        &self,
        input: &PrepareInput<'_>,
        new: RecordBatch,
        base: Option<&PinnedWarehouse>,
    ) -> Result<NextTable> {
        let (star, kept) = (input.star, &input.kept);
        let name = changes_table(star);
        let schema = changes_schema(&star.kept_columns(&self.model.dimensions));
        let reshaped = kept.as_ref().is_some_and(Existing::is_reshaped);
        let published = base.and_then(|base| base.table(&name));
        let doing = || format!("keeping the changes of star '{}'", star.name);
        let rows = match kept.as_ref().filter(|_| reshaped) {
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
            rows: vec![rows].into(),
            edits: None,
            sorted_by: Vec::new(),
            tally: Tally::default(),
        })
    }
}
