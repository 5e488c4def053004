//! What packages of earlier loads say of attributes that are new in the model: read once, dealt out to shares, and told share by
//! share.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use planisphere_schemas::model::DimensionKind;

use crate::conform::{BASIS, CHANGE, DELETED, MERGED_INTO, MODIFIED, SEQUENCE, VALID_FROM};
use crate::dealt::Dealt;
use crate::dimension::{Existing, Nature, Origin, Shadow};
use crate::error::{Error, Result};
use crate::load::backfill::Wanted;
use crate::load::nature::audited;
use crate::spool::{Spool, Spooled};

use super::DimensionLoad;
use super::retained::seen_members;
use super::shares::{Shares, entity_ids};

/// What is read of a row beside its key and the attributes.
const OF_ROWS: [&str; 7] = [
    BASIS,
    CHANGE,
    DELETED,
    MERGED_INTO,
    MODIFIED,
    SEQUENCE,
    VALID_FROM,
];

/// What packages say of attributes that are new, the oldest first.
pub(super) struct Retained {
    attributes: BTreeSet<String>,
    groups: Vec<Group<Spooled>>,
    is_stream: bool,
}

/// The same by shares.
pub(super) struct RetainedShares {
    attributes: BTreeSet<String>,
    groups: Vec<Group<Dealt>>,
    number: usize,
}

/// Packages that follow each other and whose rows have the same columns.
struct Group<R> {
    rows: R,
    /// For each batch of rows its package.
    of: Vec<usize>,
    packages: Vec<Told>,
}

/// A package.
struct Told {
    rows: usize,
    snapshot_at: i64,
    columns: BTreeSet<String>,
}

/// A group on its way.
struct Gathering {
    schema: SchemaRef,
    group: Group<Spool>,
}

impl Gathering {
    fn finish(self) -> Result<Group<Spooled>, ArrowError> {
        let Group { rows, of, packages } = self.group;
        Ok(Group {
            rows: rows.finish()?,
            of,
            packages,
        })
    }
}

impl DimensionLoad<'_> {
    /// What packages of earlier loads say of the attributes that the published table does not have; `None` if nothing.
    pub(super) async fn retained(&self, existing: &Existing) -> Result<Option<Retained>> {
        let (dimension, model) = (self.origin.dimension, self.execution.model);
        let doing = || {
            Error::arrow(format!(
                "reading the past of dimension '{}'",
                dimension.name
            ))
        };
        let schema = existing.rows.schema();
        let fields = schema.fields().iter().zip(&existing.is_new);
        let new = fields.filter(|(_, is_new)| **is_new);
        let new: BTreeSet<String> = new.map(|(field, _)| field.name().clone()).collect();
        let Some(wanted) = Wanted::of_dimension(model, dimension, |name| new.contains(name)) else {
            return Ok(None);
        };
        let (mut groups, mut last) = (Vec::new(), None::<Gathering>);
        for known in self.execution.knowing(&wanted).await? {
            let rows = self.then(&known).await?;
            let needed = |rows: RecordBatch| self.needed(self.prepared(rows, false)?, &new);
            let schema = needed(RecordBatch::new_empty(rows.schema()))?.schema();
            if last.as_ref().is_none_or(|last| last.schema != schema) {
                let next = Gathering {
                    schema: Arc::clone(&schema),
                    group: Group {
                        rows: Spool::new(schema, self.memory()),
                        of: Vec::new(),
                        packages: Vec::new(),
                    },
                };
                if let Some(done) = last.replace(next) {
                    groups.push(done.finish().map_err(doing())?);
                }
            }
            let Some(Gathering { group, .. }) = &mut last else {
                continue;
            };
            for batch in rows.batches() {
                let batch = needed(batch.map_err(doing())?)?;
                if batch.num_rows() > 0 {
                    group.of.push(group.packages.len());
                    group.rows.push(batch).map_err(doing())?;
                }
            }
            group.packages.push(Told {
                rows: rows.num_rows(),
                snapshot_at: known.package.began_at.timestamp_micros(),
                columns: known.columns,
            });
        }
        if let Some(last) = last {
            groups.push(last.finish().map_err(doing())?);
        }
        Ok((!groups.is_empty()).then(|| Retained {
            attributes: new,
            groups,
            is_stream: self.origin.nature == Nature::Changes,
        }))
    }

    /// The columns of rows that tell of some attributes.
    fn needed(&self, rows: RecordBatch, attributes: &BTreeSet<String>) -> Result<RecordBatch> {
        let dimension = self.origin.dimension;
        let doing = format!("reading the past of dimension '{}'", dimension.name);
        let of = dimension.attributes.iter();
        let of = of.filter(|it| attributes.contains(&it.name));
        let of = of.map(|it| it.column.as_str());
        let key = match &dimension.kind {
            DimensionKind::Entity { key, .. } => Some(key.as_str()),
            _ => None,
        };
        let names: BTreeSet<&str> = of.chain(key).chain(OF_ROWS).collect();
        let fields = rows.schema_ref().fields().iter().enumerate();
        let needed = fields.filter(|(_, field)| names.contains(field.name().as_str()));
        let needed: Vec<usize> = needed.map(|(at, _)| at).collect();
        rows.project(&needed).map_err(Error::arrow(doing))
    }
}

impl Retained {
    /// The rows of all packages.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Spooled> {
        self.groups.iter().map(|group| &group.rows)
    }

    /// The bytes that it takes to tell all of it, about: package after package, but for changes, which all stand.
    pub(super) fn bytes(&self) -> usize {
        let packages = |group: &Group<Spooled>| {
            let rows = group.packages.iter().map(|it| it.rows);
            let most = match self.is_stream {
                true => rows.sum(),
                false => rows.max().unwrap_or(0),
            };
            Shares::bytes(most, group.rows.width())
        };
        let groups = self.groups.iter().map(packages);
        match self.is_stream {
            true => groups.sum(),
            false => groups.max().unwrap_or(0),
        }
    }

    /// Deals it out.
    pub(super) fn dealt(
        self,
        load: &DimensionLoad<'_>,
        shares: &Shares<'_>,
    ) -> Result<RetainedShares> {
        let dimension = load.origin.dimension;
        let doing = || {
            Error::arrow(format!(
                "reading the past of dimension '{}'",
                dimension.name
            ))
        };
        let mut groups = Vec::with_capacity(self.groups.len());
        for group in self.groups {
            let mut dealing = load.dealing(group.rows.schema());
            for (rows, package) in group.rows.batches().zip(&group.of) {
                let rows = rows.map_err(doing())?;
                let ids = entity_ids(&dimension.kind, &rows).map_err(doing())?;
                let mut to = shares.of_ids(ids.as_string::<i32>());
                let first = u32::try_from(*package).unwrap_or(u32::MAX);
                let first = first.saturating_mul(shares.number);
                to.iter_mut().for_each(|share| *share += first);
                dealing.push(&rows, &to).map_err(doing())?;
            }
            groups.push(Group {
                rows: dealing.finish().map_err(doing())?,
                of: Vec::new(),
                packages: group.packages,
            });
        }
        Ok(RetainedShares {
            attributes: self.attributes,
            groups,
            number: shares.number as usize,
        })
    }
}

impl RetainedShares {
    /// What was seen of the members of a share, with what packages tell of them behind it.
    pub(super) fn of_share(
        &self,
        load: &DimensionLoad<'_>,
        share: usize,
        existing: Option<&Existing>,
        changes: Existing,
    ) -> Result<Existing> {
        let dimension = load.origin.dimension;
        let doing = || {
            Error::arrow(format!(
                "reading the past of dimension '{}'",
                dimension.name
            ))
        };
        let new = dimension.attributes.iter();
        let new = new.filter(|attribute| self.attributes.contains(&attribute.name));
        let mut shadows: Vec<Shadow> = new.map(|it| Shadow::new(dimension, it)).collect();
        for group in &self.groups {
            for (at, told) in group.packages.iter().enumerate() {
                let rows = group.rows.share(at * self.number + share);
                let rows = rows.map_err(doing())?;
                let then = Origin {
                    snapshot_at: told.snapshot_at,
                    ..load.origin
                };
                let said = then.of(&rows);
                for shadow in &mut shadows {
                    if told
                        .columns
                        .contains(&shadow.dimension().attributes[0].name)
                    {
                        let is_audited = audited(shadow.dimension(), load.fed);
                        shadow.tell(&said, is_audited.contains(&true))?;
                    }
                }
            }
        }
        let members = seen_members(dimension, existing, &changes);
        let schema = changes.rows.schema();
        let mut all = vec![changes.rows.clone()];
        for shadow in &shadows {
            let seen = shadow.evidence(dimension, &members, load.audit_key)?;
            let seen = RecordBatch::try_new(schema.clone(), seen.columns().to_vec());
            all.push(seen.map_err(doing())?);
        }
        let rows = arrow::compute::concat_batches(&schema, &all);
        Ok(Existing {
            rows: rows.map_err(doing())?,
            ..changes
        })
    }
}
