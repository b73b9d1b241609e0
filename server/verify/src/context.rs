//! Where and how verifiers run.

use super::CancelToken;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

/// Where and how verifiers run.
#[derive(Debug)]
pub struct VerifyContext<'a> {
    /// The worktree's root.
    pub root: &'a Path,
    /// The id of the tree that is checked, which will be committed; `None` to compare with the last commit.
    pub claimed: Option<&'a str>,
    /// Paths from the root that are no part of it, such as the plan.
    pub not_work: &'a [PathBuf],
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
