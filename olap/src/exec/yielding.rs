//! Makes joins yield: a join that multiplies rows may work for minutes on one batch of input, and would
//! neither see its deadline nor let other queries run. All sessions have it, those of cubes and of SQL.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::unnest::UnnestExec;

/// Wraps every operator that can give many batches for one, so that each batch spends some of its task's
/// budget and the task yields when that is used up.
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
            true => Ok(Transformed::yes(
                Arc::new(CooperativeExec::new(plan)) as Arc<_>
            )),
            false => Ok(Transformed::no(plan)),
        });
        wrapped.map(|plan| plan.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn multiplies(plan: &dyn ExecutionPlan) -> bool {
    plan.children().len() > 1 || plan.downcast_ref::<UnnestExec>().is_some()
}
