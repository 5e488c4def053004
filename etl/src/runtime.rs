//! What a load takes from the world: time, ids, the wish that it stops, and crash points. Injected, so that drills can
//! own them.

use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use planisphere_schemas::warehouse::LoadId;

use crate::error::{Error, Result};

/// Resolves to the signal by which somebody asks a load to stop.
type Stop = Pin<Box<dyn Future<Output = &'static str> + Send>>;

/// Time, ids, stop signals and crash points of one process.
#[derive(Clone)]
pub struct Runtime {
    now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    stop: Arc<dyn Fn() -> Stop + Send + Sync>,
    crash_at: Option<&'static str>,
}

/// The places at which a drill can stop a load, in their order.
pub const CRASH_POINTS: [&str; 3] = ["after_staging", "after_tables", "after_manifest"];

impl Default for Runtime {
    fn default() -> Self {
        Self {
            now: Arc::new(Utc::now),
            stop: Arc::new(|| Box::pin(std::future::pending())),
            crash_at: None,
        }
    }
}

impl Runtime {
    /// A runtime whose clock stands at one instant.
    pub fn at(instant: DateTime<Utc>) -> Self {
        Self {
            now: Arc::new(move || instant),
            ..Self::default()
        }
    }

    /// The same runtime whose loads stop when this future resolves, to the name of the signal.
    #[must_use]
    pub fn stopping_on<F>(mut self, signal: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = &'static str> + Send + 'static,
    {
        self.stop = Arc::new(move || Box::pin(signal()));
        self
    }

    /// The same runtime that stops at a crash point.
    #[must_use]
    pub fn crashing_at(mut self, point: &'static str) -> Self {
        self.crash_at = Some(point);
        self
    }

    /// The present instant.
    pub fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// Waits until somebody asks the load to stop.
    pub(crate) async fn stopped(&self) -> &'static str {
        (self.stop)().await
    }

    /// A new load id.
    pub fn load_id(&self) -> LoadId {
        LoadId::generate()
    }

    /// Stops here if a drill asked for it.
    ///
    /// # Errors
    /// [`Error::Crash`] at the chosen point.
    pub fn crash_point(&self, point: &'static str) -> Result<()> {
        match self.crash_at {
            Some(chosen) if chosen == point => Err(Error::Crash { point }),
            _ => Ok(()),
        }
    }
}
