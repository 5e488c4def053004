//! A cube across others: orders, deliveries and visits side by side, by the dimensions that they share.

use planisphere_olap::query::{CubeQuery, History, parse_measure_filter, parse_sort, parse_top};
use planisphere_olap::{Caller, DetailQuery};

use crate::shop::{check, fault, filters, lines, query, shop};

fn across(measures: &str, axes: &str) -> CubeQuery {
    CubeQuery {
        cube: "customers".into(),
        ..query(measures, axes)
    }
}

fn with_totals(mut query: CubeQuery) -> CubeQuery {
    for axis in &mut query.axes {
        axis.subtotals = planisphere_olap::query::Subtotals::All;
    }
    query
}

#[test]
fn every_cube_counts_its_own_facts_once_and_rows_are_of_all_of_them() {
    let months = with_totals(across(
        "amount, shipped, visits, average_minutes, amount_per_visit",
        "date.calendar.month",
    ));
    check(
        &months,
        &[
            "2023 | 4 | December | 40.0000 | ∅ | ∅ | ∅ | ∅",
            "2024 | 1 | January | 15.5000 | 45.5000 | 2 | 20.0000000000 | 7.7500000000",
            "2024 | 1 | February | 7.0000 | 17.0000 | ∅ | ∅ | ∅",
            "2024 | 1 | March | ∅ | ∅ | 1 | 20.0000000000 | ∅",
            "2024 | 2 | April | 43.5000 | ∅ | 1 | 5.0000000000 | 43.5000000000",
            "2024 | 2 | May | ∅ | 28.5000 | ∅ | ∅ | ∅",
            "∅ | ∅ | (not applicable) | ∅ | 15.0000 | ∅ | ∅ | ∅",
            "∅ | ∅ | Total | 106.0000 | 106.0000 | 4 | 16.2500000000 | 26.5000000000",
        ],
    );
    check(
        &across("amount, visits, amount_per_visit", ""),
        &["106.0000 | 4 | 26.5000000000"],
    );
}

#[test]
fn members_are_those_of_the_history_mode_in_every_cube() {
    let mut segments = across("amount, buyers, visits, visited", "customer.segment");
    check(
        &segments,
        &[
            "A | 55.5000 | 2 | 1 | 1",
            "B | 23.2500 | 2 | 2 | 2",
            "(not given) | 27.2500 | 1 | 1 | 0",
        ],
    );
    segments.history = History::AsIs;
    check(
        &segments,
        &[
            "A | 45.5000 | 1 | 1 | 1",
            "B | 33.2500 | 2 | 2 | 2",
            "(not given) | 27.2500 | 1 | 1 | 0",
        ],
    );
}

#[test]
fn contexts_are_told_for_rows_that_only_another_cube_has_facts_for() {
    let months = across(
        "amount, amount_before, buyers_to_date, visits_to_date",
        "date.calendar.month",
    );
    check(
        &months,
        &[
            "2023 | 4 | December | 40.0000 | ∅ | 1.0000000000 | ∅",
            "2024 | 1 | January | 15.5000 | 40.0000000000 | 2.0000000000 | 2.0000000000",
            "2024 | 1 | February | 7.0000 | 15.5000000000 | 2.0000000000 | 2.0000000000",
            "2024 | 1 | March | ∅ | 7.0000000000 | 2.0000000000 | 3.0000000000",
            "2024 | 2 | April | 43.5000 | ∅ | 4.0000000000 | 4.0000000000",
        ],
    );
}

#[test]
fn filters_rankings_and_orders_hold_for_all_cubes() {
    let mut segments = across("amount, visits, amount_per_visit", "customer.segment");
    segments.filters = filters(["date.calendar.year = 2024", "customer.country in CN, DE"]);
    check(
        &segments,
        &[
            "A | 15.5000 | 1 | 15.5000000000",
            "B | 23.2500 | 2 | 11.6250000000",
            "(not given) | 20.2500 | ∅ | ∅",
        ],
    );
    let ranked = CubeQuery {
        tops: vec![parse_top("1 customer.segment by amount_per_visit").unwrap()],
        ..with_totals(across("amount, visits", "customer.segment"))
    };
    check(&ranked, &["A | 55.5000 | 1", "Total | 55.5000 | 1"]);
    let bottom = CubeQuery {
        tops: vec![
            parse_top("bottom 1 customer.segment by amount_per_visit per date.calendar.year")
                .unwrap(),
        ],
        ..across("amount, visits", "date.calendar.year, customer.segment")
    };
    // without visits there is no quotient, which comes last
    check(
        &bottom,
        &["2023 | A | 40.0000 | ∅", "2024 | B | 23.2500 | 2"],
    );
    let sorted = CubeQuery {
        measure_filters: vec![parse_measure_filter("visits >= 1").unwrap()],
        sort: vec![parse_sort("-amount_per_visit").unwrap()],
        ..across("visits, amount_per_visit", "customer.segment")
    };
    check(
        &sorted,
        &[
            "A | 1 | 55.5000000000",
            "(not given) | 1 | 27.2500000000",
            "B | 2 | 11.6250000000",
        ],
    );
}

#[test]
fn a_default_of_a_part_holds_in_a_ranking_only_where_it_holds_in_the_question() {
    let ranked = |axes: &str| CubeQuery {
        tops: vec![parse_top("date.calendar.year where calls > 2").unwrap()],
        ..across("calls", axes)
    };
    check(&across("calls", "date.calendar.year"), &["2024 | 1"]);
    check(&ranked("date.calendar.year"), &[]);
    check(
        &ranked("customer.segment"),
        &["A | 1", "B | 2", "(not given) | 1"],
    );
}

#[test]
fn a_dimension_that_a_cube_lacks_is_refused_and_serves_the_others() {
    check(
        &across("amount, shipped", "product.product"),
        &[
            "H | Cup | 60.2500 | 60.2500",
            "W | Pen | 32.0000 | 32.0000",
            "W | Pad | 13.7500 | 13.7500",
        ],
    );
    for asked in [
        across("amount, visits", "product.product"),
        across("amount_per_visit", "product.product"),
        CubeQuery {
            filters: filters(["product.category = W"]),
            ..across("visits", "customer.segment")
        },
    ] {
        let said = fault(&asked).to_string();
        assert!(
            said.contains("dimension 'product' is not one of cube 'visits'"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn drill_through_gives_the_rows_of_the_cube_that_the_measures_are_of() {
    let service = shop();
    let detail = |measures: &str| DetailQuery {
        query: across(measures, "customer.segment"),
        cell: vec![planisphere_olap::query::MemberRef {
            level: "customer.segment".parse().unwrap(),
            path: planisphere_olap::query::MemberPath(vec!["A".into()]),
        }],
        ..DetailQuery::default()
    };
    let found = service
        .drill_through(&Caller::default(), &detail("amount, buyers"))
        .await
        .unwrap();
    assert_eq!(found.total_rows, 3);
    let totals = found.totals.iter();
    let totals: Vec<_> = totals
        .map(|it| (it.measure.as_str(), it.value.as_deref()))
        .collect();
    assert_eq!(totals, [("amount", Some("55.5000")), ("buyers", Some("2"))]);
    let (_, rows) = found.page.collect().await.unwrap();
    assert_eq!(lines(&rows).len(), 3);
    let refused = service
        .drill_through(&Caller::default(), &detail("amount, visits"))
        .await;
    let said = refused.err().unwrap().to_string();
    assert!(said.contains("fact rows of sales and visits"), "{said}");
}

#[test]
fn rankings_by_measures_of_several_cubes_narrow_one_after_another() {
    let tops = [
        "customer.segment where visits > 1",
        "1 customer.customer by amount",
    ];
    let kept = CubeQuery {
        tops: tops.map(|text| parse_top(text).unwrap()).into(),
        ..across("amount, visits", "customer.customer")
    };
    // segment B alone was visited twice; in it Ann bought for 15.00 and was visited once, Dora bought for 8.25
    check(&kept, &["CN | Ann Wu | 15.0000 | 1"]);
}
