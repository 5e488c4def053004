//! Log lines on stderr.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::args::LogFormat;

/// Starts logging. A server says what it does; a single question only what went wrong.
pub(super) fn start(format: LogFormat, verbose: u8, serving: bool) {
    let ours = match (verbose, serving) {
        (0, false) => "warn",
        (0, true) => "info",
        (1, _) => "info,planisphere_olap=debug",
        _ => "debug",
    };
    let filter = EnvFilter::new(format!("{ours},h2=warn,hyper=warn,tower=warn"));
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    // a second start, as in tests, leaves the first one in place
    let _ = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
