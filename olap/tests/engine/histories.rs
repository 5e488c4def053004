//! As was, as is, as of a day: which version of a member a fact belongs to.

use planisphere_olap::query::{CubeQuery, History};

use crate::shop::{check, filters, query};

fn at(history: &str) -> CubeQuery {
    let history: History = history.parse().unwrap();
    CubeQuery {
        history,
        ..query("net_amount", "customer.segment")
    }
}

#[test]
fn as_is_takes_the_current_version() {
    check(
        &at("as_is"),
        &["A | 45.5000", "B | 33.2500", "(not given) | 27.2500"],
    );
}

#[test]
fn as_of_takes_the_version_of_the_end_of_that_day_in_the_warehouse_zone() {
    let early = [
        "A | 25.0000",
        "B | 8.2500",
        "(not given) | 27.2500",
        "(not applicable) | 45.5000",
    ];
    check(&at("as_of 2024-01-31"), &early);
    check(
        &at("as_of 2024-02-29"),
        &["A | 70.5000", "B | 8.2500", "(not given) | 27.2500"],
    );
    check(
        &at("as_of 2024-03-01"),
        &["A | 45.5000", "B | 33.2500", "(not given) | 27.2500"],
    );
}

#[test]
fn filters_see_the_same_version() {
    let sliced = CubeQuery {
        filters: filters(["customer.segment = B"]),
        ..at("as_is")
    };
    check(&sliced, &["B | 33.2500"]);
    let gone = CubeQuery {
        filters: filters(["customer.segment = @not_applicable"]),
        ..at("as_of 2024-01-31")
    };
    check(&gone, &["(not applicable) | 45.5000"]);
}

#[test]
fn counting_customers_does_not_depend_on_history() {
    for history in ["as_was", "as_is", "as_of 2024-01-31"] {
        let counted = CubeQuery {
            axes: vec![],
            measures: vec!["customers".into()],
            ..at(history)
        };
        check(&counted, &["4"]);
    }
}

#[test]
fn the_calendar_has_no_history() {
    let years = CubeQuery {
        history: "as_of 2023-12-01".parse().unwrap(),
        ..query("lines", "order_date.calendar.year")
    };
    check(&years, &["2023 | 1", "2024 | 6"]);
}
