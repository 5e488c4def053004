//! Logging in, within a time limit.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use mysql::{Conn, DriverError, Opts};

use crate::source::Stop;

/// How long connecting and logging in may take, unless the URL says it by `tcp_connect_timeout_ms`.
pub(super) const WITHIN: Duration = Duration::from_secs(10);

/// Logs in. The driver itself would wait for a greeting as long as the other side keeps the connection and is silent.
///
/// # Errors
/// What the driver says; [`DriverError::Timeout`] if nobody answers in time.
pub(super) fn connect(opts: &Opts, stop: &Stop) -> mysql::Result<Conn> {
    const LOOK_UP: Duration = Duration::from_millis(50);
    let until = Instant::now() + opts.get_tcp_connect_timeout().unwrap_or(WITHIN);
    let (done, logged_in) = mpsc::channel();
    let opts = opts.clone();
    // one that is given up ends when the other side does something, or with the process
    std::thread::Builder::new()
        .name("mysql-log-in".into())
        .spawn(move || done.send(Conn::new(opts)))?;
    loop {
        match logged_in.recv_timeout(LOOK_UP) {
            Ok(connection) => return connection,
            Err(RecvTimeoutError::Timeout) if Instant::now() < until && !stop.asked() => {}
            Err(_) => return Err(DriverError::Timeout.into()),
        }
    }
}
