//! The arguments of all commands, as `--help` shows them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::query_args::QueryArgs;
use crate::serve::Overrides;

const EXIT_CODES: &str = "\
Exit codes:
   0  done
   2  the command line, a file or the question is wrong
   3  something that was named does not exist
   4  conflict: the model has changed, the port is in use
   5  a warehouse or server cannot be reached
   6  a limit on memory, rows or time was reached
   7  cancelled
   8  the warehouse is damaged: a published file is missing or was changed
  70  a defect of the program";

/// Answers multidimensional questions from a published warehouse.
#[derive(Debug, Parser)]
#[command(name = "planisphere-olap", version, about, after_long_help = EXIT_CODES, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// How messages on stderr look.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(super) log_format: LogFormat,
    /// More messages on stderr; twice for even more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve cubes over gRPC and SQL over Arrow Flight until SIGTERM or Ctrl-C.
    Serve(ServeArgs),
    /// Ask a cube, by flags or by a YAML file.
    Query(Box<QueryArgs>),
    /// Ask the star tables in SQL: one statement, a file, stdin, or interactively.
    Sql(SqlArgs),
    /// List the cubes.
    Cubes(CubesArgs),
    /// Describe a cube: its levels and measures.
    Describe(DescribeArgs),
    /// List the members of a level.
    Members(MembersArgs),
    /// Check a model: every fault of its files, and every measure and level of its cubes, without a warehouse.
    Check(CheckArgs),
}

/// How messages on stderr look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How answers on stdout look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// An aligned table; measures of a cube are shown by their format, plain ones without zeros at their end.
    Table,
    /// Comma-separated values with a header line, unrounded.
    Csv,
    /// One JSON document, unrounded; decimals are texts.
    Json,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The settings file.
    #[arg(long, default_value = "planisphere.toml")]
    pub(super) config: PathBuf,
    /// Address and port instead of `[olap] listen`; port 0 takes a free one.
    #[arg(long)]
    listen: Option<String>,
    /// Allow an address other than loopback although there is no TLS.
    #[arg(long)]
    insecure: bool,
}

impl ServeArgs {
    pub(super) fn overrides(&self) -> Overrides {
        Overrides {
            listen: self.listen.clone(),
            insecure: self.insecure,
        }
    }
}

/// Whom to ask.
#[derive(Debug, Clone, Args)]
pub(super) struct From {
    /// The settings file of the warehouse, which is asked directly.
    #[arg(long, default_value = "planisphere.toml", conflicts_with = "server")]
    pub(super) config: PathBuf,
    /// A server to ask instead, such as http://127.0.0.1:50051.
    #[arg(long)]
    pub(super) server: Option<String>,
}

impl From {
    /// The settings file in the working directory.
    pub(super) fn default_settings() -> Self {
        Self {
            config: "planisphere.toml".into(),
            server: None,
        }
    }
}

/// Arguments of `sql`.
#[derive(Debug, Args)]
pub(super) struct SqlArgs {
    #[command(flatten)]
    pub(super) from: From,
    /// The statement, or several with semicolons. Without one and without a file: stdin, or a shell on a terminal.
    #[arg(conflicts_with = "file")]
    pub(super) sql: Option<String>,
    /// A file of statements.
    #[arg(short, long)]
    pub(super) file: Option<PathBuf>,
    /// How the answer looks.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
    /// The warehouse version to ask; the latest by default. Not with --server.
    #[arg(long = "warehouse-version", conflicts_with = "server")]
    pub(super) version: Option<u64>,
    /// Where the shell keeps its history.
    #[arg(long, env = "PLANISPHERE_SQL_HISTORY")]
    pub(super) history_file: Option<PathBuf>,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  planisphere-olap check\n  planisphere-olap check --model schemas --format json"
)]
pub(super) struct CheckArgs {
    /// The folder of the model; that of the settings file by default.
    #[arg(long, conflicts_with = "config")]
    pub(super) model: Option<PathBuf>,
    /// The settings file.
    #[arg(long, default_value = "planisphere.toml")]
    pub(super) config: PathBuf,
    /// How the answer looks.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
}

/// Arguments of `cubes`.
#[derive(Debug, Args)]
pub(super) struct CubesArgs {
    #[command(flatten)]
    pub(super) from: From,
    #[command(flatten)]
    pub(super) shown: Shown,
}

/// Arguments of `describe`.
#[derive(Debug, Args)]
pub(super) struct DescribeArgs {
    /// The cube.
    pub(super) cube: String,
    /// Also what each level tells of its members beside their keys and names.
    #[arg(long)]
    pub(super) attributes: bool,
    #[command(flatten)]
    pub(super) from: From,
    #[command(flatten)]
    pub(super) shown: Shown,
}

/// How and of which version lists are shown.
#[derive(Debug, Args)]
pub(super) struct Shown {
    /// The language of captions: en or zh.
    #[arg(long, default_value = "en")]
    pub(super) locale: String,
    /// How the answer looks.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
    /// The warehouse version to ask; the latest by default.
    #[arg(long = "warehouse-version")]
    pub(super) version: Option<u64>,
}

/// Arguments of `members`.
#[derive(Debug, Args)]
pub(super) struct MembersArgs {
    /// The cube.
    pub(super) cube: String,
    /// The level: dimension.hierarchy.level.
    pub(super) level: String,
    /// Only members whose key or caption contains this text.
    #[arg(long)]
    pub(super) search: Option<String>,
    /// Only members below this one, such as 2025/1.
    #[arg(long)]
    pub(super) parent: Option<String>,
    /// Members too that their source has deleted.
    #[arg(long)]
    pub(super) include_deleted: bool,
    /// How many members at most.
    #[arg(long)]
    pub(super) limit: Option<u64>,
    /// Where the page before ended.
    #[arg(long)]
    pub(super) page_token: Option<String>,
    /// Which versions of members: as_was, as_is, or "as_of 2025-12-31".
    #[arg(long, default_value = "as_was")]
    pub(super) history: String,
    #[command(flatten)]
    pub(super) from: From,
    #[command(flatten)]
    pub(super) shown: Shown,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
