//! `bridge_<name>`: one row a group and member.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Decimal128Array, Int32Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType as Arrow, Field, Int32Type, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use planisphere_schemas::model::{Bridge, SpecialMember};

use crate::fact::shares::ShareRoom;
use crate::register::Register;
use crate::spool::{Memory, Spool, Spooled};

use super::groups::Groups;
use super::keys::KeySet;
use super::shares::{ONE, PLACES};

/// Digits of a weight.
const DIGITS: u8 = 11;

/// Rows that are written at once.
const SOME: usize = 8192;

/// The groups that are published, with the loads that wrote them.
pub(super) struct Published {
    pub(super) keys: KeySet,
    audits: Register,
    /// True if there is any row.
    pub(super) any: bool,
}

impl Published {
    /// No group is.
    pub(super) fn none(room: &ShareRoom) -> Self {
        Self {
            keys: KeySet::default(),
            audits: Register::new(&room.memory, room.least),
            any: false,
        }
    }

    /// Adds rows of the published table.
    pub(super) fn read(&mut self, published: &RecordBatch) -> Result<(), ArrowError> {
        let keys = published.column(0).as_primitive::<Int32Type>().values();
        let audits = published.column(3).as_primitive::<Int64Type>().values();
        self.any |= !keys.is_empty();
        self.keys.add(keys);
        for (key, audit) in keys.iter().zip(audits) {
            self.audits.put(known_as(*key), audit.cast_unsigned())?;
        }
        Ok(())
    }

    fn audit(&self, key: i32) -> Result<Option<i64>, ArrowError> {
        Ok(self.audits.get(known_as(key))?.map(u64::cast_signed))
    }
}

/// A key of a group, which may be that of a special member, as a key of a register.
fn known_as(key: i32) -> u128 {
    u128::from(key.cast_unsigned())
}

/// The rows of the groups that facts have, and of the special groups, each with the special member alone, so that no fact is
/// lost on the way through the bridge.
pub(super) fn rows(
    bridge: &Bridge,
    groups: &Groups,
    (used, published): (&KeySet, &Published),
    (audit_key, memory): (i64, &Memory),
) -> Result<Spooled, ArrowError> {
    let mut special = SpecialMember::ALL.map(|it| (it.key(), it.key(), ONE));
    special.sort_unstable();
    let schema = schema(bridge);
    let mut table = Spool::new(Arc::clone(&schema), memory);
    let mut rows: Vec<(i32, i32, i64)> = special.to_vec();
    for group in used.iter() {
        let members = groups.get(group)?;
        let members = members.iter().flat_map(|it| it.members());
        rows.extend(members.map(|(member, weight)| (group, *member, *weight)));
        if rows.len() >= SOME {
            table.push(batch(&schema, &rows, published, audit_key)?)?;
            rows.clear();
        }
    }
    table.push(batch(&schema, &rows, published, audit_key)?)?;
    table.finish()
}

fn batch(
    schema: &SchemaRef,
    rows: &[(i32, i32, i64)],
    published: &Published,
    audit_key: i64,
) -> Result<RecordBatch, ArrowError> {
    let mut audits = Vec::with_capacity(rows.len());
    for (group, ..) in rows {
        audits.push(published.audit(*group)?.unwrap_or(audit_key));
    }
    let weights = rows.iter().map(|(_, _, weight)| i128::from(*weight));
    let weights = Decimal128Array::from_iter_values(weights);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.0))),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.1))),
        Arc::new(weights.with_precision_and_scale(DIGITS, PLACES)?),
        Arc::new(Int64Array::from(audits)),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns)
}

fn schema(bridge: &Bridge) -> SchemaRef {
    let field = |name: String, data_type: Arrow| Field::new(name, data_type, false);
    Arc::new(Schema::new(vec![
        field(bridge.group_column(), Arrow::Int32),
        field(bridge.key_column(), Arrow::Int32),
        field("weight".into(), Arrow::Decimal128(DIGITS, PLACES)),
        field("audit_key".into(), Arrow::Int64),
    ]))
}
