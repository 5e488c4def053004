//! Which files a query's filters can touch, decided from the log alone.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StructArray};
use arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;

use super::bounds::Bounds;

/// Says for each file whether a row of it can pass all filters. A filter that cannot be used keeps every file.
pub(crate) fn files_to_read(
    session: &dyn Session,
    schema: &SchemaRef,
    bounds: &Bounds,
    filters: &[Expr],
) -> Result<Vec<bool>> {
    let everything = vec![true; bounds.rows.len()];
    let Some(filter) = conjunction(filters.iter().cloned()) else {
        return Ok(everything);
    };
    let names = DFSchema::try_from(schema.as_ref().clone())?;
    let predicate = session
        .create_physical_expr(filter, &names)
        .and_then(|filter| {
            PruningPredicateBuilder::new()
                .with_file_schema(Arc::clone(schema))
                .try_build(filter)
        });
    match predicate {
        Ok(predicate) => predicate.prune(bounds),
        Err(error) => {
            tracing::debug!(%error, "filters cannot be used to prune files");
            Ok(everything)
        }
    }
}

impl PruningStatistics for Bounds {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        values(&self.min, column)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        values(&self.max, column)
    }

    fn num_containers(&self) -> usize {
        self.rows.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        values(&self.nulls, column)
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.rows.clone()))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

fn values(of: &StructArray, column: &Column) -> Option<ArrayRef> {
    of.column_by_name(&column.name).cloned()
}
