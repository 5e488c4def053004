//! The threads on which the engine computes. Deadlines, connections and everything else run elsewhere, so that a query
//! that keeps all of these busy cannot keep anybody from being told that its time is over.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

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
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
