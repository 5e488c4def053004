//! What is to do and what is done of one source: parts that wait, who works, and the counts of each table.

use std::collections::{BTreeMap, VecDeque};

use arrow::datatypes::SchemaRef;

use crate::source::{Fault, Part};

use super::event::Amount;
use super::package::TableCertificate;

/// One part of one table, by the table's position.
pub(super) struct Task {
    pub(super) table: usize,
    pub(super) number: usize,
    pub(super) part: Part,
    pub(super) schema: SchemaRef,
    /// How often it was tried in vain.
    pub(super) failures: usize,
    /// What the last attempt brought in vain.
    pub(super) void: Amount,
}

/// The work at one source.
pub(super) struct Board {
    pub(super) waiting: VecDeque<Task>,
    pub(super) tables: Vec<TableState>,
    pub(super) schemas: BTreeMap<String, SchemaRef>,
    /// Who has not left yet.
    pub(super) workers: usize,
    /// Who of them has a reader.
    pub(super) readers: usize,
    pub(super) fault: Option<Fault>,
}

/// Where one table stands.
#[derive(Default)]
pub(super) struct TableState {
    /// Parts that are not done yet.
    pub(super) open: usize,
    /// Numbers that parts were given.
    pub(super) numbers: usize,
    pub(super) begun: bool,
    /// How many rows it has, about.
    pub(super) rows: Option<u64>,
    /// More rows than this it cannot have.
    pub(super) most_rows: Option<u64>,
    /// What was read of parts that are not done yet.
    pub(super) so_far: Amount,
    /// The counts of the parts that are done.
    pub(super) counts: TableCertificate,
}

impl Board {
    /// Puts the halves of a part in its place.
    pub(super) fn divide(&mut self, task: &Task, halves: [Part; 2]) {
        let state = &mut self.tables[task.table];
        state.open += 1;
        for part in halves {
            let number = state.numbers;
            state.numbers += 1;
            self.waiting.push_back(Task {
                table: task.table,
                number,
                part,
                schema: task.schema.clone(),
                failures: 0,
                void: Amount::default(),
            });
        }
    }
}

impl TableState {
    /// Counts a part that is done.
    pub(super) fn finish_part(&mut self, counts: &TableCertificate) {
        self.so_far.rows -= counts.read;
        self.so_far.rejected -= counts.rejected;
        self.counts.add(counts);
        self.open -= 1;
    }
}
