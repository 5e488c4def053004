//! Writes the hierarchies of a dimension with parents as `bridge_<dimension>_<hierarchy>`, from its closure.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray as _, Int32Array, Int64Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType as Arrow, Field, Int32Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use planisphere_schemas::model::{DataType, Dimension, Tree as Levels};
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::dimension::{Standing, Tree, standings};
use crate::error::Result;

use super::build::Built;
use super::closure::own_pairs;
use super::execute::Execution;
use super::merging::{Merging, Told};

impl Execution<'_> {
    /// Builds the tables of all trees of a dimension, with the special members.
    pub(super) async fn trees(
        &self,
        dimension: &Dimension,
        tree: &Tree,
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<()> {
        for levels in &dimension.trees {
            let (name, schema) = (dimension.tree_table(levels), schema(dimension, levels));
            let published = base.and_then(|base| base.table(&name));
            let published = published.filter(|table| has_columns(table.schema(), &schema));
            let depth = usize::from(levels.depth);
            let table = (name.clone(), schema);
            let mut rows = Merging::new(self, table, published, built.audit_key);
            let (mut some, mut deeper) = (standings(&own_pairs(), depth), 0);
            for way in tree.ways() {
                let told = standings(&way, depth);
                let is_deeper = told.iter().any(|it| it.level > i32::from(levels.depth));
                deeper += usize::from(is_deeper);
                some.extend(told);
                if some.len() > self.pairs_at_once() {
                    rows.push(std::mem::take(&mut some)).await?;
                }
            }
            rows.push(some).await?;
            if deeper > 0 {
                built.notices.push(format!(
                    "{name}: {deeper} members stand deeper than its {depth} levels and are told at the last one"
                ));
            }
            let table = rows.finish(dimension.durable_key_column()).await?;
            built.tables.push(table);
        }
        Ok(())
    }
}

fn schema(dimension: &Dimension, levels: &Levels) -> SchemaRef {
    let key = |name: String| Field::new(name, Arrow::Int32, false);
    let instant = |name: &str| Field::new(name, DataType::Timestamp.arrow(), false);
    let mut fields = vec![key(dimension.durable_key_column()), key("level".into())];
    fields.extend((1..=levels.depth).map(|level| key(levels.level_column(level))));
    fields.extend([instant("valid_from"), instant("valid_to")]);
    fields.push(Field::new("audit_key", Arrow::Int64, false));
    Arc::new(Schema::new(fields))
}

fn has_columns(published: &Schema, schema: &Schema) -> bool {
    let names = |schema: &Schema| -> Vec<String> {
        let fields = schema.fields().iter();
        fields.map(|field| field.name().clone()).collect()
    };
    names(published) == names(schema)
}

/// How many levels are told in so many columns.
fn depth(columns: usize) -> usize {
    columns.saturating_sub(5)
}

impl Told for Standing {
    fn read(rows: &RecordBatch) -> Vec<(Self, i64)> {
        let depth = depth(rows.num_columns());
        let keys = |at: usize| rows.column(at).as_primitive::<Int32Type>();
        let instants = |at: usize| rows.column(at).as_primitive::<TimestampMicrosecondType>();
        let audit = rows.column(depth + 4).as_primitive::<Int64Type>();
        let standing = |row: usize| Self {
            member: keys(0).value(row),
            level: keys(1).value(row),
            path: (0..depth).map(|at| keys(at + 2).value(row)).collect(),
            from: instants(depth + 2).value(row),
            to: instants(depth + 3).value(row),
        };
        let rows = 0..rows.num_rows();
        rows.map(|row| (standing(row), audit.value(row))).collect()
    }

    fn write(standings: &[(Self, i64)], schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
        let keys = |get: &dyn Fn(&Self) -> i32| -> ArrayRef {
            let keys = standings.iter().map(|(it, _)| get(it));
            Arc::new(Int32Array::from_iter_values(keys))
        };
        let instants = |get: fn(&Self) -> i64| -> ArrayRef {
            let instants = standings.iter().map(|(it, _)| get(it));
            let array = TimestampMicrosecondArray::from_iter_values(instants);
            Arc::new(array.with_timezone("UTC"))
        };
        let audit = standings.iter().map(|(_, key)| *key);
        let mut columns = vec![keys(&|it| it.member), keys(&|it| it.level)];
        let depth = depth(schema.fields().len());
        columns.extend((0..depth).map(|at| keys(&move |it: &Self| it.path[at])));
        columns.push(instants(|it| it.from));
        columns.push(instants(|it| it.to));
        columns.push(Arc::new(Int64Array::from_iter_values(audit)));
        RecordBatch::try_new(Arc::clone(schema), columns)
    }
}
