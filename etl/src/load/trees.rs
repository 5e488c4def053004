//! Writes the hierarchies of a dimension with parents as `bridge_<dimension>_<hierarchy>`, from its closure.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray as _, Int32Array, Int64Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType as Arrow, Field, Int32Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use planisphere_schemas::model::{DataType, Dimension, Tree};
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::dimension::{Pair, Standing, Tally, standings};
use crate::error::{Error, Result};

use super::build::{Built, NextTable};
use super::execute::Execution;
use super::published::read_table;

impl Execution<'_> {
    /// Builds the tables of all trees of a dimension from its closure, special members among it.
    pub(super) async fn trees(
        &self,
        dimension: &Dimension,
        pairs: &[Pair],
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<()> {
        for tree in &dimension.trees {
            let name = dimension.tree_table(tree);
            let doing = || Error::arrow(format!("building {name}"));
            let standings = standings(pairs, usize::from(tree.depth));
            built.notices.extend(deeper(&name, tree, &standings));
            let schema = schema(dimension, tree);
            let published = match base.and_then(|base| base.table(&name)) {
                Some(table) => Some(read_table(self.warehouse, table).await?),
                None => None,
            };
            let same_columns = published.as_ref().filter(|rows| has_columns(rows, &schema));
            let known = same_columns.map(|rows| known(rows, tree));
            let known = known.unwrap_or_default();
            let new = standings.iter().filter(|it| !known.contains_key(*it));
            let inserted = new.count();
            let tally = Tally {
                inserted: inserted as u64,
                retired: (known.len() + inserted - standings.len()) as u64,
                ..Tally::default()
            };
            let rows = rows(&standings, &known, schema, built.audit_key).map_err(doing())?;
            let changed = same_columns.is_none() || tally.has_changes();
            let sorted_by = vec![dimension.durable_key_column()];
            let table = NextTable::whole(name, rows, sorted_by, tally, changed);
            built.tables.push(table);
        }
        Ok(())
    }
}

/// Tells that members stand deeper than the last level.
fn deeper(table: &str, tree: &Tree, standings: &[Standing]) -> Option<String> {
    let deeper = standings.iter();
    let deeper = deeper.filter(|it| it.level > i32::from(tree.depth));
    let mut members: Vec<i32> = deeper.map(|it| it.member).collect();
    members.dedup();
    (!members.is_empty()).then(|| {
        format!(
            "{table}: {} members stand deeper than its {} levels and are told at the last one",
            members.len(),
            tree.depth
        )
    })
}

fn schema(dimension: &Dimension, tree: &Tree) -> SchemaRef {
    let key = |name: String| Field::new(name, Arrow::Int32, false);
    let instant = |name: &str| Field::new(name, DataType::Timestamp.arrow(), false);
    let mut fields = vec![key(dimension.durable_key_column()), key("level".into())];
    fields.extend((1..=tree.depth).map(|level| key(tree.level_column(level))));
    fields.extend([instant("valid_from"), instant("valid_to")]);
    fields.push(Field::new("audit_key", Arrow::Int64, false));
    Arc::new(Schema::new(fields))
}

fn has_columns(rows: &RecordBatch, schema: &SchemaRef) -> bool {
    let names = |schema: &Schema| -> Vec<String> {
        let fields = schema.fields().iter();
        fields.map(|field| field.name().clone()).collect()
    };
    names(&rows.schema()) == names(schema)
}

/// The published rows with their audit keys.
fn known(rows: &RecordBatch, tree: &Tree) -> HashMap<Standing, i64> {
    let depth = usize::from(tree.depth);
    let keys = |at: usize| rows.column(at).as_primitive::<Int32Type>();
    let instants = |at: usize| rows.column(at).as_primitive::<TimestampMicrosecondType>();
    let audit = rows.column(depth + 4).as_primitive::<Int64Type>();
    let standing = |row: usize| Standing {
        member: keys(0).value(row),
        level: keys(1).value(row),
        path: (0..depth).map(|at| keys(at + 2).value(row)).collect(),
        from: instants(depth + 2).value(row),
        to: instants(depth + 3).value(row),
    };
    let rows = 0..rows.num_rows();
    rows.map(|row| (standing(row), audit.value(row))).collect()
}

fn rows(
    standings: &[Standing],
    known: &HashMap<Standing, i64>,
    schema: SchemaRef,
    audit_key: i64,
) -> Result<RecordBatch, ArrowError> {
    let keys = |get: &dyn Fn(&Standing) -> i32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(standings.iter().map(get)))
    };
    let instants = |get: fn(&Standing) -> i64| -> ArrayRef {
        let array = TimestampMicrosecondArray::from_iter_values(standings.iter().map(get));
        Arc::new(array.with_timezone("UTC"))
    };
    let audit = standings.iter().map(|it| known.get(it).copied());
    let audit = audit.map(|known| known.unwrap_or(audit_key));
    let mut columns = vec![keys(&|it| it.member), keys(&|it| it.level)];
    let depth = schema.fields().len() - 5;
    columns.extend((0..depth).map(|at| keys(&move |it: &Standing| it.path[at])));
    columns.push(instants(|it| it.from));
    columns.push(instants(|it| it.to));
    columns.push(Arc::new(Int64Array::from_iter_values(audit)));
    RecordBatch::try_new(schema, columns)
}
