//! `planisphere-etl status`: how the last load ended, from its record in the warehouse.

use planisphere_schemas::settings::Settings;
use planisphere_schemas::warehouse::Warehouse;

use super::AskArgs;
use super::load::{balance_grid, remarks, status_line};
use super::output::{Format, print};
use crate::error::Result;
use crate::load::{LoadOutcome, read_records};

/// Runs the command.
pub(super) async fn run(args: &AskArgs) -> Result<()> {
    let settings = Settings::load(&args.config.config)?;
    let warehouse = Warehouse::connect(&settings.warehouse.url)?;
    let records = read_records(&warehouse).await?;
    let Some(last) = records.last() else {
        print("no load was ever run on this warehouse");
        return Ok(());
    };
    match args.format {
        Format::Json => print(&serde_json::to_string(last).unwrap_or_default()),
        Format::Csv => print(&balance_grid(last).show(Format::Csv)),
        Format::Table => {
            print(&status_line(last));
            if let LoadOutcome::Failed {
                hint: Some(hint), ..
            } = &last.outcome
            {
                print(&format!("hint: {hint}"));
            }
            let grid = balance_grid(last);
            if !grid.is_empty() {
                print(&grid.show(Format::Table));
            }
            for line in remarks(last) {
                print(&line);
            }
        }
    }
    Ok(())
}
