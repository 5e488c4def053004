//! Answers of an object store, waited for by a thread that may be asked to stop.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::error::Error;
use crate::source::{Fault, Remedy, Stop};

use super::super::fault::Named;

/// How long a store may stay silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// How soon a wish to stop is heard.
const LOOK_UP: Duration = Duration::from_millis(50);

/// Waits for an answer.
///
/// # Errors
/// A [`Fault`] if somebody asks to stop, or nothing comes for a minute.
pub(super) fn wait<T>(
    runtime: &Handle,
    named: &Named,
    stop: &Stop,
    answer: impl Future<Output = T>,
) -> Result<T, Fault> {
    let began = Instant::now();
    runtime.block_on(async {
        let mut answer = pin!(answer);
        loop {
            if let Ok(answer) = tokio::time::timeout(LOOK_UP, &mut answer).await {
                return Ok(answer);
            }
            if stop.asked() {
                return Err(Error::Stopped { signal: "request" }.into());
            }
            if began.elapsed() > PATIENCE {
                let reason = format!("the store has sent nothing for {} s", PATIENCE.as_secs());
                return Err(Remedy::Again.against(named.read(reason)));
            }
        }
    })
}
