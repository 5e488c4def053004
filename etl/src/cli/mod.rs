//! The command line of `planisphere-etl`: arguments in, exit code out.
//!
//! stdout holds only the answer; progress, logs and errors go to stderr.

mod extract;
mod history;
mod load;
mod meter;
mod output;
mod plan;
mod progress;
mod status;

pub(crate) use output::count;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use planisphere_schemas::ErrorKind;
use tracing_subscriber::EnvFilter;

use crate::demo::{self, DemoError, DemoSourceArgs};
use crate::error::Error;

const EXAMPLES: &str = "\
Examples:
  planisphere-etl demo-source --url sqlite:demo/crm.db
  planisphere-etl load --config planisphere.toml
  planisphere-etl load --config planisphere.toml --as-of 2026-11-01
  planisphere-etl extract --config planisphere.toml --source suitecrm
  planisphere-etl status --config planisphere.toml

Exit codes:
  0   done (also: nothing changed, nothing published)
  2   the input is wrong: arguments, settings, model
  3   something that is named does not exist
  4   conflict: another load was first
  5   a system does not answer; running again can help
  6   a limit was reached, or a disk is full
  7   somebody stopped it
  8   the warehouse is damaged
  70  a defect of ours; nothing was published";

/// Carries operational CRM databases into star schemas and publishes them as warehouse versions.
#[derive(Debug, Parser)]
#[command(name = "planisphere-etl", version, about, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How log lines are written.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// Which log lines are written, such as `info` or `planisphere_etl=debug`.
    #[arg(long, global = true, default_value = "warn", value_name = "FILTER")]
    log: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a demo CRM database, or moves one forward in time.
    DemoSource(DemoSourceArgs),
    /// Loads every source into the warehouse and publishes a new version.
    Load(load::LoadArgs),
    /// Reads sources into a staging package and stops there; publishes nothing.
    Extract(extract::ExtractArgs),
    /// Prints the steps that a load would take; changes nothing.
    Plan(ConfigArgs),
    /// Says how the last load ended.
    Status(AskArgs),
    /// Lists the published versions.
    History(AskArgs),
}

/// Where the settings are.
#[derive(Debug, Clone, Args)]
struct ConfigArgs {
    /// The settings file.
    #[arg(long, default_value = "planisphere.toml", value_name = "FILE")]
    config: PathBuf,
}

/// A question and the form of its answer.
#[derive(Debug, Clone, Args)]
struct AskArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The form of the answer.
    #[arg(long, value_enum, default_value_t = output::Format::Table)]
    format: output::Format,
}

/// Runs the program and returns its exit code.
pub async fn run(cli: Cli) -> ExitCode {
    start_logging(&cli);
    let done = match cli.command {
        Command::DemoSource(args) => demo_source(&args).await,
        Command::Load(args) => load::run(&args).await.map_err(Failure::from),
        Command::Extract(args) => extract::run(&args).await.map_err(Failure::from),
        Command::Plan(args) => plan::run(&args).await.map_err(Failure::from),
        Command::Status(args) => status::run(&args).await.map_err(Failure::from),
        Command::History(args) => history::run(&args).await.map_err(Failure::from),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn demo_source(args: &DemoSourceArgs) -> Result<(), Failure> {
    let summary = demo::run(args).await?;
    output::print(&summary.to_string());
    Ok(())
}

/// What went wrong, ready for the edge.
struct Failure {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = crate::load::chain(&error);
        Self {
            kind: error.kind(),
            message,
            hint: error.hint(),
        }
    }
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        let message = crate::load::chain(&error);
        Self {
            kind: error.kind(),
            message,
            hint: error.hint(),
        }
    }
}

impl Failure {
    fn report(self) -> ExitCode {
        let red = output::paint("error", "31;1", std::io::stderr().is_terminal());
        output::complain(&format!("{red}: {}", self.message));
        if let Some(hint) = self.hint {
            output::complain(&format!("hint: {hint}"));
        }
        ExitCode::from(match self.kind {
            ErrorKind::Invalid => 2,
            ErrorKind::NotFound => 3,
            ErrorKind::Conflict => 4,
            ErrorKind::Unavailable => 5,
            ErrorKind::ResourceExhausted => 6,
            ErrorKind::Cancelled => 7,
            ErrorKind::Damaged => 8,
            ErrorKind::Internal => 70,
        })
    }
}

fn start_logging(cli: &Cli) {
    // the Delta kernel logs as errors what it also returns
    let quiet = format!("{},buoyant_kernel=off", cli.log);
    let filter = EnvFilter::try_new(quiet).unwrap_or_else(|_| EnvFilter::new("warn"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match cli.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}
