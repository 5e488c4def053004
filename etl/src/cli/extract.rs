//! `planisphere-etl extract`: reads sources into a staging package and says what it holds.

use clap::Args;
use planisphere_schemas::settings::Settings;

use super::load::stopped;
use super::output::{Format, Grid, count, print};
use super::progress::Terminal;
use super::{AskArgs, LogFormat};
use crate::error::Result;
use crate::load::{Extracted, extract_only};
use crate::runtime::Runtime;

/// Arguments of `extract`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  planisphere-etl extract
  planisphere-etl extract --source suitecrm
  planisphere-etl extract --format json | jq '.tables[] | {table, rejected}'

The package lies below the warehouse folder and is taken away with those of loads. Rejected rows are in the files of
rejects beside the parts.")]
pub(super) struct ExtractArgs {
    #[command(flatten)]
    ask: AskArgs,
    /// Reads only this source of the model; may be given several times.
    #[arg(long = "source", value_name = "NAME")]
    sources: Vec<String>,
}

/// Runs the command.
pub(super) async fn run(args: &ExtractArgs, logs: LogFormat) -> Result<()> {
    let settings = Settings::load(&args.ask.config.config)?;
    let terminal = Terminal::new(logs);
    let runtime = Runtime::default().stopping_on(stopped);
    let extracted = Box::pin(extract_only(&settings, &args.sources, &runtime, &terminal)).await?;
    match args.ask.format {
        Format::Json => print(&serde_json::to_string(&extracted).unwrap_or_default()),
        Format::Csv => print(&grid(&extracted, |number| number.to_string()).show(Format::Csv)),
        Format::Table => {
            print(&grid(&extracted, count).show(Format::Table));
            let (package, seconds) = (&extracted.package, extracted.seconds);
            print(&format!("package: {package} ({seconds:.1} s)"));
        }
    }
    Ok(())
}

/// One row a table; programs that read the CSV want plain numbers.
fn grid(extracted: &Extracted, number: fn(u64) -> String) -> Grid {
    let mut grid = Grid::new(&[
        ("source", false),
        ("table", false),
        ("read", true),
        ("staged", true),
        ("rejected", true),
        ("nulled", true),
        ("clamped", true),
        ("bytes", true),
    ]);
    for table in &extracted.tables {
        grid.row(vec![
            table.source.clone(),
            table.table.clone(),
            number(table.read),
            number(table.staged),
            number(table.rejected),
            number(table.nulled),
            number(table.clamped),
            number(table.bytes),
        ]);
    }
    grid
}
