//! An entity whose SELECT fails, row by row: which rows cannot be evaluated, in which column, and why.
//!
//! A value that overflows, or a text that is no number, fails the whole SELECT. Here each expression is evaluated
//! by itself over the joined rows, and where it fails over halves of them, until the rows stand alone that it fails
//! on. They get a null in that column and are rejected for it; all other rows have the values that the SELECT would
//! have given. Only asked when a SELECT has failed.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::{concat, concat_batches};
use arrow::datatypes::{Field, Schema};
use datafusion::common::DFSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::SessionContext;
use planisphere_schemas::model::{Entity, Source};

use super::select::{Output, from_clause, outputs};

/// Rows that are evaluated at once.
const ROWS: usize = 8192;

/// A value that cannot be worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    /// The column of the entity, or its `deleted`, `modified`, `excluded` or `rejected`.
    pub(super) column: String,
    /// What the engine says.
    pub(super) detail: String,
}

/// Rows with the first value of theirs that cannot be worked out.
pub(super) type Misfits = BTreeMap<usize, Misfit>;

/// True for errors that the values of a row may have caused.
pub(super) fn may_be_a_row(error: &DataFusionError) -> bool {
    about_a_row(error).is_some()
}

/// The outcome of each row as the SELECT of the entity gives it, and the rows that cannot be evaluated.
///
/// # Errors
/// If the joins themselves fail, or an expression has no meaning outside its SELECT.
pub(super) async fn row_wise(
    session: &SessionContext,
    source: &Source,
    entity: &Entity,
) -> Result<(RecordBatch, Misfits)> {
    let joined = format!("SELECT * {}", from_clause(source, entity));
    let frame = session.sql(&joined).await?;
    let schema = frame.schema().clone();
    let arrow = Arc::new(schema.as_arrow().clone());
    let rows = concat_batches(&arrow, &frame.collect().await?)?;
    let mut misfits = Misfits::new();
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for output in outputs(source, entity) {
        let column = evaluate(session, &schema, &rows, &output, &mut misfits)?;
        fields.push(Field::new(&output.name, column.data_type().clone(), true));
        columns.push(column);
    }
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
    Ok((rows, misfits))
}

/// One expression over all rows.
fn evaluate(
    session: &SessionContext,
    schema: &DFSchema,
    rows: &RecordBatch,
    output: &Output,
    misfits: &mut Misfits,
) -> Result<ArrayRef> {
    let expression = expression(session, schema, &output.sql)?;
    let mut pieces = vec![new_null_array(&expression.data_type(schema.as_arrow())?, 0)];
    let mut start = 0;
    while start < rows.num_rows() {
        let length = ROWS.min(rows.num_rows() - start);
        halve(
            &*expression,
            rows,
            (start, length),
            &mut pieces,
            &mut |row, error| {
                let misfit = || Misfit {
                    column: output.name.trim_start_matches('_').to_owned(),
                    detail: error,
                };
                misfits.entry(row).or_insert_with(misfit);
            },
        )?;
        start += length;
    }
    let pieces: Vec<_> = pieces.iter().map(AsRef::as_ref).collect();
    Ok(concat(&pieces)?)
}

/// A scalar over the joined rows, ready to be evaluated.
fn expression(
    session: &SessionContext,
    schema: &DFSchema,
    sql: &str,
) -> Result<Arc<dyn PhysicalExpr>> {
    let context = SimplifyContext::builder()
        .with_schema(Arc::new(schema.clone()))
        .with_config_options(Arc::clone(session.state().config_options()))
        .with_current_time()
        .build();
    let simplifier = ExprSimplifier::new(context);
    // some functions, coalesce among them, exist only until they are simplified
    let logical = simplifier.coerce(session.parse_sql_expr(sql, schema)?, schema)?;
    session.create_physical_expr(simplifier.simplify(logical)?, schema)
}

/// What an error says that the values of a row may have caused.
fn about_a_row(error: &DataFusionError) -> Option<String> {
    match error.find_root() {
        DataFusionError::Execution(message) => Some(message.clone()),
        DataFusionError::ArrowError(error, _) => Some(error.to_string()),
        _ => None,
    }
}

/// Evaluates a range of rows, and where that fails each half of it.
fn halve(
    expression: &dyn PhysicalExpr,
    rows: &RecordBatch,
    (start, length): (usize, usize),
    pieces: &mut Vec<ArrayRef>,
    misfit: &mut impl FnMut(usize, String),
) -> Result<()> {
    let range = rows.slice(start, length);
    let values = expression.evaluate(&range);
    match values.and_then(|values| values.into_array(length)) {
        Ok(values) => pieces.push(values),
        Err(error) if length == 1 => {
            let detail = about_a_row(&error).ok_or(error)?;
            misfit(start, detail);
            pieces.push(new_null_array(&expression.data_type(&rows.schema())?, 1));
        }
        Err(_) => {
            let half = length / 2;
            halve(expression, rows, (start, half), pieces, misfit)?;
            halve(
                expression,
                rows,
                (start + half, length - half),
                pieces,
                misfit,
            )?;
        }
    }
    Ok(())
}
