//! The system's table of processes: the only place that knows how a system lists them.

use super::ProcessIdentity;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(super) use linux::{all, has_variable, one};

// Compiled in tests too, so that a change that breaks it shows on every system.
#[cfg(any(not(target_os = "linux"), test))]
mod portable;
#[cfg(not(target_os = "linux"))]
pub(super) use portable::{all, has_variable, one};

/// The table, as one look at it showed it.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) processes: Vec<Process>,
    /// Whether a process ended during the look, so that a child of it may have been missed.
    pub(super) moved: bool,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) identity: ProcessIdentity,
    pub(super) parent: u32,
    pub(super) group: u32,
    /// A zombie: it only waits to be waited for.
    pub(super) ended: bool,
}

/// Says whether an entry of an environment is the wanted one, or begins with the wanted one that ends with `-`.
fn is_variable(entry: &[u8], wanted: &[u8]) -> bool {
    entry == wanted || (wanted.ends_with(b"-") && entry.starts_with(wanted))
}
