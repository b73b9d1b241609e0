//! Where and how verifiers run.

use super::CancelToken;
use std::{ffi::OsString, path::Path, time::Duration};

/// Where and how verifiers run.
#[derive(Debug)]
pub struct VerifyContext<'a> {
    /// The worktree's root.
    pub root: &'a Path,
    /// The binary that guards commands: Alfine's own.
    pub guard: &'a Path,
    /// The complete environment of commands.
    pub env: &'a [(OsString, OsString)],
    /// Marks every process of this verification; unique to it.
    pub marker: &'a str,
    /// How long a command's processes have to end themselves before they are killed.
    pub grace: Duration,
    /// Interrupts the verification from another thread.
    pub cancel: &'a CancelToken,
}
