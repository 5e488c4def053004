//! The versions of one member: what was published, merged with what was observed.
//!
//! Pure and small: cells are opaque, the caller says which are equal. A cell is (side, row): side 0 is the
//! published table, side 1 the observations.

/// Where a value stands: side 0 = published table, side 1 = observed rows.
pub(super) type Cell = (usize, usize);

/// One version of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    /// From when it holds, in microseconds.
    pub(super) from: i64,
    /// On which basis.
    pub(super) basis: String,
    /// One cell for each attribute.
    pub(super) cells: Vec<Cell>,
    /// The row in the published table that it continues.
    pub(super) published: Option<usize>,
}

/// What an attribute does when it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    /// Type 0: the earliest value stands.
    pub(super) original: bool,
    /// Type 2: a change begins a version.
    pub(super) versioned: bool,
    /// The observations know past values of it.
    pub(super) audited: bool,
    /// The attribute is new in the model: published cells hold nothing.
    pub(super) is_new: bool,
}

/// The instants that date a change of the present state, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    /// The source's modified time, if it has one.
    pub(super) modified: Option<i64>,
    /// The snapshot's time.
    pub(super) snapshot: i64,
}

/// Compares two cells of one attribute.
pub(super) trait SameValue {
    /// True if attribute `at` has the same value in both cells.
    fn same(&self, at: usize, a: Cell, b: Cell) -> bool;
}

/// Merges the published versions of a member with its observations, both in the order of time.
///
/// The last observation is the present, changed last at `when.modified`; the ones before it are past
/// states that the source still knows.
pub(super) fn merge(
    published: Vec<Version>,
    observed: &[Version],
    rules: &[Rule],
    when: When,
    values: &dyn SameValue,
) -> Vec<Version> {
    let Some(present) = observed.last() else {
        return published;
    };
    let mut versions = match published.is_empty() {
        true => first_versions(observed, rules, values),
        false => {
            let mut versions = published;
            fill_new_attributes(&mut versions, observed, rules);
            for past in observed {
                insert_past(&mut versions, past, rules, values);
            }
            append_present(&mut versions, present, rules, when, values);
            versions
        }
    };
    spread(&mut versions, present, rules);
    versions
}

fn differs(a: &[Cell], b: &[Cell], rules: &[Rule], values: &dyn SameValue) -> bool {
    let versioned = rules.iter().enumerate().filter(|(_, rule)| rule.versioned);
    versioned
        .map(|(at, _)| at)
        .any(|at| !values.same(at, a[at], b[at]))
}

/// A member seen for the first time: one version for each stretch of equal type 2 values.
fn first_versions(observed: &[Version], rules: &[Rule], values: &dyn SameValue) -> Vec<Version> {
    let mut versions: Vec<Version> = Vec::new();
    for next in observed {
        match versions.last() {
            Some(last) if !differs(&last.cells, &next.cells, rules, values) => {}
            _ => versions.push(next.clone()),
        }
    }
    if let Some(first) = versions.first_mut() {
        first.from = super::OPEN_FROM;
        first.basis = "open".into();
    }
    versions
}

/// An attribute that is new in the model takes the observed value of its time, else the present one.
fn fill_new_attributes(versions: &mut [Version], observed: &[Version], rules: &[Rule]) {
    for version in versions {
        let at_time = observed.iter().rfind(|seen| seen.from <= version.from);
        let Some(seen) = at_time.or(observed.last()) else {
            continue;
        };
        for (at, _) in rules.iter().enumerate().filter(|(_, rule)| rule.is_new) {
            version.cells[at] = seen.cells[at];
        }
    }
}

/// A past state that the source knows: restates or splits the version of its time, in audited attributes only.
fn insert_past(
    versions: &mut Vec<Version>,
    past: &Version,
    rules: &[Rule],
    values: &dyn SameValue,
) {
    let Some(position) = versions
        .iter()
        .rposition(|version| version.from <= past.from)
    else {
        return;
    };
    let mut cells = versions[position].cells.clone();
    for (at, _) in rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.versioned && rule.audited)
    {
        cells[at] = past.cells[at];
    }
    if !differs(&cells, &versions[position].cells, rules, values) {
        return;
    }
    if versions[position].from == past.from {
        versions[position].cells = cells;
        return;
    }
    let split = Version {
        from: past.from,
        basis: past.basis.clone(),
        cells,
        published: None,
    };
    versions.insert(position + 1, split);
}

/// The present state begins a version if its type 2 values differ from the last one's.
fn append_present(
    versions: &mut Vec<Version>,
    present: &Version,
    rules: &[Rule],
    when: When,
    values: &dyn SameValue,
) {
    let Some(last) = versions.last() else { return };
    if !differs(&last.cells, &present.cells, rules, values) {
        return;
    }
    let (from, basis) = match when.modified {
        Some(modified) if modified > last.from => (modified, "modified"),
        _ => (when.snapshot.max(last.from + 1), "snapshot"),
    };
    let cells = present.cells.clone();
    versions.push(Version {
        from,
        basis: basis.into(),
        cells,
        published: None,
    });
}

/// Type 1 values of the present stand in all versions, type 0 values of the first version too.
fn spread(versions: &mut [Version], present: &Version, rules: &[Rule]) {
    let Some(first) = versions.first().map(|version| version.cells.clone()) else {
        return;
    };
    for version in versions {
        for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| !rule.versioned) {
            version.cells[at] = if rule.original {
                first[at]
            } else {
                present.cells[at]
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells hold their value in the row number; the side does not matter.
    struct ByRow;
    impl SameValue for ByRow {
        fn same(&self, _: usize, a: Cell, b: Cell) -> bool {
            a.1 == b.1
        }
    }

    const AT: When = When {
        modified: Some(50),
        snapshot: 99,
    };
    const UNKNOWN: When = When {
        modified: None,
        snapshot: 99,
    };
    const TYPE_2: Rule = Rule {
        original: false,
        versioned: true,
        audited: true,
        is_new: false,
    };
    const UNAUDITED: Rule = Rule {
        audited: false,
        ..TYPE_2
    };
    const TYPE_1: Rule = Rule {
        versioned: false,
        ..TYPE_2
    };
    const TYPE_0: Rule = Rule {
        original: true,
        versioned: false,
        ..TYPE_2
    };

    fn version(from: i64, values: &[usize]) -> Version {
        let cells = values.iter().map(|value| (1, *value)).collect();
        Version {
            from,
            basis: "audit".into(),
            cells,
            published: None,
        }
    }

    fn shown(versions: &[Version]) -> Vec<(i64, Vec<usize>)> {
        let cells = |version: &Version| version.cells.iter().map(|cell| cell.1).collect();
        versions
            .iter()
            .map(|version| (version.from, cells(version)))
            .collect()
    }

    #[test]
    fn a_new_member_opens_at_the_beginning_and_keeps_its_changes() {
        let observed = [version(5, &[1]), version(10, &[1]), version(20, &[2])];
        let merged = merge(Vec::new(), &observed, &[TYPE_2], AT, &ByRow);
        assert_eq!(
            shown(&merged),
            [(super::super::OPEN_FROM, vec![1]), (20, vec![2])]
        );
    }

    #[test]
    fn an_unchanged_member_stays_as_it_is() {
        let published = vec![version(0, &[1]), version(10, &[2])];
        let merged = merge(
            published.clone(),
            &[version(12, &[2])],
            &[UNAUDITED],
            AT,
            &ByRow,
        );
        assert_eq!(shown(&merged), shown(&published));
    }

    #[test]
    fn a_change_begins_at_its_own_time_or_at_the_snapshot() {
        let published = vec![version(0, &[1])];
        let merged = merge(
            published.clone(),
            &[version(50, &[2])],
            &[UNAUDITED],
            AT,
            &ByRow,
        );
        assert_eq!(shown(&merged), [(0, vec![1]), (50, vec![2])]);
        let merged = merge(
            published,
            &[version(0, &[2])],
            &[UNAUDITED],
            UNKNOWN,
            &ByRow,
        );
        assert_eq!(shown(&merged), [(0, vec![1]), (99, vec![2])]);
    }

    #[test]
    fn a_late_audited_change_splits_and_leaves_unaudited_values_alone() {
        let published = vec![version(0, &[1, 7]), version(40, &[3, 8])];
        let observed = [
            version(0, &[1, 9]),
            version(20, &[2, 9]),
            version(40, &[3, 9]),
        ];
        let merged = merge(published, &observed, &[TYPE_2, UNAUDITED], AT, &ByRow);
        let expected = [
            (0, vec![1, 7]),
            (20, vec![2, 7]),
            (40, vec![3, 8]),
            (50, vec![3, 9]),
        ];
        assert_eq!(shown(&merged), expected);
    }

    #[test]
    fn type_1_overwrites_all_versions_and_type_0_stands() {
        let published = vec![version(0, &[1, 5, 6]), version(40, &[2, 5, 6])];
        let observed = [version(60, &[3, 8, 9])];
        let rules = [UNAUDITED, TYPE_1, TYPE_0];
        let merged = merge(published, &observed, &rules, AT, &ByRow);
        let expected = [(0, vec![1, 8, 6]), (40, vec![2, 8, 6]), (50, vec![3, 8, 6])];
        assert_eq!(shown(&merged), expected);
    }

    #[test]
    fn a_new_attribute_takes_the_value_of_its_time() {
        let published = vec![version(0, &[1, 0]), version(40, &[2, 0])];
        let observed = [version(0, &[1, 7]), version(40, &[2, 8])];
        let rules = [
            TYPE_2,
            Rule {
                is_new: true,
                ..TYPE_2
            },
        ];
        let merged = merge(published, &observed, &rules, AT, &ByRow);
        assert_eq!(shown(&merged), [(0, vec![1, 7]), (40, vec![2, 8])]);
    }
}
