//! A rebuild says which packages and versions it leaves out, and why.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::case::Case;

const SOURCE: &str = "source: crm
tables:
  sales: {key: id, columns: {id: text, amount: integer}}
entities:
  sale:
    from: sales s
    columns: {id: s.id, amount: s.amount}
";
const STAR: &str = "star: sale\ngrain: One row is one sale.\nentity: sale\nkey: id\nmeasures:\n  amount: {type: integer}\n";

#[test]
fn packages_of_loads_without_a_good_end_and_versions_without_packages_are_named() -> Result<()> {
    let files = [("sources/crm.yaml", SOURCE), ("stars/sale.yaml", STAR)];
    let sql = "create table sales(id text primary key, amount integer);";
    let case = Case::new(sql, &files)?;
    for day in 1..=5 {
        case.change(&format!("insert into sales values ('s{day}', {day})"))?;
        case.load(&format!("2025-01-0{day}"))?;
    }
    case.lab.etl(&["extract"])?.done()?;
    let folder = case.lab.path("warehouse/_planisphere");
    let names = fs::read_dir(folder.join("loads"))?.map(|entry| Ok(entry?.path()));
    let mut records: Vec<_> = names.collect::<Result<_>>()?;
    records.sort();
    let id = |at: usize| -> Result<String> {
        let name = records[at].file_stem().context("a name")?;
        Ok(name.display().to_string())
    };
    // the second has failed, the third is not on record, of the fourth there is no package any more
    let mut record: Value = serde_json::from_slice(&fs::read(&records[1])?)?;
    record["outcome"] =
        json!({"state": "failed", "kind": "Invalid", "error": "the disk was full", "hint": null});
    fs::write(&records[1], record.to_string())?;
    fs::remove_file(folder.join("versions").join(format!("{:020}.json", 2))).or_else(
        |_| -> Result<()> {
            let mut versions: Vec<_> = fs::read_dir(folder.join("versions"))?
                .map(|entry| Ok(entry?.path()))
                .collect::<Result<_>>()?;
            versions.sort();
            Ok(fs::remove_file(&versions[1])?)
        },
    )?;
    fs::remove_file(&records[2])?;
    fs::remove_dir_all(folder.join("staging").join(id(3)?))?;
    let settings = fs::read_to_string(case.lab.config())?;
    let anew = format!("[warehouse]\nurl = \"anew\"\n\n{settings}");
    case.lab.write("planisphere.toml", anew)?;
    let old = case.lab.path("warehouse").display().to_string();
    let said = case.lab.etl(&["rebuild", "--from", &old])?.done()?;
    let expected = [
        format!(
            "note: the staging package of load {} of 2025-01-02 is left out: the load failed: the disk was full",
            id(1)?
        ),
        format!(
            "note: the staging package of load {} is left out: no record of a load tells of it",
            id(2)?
        ),
        format!(
            "note: version 4 of load {} of 2025-01-04 is left out: its staging package is not retained any more",
            id(3)?
        ),
    ];
    for words in &expected {
        ensure!(
            said.out.contains(words),
            "'{words}' is missing in {}",
            said.out
        );
    }
    // and that of the extraction
    assert_eq!(
        said.out.matches("no record of a load tells of it").count(),
        2,
        "{}",
        said.out
    );
    assert_eq!(said.out.matches("note: ").count(), 4, "{}", said.out);
    assert_eq!(
        case.sql("select count(*) from fact_sale where not deleted_at_source")?[0][0],
        "5"
    );
    Ok(())
}
