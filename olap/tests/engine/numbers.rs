//! Numbers: widening, rounding half to even, overflow, floats, nulls.

use planisphere_olap::OlapError;
use planisphere_olap::exec::Limits;
use planisphere_schemas::ErrorKind;

use crate::shop::{Sale, answer, check, filters, query, sales, shop_with};

#[test]
fn averages_and_medians_are_exact_in_ten_places() {
    check(
        &query(
            "average_amount, average_quantity, median_amount, median_quantity, smallest, greatest",
            "",
        ),
        &["15.1428571429 | 2.0000000000 | 10.0000000000 | 2.0000000000 | 5.5000 | 4"],
    );
    let mut two = query("median_amount, median_quantity", "");
    two.filters = filters(["customer.segment = B"]);
    check(&two, &["11.6250000000 | 2.5000000000"]);
}

#[test]
fn calculated_measures_divide_half_even_and_by_zero_to_null() {
    check(
        &query("price, twice_price, bulk_share", ""),
        &["7.5714285714 | 15.1428571428 | 69.1037735849"],
    );
    let mut none = query("bulk_lines, price_or_zero, bulk_share", "customer.customer");
    none.filters = filters(["customer.geography.customer in C3, C4"]);
    check(
        &none,
        &[
            "CN | 陈 | 0 | 0.0000000000 | ∅",
            "DE | Dora | 1 | 8.2500000000 | 100.0000000000",
        ],
    );
}

#[test]
fn an_empty_slice_has_no_rows_but_a_grand_total() {
    let mut empty = query("net_amount, lines, price", "");
    empty.filters = filters(["order_date.calendar.month = 2024/3/8"]);
    check(&empty, &["∅ | 0 | ∅"]);
    empty.axes = query("lines", "customer.segment").axes;
    check(&empty, &[]);
}

async fn over(sales: Vec<Sale>, measure: &str) -> Result<Vec<String>, OlapError> {
    answer(&shop_with(sales, Limits::default()), &query(measure, "")).await
}

#[tokio::test]
async fn sums_that_leave_their_type_are_errors() {
    let rows = |change: fn(&mut Sale)| {
        let mut rows = sales();
        rows.truncate(2);
        rows.iter_mut().for_each(change);
        rows
    };
    let error = over(rows(|sale| sale.big = i64::MAX), "big")
        .await
        .unwrap_err();
    assert!(matches!(error, OlapError::Overflow { .. }), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let most = rows(|sale| sale.big = i64::MAX / 2);
    assert_eq!(over(most, "big").await.unwrap(), ["9223372036854775806"]);
    let error = over(rows(|sale| sale.huge = 10_i128.pow(38) - 1), "huge")
        .await
        .unwrap_err();
    assert!(matches!(error, OlapError::Overflow { .. }), "{error:?}");
    let most = rows(|sale| sale.huge = 4 * 10_i128.pow(37));
    assert_eq!(
        over(most, "huge").await.unwrap(),
        [format!("8{}", "0".repeat(37))]
    );
}

#[tokio::test]
async fn floats_are_added_in_one_order() {
    let mut rows = Vec::new();
    for number in 0..50_000 {
        let weight = if number % 2 == 0 {
            0.1
        } else {
            1e9 / f64::from(number)
        };
        rows.push(Sale {
            weight,
            ..sales()[0].clone()
        });
    }
    let service = shop_with(rows, Limits::default());
    let first = answer(&service, &query("weight, average_weight", ""))
        .await
        .unwrap();
    for _ in 0..5 {
        assert_eq!(
            answer(&service, &query("weight, average_weight", ""))
                .await
                .unwrap(),
            first
        );
    }
}
