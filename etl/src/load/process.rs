//! The process of a load, so that others can ask whether a load that has not ended is still running.
//!
//! A process is asked for where it ran: on the same machine since the same start, under the same numbering of
//! processes. Of any other place nothing is known. Not responsible for locking: two loads may run at a time.

use std::fmt;
use std::fs;

use serde::{Deserialize, Serialize};

/// Whether a process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It is at work.
    Alive,
    /// It has ended.
    Dead,
    /// It cannot be asked from here.
    Unknown,
}

/// One process, named so that no other is ever taken for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The machine, or the container.
    host: String,
    /// The start of the machine.
    boot: String,
    /// Within which numbering of processes.
    namespace: String,
    /// The process id.
    id: u32,
    /// When it began, in ticks since the start of the machine: ids are used again.
    began: String,
}

impl Process {
    /// This process; `None` on systems that do not tell these things.
    pub(super) fn current() -> Option<Self> {
        let id = std::process::id();
        Some(Self {
            host: line("/proc/sys/kernel/hostname")?,
            boot: line("/proc/sys/kernel/random/boot_id")?,
            namespace: fs::read_link("/proc/self/ns/pid")
                .ok()?
                .display()
                .to_string(),
            id,
            began: stat(id)?.began,
        })
    }

    /// Whether it lives.
    pub(super) fn life(&self) -> Life {
        let Some(here) = Self::current() else {
            return Life::Unknown;
        };
        if self.host != here.host {
            return Life::Unknown;
        }
        if self.boot != here.boot {
            return Life::Dead;
        }
        // where even the first process is hidden, a missing one tells nothing
        if self.namespace != here.namespace || stat(1).is_none() {
            return Life::Unknown;
        }
        match stat(self.id) {
            Some(stat) if stat.began == self.began && !stat.has_ended => Life::Alive,
            _ => Life::Dead,
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}", self.id, self.host)
    }
}

struct Stat {
    began: String,
    /// It has ended and nobody has asked how yet.
    has_ended: bool,
}

/// What the system tells of a process (proc_pid_stat(5)): after its name in brackets the state, and the 20th its start.
fn stat(id: u32) -> Option<Stat> {
    let text = line(&format!("/proc/{id}/stat"))?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let has_ended = matches!(fields.next()?, "Z" | "X");
    let began = fields.nth(18)?.to_owned();
    Some(Stat { began, has_ended })
}

fn line(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_the_very_same_process_is_alive() {
        let own = Process::current().unwrap();
        assert_eq!(own.life(), Life::Alive);
        let changed = |change: fn(&mut Process)| {
            let mut other = own.clone();
            change(&mut other);
            other.life()
        };
        assert_eq!(changed(|it| it.began.push('0')), Life::Dead);
        assert_eq!(changed(|it| it.id = u32::MAX), Life::Dead);
        assert_eq!(changed(|it| it.boot.clear()), Life::Dead);
        assert_eq!(changed(|it| it.host.clear()), Life::Unknown);
        assert_eq!(changed(|it| it.namespace.clear()), Life::Unknown);
    }
}
