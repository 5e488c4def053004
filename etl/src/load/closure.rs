//! Writes the closure of a dimension with parents as `bridge_<dimension>_closure`.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int32Array, Int64Array, RecordBatch,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType as Arrow, Field, Int32Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use planisphere_schemas::model::{DataType, Dimension, PARENT_ID, SpecialMember};
use planisphere_schemas::warehouse::PinnedWarehouse;

use crate::dimension::{Aliases, OPEN_FROM, OPEN_TO, Pair, Sayings, Tree};
use crate::error::{Error, Result};
use crate::spool::Spooled;

use super::build::Built;
use super::execute::Execution;
use super::merging::{Merging, Told};

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

/// What a tree takes of a version of its members.
const BYTES_OF_VERSION: usize = 130;
/// The bytes of a pair on its way.
const BYTES_OF_PAIR: usize = 64;

impl Execution<'_> {
    /// Builds the closure from all versions of the members, in the columns of [`columns`] behind their keys.
    pub(super) async fn closure(
        &self,
        dimension: &Dimension,
        (versions, aliases): (&Spooled, &Aliases),
        base: Option<&PinnedWarehouse>,
        built: &mut Built,
    ) -> Result<()> {
        let name = dimension.closure_table();
        let charged = versions.num_rows() * BYTES_OF_VERSION;
        let _charged = self.memory.charge(charged);
        let mut sayings = Sayings::new(aliases, versions.num_rows());
        for versions in versions.batches() {
            let doing = || Error::arrow(format!("reading dimension '{}'", dimension.name));
            say(&mut sayings, &versions.map_err(doing())?);
        }
        let tree = sayings.tree();
        built.notices.extend(not_followed(dimension, &tree));
        let room = self.pairs_at_once();
        self.trees(dimension, &tree, base, built).await?;
        let published = base.and_then(|base| base.table(&name));
        let mut pairs = Merging::new(self, (name, schema()), published, built.audit_key);
        pairs.push(own_pairs()).await?;
        for some in tree.pairs(room) {
            pairs.push(some).await?;
        }
        let table = pairs.finish("ancestor_durable_key".to_owned()).await?;
        built.tables.push(table);
        Ok(())
    }

    /// How many pairs lie in memory at a time.
    pub(super) fn pairs_at_once(&self) -> usize {
        self.options.settings.etl.memory_bytes / 64 / BYTES_OF_PAIR
    }
}

/// What the operator should know of members whose parents are not followed.
fn not_followed(dimension: &Dimension, tree: &Tree) -> Vec<String> {
    let table = dimension.table();
    let mut notices = Vec::new();
    for (members, what) in [
        (tree.orphans, "name parents that nobody knows"),
        (tree.circular, "are their own ancestors, in a circle"),
    ] {
        if members > 0 {
            let notice = format!("{table}: {members} members {what}; they stand at the top");
            tracing::warn!("{notice}");
            notices.push(notice);
        }
    }
    notices
}

/// The pairs of the special members, in order.
pub(super) fn own_pairs() -> Vec<Pair> {
    let mut pairs = SpecialMember::ALL.map(|special| own_pair(special.key()));
    pairs.sort_unstable();
    pairs.into()
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

/// Tells what versions say of parents; special members say nothing.
fn say(sayings: &mut Sayings<'_>, versions: &RecordBatch) {
    let texts = |at: usize| versions.column(at).as_string::<i32>();
    let instants = |at: usize| {
        let column = versions.column(at);
        column.as_primitive::<TimestampMicrosecondType>()
    };
    let durable = versions.column(1).as_primitive::<Int32Type>();
    let parents = texts(3);
    for row in (0..versions.num_rows()).filter(|row| durable.value(*row) > 0) {
        let who = (durable.value(row), texts(2).value(row));
        let parent = parents.is_valid(row).then(|| parents.value(row));
        let time = (instants(4).value(row), instants(5).value(row));
        sayings.say(who, parent, time);
    }
}

fn schema() -> SchemaRef {
    let instant = DataType::Timestamp.arrow();
    let field = |name: &str, data_type: Arrow| Field::new(name, data_type, false);
    Arc::new(Schema::new(vec![
        field("ancestor_durable_key", Arrow::Int32),
        field("descendant_durable_key", Arrow::Int32),
        field("depth", Arrow::Int32),
        field("is_top", Arrow::Boolean),
        field("is_leaf", Arrow::Boolean),
        field("valid_from", instant.clone()),
        field("valid_to", instant),
        field("audit_key", Arrow::Int64),
    ]))
}

impl Told for Pair {
    fn read(rows: &RecordBatch) -> Vec<(Self, i64)> {
        let keys = |at: usize| rows.column(at).as_primitive::<Int32Type>();
        let flags = |at: usize| rows.column(at).as_boolean();
        let instants = |at: usize| rows.column(at).as_primitive::<TimestampMicrosecondType>();
        let audit = rows.column(7).as_primitive::<Int64Type>();
        let pair = |row: usize| Self {
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

    fn write(pairs: &[(Self, i64)], schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
        let keys = |get: fn(&Self) -> i32| -> ArrayRef {
            let keys = pairs.iter().map(|(pair, _)| get(pair));
            Arc::new(Int32Array::from_iter_values(keys))
        };
        let flags = |get: fn(&Self) -> bool| -> ArrayRef {
            let flags = pairs.iter().map(|(pair, _)| Some(get(pair)));
            Arc::new(flags.collect::<BooleanArray>())
        };
        let instants = |get: fn(&Self) -> i64| -> ArrayRef {
            let instants = pairs.iter().map(|(pair, _)| get(pair));
            let array = TimestampMicrosecondArray::from_iter_values(instants);
            Arc::new(array.with_timezone("UTC"))
        };
        let audit = pairs.iter().map(|(_, key)| *key);
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
        RecordBatch::try_new(Arc::clone(schema), columns)
    }
}
