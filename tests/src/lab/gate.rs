//! A file that makes its reader wait: a named pipe in its place.
//!
//! A load that reads it is held in the middle of its extraction until the test lets go, without any sleep.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::channel;

use anyhow::{Context as _, Result};

use crate::programs::{PATIENCE, succeed};

/// The writing end of a named pipe whose reader has come and waits.
#[derive(Debug)]
pub struct Gate {
    end: File,
}

/// Makes a named pipe.
///
/// # Errors
/// If it cannot be made.
pub(super) fn make(path: &Path) -> Result<()> {
    succeed(Command::new("mkfifo").arg(path))?;
    Ok(())
}

/// Waits until somebody has opened the pipe to read it.
///
/// # Errors
/// If nobody comes in time.
pub(super) fn wait_for_reader(path: &Path) -> Result<Gate> {
    let (opened, come) = channel();
    let path = path.to_owned();
    // opening the writing end returns when there is a reader
    std::thread::spawn(move || opened.send(OpenOptions::new().write(true).open(path)));
    let end = come
        .recv_timeout(PATIENCE)
        .context("nobody reads the pipe")??;
    Ok(Gate { end })
}

impl Gate {
    /// Gives the reader a text and the end of the file.
    ///
    /// # Errors
    /// If the reader is gone.
    pub fn give(mut self, text: &str) -> Result<()> {
        Ok(self.end.write_all(text.as_bytes())?)
    }
}
