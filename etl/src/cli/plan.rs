//! `planisphere-etl plan`: the steps that a load would take.

use planisphere_schemas::model::read_model_with_places;
use planisphere_schemas::settings::Settings;
use planisphere_schemas::warehouse::Warehouse;

use super::ConfigArgs;
use super::output::print;
use crate::error::Result;
use crate::load::{backfills, plan_load, preflight};

/// Runs the command.
pub(super) async fn run(args: &ConfigArgs) -> Result<()> {
    let settings = Settings::load(&args.config)?;
    let (model, places) = read_model_with_places(&settings.model.path)?;
    let warehouse = Warehouse::connect(&settings.warehouse.url)?;
    let manifest = match warehouse.latest_version().await? {
        Some(version) => Some(warehouse.manifest(version).await?),
        None => None,
    };
    let mut plan = plan_load(&model, manifest.as_ref())?;
    plan.notices
        .extend(preflight(&model, &places, &settings).await?);
    if let Some(manifest) = &manifest {
        let words = backfills(&model, &manifest.model, &settings.etl, &warehouse).await?;
        plan.notices.extend(words);
    }
    let base = manifest.map_or("an empty warehouse".to_owned(), |m| {
        format!("version {}", m.version)
    });
    print(&format!(
        "model {} {} upon {base}",
        model.name,
        &model.hash()[..8]
    ));
    for (at, step) in plan.steps.iter().enumerate() {
        print(&format!("{:>3}. {step}", at + 1));
    }
    for notice in &plan.notices {
        print(&format!("note: {notice}"));
    }
    Ok(())
}
