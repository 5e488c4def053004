//! Records of loads that stand as running: whose files are swept, and whose are not.

use std::fs;
use std::path::PathBuf;

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

/// The identity of the numbering of processes of a machine outside of containers.
const OUTSIDE: &str = "pid:[4026531836]";

/// What a load that stands as running has left: its record with these words of its process, a file and a half package.
struct Left {
    file: PathBuf,
    package: PathBuf,
}

impl Left {
    fn of(case: &Case, number: u32, process: &[(&str, Value)]) -> Result<Self> {
        let loads = case.lab.path("warehouse/_planisphere/loads");
        let mut records: Vec<PathBuf> = fs::read_dir(&loads)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        records.sort();
        let last = records.last().context("a record")?;
        let mut record: Value = serde_json::from_slice(&fs::read(last)?)?;
        let old = record["load_id"].as_str().context("an id")?.to_owned();
        let id = format!("{}{number:04}", &old[..old.len() - 4]);
        record["load_id"] = json!(id);
        record["outcome"] = json!({"state": "running"});
        record["finished_at"] = Value::Null;
        for (name, value) in process {
            record["process"][*name] = value.clone();
        }
        fs::write(loads.join(format!("{id}.json")), record.to_string())?;
        let table = case.lab.path("warehouse/fact_sale");
        let files = fs::read_dir(&table)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        let files: Vec<Option<String>> = files.collect::<Result<_>>()?;
        let mut files = files.into_iter().flatten();
        let file = files
            .find(|name| name.contains(&old))
            .context("a file of the load")?;
        let left = Self {
            file: table.join(file.replace(&old, &id)),
            package: case.lab.path(&format!(
                "warehouse/_planisphere/staging/{id}/crm/half.parquet"
            )),
        };
        fs::copy(table.join(file), &left.file)?;
        fs::create_dir_all(left.package.parent().context("a folder")?)?;
        fs::write(&left.package, "half")?;
        Ok(left)
    }

    fn is_there(&self) -> (bool, bool) {
        (self.file.exists(), self.package.exists())
    }
}

#[test]
fn a_load_of_another_machine_of_the_same_name_is_left_alone() -> Result<()> {
    let files = [("sources/crm.yaml", SOURCE), ("stars/sale.yaml", STAR)];
    let sql = "create table sales(id text primary key, amount integer); insert into sales values ('s1', 1);";
    let case = Case::new(sql, &files)?;
    case.load("2025-01-01")?;
    let boot = ("boot", json!("00000000-aaaa-bbbb-cccc-000000000000"));
    // another machine, one that does not say which it is, and a container that was made of the same image
    let others = [
        Left::of(&case, 1, &[boot.clone(), ("machine", json!("0123"))])?,
        Left::of(&case, 2, &[boot.clone(), ("machine", json!(""))])?,
        Left::of(
            &case,
            3,
            &[boot.clone(), ("namespace", json!("pid:[4026532501]"))],
        )?,
    ];
    let before = Left::of(&case, 4, &[boot])?;
    case.change("insert into sales values ('s2', 2)")?;
    let said = case.load("2025-01-02")?;
    for left in &others {
        assert_eq!(left.is_there(), (true, true), "{:?}", left.file);
    }
    ensure!(
        said.out.matches("running or died").count() >= 3,
        "{}",
        said.out
    );
    // this machine before it started anew, if that is not a container itself and says who it is
    let namespace = fs::read_link("/proc/self/ns/pid")?;
    let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let is_known = namespace.display().to_string() == OUTSIDE && machine.trim().len() == 32;
    assert_eq!(before.is_there(), (!is_known, !is_known));
    Ok(())
}
