//! What a process says on stderr while it runs: the signal on which tests wait.

use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How long a test waits for anything before it gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The lines of a process, in their order.
#[derive(Debug)]
pub struct Heard {
    coming: Receiver<String>,
    said: Vec<String>,
}

impl Heard {
    /// Listens to a process that was started with its stderr piped.
    ///
    /// # Errors
    /// If its stderr is not piped.
    pub fn of(child: &mut Child) -> Result<Self> {
        let stderr = child.stderr.take().context("stderr is not piped")?;
        let (lines, coming) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                // read on when nobody listens any more, so that the process never waits
                let _ = lines.send(line);
            }
        });
        let said = Vec::new();
        Ok(Self { coming, said })
    }

    /// Waits for the first line in which something is found.
    ///
    /// # Errors
    /// If the process ends before, or does not say it in time; with all that it said.
    pub fn wait_for<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next(deadline) {
                Ok(line) => {
                    if let Some(found) = find(&line) {
                        return Ok(found);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("it ended before {what}:\n{}", self.text())
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!("{what} does not come after {PATIENCE:?}:\n{}", self.text())
                }
            }
        }
    }

    /// Waits until the process has closed its stderr, as it does when it ends.
    ///
    /// # Errors
    /// If it does not end in time; with all that it said.
    pub fn wait_for_end(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next(deadline) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {
                    bail!("it does not end within {PATIENCE:?}:\n{}", self.text())
                }
            }
        }
    }

    /// All lines that were waited for.
    pub fn text(&self) -> String {
        self.said.join("\n")
    }

    fn next(&mut self, deadline: Instant) -> Result<String, RecvTimeoutError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = self.coming.recv_timeout(left)?;
        self.said.push(line.clone());
        Ok(line)
    }
}
