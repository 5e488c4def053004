//! The same simulated company, loaded from PostgreSQL and from SQLite.

use anyhow::Result;
use planisphere_tests::lab::{Lab, Said};
use planisphere_tests::{programs, root};

use super::cluster::Cluster;

/// Makes a demo CRM at a URL; `url` is as it stands in the settings.
fn crm(url: &str) -> Result<Lab> {
    let model = root().join("schemas");
    let lab = Lab::with_settings(&format!(
        "[warehouse]\nurl = \"warehouse\"\n\n[model]\npath = \"{}\"\n\n[source.suitecrm]\nurl = \"{url}\"\n",
        model.display()
    ))?;
    let place = match url.strip_prefix("sqlite:") {
        Some(file) => format!("sqlite:{}", lab.path(file).display()),
        None => url.to_owned(),
    };
    demo_source(&place, &["--customers", "300", "--seed", "5"])?;
    Ok(lab)
}

fn demo_source(place: &str, arguments: &[&str]) -> Result<()> {
    let mut command = programs::etl()?;
    Said::of(
        command
            .args(["demo-source", "--url", place])
            .args(arguments),
    )?
    .done()?;
    Ok(())
}

const STARS: [&str; 9] = [
    "dim_customer",
    "dim_product",
    "dim_employee",
    "dim_geography",
    "dim_campaign",
    "dim_date",
    "fact_sales_line",
    "fact_opportunity",
    "fact_case",
];

/// Questions in flags of `query`.
const QUESTIONS: [&[&str]; 6] = [
    &[
        "--cube",
        "sales",
        "--measures",
        "revenue,cost,discount,quantity,lines,customers,margin_rate",
    ],
    &[
        "--cube",
        "sales",
        "--measures",
        "revenue",
        "--rows",
        "order_date.calendar.month",
        "--columns",
        "product.category.group",
    ],
    &[
        "--cube",
        "sales",
        "--measures",
        "revenue,invoices",
        "--rows",
        "customer.segment.rating",
        "--subtotals",
        "rows",
    ],
    &[
        "--cube",
        "sales",
        "--measures",
        "revenue",
        "--rows",
        "geography.place.country",
        "--top",
        "5 by revenue",
    ],
    &[
        "--cube",
        "pipeline",
        "--measures",
        "opportunities,amount,won,win_rate,median_days_to_close",
        "--rows",
        "employee.organisation.department",
    ],
    &[
        "--cube",
        "service",
        "--measures",
        "cases,average_minutes_to_answer,close_rate",
        "--rows",
        "opened_date.calendar.quarter",
    ],
];

/// Every version of every customer, and every sales line, by business keys.
const ROWS: [&str; 3] = [
    "select customer_id, name, industry, rating, account_manager, employees, customer_since, valid_from, valid_to, \
     deleted_at_source from dim_customer order by customer_id, valid_from",
    "select source_row_id, order_date_key, due_date_key, customer_id, c.valid_from, product_id, invoice_number, \
     quantity, amount, revenue, cost, discount, f.deleted_at_source from fact_sales_line f \
     join dim_customer c using (customer_key) join dim_product p using (product_key) order by source_row_id",
    "select source_row_id, opened_date_key, answered_date_key, closed_date_key, status, minutes_to_answer, \
     minutes_to_close, deleted_at_source from fact_case order by source_row_id",
];

fn counts(lab: &Lab) -> Result<Vec<Vec<Vec<String>>>> {
    let count = |table: &&str| lab.sql(&format!("select '{table}', count(*) from {table}"));
    STARS.iter().map(count).collect()
}

/// Compares two answers and shows the first row that differs.
fn same(what: &str, postgres: &[Vec<String>], sqlite: &[Vec<String>]) {
    assert!(!sqlite.is_empty(), "{what}: there are no rows");
    let differing = postgres
        .iter()
        .zip(sqlite)
        .find(|(one, other)| one != other);
    assert_eq!(differing, None, "{what}");
    assert_eq!(postgres.len(), sqlite.len(), "{what}");
}

fn compare(postgres: &Lab, sqlite: &Lab) -> Result<()> {
    assert_eq!(counts(postgres)?, counts(sqlite)?);
    for question in QUESTIONS {
        same(
            &question.join(" "),
            &postgres.query(question)?,
            &sqlite.query(question)?,
        );
    }
    for sql in ROWS {
        same(sql, &postgres.sql(sql)?, &sqlite.sql(sql)?);
    }
    Ok(())
}

#[test]
fn postgres_and_sqlite_become_the_same_stars_and_answers_over_two_loads() -> Result<()> {
    let cluster = Cluster::start()?;
    let (postgres, sqlite) = (crm(&cluster.url())?, crm("sqlite:crm.db")?);
    for lab in [&postgres, &sqlite] {
        lab.load_as_of("2026-10-31")?.done()?;
    }
    compare(&postgres, &sqlite)?;
    let said = postgres.load_as_of("2026-10-31")?.done()?;
    assert!(
        said.err.contains("nothing changed, version 1 still stands"),
        "{}",
        said.err
    );
    demo_source(&cluster.url(), &["--advance-days", "7"])?;
    demo_source(
        &format!("sqlite:{}", sqlite.path("crm.db").display()),
        &["--advance-days", "7"],
    )?;
    for lab in [&postgres, &sqlite] {
        lab.load_as_of("2026-11-07")?.done()?;
        assert_eq!(lab.versions()?, ["1", "2"]);
    }
    compare(&postgres, &sqlite)
}
