//! What retained packages of earlier loads know of attributes that are new in the model.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch, StringArray, new_null_array,
};
use arrow::compute::filter_record_batch;
use planisphere_schemas::model::Dimension;

use crate::dimension::{Existing, Nature, Origin, Shadow, is_inferred, once_each, words};
use crate::error::{Error, Result};
use crate::load::backfill::{Knowing, Wanted};
use crate::load::minis::with_present;
use crate::load::nature::audited;
use crate::load::outriggers::with_columns;

use super::DimensionLoad;

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
    fn presents(&self) -> HashSet<String> {
        let told = self.presents.iter().filter_map(|words| {
            let known = words.column_by_name(KNOWN)?.as_string::<i32>();
            known.iter().flatten().next()
        });
        told.flat_map(|names| names.split(' ').map(str::to_owned))
            .collect()
    }

    /// What was seen, with what mini-dimensions that are built anew tell of present combinations behind it.
    pub(super) fn with_presents(
        &self,
        existing: Option<&Existing>,
        changes: Existing,
    ) -> Result<Existing> {
        let dimension = self.origin.dimension;
        let doing = || format!("reading the past of dimension '{}'", dimension.name);
        let members = seen_members(dimension, existing, &changes);
        let schema = changes.rows.schema();
        let mut all = vec![changes.rows.clone()];
        for words in &self.presents {
            let ids = words.column_by_name(&dimension.id_column());
            let ids = ids.into_iter().flat_map(|ids| ids.as_string::<i32>());
            let known: BooleanArray = ids.map(|id| Some(members.contains(id?))).collect();
            let words = RecordBatch::try_new(schema.clone(), words.columns().to_vec());
            let words = words.and_then(|words| filter_record_batch(&words, &known));
            all.push(words.map_err(Error::arrow(doing()))?);
        }
        let rows = arrow::compute::concat_batches(&schema, &all);
        Ok(Existing {
            rows: rows.map_err(Error::arrow(doing()))?,
            ..changes
        })
    }

    /// What was seen, without what it says of the attributes that are told anew.
    pub(super) fn forgotten_words(&self, kept: Existing) -> Result<Existing> {
        let names = self.presents().into_iter();
        self.forget(kept, &names.chain(self.told_anew.iter().cloned()).collect())
    }

    /// What packages tell of all changes. Where they do not know mini-dimensions, the histories of these tell of present
    /// combinations.
    pub(super) async fn all_words(
        &self,
        existing: Option<&Existing>,
        kept: Existing,
    ) -> Result<Existing> {
        let (kept, has_presents) = self.words_anew(kept).await?;
        if has_presents {
            return Ok(kept);
        }
        let kept = self.forget(kept, &self.presents())?;
        self.with_presents(existing, kept)
    }

    fn forget(&self, kept: Existing, told: &HashSet<String>) -> Result<Existing> {
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
            if let Some(mini) = self.execution.model.dimension(mini) {
                rows = with_present(mini, &rows, Some(combinations))?;
            }
        }
        Ok(rows)
    }

    /// The rows of the entity as an earlier load staged them, and where these come from; with present combinations, if these
    /// are known.
    async fn then(&self, known: &Knowing, has_presents: bool) -> Result<(Origin<'_>, RecordBatch)> {
        let entity = &self.fed.entity.name;
        let rows = self.execution.conformed_then(&known.package, entity);
        let doing = format!(
            "reading the past of dimension '{}'",
            self.origin.dimension.name
        );
        let mut rows = rows.await?.rows.whole().map_err(Error::arrow(&doing))?;
        if has_presents {
            rows = self.with_combinations(rows)?;
        }
        // mini-dimensions tell of present combinations themselves
        let presents = self.origin.dimension.attributes.iter();
        let presents = presents.filter(|it| rows.column_by_name(&it.column).is_none());
        let presents = presents.map(|it| {
            let nothing = new_null_array(&it.data_type.arrow(), rows.num_rows());
            (it.column.clone(), nothing)
        });
        let presents: Vec<(String, ArrayRef)> = presents.collect();
        let rows = with_columns(&rows, presents).map_err(Error::arrow(&doing))?;
        let then = Origin {
            snapshot_at: known.package.began_at.timestamp_micros(),
            ..self.origin
        };
        Ok((then, rows))
    }

    /// What packages of all earlier loads tell of a stream, in the place of what was kept of it; also whether they tell of
    /// present combinations.
    async fn words_anew(&self, kept: Existing) -> Result<(Existing, bool)> {
        let dimension = self.origin.dimension;
        let doing = || format!("reading the past of dimension '{}'", dimension.name);
        let schema = kept.rows.schema();
        let mut all = vec![RecordBatch::new_empty(schema.clone())];
        let wanted = Wanted::of_new_dimension(self.execution.model, dimension);
        let packages = match &wanted {
            Some(wanted) => self.execution.knowing_all(wanted).await?,
            None => Vec::new(),
        };
        let has_presents = self.knows_minis(&packages).await?;
        for known in packages {
            let (then, rows) = self.then(&known, has_presents).await?;
            let said = then.of(&rows);
            let said = words(&said, known.record.audit_key)?;
            let said = RecordBatch::try_new(schema.clone(), said.columns().to_vec());
            all.push(said.map_err(Error::arrow(doing()))?);
        }
        let rows = arrow::compute::concat_batches(&schema, &all);
        let rows = rows.and_then(|rows| once_each(&rows));
        let words = Existing {
            rows: rows.map_err(Error::arrow(doing()))?,
            reshaped: true,
            ..kept
        };
        Ok((words, has_presents))
    }

    /// What was seen of the published members, with what packages of earlier loads tell of new attributes behind it.
    pub(super) async fn with_retained(
        &self,
        existing: &Existing,
        changes: Existing,
    ) -> Result<Existing> {
        let (dimension, model) = (self.origin.dimension, self.execution.model);
        let schema = existing.rows.schema();
        let fields = schema.fields().iter().zip(&existing.is_new);
        let new: HashSet<&str> = fields
            .filter(|(_, is_new)| **is_new)
            .map(|(field, _)| field.name().as_str())
            .collect();
        let wanted = Wanted::of_dimension(model, dimension, |name| new.contains(name));
        let Some(wanted) = wanted else {
            return Ok(changes);
        };
        let mut shadows: Vec<Shadow> = dimension
            .attributes
            .iter()
            .filter(|attribute| new.contains(attribute.name.as_str()))
            .map(|attribute| Shadow::new(dimension, attribute))
            .collect();
        let doing = || format!("reading the past of dimension '{}'", dimension.name);
        for known in self.execution.knowing(&wanted).await? {
            let (then, rows) = self.then(&known, false).await?;
            let said = then.of(&rows);
            for shadow in &mut shadows {
                let attribute = &shadow.dimension().attributes[0].name;
                if known.columns.contains(attribute) {
                    let is_audited = audited(shadow.dimension(), self.fed);
                    shadow.tell(&said, is_audited.contains(&true))?;
                }
            }
        }
        let members = seen_members(dimension, Some(existing), &changes);
        let schema = changes.rows.schema();
        let mut all = vec![changes.rows.clone()];
        for shadow in &shadows {
            let seen = shadow.evidence(dimension, &members, self.audit_key)?;
            let seen = RecordBatch::try_new(schema.clone(), seen.columns().to_vec());
            all.push(seen.map_err(Error::arrow(doing()))?);
        }
        let rows = arrow::compute::concat_batches(&schema, &all);
        Ok(Existing {
            rows: rows.map_err(Error::arrow(doing()))?,
            ..changes
        })
    }
}

/// The members of which anything was seen: published ones, and those that were merged away, of which no version is.
fn seen_members(
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
