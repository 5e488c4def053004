//! What retained packages of earlier loads know of attributes that are new in the model.

use std::collections::HashSet;

use arrow::array::{AsArray as _, RecordBatch};
use planisphere_schemas::model::Dimension;

use crate::dimension::{Existing, Origin, Shadow, is_inferred};
use crate::error::{Error, Result};
use crate::load::backfill::Wanted;
use crate::load::nature::audited;

use super::DimensionLoad;

/// The column that says how the beginning of a version is known.
const BASIS: &str = "valid_from_basis";

impl DimensionLoad<'_> {
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
            let entity = &self.fed.entity.name;
            let then = self
                .execution
                .conformed_then(&known.package, entity)
                .await?;
            let rows = then.rows.whole().map_err(Error::arrow(doing()))?;
            let then = Origin {
                snapshot_at: known.package.began_at.timestamp_micros(),
                ..self.origin
            };
            let said = then.of(&rows);
            for shadow in &mut shadows {
                let attribute = &shadow.dimension().attributes[0].name;
                if known.columns.contains(attribute) {
                    let is_audited = audited(shadow.dimension(), self.fed);
                    shadow.tell(&said, is_audited.contains(&true))?;
                }
            }
        }
        let members = seen_members(dimension, &existing.rows);
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

/// The published members of which anything was seen.
fn seen_members(dimension: &Dimension, rows: &RecordBatch) -> HashSet<String> {
    let column = |name: &str| rows.column_by_name(name).map(|it| it.as_string::<i32>());
    let (Some(ids), Some(basis)) = (column(&dimension.id_column()), column(BASIS)) else {
        return HashSet::new();
    };
    let seen = (0..rows.num_rows()).filter(|row| !is_inferred(basis, *row));
    seen.map(|row| ids.value(row).to_owned()).collect()
}
