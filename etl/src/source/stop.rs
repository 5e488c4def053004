//! The wish that reading stops, shared by all readers of a load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A wish that readers stop, shared by all of a load.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks every reader to stop.
    pub(crate) fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True if somebody asked.
    pub(crate) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Asks every reader to stop when it is dropped, as a load is that somebody stopped.
pub(crate) struct StopOnDrop(pub(crate) Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.ask();
    }
}
