//! `check`: a model without a warehouse.

use std::path::PathBuf;

use planisphere_schemas::settings::Settings;

use super::CliError;
use super::args::{CheckArgs, Format};
use super::output;
use crate::check::check_model;
use crate::error::OlapError;

/// Checks a model and says what it holds.
pub(super) fn run(arguments: CheckArgs) -> Result<(), CliError> {
    let folder: PathBuf = match arguments.model {
        Some(folder) => folder,
        None => {
            Settings::load(&arguments.config)
                .map_err(CliError::from)?
                .model
                .path
        }
    };
    let checked = check_model(&folder).map_err(|error| match error {
        OlapError::Warehouse { source } => CliError::from(source),
        other => CliError::from(other),
    })?;
    match arguments.format {
        Format::Json => output::text(&serde_json::json!(checked).to_string()),
        _ => output::text(&format!(
            "{}: {} cubes, {} measures, {} levels, no faults",
            folder.display(),
            checked.cubes,
            checked.measures,
            checked.levels
        )),
    }
}
