//! Writes the closure of a dimension with parents as `bridge_<dimension>_closure`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int32Array, Int64Array, RecordBatch,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType as Arrow, Field, Int32Type, Int64Type, Schema, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use planisphere_schemas::model::{DataType, Dimension, PARENT_ID, SpecialMember};
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::dimension::{Aliases, OPEN_FROM, OPEN_TO, Pair, Said, Tally, closure};
use crate::error::{Error, Result};

use super::build::{Built, NextTable};
use super::execute::Execution;
use super::published::read_table;

/// The columns of a dimension of which its closure is made.
pub(super) fn columns(dimension: &Dimension) -> [String; 5] {
    [
        dimension.durable_key_column(),
        dimension.id_column(),
        PARENT_ID.to_owned(),
        "valid_from".to_owned(),
        "valid_to".to_owned(),
    ]
}

impl Execution<'_> {
    /// Builds the closure from all versions of the members, in the columns of [`columns`] behind their keys.
    pub(super) async fn closure(
        &self,
        dimension: &Dimension,
        (versions, aliases): (&[RecordBatch], &Aliases),
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<()> {
        let name = dimension.closure_table();
        let found = closure(versions.iter().flat_map(said).collect(), aliases);
        for (members, what) in [
            (found.orphans, "name parents that nobody knows"),
            (found.circular, "are their own ancestors, in a circle"),
        ] {
            if members > 0 {
                let table = dimension.table();
                let notice = format!("{table}: {members} members {what}; they stand at the top");
                tracing::warn!("{notice}");
                built.notices.push(notice);
            }
        }
        let mut pairs = found.pairs;
        pairs.extend(SpecialMember::ALL.map(|special| own_pair(special.key())));
        pairs.sort_unstable();
        self.trees(dimension, &pairs, base, built).await?;
        let published = base.and_then(|base| base.table(&name));
        let known = match published {
            Some(table) => known(&read_table(self.warehouse, table).await?),
            None => HashMap::new(),
        };
        let new = |pair: &&Pair| !known.contains_key(*pair);
        let inserted = pairs.iter().filter(new).count();
        let tally = Tally {
            inserted: inserted as u64,
            retired: (known.len() + inserted - pairs.len()) as u64,
            ..Tally::default()
        };
        let rows = rows(&pairs, &known, built.audit_key)
            .map_err(Error::arrow(format!("building {name}")))?;
        let changed = published.is_none() || tally.has_changes();
        let sorted_by = vec!["ancestor_durable_key".to_owned()];
        let table = NextTable::whole(name, rows, sorted_by, tally, changed);
        built.tables.push(table);
        Ok(())
    }
}

/// A special member stands alone, so that facts that point at it are not lost on the way through the closure.
fn own_pair(key: i32) -> Pair {
    Pair {
        ancestor: key,
        descendant: key,
        depth: 0,
        is_top: true,
        is_leaf: true,
        from: OPEN_FROM,
        to: OPEN_TO,
    }
}

/// What versions say of parents; special members say nothing.
fn said(versions: &RecordBatch) -> Vec<Said> {
    let texts = |at: usize| versions.column(at).as_string::<i32>();
    let instants = |at: usize| {
        let column = versions.column(at);
        column.as_primitive::<TimestampMicrosecondType>()
    };
    let durable = versions.column(1).as_primitive::<Int32Type>();
    let parents = texts(3);
    let ordinary = (0..versions.num_rows()).filter(|row| durable.value(*row) > 0);
    let said = ordinary.map(|row| Said {
        member: durable.value(row),
        id: texts(2).value(row).to_owned(),
        parent: parents.is_valid(row).then(|| parents.value(row).to_owned()),
        from: instants(4).value(row),
        to: instants(5).value(row),
    });
    said.collect()
}

/// The published pairs with their audit keys.
fn known(rows: &RecordBatch) -> HashMap<Pair, i64> {
    let keys = |at: usize| rows.column(at).as_primitive::<Int32Type>();
    let flags = |at: usize| rows.column(at).as_boolean();
    let instants = |at: usize| rows.column(at).as_primitive::<TimestampMicrosecondType>();
    let audit = rows.column(7).as_primitive::<Int64Type>();
    let pair = |row: usize| Pair {
        ancestor: keys(0).value(row),
        descendant: keys(1).value(row),
        depth: keys(2).value(row),
        is_top: flags(3).value(row),
        is_leaf: flags(4).value(row),
        from: instants(5).value(row),
        to: instants(6).value(row),
    };
    let rows = 0..rows.num_rows();
    rows.map(|row| (pair(row), audit.value(row))).collect()
}

fn rows(
    pairs: &[Pair],
    known: &HashMap<Pair, i64>,
    audit_key: i64,
) -> Result<RecordBatch, ArrowError> {
    let keys = |get: fn(&Pair) -> i32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(pairs.iter().map(get)))
    };
    let flags = |get: fn(&Pair) -> bool| -> ArrayRef {
        let flags = pairs.iter().map(|pair| Some(get(pair)));
        Arc::new(flags.collect::<BooleanArray>())
    };
    let instants = |get: fn(&Pair) -> i64| -> ArrayRef {
        let array = TimestampMicrosecondArray::from_iter_values(pairs.iter().map(get));
        Arc::new(array.with_timezone("UTC"))
    };
    let audit = pairs.iter().map(|pair| known.get(pair).copied());
    let audit = audit.map(|known| known.unwrap_or(audit_key));
    let columns: Vec<ArrayRef> = vec![
        keys(|pair| pair.ancestor),
        keys(|pair| pair.descendant),
        keys(|pair| pair.depth),
        flags(|pair| pair.is_top),
        flags(|pair| pair.is_leaf),
        instants(|pair| pair.from),
        instants(|pair| pair.to),
        Arc::new(Int64Array::from_iter_values(audit)),
    ];
    let instant = DataType::Timestamp.arrow();
    let field = |name: &str, data_type: Arrow| Field::new(name, data_type, false);
    let schema = Schema::new(vec![
        field("ancestor_durable_key", Arrow::Int32),
        field("descendant_durable_key", Arrow::Int32),
        field("depth", Arrow::Int32),
        field("is_top", Arrow::Boolean),
        field("is_leaf", Arrow::Boolean),
        field("valid_from", instant.clone()),
        field("valid_to", instant),
        field("audit_key", Arrow::Int64),
    ]);
    RecordBatch::try_new(Arc::new(schema), columns)
}
