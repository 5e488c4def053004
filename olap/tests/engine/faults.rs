//! Bad requests: every fault at once, with the nearest names.

use planisphere_olap::query::{Axis, CubeQuery, parse_measure_filter, parse_sort, parse_top};
use planisphere_schemas::ErrorKind;

use crate::shop::{check, fault, filters, query};

#[track_caller]
fn check_faults(query: &CubeQuery, kind: ErrorKind, expected: &[&str]) {
    let error = fault(query);
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn an_unknown_cube_is_not_found() {
    let asked = CubeQuery {
        cube: "sale".into(),
        ..query("lines", "")
    };
    check_faults(
        &asked,
        ErrorKind::NotFound,
        &["cube: unknown cube 'sale' (did you mean 'sales'?)"],
    );
}

#[test]
fn all_faults_of_a_query_come_at_once() {
    let bad = CubeQuery {
        filters: filters(["customer.segmnt = A", "order_date.calendar.year = last"]),
        measure_filters: vec![parse_measure_filter("linez > many").unwrap()],
        sort: vec![parse_sort("product.product.category").unwrap()],
        tops: vec![parse_top("0 by lines").unwrap()],
        ..query(
            "net_amout, lines, lines",
            "custmer.segment, order_date.year | customer.segment",
        )
    };
    check_faults(
        &bad,
        ErrorKind::Invalid,
        &[
            "axes[0].levels[0]: unknown dimension 'custmer' (did you mean 'customer'?)",
            "axes[0].levels[1]: level 'year' stands in several hierarchies (write one of \
             order_date.calendar.year, order_date.iso_week.year, order_date.fiscal.year)",
            "filters[0]: unknown level 'segmnt' (did you mean 'segment'?)",
            "filters[1]: key 'last' is a text where the level has integer (level 'year')",
            "measures[0]: unknown measure 'net_amout' (did you mean 'net_amount'?)",
            "measures[2]: measure 'lines' is asked twice",
            "measure_filters[0]: 'many' is not a decimal number",
            "measure_filters[0]: unknown measure 'linez' (did you mean 'lines'?)",
            "sort[0]: level 'product.product.category' stands on no axis (put it on an axis first)",
            "top.n: a ranking of 0 members keeps nothing",
        ],
    );
}

#[test]
fn a_locale_without_captions_is_refused() {
    let asked = CubeQuery {
        locale: "xx".into(),
        ..query("lines", "")
    };
    check_faults(
        &asked,
        ErrorKind::Invalid,
        &["locale: there are no captions in locale 'xx': write en or zh"],
    );
}

#[test]
fn a_range_that_ends_before_it_begins_is_refused() {
    for (range, message) in [
        (
            "order_date.calendar.month from 2024/4/12 to 2024/1/1",
            "filters[0]: the range of level 'order_date.calendar.month' ends at '2024/1/1' before it \
             begins at '2024/4/12' (exchange its ends)",
        ),
        (
            "order_date.calendar.year from 2024 to 2023",
            "filters[0]: the range of level 'order_date.calendar.year' ends at '2023' before it \
             begins at '2024' (exchange its ends)",
        ),
    ] {
        let reversed = CubeQuery {
            filters: filters([range]),
            ..query("lines", "")
        };
        check_faults(&reversed, ErrorKind::Invalid, &[message]);
    }
}

#[test]
fn a_path_that_ends_a_range_must_be_a_member_and_a_single_key_need_not() {
    let with = |range: &str| CubeQuery {
        filters: filters([range]),
        ..query("lines", "")
    };
    let error = fault(&with("order_date.calendar.month from 2024/1/1 to 2024/4/1"));
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        error
            .to_string()
            .starts_with("filters[0]: unknown member '2024/4/1'"),
        "{error}"
    );
    check(
        &with("order_date.calendar.day from 2000-01-01 to 2024-01-10"),
        &["2"],
    );
}

#[test]
fn levels_asked_twice_or_out_of_order_are_refused() {
    check_faults(
        &query("lines", "customer.segment | customer.segment"),
        ErrorKind::Invalid,
        &["axes[1].levels[0]: level 'customer.segment.segment' is asked twice"],
    );
    check_faults(
        &query("lines", "product.product, product.category"),
        ErrorKind::Invalid,
        &[
            "axes[0].levels[1]: level 'product.product.category' stands after the finer \
           'product.product.product' (put the coarser level first)",
        ],
    );
    let none = CubeQuery {
        measures: vec![],
        axes: vec![Axis::default()],
        ..query("", "")
    };
    assert!(
        fault(&none)
            .to_string()
            .starts_with("measures: the query asks for no measure")
    );
}

#[test]
fn hidden_measures_are_unknown() {
    assert_eq!(fault(&query("bulk_amount", "")).kind(), ErrorKind::NotFound);
}

#[test]
fn unknown_members_come_with_the_nearest_key() {
    let member = |text: &str| {
        fault(&CubeQuery {
            filters: filters([text]),
            ..query("lines", "")
        })
    };
    let error = member("customer.geography.customer = C9");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        error
            .to_string()
            .contains("filters[0]: unknown member 'C9'"),
        "{error}"
    );
    assert!(
        error.to_string().contains("(known: C1, C2, C3, C4)"),
        "{error}"
    );
    let by_name = member("customer.geography.customer = Bob").to_string();
    assert!(by_name.contains("its key is 'C2'"), "{by_name}");
    let elsewhere = member("customer.geography.customer = DE/C1").to_string();
    assert!(elsewhere.contains("unknown member 'DE/C1'"), "{elsewhere}");
    let special = member("customer.segment = @not_gven").to_string();
    assert!(special.contains("did you mean 'not_given'?"), "{special}");
    let keys = member("order_date.calendar.month = 2024/1").to_string();
    assert!(
        keys.contains("has 2 keys") && keys.contains("year/quarter/month"),
        "{keys}"
    );
}

#[test]
fn a_key_that_several_members_share_names_them() {
    let error = fault(&CubeQuery {
        filters: filters(["order_date.calendar.month = 12"]),
        ..query("lines", "")
    });
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(
        error.to_string(),
        "filters[0]: key '12' means several members of level 'order_date.calendar.month' \
         (write year/quarter/month: 2023/4/12, 2024/4/12)"
    );
}

#[test]
fn another_model_is_a_conflict_and_another_version_is_not_found() {
    let other = CubeQuery {
        model_hash: Some("abc".into()),
        ..query("lines", "")
    };
    assert_eq!(fault(&other).kind(), ErrorKind::Conflict);
    let old = CubeQuery {
        version: Some(3),
        ..query("lines", "")
    };
    assert_eq!(fault(&old).kind(), ErrorKind::NotFound);
    let page = CubeQuery {
        page_token: Some("7-1-2".into()),
        ..query("lines", "")
    };
    assert_eq!(fault(&page).kind(), ErrorKind::Invalid);
}
