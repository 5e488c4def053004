//! Members of which a load knows more than their rows say: those that facts refer to, and those whose rows were rejected.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::dealt::{Dealing, Dealt};
use crate::dimension::{IdIndex, Sieve};
use crate::error::{Error, Result};
use crate::register::Register;

use super::DimensionLoad;
use super::recognise::Silent;
use super::shares::Shares;

/// So many ids that facts refer to are looked at together, of which each is kept once.
const HEARD: usize = 1 << 18;

/// Members that only facts refer to: who they are is asked, but not told.
#[derive(Default)]
pub(super) struct Strangers {
    ids: IdIndex,
    /// The bytes of their ids.
    bytes: usize,
}

impl Strangers {
    fn add(&mut self, id: &str) {
        let before = self.ids.len();
        self.ids.add(id);
        if self.ids.len() > before {
            self.bytes += id.len();
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The bytes of an id, on average.
    pub(super) fn width(&self) -> usize {
        self.bytes.div_ceil(self.len().max(1))
    }
}

impl DimensionLoad<'_> {
    /// No row was rejected.
    pub(super) fn nobody_rejected(&self) -> Register {
        Register::new(self.memory(), self.least())
    }

    /// The ids of rows that were rejected before they reached the dimension, of those that are asked for.
    pub(super) async fn rejected(&self, is_asked: impl Fn(&str) -> bool) -> Result<Register> {
        let mut rejected = self.nobody_rejected();
        let tell = |id: &str| {
            if is_asked(id) {
                rejected.put(rejected.key(id), 1)?;
            }
            Ok(())
        };
        let told = self.execution.each_rejected(self.package, self.fed, tell);
        told.await?;
        Ok(rejected)
    }

    /// The members of a share whose rows were rejected, of those that are published and those that facts refer to.
    pub(super) fn rejected_of(
        &self,
        rejected: &Register,
        published: Option<&RecordBatch>,
        referenced: &BTreeSet<String>,
    ) -> Result<HashSet<String>> {
        let mut found = HashSet::new();
        if rejected.is_empty() {
            return Ok(found);
        }
        let published = published.map(|rows| self.ids(rows)).transpose()?;
        let published = published.into_iter().flatten().flatten();
        for id in published.chain(referenced.iter().map(String::as_str)) {
            let is_rejected = rejected.has(id).map_err(ArrowError::from);
            if is_rejected.map_err(Error::arrow("looking for the ids of rejected rows"))? {
                found.insert(id.to_owned());
            }
        }
        Ok(found)
    }

    /// The members that facts refer to, but that neither an earlier load knew nor the rows of this one tell of; they are to be
    /// looked at.
    pub(super) fn strangers(&self, sieve: &Sieve<'_>, silent: &mut Silent) -> Result<Strangers> {
        let mut strangers = Strangers::default();
        if let Some(referenced) = &self.referenced {
            let mut ids = std::mem::take(&mut silent.ids);
            let is_known = |ids: &StringArray| silent.known(sieve, ids);
            referenced.each_stranger(is_known, |some| {
                for id in some {
                    strangers.add(&id);
                    ids.add(&id);
                }
                Ok(())
            })?;
            silent.ids = ids;
        }
        Ok(strangers)
    }

    /// Deals out the ids of strangers.
    pub(super) fn deal_strangers(
        &self,
        strangers: &Strangers,
        shares: &Shares<'_>,
    ) -> Result<Dealt> {
        let is_known = |ids: &StringArray| {
            let found = strangers.ids.find_all(ids).into_iter();
            found.map(|found| found.is_none()).collect()
        };
        self.deal_ids(shares, is_known, strangers.len() > 0)
    }

    /// Deals out the ids that facts refer to, whoever is known.
    pub(super) fn deal_referenced(&self, shares: &Shares<'_>) -> Result<Dealt> {
        self.deal_ids(shares, |ids| vec![false; ids.len()], true)
    }

    fn deal_ids(
        &self,
        shares: &Shares<'_>,
        is_known: impl Fn(&StringArray) -> Vec<bool> + Sync,
        has_any: bool,
    ) -> Result<Dealt> {
        let doing = || Error::arrow("reading the members to which facts refer");
        let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("id", DataType::Utf8, true)]));
        let mut dealing: Dealing = self.dealing(Arc::clone(&schema));
        if let Some(referenced) = self.referenced.as_ref().filter(|_| has_any) {
            let mut heard = IdIndex::default();
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
                let to = shares.of_ids(&ids);
                let rows = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(ids)]);
                let dealt = rows.and_then(|rows| dealing.push(&rows, &to));
                dealt.map_err(doing())
            })?;
        }
        dealing.finish().map_err(doing())
    }
}

/// The ids of a share of those that were dealt out.
pub(super) fn ids_of(dealt: &Dealt, share: usize) -> Result<BTreeSet<String>, ArrowError> {
    let rows = dealt.share(share)?;
    let ids = rows.column(0).as_string::<i32>().iter().flatten();
    Ok(ids.map(str::to_owned).collect())
}
