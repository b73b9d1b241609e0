//! Which process is meant.

use serde::{Deserialize, Serialize};

/// A process, distinguished from a later process with the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// The process id.
    pub pid: u32,
    /// When it started: clock ticks since boot on Linux, seconds since the epoch elsewhere.
    pub start_time: u64,
}
