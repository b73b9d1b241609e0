//! Whether a process still runs, by the table of processes.

use super::{ProcessIdentity, table};

impl ProcessIdentity {
    /// Returns the identity of the process that has this id now.
    pub fn of(pid: u32) -> Option<Self> {
        table::one(pid).map(|process| process.identity)
    }
}

/// Says whether exactly this process still runs. A process that ended and was not yet waited for does not.
pub fn is_alive(identity: &ProcessIdentity) -> bool {
    table::one(identity.pid).is_some_and(|process| process.identity == *identity && !process.ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_pid_with_another_start_time_is_another_process() {
        let me = ProcessIdentity::of(std::process::id()).unwrap();
        assert!(is_alive(&me));
        assert!(!is_alive(&ProcessIdentity { start_time: me.start_time + 1, ..me }));
        assert!(!is_alive(&ProcessIdentity { pid: u32::MAX, start_time: 0 }));
    }
}
