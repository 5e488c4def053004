//! What becomes of values by the model's rule for those that do not fit.

#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use planisphere_schemas::model::DataType;

fn table(data_type: DataType, invalid: InvalidValue) -> Table {
    let column = |name: &str, data_type, invalid| Column {
        name: name.into(),
        origin: name.into(),
        data_type: Some(data_type),
        invalid,
        pattern: None,
        tags: Vec::new(),
    };
    Table {
        name: "t".into(),
        origin: "t".into(),
        key: vec!["id".into()],
        columns: vec![
            column("id", DataType::Bigint, InvalidValue::Null),
            column("v", data_type, invalid),
        ],
        format: None,
        history: None,
    }
}

/// What becomes of a value: its text, or the reason of the reject; and how many were nulled and clamped.
fn fate(data_type: DataType, invalid: InvalidValue, cell: Cell<'_>) -> (String, u64, u64) {
    let table = table(data_type, invalid);
    let mut batch = BatchBuilder::new("s", &table, Tz::UTC, None).unwrap();
    batch.row(&[Cell::Integer(1), cell], 1);
    let done = batch.finish().unwrap();
    let text = match done.rejects.first() {
        Some(reject) => format!("! {}", reject.detail),
        None => arrow::util::display::array_value_to_string(done.rows.column(1), 0).unwrap(),
    };
    assert_eq!(done.rows.num_rows() + done.rejects.len(), 1);
    (text, done.nulled, done.clamped)
}

#[test]
fn what_is_out_of_range_is_clamped_where_the_model_says_so() {
    use DataType::{Bigint, Boolean, Date, Decimal, Double, Integer, Timestamp};
    let clamped = |data_type, cell: Cell<'static>, expected: &str| {
        let fate = fate(data_type, InvalidValue::Clamp, cell);
        assert_eq!(fate, (expected.to_owned(), 0, 1), "{data_type} {cell:?}");
    };
    clamped(Integer, Cell::Integer(1 << 40), "2147483647");
    clamped(Integer, Cell::Text("-99999999999999999999"), "-2147483648");
    clamped(Bigint, Cell::Unsigned(u64::MAX), "9223372036854775807");
    clamped(Bigint, Cell::Real(-1e300), "-9223372036854775808");
    clamped(Decimal(5, 2), Cell::Text("-1000.00"), "-999.99");
    clamped(Decimal(5, 2), Cell::Real(f64::INFINITY), "999.99");
    clamped(
        Decimal(38, 0),
        Cell::Text(&*"9".repeat(40).leak()),
        &"9".repeat(38),
    );
    clamped(Double, Cell::Text("-1e400"), "-1.7976931348623157e308");
    clamped(Date, Cell::Text("0000-12-31"), "0001-01-01");
    clamped(Timestamp, Cell::Wall(i64::MIN / 4), "0001-01-01T00:00:00Z");

    let kept = |data_type, cell: Cell<'static>| {
        let (text, nulled, clamped) = fate(data_type, InvalidValue::Clamp, cell);
        assert!(text.starts_with("! v "), "{data_type} {cell:?}: {text}");
        assert_eq!((nulled, clamped), (0, 0));
    };
    kept(Integer, Cell::Text("many"));
    kept(Integer, Cell::Real(f64::NAN));
    kept(Integer, Cell::Real(0.5));
    kept(Decimal(5, 2), Cell::Text("0.005"));
    kept(Decimal(5, 2), Cell::Text("NaN"));
    kept(Double, Cell::Text("nan"));
    kept(Boolean, Cell::Integer(2));
    kept(Date, Cell::Text("0000-00-00"));
    kept(Timestamp, Cell::Text("2025-02-30 00:00:00"));
}

#[test]
fn a_key_is_neither_nulled_nor_missing() {
    let table = table(DataType::Integer, InvalidValue::Null);
    let mut batch = BatchBuilder::new("s", &table, Tz::UTC, None).unwrap();
    batch.row(&[Cell::Text("x"), Cell::Text("y")], 1);
    batch.row(&[Cell::Null, Cell::Integer(1)], 2);
    batch.row(&[Cell::Integer(3), Cell::Text("y")], 3);
    let done = batch.finish().unwrap();
    let reasons: Vec<&str> = done
        .rejects
        .iter()
        .map(|reject| reject.reason.as_str())
        .collect();
    assert_eq!(reasons, ["invalid_id", "missing_key"]);
    assert_eq!((done.rows.num_rows(), done.nulled), (1, 2));
}
