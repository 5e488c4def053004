//! `planisphere-etl rebuild`: builds an empty warehouse from what another one has retained.

use clap::Args;
use planisphere_schemas::settings::Settings;

use super::load::{status_line, stopped};
use super::output::print;
use super::progress::Terminal;
use super::{ConfigArgs, LogFormat};
use crate::error::Result;
use crate::load::{LoadOptions, rebuild};
use crate::runtime::Runtime;

/// Arguments of `rebuild`.
#[derive(Debug, Clone, Args)]
pub(super) struct RebuildArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The warehouse whose staging packages and key maps are taken: a folder or a URL.
    #[arg(long, value_name = "WAREHOUSE")]
    from: String,
}

/// Runs the command.
pub(super) async fn run(args: &RebuildArgs, logs: LogFormat) -> Result<()> {
    let options = LoadOptions {
        settings: Settings::load(&args.config.config)?,
        business_date: None,
    };
    let terminal = Terminal::new(logs);
    let runtime = Runtime::default().stopping_on(stopped);
    let work = rebuild(&options, &args.from, &runtime, &terminal);
    let (records, left_out) = Box::pin(work).await?;
    for record in records {
        print(&status_line(&record));
    }
    for words in left_out {
        print(&format!("note: {words}"));
    }
    Ok(())
}
