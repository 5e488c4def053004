//! Named sets: one name for conditions on members and rankings.

use planisphere_olap::query::{CubeQuery, parse_top};

use crate::shop::{check, fault, filters, query};

fn narrowed(query: CubeQuery, sets: &[&str]) -> CubeQuery {
    CubeQuery {
        sets: sets.iter().map(|name| (*name).to_owned()).collect(),
        ..query
    }
}

/// The answer in lines.
fn said(query: &CubeQuery) -> Vec<String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer = crate::shop::shop();
    runtime
        .block_on(crate::shop::answer(&answer, query))
        .unwrap()
}

#[test]
fn a_set_is_its_conditions_and_rankings() {
    let mut plain = query(
        "lines, customers, net_amount",
        "customer.segment, product.category",
    );
    plain.axes[0] = plain.axes[0].clone().with_subtotals();
    let written = CubeQuery {
        filters: filters(["customer.segment.segment in A, B"]),
        tops: vec![parse_top("customer.geography.customer where lines > 1").unwrap()],
        ..plain.clone()
    };
    let by_name = said(&narrowed(plain.clone(), &["grown"]));
    assert_eq!(by_name, said(&written));
    assert_ne!(by_name, said(&plain));
}

#[test]
fn sets_narrow_a_question_before_its_own_rankings() {
    // of all segments B has the least amount, 23.25; of the best category, which has 60.25 beside 45.75, B has nothing
    let asked = CubeQuery {
        tops: vec![parse_top("bottom 1 customer.segment.segment by net_amount").unwrap()],
        ..query("lines", "product.category, customer.segment")
    };
    check(
        &narrowed(asked, &["best_category"]),
        &["Zu Hause | (not given) | 1"],
    );
}

#[test]
fn sets_that_are_none_and_sets_asked_twice_are_refused() {
    let unknown = fault(&narrowed(query("lines", ""), &["gron"])).to_string();
    assert!(unknown.contains("did you mean 'grown'"), "{unknown}");
    let twice = fault(&narrowed(query("lines", ""), &["grown", "grown"])).to_string();
    assert!(twice.contains("asked twice"), "{twice}");
}
