//! What is known of all members of a dimension that is built anew, dealt out to shares that fit into memory.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use arrow::error::ArrowError;
use futures::TryStreamExt as _;
use planisphere_schemas::model::DimensionKind;
use planisphere_schemas::warehouse::PinnedTable;

use crate::conform::MERGED_INTO;
use crate::dealt::Dealt;
use crate::dimension::{self, Existing, Issued, align, changes_schema, changes_table, once_each};
use crate::error::{Error, Result};
use crate::register::Register;
use crate::spool::{Spooled, bytes_of};

use super::of_packages::RetainedShares;
use super::retained::Words;
use super::shares::{Shares, entity_ids};
use super::{DimensionLoad, Published};

/// What is known of all members, dealt out to shares.
pub(super) struct Everything {
    /// How many shares there are.
    pub(super) number: usize,
    /// The keys that were issued so far.
    pub(super) issued: Issued,
    /// The ids of rows that were rejected before they reached the dimension.
    pub(super) rejected: Register,
    /// The bytes of a row of the table, about.
    pub(super) width: usize,
    rows: Dealt,
    /// The published table and its key map.
    published: Option<[Dealt; 2]>,
    words: WordsOfShares,
    presents: Dealt,
    referenced: Dealt,
}

/// What earlier loads have seen.
enum WordsOfShares {
    /// Nobody kept it.
    Unknown,
    Anew {
        words: Dealt,
        has_presents: bool,
    },
    Kept {
        words: Dealt,
        retained: Option<RetainedShares>,
    },
}

/// What is known of the members of one share.
pub(super) struct ShareOfAll {
    pub(super) rows: RecordBatch,
    pub(super) existing: Option<Existing>,
    pub(super) map: Option<RecordBatch>,
    pub(super) changes: Option<Existing>,
    pub(super) referenced: BTreeSet<String>,
}

impl DimensionLoad<'_> {
    /// Deals out what is known of all members.
    pub(super) async fn everything(&self, published: Option<Published<'_>>) -> Result<Everything> {
        let dimension = self.origin.dimension;
        let doing = || Error::arrow(format!("sorting dimension '{}'", dimension.name));
        let words = self.words_before(published).await?;
        let merged = self.all_merged(published, &words).await?;
        let (width, bytes) = self.weighed(published, &words).await?;
        let memory = self.execution.options.settings.etl.memory_bytes / 2;
        let shares = Shares::of_bytes(bytes, memory, &merged);
        let rejected = self.rejected(|_| true).await?;
        let mut issued = Issued::default();
        let published_dealt = match published {
            Some(published) => Some([
                self.deal_table(published.table, &shares, |_| Ok(()))
                    .await?,
                self.deal_table(published.map, &shares, |rows| {
                    self.take(rows, &mut issued);
                    Ok(())
                })
                .await?,
            ]),
            None => None,
        };
        let words = match (words, published.and_then(|it| it.changes)) {
            (Words::Unknown, _) => WordsOfShares::Unknown,
            (
                Words::Anew {
                    words,
                    has_presents,
                },
                _,
            ) => WordsOfShares::Anew {
                words: self.deal_words(words.batches(), &shares)?,
                has_presents,
            },
            (Words::Kept(retained), table) => WordsOfShares::Kept {
                words: match table {
                    Some(table) => self.deal_table(table, &shares, |_| Ok(())).await?,
                    None => self.deal_words(std::iter::empty(), &shares)?,
                },
                retained: match retained {
                    Some(retained) => Some(retained.dealt(self, &shares)?),
                    None => None,
                },
            },
        };
        let presents = self.presents.iter().flat_map(Spooled::batches);
        let presents = presents.map(|words| {
            let columns = words?.columns().to_vec();
            RecordBatch::try_new(changes_schema(dimension), columns)
        });
        let mut rows = self.dealing(self.fed.rows.rows.schema());
        for batch in self.fed.rows.rows.batches() {
            let batch = batch.map_err(doing())?;
            let ids = entity_ids(&dimension.kind, &batch).map_err(doing())?;
            let to = shares.of_ids(ids.as_string::<i32>());
            rows.push(&batch, &to).map_err(doing())?;
        }
        Ok(Everything {
            number: shares.number as usize,
            issued,
            width,
            rows: rows.finish().map_err(doing())?,
            published: published_dealt,
            words,
            presents: self.deal_words(presents, &shares)?,
            referenced: self.deal_referenced(&shares)?,
            rejected,
        })
    }

    /// What is known of the members of a share.
    pub(super) fn share_of_all(&self, all: &Everything, share: usize) -> Result<ShareOfAll> {
        let dimension = self.origin.dimension;
        let doing = || Error::arrow(format!("reading dimension '{}'", dimension.name));
        let read = |dealt: &Dealt| dealt.share(share).map_err(doing());
        let (existing, map) = match &all.published {
            Some([table, map]) => {
                let schema = dimension::arrow_schema(dimension);
                let existing = align(&dimension.table(), &read(table)?, &schema)?;
                (Some(self.forgotten(existing)), Some(read(map)?))
            }
            None => (None, None),
        };
        let presents = read(&all.presents)?;
        let aligned = |words: &RecordBatch| {
            let schema = changes_schema(dimension);
            align(&changes_table(dimension), words, &schema)
        };
        let seen = existing.as_ref();
        let changes = match &all.words {
            WordsOfShares::Unknown => None,
            WordsOfShares::Anew {
                words,
                has_presents,
            } => {
                let words = Existing {
                    reshaped: true,
                    ..aligned(&once_each(&read(words)?).map_err(doing())?)?
                };
                Some(match has_presents {
                    true => words,
                    false => {
                        let words = self.forget(words, &self.presents())?;
                        self.with_presents(seen, words, &presents)?
                    }
                })
            }
            WordsOfShares::Kept { words, retained } => {
                let kept = self.forgotten_words(aligned(&read(words)?)?)?;
                let kept = match retained {
                    Some(retained) => retained.of_share(self, share, seen, kept)?,
                    None => kept,
                };
                Some(self.with_presents(seen, kept, &presents)?)
            }
        };
        let referenced = read(&all.referenced)?;
        let referenced = referenced.column(0).as_string::<i32>().iter().flatten();
        Ok(ShareOfAll {
            rows: read(&all.rows)?,
            existing,
            map,
            changes,
            referenced: referenced.map(str::to_owned).collect(),
        })
    }

    /// All members that were ever merged into others, and those others.
    async fn all_merged(
        &self,
        published: Option<Published<'_>>,
        words: &Words,
    ) -> Result<HashSet<String>> {
        let dimension = self.origin.dimension;
        let doing = || Error::arrow(format!("reading dimension '{}'", dimension.name));
        let mut merged = HashSet::new();
        let id = dimension.id_column();
        let DimensionKind::Entity { key, .. } = &dimension.kind else {
            return Ok(merged);
        };
        let mut add = |rows: &Spooled, id: &str| {
            for rows in rows.batches() {
                merges(&rows?, id, &mut merged)?;
            }
            Ok(())
        };
        add(&self.fed.rows.rows, key).map_err(doing())?;
        match words {
            Words::Anew { words, .. } => add(words, &id).map_err(doing())?,
            Words::Kept(Some(retained)) => {
                for rows in retained.rows() {
                    add(rows, key).map_err(doing())?;
                }
            }
            Words::Unknown | Words::Kept(None) => {}
        }
        if let Some(table) = published.and_then(|it| it.changes) {
            let columns = [id.as_str(), MERGED_INTO];
            let mut groups = std::pin::pin!(self.scan(table).groups(&columns));
            while let Some(group) = groups.try_next().await? {
                merges(&group.rows, &id, &mut merged).map_err(doing())?;
            }
        }
        Ok(merged)
    }

    /// The bytes of a row of the table, and those that it takes to build all members, about.
    async fn weighed(
        &self,
        published: Option<Published<'_>>,
        words: &Words,
    ) -> Result<(usize, usize)> {
        let rows = &self.fed.rows.rows;
        let mut width = rows.width();
        let mut bytes = Shares::bytes(rows.num_rows(), width);
        if let Some(published) = published {
            let kept = published
                .changes
                .filter(|_| matches!(words, Words::Kept(_)));
            let of_table = self.width_of(published.table).await?;
            width = width.max(of_table);
            bytes += Shares::bytes(self.scan(published.table).num_rows(), of_table);
            if let Some(kept) = kept {
                let rows = self.scan(kept).num_rows();
                bytes += Shares::bytes(rows, self.width_of(kept).await?);
            }
        }
        let presents = self.presents.iter();
        bytes += presents
            .map(|words| Shares::bytes(words.num_rows(), words.width()))
            .sum::<usize>();
        bytes += match words {
            Words::Anew { words, .. } => Shares::bytes(words.num_rows(), words.width()),
            Words::Kept(Some(retained)) => retained.bytes(),
            Words::Unknown | Words::Kept(None) => 0,
        };
        Ok((width, bytes))
    }

    /// The bytes of a row of a published table, by the first that come.
    pub(super) async fn width_of(&self, table: &PinnedTable) -> Result<usize> {
        let mut groups = std::pin::pin!(self.scan(table).groups(&[]));
        let first = groups.try_next().await?;
        Ok(first.map_or(0, |group| {
            bytes_of(&group.rows).div_ceil(group.rows.num_rows().max(1))
        }))
    }

    /// Deals out all rows of a published table, those of special members into the first share; tells all of them.
    async fn deal_table(
        &self,
        table: &PinnedTable,
        shares: &Shares<'_>,
        mut tell: impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<Dealt> {
        let doing = || Error::arrow(format!("reading {}", table.name()));
        let key = self.origin.dimension.key_column();
        let mut dealing = self.dealing(Arc::clone(table.schema()));
        let mut groups = std::pin::pin!(self.scan(table).groups(&[]));
        while let Some(group) = groups.try_next().await? {
            tell(&group.rows)?;
            let mut to = shares.of_ids(self.ids(&group.rows)?);
            if let Some(keys) = group.rows.column_by_name(&key) {
                let keys = keys.as_primitive::<Int32Type>().values().iter();
                for (share, _) in to.iter_mut().zip(keys).filter(|(_, key)| **key <= 0) {
                    *share = 0;
                }
            }
            dealing.push(&group.rows, &to).map_err(doing())?;
        }
        dealing.finish().map_err(doing())
    }

    /// Deals out rows of `map_<dimension>_changes`.
    fn deal_words(
        &self,
        words: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
        shares: &Shares<'_>,
    ) -> Result<Dealt> {
        let dimension = self.origin.dimension;
        let doing = || {
            Error::arrow(format!(
                "reading the past of dimension '{}'",
                dimension.name
            ))
        };
        let mut dealing = self.dealing(changes_schema(dimension));
        for words in words {
            let words = words.map_err(doing())?;
            let to = shares.of_ids(self.ids(&words)?);
            dealing.push(&words, &to).map_err(doing())?;
        }
        dealing.finish().map_err(doing())
    }

    /// The keys in rows of the key map are issued.
    fn take(&self, rows: &RecordBatch, issued: &mut Issued) {
        let dimension = self.origin.dimension;
        let largest = |name: String| {
            let keys = rows
                .column_by_name(&name)?
                .as_primitive_opt::<Int32Type>()?;
            arrow::compute::max(keys)
        };
        issued.keys = issued
            .keys
            .max(largest(dimension.key_column()).unwrap_or(0));
        let durables = largest(dimension.durable_key_column()).unwrap_or(0);
        issued.durables = issued.durables.max(durables);
    }
}

/// Takes note of who is merged into whom in some rows.
fn merges(rows: &RecordBatch, id: &str, merged: &mut HashSet<String>) -> Result<(), ArrowError> {
    let column = |name: &str| rows.column_by_name(name);
    let (Some(ids), Some(into)) = (column(id), column(MERGED_INTO)) else {
        return Ok(());
    };
    if into.null_count() == into.len() {
        return Ok(());
    }
    let (ids, into) = (cast(ids, &DataType::Utf8)?, cast(into, &DataType::Utf8)?);
    for pair in ids.as_string::<i32>().iter().zip(into.as_string::<i32>()) {
        if let (Some(id), Some(into)) = pair {
            merged.extend([id.to_owned(), into.to_owned()]);
        }
    }
    Ok(())
}
