//! SQL that is wrong, names what is not there, or would write.

use anyhow::Result;
use planisphere_tests::lab::Lab;

#[test]
fn syntax_errors_and_unknown_names_have_a_place() -> Result<()> {
    let lab = Lab::loaded()?;
    for (sql, code, part) in [
        ("selec 1", 2, "line 1, column 1: syntax error"),
        ("select (1\nfrom x", 2, "line 2, column"),
        (
            "select * from dim_custmer",
            3,
            "line 1, column 15: unknown table 'dim_custmer' (did you mean 'dim_customer'?)",
        ),
        (
            "select nam from dim_customer",
            3,
            "line 1, column 8: unknown column 'nam' (did you mean 'name'?)",
        ),
        (
            "select * from '/etc/passwd'",
            3,
            "unknown table '/etc/passwd'",
        ),
        ("select frobnicate(1)", 2, "frobnicate"),
        ("select cast('x' as integer)", 2, "'x'"),
        ("", 2, "there is no statement"),
    ] {
        lab.olap(&["sql", sql])?.refused(code, &[part])?;
    }
    Ok(())
}

#[test]
fn writes_are_refused_and_change_nothing() -> Result<()> {
    let lab = Lab::loaded()?;
    let before = lab.sql("select count(*), sum(revenue) from fact_sale")?;
    let server = lab.serve()?;
    let copied = lab.path("copied.csv").display().to_string();
    let copy = format!("copy dim_customer to '{copied}'");
    for (statement, verb) in [
        (
            "insert into dim_product select * from dim_product",
            "INSERT",
        ),
        ("update dim_customer set name = 'x'", "UPDATE"),
        ("delete from fact_sale", "DELETE"),
        ("drop table fact_sale", "DROP"),
        ("create table x as select 1", "CREATE"),
        ("create view x as select 1", "CREATE"),
        (
            "create external table x stored as csv location '/etc/passwd'",
            "CREATE",
        ),
        ("truncate table fact_sale", "TRUNCATE"),
        (copy.as_str(), "COPY"),
        ("set datafusion.execution.batch_size = 1", "SET"),
    ] {
        let refusal = format!("the warehouse is read-only: {verb} is refused");
        let expected = [refusal.as_str(), "only loads change a warehouse"];
        lab.olap(&["sql", statement])?.refused(2, &expected)?;
        server.olap(&["sql", statement])?.refused(2, &expected)?;
    }
    assert!(!lab.path("copied.csv").exists());
    assert_eq!(
        lab.sql("select count(*), sum(revenue) from fact_sale")?,
        before
    );
    assert_eq!(lab.versions()?, ["1"]);
    Ok(())
}
