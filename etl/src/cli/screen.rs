//! stderr, shared by bars, lines and logs: whatever is written while bars stand there goes above them.

use std::io::{self, IsTerminal as _, Write};
use std::sync::OnceLock;

use indicatif::MultiProgress;

static BARS: OnceLock<MultiProgress> = OnceLock::new();

/// The bars of this process; `None` if stderr is no terminal.
pub(super) fn bars() -> Option<&'static MultiProgress> {
    is_terminal().then(|| BARS.get_or_init(MultiProgress::new))
}

/// True if people look at stderr.
pub(super) fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Writes a line above the bars.
pub(super) fn line(text: &str) {
    above(|| {
        let mut out = io::stderr().lock();
        // whoever closed it does not want to know
        let _ = writeln!(out, "{text}");
    });
}

fn above<T>(write: impl FnOnce() -> T) -> T {
    match BARS.get() {
        Some(bars) => bars.suspend(write),
        None => write(),
    }
}

/// Where log lines go.
pub(super) struct Logs;

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        above(|| io::stderr().lock().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
