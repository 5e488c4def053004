//! The DataFusion engine with the project's settings and one memory pool for all queries.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, execute_stream};
use datafusion::prelude::{SessionConfig, SessionContext};
use planisphere_schemas::settings::OlapSettings;

use super::damage::ScannedFiles;
use super::stream::{ResultStream, Run};
use super::workers::Workers;
use super::yielding::YieldBetweenBatches;
use crate::error::{OlapError, Result};

/// How much queries may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory of all running queries together, in bytes.
    pub memory_bytes: usize,
    /// The longest time of one query.
    pub deadline: Duration,
    /// The greatest number of rows of one answer.
    pub rows: usize,
}

impl From<&OlapSettings> for Limits {
    fn from(settings: &OlapSettings) -> Self {
        Self {
            memory_bytes: settings.memory_bytes,
            deadline: settings.query_timeout,
            rows: settings.row_limit,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::from(&OlapSettings::default())
    }
}

/// The engine that all queries of a server share.
#[derive(Clone)]
pub struct Engine {
    runtime: Arc<RuntimeEnv>,
    limits: Limits,
    workers: Arc<Workers>,
}

impl Engine {
    /// An engine with these limits.
    pub fn new(limits: Limits) -> Result<Self> {
        let largest = NonZeroUsize::new(3).unwrap_or(NonZeroUsize::MIN);
        let pool = TrackConsumersPool::new(FairSpillPool::new(limits.memory_bytes), largest);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(pool))
            .build_arc()
            .map_err(|source| OlapError::engine("starting the engine", source))?;
        let workers = Workers::start().map_err(|error| {
            OlapError::engine(
                "starting the engine's threads",
                DataFusionError::IoError(error),
            )
        })?;
        Ok(Self {
            runtime,
            limits,
            workers: Arc::new(workers),
        })
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// What all sessions share: the memory pool and the object stores.
    pub fn runtime(&self) -> &RuntimeEnv {
        &self.runtime
    }

    /// A new session with the project's settings; it shares the memory pool and holds no tables.
    pub fn session(&self) -> SessionContext {
        let state = SessionStateBuilder::new()
            .with_config(session_config())
            .with_runtime_env(self.runtime.clone())
            .with_default_features()
            .with_physical_optimizer_rule(Arc::new(YieldBetweenBatches))
            .build();
        SessionContext::new_with_state(state)
    }

    /// A run of one query, whose time starts now.
    pub fn start(&self, query_id: impl Into<String>) -> Run {
        Run::new(query_id.into(), self.limits)
    }

    /// Plans and starts a query; the stream obeys all limits and stops when it is dropped.
    pub async fn run(
        &self,
        run: &Run,
        session: &SessionContext,
        plan: LogicalPlan,
    ) -> Result<ResultStream> {
        let state = session.state();
        let planned = run.within(state.create_physical_plan(&plan)).await?;
        let physical = planned.map_err(|source| run.error("planning", source))?;
        let files = ScannedFiles::of(physical.as_ref(), self.runtime.clone());
        let rows = {
            // operators that start tasks at once shall start them there too
            let workers = self.workers.handle();
            let _on_workers = workers.enter();
            execute_stream(in_order(physical), session.task_ctx())
                .map_err(|source| run.error("starting", source))?
        };
        Ok(ResultStream::limited(
            run.clone(),
            rows,
            files,
            Arc::clone(&self.workers),
        ))
    }
}

/// The plan in one partition, its rows in the order of the plan.
fn in_order(plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    match plan.output_ordering() {
        Some(order) if plan.output_partitioning().partition_count() > 1 => {
            Arc::new(SortPreservingMergeExec::new(order.clone(), plan.clone()))
        }
        _ => plan,
    }
}

/// The settings that helped star joins, measured (dimensions are broadcast, keys are dense).
fn session_config() -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_batch_size(32_768)
        .with_information_schema(true)
        .with_default_catalog_and_schema("planisphere", "star");
    let options = config.options_mut();
    options.optimizer.hash_join_single_partition_threshold = 256 << 20;
    options.optimizer.hash_join_single_partition_threshold_rows = 4_000_000;
    options.execution.perfect_hash_join_small_build_threshold = 4_000_000;
    options.execution.perfect_hash_join_min_key_density = 0.0001;
    options.sql_parser.parse_float_as_decimal = true;
    options.execution.time_zone = Some("UTC".into());
    config
}
