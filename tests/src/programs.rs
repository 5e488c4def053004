//! The two programs as they are shipped: started as processes, stopped by their process ids.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The path of a program that was built beside this one.
///
/// # Errors
/// If it was not built.
pub fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folders = own.ancestors().skip(1).take(2);
    let found = folders
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    found.with_context(|| format!("{name} is not built; run 'cargo build --workspace' first"))
}

/// A call of `planisphere-etl`.
///
/// # Errors
/// If the program is not built.
pub fn etl() -> Result<Command> {
    Ok(Command::new(program("planisphere-etl")?))
}

/// A call of `planisphere-olap`.
///
/// # Errors
/// If the program is not built.
pub fn olap() -> Result<Command> {
    Ok(Command::new(program("planisphere-olap")?))
}

/// Runs a call to its end and demands success.
///
/// # Errors
/// With what the program wrote to stderr.
pub fn succeed(command: &mut Command) -> Result<Output> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{:?} ended with {}: {complaint}",
            command.get_program(),
            output.status
        );
    }
    Ok(output)
}

/// A running OLAP server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts a server on a free port of the loopback address and waits until it listens.
    ///
    /// # Errors
    /// If it ends or does not listen within a minute.
    pub fn start(config: &Path) -> Result<Self> {
        let mut child = olap()?
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take().context("no stderr")?;
        let (lines, heard) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                // nobody listens any more once the address is known
                let _ = lines.send(line);
            }
        });
        match wait_for_address(&heard) {
            Ok(address) => Ok(Self { child, address }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// The URL of the server.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
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
    /// If it does not end within a minute.
    pub fn stop(mut self) -> Result<std::process::ExitStatus> {
        succeed(Command::new("kill").args(["-TERM", &self.child.id().to_string()]))?;
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("the server did not stop within a minute of SIGTERM")
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

fn wait_for_address(heard: &mpsc::Receiver<String>) -> Result<String> {
    let mut said = Vec::new();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        match heard.recv_timeout(Duration::from_secs(1)) {
            Ok(line) => match address_in(&line) {
                Some(address) => return Ok(address),
                None => said.push(line),
            },
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                bail!("the server ended: {}", said.join("\n"))
            }
        }
    }
    bail!(
        "the server does not listen after a minute: {}",
        said.join("\n")
    )
}

/// The address in `listening on 127.0.0.1:50051 …`.
fn address_in(line: &str) -> Option<String> {
    let start = line
        .find("127.0.0.1:")
        .filter(|_| line.contains("listening"))?;
    let address = line[start..].split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'));
    address.into_iter().next().map(str::to_owned)
}
