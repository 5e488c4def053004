//! Operational systems as bounded streams of Arrow batches under one snapshot.
//!
//! Nothing behind this module knows SQL dialects or file formats. It is not responsible for what the
//! rows mean: values are only given their declared types, and what does not fit becomes a reject.
//! Everything here blocks: readers live on threads of their own.
//!
//! ```text
//! Source ──open──► Snapshot ──plan──► parts of a table
//!                      └──reader──► Reader ──read a part──► StagedBatch { rows, rejects } ──► sink
//! ```

mod builder;
mod cell;
mod clock;
mod doubt;
mod fault;
mod file;
mod lookup;
mod mysql;
mod number;
mod postgres;
mod sqlite;
mod stop;
pub(crate) mod values;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use planisphere_schemas::model::{self, Table};
use planisphere_schemas::settings::SourceSettings;

use crate::error::{Error, Result};
use crate::reject::Reject;

pub(crate) use builder::known_columns;
pub(crate) use cell::{Cell, TextRules, append_cell, column_builder};
pub(crate) use fault::{Fault, Remedy};
pub(crate) use stop::{Stop, StopOnDrop};

/// Rows of one table that fit their declared types, and those that do not.
#[derive(Debug)]
pub(crate) struct StagedBatch {
    /// The rows, in the columns of the plan.
    pub(crate) rows: RecordBatch,
    /// Rows that were rejected, with reasons.
    pub(crate) rejects: Vec<Reject>,
    /// Values that did not fit and became null because the model says so.
    pub(crate) nulled: u64,
    /// Values that did not fit and became the nearest value because the model says so.
    pub(crate) clamped: u64,
    /// Bytes of the values as the source gave them.
    pub(crate) bytes: u64,
}

/// Takes batches one after the other; the reader waits while it is busy.
pub(crate) type Sink<'a> = dyn FnMut(StagedBatch) -> Result<()> + 'a;

/// One operational system.
pub(crate) trait Source: Send + Sync {
    /// Opens one consistent snapshot of everything; nothing that commits later is seen through it. So many readers
    /// are wanted at the same time.
    ///
    /// # Errors
    /// A [`Fault`] that says whether trying again can help.
    fn open(&self, readers: usize, stop: &Stop) -> Result<Box<dyn Snapshot>, Fault>;
}

/// One moment of a source; dropping it releases the source.
pub(crate) trait Snapshot: Send + Sync {
    /// Which moment this is, in the source's own words.
    fn describe(&self) -> String;

    /// Checks that the table is there with its columns, and says in which parts it can be read.
    ///
    /// # Errors
    /// A [`Fault`] if it is not there or the source does not answer.
    fn plan(&self, table: &Table) -> Result<TablePlan, Fault>;

    /// A reader of this moment. Each thread has its own.
    ///
    /// # Errors
    /// A [`Fault`] if it cannot be had; [`Remedy::Anew`] if the moment is gone.
    fn reader(&self) -> Result<Box<dyn Reader + '_>, Fault>;

    /// More rows than this a table cannot have in this moment, where that is certain without counting them.
    fn most_rows(&self, _table: &Table) -> Option<u64> {
        None
    }

    /// How many readers the source bears at the same time.
    fn most_readers(&self) -> usize {
        1
    }
}

/// Reads parts of tables, one after the other.
pub(crate) trait Reader {
    /// Reads the declared columns of a part in batches of about `batch_rows` rows.
    ///
    /// # Errors
    /// A [`Fault`]; what the sink got of the part is void then.
    fn read(
        &mut self,
        table: &Table,
        part: &Part,
        batch_rows: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault>;
}

/// How a table is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TablePlan {
    /// The columns of its batches.
    pub(crate) schema: SchemaRef,
    /// The parts, which together are the table.
    pub(crate) parts: Vec<Part>,
    /// How many rows it has, where the source can tell without counting.
    pub(crate) rows: Option<u64>,
}

impl TablePlan {
    /// A table in one piece.
    pub(crate) fn whole(schema: SchemaRef, rows: Option<u64>) -> Self {
        Self {
            schema,
            parts: vec![Part::Whole],
            rows,
        }
    }
}

/// A part of a table that is read, and if need be read again, by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// A relation of it, as the source names it.
    Relation(String),
    /// Pages of a relation of it.
    Pages {
        /// The relation, as the source names it.
        relation: String,
        /// The first page.
        from: u64,
        /// The page after the last; `None` reads to the end, wherever that is.
        to: Option<u64>,
    },
    /// Rows whose key lies in a range.
    Keys(KeyRange),
    /// A file of it.
    File {
        /// Its name, relative to the source.
        name: String,
        /// What tells its state of now from others.
        state: String,
    },
}

/// A range of an integer key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyRange {
    /// The column, as the source names it.
    pub(crate) column: String,
    /// The first key; `None` begins with the lowest, whichever that is.
    pub(crate) from: Option<i128>,
    /// The key after the last; `None` ends with the highest, whichever that is.
    pub(crate) to: Option<i128>,
    /// The lowest and the highest key when the range was made, for halving it.
    pub(crate) extent: (i128, i128),
}

impl KeyRange {
    /// Two ranges that make up this one, if more than one key is known to be in it.
    fn halves(&self) -> Option<[Self; 2]> {
        let from = self.from.unwrap_or(self.extent.0);
        let to = self.to.unwrap_or(self.extent.1 + 1);
        let middle = (to - from > 1).then(|| from + (to - from) / 2);
        let part = |from: Option<i128>, to: Option<i128>| Self {
            from,
            to,
            ..self.clone()
        };
        middle.map(|_| [part(self.from, middle), part(middle, self.to)])
    }
}

/// What a part without a known end is halved by.
const OPEN_END_PAGES: u64 = 1 << 10;

impl Part {
    /// Two parts that make up this one, if it can be divided.
    pub(crate) fn halves(&self) -> Option<[Self; 2]> {
        let (relation, from, to) = match self {
            Self::Pages { relation, from, to } => (relation, from, to),
            Self::Keys(range) => return range.halves().map(|halves| halves.map(Self::Keys)),
            Self::Whole | Self::Relation(_) | Self::File { .. } => return None,
        };
        let middle = match to {
            Some(to) if to - from > 1 => from + (to - from) / 2,
            Some(_) => return None,
            None => from + OPEN_END_PAGES,
        };
        let part = |from: u64, to: Option<u64>| Self::Pages {
            relation: relation.clone(),
            from,
            to,
        };
        Some([part(*from, Some(middle)), part(middle, *to)])
    }
}

/// Finds the reader for a source's URL.
///
/// # Errors
/// [`Error::SourceUrl`] if no reader knows the URL.
pub(crate) fn connect(model: &model::Source, settings: &SourceSettings) -> Result<Box<dyn Source>> {
    let url = settings.url.expose();
    let name = model.name.clone();
    let zone = model.time_zone.parse().unwrap_or(chrono_tz::UTC);
    if looks_like_a_log_in(url) {
        return Err(Error::SourceUrl {
            source_name: name,
            reason: "there is no such file or folder, and it looks like the address of a server"
                .into(),
        });
    }
    if let Some(path) = url.strip_prefix("sqlite:") {
        if path.is_empty() {
            return Err(Error::SourceUrl {
                source_name: name,
                reason: "it names no file".into(),
            });
        }
        return Ok(Box::new(sqlite::Sqlite::new(name, path, zone)));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Box::new(postgres::Postgres::new(name, settings, zone)?));
    }
    if url.starts_with("mysql://") || url.starts_with("mariadb://") {
        return Ok(Box::new(mysql::MySql::new(name, settings, zone)?));
    }
    if url.contains("://") && !file::knows(url) {
        let scheme = url.split("://").next().unwrap_or_default();
        let reason = format!("no reader for '{scheme}://'");
        return Err(Error::SourceUrl {
            source_name: name,
            reason,
        });
    }
    Ok(Box::new(file::Files::new(name, settings, zone)?))
}

/// True for what would be taken for a path that is not there, but may hold a password: it must not be shown.
fn looks_like_a_log_in(url: &str) -> bool {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let is_known = file::knows(url)
        || ["postgres://", "postgresql://", "mysql://", "mariadb://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
    let may_hold_one = path.contains('@') || path.contains("password=");
    !is_known && may_hold_one && !std::path::Path::new(path).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_a_password_is_not_taken_for_a_path() {
        for url in [
            "crm:s3cret@127.0.0.1/crm",
            "/base/postgres:/crm:s3cret@127.0.0.1/crm",
            "host=h password=s3cret",
            "sqlite:postgres://crm:s3cret@h/crm",
        ] {
            assert!(looks_like_a_log_in(url), "{url}");
        }
        for url in [
            "postgres://crm:s3cret@h/crm",
            "https://u:s3cret@h/f",
            "folder",
            "sqlite:a.db",
        ] {
            assert!(!looks_like_a_log_in(url), "{url}");
        }
    }

    #[test]
    fn halves_make_up_the_part() {
        let pages = |from, to| Part::Pages {
            relation: "t".into(),
            from,
            to,
        };
        assert_eq!(
            pages(4, Some(7)).halves(),
            Some([pages(4, Some(5)), pages(5, Some(7))])
        );
        assert_eq!(
            pages(4, None).halves(),
            Some([pages(4, Some(1028)), pages(1028, None)])
        );
        assert_eq!(pages(4, Some(5)).halves(), None);
        assert_eq!(Part::Whole.halves(), None);
        let keys = |from, to| {
            Part::Keys(KeyRange {
                column: "id".into(),
                from,
                to,
                extent: (-3, 9),
            })
        };
        let [low, high] = [keys(None, Some(3)), keys(Some(3), None)];
        assert_eq!(keys(None, None).halves(), Some([low, high.clone()]));
        let halves = [keys(Some(3), Some(6)), keys(Some(6), None)];
        assert_eq!(high.halves(), Some(halves));
        assert_eq!(keys(Some(9), None).halves(), None);
    }
}
