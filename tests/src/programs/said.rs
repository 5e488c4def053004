//! What a program said and how it ended.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// The exit code and the two streams of a process that ended.
#[derive(Debug)]
pub struct Said {
    /// The exit code.
    pub code: i32,
    /// stdout: the answer.
    pub out: String,
    /// stderr: everything else.
    pub err: String,
}

impl Said {
    /// Runs a command to its end.
    ///
    /// # Errors
    /// If it cannot be started or was ended by a signal.
    pub fn of(command: &mut Command) -> Result<Self> {
        let output = command.stdin(Stdio::null()).output()?;
        Ok(Self {
            code: output.status.code().context("ended by a signal")?,
            out: String::from_utf8(output.stdout)?,
            err: String::from_utf8(output.stderr)?,
        })
    }

    /// Demands success.
    ///
    /// # Errors
    /// With what stands on stderr.
    pub fn done(self) -> Result<Self> {
        ensure!(
            self.code == 0,
            "ended with {}:\n{}\n{}",
            self.code,
            self.out,
            self.err
        );
        Ok(self)
    }

    /// Demands a failure with an exit code, nothing on stdout, no panic, and every part on stderr.
    ///
    /// # Errors
    /// If any of that is not so.
    pub fn refused(self, code: i32, parts: &[&str]) -> Result<Self> {
        ensure!(
            self.code == code,
            "ended with {} instead of {code}:\n{}\n{}",
            self.code,
            self.out,
            self.err
        );
        ensure!(self.out.is_empty(), "an answer came: {}", self.out);
        ensure!(!self.err.contains("panicked"), "it panicked:\n{}", self.err);
        for part in parts {
            ensure!(
                self.err.contains(part),
                "'{part}' is missing in:\n{}",
                self.err
            );
        }
        Ok(self)
    }
}

/// The rows of a CSV text without its header.
///
/// # Errors
/// If it is not CSV.
pub fn cells(text: &str) -> Result<Vec<Vec<String>>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(record?.iter().map(str::to_owned).collect());
    }
    Ok(rows)
}
