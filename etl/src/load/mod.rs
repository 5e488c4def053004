//! One load from source to published version: plan, then execute, then account.
//!
//! Nothing is visible to a reader before the last step, one atomic put of the manifest. A load that fails
//! anywhere before it has changed nothing; what it committed is taken back by the next load.

mod audit;
mod balance;
mod execute;
mod observer;
mod plan;
mod published;
mod record;

use chrono::NaiveDate;
use planisphere_schemas::model::read_model;
use planisphere_schemas::settings::Settings;
use planisphere_schemas::warehouse::{LoadId, Warehouse};

use crate::error::Result;
use crate::runtime::Runtime;

pub use balance::{Balance, Stage};
pub use observer::{Observer, Silent};
pub use plan::{LoadPlan, Step, plan_load};
pub(crate) use record::chain;
pub use record::{LoadOutcome, LoadRecord, StepTime, TableChange, read_records};

/// What a load needs to know.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The settings of the file.
    pub settings: Settings,
    /// The business date; today in the warehouse time zone by default.
    pub business_date: Option<NaiveDate>,
}

/// Runs one load and keeps its record, also when it fails.
///
/// # Errors
/// Whatever stopped the load; nothing was published then.
pub async fn load(
    options: &LoadOptions,
    runtime: &Runtime,
    observer: &dyn Observer,
) -> Result<LoadRecord> {
    let model = read_model(&options.settings.model.path)?;
    let warehouse = Warehouse::connect(&options.settings.warehouse.url)?;
    let load_id = runtime.load_id();
    let today = || runtime.now().with_timezone(&model.zone()).date_naive();
    let business_date = options.business_date.unwrap_or_else(today);
    let mut record = LoadRecord::begin(load_id, business_date, runtime.now());
    tracing::info!(%load_id, %business_date, "load begins");
    let execution = execute::Execution {
        options,
        runtime,
        observer,
        model: &model,
        warehouse: &warehouse,
        load_id,
        business_date,
    };
    let result = Box::pin(execution.run(&mut record)).await;
    record.finish(runtime.now(), &result);
    keep(&warehouse, load_id, &record).await;
    result.map(|()| record)
}

/// Writes the record; a warehouse that cannot even take that is reported by the load's own error.
async fn keep(warehouse: &Warehouse, load_id: LoadId, record: &LoadRecord) {
    if let Err(error) = record.write(warehouse).await {
        tracing::warn!(%load_id, %error, "the record of the load could not be kept");
    }
}
