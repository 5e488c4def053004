//! Sorting and top-N, ties included.

use planisphere_olap::query::{CubeQuery, parse_sort, parse_top};

use planisphere_olap::exec::Limits;
use planisphere_olap::{Caller, DetailQuery};

use crate::shop::{Sale, answer, check, filters, lines, query, sales, shop_with};

fn top(text: &str, query: CubeQuery) -> CubeQuery {
    CubeQuery {
        tops: vec![parse_top(text).unwrap()],
        ..query
    }
}

#[test]
fn rows_are_sorted_by_measures_then_by_members() {
    let sorted = CubeQuery {
        sort: vec![parse_sort("-lines").unwrap()],
        ..query("lines", "customer.customer")
    };
    check(
        &sorted,
        &[
            "CN | Ann Wu | 2",
            "DE | Bob | 2",
            "CN | 陈 | 1",
            "DE | Dora | 1",
            "∅ | (not given) | 1",
        ],
    );
    let by_level = CubeQuery {
        sort: vec![parse_sort("customer.segment.segment desc").unwrap()],
        ..query("lines", "customer.segment")
    };
    check(&by_level, &["B | 2", "A | 3", "(not given) | 2"]);
}

#[test]
fn sorting_by_a_measure_keeps_totals_after_their_parts() {
    let mut sorted = query("net_amount", "customer.segment");
    sorted.axes[0].subtotals = planisphere_olap::query::Subtotals::All;
    sorted.sort = vec![parse_sort("net_amount").unwrap()];
    check(
        &sorted,
        &[
            "B | 23.2500",
            "(not given) | 27.2500",
            "A | 55.5000",
            "Total | 106.0000",
        ],
    );
}

#[test]
fn the_top_members_are_kept_ties_by_key() {
    let best = top("2 by net_amount", query("net_amount", "customer.customer"));
    check(&best, &["DE | Bob | 45.5000", "CN | Ann Wu | 25.0000"]);
    // Ann and Bob have 2 lines each, all others one: CN/C3 comes before DE/C4 and "not given".
    let tied = top("3 by lines", query("lines", "customer.customer"));
    check(&tied, &["CN | Ann Wu | 2", "DE | Bob | 2", "CN | 陈 | 1"]);
    let worst = top(
        "bottom 1 by net_amount",
        query("net_amount", "product.product"),
    );
    check(&worst, &["W | Pad | 13.7500"]);
}

#[test]
fn the_top_is_found_anew_within_each_parent() {
    let per = top(
        "1 customer.geography.customer by net_amount per customer.geography.country",
        query("net_amount", "customer.country, customer.customer"),
    );
    check(
        &per,
        &[
            "CN | Ann Wu | 25.0000",
            "DE | Bob | 45.5000",
            "(not given) | (not given) | 7.0000",
        ],
    );
    let per_year = top(
        "1 product.product.product by quantity per order_date.calendar.year",
        query("quantity", "order_date.calendar.year, product.product"),
    );
    check(&per_year, &["2023 | H | Cup | 4", "2024 | W | Pen | 6"]);
}

#[test]
fn totals_of_a_ranking_are_totals_of_what_is_kept() {
    let mut best = top(
        "1 product.product.category by quantity",
        query("quantity", "product.category"),
    );
    best.axes[0].subtotals = planisphere_olap::query::Subtotals::All;
    best.filters = filters(["order_date.calendar.year = 2024"]);
    check(&best, &["Writing | 9", "Total | 9"]);
}

#[test]
fn each_ranking_is_within_what_those_before_it_have_left() {
    let both = |tops: [&str; 2]| CubeQuery {
        tops: tops.map(|text| parse_top(text).unwrap()).into(),
        ..query("net_amount, quantity", "product.product, customer.customer")
    };
    let customers = "2 customer.geography.customer by net_amount";
    let product = "1 product.product.product by quantity";
    // Bob and Ann have bought most; of that Ann's five pens are the most pieces
    check(
        &both([customers, product]),
        &["W | Pen | CN | Ann Wu | 25.0000 | 5"],
    );
    // of all pieces pens are the most too, and of pens Ann and who is not given have bought most
    check(
        &both([product, customers]),
        &[
            "W | Pen | CN | Ann Wu | 25.0000 | 5",
            "W | Pen | ∅ | (not given) | 7.0000 | 1",
        ],
    );
}

#[test]
fn members_for_which_a_measure_holds_are_kept_with_their_totals() {
    let mut rich = top(
        "customer.geography.customer where net_amount > 20",
        query("net_amount", "product.category"),
    );
    rich.axes[0].subtotals = planisphere_olap::query::Subtotals::All;
    // Bob 45.50, Ann 25.00 and 陈 20.25
    check(
        &rich,
        &["Zu Hause | 60.2500", "Writing | 30.5000", "Total | 90.7500"],
    );
    // and of these the one with the least
    rich.tops
        .push(parse_top("bottom 1 customer.geography.customer by net_amount").unwrap());
    check(&rich, &["Zu Hause | 20.2500", "Total | 20.2500"]);
    let none = top(
        "customer.geography.customer where net_amount > 1000",
        query("net_amount", "product.category"),
    );
    check(&none, &[]);
}

#[test]
fn a_ranking_by_a_calculated_measure_needs_none_of_the_shown_ones() {
    let best = top(
        "1 product.product.category by price",
        query("lines", "product.category"),
    );
    check(&best, &["Zu Hause | 2"]);
}

#[test]
fn an_asked_order_goes_before_the_order_of_the_ranking() {
    let best = CubeQuery {
        sort: vec![parse_sort("order_date.calendar.month desc").unwrap()],
        ..top(
            "2 order_date.calendar.month by lines",
            query(
                "lines",
                "order_date.calendar.year, order_date.calendar.month",
            ),
        )
    };
    check(&best, &["2024 | 2 | April | 3", "2024 | 1 | January | 2"]);
}

/// Many rows, each an order of its own, in an order that is none.
fn many_orders() -> Vec<Sale> {
    let rows = (0..120_000_u64).map(|row| {
        let number = format!("O{:06}", row.wrapping_mul(7_919) % 120_000);
        Sale {
            order: Box::leak(number.into_boxed_str()),
            ..sales()[0].clone()
        }
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_many_batches_keep_their_order() {
    let service = shop_with(many_orders(), Limits::default());
    let orders = query("lines", "document.order_number");
    let rows = answer(&service, &orders).await.unwrap();
    assert_eq!(rows.len(), 120_000);
    assert!(rows.is_sorted());
    let detail = DetailQuery {
        query: query("lines", ""),
        ..DetailQuery::default()
    };
    let detail = service
        .drill_through(&Caller::default(), &detail)
        .await
        .unwrap();
    assert_eq!(detail.total_rows, 120_000);
    let (_, batches) = detail.page.collect().await.unwrap();
    let expected: Vec<String> = {
        let mut rows: Vec<(String, &str)> = many_orders()
            .iter()
            .enumerate()
            .map(|(row, sale)| (format!("r{row}"), sale.order))
            .collect();
        rows.sort();
        rows.into_iter()
            .map(|(_, order)| order.to_owned())
            .collect()
    };
    let orders: Vec<String> = lines(&batches)
        .iter()
        .map(|line| line.split(" | ").next().unwrap().to_owned())
        .collect();
    assert_eq!(orders, expected);
}
