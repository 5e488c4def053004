//! Rejected rows counted and summed up, so that they need not be kept in memory.

use std::collections::BTreeMap;

use planisphere_schemas::model::Table;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Reject;

/// Characters of a value that a message shows.
const SHOWN: usize = 300;

/// What is known of many rejected rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectTally {
    /// How many, by reason.
    pub(crate) by_reason: BTreeMap<String, u64>,
    /// One of them: the first of the first part that has any.
    pub(crate) first: Option<FirstReject>,
    /// What changes when any of them does.
    pub(crate) sum: RejectSum,
}

/// A rejected row as an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FirstReject {
    part: usize,
    row_id: String,
    detail: String,
}

impl RejectTally {
    /// Counts rejected rows of a part.
    pub(crate) fn count(&mut self, part: usize, rejects: &[Reject]) {
        for reject in rejects {
            match self.by_reason.get_mut(&reject.reason) {
                Some(rows) => *rows += 1,
                None => {
                    self.by_reason.insert(reject.reason.clone(), 1);
                }
            }
            self.sum.add(reject);
        }
        if let (None, Some(reject)) = (&self.first, rejects.first()) {
            self.first = Some(FirstReject {
                part,
                row_id: shortened(&reject.row_id),
                detail: shortened(&reject.detail),
            });
        }
    }

    /// Adds what is known of other rejected rows.
    pub(crate) fn add(&mut self, other: &Self) {
        for (reason, rows) in &other.by_reason {
            *self.by_reason.entry(reason.clone()).or_insert(0) += rows;
        }
        let earlier = match (&self.first, &other.first) {
            (Some(mine), Some(theirs)) => theirs.part < mine.part,
            (mine, _) => mine.is_none(),
        };
        if earlier {
            self.first.clone_from(&other.first);
        }
        self.sum.merge(&other.sum);
    }

    /// The first rejected row of a table in words, with its place.
    pub(crate) fn example(&self, table: Option<&Table>) -> String {
        let first = self.first.as_ref();
        first
            .map(|first| in_words(table, &first.row_id, &first.detail))
            .unwrap_or_default()
    }
}

/// A rejected row in words, with its place: the line of a file, or the key of a row.
fn in_words(table: Option<&Table>, row_id: &str, detail: &str) -> String {
    let file = table.filter(|table| table.format.is_some());
    let place = match (file, row_id.rsplit_once('|')) {
        (Some(file), Some((_, line))) => format!("line {line} of '{}'", file.origin),
        _ => format!("row '{row_id}'"),
    };
    format!("{place}: {detail}")
}

/// True if so many rejected rows of so many are more than dirt.
pub(crate) fn exceeds(limit_permille: u32, rejected: u64, rows: u64) -> bool {
    u128::from(rejected) * 1000 > u128::from(rows) * u128::from(limit_permille)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// How many rows there are and the sum of their SHA-256 hashes, in four lanes: it is the same in whatever order the
/// rows are added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "SumText", try_from = "SumText")]
pub(crate) struct RejectSum {
    count: u64,
    lanes: [u64; 4],
}

/// The same as it is written.
#[derive(Serialize, Deserialize)]
struct SumText {
    count: u64,
    sha256_sum: String,
}

impl RejectSum {
    /// The sum of some rows.
    #[cfg(test)]
    pub(crate) fn of(rejects: &[Reject]) -> Self {
        let mut sum = Self::default();
        rejects.iter().for_each(|reject| sum.add(reject));
        sum
    }

    fn add(&mut self, reject: &Reject) {
        let mut hash = Sha256::new();
        let Reject {
            source,
            stage,
            object,
            row_id,
            reason,
            detail,
            row,
        } = reject;
        for text in [source, stage, object, row_id, reason, detail, row] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        let hash = hash.finalize();
        let mut lanes = [0; 4];
        for (lane, bytes) in lanes.iter_mut().zip(hash.chunks_exact(8)) {
            *lane = bytes
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte));
        }
        self.merge(&Self { count: 1, lanes });
    }

    /// Adds the sum of other rows.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        for (lane, more) in self.lanes.iter_mut().zip(other.lanes) {
            *lane = lane.wrapping_add(more);
        }
    }
}

impl From<RejectSum> for SumText {
    fn from(sum: RejectSum) -> Self {
        let lanes = sum.lanes.iter().map(|lane| format!("{lane:016x}"));
        Self {
            count: sum.count,
            sha256_sum: lanes.collect(),
        }
    }
}

impl TryFrom<SumText> for RejectSum {
    type Error = String;

    fn try_from(text: SumText) -> Result<Self, String> {
        let wrong = || format!("'{}' is no sum of hashes", text.sha256_sum);
        let mut lanes = [0; 4];
        for (at, lane) in lanes.iter_mut().enumerate() {
            let digits = text.sha256_sum.get(at * 16..(at + 1) * 16);
            let digits = digits.ok_or_else(wrong)?;
            *lane = u64::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        Ok(Self {
            count: text.count,
            lanes,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn reject(row_id: &str, detail: &str) -> Reject {
        Reject {
            source: "s".into(),
            stage: "extract".into(),
            object: "t".into(),
            row_id: row_id.into(),
            reason: "invalid_v".into(),
            detail: detail.into(),
            row: "{}".into(),
        }
    }

    #[test]
    fn parts_add_up_in_any_order() {
        let (a, b, c) = (reject("1", "a"), reject("2", "b"), reject("3", "c"));
        let mut whole = RejectTally::default();
        whole.count(0, &[a.clone(), b.clone(), c.clone()]);
        let (mut first, mut second) = (RejectTally::default(), RejectTally::default());
        second.count(1, std::slice::from_ref(&c));
        first.count(0, std::slice::from_ref(&a));
        first.count(0, std::slice::from_ref(&b));
        second.add(&first);
        assert_eq!(second, whole);
        assert_eq!(whole.by_reason["invalid_v"], 3);
        assert_eq!(whole.example(None), "row '1': a");
        // one row more, another row, or the same text cut elsewhere is another sum
        let sum = |rows: &[Reject]| RejectSum::of(rows);
        assert_ne!(sum(std::slice::from_ref(&a)), sum(&[a.clone(), a.clone()]));
        assert_ne!(sum(&[a.clone(), b.clone()]), sum(&[a, c]));
        assert_ne!(sum(&[reject("1", "2")]), sum(&[reject("12", "")]));
    }

    #[test]
    fn a_sum_is_read_as_it_was_written() {
        let sum = RejectSum::of(&[reject("1", "a")]);
        let text = serde_json::to_string(&sum).unwrap();
        assert_eq!(serde_json::from_str::<RejectSum>(&text).unwrap(), sum);
        assert!(serde_json::from_str::<RejectSum>(r#"{"count":1,"sha256_sum":"x"}"#).is_err());
    }

    #[test]
    fn the_limit_is_what_may_be() {
        assert!(!exceeds(50, 5, 100));
        assert!(exceeds(50, 6, 100));
        assert!(exceeds(0, 1, u64::MAX));
        assert!(!exceeds(1000, u64::MAX, u64::MAX));
    }

    #[test]
    fn long_values_are_shown_in_part() {
        let mut tally = RejectTally::default();
        tally.count(0, &[reject("1", &"数".repeat(1000))]);
        assert_eq!(
            tally.example(None).chars().filter(|c| *c == '数').count(),
            SHOWN
        );
    }
}
