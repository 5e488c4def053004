//! What retained packages of earlier loads know of attributes that are new in the model.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch, StringArray, new_null_array,
};
use arrow::compute::{concat_batches, filter_record_batch};
use planisphere_schemas::model::Dimension;

use crate::dimension::{
    Existing, Nature, Origin, align, arrow_schema, changes_schema, is_inferred, words,
};
use crate::error::{Error, Result};
use crate::load::backfill::{Knowing, Wanted};
use crate::load::minis::with_present;
use crate::load::outriggers::with_columns;
use crate::spool::{Spool, Spooled};

use super::of_packages::Retained;
use super::{DimensionLoad, Published};

/// The column that says of which attributes something speaks.
const KNOWN: &str = "_known";
/// The column that says how the beginning of a version is known.
const BASIS: &str = "valid_from_basis";

impl DimensionLoad<'_> {
    /// True if any attribute is told anew.
    pub(super) fn is_told_anew(&self) -> bool {
        !self.told_anew.is_empty() || !self.presents.is_empty()
    }

    /// The published table, of which the attributes that are told anew count as new.
    pub(super) fn forgotten(&self, mut existing: Existing) -> Existing {
        existing.reshaped |= self.is_told_anew();
        let schema = existing.rows.schema();
        let (presents, is_stream) = (self.presents(), self.origin.nature == Nature::Changes);
        for (field, is_new) in schema.fields().iter().zip(&mut existing.is_new) {
            let name = field.name();
            *is_new |= presents.contains(name) || !is_stream && self.told_anew.contains(name);
        }
        existing
    }

    /// The attributes with present combinations that are told anew.
    pub(super) fn presents(&self) -> HashSet<String> {
        let mut names = HashSet::new();
        for words in &self.presents {
            // what cannot be read now is told when all of it is dealt out
            let first = words.batches().find_map(|words| {
                let words = words.ok()?;
                let known = words.column_by_name(KNOWN)?.as_string::<i32>();
                known.iter().flatten().next().map(str::to_owned)
            });
            names.extend(
                first
                    .iter()
                    .flat_map(|all| all.split(' '))
                    .map(str::to_owned),
            );
        }
        names
    }

    /// What was seen, with what mini-dimensions that are built anew tell of present combinations behind it.
    pub(super) fn with_presents(
        &self,
        existing: Option<&Existing>,
        changes: Existing,
        presents: &RecordBatch,
    ) -> Result<Existing> {
        if presents.num_rows() == 0 {
            return Ok(changes);
        }
        let dimension = self.origin.dimension;
        let doing = || {
            Error::arrow(format!(
                "reading the past of dimension '{}'",
                dimension.name
            ))
        };
        let members = seen_members(dimension, existing, &changes);
        let schema = changes.rows.schema();
        let ids = presents.column_by_name(&dimension.id_column());
        let ids = ids.into_iter().flat_map(|ids| ids.as_string::<i32>());
        let known: BooleanArray = ids.map(|id| Some(members.contains(id?))).collect();
        let words = RecordBatch::try_new(schema.clone(), presents.columns().to_vec());
        let words = words.and_then(|words| filter_record_batch(&words, &known));
        let words = words.map_err(doing())?;
        let rows = concat_batches(&schema, [&changes.rows, &words]);
        Ok(Existing {
            rows: rows.map_err(doing())?,
            ..changes
        })
    }

    /// What was seen, without what it says of the attributes that are told anew.
    pub(super) fn forgotten_words(&self, kept: Existing) -> Result<Existing> {
        let names = self.presents().into_iter();
        self.forget(kept, &names.chain(self.told_anew.iter().cloned()).collect())
    }

    /// What was seen, without what it says of some attributes.
    pub(super) fn forget(&self, kept: Existing, told: &HashSet<String>) -> Result<Existing> {
        if told.is_empty() {
            return Ok(kept);
        }
        let doing = || {
            format!(
                "reading the past of dimension '{}'",
                self.origin.dimension.name
            )
        };
        let at = kept.rows.schema().index_of(KNOWN);
        let at = at.map_err(Error::arrow(doing()))?;
        let known = kept.rows.column(at).as_string::<i32>();
        let known = known.iter().map(|names| {
            let names = names.unwrap_or_default().split(' ');
            let names: Vec<&str> = names.filter(|it| !told.contains(*it)).collect();
            Some(names.join(" "))
        });
        let mut columns = kept.rows.columns().to_vec();
        columns[at] = Arc::new(known.collect::<StringArray>());
        let rows = RecordBatch::try_new(kept.rows.schema(), columns);
        Ok(Existing {
            rows: rows.map_err(Error::arrow(doing()))?,
            reshaped: true,
            ..kept
        })
    }

    /// True if the dimension is one of changes of which packages of earlier loads tell, and of nothing but their columns and
    /// present combinations.
    pub(super) async fn is_told_by_packages(&self) -> Result<bool> {
        let (dimension, execution) = (self.origin.dimension, self.execution);
        if self.origin.nature != Nature::Changes || execution.replay.is_some() {
            return Ok(false);
        }
        let Some(wanted) = Wanted::of_new_dimension(execution.model, dimension) else {
            return Ok(false);
        };
        Ok(!execution.knowing_all(&wanted).await?.is_empty())
    }

    /// True if attributes of a dimension of changes are new, and packages of all earlier loads tell all that is known of it: of
    /// changes of one instant the greatest has the last word, and what a part of one says is less than all of it.
    pub(super) async fn has_all_told(&self, existing: &Existing) -> Result<bool> {
        let (dimension, execution) = (self.origin.dimension, self.execution);
        let is_stream = self.origin.nature == Nature::Changes;
        if !is_stream || !existing.is_new.contains(&true) {
            return Ok(false);
        }
        let Some(wanted) = Wanted::of_new_dimension(execution.model, dimension) else {
            return Ok(false);
        };
        if !execution.is_known_to_all(&wanted).await? {
            return Ok(false);
        }
        let has_presents = dimension.minis().len() == self.presents.len();
        Ok(has_presents
            || self
                .knows_minis(&execution.knowing_all(&wanted).await?)
                .await?)
    }

    /// True if packages know all of the mini-dimensions too.
    async fn knows_minis(&self, packages: &[Knowing]) -> Result<bool> {
        let (dimension, execution) = (self.origin.dimension, self.execution);
        for mini in dimension.minis() {
            let mini = execution.model.dimension(mini);
            let history = mini.and_then(|mini| execution.model.mini_history(mini));
            let wanted = history.and_then(|it| Wanted::of_new_dimension(execution.model, &it));
            let Some(wanted) = wanted else {
                return Ok(false);
            };
            let known = execution.knowing_all(&wanted).await?;
            let known: HashSet<_> = known.iter().map(|it| it.record.load_id).collect();
            if !packages.iter().all(|it| known.contains(&it.record.load_id)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Rows with the present combination of each.
    fn with_combinations(&self, mut rows: RecordBatch) -> Result<RecordBatch> {
        for (mini, combinations) in &self.combinations {
            let model = self.execution.model;
            if let Some(mini) = model.dimension(mini) {
                rows = with_present(mini, &rows, Some(combinations), model.zone())?;
            }
        }
        Ok(rows)
    }

    /// The rows of the entity as an earlier load staged them.
    pub(super) async fn then(&self, known: &Knowing) -> Result<Spooled> {
        let entity = &self.fed.entity.name;
        let rows = self.execution.conformed_then(&known.package, entity);
        Ok(rows.await?.rows)
    }

    /// Rows of an earlier load as the dimension takes them; with present combinations, if packages know these.
    pub(super) fn prepared(&self, rows: RecordBatch, has_presents: bool) -> Result<RecordBatch> {
        let rows = match has_presents {
            true => self.with_combinations(rows)?,
            false => rows,
        };
        // else mini-dimensions tell of present combinations themselves
        let presents = self.origin.dimension.attributes.iter();
        let presents = presents.filter(|it| rows.column_by_name(&it.column).is_none());
        let presents = presents.map(|it| {
            let nothing = new_null_array(&it.data_type.arrow(), rows.num_rows());
            (it.column.clone(), nothing)
        });
        let presents: Vec<(String, ArrayRef)> = presents.collect();
        let dimension = &self.origin.dimension.name;
        with_columns(&rows, presents).map_err(Error::arrow(format!(
            "reading the past of dimension '{dimension}'"
        )))
    }

    /// What earlier loads have seen, or what their packages tell.
    pub(super) async fn words_before(&self, published: Option<Published<'_>>) -> Result<Words> {
        let dimension = self.origin.dimension;
        let Some(published) = published else {
            return self.words_anew().await;
        };
        if published.changes.is_none() {
            return Ok(Words::Unknown);
        }
        let nothing = RecordBatch::new_empty(Arc::clone(published.table.schema()));
        let schema = arrow_schema(dimension);
        let existing = self.forgotten(align(&dimension.table(), &nothing, &schema)?);
        let is_stream = self.origin.nature == Nature::Changes;
        let is_anew = !self.told_anew.is_empty() || self.has_all_told(&existing).await?;
        match is_stream && is_anew {
            true => self.words_anew().await,
            false => Ok(Words::Kept(self.retained(&existing).await?)),
        }
    }

    /// What packages of all earlier loads tell of a stream, in the place of what was kept of it.
    async fn words_anew(&self) -> Result<Words> {
        let dimension = self.origin.dimension;
        let doing = || {
            Error::arrow(format!(
                "reading the past of dimension '{}'",
                dimension.name
            ))
        };
        let wanted = Wanted::of_new_dimension(self.execution.model, dimension);
        let packages = match &wanted {
            Some(wanted) => self.execution.knowing_all(wanted).await?,
            None => Vec::new(),
        };
        let has_presents = self.knows_minis(&packages).await?;
        let mut all = Spool::new(changes_schema(dimension), self.memory());
        for known in packages {
            let then = Origin {
                snapshot_at: known.package.began_at.timestamp_micros(),
                ..self.origin
            };
            for rows in self.then(&known).await?.batches() {
                let rows = self.prepared(rows.map_err(doing())?, has_presents)?;
                let said = words(&then.of(&rows), known.record.audit_key)?;
                all.push(said).map_err(doing())?;
            }
        }
        Ok(Words::Anew {
            words: all.finish().map_err(doing())?,
            has_presents,
        })
    }
}

/// What earlier loads have seen of all members.
pub(super) enum Words {
    /// Nobody kept it.
    Unknown,
    /// What packages tell in the place of what was kept.
    Anew {
        words: Spooled,
        /// True if they tell of present combinations.
        has_presents: bool,
    },
    /// What was kept, with what packages tell of attributes that are new.
    Kept(Option<Retained>),
}

/// The members of which anything was seen: published ones, and those that were merged away, of which no version is.
pub(super) fn seen_members(
    dimension: &Dimension,
    existing: Option<&Existing>,
    changes: &Existing,
) -> HashSet<String> {
    let id = dimension.id_column();
    let column = |name: &str| {
        let values = existing?.rows.column_by_name(name)?;
        Some(values.as_string::<i32>())
    };
    let mut members = HashSet::new();
    if let (Some(ids), Some(basis)) = (column(&id), column(BASIS)) {
        let seen = (0..ids.len()).filter(|row| !is_inferred(basis, *row));
        members.extend(seen.map(|row| ids.value(row).to_owned()));
    }
    let kept = changes.rows.column_by_name(&id);
    let kept = kept.into_iter().flat_map(|ids| ids.as_string::<i32>());
    members.extend(kept.flatten().map(str::to_owned));
    members
}
