//! Where the checks of a loop are run from, for the threads that run them.

use super::{controls::GRACE, environments::Environment, owner::Runner};
use crate::surroundings;
use alfine_verify::{CancelToken, VerifyContext};
use std::path::PathBuf;

/// Where a thread runs checks, and with what.
pub(super) struct Place {
    root: PathBuf,
    guard: PathBuf,
    not_work: Vec<PathBuf>,
    env: Environment,
    marker: String,
    pub(super) cancel: CancelToken,
}

impl Place {
    /// The context of these checks: on `claimed`, or on whatever lies there.
    pub(super) fn context<'a>(&'a self, claimed: Option<&'a str>) -> VerifyContext<'a> {
        VerifyContext {
            root: &self.root,
            claimed,
            not_work: &self.not_work,
            guard: &self.guard,
            env: &self.env,
            marker: &self.marker,
            grace: GRACE,
            cancel: &self.cancel,
        }
    }
}

impl Runner<'_> {
    /// The place of the loop's checks, with a token and a marker of its own.
    pub(super) fn place(&self) -> Place {
        Place {
            root: self.worktree(),
            guard: self.program.clone(),
            not_work: surroundings::own_files(&self.row),
            env: self.environments.checks.clone(),
            marker: self.row.id.marker(&ulid::Ulid::generate().to_string()),
            cancel: CancelToken::default(),
        }
    }
}
