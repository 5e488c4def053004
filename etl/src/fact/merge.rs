//! Fresh rows against the published files: what is new, what changed, what is gone, which files stay.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::{SortColumn, interleave, lexsort_to_indices, take_record_batch};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};

use crate::dimension::{MemberIndex, Tally};
use crate::error::{Error, Result};

use super::fresh::Fresh;
use super::schema::{AUDIT_KEY, DELETED_AT_SOURCE, SOURCE_ROW_ID, arrow_schema};
use super::{FactBuild, FactInput};

/// Merges the fresh rows into the published files.
pub(super) fn merge(input: &FactInput<'_>, fresh: Fresh) -> Result<FactBuild> {
    let doing = || format!("merging fact '{}'", input.star.name);
    let comparison = Comparison::new(input, &fresh.rows).map_err(Error::arrow(doing()))?;
    let decisions = decide(input, &fresh, &comparison);
    let rows = assemble(input, &fresh.rows, &decisions).map_err(Error::arrow(doing()))?;
    let rows = sorted(input, &rows).map_err(Error::arrow(doing()))?;
    let kept = input.existing.iter().zip(&decisions.rewrite);
    let kept = kept
        .filter(|(_, rewrite)| !**rewrite)
        .map(|(file, _)| file.file.clone())
        .collect();
    let mut tally = decisions.tally;
    tally.read = input.rows.num_rows() as u64;
    tally.rejected = fresh.rejects.len() as u64;
    Ok(FactBuild {
        kept,
        rows,
        tally,
        rejects: fresh.rejects,
    })
}

/// The values of all rows but their audit keys, in a form that can be compared.
struct Comparison {
    fresh: Rows,
    existing: Vec<Rows>,
}

impl Comparison {
    fn new(input: &FactInput<'_>, fresh: &RecordBatch) -> Result<Self, ArrowError> {
        let width = fresh.num_columns() - 1;
        let schema = fresh.schema();
        let fields = schema.fields().iter().take(width);
        let fields = fields
            .map(|field| SortField::new(field.data_type().clone()))
            .collect();
        let converter = RowConverter::new(fields)?;
        let rows = |batch: &RecordBatch| converter.convert_columns(&batch.columns()[..width]);
        let existing = input.existing.iter().map(|file| rows(&file.rows));
        Ok(Self {
            existing: existing.collect::<Result<_, _>>()?,
            fresh: rows(fresh)?,
        })
    }
}

/// One row to write: batch 0 = fresh, batch n = n-th published file.
struct Chosen {
    batch: usize,
    row: usize,
    /// True if the row takes this load's audit key.
    changed: bool,
    /// True if the row is marked as deleted here.
    gone: bool,
}

struct Decisions {
    rows: Vec<Chosen>,
    rewrite: Vec<bool>,
    tally: Tally,
}

fn decide(input: &FactInput<'_>, fresh: &Fresh, comparison: &Comparison) -> Decisions {
    let fresh_ids = ids(&fresh.rows);
    let by_id: HashMap<&str, usize> = (0..fresh_ids.len())
        .map(|row| (fresh_ids.value(row), row))
        .collect();
    let rejected: HashSet<&str> = fresh
        .rejects
        .iter()
        .map(|reject| reject.row_id.as_str())
        .collect();
    let retired = Retired::of(input);
    let mut known = vec![false; fresh_ids.len()];
    let mut decisions = Decisions {
        rows: Vec::new(),
        rewrite: Vec::new(),
        tally: Tally::default(),
    };
    for (at, file) in input.existing.iter().enumerate() {
        let file_ids = ids(&file.rows);
        let mut rows = Vec::with_capacity(file.rows.num_rows());
        for row in 0..file.rows.num_rows() {
            let id = file_ids.value(row);
            decisions.tally.standing += u64::from(!is_deleted(&file.rows, row));
            let stays = rejected.contains(id) || input.rejected_ids.contains(id);
            rows.push(match by_id.get(id) {
                Some(new) => {
                    known[*new] = true;
                    let same = comparison.existing[at].row(row) == comparison.fresh.row(*new);
                    let dies = is_deleted(&fresh.rows, *new) && !is_deleted(&file.rows, row);
                    existing_row(&mut decisions.tally, (at, row), *new, same, dies)
                }
                None => {
                    let kept = missing_row(&mut decisions.tally, file, at, row, stays);
                    let moves = retired.moves(&file.rows, row);
                    decisions.tally.updated += u64::from(moves && !kept.gone);
                    Chosen {
                        changed: kept.changed || moves,
                        ..kept
                    }
                }
            });
        }
        let rewrite = input.reshaped || rows.iter().any(|row| row.changed);
        decisions.rewrite.push(rewrite);
        if rewrite {
            decisions.rows.extend(rows);
        }
    }
    for row in (0..known.len()).filter(|row| !known[*row]) {
        decisions.rows.push(Chosen {
            batch: 0,
            row,
            changed: true,
            gone: false,
        });
        decisions.tally.inserted += 1;
        decisions.tally.loaded += 1;
    }
    decisions
}

/// A published row that the source still has; `dies` if the source has newly marked it as deleted.
fn existing_row(
    tally: &mut Tally,
    (at, row): (usize, usize),
    new: usize,
    same: bool,
    dies: bool,
) -> Chosen {
    if same {
        tally.unchanged += 1;
        return Chosen {
            batch: at + 1,
            row,
            changed: false,
            gone: false,
        };
    }
    tally.deleted += u64::from(dies);
    tally.updated += u64::from(!dies);
    tally.loaded += 1;
    Chosen {
        batch: 0,
        row: new,
        changed: true,
        gone: false,
    }
}

/// A published row that the source no longer has is kept and marked, unless its row was rejected.
fn missing_row(
    tally: &mut Tally,
    file: &super::ExistingFile,
    at: usize,
    row: usize,
    stays: bool,
) -> Chosen {
    let gone = !is_deleted(&file.rows, row) && !stays;
    tally.deleted += u64::from(gone);
    Chosen {
        batch: at + 1,
        row,
        changed: gone,
        gone,
    }
}

fn is_deleted(rows: &RecordBatch, row: usize) -> bool {
    let deleted = rows.column_by_name(DELETED_AT_SOURCE);
    deleted.is_some_and(|deleted| deleted.as_boolean().value(row))
}

fn ids(rows: &RecordBatch) -> StringArray {
    match rows.column_by_name(SOURCE_ROW_ID) {
        Some(column) => column.as_string::<i32>().clone(),
        None => StringArray::from(Vec::<Option<&str>>::new()),
    }
}

/// The rows to write, with their audit keys and deletion marks.
fn assemble(
    input: &FactInput<'_>,
    fresh: &RecordBatch,
    decisions: &Decisions,
) -> Result<RecordBatch, ArrowError> {
    let schema = arrow_schema(input.star);
    let places: Vec<(usize, usize)> = decisions
        .rows
        .iter()
        .map(|chosen| (chosen.batch, chosen.row))
        .collect();
    let retired = Retired::of(input);
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for (at, field) in schema.fields().iter().enumerate() {
        let files = input
            .existing
            .iter()
            .map(|file| file.rows.column(at).as_ref());
        let batches: Vec<&dyn Array> = std::iter::once(fresh.column(at).as_ref())
            .chain(files)
            .collect();
        let values = interleave(&batches, &places)?;
        let values = retired.replaced(field.name(), values);
        columns.push(match field.name().as_str() {
            DELETED_AT_SOURCE => marked(&values, decisions),
            AUDIT_KEY => audited(&values, decisions, input.audit_key),
            _ => values,
        });
    }
    RecordBatch::try_new(schema, columns)
}

fn marked(values: &ArrayRef, decisions: &Decisions) -> ArrayRef {
    let pairs = values.as_boolean().iter().zip(&decisions.rows);
    let marked: BooleanArray = pairs
        .map(|(value, chosen)| Some(chosen.gone || value.unwrap_or(false)))
        .collect();
    Arc::new(marked)
}

fn audited(values: &ArrayRef, decisions: &Decisions, audit_key: i64) -> ArrayRef {
    let values = values.as_primitive::<arrow::datatypes::Int64Type>();
    let pairs = values.iter().zip(&decisions.rows);
    let keys = pairs.map(|(old, chosen)| match chosen.changed {
        true => audit_key,
        false => old.unwrap_or(audit_key),
    });
    Arc::new(Int64Array::from_iter_values(keys))
}

/// The rows in the order of the first calendar role, then of their ids.
fn sorted(input: &FactInput<'_>, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = sort_columns(input);
    let keys = columns.iter().filter_map(|name| rows.column_by_name(name));
    let keys: Vec<SortColumn> = keys
        .map(|values| SortColumn {
            values: Arc::clone(values),
            options: None,
        })
        .collect();
    take_record_batch(rows, &lexsort_to_indices(&keys, None)?)
}

/// The columns by which a fact's files are sorted.
pub(crate) fn sort_columns(input: &FactInput<'_>) -> Vec<String> {
    let is_calendar =
        |name: &String| matches!(input.members.get(name), Some(MemberIndex::Calendar { .. }));
    let first = input
        .star
        .roles
        .iter()
        .find(|role| is_calendar(&role.dimension));
    first
        .map(|role| role.key_column())
        .into_iter()
        .chain([SOURCE_ROW_ID.to_owned()])
        .collect()
}

/// The roles of whose dimensions this load retired keys. Rows that the source gives are looked up anew; those that only
/// stand as they were take the keys in the place of the retired ones.
struct Retired<'a>(Vec<(String, &'a MemberIndex)>);

impl<'a> Retired<'a> {
    fn of(input: &FactInput<'a>) -> Self {
        let roles = input.star.roles.iter().filter_map(|role| {
            let members = input.members.get(&role.dimension)?;
            members.has_moved().then(|| (role.key_column(), members))
        });
        let groups = input.heirs.iter();
        let groups = groups.filter(|(_, heirs)| heirs.has_moved());
        let groups = groups.map(|(column, heirs)| (column.clone(), heirs));
        Self(roles.chain(groups).collect())
    }

    /// True if a row has a key that was retired.
    fn moves(&self, rows: &RecordBatch, row: usize) -> bool {
        self.0.iter().any(|(name, members)| {
            let keys = rows.column_by_name(name);
            let keys = keys.map(|keys| keys.as_primitive::<Int32Type>());
            keys.is_some_and(|keys| members.moved(keys.value(row)).is_some())
        })
    }

    /// A column with the keys in the place of those that were retired.
    fn replaced(&self, name: &str, values: ArrayRef) -> ArrayRef {
        let Some((_, members)) = self.0.iter().find(|(column, _)| column == name) else {
            return values;
        };
        let keys = values.as_primitive::<Int32Type>();
        Arc::new(keys.unary::<_, Int32Type>(|key| members.moved(key).unwrap_or(key)))
    }
}
