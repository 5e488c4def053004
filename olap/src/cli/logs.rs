//! Log lines on stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::args::LogFormat;

/// Starts logging. A server says what it does; a single question only what went wrong.
pub(super) fn start(format: LogFormat, verbose: u8, serving: bool) {
    let filter = match (verbose, serving) {
        (0, false) => "warn",
        (0, true) => "warn,planisphere_olap=info,planisphere_schemas=info",
        (1, _) => "warn,planisphere_olap=debug,planisphere_schemas=debug",
        _ => "debug,h2=info,hyper=info,tower=info",
    };
    let colours = std::io::stderr().is_terminal();
    let lines = fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr);
    let lines = lines.with_target(false).with_ansi(colours);
    // a second start, as in tests, leaves the first one in place
    let _ = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
