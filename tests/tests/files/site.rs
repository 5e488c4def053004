//! A folder of files, the model of one table over them, and the rows that a load staged.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use arrow::array::{Array, AsArray as _, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use planisphere_tests::lab::{Lab, Said};

/// Columns with their declared types.
pub(crate) type Columns<'a> = &'a [(&'a str, &'a str)];

/// A row as texts of its types; `None` is null.
pub(crate) type Row = Vec<Option<String>>;

/// One source `site` with one table `t`.
#[derive(Debug)]
pub(crate) struct Site(pub(crate) Lab);

impl Site {
    /// Files in the folder `site`; every reject limit is lifted.
    pub(crate) fn new(origin: &str, format: &str, columns: Columns<'_>) -> Result<Self> {
        Self::at("site", origin, format, columns)
    }

    /// Files at a URL.
    pub(crate) fn at(url: &str, origin: &str, format: &str, columns: Columns<'_>) -> Result<Self> {
        let settings = format!(
            "[model]\npath = \"model\"\n\n[etl]\nreject_limit_permille = 1000\n\n[source.site]\nurl = \"{url}\"\n"
        );
        let lab = Lab::with_settings(&settings)?;
        std::fs::create_dir(lab.path("site"))?;
        lab.write("model/model.yaml", "planisphere: 1\nmodel: site\n")?;
        let columns = columns.iter().map(|(name, kind)| match kind.contains('{') {
            true => format!("      {name}: {kind}\n"),
            false => format!("      {name}: \"{kind}\"\n"),
        });
        let columns: String = columns.collect();
        let source = format!(
            "planisphere: 1\nsource: site\ntables:\n  t:\n    file: '{origin}'\n    format: {format}\n    columns:\n{columns}"
        );
        lab.write("model/sources/site.yaml", source)?;
        Ok(Self(lab))
    }

    /// Writes a file of the source.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.0.write(&format!("site/{name}"), bytes)
    }

    /// The path of a file of the source, as a text.
    pub(crate) fn path(&self, name: &str) -> Result<String> {
        let path = self.0.path(&format!("site/{name}"));
        Ok(path.to_str().context("a path that is no text")?.to_owned())
    }

    /// Loads, and returns what was staged: file, row number and the declared columns, in the order of files and rows.
    pub(crate) fn load(&self) -> Result<Vec<Row>> {
        self.0.load()?.done()?;
        self.staged()
    }

    /// Loads and says what the load said.
    pub(crate) fn said(&self) -> Result<Said> {
        self.0.load()
    }

    /// What the latest load staged.
    pub(crate) fn staged(&self) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for file in self.staged_files()? {
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file)?)?.build()?;
            for batch in reader {
                rows.extend(rows_of(&batch?)?);
            }
        }
        Ok(rows)
    }

    /// Rejected rows of the only load: line, reason and detail, in the order of lines.
    pub(crate) fn rejects(&self) -> Result<Vec<[String; 3]>> {
        let sql = "select split_part(row_id, '|', 2), reason, detail from audit.audit_reject \
                   order by cast(split_part(row_id, '|', 2) as bigint)";
        let rows = self.0.sql(sql)?;
        Ok(rows
            .into_iter()
            .map(|row| [0, 1, 2].map(|at| row[at].clone()))
            .collect())
    }

    /// Load ids sort by time.
    fn latest(&self) -> Result<PathBuf> {
        let staging = self.0.path("warehouse/_planisphere/staging");
        let mut loads = entries(&staging)?;
        loads.pop().context("no package")
    }

    fn staged_files(&self) -> Result<Vec<PathBuf>> {
        entries(&self.latest()?.join("site/t"))
    }
}

fn entries(folder: &std::path::Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut entries = entries.collect::<Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

/// The file, the row number and the declared columns of each row.
fn rows_of(batch: &RecordBatch) -> Result<Vec<Row>> {
    let declared = batch.num_columns() - 2;
    let order = [declared, declared + 1].into_iter().chain(0..declared);
    let order: Vec<usize> = order.collect();
    (0..batch.num_rows())
        .map(|row| {
            order
                .iter()
                .map(|at| text(batch.column(*at), row))
                .collect()
        })
        .collect()
}

/// A value as a text of its type, as `oracle.py` writes it.
fn text(array: &dyn Array, row: usize) -> Result<Option<String>> {
    if array.is_null(row) {
        return Ok(None);
    }
    Ok(Some(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => array
            .as_primitive::<Float64Type>()
            .value(row)
            .to_bits()
            .to_string(),
        DataType::Decimal128(..) => array.as_primitive::<Decimal128Type>().value_as_string(row),
        DataType::Date32 => array.as_primitive::<Date32Type>().value(row).to_string(),
        DataType::Timestamp(..) => array
            .as_primitive::<TimestampMicrosecondType>()
            .value(row)
            .to_string(),
        other => bail!("no text of {other}"),
    }))
}

/// The declared columns of rows.
pub(crate) fn values(rows: &[Row]) -> Vec<Row> {
    rows.iter().map(|row| row[2..].to_vec()).collect()
}

/// Rows of texts, in which an empty one is null.
pub(crate) fn expected(rows: &[&[&str]]) -> Vec<Row> {
    let cell = |text: &&str| (!text.is_empty()).then(|| (*text).to_owned());
    rows.iter()
        .map(|row| row.iter().map(cell).collect())
        .collect()
}
