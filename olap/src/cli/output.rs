//! Where texts go: answers to stdout, everything else to stderr.

use std::io::{self, BufWriter, Write};

use serde_json::{Map, Value, json};

use super::args::{Format, LogFormat};
use super::error::CliError;
use super::sheet::{self, Sheet};

/// Writes an answer.
pub(super) fn answer(
    sheet: &Sheet,
    format: Format,
    about: Map<String, Value>,
) -> Result<(), CliError> {
    write(|out| sheet::write(out, sheet, format, about))
}

/// Writes a text as an answer.
pub(super) fn text(text: &str) -> Result<(), CliError> {
    write(|out| writeln!(out, "{text}"))
}

fn write(
    writing: impl FnOnce(&mut BufWriter<io::StdoutLock<'static>>) -> io::Result<()>,
) -> Result<(), CliError> {
    let mut out = BufWriter::new(io::stdout().lock());
    writing(&mut out)
        .and_then(|()| out.flush())
        .map_err(|error| CliError::output(&error))
}

/// `1 row`, `2 rows`.
pub(super) fn counted(rows: usize) -> String {
    if rows == 1 {
        "1 row".to_owned()
    } else {
        format!("{rows} rows")
    }
}

/// Tells something beside the answer.
pub(super) fn note(text: &str) {
    // nothing can be told if stderr is closed
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Tells why a command failed.
pub(super) fn report(error: &CliError, format: LogFormat) {
    match format {
        LogFormat::Text => {
            note(&format!("error: {error}"));
            if let Some(hint) = error.hint() {
                note(&format!("hint: {hint}"));
            }
        }
        LogFormat::Json => {
            let line = json!({
                "level": "ERROR",
                "message": error.to_string(),
                "hint": error.hint(),
                "exit_code": error.exit_code(),
            });
            note(&line.to_string());
        }
    }
}
