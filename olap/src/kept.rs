//! What is computed of a pinned version once and kept with it, such as what trees tell of members.
//!
//! A kept plan stands in other plans as a table: whoever reads it first computes its rows, and all others find them. What is too
//! large is computed for each scan, as if nothing were kept.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::project_schema;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::TableType;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryConsumer, MemoryPool, MemoryReservation,
};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, collect,
};
use futures::{TryStreamExt, stream};

/// How many plans a version keeps; the oldest makes room.
const MOST_PLANS: usize = 64;

/// The greatest size of the kept rows of a version in bytes; they count as memory of the server, too.
const MOST_BYTES: usize = 32 << 20;

/// The kept plans of one version.
pub struct Kept {
    plans: Mutex<Plans>,
    room: Arc<dyn MemoryPool>,
}

#[derive(Default)]
struct Plans {
    by_key: BTreeMap<String, Arc<KeptPlan>>,
    in_order: VecDeque<String>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            plans: Mutex::default(),
            room: Arc::new(GreedyMemoryPool::new(MOST_BYTES)),
        }
    }
}

impl Kept {
    /// The plan that is kept under a key as a table; this one if there is none yet.
    ///
    /// The key says everything that the rows depend on but the version.
    pub(crate) fn table(&self, key: &str, plan: LogicalPlan) -> Arc<dyn TableProvider> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = plans.by_key.get(key) {
            return kept.clone();
        }
        let kept = Arc::new(KeptPlan {
            schema: Arc::new(plan.schema().as_arrow().clone()),
            plan,
            rows: Arc::default(),
            room: self.room.clone(),
        });
        plans.by_key.insert(key.to_owned(), kept.clone());
        plans.in_order.push_back(key.to_owned());
        if plans.in_order.len() > MOST_PLANS
            && let Some(oldest) = plans.in_order.pop_front()
        {
            plans.by_key.remove(&oldest);
        }
        kept
    }
}

/// A plan with its rows, once somebody has computed them.
struct KeptPlan {
    schema: SchemaRef,
    plan: LogicalPlan,
    rows: Arc<OnceLock<KeptRows>>,
    room: Arc<dyn MemoryPool>,
}

#[derive(Debug)]
struct KeptRows {
    batches: Vec<RecordBatch>,
    _memory: [MemoryReservation; 2],
}

impl fmt::Debug for KeptPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptPlan")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for KeptPlan {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if let Some(kept) = self.rows.get() {
            let batches = [kept.batches.clone()];
            let rows = MemorySourceConfig::try_new_exec(
                &batches,
                self.schema.clone(),
                projection.cloned(),
            )?;
            return Ok(rows);
        }
        let input = session.create_physical_plan(&self.plan).await?;
        let schema = project_schema(&self.schema, projection)?;
        Ok(Arc::new(KeepExec {
            properties: properties(&schema),
            whole: self.schema.clone(),
            projection: projection.cloned(),
            rows: self.rows.clone(),
            room: self.room.clone(),
            input,
        }))
    }
}

/// Computes all rows of its input, keeps them if they are few enough, and gives them.
///
/// Those that compute the same at once do not wait for each other: who waits might be what the other waits for.
#[derive(Debug)]
struct KeepExec {
    input: Arc<dyn ExecutionPlan>,
    /// The schema of the kept rows, of which some columns are given.
    whole: SchemaRef,
    projection: Option<Vec<usize>>,
    rows: Arc<OnceLock<KeptRows>>,
    room: Arc<dyn MemoryPool>,
    properties: Arc<PlanProperties>,
}

fn properties(schema: &SchemaRef) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(schema.clone()),
        Partitioning::UnknownPartitioning(1),
        EmissionType::Final,
        Boundedness::Bounded,
    ))
}

impl DisplayAs for KeepExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeepExec")
    }
}

impl ExecutionPlan for KeepExec {
    fn name(&self) -> &'static str {
        "KeepExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self {
                input,
                whole: self.whole.clone(),
                projection: self.projection.clone(),
                rows: self.rows.clone(),
                room: self.room.clone(),
                properties: self.properties.clone(),
            })),
            _ => datafusion::common::internal_err!("KeepExec has one input"),
        }
    }

    fn execute(&self, _: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let computing = Computing {
            input: self.input.clone(),
            schema: self.whole.clone(),
            rows: self.rows.clone(),
            room: self.room.clone(),
        };
        let projection = self.projection.clone();
        let given = async move {
            let given = computing.rows(task).await?.into_iter();
            let given = given.map(move |batch| match &projection {
                Some(columns) => Ok(batch.project(columns)?),
                None => Ok(batch),
            });
            Ok::<_, DataFusionError>(stream::iter(given))
        };
        let given = stream::once(given).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            given,
        )))
    }
}

/// What computes the rows of a plan.
struct Computing {
    input: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
    rows: Arc<OnceLock<KeptRows>>,
    room: Arc<dyn MemoryPool>,
}

impl Computing {
    /// All rows of the plan: those that are kept, or else computed ones.
    async fn rows(self, task: Arc<TaskContext>) -> Result<Vec<RecordBatch>> {
        if let Some(kept) = self.rows.get() {
            return Ok(kept.batches.clone());
        }
        let pool = task.memory_pool().clone();
        let batches = collect(self.input.clone(), task).await?;
        // under the schema with which plans are made
        let named = batches.into_iter().map(|batch| {
            let columns = batch.columns().to_vec();
            Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
        });
        let batches: Vec<RecordBatch> = named.collect::<Result<_>>()?;
        self.keep(&batches, &pool);
        Ok(batches)
    }

    /// Keeps rows for which there is room in the version and in the server.
    fn keep(&self, batches: &[RecordBatch], pool: &Arc<dyn MemoryPool>) {
        let bytes = batches.iter().map(RecordBatch::get_array_memory_size).sum();
        let memory = [&self.room, pool].map(|pool| {
            let consumer = MemoryConsumer::new("kept rows");
            consumer.register(pool)
        });
        if memory.iter().all(|it| it.try_grow(bytes).is_ok()) {
            let kept = KeptRows {
                batches: batches.to_vec(),
                _memory: memory,
            };
            // somebody else may have been quicker
            let _ = self.rows.set(kept);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use arrow::array::{AsArray as _, Int32Array};
    use arrow::datatypes::Int32Type;
    use datafusion::datasource::provider_as_source;
    use datafusion::logical_expr::LogicalPlanBuilder;
    use datafusion::prelude::SessionContext;

    use super::*;

    /// Two columns: numbers, and the same with opposite signs.
    fn plan_of(session: &SessionContext, numbers: std::ops::Range<i32>) -> LogicalPlan {
        let columns: [(&str, arrow::array::ArrayRef); 2] = [
            (
                "number",
                Arc::new(Int32Array::from_iter_values(numbers.clone())),
            ),
            (
                "opposite",
                Arc::new(Int32Array::from_iter_values(numbers.map(|it| -it))),
            ),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        session
            .read_batch(batch)
            .unwrap()
            .into_unoptimized_plan()
            .clone()
    }

    /// The numbers that a kept plan gives, and how it is executed.
    async fn read(session: &SessionContext, table: Arc<dyn TableProvider>) -> (Vec<i32>, String) {
        let plan = LogicalPlanBuilder::scan("kept", provider_as_source(table), Some(vec![1]))
            .and_then(LogicalPlanBuilder::build)
            .unwrap();
        let plan = session.state().create_physical_plan(&plan).await.unwrap();
        let name = plan.name().to_owned();
        let batches = collect(plan, session.task_ctx()).await.unwrap();
        let numbers = batches.iter().flat_map(|batch| {
            let numbers = batch.column(0).as_primitive::<Int32Type>();
            numbers.values().iter().copied().collect::<Vec<_>>()
        });
        (numbers.collect(), name)
    }

    #[tokio::test]
    async fn rows_are_computed_once_unless_they_are_too_large() {
        let session = SessionContext::new();
        let kept = Kept::default();
        let few = kept.table("few", plan_of(&session, 1..4));
        assert_eq!(
            read(&session, few).await,
            (vec![-1, -2, -3], "KeepExec".to_owned())
        );
        // the key stands for the plan
        let again = kept.table("few", plan_of(&session, 7..9));
        let (numbers, how) = read(&session, again).await;
        assert_eq!(numbers, [-1, -2, -3]);
        assert_ne!(how, "KeepExec");
        let others = kept.table("others", plan_of(&session, 7..9));
        assert_eq!(read(&session, others).await.0, [-7, -8]);
        let most = i32::try_from(MOST_BYTES / 8).unwrap();
        let many = || kept.table("many", plan_of(&session, 0..most + 1));
        for _ in 0..2 {
            let (numbers, how) = read(&session, many()).await;
            assert_eq!(numbers.len(), MOST_BYTES / 8 + 1);
            assert_eq!(how, "KeepExec");
        }
    }

    #[tokio::test]
    async fn the_oldest_plan_makes_room() {
        let session = SessionContext::new();
        let kept = Kept::default();
        for number in 0..=i32::try_from(MOST_PLANS).unwrap() {
            let table = kept.table(&number.to_string(), plan_of(&session, number..number + 1));
            assert_eq!(read(&session, table).await.0, [-number]);
        }
        let oldest = kept.table("0", plan_of(&session, 5..6));
        assert_eq!(read(&session, oldest).await.0, [-5]);
        let last = kept.table(&MOST_PLANS.to_string(), plan_of(&session, 5..6));
        assert_eq!(read(&session, last).await.0, [-64]);
    }
}
