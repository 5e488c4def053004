//! Conformed rows as fact rows: surrogate keys looked up, values in their declared types.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::{cast, filter, filter_record_batch};
use arrow::datatypes::{DataType as Arrow, Int32Type};
use planisphere_schemas::model::{Role, Star, key_of_date};

use crate::conform::DELETED;
use crate::declared::declared_column;
use crate::dimension::MemberIndex;
use crate::error::{Error, Result};
use crate::moments::{days, instants, times_of_day};
use crate::problems::Problems;
use crate::reject::row_id;

use super::FactInput;
use super::bridge::group_column;
use super::combined::{combination_of, combined};
use super::milestones::special_column;
use super::prepare::{PROBLEM, row_by_row};
use super::schema::arrow_schema;
use super::standing::{Round, row_hashes};

/// Some conformed rows as fact rows, before it is known what is published of them.
pub(crate) struct Chunk {
    /// The rows in the columns of the fact, those with problems too.
    pub(super) rows: RecordBatch,
    /// The ids of the rows; null where a column of the key is.
    pub(super) ids: StringArray,
    pub(super) problems: Problems,
    /// Hashes of the rows, if there is anything to compare them with.
    pub(super) hashes: Vec<u128>,
    /// The rows as they came.
    pub(super) conformed: RecordBatch,
    /// How many rows have their milestones out of order.
    pub(crate) out_of_order: usize,
    /// What looking up members took.
    pub(crate) looked_up: LookedUp,
}

/// How many members were looked up, and how long one thread after the other took for it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LookedUp {
    /// Rows times roles.
    pub(crate) members: u64,
    /// The time of all threads together.
    pub(crate) time: Duration,
}

impl LookedUp {
    /// Adds what others took.
    pub(crate) fn add(&mut self, other: Self) {
        self.members += other.members;
        self.time += other.time;
    }
}

/// Turns conformed rows into fact rows, as far as a round looks at them.
///
/// # Errors
/// [`Error::Engine`] if a column cannot be read.
pub(crate) fn chunk(
    input: &FactInput<'_>,
    conformed: RecordBatch,
    round: Round,
    seed: Option<u64>,
) -> Result<Chunk> {
    let star = input.star;
    let doing = || format!("reading the entity of star '{}'", star.name);
    let ids = ids_of(star, &conformed).map_err(Error::arrow(doing()))?;
    let (conformed, ids) = match round.mine(&ids) {
        None => (conformed, ids),
        Some(mine) => {
            let rows = filter_record_batch(&conformed, &mine).map_err(Error::arrow(doing()))?;
            let ids = filter(&ids, &mine).map_err(Error::arrow(doing()))?;
            (rows, ids.as_string::<i32>().clone())
        }
    };
    let (conformed, out_of_order) = row_by_row(input.prepare, conformed)?;
    let rows = &conformed;
    let column = |name: &str| column_of(rows, name).map_err(Error::arrow(doing()));
    let mut problems = Problems::default();
    let mut looked_up = LookedUp::default();
    let mut columns = role_keys(input, rows, &mut problems, &mut looked_up)?;
    for bridge in &star.bridges {
        columns.push(column(&group_column(bridge))?);
    }
    let degenerate = star
        .degenerate
        .iter()
        .map(|c| (&c.name, &c.column, c.data_type));
    let measures = star
        .measures
        .iter()
        .map(|m| (&m.name, &m.column, m.data_type));
    for (name, from, data_type) in degenerate.chain(measures) {
        let (values, misfits) = declared_column(&column(from)?, data_type, input.zone)
            .map_err(Error::arrow(doing()))?;
        problems.misfits(name, data_type, misfits);
        columns.push(values);
    }
    problems_of(&mut problems, rows);
    for row in (0..ids.len()).filter(|row| ids.is_null(*row)) {
        problems.missing_key(row, "a column of the key is null");
    }
    let systems = std::iter::repeat_n(input.source_system, rows.num_rows());
    columns.push(Arc::new(StringArray::from_iter_values(systems)));
    columns.push(Arc::new(ids.clone()));
    columns.push(column(DELETED)?);
    columns.push(Arc::new(Int64Array::from(vec![
        input.audit_key;
        rows.num_rows()
    ])));
    let nullable = nullable(&arrow_schema(star));
    let all = RecordBatch::try_new(nullable, columns).map_err(Error::arrow(doing()))?;
    let hashes = match seed {
        Some(seed) => row_hashes(&all, seed).map_err(Error::arrow(doing()))?,
        None => Vec::new(),
    };
    Ok(Chunk {
        rows: all,
        ids,
        problems,
        hashes,
        conformed,
        out_of_order,
        looked_up,
    })
}

/// The surrogate keys of every role.
fn role_keys(
    input: &FactInput<'_>,
    rows: &RecordBatch,
    problems: &mut Problems,
    looked_up: &mut LookedUp,
) -> Result<Vec<ArrayRef>> {
    let star = input.star;
    let doing = || format!("reading the entity of star '{}'", star.name);
    let column = |name: &str| column_of(rows, name).map_err(Error::arrow(doing()));
    let mut columns = Vec::with_capacity(star.roles.len());
    for role in &star.roles {
        if let Some(dimension) = combination_of(input, role) {
            columns.push(combined(input, (role, dimension), &column, problems)?);
            continue;
        }
        let as_of = role.as_of.as_deref().map(column).transpose()?;
        let began = Instant::now();
        let keys = keys(input, role, &column(&role.column)?, as_of.as_ref())?;
        let members = input.members.get(&role.dimension);
        if matches!(members, Some(MemberIndex::Members(_))) {
            looked_up.add(LookedUp {
                members: keys.len() as u64,
                time: began.elapsed(),
            });
        }
        columns.push(with_special(keys, rows, &role.name));
    }
    Ok(columns)
}

fn column_of(rows: &RecordBatch, name: &str) -> Result<ArrayRef, arrow::error::ArrowError> {
    Ok(Arc::clone(rows.column(rows.schema().index_of(name)?)))
}

impl Chunk {
    /// The rows that became facts.
    ///
    /// # Errors
    /// If they cannot be told from the others.
    pub(crate) fn good(&self) -> Result<RecordBatch, arrow::error::ArrowError> {
        let good = (0..self.rows.num_rows()).map(|row| Some(!self.problems.has(row)));
        filter_record_batch(&self.rows, &good.collect::<arrow::array::BooleanArray>())
    }
}

/// The ids of the rows of a star.
fn ids_of(star: &Star, rows: &RecordBatch) -> Result<StringArray, arrow::error::ArrowError> {
    let keys = star.key.iter();
    let keys = keys.map(|name| column_of(rows, name));
    row_ids(keys.collect::<Result<_, arrow::error::ArrowError>>()?)
}

/// The keys of a role, but for rows of which it is known why they have none.
fn with_special(keys: ArrayRef, rows: &RecordBatch, role: &str) -> ArrayRef {
    let Some(special) = rows.column_by_name(&special_column(role)) else {
        return keys;
    };
    let pairs = keys.as_primitive::<Int32Type>().iter();
    let pairs = pairs.zip(special.as_primitive::<Int32Type>().iter());
    Arc::new(Int32Array::from_iter(
        pairs.map(|(key, special)| special.or(key)),
    ))
}

fn nullable(schema: &arrow::datatypes::Schema) -> arrow::datatypes::SchemaRef {
    let fields = schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()))
}

/// The problems that were found before keys are looked up.
fn problems_of(problems: &mut Problems, rows: &RecordBatch) {
    let Some(found) = rows.column_by_name(PROBLEM) else {
        return;
    };
    let found = found.as_string::<i32>().iter().enumerate();
    for (row, reason) in found.filter_map(|(row, reason)| Some((row, reason?))) {
        problems.named(row, reason);
    }
}

/// The key columns as one text, parts joined by `|`; null if any part is.
pub(super) fn row_ids(keys: Vec<ArrayRef>) -> Result<StringArray, arrow::error::ArrowError> {
    let texts: Vec<ArrayRef> = keys
        .iter()
        .map(|key| cast(key, &Arrow::Utf8))
        .collect::<Result<_, _>>()?;
    let texts: Vec<&StringArray> = texts.iter().map(|text| text.as_string::<i32>()).collect();
    // a key of one column is its own text
    if let [text] = texts.as_slice() {
        return Ok((*text).clone());
    }
    let rows = texts.first().map_or(0, |text| text.len());
    let ids = (0..rows).map(|row| {
        let parts: Option<Vec<&str>> = texts
            .iter()
            .map(|text| text.is_valid(row).then(|| text.value(row)))
            .collect();
        parts.map(|parts| row_id(parts.into_iter()))
    });
    Ok(ids.collect())
}

/// The surrogate keys of a role.
fn keys(
    input: &FactInput<'_>,
    role: &Role,
    values: &ArrayRef,
    as_of: Option<&ArrayRef>,
) -> Result<ArrayRef> {
    let doing = || format!("looking up '{}' of star '{}'", role.name, input.star.name);
    let missing = MemberIndex::empty();
    let index = input.members.get(&role.dimension).unwrap_or(&missing);
    if let MemberIndex::Calendar { .. } = index {
        let days = days(values, input.zone).map_err(Error::arrow(doing()))?;
        let keys = days.into_iter().map(|day| match day {
            None => index.day(None),
            Some(day) => index.day(Some(key_of_date(day).unwrap_or(0))),
        });
        return Ok(Arc::new(Int32Array::from_iter_values(keys)));
    }
    if let MemberIndex::TimeOfDay(_) = index {
        let times = times_of_day(values, input.zone).map_err(Error::arrow(doing()))?;
        let keys = times.into_iter().map(|time| index.time(time));
        return Ok(Arc::new(Int32Array::from_iter_values(keys)));
    }
    let ids = cast(values, &Arrow::Utf8).map_err(Error::arrow(doing()))?;
    let ids = ids.as_string::<i32>();
    let instants = match as_of {
        Some(column) => instants(column, input.zone).map_err(Error::arrow(doing()))?,
        None => vec![None; values.len()],
    };
    if let Some(mini) = input.minis.get(&role.dimension) {
        let pairs = ids.iter().zip(instants);
        let keys = pairs.map(|(id, at)| mini.member(id, at));
        return Ok(Arc::new(Int32Array::from_iter_values(keys)));
    }
    Ok(Arc::new(Int32Array::from(index.members(ids, &instants))))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_row_id_needs_all_its_parts() {
        let a: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), None]));
        let b: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let ids = row_ids(vec![a, b]).unwrap();
        assert_eq!(ids.iter().collect::<Vec<_>>(), [Some("x|1"), None]);
    }
}
