//! The command line of `planisphere-etl`: arguments in, exit code out.
//!
//! stdout holds only the answer; progress, logs and errors go to stderr.

mod bars;
mod extract;
mod history;
mod load;
mod output;
mod plan;
mod progress;
mod rebuild;
mod screen;
mod status;

pub(crate) use output::count;

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
  planisphere-etl rebuild --config anew.toml --from warehouse
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
    /// Which log lines are written, such as `info` or `planisphere_etl=debug`; by default warnings, and with JSON also
    /// how a load goes on.
    #[arg(long, global = true, value_name = "FILTER", value_parser = filter)]
    log: Option<String>,
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
    /// Builds an empty warehouse from the staging packages and key maps of another; no key moves.
    Rebuild(rebuild::RebuildArgs),
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
    hear_of_files_that_grow_too_large();
    let logs = cli.log_format;
    let done = match cli.command {
        Command::DemoSource(args) => demo_source(&args).await,
        Command::Load(args) => load::run(&args, logs).await.map_err(Failure::from),
        Command::Extract(args) => extract::run(&args, logs).await.map_err(Failure::from),
        Command::Rebuild(args) => rebuild::run(&args, logs).await.map_err(Failure::from),
        Command::Plan(args) => plan::run(&args).await.map_err(Failure::from),
        Command::Status(args) => status::run(&args).await.map_err(Failure::from),
        Command::History(args) => history::run(&args).await.map_err(Failure::from),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(logs),
    }
}

/// A file that reaches a limit of its size is an error of the write then, not the end of the process without a word.
fn hear_of_files_that_grow_too_large() {
    use tokio::signal::unix::{SignalKind, signal};
    const SIGXFSZ: i32 = 25;
    // once somebody has listened the signal never ends the process again; without a handler it does, as ever
    let _ = signal(SignalKind::from_raw(SIGXFSZ));
}

async fn demo_source(args: &DemoSourceArgs) -> Result<(), Failure> {
    let summary = demo::run(args).await?;
    output::print(&summary.to_string());
    Ok(())
}

/// Whatever level is asked for: those who speak the wire would show requests with their passwords, and the Delta kernel logs
/// as errors what it also returns.
const DISCREET: &str = "buoyant_kernel=off,h2=info,hyper=info,hyper_util=info,reqwest=info,rustls=info,object_store=warn,\
                        tokio_postgres=info,mysql=info";

/// The target of the last lines of a JSON log.
const LAST: &str = "planisphere_etl::end";

/// A filter of log lines.
fn filter(text: &str) -> Result<String, String> {
    let parsed = EnvFilter::try_new(text).map_err(|error| error.to_string());
    parsed.map(|_| text.to_owned())
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
    fn report(self, logs: LogFormat) -> ExitCode {
        let code = self.exit_code();
        if logs == LogFormat::Json {
            tracing::error!(
                target: LAST,
                kind = ?self.kind,
                exit_code = code,
                error = self.message,
                hint = self.hint,
                "failed"
            );
            return ExitCode::from(code);
        }
        let red = output::paint("error", "31;1", screen::is_terminal());
        output::complain(&format!("{red}: {}", self.message));
        if let Some(hint) = self.hint {
            output::complain(&format!("hint: {hint}"));
        }
        ExitCode::from(code)
    }

    fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Invalid => 2,
            ErrorKind::NotFound => 3,
            ErrorKind::Conflict => 4,
            ErrorKind::Unavailable => 5,
            ErrorKind::ResourceExhausted => 6,
            ErrorKind::Cancelled => 7,
            ErrorKind::Damaged => 8,
            ErrorKind::Internal => 70,
        }
    }
}

fn start_logging(cli: &Cli) {
    let (default, always) = match cli.log_format {
        LogFormat::Text => ("warn", String::new()),
        LogFormat::Json => ("warn,planisphere_etl=info", format!(",{LAST}=info")),
    };
    let chosen = cli.log.as_deref().unwrap_or(default);
    let quiet = format!("{chosen},{DISCREET}{always}");
    let filter = EnvFilter::try_new(quiet).unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| screen::Logs)
        .with_ansi(screen::is_terminal());
    match cli.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}
