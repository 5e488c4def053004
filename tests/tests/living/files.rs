//! What the files of a warehouse hold, read without the programs.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use planisphere_schemas::warehouse::{PinnedWarehouse, Warehouse};

/// The values of a row by their columns; null is an empty text.
pub(crate) type Row = Vec<(String, String)>;

/// The latest version of a warehouse.
pub(crate) fn latest(warehouse: &Path) -> Result<PinnedWarehouse> {
    let warehouse = Warehouse::connect(&warehouse.display().to_string())?;
    let runtime = tokio::runtime::Runtime::new()?;
    Ok(runtime.block_on(warehouse.open(None))?)
}

/// The rows of every table of the latest version.
pub(crate) fn every_row(warehouse: &Path) -> Result<BTreeMap<String, Vec<Row>>> {
    let pinned = latest(warehouse)?;
    let mut tables = BTreeMap::new();
    for name in pinned.manifest().tables.keys() {
        let table = pinned.table(name).context("a table of the manifest")?;
        let mut rows = Vec::new();
        for file in table.files() {
            rows.extend(rows_of(&warehouse.join(name).join(&file.path))?);
        }
        tables.insert(name.clone(), rows);
    }
    Ok(tables)
}

/// The rows of a file in their order.
pub(crate) fn rows_of(path: &Path) -> Result<Vec<Row>> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let mut rows = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.build()? {
        let batch = batch?;
        let schema = batch.schema();
        let options = FormatOptions::default();
        let columns = batch.columns().iter();
        let columns = columns.map(|values| ArrayFormatter::try_new(values.as_ref(), &options));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let fields = schema.fields().iter().zip(&columns);
            let cells =
                fields.map(|(field, values)| (field.name().clone(), values.value(row).to_string()));
            rows.push(cells.collect());
        }
    }
    Ok(rows)
}
