//! Rows fit together: keys, sums, histories. The only exceptions are those that the summary counts.

use super::*;
use std::collections::HashMap;

/// Child table, its column, parent table, and the kind of dirt that counts rows without a parent.
const REFERENCES: &[(&str, &str, &str, Option<&str>)] = &[
    ("accounts", "parent_id", "accounts", None),
    ("accounts", "campaign_id", "campaigns", None),
    ("accounts", "created_by", "users", None),
    ("accounts_audit", "parent_id", "accounts", None),
    ("accounts_audit", "created_by", "users", None),
    ("accounts_contacts", "account_id", "accounts", None),
    ("accounts_contacts", "contact_id", "contacts", None),
    ("contacts", "reports_to_id", "contacts", None),
    ("contacts", "assigned_user_id", "users", None),
    ("leads", "account_id", "accounts", None),
    ("leads", "contact_id", "contacts", None),
    ("leads", "opportunity_id", "opportunities", None),
    ("leads", "campaign_id", "campaigns", None),
    ("leads", "assigned_user_id", "users", None),
    ("leads_audit", "parent_id", "leads", None),
    ("opportunities", "campaign_id", "campaigns", None),
    ("opportunities", "assigned_user_id", "users", None),
    ("opportunities_audit", "parent_id", "opportunities", None),
    ("accounts_opportunities", "account_id", "accounts", None),
    (
        "accounts_opportunities",
        "opportunity_id",
        "opportunities",
        None,
    ),
    ("opportunities_contacts", "contact_id", "contacts", None),
    (
        "opportunities_contacts",
        "opportunity_id",
        "opportunities",
        None,
    ),
    (
        "aos_products",
        "aos_product_category_id",
        "aos_product_categories",
        None,
    ),
    (
        "aos_product_categories",
        "parent_category_id",
        "aos_product_categories",
        None,
    ),
    ("aos_quotes", "billing_account_id", "accounts", None),
    ("aos_quotes", "billing_contact_id", "contacts", None),
    ("aos_quotes", "opportunity_id", "opportunities", None),
    (
        "aos_invoices",
        "billing_account_id",
        "accounts",
        Some("invoice_account_orphan"),
    ),
    ("aos_invoices", "billing_contact_id", "contacts", None),
    (
        "aos_products_quotes",
        "product_id",
        "aos_products",
        Some("line_product_orphan"),
    ),
    (
        "cases",
        "account_id",
        "accounts",
        Some("case_account_orphan"),
    ),
    ("cases", "contact_created_by_id", "contacts", None),
    ("cases_audit", "parent_id", "cases", None),
    ("aop_case_updates", "case_id", "cases", None),
    ("aop_case_updates", "contact_id", "contacts", None),
    ("campaign_log", "campaign_id", "campaigns", None),
    ("surveyquestions", "survey_id", "surveys", None),
    (
        "surveyquestionoptions",
        "survey_question_id",
        "surveyquestions",
        None,
    ),
    ("surveyresponses", "survey_id", "surveys", None),
    ("surveyresponses", "account_id", "accounts", None),
    ("surveyresponses", "contact_id", "contacts", None),
    (
        "surveyquestionresponses",
        "surveyresponse_id",
        "surveyresponses",
        None,
    ),
    (
        "surveyquestionresponses",
        "surveyquestion_id",
        "surveyquestions",
        None,
    ),
    (
        "surveyquestionoptions_surveyquestionresponses",
        "surveyq72c7options_ida",
        "surveyquestionoptions",
        None,
    ),
    (
        "surveyquestionoptions_surveyquestionresponses",
        "surveyq10d4sponses_idb",
        "surveyquestionresponses",
        None,
    ),
    ("users", "reports_to_id", "users", None),
];

/// Modules that a parent_type or target_type can name, with their tables.
const MODULES: [(&str, &str); 5] = [
    ("Accounts", "accounts"),
    ("Contacts", "contacts"),
    ("Leads", "leads"),
    ("Opportunities", "opportunities"),
    ("Cases", "cases"),
];

fn check_references(demo: &Demo) {
    let connection = demo.open();
    for (child, column, parent, dirt) in REFERENCES {
        let orphans = number(
            &connection,
            &format!(
                "SELECT count(*) FROM {child} WHERE {column} IS NOT NULL \
                 AND {column} NOT IN (SELECT id FROM {parent})"
            ),
        );
        let expected = dirt.map_or(0, |kind| demo.dirt(kind));
        assert_eq!(orphans, expected, "{child}.{column} -> {parent}");
    }
    check_typed_references(&connection);
    let sql = "SELECT count(*) FROM aos_products_quotes l WHERE CASE parent_type \
        WHEN 'AOS_Quotes' THEN parent_id NOT IN (SELECT id FROM aos_quotes) \
        ELSE parent_id NOT IN (SELECT id FROM aos_invoices) END";
    assert_eq!(number(&connection, sql), demo.dirt("line_invoice_orphan"));
    let sql = "SELECT count(*) FROM aos_invoices WHERE quote_number IS NOT NULL \
        AND quote_number NOT IN (SELECT number FROM aos_quotes)";
    assert_eq!(number(&connection, sql), 0);
}

fn check_typed_references(connection: &Connection) {
    for (child, prefix) in [
        ("calls", "parent"),
        ("meetings", "parent"),
        ("emails", "parent"),
        ("campaign_log", "target"),
    ] {
        let mut found = 0;
        for (module, table) in MODULES {
            let rows = format!("FROM {child} WHERE {prefix}_type = '{module}'");
            found += number(connection, &format!("SELECT count(*) {rows}"));
            let orphans =
                format!("SELECT count(*) {rows} AND {prefix}_id NOT IN (SELECT id FROM {table})");
            assert_eq!(number(connection, &orphans), 0, "{child} -> {table}");
        }
        assert_eq!(
            found,
            number(connection, &format!("SELECT count(*) FROM {child}"))
        );
    }
}

#[tokio::test]
async fn every_reference_is_met_but_the_counted_ones() {
    let mut demo = Demo::make().await;
    check_references(&demo);
    demo.advance(45).await;
    check_references(&demo);
}

#[tokio::test]
async fn lines_add_up_to_their_documents() {
    let mut demo = Demo::make().await;
    demo.advance(20).await;
    let connection = demo.open();
    for (table, module) in [
        ("aos_quotes", "AOS_Quotes"),
        ("aos_invoices", "AOS_Invoices"),
    ] {
        let differing = format!(
            "SELECT count(*) FROM {table} d LEFT JOIN (SELECT parent_id, \
             sum(CAST(round(product_total_price * 100) AS int)) total, \
             sum(CAST(round(vat_amt * 100) AS int)) tax FROM aos_products_quotes \
             WHERE parent_type = '{module}' AND deleted = 0 GROUP BY 1) l ON l.parent_id = d.id \
             WHERE d.deleted = 0 AND (l.total IS NULL \
             OR l.total <> CAST(round(d.subtotal_amount * 100) AS int) \
             OR l.tax <> CAST(round(d.tax_amount * 100) AS int) \
             OR l.total + l.tax <> CAST(round(d.total_amount * 100) AS int))"
        );
        assert_eq!(number(&connection, &differing), 0, "{table}");
    }
    for wrong in [
        "round(product_qty * product_unit_price, 2) <> round(product_total_price, 2)",
        "abs(product_total_price * vat / 100 - vat_amt) > 0.0051",
        "product_qty * 2 <> round(product_qty * 2)",
        "round(product_total_price, 2) <> product_total_price",
        "abs(product_list_price - product_discount_amount - product_unit_price) > 0.001",
    ] {
        let sql = format!("SELECT count(*) FROM aos_products_quotes WHERE {wrong}");
        assert_eq!(number(&connection, &sql), 0, "{wrong}");
    }
    let sql = "SELECT count(*) FROM aos_invoices i LEFT JOIN currencies c ON c.id = i.currency_id \
        WHERE abs(i.total_amount / coalesce(c.conversion_rate, 1) - i.total_amount_usdollar) > 0.000001";
    assert_eq!(number(&connection, sql), 0);
}

#[tokio::test]
async fn rates_cover_every_day_and_currency() {
    let mut demo = Demo::make().await;
    demo.advance(3).await;
    let connection = demo.open();
    let days = (demo.summary.last_day - demo.summary.first_day).num_days() + 121;
    let sql = "SELECT count(*) FROM (SELECT currency_id FROM planisphere_currency_rates \
        GROUP BY 1 HAVING count(DISTINCT rate_date) = count(*) AND count(*) = ";
    let currencies = number(&connection, "SELECT count(*) FROM currencies") + 1;
    assert_eq!(number(&connection, &format!("{sql} {days})")), currencies);
    let sql = "SELECT count(*) FROM aos_invoices i WHERE date(invoice_date) IS invoice_date AND NOT EXISTS \
        (SELECT 1 FROM planisphere_currency_rates r \
         WHERE r.currency_id = i.currency_id AND r.rate_date = i.invoice_date)";
    assert_eq!(number(&connection, sql), 0);
}

/// Table, audited field.
const AUDITED: [(&str, &str); 12] = [
    ("accounts", "industry"),
    ("accounts", "rating"),
    ("accounts", "account_type"),
    ("accounts", "assigned_user_id"),
    ("leads", "status"),
    ("leads", "lead_source"),
    ("opportunities", "sales_stage"),
    ("opportunities", "probability"),
    ("opportunities", "date_closed"),
    ("opportunities", "amount_usdollar"),
    ("cases", "status"),
    ("cases", "state"),
];

#[tokio::test]
async fn histories_are_chains_that_end_in_the_current_value() {
    let mut demo = Demo::make().await;
    demo.advance(60).await;
    let connection = demo.open();
    for (table, field) in AUDITED {
        let rows = check_chain(&connection, table, field);
        assert!(rows > 0, "{table}.{field} has no history");
    }
}

/// Follows every chain of a field and says how many links there are.
fn check_chain(connection: &Connection, table: &str, field: &str) -> usize {
    let sql = format!(
        "SELECT a.parent_id, a.before_value_string, a.after_value_string, p.{field}, \
         a.date_created > p.date_modified OR a.date_created < p.date_entered \
         FROM {table}_audit a JOIN {table} p ON p.id = a.parent_id \
         WHERE a.field_name = '{field}' ORDER BY a.parent_id, a.date_created"
    );
    let text = |value: rusqlite::types::Value| match value {
        rusqlite::types::Value::Real(number) => format!("{number:.2}"),
        rusqlite::types::Value::Text(text) if field == "amount_usdollar" => {
            format!("{:.2}", text.parse::<f64>().unwrap())
        }
        rusqlite::types::Value::Text(text) if field == "probability" => format!("{text}.00"),
        rusqlite::types::Value::Text(text) => text,
        other => format!("{other:?}"),
    };
    let mut last: HashMap<String, (String, String)> = HashMap::new();
    let mut statement = connection.prepare(&sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut links = 0;
    while let Some(row) = rows.next().unwrap() {
        let id: String = row.get(0).unwrap();
        let value = |column| text(row.get(column).unwrap());
        let (before, after, current) = (value(1), value(2), value(3));
        assert!(
            !row.get::<_, bool>(4).unwrap(),
            "{table} {id}: written before or after its row"
        );
        if let Some((previous, _)) = last.get(&id) {
            assert_eq!(*previous, before, "{table}.{field} of {id}");
        }
        assert_ne!(before, after, "{table}.{field} of {id}");
        last.insert(id, (after, current));
        links += 1;
    }
    for (id, (after, current)) in last {
        assert_eq!(after, current, "{table}.{field} of {id}");
    }
    links
}
