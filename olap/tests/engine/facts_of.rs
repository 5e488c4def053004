//! The facts of the shop: eight sales, and five visits to customers, of each of which the source deleted one.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array};
use planisphere_schemas::model::key_of_date;

use super::{flags, integers, texts};

/// Day, customer (2 is the current version of C1), minutes.
const VISITS: [(&str, i32, i32, bool); 5] = [
    ("2024-01-10", 2, 30, false),
    ("2024-01-25", 3, 10, false),
    ("2024-03-05", 5, 20, false),
    ("2024-04-06", -1, 5, false),
    ("2024-04-06", 4, 99, true),
];

/// The fact of visits.
pub(super) fn visits() -> Vec<(&'static str, ArrayRef)> {
    let day = |day: &str| key_of_date(day.parse().unwrap()).unwrap();
    let rows = ["v0", "v1", "v2", "v3", "v4"];
    vec![
        ("day_key", integers(VISITS.map(|it| Some(day(it.0))))),
        ("customer_key", integers(VISITS.map(|it| Some(it.1)))),
        ("room", integers([1, 1, 2, 2, 1].map(Some))),
        ("topic_group_key", integers([1, 2, 3, -1, 1].map(Some))),
        ("attendee_group_key", integers([1, 2, 3, 4, 1].map(Some))),
        ("minutes", integers(VISITS.map(|it| Some(it.2)))),
        ("source_system", texts([Some("shop"); 5])),
        ("source_row_id", texts(rows.map(Some))),
        ("deleted_at_source", flags(VISITS.map(|it| it.3))),
    ]
}

/// Rows of a bridge: group, key of the member, weight in hundredths.
fn bridge(names: [&'static str; 2], rows: &[(i32, i32, i128)]) -> Vec<(&'static str, ArrayRef)> {
    let weights = rows.iter().map(|it| it.2 * 100_000_000);
    let weights = Decimal128Array::from_iter_values(weights);
    vec![
        (names[0], integers(rows.iter().map(|it| Some(it.0)))),
        (names[1], integers(rows.iter().map(|it| Some(it.1)))),
        (
            "weight",
            Arc::new(weights.with_precision_and_scale(11, 10).unwrap()),
        ),
    ]
}

/// What visits were about: the first of three products, the fourth of none.
pub(super) fn topics() -> Vec<(&'static str, ArrayRef)> {
    let rows = [
        (1, 1, 50),
        (1, 2, 30),
        (1, 3, 20),
        (2, 1, 100),
        (3, 1, 60),
        (3, 2, 40),
        (-1, -1, 100),
    ];
    bridge(["topic_group_key", "topic_key"], &rows)
}

/// Who attended: in the third visit C1, then in segment A, now in B.
pub(super) fn attendees() -> Vec<(&'static str, ArrayRef)> {
    let rows = [
        (1, 2, 50),
        (1, 3, 50),
        (2, 3, 100),
        (3, 1, 25),
        (3, 5, 75),
        (4, 5, 100),
    ];
    bridge(["attendee_group_key", "attendee_key"], &rows)
}

/// One fact row.
#[derive(Clone)]
pub(crate) struct Sale {
    pub(crate) ordered: &'static str,
    pub(crate) shipped: Option<&'static str>,
    pub(crate) customer: i32,
    pub(crate) product: i32,
    pub(crate) status: Option<&'static str>,
    pub(crate) order: &'static str,
    pub(crate) quantity: i32,
    /// In ten-thousandths.
    pub(crate) amount: i128,
    pub(crate) big: i64,
    pub(crate) huge: i128,
    pub(crate) weight: f64,
    pub(crate) deleted: bool,
}

const SALE: Sale = Sale {
    ordered: "2024-01-10",
    shipped: None,
    customer: 1,
    product: 1,
    status: Some("paid"),
    order: "O1",
    quantity: 1,
    amount: 0,
    big: 1,
    huge: 1,
    weight: 0.1,
    deleted: false,
};

/// The fact rows; customer 1 is the old version of C1, 2 its current one, -1 is "not given".
pub(crate) fn sales() -> Vec<Sale> {
    let sale = |ordered, shipped, customer, product, order, quantity, amount| Sale {
        ordered,
        shipped: Some(shipped),
        customer,
        product,
        order,
        quantity,
        amount,
        ..SALE
    };
    vec![
        sale("2024-01-10", "2024-02-01", 1, 1, "O1", 2, 100_000),
        sale("2024-01-20", "2024-01-25", 3, 2, "O2", 1, 55_000),
        Sale {
            shipped: None,
            ..sale("2024-04-05", "", 2, 1, "O3", 3, 150_000)
        },
        Sale {
            status: None,
            ..sale("2024-04-06", "2024-05-01", 4, 3, "O4", 1, 202_500)
        },
        sale("2023-12-30", "2024-01-02", 3, 3, "O5", 4, 400_000),
        Sale {
            status: Some("open"),
            ..sale("2024-02-15", "2024-02-20", -1, 1, "O6", 1, 70_000)
        },
        Sale {
            status: None,
            ..sale("2024-04-06", "2024-05-01", 5, 2, "O4", 2, 82_500)
        },
        Sale {
            deleted: true,
            ..sale("2024-01-11", "2024-01-12", 1, 1, "O7", 9, 990_000)
        },
    ]
}
