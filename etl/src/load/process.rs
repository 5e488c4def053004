//! The process of a load, so that others can ask whether a load that has not ended is still running.
//!
//! A process is asked for where it ran: on the same machine since the same start, under the same numbering of
//! processes. Of any other place nothing is known, but that nothing runs any more where this very machine has started anew.
//! A machine is known by its name and its identity (machine-id(5)); a container may share both with others that were made of
//! the same image, and then has a numbering of its own. Not responsible for locking: two loads may run at a time.

use std::fmt;
use std::fs;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

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

/// The numbering of processes that each Linux starts with; containers have others.
const OF_THE_MACHINE: &str = "pid:[4026531836]";
/// Said before the identity of a machine, which itself is nobody else's business.
const SALT: &str = "planisphere load ";

/// One process, named so that no other is ever taken for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The machine, or the container.
    host: String,
    /// Which machine of that name, as a hash; empty where nobody says so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    machine: String,
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
            machine: machine().unwrap_or_default(),
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
            return match self.was_of(&here) {
                true => Life::Dead,
                false => Life::Unknown,
            };
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

impl Process {
    /// True if it ran on this very machine before that started anew, both outside of containers.
    fn was_of(&self, here: &Self) -> bool {
        let is_outside = |it: &Self| it.namespace == OF_THE_MACHINE && !it.machine.is_empty();
        is_outside(self) && is_outside(here) && self.machine == here.machine
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

/// A hash of the identity of the machine, where it has one.
fn machine() -> Option<String> {
    let id = line("/etc/machine-id").or_else(|| line("/var/lib/dbus/machine-id"))?;
    // a machine that starts for the first time has none yet
    let is_one = id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_one.then(|| hash_of(&id))
}

fn hash_of(id: &str) -> String {
    let hash = Sha256::digest(format!("{SALT}{id}"));
    let bytes = hash.iter().take(16);
    bytes.fold(String::with_capacity(32), |text, byte| {
        format!("{text}{byte:02x}")
    })
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
        assert_eq!(changed(|it| it.host.clear()), Life::Unknown);
        assert_eq!(changed(|it| it.namespace.clear()), Life::Unknown);
    }
    /// A process of a machine.
    fn ran(boot: &str, machine: &str, namespace: &str) -> Process {
        Process {
            host: "etl".into(),
            machine: machine.into(),
            boot: boot.into(),
            namespace: namespace.into(),
            id: 7,
            began: "1".into(),
        }
    }

    #[test]
    fn only_the_same_machine_outside_of_containers_is_known_to_have_started_anew() {
        let here = ran("second", "m", OF_THE_MACHINE);
        assert!(ran("first", "m", OF_THE_MACHINE).was_of(&here));
        // another machine of the same name, one that does not say which it is, a container made of the same image
        for other in [
            ran("first", "n", OF_THE_MACHINE),
            ran("first", "", OF_THE_MACHINE),
            ran("first", "m", "pid:[4026532501]"),
        ] {
            assert!(!other.was_of(&here), "{other:?}");
            assert!(!here.was_of(&other), "{other:?}");
        }
        let nowhere = ran("first", "", OF_THE_MACHINE);
        assert!(!nowhere.was_of(&nowhere.clone()));
        let inside = ran("first", "m", "pid:[4026532501]");
        assert!(!inside.was_of(&inside.clone()));
    }

    #[test]
    fn another_start_of_a_machine_that_nobody_can_tell_apart_says_nothing() {
        let mut other = Process::current().unwrap();
        other.boot.clear();
        other.machine.clear();
        assert_eq!(other.life(), Life::Unknown);
        let old = serde_json::json!({"host": other.host, "boot": "x", "namespace": OF_THE_MACHINE, "id": 1, "began": "1"});
        let old: Process = serde_json::from_value(old).unwrap();
        assert_eq!(old.life(), Life::Unknown);
    }

    #[test]
    fn the_identity_of_a_machine_itself_is_not_kept() {
        let id = "0123456789abcdef0123456789abcdef";
        let hash = hash_of(id);
        assert_eq!(hash.len(), 32);
        assert_ne!(hash, id);
        assert_eq!(hash, hash_of(id));
    }
}
