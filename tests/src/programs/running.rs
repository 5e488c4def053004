//! A program at work in the background, to be stopped, killed or waited for.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

use super::{Heard, Said, signal};

/// A process at work; it is killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    heard: Heard,
}

impl Running {
    /// Starts a command; what it writes to stdout must fit into a pipe.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let heard = Heard::of(&mut child)?;
        Ok(Self { child, heard })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal such as `TERM`.
    ///
    /// # Errors
    /// If the process has ended.
    pub fn signal(&self, name: &str) -> Result<()> {
        signal(name, self.child.id())
    }

    /// Waits until the process has ended by itself.
    ///
    /// # Errors
    /// If it does not end in time, or a signal ended it.
    pub fn ended(mut self) -> Result<Said> {
        self.heard.wait_for_end()?;
        let code = self.child.wait()?.code().context("ended by a signal")?;
        let mut out = String::new();
        let mut stdout = self.child.stdout.take().context("stdout is not piped")?;
        stdout.read_to_string(&mut out)?;
        let err = self.heard.text();
        Ok(Said { code, out, err })
    }

    /// Kills the process, which gets no chance to say anything.
    ///
    /// # Errors
    /// If it has ended already.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
