//! Conformed rows as the rows of a star, before keys are looked up: what a star adds to the rows of its entity.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch};
use chrono_tz::Tz;
use planisphere_schemas::model::{SpecialMember, Star};

use crate::dimension::Existing;
use crate::error::{Error, Result};

use super::milestones::with_milestones;

/// The rows of a star, with what the operator should know of them.
pub(crate) struct Prepared<'a> {
    /// The entity's columns and those that the star adds.
    pub(crate) rows: Cow<'a, RecordBatch>,
    /// What the operator should know.
    pub(crate) notices: Vec<String>,
}

/// Adds to the conformed rows of a star what is worked out of them.
pub(crate) fn prepare<'a>(star: &Star, rows: &'a RecordBatch, zone: Tz) -> Result<Prepared<'a>> {
    let doing = || format!("preparing the rows of star '{}'", star.name);
    let mut prepared = Prepared {
        rows: Cow::Borrowed(rows),
        notices: Vec::new(),
    };
    if let Some(milestones) = &star.milestones {
        let (rows, wrong) =
            with_milestones(milestones, &prepared.rows, zone).map_err(Error::arrow(doing()))?;
        prepared.rows = Cow::Owned(rows);
        if wrong > 0 {
            prepared.notices.push(format!(
                "{}: {wrong} rows reached a milestone before one that comes earlier; the durations between them are empty",
                star.table()
            ));
        }
    }
    Ok(prepared)
}

/// The rows of a published file under the columns of today: of a role that is new, nothing is given in rows that the
/// source no longer has.
pub(crate) fn standing_rows(star: &Star, aligned: &Existing) -> Result<RecordBatch> {
    let roles: Vec<String> = star.roles.iter().map(|role| role.key_column()).collect();
    let schema = aligned.rows.schema();
    let fields = schema.fields().iter().zip(&aligned.is_new);
    let columns = fields.zip(aligned.rows.columns());
    let columns = columns.map(|((field, is_new), values)| -> ArrayRef {
        match *is_new && roles.contains(field.name()) {
            true => Arc::new(Int32Array::from(vec![
                SpecialMember::NotGiven.key();
                values.len()
            ])),
            false => Arc::clone(values),
        }
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).map_err(Error::arrow(format!(
        "reading the rows of '{}'",
        star.table()
    )))
}
