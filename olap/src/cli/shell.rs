//! The SQL shell: statements over several lines until a semicolon, commands with a backslash, history, completion.

use std::path::PathBuf;

use clap::ValueEnum;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Config, Editor};

use super::args::{Format, SqlArgs};
use super::backend::Backend;
use super::completion::SqlHelper;
use super::error::CliError;
use super::output;
use super::sql::run_one;
use crate::sql::{is_complete, split_statements};

const HELP: &str = "\
\\d            list the tables
\\d TABLE      list the columns of a table
\\format F     show answers as table, csv or json
\\timing       switch the line about time and version on or off
\\?            this help
\\q            leave (also Ctrl-D)
A statement ends with a semicolon; Ctrl-C drops what was typed.";

type Line = Editor<SqlHelper, DefaultHistory>;

/// The state of a shell.
struct Shell {
    backend: Backend,
    version: Option<u64>,
    format: Format,
    timing: bool,
}

/// Reads and answers statements until the end of input.
pub(super) async fn run(arguments: SqlArgs) -> Result<(), CliError> {
    let backend = Backend::open(&arguments.from).await?;
    let mut shell = Shell {
        backend,
        version: arguments.version,
        format: arguments.format,
        timing: true,
    };
    let helper = shell.helper().await?;
    let history = arguments.history_file.or_else(default_history);
    let mut editor = editor(helper, history.as_ref())?;
    output::note("Read-only SQL. \\? for help, \\q to leave.");
    let mut typed = String::new();
    loop {
        let prompt = if typed.is_empty() {
            "planisphere> "
        } else {
            "         ... "
        };
        let (back, line) = read_line(editor, prompt).await?;
        editor = back;
        match line {
            Ok(line) if typed.is_empty() && line.trim_start().starts_with('\\') => {
                let _ = editor.add_history_entry(line.trim());
                if !shell.command(line.trim()).await {
                    break;
                }
            }
            Ok(line) => {
                typed.push_str(&line);
                typed.push('\n');
                if is_complete(&typed) {
                    let _ = editor.add_history_entry(typed.trim());
                    shell.statements(&std::mem::take(&mut typed)).await;
                }
            }
            Err(ReadlineError::Interrupted) => typed.clear(),
            Err(ReadlineError::Eof) => break,
            Err(error) => {
                return Err(CliError::usage(format!(
                    "cannot read the terminal: {error}"
                )));
            }
        }
    }
    if let Some(path) = history
        && let Err(error) = editor.save_history(&path)
    {
        output::note(&format!(
            "the history was not kept in {}: {error}",
            path.display()
        ));
    }
    Ok(())
}

fn default_history() -> Option<PathBuf> {
    Some(std::env::home_dir()?.join(".planisphere_sql_history"))
}

fn editor(helper: SqlHelper, history: Option<&PathBuf>) -> Result<Line, CliError> {
    let config = Config::builder()
        .history_ignore_space(true)
        .auto_add_history(false)
        .build();
    let unusable = |error| CliError::usage(format!("cannot use the terminal: {error}"));
    let mut editor = Line::with_config(config).map_err(unusable)?;
    editor.set_helper(Some(helper));
    if let Some(path) = history {
        // there is none before the first use
        let _ = editor.load_history(path);
    }
    Ok(editor)
}

/// Reads a line on a thread that may wait.
async fn read_line(
    mut editor: Line,
    prompt: &'static str,
) -> Result<(Line, Result<String, ReadlineError>), CliError> {
    let reading = tokio::task::spawn_blocking(move || {
        let line = editor.readline(prompt);
        (editor, line)
    });
    reading
        .await
        .map_err(|error| CliError::usage(format!("the line editor stopped: {error}")))
}

impl Shell {
    /// Completion knows the names that there are when the shell starts.
    async fn helper(&mut self) -> Result<SqlHelper, CliError> {
        let columns = "select distinct table_name, column_name from information_schema.columns \
                       where table_schema <> 'information_schema'";
        let rows = self.backend.sql(columns, self.version).await?;
        let mut names = Vec::new();
        for batch in &rows.batches {
            for column in batch.columns() {
                let texts =
                    (0..batch.num_rows()).map(|row| super::arrow_value::text_at(column, row));
                names.extend(texts);
            }
        }
        Ok(SqlHelper::new(names))
    }

    async fn statements(&mut self, text: &str) {
        for statement in split_statements(text) {
            let run = run_one(
                &mut self.backend,
                &statement,
                self.version,
                self.format,
                self.timing,
            );
            if let Err(error) = Box::pin(run).await {
                output::note(&format!("error: {error}"));
                if let Some(hint) = error.hint() {
                    output::note(&format!("hint: {hint}"));
                }
            }
        }
    }

    /// Runs a command with a backslash; false leaves the shell.
    async fn command(&mut self, line: &str) -> bool {
        let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match (name, argument.trim()) {
            ("\\q", _) => return false,
            ("\\?", _) => output::note(HELP),
            ("\\timing", _) => {
                self.timing = !self.timing;
                output::note(if self.timing {
                    "timing is on"
                } else {
                    "timing is off"
                });
            }
            ("\\format", name) => match Format::from_str(name, true) {
                Ok(format) => self.format = format,
                Err(_) => output::note("formats are table, csv and json"),
            },
            ("\\d", "") => {
                let tables = "select table_schema, table_name from information_schema.tables \
                              where table_schema <> 'information_schema' order by 1 desc, 2";
                self.statements(tables).await;
            }
            ("\\d", table) => self.statements(&format!("describe {table}")).await,
            (other, _) => output::note(&format!("unknown command {other}; \\? for help")),
        }
        true
    }
}
