//! Pivots and subtotals, right for measures that cannot be added up.

use planisphere_olap::query::{Axis, CubeQuery, Subtotals};
use planisphere_olap::{Caller, CellState, Exactness, plain_cells};

use crate::shop::{answer, check, filters, query, shop};

fn with_subtotals(mut query: CubeQuery, axes: &[usize]) -> CubeQuery {
    for axis in axes {
        query.axes[*axis].subtotals = Subtotals::All;
    }
    query
}

#[test]
fn a_pivot_has_a_row_for_each_combination_with_facts() {
    check(
        &query("net_amount", "customer.segment | product.category"),
        &[
            "A | Zu Hause | 40.0000",
            "A | Writing | 15.5000",
            "B | Writing | 23.2500",
            "(not given) | Zu Hause | 20.2500",
            "(not given) | Writing | 7.0000",
        ],
    );
}

#[test]
fn subtotals_of_distinct_counts_medians_and_ratios_come_from_the_detail() {
    let totals = with_subtotals(
        query(
            "customers, orders, median_amount, price, lines",
            "order_date.calendar.year, customer.segment",
        ),
        &[0],
    );
    check(
        &totals,
        &[
            "2023 | A | 1 | 1 | 40.0000000000 | 10.0000000000 | 1",
            "2023 | Total | 1 | 1 | 40.0000000000 | 10.0000000000 | 1",
            "2024 | A | 2 | 2 | 7.7500000000 | 5.1666666667 | 2",
            "2024 | B | 2 | 2 | 11.6250000000 | 4.6500000000 | 2",
            "2024 | (not given) | 1 | 2 | 13.6250000000 | 13.6250000000 | 2",
            "2024 | Total | 4 | 5 | 9.1250000000 | 6.6000000000 | 6",
            "Total | Total | 4 | 6 | 10.0000000000 | 7.5714285714 | 7",
        ],
    );
}

#[test]
fn subtotals_that_merge_the_states_of_finer_groups_are_those_of_the_detail() {
    let totals = with_subtotals(
        query(
            "customers, orders, price, lines, net_amount, average_amount",
            "order_date.calendar.year, customer.segment",
        ),
        &[0],
    );
    check(
        &totals,
        &[
            "2023 | A | 1 | 1 | 10.0000000000 | 1 | 40.0000 | 40.0000000000",
            "2023 | Total | 1 | 1 | 10.0000000000 | 1 | 40.0000 | 40.0000000000",
            "2024 | A | 2 | 2 | 5.1666666667 | 2 | 15.5000 | 7.7500000000",
            "2024 | B | 2 | 2 | 4.6500000000 | 2 | 23.2500 | 11.6250000000",
            "2024 | (not given) | 1 | 2 | 13.6250000000 | 2 | 27.2500 | 13.6250000000",
            "2024 | Total | 4 | 5 | 6.6000000000 | 6 | 66.0000 | 11.0000000000",
            "Total | Total | 4 | 6 | 7.5714285714 | 7 | 106.0000 | 15.1428571429",
        ],
    );
}

#[test]
fn states_are_those_of_one_period_and_totals_too() {
    let totals = with_subtotals(
        query(
            "last_quantity, first_amount, last_weight, daily_quantity, high_amount",
            "order_date.calendar.year",
        ),
        &[0],
    );
    check(
        &totals,
        &[
            "2023 | 4 | 40.0000 | 0.1 | 4.0000000000 | 40.0000000000",
            "2024 | 3 | 10.0000 | 0.1 | 2.0000000000 | 17.6250000000",
            "Total | 3 | 40.0000 | 0.1 | 2.3333333333 | 28.1500000000",
        ],
    );
    check(
        &query("last_quantity, first_amount", "customer.segment"),
        &[
            "A | 1 | 40.0000",
            "B | 2 | 15.0000",
            "(not given) | 1 | 7.0000",
        ],
    );
}

#[tokio::test]
async fn approximate_values_say_so_and_how_far_off_they_may_be() {
    let measures =
        "customers, rough_customers, rough_orders, rough_high_amount, rough_orders_twice";
    let totals = with_subtotals(query(measures, "order_date.calendar.year"), &[0]);
    let answer = shop().query(&Caller::default(), &totals).await.unwrap();
    let (header, batches) = answer.collect().await.unwrap();
    let cells = plain_cells(&header, &batches).unwrap();
    let total = |measure: &str| {
        let at = cells.measures.iter().position(|it| it == measure).unwrap();
        let mut cells = cells.cells.iter().filter(|cell| cell.measure == at);
        let cell = cells.next_back().unwrap();
        let value = cell.value.as_ref().unwrap().to_string();
        (value.parse::<f64>().unwrap(), cell.exactness)
    };
    assert_eq!(total("customers"), (4.0, Exactness::Exact));
    // few values are told apart by their hashes
    let error = Some(0.0325);
    assert_eq!(
        total("rough_customers"),
        (4.0, Exactness::Approximate { error })
    );
    assert_eq!(
        total("rough_orders"),
        (6.0, Exactness::Approximate { error })
    );
    let error = Some(0.01);
    let (value, exactness) = total("rough_high_amount");
    assert_eq!(exactness, Exactness::Approximate { error });
    // of seven amounts the sixth
    assert!((value - 20.25).abs() <= 0.2025, "{value}");
    let error = None;
    assert_eq!(
        total("rough_orders_twice"),
        (12.0, Exactness::Approximate { error })
    );
}

#[test]
fn the_total_of_no_facts_counts_none() {
    for (measures, total) in [
        ("lines, customers, net_amount", "Total | 0 | 0 | ∅"),
        ("lines, median_amount", "Total | 0 | ∅"),
    ] {
        let mut nothing = with_subtotals(query(measures, "customer.segment"), &[0]);
        nothing.filters = filters(["order_date.calendar.year = 2023", "customer.segment = B"]);
        check(&nothing, &[total]);
    }
}

#[test]
fn each_axis_has_subtotals_of_its_own() {
    let totals = with_subtotals(
        query("lines, customers", "customer.country | product.category"),
        &[0, 1],
    );
    check(
        &totals,
        &[
            "CN | Zu Hause | 1 | 1",
            "CN | Writing | 2 | 1",
            "CN | Total | 3 | 2",
            "DE | Zu Hause | 1 | 1",
            "DE | Writing | 2 | 2",
            "DE | Total | 3 | 2",
            "(not given) | Writing | 1 | 0",
            "(not given) | Total | 1 | 0",
            "Total | Zu Hause | 2 | 2",
            "Total | Writing | 5 | 3",
            "Total | Total | 7 | 4",
        ],
    );
}

#[test]
fn levels_of_one_hierarchy_on_two_axes_keep_their_totals_apart() {
    let mut both = query(
        "lines",
        "order_date.calendar.year | order_date.calendar.quarter",
    );
    both.axes[0].subtotals = Subtotals::All;
    both.filters = filters(["customer.segment = A"]);
    check(
        &both,
        &[
            "2023 | 2023 | Q4 | 1",
            "2024 | 2024 | Q1 | 2",
            "Total | 2023 | Q4 | 1",
            "Total | 2024 | Q1 | 2",
        ],
    );
}

#[test]
fn a_drill_down_adds_up_to_what_it_came_from() {
    let mut months = query(
        "net_amount",
        "order_date.calendar.year, order_date.calendar.month",
    );
    months.axes[0].subtotals = Subtotals::All;
    check(
        &months,
        &[
            "2023 | 4 | December | 40.0000",
            "2023 | ∅ | Total | 40.0000",
            "2024 | 1 | January | 15.5000",
            "2024 | 1 | February | 7.0000",
            "2024 | 2 | April | 43.5000",
            "2024 | ∅ | Total | 66.0000",
            "Total | ∅ | Total | 106.0000",
        ],
    );
}

#[tokio::test]
async fn special_members_and_totals_are_told_apart_by_their_columns() {
    let totals = with_subtotals(query("lines", "customer.segment"), &[0]);
    let result = shop().query(&Caller::default(), &totals).await.unwrap();
    let (header, batches) = result.collect().await.unwrap();
    let names: Vec<&str> = header
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let level = "customer.segment.segment";
    let expected = ["", ".special", ".caption", ".subtotal"].map(|part| format!("{level}{part}"));
    assert_eq!(names[..4], expected);
    assert_eq!(
        crate::shop::lines(&batches),
        [
            "A | ∅ | A | false | 3",
            "B | ∅ | B | false | 2",
            "∅ | not_given | (not given) | false | 2",
            "∅ | ∅ | Total | true | 7",
        ]
    );
    assert_eq!(batches[0].schema().field(0).name(), level);
}

#[tokio::test]
async fn plain_cells_have_ordered_axes_and_states() {
    let mut pivot = query(
        "smallest, average_amount",
        "customer.segment | product.category, product.product",
    );
    pivot.axes[1] = pivot.axes[1].clone().with_subtotals();
    pivot.filters = filters(["customer.segment in A, B"]);
    let result = shop().query(&Caller::default(), &pivot).await.unwrap();
    let (header, batches) = result.collect().await.unwrap();
    let cells = plain_cells(&header, &batches).unwrap();
    let axis = |number: usize| -> Vec<String> {
        let tuples = cells.axes[number].iter();
        tuples
            .map(|tuple| {
                let members = tuple.members.iter();
                members
                    .map(|it| format!("{}={}", it.path, it.caption))
                    .collect::<Vec<_>>()
                    .join(", ")
            })
            .collect()
    };
    assert_eq!(axis(0), ["A=A", "B=B"]);
    assert_eq!(
        axis(1),
        [
            "H=Zu Hause, H/P3=Cup",
            "H=Zu Hause, H=Total",
            "W=Writing, W/P1=Pen",
            "W=Writing, W/P2=Pad",
            "W=Writing, W=Total",
            "=Total, =Total",
        ]
    );
    assert_eq!(cells.measures, ["smallest", "average_amount"]);
    // A has no pens in the deleted row's place: (A, Pen) 10, (A, Pad) 5.5; B has no cups at all.
    assert!(
        cells
            .cells
            .iter()
            .all(|cell| cell.state == CellState::Value)
    );
    let value = |coordinates: [usize; 2], measure: usize| {
        let mut found = cells
            .cells
            .iter()
            .filter(|cell| cell.coordinates == coordinates && cell.measure == measure);
        found
            .next()
            .map(|cell| cell.value.as_ref().unwrap().to_string())
    };
    assert_eq!(value([0, 2], 0).as_deref(), Some("10.0000"));
    assert_eq!(value([0, 5], 1).as_deref(), Some("18.5000000000"));
    assert_eq!(value([1, 0], 0), None);
}

#[test]
fn an_empty_axis_changes_nothing() {
    let mut query = query("lines", "customer.segment");
    query.axes.insert(0, Axis::default());
    check(&query, &["A | 3", "B | 2", "(not given) | 2"]);
}

/// All measures of the cube, so that no kind is left out; a float sum is fixed for a query, not between two.
const EVERY_MEASURE: &str = "net_amount, quantity, lines, bulk_lines, customers, products, orders, \
     average_amount, average_quantity, average_weight, median_amount, median_quantity, smallest, \
     greatest, big, huge, price, bulk_share, twice_price, price_or_zero";

/// The measures of the rows whose members are `Total` at these captions, in order.
fn totals_at(rows: &[String], captions: usize, totals: &[usize]) -> Vec<String> {
    let split = |row: &String| row.split(" | ").map(str::to_owned).collect::<Vec<_>>();
    rows.iter()
        .map(split)
        .filter(|row| (0..captions).all(|at| (row[at] == "Total") == totals.contains(&at)))
        .map(|row| {
            let shown = row
                .iter()
                .enumerate()
                .filter(|(at, _)| !totals.contains(at));
            shown
                .map(|(_, text)| text.clone())
                .collect::<Vec<_>>()
                .join(" | ")
        })
        .collect()
}

#[tokio::test]
async fn every_subtotal_of_every_measure_equals_the_query_without_the_level() {
    let service = shop();
    let ask = async |axes: &str, subtotals: Subtotals| {
        let mut query = query(EVERY_MEASURE, axes);
        query
            .axes
            .iter_mut()
            .for_each(|axis| axis.subtotals = subtotals.clone());
        crate::shop::answer(&service, &query).await.unwrap()
    };
    let all = ask(
        "customer.segment, product.category | order_date.calendar.year",
        Subtotals::All,
    )
    .await;
    let cases: [(&[usize], &str); 6] = [
        (
            &[],
            "customer.segment, product.category | order_date.calendar.year",
        ),
        (&[1], "customer.segment | order_date.calendar.year"),
        (&[0, 1], "order_date.calendar.year"),
        (&[2], "customer.segment, product.category"),
        (&[1, 2], "customer.segment"),
        (&[0, 1, 2], ""),
    ];
    for (totals, axes) in cases {
        let expected = ask(axes, Subtotals::None).await;
        assert!(!expected.is_empty());
        assert_eq!(totals_at(&all, 3, totals), expected, "{axes}");
    }
}

#[tokio::test]
async fn one_column_on_three_axes_keeps_the_order_of_each() {
    let quarters = with_subtotals(
        query(
            "lines",
            "order_date.calendar.day | order_date.calendar.month | order_date.calendar.quarter",
        ),
        &[0, 1, 2],
    );
    let rows = answer(&shop(), &quarters).await.unwrap();
    let of_quarters: Vec<&str> = rows
        .iter()
        .filter(|row| row.matches("Total").count() == 2)
        .filter_map(|row| row.rsplit_once("Total | "))
        .map(|(_, rest)| rest)
        .filter(|rest| rest.contains("202"))
        .collect();
    let expected = ["2023 | Q4 | 1", "2024 | Q1 | 3", "2024 | Q2 | 3"];
    assert_eq!(of_quarters, expected, "{rows:?}");
}
