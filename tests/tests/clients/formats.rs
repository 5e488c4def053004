//! CSV and JSON of `query` and `sql`, as scripts parse them: from the warehouse and from a server the same.

use anyhow::Result;
use planisphere_tests::lab::{Lab, cells};
use planisphere_tests::programs::Server;
use serde_json::{Value, json};

fn remote(server: &Server, arguments: &[&str]) -> Result<String> {
    Ok(server.olap(arguments)?.done()?.out)
}

const QUERY: [&str; 7] = [
    "query",
    "--cube",
    "sales",
    "--measures",
    "revenue,orders",
    "--rows",
    "product.category.category",
];

#[test]
fn the_csv_of_a_query_parses() -> Result<()> {
    let lab = Lab::loaded()?;
    let server = lab.serve()?;
    let flags = [&QUERY[..], &["--format", "csv"]].concat();
    let here = lab.olap(&flags)?.done()?.out;
    let rows = cells(&here)?;
    let numbers: Vec<_> = rows
        .iter()
        .map(|row| (row[0].as_str(), &row[row.len() - 2..]))
        .collect();
    let numbers: Vec<String> = numbers
        .iter()
        .map(|(name, row)| format!("{name} {}", row.join(" ")))
        .collect();
    assert_eq!(numbers, ["Drinks 48.5000 5", "Food 24.0000 2"]);
    assert_eq!(remote(&server, &flags)?, here);
    Ok(())
}

#[test]
fn the_json_of_a_query_parses_and_names_its_version() -> Result<()> {
    let lab = Lab::loaded()?;
    let server = lab.serve()?;
    let flags = [&QUERY[..], &["--format", "json"]].concat();
    for said in [lab.olap(&flags)?.done()?.out, remote(&server, &flags)?] {
        let answer: Value = serde_json::from_str(&said)?;
        assert_eq!(answer["warehouse_version"], 1);
        let rows = answer["rows"].as_array().cloned().unwrap_or_default();
        let found: Vec<Value> = rows
            .iter()
            .map(|row| json!([row["revenue"], row["orders"]]))
            .collect();
        assert_eq!(
            found,
            [json!(["48.5000", 5]), json!(["24.0000", 2])],
            "{said}"
        );
        assert!(
            answer["model_hash"]
                .as_str()
                .is_some_and(|hash| !hash.is_empty()),
            "{said}"
        );
    }
    Ok(())
}

#[test]
fn the_csv_and_json_of_sql_parse_whatever_the_texts_hold() -> Result<()> {
    let lab = Lab::shop()?;
    lab.change(
        "update customers set name = 'A \"quoted\", name' || char(10) || '王' where id = 'c1'",
    )?;
    lab.load()?.done()?;
    let server = lab.serve()?;
    let sql = "select customer_id, name, rating, customer_key, is_current from dim_customer \
               where is_current and customer_id in ('c1', 'c3') order by customer_id";
    let odd = "A \"quoted\", name\n王";
    let csv = ["sql", "--format", "csv", sql];
    for said in [lab.olap(&csv)?.done()?.out, remote(&server, &csv)?] {
        let rows = cells(&said)?;
        assert_eq!(
            (
                rows[0][1].as_str(),
                rows[1][1].as_str(),
                rows[1][2].as_str()
            ),
            (odd, "Chloé", "")
        );
    }
    let form = ["sql", "--format", "json", sql];
    for said in [lab.olap(&form)?.done()?.out, remote(&server, &form)?] {
        let answer: Value = serde_json::from_str(&said)?;
        let expected = json!([
            {"customer_id": "c1", "name": odd, "rating": "warm", "customer_key": 2, "is_current": true},
            {"customer_id": "c3", "name": "Chloé", "rating": null, "customer_key": 4, "is_current": true},
        ]);
        assert_eq!(answer["rows"], expected, "{said}");
    }
    Ok(())
}
