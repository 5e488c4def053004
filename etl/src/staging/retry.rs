//! How often, and after which pauses, something is tried again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::source::{Fault, Remedy, Stop};

use super::event::ReadEvent;

/// The pauses between attempts: 0.2 s, 0.4 s, … up to 10 s, with jitter; after them it is given up.
pub(super) fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(10))
        .with_max_times(6)
        .with_jitter()
        .build()
}

/// Waits, unless somebody asks to stop.
pub(super) fn pause(time: Duration, stop: &Stop) {
    const LOOK_UP: Duration = Duration::from_millis(50);
    let mut left = time;
    while !left.is_zero() && !stop.asked() {
        let step = left.min(LOOK_UP);
        std::thread::sleep(step);
        left -= step;
    }
}

/// Does something again while that can help: for some ten seconds, unless nobody ever answered.
pub(super) fn again<T>(
    stop: &Stop,
    has_answered: bool,
    tell: impl Fn(ReadEvent),
    mut what: impl FnMut() -> Result<T, Fault>,
) -> Result<T, Fault> {
    // soon over: a wrong address or a server that is down is what it mostly is, and somebody waits for the answer
    const CALLS: usize = 3;
    for (attempt, time) in (2..).zip(pauses()) {
        let patient = has_answered || attempt <= CALLS + 1;
        match what() {
            Err(fault)
                if !stop.asked()
                    && (fault.remedy == Remedy::Again
                        || fault.remedy == Remedy::Soon && patient) =>
            {
                tracing::warn!(
                    attempt,
                    pause_ms = time.as_millis(),
                    error = fault.error.told(),
                    "the source did not do what it was asked; trying again"
                );
                tell(ReadEvent::Again {
                    part: None,
                    attempt,
                    pause: time,
                    cause: fault.error.told(),
                });
                pause(time, stop);
            }
            other => return other,
        }
    }
    what()
}
