//! The threads on which the engine computes. Deadlines, connections and everything else run elsewhere, so that a query
//! that keeps all of these busy cannot keep anybody from being told that its time is over.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

/// What still computes has so long to end.
const TO_END: Duration = Duration::from_secs(3_600);

/// Threads that may be dropped anywhere; what still computes is not waited for.
///
/// Their runtime lies with a thread of its own, which joins them: to detach threads that are just ending is a race in the C
/// library.
pub(super) struct Workers {
    handle: Handle,
    /// Its other end is told when this one is gone.
    _alive: Sender<()>,
}

impl Workers {
    /// As many threads as the machine has cores.
    pub(super) fn start() -> io::Result<Self> {
        let (started, begun) = channel();
        let (alive, gone) = channel::<()>();
        thread::Builder::new().spawn(move || {
            let runtime = runtime();
            let told = started.send(
                runtime
                    .as_ref()
                    .map(|it| it.handle().clone())
                    .map_err(io::Error::kind),
            );
            if let (Ok(()), Ok(runtime)) = (told, runtime) {
                // nothing is ever sent
                let _ = gone.recv();
                runtime.shutdown_timeout(TO_END);
            }
        })?;
        let handle = begun.recv().map_err(io::Error::other)?;
        Ok(Self {
            handle: handle?,
            _alive: alive,
        })
    }

    /// Where tasks of the engine are spawned.
    pub(super) fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .thread_name("planisphere-query")
        .enable_all()
        .build()
}
