//! Measures in other contexts than the cell: periods before, to date, rolling, members above.

use planisphere_olap::query::{CubeQuery, parse_measure_filter, parse_top};

use crate::shop::{check, filters, query};

fn with_totals(mut query: CubeQuery) -> CubeQuery {
    for axis in &mut query.axes {
        axis.subtotals = planisphere_olap::query::Subtotals::All;
    }
    query
}

#[test]
fn periods_before_and_to_date_are_of_the_calendar_not_of_the_rows() {
    let measures =
        "net_amount, amount_before, amount_a_month_before, amount_a_year_before, year_to_date";
    let months = with_totals(query(
        measures,
        "order_date.calendar.year, order_date.calendar.month",
    ));
    check(
        &months,
        &[
            "2023 | 4 | December | 40.0000 | ∅ | ∅ | ∅ | 40.0000000000",
            "2023 | ∅ | Total | 40.0000 | ∅ | ∅ | ∅ | 40.0000000000",
            "2024 | 1 | January | 15.5000 | 40.0000000000 | 40.0000000000 | ∅ | 15.5000000000",
            "2024 | 1 | February | 7.0000 | 15.5000000000 | 15.5000000000 | ∅ | 22.5000000000",
            // nothing was sold in March
            "2024 | 2 | April | 43.5000 | ∅ | ∅ | ∅ | 66.0000000000",
            "2024 | ∅ | Total | 66.0000 | 40.0000000000 | 62.5000000000 | 40.0000000000 | 66.0000000000",
            "Total | ∅ | Total | 106.0000 | ∅ | 62.5000000000 | 40.0000000000 | 66.0000000000",
        ],
    );
}

#[test]
fn a_slice_moves_with_the_context_and_other_filters_stay() {
    let measures =
        "net_amount, amount_before, amount_a_year_before, year_to_date, customers_of_three_months";
    let mut april = query(measures, "");
    april.filters = filters(["order_date.calendar.month = 2024/2/4"]);
    check(&april, &["43.5000 | ∅ | ∅ | 66.0000000000 | 3.0000000000"]);
    april.filters = filters(["order_date.calendar.month = 2024/1/1"]);
    check(
        &april,
        &["15.5000 | 40.0000000000 | ∅ | 15.5000000000 | 2.0000000000"],
    );
    april.filters = filters(["order_date.calendar.year = 2024", "customer.segment = A"]);
    check(
        &april,
        &["15.5000 | 40.0000000000 | 40.0000000000 | 15.5000000000 | 2.0000000000"],
    );
}

#[test]
fn distinct_members_are_counted_over_all_periods_of_a_context() {
    let months = query(
        "customers, customers_of_three_months, customers_so_far, price_before",
        "order_date.calendar.month",
    );
    check(
        &months,
        &[
            "2023 | 4 | December | 1 | 1.0000000000 | 1.0000000000 | 0.0000000000",
            "2024 | 1 | January | 2 | 2.0000000000 | 2.0000000000 | 10.0000000000",
            "2024 | 1 | February | 0 | 2.0000000000 | 2.0000000000 | 5.1666666667",
            "2024 | 2 | April | 3 | 3.0000000000 | 4.0000000000 | 0.0000000000",
        ],
    );
}

#[test]
fn shares_are_of_the_member_above_and_of_all() {
    let products = with_totals(query(
        "net_amount, category_amount, share, share_of_all",
        "product.category, product.product",
    ));
    check(
        &products,
        &[
            "Zu Hause | Cup | 60.2500 | 60.2500000000 | 1.0000000000 | 0.5000000000",
            "Zu Hause | Total | 60.2500 | 60.2500000000 | 0.5683962264 | 0.5000000000",
            "Writing | Pen | 32.0000 | 45.7500000000 | 0.6994535519 | 0.2500000000",
            "Writing | Pad | 13.7500 | 45.7500000000 | 0.3005464481 | 0.5000000000",
            "Writing | Total | 45.7500 | 45.7500000000 | 0.4316037736 | 0.7500000000",
            // above all there is nothing
            "Total | Total | 106.0000 | ∅ | ∅ | 1.0000000000",
        ],
    );
}

#[test]
fn members_are_ranked_by_contexts_which_go_beyond_the_ranked() {
    let mut best = query("net_amount, amount_before", "order_date.calendar.month");
    best.tops = vec![parse_top("1 order_date.calendar.month by amount_before").unwrap()];
    check(&best, &["2024 | 1 | January | 15.5000 | 40.0000000000"]);
    let mut of_best = query("net_amount, amount_before", "order_date.calendar.month");
    of_best.tops = vec![parse_top("1 product.category by net_amount").unwrap()];
    check(
        &of_best,
        &[
            "2023 | 4 | December | 40.0000 | ∅",
            "2024 | 2 | April | 20.2500 | ∅",
        ],
    );
}

/// C1 was in segment A in January and is in B now.
#[test]
fn contexts_follow_the_history_mode_and_stay_within_other_members() {
    let segments = |history: &str| CubeQuery {
        history: history.parse().unwrap(),
        ..query(
            "net_amount, amount_before, customers_so_far",
            "customer.segment, order_date.calendar.month",
        )
    };
    check(
        &segments("as_was"),
        &[
            "A | 2023 | 4 | December | 40.0000 | ∅ | 1.0000000000",
            "A | 2024 | 1 | January | 15.5000 | 40.0000000000 | 2.0000000000",
            "B | 2024 | 2 | April | 23.2500 | ∅ | 2.0000000000",
            "(not given) | 2024 | 1 | February | 7.0000 | ∅ | 0.0000000000",
            "(not given) | 2024 | 2 | April | 20.2500 | ∅ | 1.0000000000",
        ],
    );
    check(
        &segments("as_is"),
        &[
            "A | 2023 | 4 | December | 40.0000 | ∅ | 1.0000000000",
            "A | 2024 | 1 | January | 5.5000 | 40.0000000000 | 1.0000000000",
            "B | 2024 | 1 | January | 10.0000 | ∅ | 1.0000000000",
            "B | 2024 | 2 | April | 23.2500 | ∅ | 2.0000000000",
            "(not given) | 2024 | 1 | February | 7.0000 | ∅ | 0.0000000000",
            "(not given) | 2024 | 2 | April | 20.2500 | ∅ | 1.0000000000",
        ],
    );
}

#[test]
fn weeks_and_days_go_back_along_their_own_hierarchy() {
    let days = query(
        "net_amount, amount_a_month_before",
        "order_date.calendar.day",
    );
    let mut january = days.clone();
    january.filters = filters(["order_date.calendar.month = 2024/1/1"]);
    check(
        &january,
        &[
            "2024 | 1 | 1 | 2024-01-10 | 10.0000 | ∅",
            "2024 | 1 | 1 | 2024-01-20 | 5.5000 | ∅",
        ],
    );
    let weeks = query(
        "net_amount, amount_a_week_before",
        "order_date.iso_week.week",
    );
    check(
        &weeks,
        &[
            "2023 | 52 | 40.0000 | ∅",
            "2024 | 2 | 10.0000 | ∅",
            "2024 | 3 | 5.5000 | 10.0000000000",
            "2024 | 7 | 7.0000 | ∅",
            "2024 | 14 | 43.5000 | ∅",
        ],
    );
}

#[test]
fn members_are_ranked_among_those_of_the_same_one_above() {
    let products = with_totals(query(
        "net_amount, amount_rank",
        "product.category, product.product",
    ));
    check(
        &products,
        &[
            "Zu Hause | Cup | 60.2500 | 1.0000000000",
            "Zu Hause | Total | 60.2500 | 1.0000000000",
            "Writing | Pen | 32.0000 | 1.0000000000",
            "Writing | Pad | 13.7500 | 2.0000000000",
            "Writing | Total | 45.7500 | 2.0000000000",
            "Total | Total | 106.0000 | ∅",
        ],
    );
    let mut segments = query("price_rank, amount_rank", "customer.segment");
    check(
        &segments,
        &[
            "A | 2.0000000000 | ∅",
            "B | 3.0000000000 | ∅",
            "(not given) | 1.0000000000 | ∅",
        ],
    );
    // conditions on measures come after the ranks, filters before
    segments.filters = filters(["customer.segment in A, B"]);
    check(&segments, &["A | 1.0000000000 | ∅", "B | 2.0000000000 | ∅"]);
    // in each column of its own
    let pivot = query(
        "net_amount, amount_rank",
        "product.product | order_date.calendar.year",
    );
    check(
        &pivot,
        &[
            "H | Cup | 2023 | 40.0000 | 1.0000000000",
            "H | Cup | 2024 | 20.2500 | 1.0000000000",
            "W | Pen | 2024 | 32.0000 | 1.0000000000",
            "W | Pad | 2024 | 13.7500 | 2.0000000000",
        ],
    );
}

#[test]
fn what_opens_a_period_is_all_before_it_and_what_closes_it_all_up_to_its_end() {
    let months = with_totals(query(
        "net_amount, opening_amount, closing_amount",
        "order_date.calendar.year, order_date.calendar.month",
    ));
    check(
        &months,
        &[
            "2023 | 4 | December | 40.0000 | ∅ | 40.0000000000",
            "2023 | ∅ | Total | 40.0000 | ∅ | 40.0000000000",
            "2024 | 1 | January | 15.5000 | 40.0000000000 | 55.5000000000",
            "2024 | 1 | February | 7.0000 | 55.5000000000 | 62.5000000000",
            "2024 | 2 | April | 43.5000 | 62.5000000000 | 106.0000000000",
            "2024 | ∅ | Total | 66.0000 | 40.0000000000 | 106.0000000000",
            "Total | ∅ | Total | 106.0000 | ∅ | 106.0000000000",
        ],
    );
    check(
        &query("closing_amount, opening_amount", "product.category"),
        &[
            "Zu Hause | 60.2500000000 | ∅",
            "Writing | 45.7500000000 | ∅",
        ],
    );
}

#[test]
fn a_condition_on_a_context_that_makes_no_sense_is_met_by_nothing() {
    let mut segments = with_totals(query("category_amount", "customer.segment"));
    segments.measure_filters =
        vec![planisphere_olap::query::parse_measure_filter("category_amount >= 0.5").unwrap()];
    check(&segments, &[]);
}

#[test]
fn a_rank_stands_beside_totals_of_another_dimension() {
    check(
        &with_totals(query(
            "net_amount, amount_rank",
            "product.category, customer.segment",
        )),
        &[
            "Zu Hause | A | 40.0000 | 1.0000000000",
            "Zu Hause | (not given) | 20.2500 | 1.0000000000",
            "Zu Hause | Total | 60.2500 | 1.0000000000",
            "Writing | A | 15.5000 | 2.0000000000",
            "Writing | B | 23.2500 | 1.0000000000",
            "Writing | (not given) | 7.0000 | 2.0000000000",
            "Writing | Total | 45.7500 | 2.0000000000",
            "Total | Total | 106.0000 | ∅",
        ],
    );
}

#[test]
fn a_context_is_of_the_finest_level_whatever_axis_it_stands_on() {
    // 32.00 of 45.75, 13.75 of 45.75
    check(
        &query("share", "product.product | product.category"),
        &[
            "H | Cup | Zu Hause | 1.0000000000",
            "W | Pen | Writing | 0.6994535519",
            "W | Pad | Writing | 0.3005464481",
        ],
    );
    check(
        &query("amount_rank", "product.product | product.category"),
        &[
            "H | Cup | Zu Hause | 1.0000000000",
            "W | Pen | Writing | 1.0000000000",
            "W | Pad | Writing | 2.0000000000",
        ],
    );
}

#[test]
fn conditions_that_exclude_each_other_leave_no_total() {
    let mut none = with_totals(query("net_amount", "product.category"));
    let conditions = ["net_amount = 106", "net_amount = 45.75"];
    none.measure_filters = conditions
        .map(|text| parse_measure_filter(text).unwrap())
        .into();
    check(&none, &[]);
    none.measure_filters.pop();
    check(&none, &["Total | 106.0000"]);
}
