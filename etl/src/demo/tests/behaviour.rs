//! The simulated customers behave as docs/demo-crm.md says.

use super::*;

fn share(connection: &Connection, sql: &str) -> f64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn buying_follows_the_seasons_and_goods_are_skewed() {
    let demo = Demo::make_with(|args| {
        args.customers = 1500;
        args.months = 24;
    })
    .await;
    let connection = demo.open();
    let month = |month: &str| {
        let sql = format!(
            "SELECT count(*) FROM aos_invoices WHERE substr(date_entered, 1, 7) = '{month}' AND quote_number IS NULL"
        );
        number(&connection, &sql)
    };
    assert!(
        month("2025-11") * 10 > month("2025-08") * 13,
        "november is the peak"
    );
    let sql = "SELECT sum(n) FILTER (WHERE place <= 19) * 1.0 / sum(n) FROM (SELECT count(*) n, \
        row_number() OVER (ORDER BY count(*) DESC) place FROM aos_products_quotes GROUP BY product_id)";
    assert!(
        share(&connection, sql) > 0.35,
        "a tenth of the products is a third of the lines"
    );
    let sql = "SELECT avg(julianday(b.d) - julianday(a.d) > 0) FROM \
        (SELECT billing_account_id id, min(date_entered) d FROM aos_invoices GROUP BY 1) a JOIN \
        (SELECT billing_account_id id, max(date_entered) d FROM aos_invoices GROUP BY 1) b USING (id)";
    assert!(share(&connection, sql) > 0.5, "most buyers buy again");
    check_churn(&connection);
    check_pipeline(&connection);
}

/// Customers noted as gone complained more in their last four months than others do.
fn check_churn(connection: &Connection) {
    let gone = "SELECT parent_id id, date_created d FROM accounts_audit \
        WHERE field_name = 'account_type' AND after_value_string = 'Other'";
    let sql = format!(
        "SELECT count(*) * 1.0 / (SELECT count(*) FROM ({gone})) FROM ({gone}) g JOIN cases c \
         ON c.account_id = g.id AND c.type LIKE 'Complaint%' AND c.date_entered <= g.d \
         AND julianday(g.d) - julianday(c.date_entered) < 150"
    );
    let before_leaving = share(connection, &sql) / 5.0;
    let usual = share(
        connection,
        "SELECT count(*) * 1.0 / (SELECT count(*) FROM accounts) / 16 FROM cases WHERE type LIKE 'Complaint%'",
    );
    assert!(
        before_leaving > usual * 1.8,
        "{before_leaving} against {usual} complaints a month"
    );
}

fn check_pipeline(connection: &Connection) {
    let won = share(
        connection,
        "SELECT avg(sales_stage = 'Closed Won') FROM opportunities WHERE sales_stage LIKE 'Closed%'",
    );
    assert!(
        (0.3..0.6).contains(&won),
        "{won} of the closed opportunities are won"
    );
    for (what, sql) in [
        (
            "reopened",
            "SELECT count(*) FROM opportunities_audit WHERE before_value_string LIKE 'Closed%' AND field_name = 'sales_stage'",
        ),
        (
            "skipped",
            "SELECT count(*) FROM opportunities_audit WHERE before_value_string = 'Qualification' AND after_value_string = 'Value Proposition'",
        ),
        (
            "reopened cases",
            "SELECT count(*) FROM cases_audit WHERE field_name = 'state' AND after_value_string = 'Open'",
        ),
        (
            "converted leads",
            "SELECT count(*) FROM leads WHERE converted = 1 AND opportunity_id IS NOT NULL",
        ),
        (
            "merged duplicates",
            "SELECT count(*) FROM accounts WHERE deleted = 1",
        ),
    ] {
        assert!(number(connection, sql) > 5, "{what}");
    }
    let moved = share(
        connection,
        "SELECT count(DISTINCT parent_id) * 1.0 / (SELECT count(*) FROM accounts) FROM accounts_audit WHERE field_name = 'rating'",
    );
    assert!(
        (0.08..0.3).contains(&moved),
        "the rating of {moved} of the accounts moved"
    );
}
