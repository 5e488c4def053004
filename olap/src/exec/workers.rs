//! The threads on which the engine computes. Deadlines, connections and everything else run elsewhere, so that a query
//! that keeps all of these busy cannot keep anybody from being told that its time is over.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

/// What still computes has so long to end.
const TO_END: Duration = Duration::from_secs(3_600);

/// A runtime that may be dropped anywhere; what still computes is not waited for.
pub(super) struct Workers {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Workers {
    /// As many threads as the machine has cores.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .thread_name("planisphere-query")
            .enable_all()
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }

    /// Where tasks of the engine are spawned.
    pub(super) fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        // threads are joined, never detached while they end: the C library may then read what the thread has given back
        let runtime = Arc::new(Mutex::new(Some(runtime)));
        let ending = Arc::clone(&runtime);
        let joined = std::thread::Builder::new().spawn(move || {
            let ending = ending.lock().ok().and_then(|mut runtime| runtime.take());
            if let Some(runtime) = ending {
                runtime.shutdown_timeout(TO_END);
            }
        });
        if joined.is_err()
            && let Some(runtime) = runtime.lock().ok().and_then(|mut runtime| runtime.take())
        {
            runtime.shutdown_background();
        }
    }
}
