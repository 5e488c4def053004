//! The totals that an axis is asked for.

use planisphere_olap::query::Subtotals;

use crate::shop::{check, fault, query};

#[test]
fn an_axis_has_the_totals_that_are_asked_for() {
    let asked = |kept: &[usize]| {
        let mut query = query(
            "customers, lines",
            "order_date.calendar.year, customer.segment",
        );
        query.axes[0].subtotals = Subtotals::Keeping(kept.iter().copied().collect());
        query
    };
    check(
        &asked(&[0]),
        &[
            "2023 | A | 1 | 1",
            "2024 | A | 2 | 2",
            "2024 | B | 2 | 2",
            "2024 | (not given) | 1 | 2",
            "Total | Total | 4 | 7",
        ],
    );
    check(
        &asked(&[1]),
        &[
            "2023 | A | 1 | 1",
            "2023 | Total | 1 | 1",
            "2024 | A | 2 | 2",
            "2024 | B | 2 | 2",
            "2024 | (not given) | 1 | 2",
            "2024 | Total | 4 | 6",
        ],
    );
    let fault = fault(&asked(&[2])).to_string();
    assert!(
        fault.contains("a total cannot keep 2 of 2 levels"),
        "{fault}"
    );
}
