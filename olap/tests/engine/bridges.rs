//! Dimensions of which a fact has many members: in each cell a fact takes part once, or by its weight.

use planisphere_olap::query::{CubeQuery, History, parse_sort, parse_top};
use planisphere_olap::{Caller, DetailQuery};

use crate::shop::{check, fault, filters, query, shop};

fn visits(measures: &str, axes: &str) -> CubeQuery {
    CubeQuery {
        cube: "visits".into(),
        ..query(measures, axes)
    }
}

fn with_totals(mut query: CubeQuery) -> CubeQuery {
    for axis in &mut query.axes {
        axis.subtotals = planisphere_olap::query::Subtotals::All;
    }
    query
}

const ALL: &str = "minutes, shared_minutes, visits, shared_visits, average_minutes";

#[test]
fn totals_count_each_fact_once_and_weights_add_up_to_them() {
    check(
        &with_totals(visits(ALL, "topic.category, topic.product")),
        &[
            "Zu Hause | Cup | 30 | 6.0000000000 | 1 | 0.2000000000 | 30.0000000000",
            "Zu Hause | Total | 30 | 6.0000000000 | 1 | 0.2000000000 | 30.0000000000",
            "Writing | Pen | 60 | 37.0000000000 | 3 | 2.1000000000 | 20.0000000000",
            "Writing | Pad | 50 | 17.0000000000 | 2 | 0.7000000000 | 25.0000000000",
            // the first and the third visit have both products
            "Writing | Total | 60 | 54.0000000000 | 3 | 2.8000000000 | 20.0000000000",
            "(not given) | (not given) | 5 | 5.0000000000 | 1 | 1.0000000000 | 5.0000000000",
            "(not given) | Total | 5 | 5.0000000000 | 1 | 1.0000000000 | 5.0000000000",
            "Total | Total | 65 | 65.0000000000 | 4 | 4.0000000000 | 16.2500000000",
        ],
    );
    check(
        &visits("minutes, shared_minutes, shared_visits", ""),
        &["65 | 65.0000000000 | 4.0000000000"],
    );
}

#[test]
fn members_of_bridges_are_those_of_the_history_mode() {
    let mut segments = with_totals(visits(
        "minutes, shared_minutes, visits",
        "attendee.segment",
    ));
    check(
        &segments,
        &[
            "A | 60 | 30.0000000000 | 3",
            "B | 55 | 35.0000000000 | 3",
            "Total | 65 | 65.0000000000 | 4",
        ],
    );
    segments.history = History::AsIs;
    check(
        &segments,
        &[
            "A | 40 | 25.0000000000 | 2",
            "B | 55 | 40.0000000000 | 3",
            "Total | 65 | 65.0000000000 | 4",
        ],
    );
}

#[test]
fn bridges_stand_beside_each_other_and_beside_roles() {
    check(
        &visits(
            "minutes, shared_minutes",
            "topic.category | attendee.segment",
        ),
        &[
            "Zu Hause | A | 30 | 3.0000000000",
            "Zu Hause | B | 30 | 3.0000000000",
            "Writing | A | 60 | 27.0000000000",
            "Writing | B | 50 | 27.0000000000",
            "(not given) | B | 5 | 5.0000000000",
        ],
    );
    check(
        &with_totals(visits("minutes", "customer.segment | topic.category")),
        &[
            "A | Writing | 10",
            "A | Total | 10",
            "B | Zu Hause | 30",
            "B | Writing | 50",
            "B | Total | 50",
            "(not given) | (not given) | 5",
            "(not given) | Total | 5",
            "Total | Zu Hause | 30",
            "Total | Writing | 60",
            "Total | (not given) | 5",
            "Total | Total | 65",
        ],
    );
}

#[test]
fn totals_without_a_bridge_stand_beside_those_with_one_whatever_the_order_of_levels() {
    let lines = with_totals(visits(
        "minutes",
        "customer.segment, topic.category, day.calendar.year",
    ));
    check(
        &lines,
        &[
            "A | Writing | 2024 | 10",
            "A | Writing | Total | 10",
            "A | Total | Total | 10",
            "B | Zu Hause | 2024 | 30",
            "B | Zu Hause | Total | 30",
            "B | Writing | 2024 | 50",
            "B | Writing | Total | 50",
            "B | Total | Total | 50",
            "(not given) | (not given) | 2024 | 5",
            "(not given) | (not given) | Total | 5",
            "(not given) | Total | Total | 5",
            "Total | Total | Total | 65",
        ],
    );
}

#[test]
fn numbers_of_the_fact_stand_beside_bridges() {
    check(
        &visits("minutes, visits", "place.room, topic.category"),
        &[
            "1 | Zu Hause | 30 | 1",
            "1 | Writing | 40 | 2",
            "2 | Writing | 20 | 1",
            "2 | (not given) | 5 | 1",
        ],
    );
    let ranked = CubeQuery {
        tops: vec![parse_top("1 place.room by minutes").unwrap()],
        ..with_totals(visits("minutes", "place.room"))
    };
    check(&ranked, &["1 | 40", "Total | 40"]);
}

#[test]
fn a_filter_keeps_the_facts_of_its_members_and_their_weights() {
    let mut some = visits(ALL, "");
    some.filters = filters(["topic.product in P2, P3"]);
    check(
        &some,
        &["50 | 23.0000000000 | 2 | 0.9000000000 | 25.0000000000"],
    );
    // one and the same member has to be admitted by all filters
    some.filters = filters(["topic.product in P2, P3", "topic.category = W"]);
    check(
        &some,
        &["50 | 17.0000000000 | 2 | 0.7000000000 | 25.0000000000"],
    );
    let mut by_product = with_totals(visits("minutes, shared_minutes", "topic.product"));
    by_product.filters = filters(["topic.category = W", "attendee.segment = B"]);
    check(
        &by_product,
        &[
            "W | Pen | 50 | 16.5000000000",
            "W | Pad | 50 | 10.5000000000",
            "∅ | Total | 50 | 27.0000000000",
        ],
    );
}

#[test]
fn rankings_of_members_of_bridges_narrow_the_question() {
    let ranked = |top: &str, query: CubeQuery| CubeQuery {
        tops: vec![parse_top(top).unwrap()],
        ..query
    };
    let products = || with_totals(visits("minutes, visits", "topic.product"));
    check(
        &ranked("bottom 1 topic.product by shared_minutes", products()),
        &["∅ | (not given) | 5 | 1", "∅ | Total | 5 | 1"],
    );
    check(
        &ranked("1 topic.product by minutes per topic.category", products()),
        &[
            "W | Pen | 60 | 3",
            "H | Cup | 30 | 1",
            "∅ | (not given) | 5 | 1",
            "∅ | Total | 65 | 4",
        ],
    );
    // customers of visits about pads, the one with the most minutes
    let mut customers = with_totals(visits("minutes", "customer.customer"));
    customers.filters = filters(["topic.product = P2"]);
    check(
        &ranked("1 customer.customer by minutes", customers),
        &["CN | Ann Wu | 30", "∅ | Total | 30"],
    );
}

#[test]
fn what_has_no_answer_by_a_bridge_is_refused() {
    let said = fault(&visits("visits_to_date", "topic.category")).to_string();
    assert!(
        said.contains("'visits_to_date'") || said.contains("to_date(visits"),
        "{said}"
    );
    let ranked = CubeQuery {
        tops: vec![parse_top("1 topic.product by minutes per customer.segment").unwrap()],
        ..visits("minutes", "topic.product")
    };
    let said = fault(&ranked).to_string();
    assert!(said.contains("are not ranked within"), "{said}");
}

#[tokio::test]
async fn drill_through_gives_each_fact_of_a_cell_once() {
    let cell = planisphere_olap::query::MemberRef {
        level: "topic.category".parse().unwrap(),
        path: planisphere_olap::query::MemberPath(vec!["W".into()]),
    };
    let detail = DetailQuery {
        query: visits("minutes, shared_minutes, visits", "topic.category"),
        cell: vec![cell],
        ..DetailQuery::default()
    };
    let found = shop().drill_through(&Caller::default(), &detail).await;
    let found = found.unwrap();
    assert_eq!(found.total_rows, 3);
    let totals: Vec<Option<&str>> = found.totals.iter().map(|it| it.value.as_deref()).collect();
    assert_eq!(totals, [Some("60"), Some("54.0000000000"), Some("3")]);
    let (_, rows) = found.page.collect().await.unwrap();
    assert_eq!(rows.iter().map(|rows| rows.num_rows()).sum::<usize>(), 3);
}

#[test]
fn a_page_of_rows_sorted_by_a_measure_begins_as_all_of_them_do() {
    let mut sorted = with_totals(visits("minutes", "topic.product"));
    sorted.sort = vec![parse_sort("-minutes").unwrap()];
    let all = [
        "W | Pen | 60",
        "W | Pad | 50",
        "H | Cup | 30",
        "∅ | (not given) | 5",
        "∅ | Total | 65",
    ];
    check(&sorted, &all);
    sorted.limit = Some(2);
    check(&sorted, &all[..2]);
}

#[test]
fn rankings_by_different_measures_narrow_one_after_another_beside_a_bridge() {
    let tops = [
        "customer.segment where minutes > 20",
        "topic.product where shared_visits >= 1",
    ];
    let kept = CubeQuery {
        tops: tops.map(|text| parse_top(text).unwrap()).into(),
        ..visits("minutes", "topic.product")
    };
    // segment B alone has more minutes; of its two visits pens have 0.5 and 0.6, pads 0.3 and 0.4
    check(&kept, &["W | Pen | 50"]);
}
