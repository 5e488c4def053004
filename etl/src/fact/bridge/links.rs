//! Some rows of a bridge's entity, all of those of their facts: which members each fact has, and what becomes of each row.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as Arrow, Decimal128Type, i256};
use arrow::error::ArrowError;
use planisphere_schemas::model::Bridge;

use crate::conform::{DELETED, ROW_ID};
use crate::dimension::{MemberIndex, Tally};
use crate::problems::{Destination, Problems};
use crate::reject::Rejecting;
use crate::spool::Memory;

use super::keys::KeySet;
use super::shares::{equal, shares};
use crate::fact::fresh::row_ids;

/// The rows of the entity by the facts whose members they name.
pub(super) struct Links {
    rows: RecordBatch,
    facts: HashMap<String, Fact>,
    states: Vec<State>,
    /// Rows whose weight was added to that of another row.
    added: usize,
    /// Facts whose members all weigh nothing.
    weightless: usize,
}

/// What rows say of one fact.
#[derive(Default)]
struct Fact {
    /// The rows that name a member.
    rows: Vec<usize>,
    /// The members with their shares, in the order of their ids.
    shares: Vec<(String, i64)>,
}

/// What can be said of a row without knowing the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Deleted,
    NoFact,
    NoMember,
    SameMember,
    Wrong(&'static str),
}

/// What became of rows.
pub(super) struct Outcome {
    pub(super) tally: Tally,
    pub(super) excluded: BTreeMap<String, u64>,
    pub(super) rejects: Rejecting,
    /// Rows whose weight was added to that of another row.
    added: usize,
    /// Facts whose members all weigh nothing.
    weightless: usize,
}

/// The groups of facts, once it is known which of them the star has.
pub(super) struct Standing<'s> {
    /// The groups that facts with this id have, if the star has any.
    pub(super) groups: &'s dyn Fn(&str) -> Option<&'s [i32]>,
    /// The groups that facts have after the load.
    pub(super) used: &'s KeySet,
    /// Those that were published before.
    pub(super) published: &'s KeySet,
}

impl Links {
    /// Reads the rows; members that were merged into others count as these.
    pub(super) fn read(
        bridge: &Bridge,
        rows: RecordBatch,
        members: &MemberIndex,
    ) -> Result<Self, ArrowError> {
        let facts = facts_of(bridge, &rows)?;
        let ids = cast(&column(&rows, &bridge.column)?, &Arrow::Utf8)?;
        let ids = ids.as_string::<i32>();
        let weights = match &bridge.weight {
            Some(weight) => Some(numbers(&column(&rows, weight)?)?),
            None => None,
        };
        let deleted = column(&rows, DELETED)?;
        let deleted = deleted.as_boolean();
        let mut links = Self {
            rows: rows.clone(),
            facts: HashMap::new(),
            states: Vec::with_capacity(rows.num_rows()),
            added: 0,
            weightless: 0,
        };
        for row in 0..rows.num_rows() {
            let weight = weights.as_ref().map(|weights| weights[row]);
            let state = match weight {
                _ if deleted.value(row) => State::Deleted,
                _ if facts.is_null(row) => State::NoFact,
                _ if ids.is_null(row) => State::NoMember,
                Some(None) => State::Wrong("missing_weight"),
                Some(Some(weight)) if weight < i256::ZERO => State::Wrong("negative_weight"),
                _ => State::Good,
            };
            links.states.push(state);
            if facts.is_valid(row) && state != State::Deleted {
                let fact = links.facts.entry(facts.value(row).to_owned()).or_default();
                fact.rows.push(row);
            }
        }
        links.share(ids, weights.as_deref(), members);
        Ok(links)
    }

    /// Gives the members of each fact their shares.
    fn share(
        &mut self,
        ids: &StringArray,
        weights: Option<&[Option<i256>]>,
        members: &MemberIndex,
    ) {
        for fact in self.facts.values_mut() {
            let mut numbers: BTreeMap<&str, i256> = BTreeMap::new();
            for row in &fact.rows {
                if self.states[*row] != State::Good {
                    continue;
                }
                let id = members.standing_for(ids.value(*row));
                let number =
                    weights.map_or(i256::ONE, |weights| weights[*row].unwrap_or(i256::ZERO));
                match (numbers.get_mut(id), weights) {
                    (Some(sum), Some(_)) => {
                        *sum = sum.wrapping_add(number);
                        self.added += 1;
                    }
                    (Some(_), None) => self.states[*row] = State::SameMember,
                    (None, _) => {
                        numbers.insert(id, number);
                    }
                }
            }
            let all: Vec<i256> = numbers.values().copied().collect();
            let shares = shares(&all).unwrap_or_else(|| {
                self.weightless += usize::from(!all.is_empty());
                equal(all.len())
            });
            let ids = numbers.into_keys().map(str::to_owned);
            fact.shares = ids.zip(shares).collect();
        }
    }
}

impl Links {
    /// The facts that have members, and these with their shares.
    pub(super) fn facts(&self) -> impl Iterator<Item = (&str, &[(String, i64)])> {
        let facts = self.facts.iter();
        let facts = facts.map(|(fact, said)| (fact.as_str(), said.shares.as_slice()));
        facts.filter(|(_, shares)| !shares.is_empty())
    }

    /// Adds the outcome of every row, once it is known which groups facts have.
    pub(super) fn settle(
        &self,
        destination: &Destination<'_>,
        standing: &Standing<'_>,
        outcome: &mut Outcome,
    ) -> Result<(), ArrowError> {
        let mut groups: Vec<Option<&[i32]>> = vec![None; self.states.len()];
        for (fact, said) in &self.facts {
            let of_fact = (standing.groups)(fact);
            for row in &said.rows {
                groups[*row] = of_fact;
            }
        }
        let mut problems = Problems::default();
        outcome.tally.read += self.states.len() as u64;
        outcome.added += self.added;
        outcome.weightless += self.weightless;
        for (row, state) in self.states.iter().enumerate() {
            let rule = match (state, groups[row]) {
                (State::Deleted, _) => "deleted",
                (State::NoFact, _) | (_, None) => "no_fact",
                (State::NoMember, _) => "no_member",
                (State::SameMember, _) => "same_member",
                (State::Wrong(reason), _) => {
                    outcome.tally.rejected += 1;
                    problems.named(row, reason);
                    continue;
                }
                (State::Good, Some(groups)) => {
                    let mut groups = groups.iter().filter(|key| standing.used.has(**key));
                    match groups.next() {
                        // the fact was rejected
                        None => "no_fact",
                        Some(first) => {
                            let mut all = std::iter::once(first).chain(groups);
                            let is_new = all.any(|key| !standing.published.has(*key));
                            outcome.tally.loaded += u64::from(is_new);
                            outcome.tally.unchanged += u64::from(!is_new);
                            continue;
                        }
                    }
                }
            };
            *outcome.excluded.entry(rule.to_owned()).or_default() += 1;
        }
        let ids = cast(&column(&self.rows, ROW_ID)?, &Arrow::Utf8)?;
        let rejects = problems.rejects(destination, &self.rows, ids.as_string())?;
        outcome.rejects.add(rejects)
    }
}

impl Outcome {
    /// No row yet.
    pub(super) fn new(memory: &Memory) -> Self {
        Self {
            tally: Tally::default(),
            excluded: BTreeMap::new(),
            rejects: Rejecting::new(memory),
            added: 0,
            weightless: 0,
        }
    }

    /// What the operator should know.
    pub(super) fn notices(&self, bridge: &Bridge) -> Vec<String> {
        let table = bridge.table();
        let same = self.excluded.get("same_member").copied().unwrap_or(0);
        let added = self.added;
        let told = [
            (same > 0).then(|| format!("{table}: {same} rows name a member that its fact has already; it counts once")),
            (added > 0).then(|| format!("{table}: {added} rows name a member that its fact has already; the weights are added")),
            (self.weightless > 0).then(|| {
                format!("{table}: all weights of {} facts are zero; their members have equal shares", self.weightless)
            }),
        ];
        told.into_iter().flatten().collect()
    }
}

/// The ids of the facts whose members rows name.
pub(super) fn facts_of(bridge: &Bridge, rows: &RecordBatch) -> Result<StringArray, ArrowError> {
    let facts = bridge.facts.iter().map(|name| column(rows, name));
    row_ids(facts.collect::<Result<_, _>>()?)
}

fn column(rows: &RecordBatch, name: &str) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::clone(rows.column(rows.schema().index_of(name)?)))
}

/// Integers and decimals as whole numbers of their last decimal place, of which only the proportions count.
fn numbers(values: &ArrayRef) -> Result<Vec<Option<i256>>, ArrowError> {
    const DIGITS: u8 = 38;
    let scale = match values.data_type() {
        Arrow::Decimal128(_, scale) => *scale,
        _ => 0,
    };
    let numbers = cast(values, &Arrow::Decimal128(DIGITS, scale))?;
    let numbers = numbers.as_primitive::<Decimal128Type>().iter();
    Ok(numbers.map(|number| number.map(i256::from_i128)).collect())
}
