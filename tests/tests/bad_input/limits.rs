//! Limits on rows and time, set through the environment.

use anyhow::Result;
use planisphere_tests::lab::Lab;

#[test]
fn an_answer_over_the_row_limit_is_refused_whole() -> Result<()> {
    let lab = Lab::loaded()?;
    let expected = [
        "more than the limit of 3 rows",
        "hint: filter more",
        "[olap] row_limit",
    ];
    let limit = "PLANISPHERE__OLAP__ROW_LIMIT";
    let said = lab.olap_with(limit, "3", &["sql", "select * from dim_date"])?;
    said.refused(6, &expected)?;
    let months = "order_date.calendar.year,order_date.calendar.month";
    let flags = [
        "query",
        "--cube",
        "sales",
        "--measures",
        "revenue",
        "--rows",
        months,
    ];
    lab.olap_with(limit, "3", &flags)?.refused(6, &expected)?;
    let said = lab.olap_with(limit, "3", &["sql", "select * from dim_date limit 3"])?;
    said.done()?;
    Ok(())
}

#[test]
fn a_query_over_its_deadline_ends() -> Result<()> {
    let lab = Lab::loaded()?;
    let endless = "select count(*) from dim_date a, dim_date b, dim_date c, dim_date d \
                   where a.date_key + b.date_key + c.date_key + d.date_key = 1";
    let said = lab.olap_with(
        "PLANISPHERE__OLAP__QUERY_TIMEOUT_SECONDS",
        "1",
        &["sql", endless],
    )?;
    said.refused(6, &["did not end within 1 s", "query_timeout_seconds"])?;
    Ok(())
}
