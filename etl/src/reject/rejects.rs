//! Rejected rows on their way to `audit_reject`: counted, summed up, and in a nameless temporary file where memory does not hold them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::spool::{Memory, Spool, Spooled};

use super::{Reject, RejectSum, RejectTally, schema};

type Arrow<T> = Result<T, ArrowError>;

/// Bytes of rejected rows that wait until they are put away together.
const WAITING: usize = 256 << 10;
/// The columns of rejected rows, as they stand in `audit_reject` between the load and its audit key.
const COLUMNS: [&str; 7] = [
    "source_system",
    "stage",
    "object",
    "row_id",
    "reason",
    "detail",
    "row_json",
];
/// Which of them is the id.
const ID: usize = 3;

/// Takes rejected rows.
pub(crate) struct Rejecting {
    tally: RejectTally,
    waiting: Vec<Reject>,
    waiting_bytes: usize,
    rows: Spool,
}

/// Rejected rows, which can be read any number of times.
#[derive(Debug, Clone)]
pub(crate) struct Rejects {
    tally: RejectTally,
    rows: Spooled,
}

impl Rejecting {
    /// No row yet; they share this memory with other rows on their way.
    pub(crate) fn new(memory: &Memory) -> Self {
        Self {
            tally: RejectTally::default(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            rows: Spool::new(columns(), memory),
        }
    }

    /// Adds rows behind the others.
    ///
    /// # Errors
    /// If the temporary file cannot be made or written.
    pub(crate) fn add(&mut self, rejects: Vec<Reject>) -> Arrow<()> {
        self.tally.count(0, &rejects);
        for reject in rejects {
            self.waiting_bytes += reject.row.len() + reject.row_id.len() + size_of::<Reject>();
            self.waiting.push(reject);
            if self.waiting_bytes > WAITING {
                self.put_away()?;
            }
        }
        Ok(())
    }

    fn put_away(&mut self) -> Arrow<()> {
        let rows = batch(&self.waiting)?;
        (self.waiting, self.waiting_bytes) = (Vec::new(), 0);
        self.rows.push(rows)
    }

    /// The rows that were added.
    ///
    /// # Errors
    /// If the temporary file cannot be written to its end.
    pub(crate) fn finish(mut self) -> Arrow<Rejects> {
        self.put_away()?;
        Ok(Rejects {
            tally: self.tally,
            rows: self.rows.finish()?,
        })
    }
}

impl Rejects {
    /// Some rejected rows behind others.
    pub(crate) fn together(parts: Vec<Self>) -> Self {
        let mut tally = RejectTally::default();
        for part in &parts {
            tally.add(&part.tally);
        }
        let rows = parts.into_iter().map(|part| part.rows);
        Self {
            tally,
            rows: Spooled::chain(columns(), rows.collect()),
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.rows.num_rows() as u64
    }

    /// How many there are, by reason.
    pub(crate) fn by_reason(&self) -> &BTreeMap<String, u64> {
        &self.tally.by_reason
    }

    /// What changes when any of them does.
    pub(crate) fn sum(&self) -> &RejectSum {
        &self.tally.sum
    }

    /// The first of them in words; empty if there is none.
    pub(crate) fn example(&self) -> String {
        self.tally.example(None)
    }

    /// Tells the id of each row.
    ///
    /// # Errors
    /// Those of `tell`, and of the temporary file.
    pub(crate) fn each_id(&self, mut tell: impl FnMut(&str) -> Arrow<()>) -> Arrow<()> {
        for rows in self.rows.batches() {
            let rows = rows?;
            let mut ids = rows.column(ID).as_string::<i32>().iter().flatten();
            ids.try_for_each(&mut tell)?;
        }
        Ok(())
    }

    /// The rows of `audit_reject`, some at a time.
    pub(crate) fn batches(
        &self,
        load_id: &str,
        audit_key: i64,
    ) -> impl Iterator<Item = Arrow<RecordBatch>> + Send {
        self.rows.batches().map(move |rows| {
            let rows = rows?;
            let number = rows.num_rows();
            let load = std::iter::repeat_n(load_id, number);
            let mut all: Vec<ArrayRef> = vec![Arc::new(StringArray::from_iter_values(load))];
            all.extend(rows.columns().iter().cloned());
            all.push(Arc::new(Int64Array::from(vec![audit_key; number])));
            RecordBatch::try_new(schema(), all)
        })
    }
}

fn columns() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    Arc::new(Schema::new(COLUMNS.map(text).to_vec()))
}

fn batch(rejects: &[Reject]) -> Arrow<RecordBatch> {
    let text = |get: fn(&Reject) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rejects.iter().map(get)))
    };
    let texts = vec![
        text(|reject| &reject.source),
        text(|reject| &reject.stage),
        text(|reject| &reject.object),
        text(|reject| &reject.row_id),
        text(|reject| &reject.reason),
        text(|reject| &reject.detail),
        text(|reject| &reject.row),
    ];
    RecordBatch::try_new(columns(), texts)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn reject(number: usize) -> Reject {
        Reject {
            source: "crm".into(),
            stage: "star".into(),
            object: "sale".into(),
            row_id: number.to_string(),
            reason: ["odd", "even"][number % 2].into(),
            detail: format!("detail {number}"),
            row: "x".repeat(number * number % 5_000),
        }
    }

    #[test]
    fn rejected_rows_come_back_as_they_were_wherever_they_lie() {
        for room in [0, 100_000, 1 << 30] {
            let memory = Memory::new(room);
            let mut parts = Vec::new();
            for part in 0..2 {
                let mut rejecting = Rejecting::new(&memory);
                for from in (part * 500..part * 500 + 500).step_by(100) {
                    let some = (from..from + 100).map(reject);
                    rejecting.add(some.collect()).unwrap();
                }
                parts.push(rejecting.finish().unwrap());
            }
            let rejects = Rejects::together(parts);
            let all: Vec<Reject> = (0..1_000).map(reject).collect();
            assert_eq!(rejects.len(), 1_000);
            assert_eq!(rejects.by_reason()["even"], 500);
            assert_eq!(*rejects.sum(), RejectSum::of(&all));
            assert_eq!(rejects.example(), "row '0': detail 0");
            let mut ids = Vec::new();
            let tell = |id: &str| {
                ids.push(id.to_owned());
                Ok(())
            };
            rejects.each_id(tell).unwrap();
            assert!(ids.iter().eq(all.iter().map(|reject| &reject.row_id)));
            let mut row = 0;
            for rows in rejects.batches("load", 7) {
                let rows = rows.unwrap();
                assert_eq!(rows.schema(), schema());
                let texts = |at: usize| rows.column(at).as_string::<i32>().iter().flatten();
                let said = texts(0).zip(texts(5)).zip(texts(6)).zip(texts(7));
                for (((load, reason), detail), json) in said {
                    let Reject {
                        reason: expected, ..
                    } = &all[row];
                    assert_eq!((load, reason), ("load", expected.as_str()));
                    assert_eq!((detail, json), (&*all[row].detail, &*all[row].row));
                    row += 1;
                }
            }
            assert_eq!(row, 1_000);
        }
    }
}
