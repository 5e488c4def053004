//! An entity whose SELECT fails, row by row: which rows cannot be evaluated, in which column, and why.
//!
//! A value that overflows, or a text that is no number, fails the whole SELECT. Here each expression is evaluated
//! by itself over the joined rows, and where it fails over halves of them, until the rows stand alone that it fails
//! on. They get a null in that column and are rejected for it; all other rows have the values that the SELECT would
//! have given. Only asked when a SELECT has failed.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt as _;
use planisphere_schemas::checked::checked_expression;
use planisphere_schemas::model::{Entity, Source};

use super::select::{Output, from_clause, outputs};

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

/// The joined rows of an entity on their way through its expressions.
pub(super) struct RowWise {
    /// The partitions that are still to come, the next one last.
    joined: Vec<SendableRecordBatchStream>,
    expressions: Vec<(Output, Arc<dyn PhysicalExpr>)>,
    schema: SchemaRef,
}

impl RowWise {
    /// Joins the rows.
    ///
    /// # Errors
    /// If the joins themselves fail, or an expression has no meaning outside its SELECT.
    pub(super) async fn new(
        session: &SessionContext,
        source: &Source,
        entity: &Entity,
    ) -> Result<Self> {
        let joined = format!("SELECT * {}", from_clause(source, entity));
        let frame = session.sql(&joined).await?;
        let columns = frame.schema().clone();
        let (mut expressions, mut fields) = (Vec::new(), Vec::new());
        for output in outputs(source, entity) {
            let expression = expression(session, &columns, &output.sql)?;
            let data_type = expression.data_type(columns.as_arrow())?;
            fields.push(Field::new(&output.name, data_type, true));
            expressions.push((output, expression));
        }
        let mut joined = frame.execute_stream_partitioned().await?;
        joined.reverse();
        Ok(Self {
            joined,
            expressions,
            schema: Arc::new(Schema::new(fields)),
        })
    }

    /// The columns of the outcomes.
    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The outcomes of some rows as the SELECT of the entity gives them, and those of the rows that cannot be evaluated.
    ///
    /// # Errors
    /// If the joins fail, or an expression for a reason that no row gives.
    pub(super) async fn next(&mut self) -> Result<Option<(RecordBatch, Misfits)>> {
        let rows = loop {
            let Some(partition) = self.joined.last_mut() else {
                return Ok(None);
            };
            match partition.try_next().await? {
                Some(rows) => break rows,
                None => self.joined.pop(),
            };
        };
        let mut misfits = Misfits::new();
        let columns = self.expressions.iter();
        let columns = columns
            .map(|(output, expression)| evaluate(&**expression, &rows, &output.name, &mut misfits));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        Ok(Some((rows, misfits)))
    }
}

/// One expression over some rows.
fn evaluate(
    expression: &dyn PhysicalExpr,
    rows: &RecordBatch,
    name: &str,
    misfits: &mut Misfits,
) -> Result<ArrayRef> {
    let mut pieces = vec![new_null_array(&expression.data_type(&rows.schema())?, 0)];
    halve(
        expression,
        rows,
        (0, rows.num_rows()),
        &mut pieces,
        &mut |row, error| {
            let misfit = || Misfit {
                column: name.trim_start_matches('_').to_owned(),
                detail: error,
            };
            misfits.entry(row).or_insert_with(misfit);
        },
    )?;
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
    let checked = checked_expression(logical, schema)?;
    session.create_physical_expr(simplifier.simplify(checked)?, schema)
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
