//! `planisphere-etl history`: the published versions of a warehouse.

use planisphere_schemas::settings::Settings;
use planisphere_schemas::warehouse::Warehouse;

use super::AskArgs;
use super::output::{Grid, bytes, count, print};
use crate::error::Result;

/// Runs the command.
pub(super) async fn run(args: &AskArgs) -> Result<()> {
    let settings = Settings::load(&args.config.config)?;
    let warehouse = Warehouse::connect(&settings.warehouse.url)?;
    let mut grid = Grid::new(&[
        ("version", true),
        ("business date", false),
        ("published at (UTC)", false),
        ("tables", true),
        ("rows", true),
        ("bytes", true),
        ("model", false),
        ("load", false),
    ]);
    for manifest in warehouse.versions().await? {
        grid.row(vec![
            manifest.version.to_string(),
            manifest.business_date.to_string(),
            manifest
                .published_at
                .format("%Y-%m-%d %H:%M:%S")
                .to_string(),
            count(manifest.tables.len() as u64),
            count(manifest.tables.values().map(|table| table.row_count).sum()),
            bytes(manifest.tables.values().map(|table| table.bytes).sum()),
            manifest.model_hash.chars().take(8).collect(),
            manifest.load_id.to_string(),
        ]);
    }
    print(&grid.show(args.format));
    Ok(())
}
