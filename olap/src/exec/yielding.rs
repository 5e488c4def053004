//! Makes joins yield: a join that multiplies rows may work for minutes on one batch of input, and would
//! neither see its deadline nor let other queries run. All sessions have it, those of cubes and of SQL.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::unnest::UnnestExec;

use super::breathing::BreathingExec;

/// Lets operators breathe that can work long on one batch or give many for one: after each of their batches, and, as a
/// join may find nothing in what it takes, before each that they take.
#[derive(Debug)]
pub(super) struct YieldBetweenBatches;

impl PhysicalOptimizerRule for YieldBetweenBatches {
    fn name(&self) -> &str {
        "YieldBetweenBatches"
    }

    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wrapped = plan.transform_up(|plan| match multiplies(plan.as_ref()) {
            true => {
                let inputs = plan.children().into_iter().map(Arc::clone).map(breathing);
                let plan = replace_children_if_necessary(Arc::clone(&plan), inputs.collect())?;
                Ok(Transformed::yes(breathing(plan)))
            }
            false => Ok(Transformed::no(plan)),
        });
        wrapped.map(|plan| plan.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn breathing(plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    Arc::new(BreathingExec::new(plan))
}

fn multiplies(plan: &dyn ExecutionPlan) -> bool {
    plan.children().len() > 1 || plan.downcast_ref::<UnnestExec>().is_some()
}
