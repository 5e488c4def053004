//! Changes of one column in one instant, which a table tells in no order: from value to value they are a chain.

use std::collections::BTreeMap;

/// One change of one audited field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) at: i64,
    pub(super) column: usize,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// Changes that are sorted by column and instant, those of one column and instant as one: from the value where their chain begins to
/// the one where it ends. What is no chain stays as it is.
pub(super) fn chained(changes: &[Change]) -> Vec<Change> {
    let mut all: Vec<Change> = Vec::with_capacity(changes.len());
    let mut next = 0;
    for of_instant in changes.chunk_by(|a, b| (a.column, a.at) == (b.column, b.at)) {
        next += of_instant.len();
        let [first, _, ..] = of_instant else {
            all.extend_from_slice(of_instant);
            continue;
        };
        let near = |other: &&Change| other.column == first.column;
        let known = all.last().filter(near).map(|it| &it.after);
        let later = changes.get(next).filter(near).map(|it| &it.before);
        match ends(of_instant, known, later) {
            Some((before, after)) => all.push(Change {
                before,
                after,
                ..first.clone()
            }),
            None => all.extend_from_slice(of_instant),
        }
    }
    all
}

type Value = Option<String>;

/// Where a chain begins and ends: at the value that is left once more than it is reached, and at the one that is reached once more. A
/// circle begins where the change before ended, or ends where the one after begins.
fn ends(
    changes: &[Change],
    known: Option<&Value>,
    later: Option<&Value>,
) -> Option<(Value, Value)> {
    let mut balance: BTreeMap<&Value, i32> = BTreeMap::new();
    for change in changes {
        *balance.entry(&change.before).or_default() -= 1;
        *balance.entry(&change.after).or_default() += 1;
    }
    let odd: Vec<(&Value, i32)> = balance
        .iter()
        .filter(|(_, times)| **times != 0)
        .map(|(value, times)| (*value, *times))
        .collect();
    match odd[..] {
        [(a, -1), (b, 1)] | [(b, 1), (a, -1)] => Some((a.clone(), b.clone())),
        [] => {
            let mut near = [known, later].into_iter().flatten();
            let value = near.find(|value| balance.contains_key(value))?;
            Some((value.clone(), value.clone()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes of one column, each an instant and two values.
    fn changes(told: &[(i64, &str, &str)]) -> Vec<Change> {
        let change = |(at, before, after): &(i64, &str, &str)| Change {
            at: *at,
            column: 0,
            before: Some((*before).to_owned()),
            after: Some((*after).to_owned()),
        };
        told.iter().map(change).collect()
    }

    #[test]
    fn changes_of_an_instant_lead_from_where_they_begin_to_where_they_end_in_any_order() {
        for told in [
            [(1, "c", "a"), (1, "a", "b"), (1, "b", "d")],
            [(1, "b", "d"), (1, "c", "a"), (1, "a", "b")],
            [(1, "a", "b"), (1, "b", "d"), (1, "c", "a")],
        ] {
            assert_eq!(chained(&changes(&told)), changes(&[(1, "c", "d")]));
        }
        // a value that is passed twice
        let told = changes(&[(1, "a", "b"), (1, "a", "c"), (1, "c", "a")]);
        assert_eq!(chained(&told), changes(&[(1, "a", "b")]));
    }

    #[test]
    fn a_circle_begins_where_the_change_before_ended_or_ends_where_the_next_begins() {
        let told = changes(&[(1, "x", "b"), (2, "a", "b"), (2, "b", "a")]);
        let expected = changes(&[(1, "x", "b"), (2, "b", "b")]);
        assert_eq!(chained(&told), expected);
        let told = changes(&[(2, "a", "b"), (2, "b", "a"), (3, "a", "c")]);
        let expected = changes(&[(2, "a", "a"), (3, "a", "c")]);
        assert_eq!(chained(&told), expected);
    }

    #[test]
    fn what_is_no_chain_stays() {
        let told = changes(&[(1, "a", "b"), (1, "c", "d"), (2, "d", "e")]);
        assert_eq!(chained(&told), told);
    }
}
