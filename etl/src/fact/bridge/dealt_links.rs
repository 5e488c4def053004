//! All rows of a bridge's entity, however many there are: dealt out by their facts, and what they say of each fact where it is
//! found by its id.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, Int32Array, RecordBatch, StringArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef, UInt64Type};
use arrow::error::ArrowError;
use planisphere_schemas::model::Bridge;

use crate::dealt::{Dealing, Dealt};
use crate::dimension::MemberIndex;
use crate::fact::shares::ShareRoom;
use crate::pile::Pile;
use crate::problems::Destination;
use crate::register::Register;
use crate::spool::{Memory, Spooled};

use super::keys::KeySet;
use super::links::{Links, Outcome, Standing, facts_of};

/// What a row takes in memory beside its columns while its fact is looked at.
const BYTES_OF_LINK: usize = 400;

/// The rows of a bridge's entity.
pub(crate) struct DealtLinks {
    rows: Dealt,
    shares: usize,
    /// Where it is told which members facts have, by the ids of these.
    facts: Register,
    told: Pile,
}

/// Takes note of the facts that a star has, and of their groups.
pub(super) struct Found {
    dealing: Dealing,
}

impl DealtLinks {
    /// Reads the rows; members that were merged into others count as these.
    pub(super) fn read(
        bridge: &Bridge,
        rows: &Spooled,
        members: &MemberIndex,
        room: &ShareRoom,
    ) -> Result<Self, ArrowError> {
        let shares = room.shares(rows.num_rows().saturating_mul(rows.width() + BYTES_OF_LINK));
        let mut facts = Register::new(&room.memory, room.least);
        let mut told = Pile::new(&room.memory, room.least);
        let mut dealing = Dealing::new(rows.schema(), &room.memory, room.least);
        for batch in rows.batches() {
            let batch = batch?;
            let ids = facts_of(bridge, &batch)?;
            let share = |id: Option<&str>| id.map_or(0, |id| share_of(facts.key(id), shares));
            dealing.push(&batch, &ids.iter().map(share).collect::<Vec<u32>>())?;
        }
        let rows = dealing.finish()?;
        for share in 0..rows.shares() {
            let links = Links::read(bridge, rows.share(share)?, members)?;
            for (fact, shares) in links.facts() {
                let place = told.push(written(shares))?;
                facts.put(facts.key(fact), place)?;
            }
        }
        Ok(Self {
            rows,
            shares,
            facts,
            told,
        })
    }

    /// The members of a fact with their shares; `None` if it has none.
    pub(super) fn shares(&self, fact: &str) -> Result<Option<Vec<(String, i64)>>, ArrowError> {
        let Some(place) = self.facts.get(self.facts.key(fact))? else {
            return Ok(None);
        };
        Ok(Some(read(&self.told.text(place)?)))
    }

    /// No fact is found yet.
    pub(super) fn found(room: &ShareRoom) -> Found {
        Found {
            dealing: Dealing::new(groups_of_facts(), &room.memory, room.least),
        }
    }

    /// Remembers that the star has facts, and their groups.
    pub(super) fn find(
        &self,
        found: &mut Found,
        facts: &StringArray,
        groups: &[i32],
    ) -> Result<(), ArrowError> {
        let there = (0..facts.len()).filter(|row| facts.is_valid(*row));
        let there = there.map(|row| (self.facts.key(facts.value(row)), groups[row]));
        let there: Vec<(u128, i32)> = there.collect();
        let shares = there.iter().map(|(fact, _)| share_of(*fact, self.shares));
        let shares: Vec<u32> = shares.collect();
        let upper = there.iter().map(|(fact, _)| (fact >> 64) as u64);
        let lower = there.iter().map(|(fact, _)| *fact as u64);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from_iter_values(upper)),
            Arc::new(UInt64Array::from_iter_values(lower)),
            Arc::new(Int32Array::from_iter_values(there.iter().map(|it| it.1))),
        ];
        let rows = RecordBatch::try_new(groups_of_facts(), columns)?;
        found.dealing.push(&rows, &shares)
    }

    /// The outcome of every row, once it is known which groups facts have and which of them were published before.
    pub(super) fn outcome(
        self,
        (bridge, members): (&Bridge, &MemberIndex),
        destination: &Destination<'_>,
        found: Found,
        (used, published): (&KeySet, &KeySet),
        memory: &Memory,
    ) -> Result<Outcome, ArrowError> {
        let found = found.dealing.finish()?;
        let mut outcome = Outcome::new(memory);
        for share in 0..self.rows.shares() {
            let links = Links::read(bridge, self.rows.share(share)?, members)?;
            let groups = groups(&found.share(share)?);
            let of_fact = |fact: &str| groups.get(&self.facts.key(fact)).map(Vec::as_slice);
            let standing = Standing {
                groups: &of_fact,
                used,
                published,
            };
            links.settle(destination, &standing, &mut outcome)?;
        }
        Ok(outcome)
    }
}

/// The groups of facts that were found.
fn groups(found: &RecordBatch) -> HashMap<u128, Vec<i32>> {
    let [upper, lower] = [0, 1].map(|at| found.column(at).as_primitive::<UInt64Type>().values());
    let keys = found.column(2).as_primitive::<Int32Type>().values();
    let mut groups: HashMap<u128, Vec<i32>> = HashMap::new();
    for (row, key) in keys.iter().enumerate() {
        let fact = u128::from(upper[row]) << 64 | u128::from(lower[row]);
        let groups = groups.entry(fact).or_default();
        if !groups.contains(key) {
            groups.push(*key);
        }
    }
    groups
}

fn groups_of_facts() -> SchemaRef {
    let field = |name: &str, data_type| Field::new(name, data_type, false);
    Arc::new(Schema::new(vec![
        field("upper", DataType::UInt64),
        field("lower", DataType::UInt64),
        field("group", DataType::Int32),
    ]))
}

/// The share of a fact among so many.
fn share_of(fact: u128, shares: usize) -> u32 {
    ((fact >> 64) as u64 % shares as u64) as u32
}

/// Members with their shares as a text: of each its share, how long its id is, and its id.
fn written(shares: &[(String, i64)]) -> String {
    let members = shares.iter();
    let members = members.map(|(id, share)| format!("{share}:{}:{id}", id.len()));
    members.collect()
}

fn read(mut text: &str) -> Vec<(String, i64)> {
    let mut shares = Vec::new();
    while let Some((share, rest)) = text.split_once(':')
        && let Some((length, rest)) = rest.split_once(':')
        && let (Ok(share), Ok(length)) = (share.parse(), length.parse())
        && let Some((id, rest)) = rest.split_at_checked(length)
    {
        shares.push((id.to_owned(), share));
        text = rest;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_as_they_were_written_whatever_their_ids_are() {
        let shares = ["", "7:1:x", "ä|:", "a"]
            .map(str::to_owned)
            .into_iter()
            .zip(1..);
        let shares: Vec<(String, i64)> = shares.collect();
        assert_eq!(read(&written(&shares)), shares);
        assert_eq!(read(""), []);
    }
}
