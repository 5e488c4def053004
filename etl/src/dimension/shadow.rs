//! The past of an attribute that is new in the model, as packages of earlier loads tell it: a dimension of this attribute alone
//! is built load by load, and what it has seen then stands beside what is known of the other attributes.

use std::collections::HashSet;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::{concat, concat_batches, take};
use arrow::error::ArrowError;
use planisphere_schemas::model::{Attribute, Dimension};

use crate::error::{Error, Result};

use super::existing::align;
use super::sights::{Tables, as_words, named};
use super::{DimensionInput, EntityRows, Issued, arrow_schema, build_dimension, changes_schema};

/// A dimension of one attribute.
pub(crate) struct Shadow {
    dimension: Dimension,
    /// Its table, key map and changes so far.
    built: Option<Tables>,
    /// How many loads it was told of.
    loads: i64,
}

impl Shadow {
    /// Nothing is seen yet of an attribute.
    pub(crate) fn new(dimension: &Dimension, attribute: &Attribute) -> Self {
        let dimension = Dimension {
            attributes: vec![attribute.clone()],
            ..dimension.clone()
        };
        Self {
            dimension,
            built: None,
            loads: 0,
        }
    }

    /// The dimension.
    pub(crate) fn dimension(&self) -> &Dimension {
        &self.dimension
    }

    /// Takes in what a load said. The source may keep the past of the attribute.
    ///
    /// # Errors
    /// [`Error::Engine`] if the columns of the entity cannot be read.
    pub(crate) fn tell(&mut self, rows: &EntityRows<'_>, is_audited: bool) -> Result<()> {
        self.loads += 1;
        let dimension = &self.dimension;
        let name = dimension.table();
        let built = self.built.take();
        let (existing, existing_map, existing_changes) = match &built {
            None => (None, None, None),
            Some(built) => (
                Some(align(&name, &built.table, &arrow_schema(dimension))?),
                Some(built.map.clone()),
                Some(align(&name, &built.changes, &changes_schema(dimension))?),
            ),
        };
        let (nobody, none) = (HashSet::new(), std::collections::BTreeSet::new());
        let build = build_dimension(DimensionInput {
            entity: EntityRows { dimension, ..*rows },
            existing,
            existing_map,
            existing_changes,
            issued: Issued::default(),
            is_seeded: false,
            is_whole: true,
            has_specials: true,
            audited: vec![is_audited],
            rejected_ids: &nobody,
            referenced: &none,
            audit_key: self.loads,
        })?;
        let changes = match built {
            Some(built) if !build.all_changes => {
                let doing = format!("reading the past of '{}'", dimension.name);
                let schema = changes_schema(dimension);
                concat_batches(&schema, [&built.changes, &build.changes])
                    .map_err(Error::arrow(doing))?
            }
            _ => build.changes,
        };
        self.built = Some(Tables {
            table: build.table.added,
            map: build.map.added,
            changes,
        });
        Ok(())
    }

    /// What was seen of these members, as `map_<dimension>_changes` of the whole dimension keeps it.
    ///
    /// # Errors
    /// [`Error::Engine`] if the columns cannot be put together.
    pub(crate) fn evidence(
        &self,
        whole: &Dimension,
        members: &HashSet<String>,
        audit_key: i64,
    ) -> Result<RecordBatch> {
        let doing = format!("reading the past of '{}'", whole.name);
        self.seen(whole, members, audit_key)
            .map_err(Error::arrow(doing))
    }

    fn seen(
        &self,
        whole: &Dimension,
        members: &HashSet<String>,
        audit_key: i64,
    ) -> Result<RecordBatch, ArrowError> {
        let Some(built) = &self.built else {
            return Ok(RecordBatch::new_empty(changes_schema(whole)));
        };
        let name = self.dimension.attributes[0].name.as_str();
        let mut sights = built.sights(&HashSet::from([name]))?;
        sights.retain(|sight| members.contains(&sight.id));
        let values = [named(&built.changes, name)?, named(&built.table, name)?];
        let values = concat(&[values[0].as_ref(), values[1].as_ref()])?;
        let places = sights.iter().map(|sight| sight.row as u64);
        let values = take(&values, &places.collect::<UInt64Array>(), None)?;
        as_words(whole, &sights, &[(name, values)], audit_key)
    }
}
