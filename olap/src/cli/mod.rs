//! The command line of `planisphere-olap`: serve, ask cubes, ask SQL, list what there is.
//!
//! ```text
//! args ──► backend (a server, or the warehouse itself) ──► sheet (rows of values) ──► table, CSV or JSON
//! ```
//! stdout holds only the answer; everything else goes to stderr. Not responsible for how anything is answered.

mod alike;
mod args;
mod arrow_value;
mod backend;
mod check;
mod completion;
mod error;
mod list;
mod logs;
mod long;
mod number;
mod output;
mod pivot;
mod query;
mod query_args;
mod question;
mod sheet;
mod shell;
mod sql;
mod titles;
mod words;

use clap::Parser;

pub use error::CliError;

pub(crate) use backend::open_service;

use args::{Arguments, Command};

/// Runs the command line of this process and gives its exit code.
pub async fn run() -> u8 {
    let arguments = Arguments::parse();
    logs::start(
        arguments.log_format,
        arguments.verbose,
        matches!(arguments.command, Command::Serve(_)),
    );
    let done = match arguments.command {
        Command::Serve(serve) => {
            Box::pin(crate::serve::serve(&serve.config, serve.overrides())).await
        }
        Command::Query(query) => Box::pin(query::run(*query)).await,
        Command::Sql(sql) => Box::pin(sql::run(sql)).await,
        Command::Cubes(cubes) => list::cubes(cubes).await,
        Command::Describe(describe) => list::describe(describe).await,
        Command::Members(members) => Box::pin(list::members(members)).await,
        Command::Check(check) => check::run(check),
    };
    match done {
        Ok(()) => 0,
        Err(error) if error.is_closed_pipe() => 0,
        Err(error) => {
            output::report(&error, arguments.log_format);
            error.exit_code()
        }
    }
}
