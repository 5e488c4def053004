//! A warehouse built anew from staging packages and key maps, after the source is gone.

use std::path::Path;

use anyhow::Result;
use planisphere_tests::lab::{Lab, Said, cells};
use planisphere_tests::programs;

/// What must be the same: every row of every dimension and of the fact, with its keys, and what the key maps say.
const QUESTIONS: [&str; 6] = [
    "select customer_key, customer_durable_key, customer_id, name, city, segment, rating, valid_from, valid_to, \
     valid_from_basis, is_current, deleted_at_source from dim_customer order by 1",
    "select product_key, product_durable_key, product_id, name, category, valid_from, valid_to, is_current, \
     deleted_at_source from dim_product order by 1",
    "select source_row_id, order_date_key, customer_key, product_key, status, quantity, revenue, deleted_at_source \
     from fact_sale order by 1",
    "select customer_key, customer_durable_key, customer_id, valid_from, is_retired from map.map_customer order by 1",
    "select product_key, product_durable_key, product_id, valid_from, is_retired from map.map_product order by 1",
    "select business_date, outcome from audit.audit_load order by audit_key",
];

/// Some nights of a shop: changes, late ones, new and vanished rows, a night without any.
const NIGHTS: [&str; 4] = [
    "update customers set rating = 'hot', date_modified = '2025-06-01 12:00:00' where id = 'c1'; \
     insert into customers_audit values ('a2', 'c1', '2025-06-01 12:00:00', 'rating', 'warm', 'hot'); \
     insert into customers values ('c5', 'Eve', 'Oslo', 'small', 'cold', '2025-06-01 08:00:00', '2025-06-01 08:00:00', 0); \
     insert into orders values ('o11', 'c5', 'p1', '2025-06-02 09:00:00', 'paid', 4, 11, 'USD', '2025-06-02 09:00:00', 0); \
     delete from orders where id = 'o06'",
    // a change of which the audit tells late parts a version; the member that was waited for arrives
    "insert into customers_audit values ('a3', 'c2', '2024-06-01 00:00:00', 'segment', 'small', 'large'); \
     insert into customers values ('c9', 'Ida', 'Bern', 'large', 'warm', '2025-05-01 08:00:00', '2025-05-01 08:00:00', 0); \
     update products set category = 'Bakery' where id = 'p3'; delete from products where id = 'p2'",
    "select 1",
    // a version that was told of is untrue: its key is retired
    "delete from customers_audit where id = 'a3'; \
     update orders set quantity = 9, date_modified = '2025-07-01 00:00:00' where id = 'o01'",
];

fn run(
    lab: &Lab,
    program: fn() -> Result<std::process::Command>,
    arguments: &[&str],
) -> Result<Said> {
    let mut command = program()?;
    Said::of(command.args(arguments).current_dir(lab.path(".")))
}

/// Builds the warehouse anew from what it has retained; the settings name the new one from then on.
pub(crate) fn rebuilt(lab: &Lab) -> Result<()> {
    let settings = std::fs::read_to_string(lab.config())?;
    lab.write(
        "planisphere.toml",
        format!("[warehouse]\nurl = \"anew\"\n\n{settings}"),
    )?;
    let old = lab.path("warehouse").display().to_string();
    lab.etl(&["rebuild", "--from", &old])?.done()?;
    Ok(())
}

fn answers(lab: &Lab, config: &str) -> Result<Vec<Vec<Vec<String>>>> {
    let ask = |sql: &&str| {
        let said = run(
            lab,
            programs::olap,
            &["sql", "--format", "csv", sql, "--config", config],
        )?;
        cells(&said.done()?.out)
    };
    QUESTIONS.iter().map(ask).collect()
}

#[test]
fn a_warehouse_built_anew_from_what_is_retained_moves_no_key() -> Result<()> {
    let lab = Lab::loaded()?;
    for night in NIGHTS {
        lab.change(&format!("{night};"))?;
        lab.load()?.done()?;
    }
    let before = answers(&lab, "planisphere.toml")?;
    assert!(before[0].len() > 10, "{:?}", before[0]);
    // a load that was killed once its version was there could not say so any more
    let records = std::fs::read_dir(lab.path("warehouse/_planisphere/loads"))?;
    let mut records: Vec<_> = records.collect::<std::io::Result<_>>()?;
    records.sort_by_key(std::fs::DirEntry::file_name);
    let path = records[1].path();
    let mut record: serde_json::Value = serde_json::from_slice(&std::fs::read(&path)?)?;
    assert_eq!(record["outcome"]["state"], "published");
    record["outcome"] = serde_json::json!({"state": "running"});
    std::fs::write(&path, record.to_string())?;
    std::fs::remove_file(lab.path("shop.db"))?;
    let settings = std::fs::read_to_string(lab.config())?;
    let anew = settings.replace("url = \"warehouse\"", "url = \"anew\"");
    assert_ne!(settings, anew);
    lab.write("anew.toml", anew)?;
    let rebuild = ["rebuild", "--from", "warehouse", "--config", "anew.toml"];
    let said = run(&lab, programs::etl, &rebuild)?.done()?;
    assert_eq!(said.out.lines().count(), 5, "{}", said.out);
    let after = answers(&lab, "anew.toml")?;
    for ((question, before), after) in QUESTIONS.iter().zip(before).zip(after) {
        assert_eq!(after, before, "{question}");
    }
    let again = run(&lab, programs::etl, &rebuild)?;
    again.refused(2, &["has published versions already"])?;
    Ok(())
}

#[test]
fn a_warehouse_without_packages_cannot_be_built_anew() -> Result<()> {
    let lab = Lab::loaded()?;
    std::fs::remove_dir_all(lab.path("warehouse/_planisphere/staging"))?;
    let settings = std::fs::read_to_string(lab.config())?;
    lab.write(
        "anew.toml",
        settings.replace("url = \"warehouse\"", "url = \"anew\""),
    )?;
    let rebuild = ["rebuild", "--from", "warehouse", "--config", "anew.toml"];
    let said = run(&lab, programs::etl, &rebuild)?;
    said.refused(3, &["retains no staging package"])?;
    assert!(!Path::new(&lab.path("anew/_planisphere/versions")).exists());
    Ok(())
}
