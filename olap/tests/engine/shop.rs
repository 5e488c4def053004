//! The shop: its model from YAML, its tables in memory, and how answers are compared.
//!
//! Seven live fact rows and one that the source deleted; amounts add up to 106.

#[path = "facts_of.rs"]
mod facts_of;

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{Datelike, NaiveDate};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
pub(crate) use facts_of::{Sale, sales};
use planisphere_olap::exec::{Engine, Limits};
use planisphere_olap::query::{Axis, CubeQuery, Filter, parse_filter};
use planisphere_olap::{
    Caller, CubeService, MemoryStars, OlapError, OneVersion, Result, ResultHeader,
};
use planisphere_schemas::model::{Model, key_of_date, read_model};

pub(crate) fn model() -> Model {
    read_model(Path::new("tests/engine/model")).unwrap()
}

/// A service over the shop.
pub(crate) fn shop() -> CubeService {
    shop_with(sales(), Limits::default())
}

/// A service over the shop with other facts or limits.
pub(crate) fn shop_with(sales: Vec<Sale>, limits: Limits) -> CubeService {
    let facts = batch(facts(&sales));
    shop_over(
        Arc::new(MemTable::try_new(facts.schema(), vec![vec![facts]]).unwrap()),
        limits,
    )
}

/// A service over the shop with another table of facts.
pub(crate) fn shop_over(facts: Arc<dyn TableProvider>, limits: Limits) -> CubeService {
    let table = |name: &str, columns: Vec<(&str, ArrayRef)>| {
        let rows = batch(columns);
        let table = MemTable::try_new(rows.schema(), vec![vec![rows]]).unwrap();
        (name.to_owned(), Arc::new(table) as Arc<dyn TableProvider>)
    };
    let stars = MemoryStars::new(
        7,
        model(),
        [
            table("dim_date", calendar()),
            table("dim_customer", customers()),
            table("dim_product", products()),
            ("fact_sales".to_owned(), facts),
            table("fact_visits", facts_of::visits()),
            table("bridge_topic", facts_of::topics()),
            table("bridge_attendee", facts_of::attendees()),
        ],
    );
    CubeService::new(
        Arc::new(OneVersion(Arc::new(stars))),
        Engine::new(limits).unwrap(),
    )
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let columns = columns
        .into_iter()
        .map(|(name, values)| (name, values, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// The fact rows as one batch.
pub(crate) fn fact_batch() -> RecordBatch {
    batch(facts(&sales()))
}

fn texts<'t>(values: impl IntoIterator<Item = Option<&'t str>>) -> ArrayRef {
    Arc::new(StringArray::from_iter(values))
}

fn integers(values: impl IntoIterator<Item = Option<i32>>) -> ArrayRef {
    Arc::new(Int32Array::from_iter(values))
}

fn flags(values: impl IntoIterator<Item = bool>) -> ArrayRef {
    Arc::new(BooleanArray::from_iter(values.into_iter().map(Some)))
}

/// Instants at midnight in Shanghai (UTC+8) of days written in full; "-" and "+" are the open ends.
fn midnights<'t>(days: impl IntoIterator<Item = &'t str>) -> ArrayRef {
    let micros = days.into_iter().map(|day| {
        let day: NaiveDate = match day {
            "-" => "0001-01-01".parse().unwrap(),
            "+" => "9999-12-31".parse().unwrap(),
            day => day.parse().unwrap(),
        };
        day.and_hms_opt(0, 0, 0)
            .unwrap()
            .and_utc()
            .timestamp_micros()
            - 8 * 3_600_000_000
    });
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
}

const SPECIAL: [(i32, &str); 4] = [
    (-1, "not_given"),
    (-2, "not_applicable"),
    (-3, "invalid_code"),
    (-4, "not_yet_arrived"),
];

/// The columns that every dimension has around its attributes.
fn dimension(
    name: &'static str,
    keys: &[i32],
    durable: &[i32],
    ids: &[&str],
    attributes: Vec<(&'static str, ArrayRef)>,
    held: [Vec<&str>; 2],
    deleted: &[i32],
) -> Vec<(&'static str, ArrayRef)> {
    let names: [&'static str; 3] = match name {
        "date" => ["date_key", "date_durable_key", "date_id"],
        "customer" => ["customer_key", "customer_durable_key", "customer_id"],
        _ => ["product_key", "product_durable_key", "product_id"],
    };
    let [from, to] = held;
    let current = to.iter().map(|to| *to == "+").collect::<Vec<_>>();
    let mut columns = vec![
        (names[0], integers(keys.iter().copied().map(Some))),
        (names[1], integers(durable.iter().copied().map(Some))),
        (names[2], texts(ids.iter().copied().map(Some))),
    ];
    columns.extend(attributes);
    columns.push(("valid_from", midnights(from)));
    columns.push(("valid_to", midnights(to)));
    let basis = keys
        .iter()
        .map(|key| Some(if *key > 0 { "open" } else { "given" }));
    columns.push(("valid_from_basis", texts(basis)));
    columns.push(("is_current", flags(current)));
    columns.push((
        "deleted_at_source",
        flags(keys.iter().map(|key| deleted.contains(key))),
    ));
    columns
}

fn with_special<'t>(values: &[(i32, i32, &'t str)]) -> (Vec<i32>, Vec<i32>, Vec<&'t str>) {
    let special = SPECIAL.iter().map(|(key, id)| (*key, *key, *id));
    let all: Vec<_> = special.chain(values.iter().copied()).collect();
    (
        all.iter().map(|row| row.0).collect(),
        all.iter().map(|row| row.1).collect(),
        all.iter().map(|row| row.2).collect(),
    )
}

/// Attribute values of ordinary rows after four special rows without any.
fn after_special(values: &[Option<&str>]) -> ArrayRef {
    texts([None; 4].into_iter().chain(values.iter().copied()))
}

fn customers() -> Vec<(&'static str, ArrayRef)> {
    let (keys, durable, ids) = with_special(&[
        (1, 1, "C1"),
        (2, 1, "C1"),
        (3, 2, "C2"),
        (4, 3, "C3"),
        (5, 4, "C4"),
    ]);
    let attributes = vec![
        (
            "name",
            after_special(&["Ann Lee", "Ann Wu", "Bob", "陈", "Dora"].map(Some)),
        ),
        (
            "segment",
            after_special(&[Some("A"), Some("B"), Some("A"), None, Some("B")]),
        ),
        (
            "country",
            after_special(&["CN", "CN", "DE", "CN", "DE"].map(Some)),
        ),
    ];
    let from = vec![
        "-",
        "-",
        "-",
        "-",
        "-",
        "2024-03-01",
        "2024-02-01",
        "-",
        "-",
    ];
    let to = vec!["+", "+", "+", "+", "2024-03-01", "+", "+", "+", "+"];
    dimension(
        "customer",
        &keys,
        &durable,
        &ids,
        attributes,
        [from, to],
        &[4],
    )
}

fn products() -> Vec<(&'static str, ArrayRef)> {
    let (keys, durable, ids) = with_special(&[(1, 1, "P1"), (2, 2, "P2"), (3, 3, "P3")]);
    let attributes = vec![
        ("name", after_special(&["Pen", "Pad", "Cup"].map(Some))),
        ("category", after_special(&["W", "W", "H"].map(Some))),
        (
            "category_name",
            after_special(&["Writing", "Writing", "Zu Hause"].map(Some)),
        ),
        (
            "category_zh",
            after_special(&["文具", "文具", "家居"].map(Some)),
        ),
        (
            "category_sort",
            integers([None; 4].into_iter().chain([2, 2, 1].map(Some))),
        ),
    ];
    let (from, to) = (vec!["-"; 7], vec!["+"; 7]);
    dimension(
        "product",
        &keys,
        &durable,
        &ids,
        attributes,
        [from, to],
        &[],
    )
}

fn calendar() -> Vec<(&'static str, ArrayRef)> {
    let first: NaiveDate = "2023-12-01".parse().unwrap();
    let days: Vec<NaiveDate> = first.iter_days().take(397).collect();
    let ids: Vec<String> = days.iter().map(ToString::to_string).collect();
    let key = |day: &NaiveDate| key_of_date(*day).unwrap();
    let rows: Vec<(i32, i32, &str)> = days
        .iter()
        .zip(&ids)
        .map(|(day, id)| (key(day), key(day), id.as_str()))
        .collect();
    let (keys, durable, ids) = with_special(&rows);
    let number = |of: fn(&NaiveDate) -> i32| {
        integers(
            [None; 4]
                .into_iter()
                .chain(days.iter().map(|day| Some(of(day)))),
        )
    };
    let name = |of: fn(&NaiveDate) -> String| {
        let names: Vec<String> = days.iter().map(of).collect();
        texts(
            [None; 4]
                .into_iter()
                .chain(names.iter().map(|name| Some(name.as_str()))),
        )
    };
    let epoch = NaiveDate::default();
    let dates = days
        .iter()
        .map(|day| Some((*day - epoch).num_days() as i32));
    let attributes = vec![
        (
            "date",
            Arc::new(Date32Array::from_iter([None; 4].into_iter().chain(dates))) as ArrayRef,
        ),
        ("year", number(|day| day.year())),
        ("quarter", number(|day| day.month0() as i32 / 3 + 1)),
        ("month", number(|day| day.month() as i32)),
        (
            "quarter_name_en",
            name(|day| format!("Q{}", day.month0() / 3 + 1)),
        ),
        (
            "quarter_name_zh",
            name(|day| format!("第{}季度", day.month0() / 3 + 1)),
        ),
        ("month_name_en", name(|day| day.format("%B").to_string())),
        ("month_name_zh", name(|day| format!("{}月", day.month()))),
        ("iso_year", number(|day| day.iso_week().year())),
        ("iso_week", number(|day| day.iso_week().week() as i32)),
    ];
    let (from, to) = (vec!["-"; keys.len()], vec!["+"; keys.len()]);
    dimension("date", &keys, &durable, &ids, attributes, [from, to], &[])
}

fn facts(sales: &[Sale]) -> Vec<(&'static str, ArrayRef)> {
    let day = |day: Option<&str>| day.map_or(-2, |it| key_of_date(it.parse().unwrap()).unwrap());
    let decimal = |values: Vec<i128>, precision, scale| {
        let values = Decimal128Array::from(values).with_precision_and_scale(precision, scale);
        Arc::new(values.unwrap()) as ArrayRef
    };
    let rows: Vec<String> = (0..sales.len()).map(|row| format!("r{row}")).collect();
    vec![
        (
            "order_date_key",
            integers(sales.iter().map(|it| Some(day(Some(it.ordered))))),
        ),
        (
            "ship_date_key",
            integers(sales.iter().map(|it| Some(day(it.shipped)))),
        ),
        (
            "customer_key",
            integers(sales.iter().map(|it| Some(it.customer))),
        ),
        (
            "product_key",
            integers(sales.iter().map(|it| Some(it.product))),
        ),
        ("status", texts(sales.iter().map(|it| it.status))),
        ("order_number", texts(sales.iter().map(|it| Some(it.order)))),
        (
            "quantity",
            integers(sales.iter().map(|it| Some(it.quantity))),
        ),
        (
            "net_amount",
            decimal(sales.iter().map(|it| it.amount).collect(), 18, 4),
        ),
        (
            "big",
            Arc::new(Int64Array::from_iter_values(sales.iter().map(|it| it.big))),
        ),
        (
            "huge",
            decimal(sales.iter().map(|it| it.huge).collect(), 38, 0),
        ),
        (
            "weight",
            Arc::new(Float64Array::from_iter_values(
                sales.iter().map(|it| it.weight),
            )),
        ),
        ("source_system", texts(sales.iter().map(|_| Some("shop")))),
        (
            "source_row_id",
            texts(rows.iter().map(|row| Some(row.as_str()))),
        ),
        (
            "deleted_at_source",
            flags(sales.iter().map(|it| it.deleted)),
        ),
    ]
}

/// A query for measures by the levels of rows, more axes behind `|`.
pub(crate) fn query(measures: &str, axes: &str) -> CubeQuery {
    let axis = |text: &str| {
        let levels = text
            .split(',')
            .map(str::trim)
            .filter(|level| !level.is_empty());
        Axis::of(levels.map(|level| level.parse().unwrap()))
    };
    CubeQuery {
        cube: "sales".into(),
        measures: measures
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect(),
        axes: if axes.is_empty() {
            vec![]
        } else {
            axes.split('|').map(axis).collect()
        },
        ..CubeQuery::default()
    }
}

pub(crate) fn filters<const N: usize>(texts: [&str; N]) -> Vec<Filter> {
    texts
        .into_iter()
        .map(|text| parse_filter(text).unwrap())
        .collect()
}

/// The rows of batches, each as its columns joined by a blank and a bar; nulls are "∅".
pub(crate) fn lines(batches: &[RecordBatch]) -> Vec<String> {
    let options = FormatOptions::default().with_null("∅");
    let mut lines = Vec::new();
    for batch in batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let values: Vec<String> = columns
                .iter()
                .map(|column| column.value(row).to_string())
                .collect();
            lines.push(values.join(" | "));
        }
    }
    lines
}

/// The answer of a query: captions of members and measures only, a line a row.
pub(crate) async fn answer(service: &CubeService, query: &CubeQuery) -> Result<Vec<String>> {
    let result = service.query(&Caller::default(), query).await?;
    let (header, batches) = result.collect().await?;
    Ok(lines(&shown(&header, &batches)))
}

/// The columns that a table shows: captions of members, and measures.
fn shown(header: &ResultHeader, batches: &[RecordBatch]) -> Vec<RecordBatch> {
    use planisphere_olap::{ColumnRole, LevelPart};
    let shown: Vec<usize> = header
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| match &column.role {
            ColumnRole::Level { part, .. } => {
                matches!(
                    part,
                    LevelPart::Caption
                        | LevelPart::AncestorKey { .. }
                        | LevelPart::Attribute { .. }
                )
            }
            _ => true,
        })
        .map(|(number, _)| number)
        .collect();
    batches
        .iter()
        .map(|batch| batch.project(&shown).unwrap())
        .collect()
}

/// Asserts the answer of a query over the shop.
#[track_caller]
pub(crate) fn check(query: &CubeQuery, expected: &[&str]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lines = runtime.block_on(answer(&shop(), query)).unwrap();
    assert_eq!(lines, expected, "{query:?}");
}

/// The error of a query over the shop.
pub(crate) fn fault(query: &CubeQuery) -> OlapError {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(answer(&shop(), query)).unwrap_err()
}
