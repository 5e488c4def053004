//! `bridge_<name>`: one row a group and member.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Decimal128Array, Int32Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType as Arrow, Field, Int32Type, Int64Type, Schema};
use arrow::error::ArrowError;
use planisphere_schemas::model::{Bridge, SpecialMember};

use super::groups::Groups;
use super::shares::{ONE, PLACES};

/// Digits of a weight.
const DIGITS: u8 = 11;

/// The audit keys of the groups of a published table.
pub(super) fn audits(published: &RecordBatch) -> HashMap<i32, i64> {
    let keys = published.column(0).as_primitive::<Int32Type>();
    let audits = published.column(3).as_primitive::<Int64Type>();
    let pairs = keys.values().iter().zip(audits.values());
    pairs.map(|(key, audit)| (*key, *audit)).collect()
}

/// The rows of the groups that facts have, and of the special groups, each with the special member alone, so that no fact is
/// lost on the way through the bridge.
pub(super) fn rows(
    bridge: &Bridge,
    groups: &Groups,
    (used, published): (&HashSet<i32>, &HashMap<i32, i64>),
    audit_key: i64,
) -> Result<RecordBatch, ArrowError> {
    let special = SpecialMember::ALL.map(|special| (special.key(), special.key(), ONE));
    let mut rows: Vec<(i32, i32, i64)> = special.to_vec();
    for group in used {
        let members = groups
            .get(*group)
            .map(|it| it.members())
            .unwrap_or_default();
        rows.extend(
            members
                .iter()
                .map(|(member, weight)| (*group, *member, *weight)),
        );
    }
    rows.sort_unstable();
    let audit = |group: i32| published.get(&group).copied().unwrap_or(audit_key);
    let weights = rows.iter().map(|(_, _, weight)| i128::from(*weight));
    let weights = Decimal128Array::from_iter_values(weights);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.0))),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.1))),
        Arc::new(weights.with_precision_and_scale(DIGITS, PLACES)?),
        Arc::new(Int64Array::from_iter_values(
            rows.iter().map(|row| audit(row.0)),
        )),
    ];
    let field = |name: String, data_type: Arrow| Field::new(name, data_type, false);
    let schema = Schema::new(vec![
        field(bridge.group_column(), Arrow::Int32),
        field(bridge.key_column(), Arrow::Int32),
        field("weight".into(), Arrow::Decimal128(DIGITS, PLACES)),
        field("audit_key".into(), Arrow::Int64),
    ]);
    RecordBatch::try_new(Arc::new(schema), columns)
}
