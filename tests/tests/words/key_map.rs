//! Key maps that something else than a load has written.

use std::fs::{self, File};

use anyhow::{Context as _, Result};
use arrow::array::UInt32Array;
use arrow::compute::take_record_batch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::case::Case;

const SOURCE: &str = "source: crm
tables:
  things: {key: id, columns: {id: text, city: text}}
entities:
  thing:
    from: things t
    columns: {id: t.id, city: t.city}
";
const THING: &str = "dimension: thing
entity: thing
key: id
attributes:
  city: {type: text, scd: 2}
";

#[test]
fn a_key_map_in_another_order_is_refused_and_nothing_is_published() -> Result<()> {
    let files = [
        ("sources/crm.yaml", SOURCE),
        ("conformed/thing.yaml", THING),
    ];
    let sql = "create table things(id text primary key, city text); insert into things values ('a', 'x'), ('b', 'y'), ('c', 'z');";
    let case = Case::new(sql, &files)?;
    case.load("2025-01-01")?;
    let folder = case.lab.path("warehouse/map_thing");
    let names = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path()));
    let names: Vec<_> = names.collect::<Result<_>>()?;
    let mut names = names.into_iter();
    let path = names
        .find(|path| path.extension().is_some_and(|it| it == "parquet"))
        .context("a file of the key map")?;
    let bytes = |path: &std::path::Path| Ok::<_, anyhow::Error>(fs::metadata(path)?.len());
    let before = bytes(&path)?;
    let mut rows = ParquetRecordBatchReaderBuilder::try_new(File::open(&path)?)?.build()?;
    let rows = rows.next().context("rows")??;
    let backwards: UInt32Array = (0..u32::try_from(rows.num_rows())?).rev().collect();
    let rows = take_record_batch(&rows, &backwards)?;
    let mut writer = ArrowWriter::try_new(File::create(&path)?, rows.schema(), None)?;
    writer.write(&rows)?;
    writer.close()?;
    let log = "warehouse/map_thing/_delta_log/00000000000000000000.json";
    let size = |bytes: u64| format!("\"size\":{bytes}");
    case.lab.replace(log, &size(before), &size(bytes(&path)?))?;
    case.change("update things set city = 'w' where id = 'a'")?;
    let name = path.file_name().context("a name")?.display().to_string();
    let told = format!("map_thing/{name}");
    let said = case.lab.load_as_of("2025-01-02")?;
    said.refused(8, &[&told, "consecutive keys", "planisphere-etl rebuild"])?;
    assert_eq!(case.lab.versions()?.len(), 1);
    Ok(())
}
