//! The two programs as they are shipped: started as processes, stopped by their process ids.

mod heard;
mod running;
mod said;
mod server;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};

pub use heard::{Heard, PATIENCE};
pub use running::Running;
pub use said::{Said, cells};
pub use server::Server;

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

/// Sends a signal such as `TERM` to a process.
fn signal(name: &str, process: u32) -> Result<()> {
    let flag = format!("-{name}");
    succeed(Command::new("kill").args([flag, process.to_string()]))?;
    Ok(())
}
