//! A PostgreSQL that refuses, or lacks what the model names.

use anyhow::Result;
use planisphere_tests::lab::{Lab, Said};
use planisphere_tests::programs;

use super::cluster::Cluster;

/// The shop, which looks for its tables in PostgreSQL.
fn shop_at(url: &str) -> Result<Lab> {
    let lab = Lab::shop()?;
    lab.replace("planisphere.toml", "sqlite:shop.db", url)?;
    Ok(lab)
}

#[test]
fn a_refused_password_is_told_and_never_shown() -> Result<()> {
    let cluster = Cluster::start()?;
    let lab = shop_at(&cluster.url_with("hunter2"))?;
    let expected = [
        "cannot open source 'shop'",
        "password authentication failed",
        "hint: check the user and the password",
    ];
    let said = lab.load()?.refused(2, &expected)?;
    let status = lab.etl(&["status"])?.done()?;
    let record = std::fs::read_dir(lab.path("warehouse/_planisphere/loads"))?;
    let mut texts = vec![said.err, status.out];
    for entry in record {
        texts.push(std::fs::read_to_string(entry?.path())?);
    }
    assert_eq!(texts.len(), 3);
    assert!(
        texts.iter().all(|text| !text.contains("hunter2")),
        "{texts:?}"
    );
    let mut demo = programs::etl()?;
    demo.args([
        "demo-source",
        "--customers",
        "20",
        "--url",
        &cluster.url_with("hunter2"),
    ]);
    let said = Said::of(&mut demo)?.refused(2, &["password authentication failed"])?;
    assert!(!said.err.contains("hunter2"), "{}", said.err);
    Ok(())
}

#[test]
fn a_password_can_come_from_a_file_and_missing_tables_are_named() -> Result<()> {
    let cluster = Cluster::start()?;
    let url = format!(
        "{}\"\npassword_file = \"secret.txt",
        cluster.url_without_password()
    );
    let lab = shop_at(&url)?;
    lab.write("secret.txt", format!("{}\n", cluster.password()))?;
    lab.load()?
        .refused(3, &["source 'shop' has no table 'customers'"])?;
    lab.write("secret.txt", "hunter2\n")?;
    let said = lab
        .load()?
        .refused(2, &["password authentication failed"])?;
    assert!(!said.err.contains("hunter2"), "{}", said.err);
    Ok(())
}

#[test]
fn a_database_that_does_not_exist_is_named() -> Result<()> {
    let cluster = Cluster::start()?;
    let lab = shop_at(&cluster.url().replace("/postgres", "/nowhere"))?;
    lab.load()?.refused(
        3,
        &[
            "source 'shop' is not there",
            "database \"nowhere\" does not exist",
            "hint: check the url of [source.shop]",
        ],
    )?;
    Ok(())
}
