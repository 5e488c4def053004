//! What a query gives back: a header that says what each column is, and a stream of Arrow batches.

use arrow::array::RecordBatch;
use futures::TryStreamExt;
use planisphere_schemas::model::{DataType, Format};
use serde::Serialize;

use crate::error::Result;
use crate::exec::ResultStream;
use crate::query::LevelRef;

/// The header of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResultHeader {
    /// The id under which the query is logged.
    pub query_id: String,
    /// The warehouse version that it was computed on.
    pub warehouse_version: u64,
    /// The hash of that version's model.
    pub model_hash: String,
    /// The language of captions.
    pub locale: String,
    /// The columns in the order of the batches.
    pub columns: Vec<ResultColumn>,
    /// Where the next page starts; none on the last page and for queries without a limit.
    pub next_page_token: Option<String>,
}

/// One column of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResultColumn {
    /// The name of the Arrow field.
    pub name: String,
    /// What people read.
    pub caption: String,
    /// The type.
    pub data_type: DataType,
    /// What the column says.
    pub role: ColumnRole,
}

impl ResultHeader {
    /// How near all values together are to the truth.
    pub fn exactness(&self) -> Exactness {
        let is_approximate = |column: &ResultColumn| match &column.role {
            ColumnRole::Measure { exactness, .. } => !exactness.is_exact(),
            _ => false,
        };
        match self.columns.iter().any(is_approximate) {
            true => Exactness::Approximate { error: None },
            false => Exactness::Exact,
        }
    }
}

/// What a column says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnRole {
    /// A part of a member on an axis.
    Level {
        /// The axis, from 0.
        axis: usize,
        /// The position of the asked level on the axis, from 0.
        position: usize,
        /// The asked level, with its hierarchy.
        level: LevelRef,
        /// Which part.
        part: LevelPart,
    },
    /// A measure of the cell.
    Measure {
        /// Its name.
        name: String,
        /// How it is shown.
        #[serde(skip)]
        format: Format,
        /// How near its values are to the truth.
        #[serde(skip_serializing_if = "Exactness::is_exact")]
        exactness: Exactness,
    },
    /// A column of a fact row, of drill-through.
    Detail {
        /// `column` or `role.attribute`.
        name: String,
    },
}

/// How near a value is to the truth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exactness {
    /// Computed from all rows, without sketches or samples.
    #[default]
    Exact,
    /// Computed from sketches.
    Approximate {
        /// How far it lies at most from the truth, as a part of it; not known of what is calculated from such values.
        error: Option<f64>,
    },
}

impl Exactness {
    /// True if nothing was approximated.
    pub fn is_exact(&self) -> bool {
        *self == Self::Exact
    }
}

/// A part of a member.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelPart {
    /// The key of a level above that is not asked for before it on the axis, but belongs to the path.
    AncestorKey {
        /// The name of the level above.
        level: String,
    },
    /// The id of the special member on that level above; null for ordinary members.
    AncestorSpecial {
        /// The name of the level above.
        level: String,
    },
    /// What the members of that level above are ordered by, where that is not the key.
    AncestorSort {
        /// The name of the level above.
        level: String,
    },
    /// The key, typed as stored; null for special members and subtotals.
    Key,
    /// The id of the special member; null for ordinary members and subtotals.
    Special,
    /// What people read.
    Caption,
    /// What members are ordered by, where that is not the key.
    Sort,
    /// True if the row is summed over this level.
    Subtotal,
    /// What is told of the member beside, typed as stored; null for special members and subtotals.
    Attribute {
        /// The attribute.
        name: String,
    },
}

/// An answer: its header at once, its rows as they come.
pub struct QueryResult {
    /// The header.
    pub header: ResultHeader,
    /// The rows.
    pub rows: ResultStream,
}

impl QueryResult {
    /// Waits for all rows.
    pub async fn collect(self) -> Result<(ResultHeader, Vec<RecordBatch>)> {
        let batches = self.rows.try_collect().await?;
        Ok((self.header, batches))
    }
}
