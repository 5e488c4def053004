//! `sql`: one statement, a file of statements, stdin, or the shell.

use std::io::{IsTerminal, Read};
use std::time::Instant;

use serde_json::{Map, json};

use super::args::{Format, SqlArgs};
use super::arrow_value::sheet_of;
use super::backend::Backend;
use super::error::CliError;
use super::{output, shell};
use crate::sql::split_statements;

/// Runs the command.
pub(super) async fn run(arguments: SqlArgs) -> Result<(), CliError> {
    let Some(text) = text_of(&arguments)? else {
        return Box::pin(shell::run(arguments)).await;
    };
    let statements = split_statements(&text);
    if statements.is_empty() {
        return Err(CliError::usage("there is no statement"));
    }
    let mut backend = Backend::open(&arguments.from).await?;
    for statement in statements {
        Box::pin(run_one(
            &mut backend,
            &statement,
            arguments.version,
            arguments.format,
            true,
        ))
        .await?;
    }
    Ok(())
}

/// The statements, or none for the shell.
fn text_of(arguments: &SqlArgs) -> Result<Option<String>, CliError> {
    if let Some(sql) = &arguments.sql {
        return Ok(Some(sql.clone()));
    }
    if let Some(path) = &arguments.file {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| CliError::file(&name, error))?;
        return Ok(Some(text));
    }
    if std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().read_to_string(&mut text);
    read.map_err(|error| CliError::file("stdin", error))?;
    Ok(Some(text))
}

/// Runs and shows one statement.
pub(super) async fn run_one(
    backend: &mut Backend,
    statement: &str,
    version: Option<u64>,
    format: Format,
    timing: bool,
) -> Result<(), CliError> {
    let started = Instant::now();
    let rows = backend.sql(statement, version).await?;
    let milliseconds = started.elapsed().as_millis();
    let sheet = sheet_of(&rows.schema, &rows.batches);
    let version = rows.warehouse_version;
    output::answer(
        &sheet,
        format,
        Map::from_iter([("warehouse_version".to_owned(), json!(version))]),
    )?;
    if timing {
        let count = output::counted(sheet.rows.len());
        output::note(&format!(
            "{count} in {milliseconds} ms, warehouse version {version}"
        ));
    }
    Ok(())
}
