//! Moving a database forward.

use super::*;

#[tokio::test]
async fn moving_forward_changes_something_of_every_kind() {
    let mut demo = Demo::make().await;
    demo.advance(45).await;
    let new = |table| demo.table(table).inserted;
    for table in [
        "accounts",
        "contacts",
        "leads",
        "opportunities",
        "aos_quotes",
        "aos_invoices",
        "aos_products_quotes",
        "cases",
        "calls",
        "emails",
        "campaign_log",
        "surveyresponses",
        "opportunities_audit",
        "accounts_audit",
        "cases_audit",
        "planisphere_currency_rates",
    ] {
        assert!(new(table) > 0, "nothing new in {table}");
    }
    for table in [
        "accounts",
        "leads",
        "opportunities",
        "aos_invoices",
        "aos_products",
        "cases",
        "calls",
    ] {
        assert!(demo.table(table).updated > 0, "nothing changed in {table}");
    }
    for table in [
        "opportunities",
        "aos_invoices",
        "aos_products_quotes",
        "cases",
    ] {
        assert!(
            demo.table(table).soft_deleted > 0,
            "nothing marked as deleted in {table}"
        );
        assert!(demo.table(table).deleted > 0, "nothing gone from {table}");
    }
    let connection = demo.open();
    for (table, field) in [("opportunities", "sales_stage"), ("accounts", "rating")] {
        let sql = format!(
            "SELECT count(*) FROM {table}_audit WHERE field_name = '{field}' AND date_created >= '2026-11-01'"
        );
        assert!(number(&connection, &sql) > 0, "{table}.{field}");
    }
}

#[tokio::test]
async fn the_summary_tells_the_change_of_every_table() {
    let mut demo = Demo::make().await;
    let before: Vec<u64> = demo.summary.tables.iter().map(|table| table.rows).collect();
    demo.advance(10).await;
    let connection = demo.open();
    for (table, before) in demo.summary.tables.iter().zip(before) {
        let rows = number(&connection, &format!("SELECT count(*) FROM {}", table.name));
        assert_eq!(rows, table.rows.cast_signed(), "{}", table.name);
        assert_eq!(
            table.rows + table.deleted,
            before + table.inserted,
            "{}",
            table.name
        );
        assert!(table.soft_deleted <= table.updated);
    }
    assert_eq!(
        demo.summary.advanced_from.unwrap().to_string(),
        "2026-10-31"
    );
    assert_eq!(demo.summary.last_day.to_string(), "2026-11-10");
    assert!(
        demo.summary
            .to_string()
            .contains("moved forward from 2026-10-31 to 2026-11-10")
    );
}

#[tokio::test]
async fn steps_of_any_length_lead_to_the_same_database() {
    let (mut one, mut many) = (Demo::make().await, Demo::make().await);
    one.advance(30).await;
    for days in [1, 9, 20] {
        many.advance(days).await;
    }
    let hash = |demo: &Demo| content_hash(&demo.open(), &demo.summary);
    assert_eq!(hash(&one), hash(&many));
    assert_eq!(one.summary.dirt, many.summary.dirt);
    assert_eq!(
        number(&many.open(), "SELECT advances FROM planisphere_demo"),
        3
    );
}

#[tokio::test]
async fn nothing_lies_beyond_the_last_day() {
    let mut demo = Demo::make().await;
    demo.advance(5).await;
    let connection = demo.open();
    for (table, column) in [
        ("accounts", "date_modified"),
        ("opportunities", "date_modified"),
        ("cases", "date_modified"),
        ("aos_invoices", "date_modified"),
        ("aos_products_quotes", "date_modified"),
        ("opportunities_audit", "date_created"),
        ("campaign_log", "activity_date"),
        ("users", "date_modified"),
    ] {
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} > '2026-11-05 23:59:59'");
        assert_eq!(number(&connection, &sql), 0, "{table}.{column}");
    }
}
