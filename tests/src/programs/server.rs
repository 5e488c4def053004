//! A running OLAP server.

use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};

use anyhow::Result;

use super::{Heard, Said, olap, signal};

/// A running OLAP server; it is killed when it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    heard: Heard,
    address: String,
}

impl Server {
    /// Starts a server on a free port of the loopback address and waits until it listens.
    ///
    /// # Errors
    /// If it ends or does not listen in time.
    pub fn start(config: &Path) -> Result<Self> {
        let mut child = olap()?
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let heard = Heard::of(&mut child)?;
        let mut server = Self {
            child,
            heard,
            address: String::new(),
        };
        server.address = server
            .heard
            .wait_for("the server's address", listening_at)?;
        Ok(server)
    }

    /// The URL of the server.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Runs `planisphere-olap` against the server.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn olap(&self, arguments: &[&str]) -> Result<Said> {
        Said::of(olap()?.args(arguments).args(["--server", &self.url()]))
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the server ends by itself.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn wait(&mut self) -> Result<()> {
        self.child.wait()?;
        Ok(())
    }

    /// Asks the server to stop by SIGTERM and waits for its end; says how it ended.
    ///
    /// # Errors
    /// If it does not end in time.
    pub fn stop(mut self) -> Result<ExitStatus> {
        signal("TERM", self.child.id())?;
        self.heard.wait_for_end()?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The address in `listening address=127.0.0.1:50051 …`.
fn listening_at(line: &str) -> Option<String> {
    let start = line
        .find("127.0.0.1:")
        .filter(|_| line.contains("listening"))?;
    let address = line[start..].split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'));
    address.into_iter().next().map(str::to_owned)
}
