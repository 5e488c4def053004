//! Files of a published version that are gone or changed: the error names table and file, and what to do.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::Expr;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::physical_plan::ExecutionPlan;
use planisphere_olap::OlapError;
use planisphere_olap::exec::Limits;
use planisphere_schemas::ErrorKind;

use crate::shop::{answer, fact_batch, query, shop_over};

/// One Parquet file whose size was pinned, as a warehouse version has it.
#[derive(Debug)]
struct Pinned {
    schema: SchemaRef,
    path: PathBuf,
    size: u64,
}

#[async_trait]
impl TableProvider for Pinned {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let source = Arc::new(ParquetSource::new(self.schema.clone()));
        let file = PartitionedFile::new(self.path.display().to_string(), self.size);
        let scan = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
            .with_file(file)
            .with_projection_indices(projection.cloned())?
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}

/// Asks for the facts after their file was damaged.
async fn asked_after(damage: impl FnOnce(&PathBuf, Vec<u8>)) -> Result<Vec<String>, OlapError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fact_sales/part-1.parquet");
    fs::create_dir(folder.path().join("fact_sales")).unwrap();
    let rows = fact_batch();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    fs::write(&path, &bytes).unwrap();
    let pinned = Pinned {
        schema: rows.schema(),
        path: path.clone(),
        size: bytes.len() as u64,
    };
    damage(&path, bytes);
    let service = shop_over(Arc::new(pinned), Limits::default());
    answer(&service, &query("net_amount", "")).await
}

#[tokio::test]
async fn a_whole_file_answers() {
    assert_eq!(asked_after(|_, _| ()).await.unwrap(), ["106.0000"]);
}

#[tokio::test]
async fn a_damaged_file_is_named_with_what_is_wrong_and_what_to_do() {
    type Damage = fn(&PathBuf, Vec<u8>);
    let damages: [(Damage, &str); 5] = [
        (|path, _| fs::remove_file(path).unwrap(), "is missing"),
        (
            |path, _| fs::write(path, "").unwrap(),
            "has 0 bytes instead of",
        ),
        (
            |path, bytes| fs::write(path, &bytes[..bytes.len() / 2]).unwrap(),
            "bytes instead of",
        ),
        (
            |path, bytes| fs::write(path, vec![b'x'; bytes.len()]).unwrap(),
            "cannot be read: ",
        ),
        (
            |path, mut bytes| {
                let pages = 4..bytes.len() / 2;
                bytes[pages].fill(0xff);
                fs::write(path, bytes).unwrap();
            },
            "cannot be read",
        ),
    ];
    for (damage, expected) in damages {
        let error = asked_after(damage).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "{error:?}");
        let text = error.to_string();
        let named = "the warehouse is damaged: of table fact_sales, file:///";
        assert!(text.starts_with(named), "{text}");
        assert!(text.contains("fact_sales/part-1.parquet "), "{text}");
        assert!(text.contains(expected), "{text}");
        assert!(error.hint().unwrap().contains("restore the file"));
    }
}
