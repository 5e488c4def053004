//! Slices, dices, ranges, special members, deleted facts, role-played dates.

use planisphere_olap::query::CubeQuery;

use crate::shop::{check, filters, query};

#[test]
fn the_grand_total_has_no_axes() {
    check(
        &query("net_amount, quantity, lines", ""),
        &["106.0000 | 14 | 7"],
    );
}

#[test]
fn rows_come_in_the_order_of_their_levels_special_members_last() {
    check(
        &query("net_amount, lines", "customer.segment"),
        &[
            "A | 55.5000 | 3",
            "B | 23.2500 | 2",
            "(not given) | 27.2500 | 2",
        ],
    );
}

#[test]
fn a_slice_keeps_one_member() {
    let sliced = CubeQuery {
        filters: filters(["order_date.calendar.year = 2024"]),
        ..query("net_amount", "customer.segment")
    };
    check(
        &sliced,
        &["A | 15.5000", "B | 23.2500", "(not given) | 27.2500"],
    );
}

/// Ann Lee was C1's name, Ann Wu is.
#[test]
fn members_are_found_by_what_people_read_of_them() {
    let named = |text: &str| CubeQuery {
        filters: filters([text]),
        ..query("net_amount", "customer.geography.customer")
    };
    check(
        &named("customer.geography.customer begins with aNN"),
        &["CN | Ann Wu | 25.0000"],
    );
    check(&named("customer.geography.customer contains lee"), &[]);
    check(
        &named("customer.geography.customer ends with B"),
        &["DE | Bob | 45.5000"],
    );
    check(
        &named("customer.geography.customer is named 陈"),
        &["CN | 陈 | 20.2500"],
    );
    let both = CubeQuery {
        filters: filters([
            "customer.geography.customer contains o",
            "customer.geography.customer contains \"a\"",
            "product.category contains \"ritin\"",
        ]),
        ..query("net_amount, lines", "customer.geography.customer")
    };
    check(&both, &["DE | Dora | 8.2500 | 1"]);
    let chinese = CubeQuery {
        locale: "zh".into(),
        filters: filters(["product.category contains 家"]),
        ..query("net_amount", "")
    };
    check(&chinese, &["60.2500"]);
}

#[test]
fn dices_by_sets_and_ranges_all_hold() {
    let diced = CubeQuery {
        filters: filters([
            "customer.segment in A, B",
            "order_date.calendar.month from 2023/4/12 to 2024/1/1",
        ]),
        ..query("net_amount", "order_date.calendar.month")
    };
    check(
        &diced,
        &[
            "2023 | 4 | December | 40.0000",
            "2024 | 1 | January | 15.5000",
        ],
    );
    let days = CubeQuery {
        filters: filters(["order_date.calendar.day >= 2024-04-06"]),
        ..query("net_amount, lines", "")
    };
    check(&days, &["28.5000 | 2"]);
    let before = CubeQuery {
        filters: filters(["order_date.calendar.day < 2024-01-20"]),
        ..query("lines", "")
    };
    check(&before, &["2"]);
}

#[test]
fn leaving_members_out_keeps_special_ones() {
    let without = CubeQuery {
        filters: filters(["customer.segment not in A"]),
        ..query("net_amount", "customer.segment")
    };
    check(&without, &["B | 23.2500", "(not given) | 27.2500"]);
    let given = CubeQuery {
        filters: filters(["customer.segment != @not_given"]),
        ..query("net_amount", "")
    };
    check(&given, &["78.7500"]);
}

#[test]
fn a_special_member_is_sliced_like_any_other() {
    let sliced = CubeQuery {
        filters: filters(["customer.segment = @not_given"]),
        ..query("lines", "customer.geography.customer")
    };
    check(&sliced, &["CN | 陈 | 1", "∅ | (not given) | 1"]);
}

#[test]
fn each_role_of_the_calendar_is_its_own() {
    check(
        &query("net_amount", "ship_date.calendar.month"),
        &[
            "2024 | 1 | January | 45.5000",
            "2024 | 1 | February | 17.0000",
            "2024 | 2 | May | 28.5000",
            "∅ | ∅ | (not applicable) | 15.0000",
        ],
    );
    check(
        &query(
            "lines",
            "order_date.calendar.year | ship_date.calendar.quarter",
        ),
        &[
            "2023 | 2024 | Q1 | 1",
            "2024 | 2024 | Q1 | 3",
            "2024 | 2024 | Q2 | 2",
            "2024 | ∅ | (not applicable) | 1",
        ],
    );
}

#[test]
fn deleted_facts_count_only_when_asked_for() {
    let all = CubeQuery {
        include_deleted: true,
        ..query("net_amount, lines", "")
    };
    check(&all, &["205.0000 | 8"]);
}

#[test]
fn degenerate_columns_are_levels_too() {
    check(
        &query("net_amount", "document.status"),
        &["open | 7.0000", "paid | 70.5000", "(not given) | 28.5000"],
    );
    let order = CubeQuery {
        filters: filters(["document.order_number = O4"]),
        ..query("lines", "document.order_number")
    };
    check(&order, &["∅ | O4 | 2"]);
}

#[test]
fn captions_follow_the_locale_and_members_their_sort_attribute() {
    check(
        &query("net_amount", "product.category"),
        &["Zu Hause | 60.2500", "Writing | 45.7500"],
    );
    let chinese = CubeQuery {
        locale: "zh-CN".into(),
        ..query("lines", "product.category")
    };
    check(&chinese, &["家居 | 2", "文具 | 5"]);
    let special = CubeQuery {
        locale: "zh".into(),
        ..query("lines", "customer.segment")
    };
    check(&special, &["A | 3", "B | 2", "（未填写） | 2"]);
}

#[test]
fn a_member_of_two_versions_is_one_member_with_its_latest_name() {
    check(
        &query("net_amount", "customer.customer"),
        &[
            "CN | Ann Wu | 25.0000",
            "CN | 陈 | 20.2500",
            "DE | Bob | 45.5000",
            "DE | Dora | 8.2500",
            "∅ | (not given) | 7.0000",
        ],
    );
}

#[test]
fn conditions_on_measures_apply_to_rows() {
    let having = CubeQuery {
        measure_filters: vec![
            planisphere_olap::query::parse_measure_filter("net_amount > 25.5").unwrap(),
            planisphere_olap::query::parse_measure_filter("lines < 3").unwrap(),
        ],
        ..query("net_amount", "customer.segment")
    };
    check(&having, &["(not given) | 27.2500"]);
}

#[test]
fn sets_mix_members_of_several_parents_and_special_ones() {
    let mixed = CubeQuery {
        filters: filters(["customer.geography.customer in CN/C1, DE/C2, DE/C4, @not_given, C3"]),
        ..query("lines", "customer.country")
    };
    check(&mixed, &["CN | 3", "DE | 3", "(not given) | 1"]);
}

#[test]
fn a_dice_by_thousands_of_members_is_answered() {
    let first: chrono::NaiveDate = "2023-12-01".parse().unwrap();
    let days = first.iter_days().take(397);
    let days: Vec<String> = days.map(|day| format!("\"{day}\"")).collect();
    let many = vec![days.join(", "); 20].join(", ");
    let diced = CubeQuery {
        filters: filters([format!("order_date.calendar.day in {many}").as_str()]),
        ..query("lines", "")
    };
    check(&diced, &["7"]);
}

#[test]
fn a_default_holds_where_its_dimension_is_not_touched() {
    let paid = |axes: &str| CubeQuery {
        cube: "paid".into(),
        ..query("amount", axes)
    };
    check(&paid(""), &["70.5000"]);
    check(&paid("customer.country"), &["CN | 25.0000", "DE | 45.5000"]);
    check(
        &paid("document.status"),
        &["open | 7.0000", "paid | 70.5000", "(not given) | 28.5000"],
    );
    let mut order = paid("");
    order.filters = filters(["document.order_number = open/O6"]);
    check(&order, &["7.0000"]);
    // and in a cube that takes the measure from there
    let across = CubeQuery {
        cube: "customers".into(),
        ..query("paid, amount", "")
    };
    check(&across, &["70.5000 | 106.0000"]);
}
