//! Rows that lie in memory or in files as a table of a session.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics, project_schema};
use datafusion::datasource::TableType;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, StatisticsArgs,
};
use datafusion::prelude::DataFrame;
use futures::TryStreamExt as _;

use crate::spool::{Memory, Spool, Spooled};

/// A table of which each partition was spooled by itself.
#[derive(Debug)]
pub(super) struct SpooledTable {
    schema: SchemaRef,
    partitions: Vec<Spooled>,
}

impl SpooledTable {
    /// The rows of a query, which is run once.
    pub(super) async fn of(frame: DataFrame, memory: &Memory) -> Result<Self> {
        let schema = Arc::clone(frame.schema().inner());
        let streams = frame.execute_stream_partitioned().await?;
        let spool = |rows| SpawnedTask::spawn(spooled(rows, Arc::clone(&schema), memory.clone()));
        let tasks: Vec<_> = streams.into_iter().map(spool).collect();
        let mut partitions = Vec::with_capacity(tasks.len());
        for task in tasks {
            let rows = task.join().await;
            partitions.push(rows.map_err(|error| DataFusionError::External(error.into()))??);
        }
        Ok(Self { schema, partitions })
    }

    /// Rows that are spooled.
    pub(super) fn new(rows: Spooled) -> Self {
        Self {
            schema: rows.schema(),
            partitions: vec![rows],
        }
    }

    /// All rows.
    pub(super) fn rows(self) -> Spooled {
        Spooled::chain(self.schema, self.partitions)
    }
}

async fn spooled(
    mut rows: SendableRecordBatchStream,
    schema: SchemaRef,
    memory: Memory,
) -> Result<Spooled> {
    let mut spool = Spool::new(schema, &memory);
    while let Some(rows) = rows.try_next().await? {
        spool.push(rows)?;
    }
    Ok(spool.finish()?)
}

#[async_trait]
impl TableProvider for SpooledTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = project_schema(&self.schema, projection)?;
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(self.partitions.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Arc::new(SpooledExec {
            partitions: self.partitions.clone(),
            projection: projection.cloned(),
            schema,
            properties: Arc::new(properties),
        }))
    }
}

/// Reads such a table.
#[derive(Debug)]
struct SpooledExec {
    partitions: Vec<Spooled>,
    projection: Option<Vec<usize>>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl DisplayAs for SpooledExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpooledExec")
    }
}

impl ExecutionPlan for SpooledExec {
    fn name(&self) -> &'static str {
        "SpooledExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let projection = self.projection.clone();
        let rows = self.partitions[partition].clone().into_batches();
        let rows = rows.map(move |rows| {
            let rows = rows?;
            Ok(match &projection {
                Some(columns) => rows.project(columns)?,
                None => rows,
            })
        });
        let rows = futures::stream::iter(rows);
        let schema = Arc::clone(&self.schema);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let wanted = self.partitions.iter().enumerate();
        let wanted = wanted.filter(|(at, _)| args.partition().is_none_or(|only| only == *at));
        let mut statistics = Statistics::new_unknown(&self.schema);
        let (mut rows, mut bytes) = (0, 0);
        for (_, partition) in wanted {
            rows += partition.num_rows();
            bytes += partition.num_rows() * partition.width();
        }
        statistics.num_rows = Precision::Exact(rows);
        statistics.total_byte_size = Precision::Inexact(bytes);
        Ok(Arc::new(statistics))
    }
}
