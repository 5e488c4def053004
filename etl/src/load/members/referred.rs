//! Members of which a load knows more than their rows say: those that facts refer to, and those whose rows were rejected.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array as _, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::dealt::{Dealing, Dealt};
use crate::dimension::IdIndex;
use crate::error::{Error, Result};

use super::DimensionLoad;
use super::shares::Shares;

/// So many ids that facts refer to are looked at together, of which each is kept once.
const HEARD: usize = 1 << 18;

impl DimensionLoad<'_> {
    /// The ids of rows that were rejected before they reached the dimension.
    pub(super) async fn rejected(&self) -> Result<Rejected> {
        let mut rejected = Rejected::default();
        let tell = |id: &str| {
            rejected.ids.add(id);
            Ok(())
        };
        let told = self.execution.each_rejected(self.package, self.fed, tell);
        told.await?;
        Ok(rejected)
    }

    /// Deals out the ids that facts refer to, whoever is known.
    pub(super) fn deal_referenced(
        &self,
        shares: &Shares<'_>,
        rejected: &mut Rejected,
    ) -> Result<Dealt> {
        let doing = || Error::arrow("reading the members to which facts refer");
        let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("id", DataType::Utf8, true)]));
        let mut dealing: Dealing = self.dealing(Arc::clone(&schema));
        if let Some(referenced) = &self.referenced {
            let mut heard = IdIndex::default();
            let is_known = |ids: &StringArray| vec![false; ids.len()];
            referenced.each_stranger(is_known, |mut ids| {
                if heard.len() > HEARD {
                    heard = IdIndex::default();
                }
                ids.retain(|id| {
                    let before = heard.len();
                    heard.add(id);
                    heard.len() > before
                });
                let ids = StringArray::from(ids);
                rejected.know(&ids);
                let to = shares.of_ids(&ids);
                let rows = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(ids)]);
                let dealt = rows.and_then(|rows| dealing.push(&rows, &to));
                dealt.map_err(doing())
            })?;
        }
        dealing.finish().map_err(doing())
    }
}

/// Ids of rows that were rejected, and those among them that are known.
#[derive(Default)]
pub(super) struct Rejected {
    ids: IdIndex,
    known: HashSet<String>,
}

impl Rejected {
    /// Members are known.
    pub(super) fn know(&mut self, ids: &StringArray) {
        if self.ids.len() == 0 {
            return;
        }
        let found = self.ids.find_all(ids);
        let known = ids.iter().zip(found).filter(|(_, found)| found.is_some());
        let known = known.filter_map(|(id, _)| id.map(str::to_owned));
        self.known.extend(known);
    }

    /// Those that are known.
    pub(super) fn known(self) -> HashSet<String> {
        self.known
    }
}
