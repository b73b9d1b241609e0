//! A landing: how the work of a task that is done comes onto a branch that has moved since its checks ran. They run once
//! more, on the tree that would lie there, before the branch moves.

use crate::proof::CheckRun;
use serde::{Deserialize, Serialize};

/// What is to land, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landing {
    /// The branch that the work goes into.
    pub into: String,
    /// Whether unmerged work of others that it was built on lands with it.
    #[serde(default)]
    pub with_others: bool,
    /// Whether the settings want it, and nobody waits for an answer: what does not land is worked on again.
    #[serde(default)]
    pub unattended: bool,
}

/// The tree that a landing would make, and that the checks hold on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenLanding {
    /// What lands, and where.
    pub landing: Landing,
    /// The tree as hex, of the branch and the work merged, before the task is ticked in it.
    pub tree: String,
    /// What the checks answered there.
    #[serde(default)]
    pub checks: Vec<LandingCheck>,
}

/// A tree that may land, with what its checks answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedTree {
    /// The tree as hex.
    pub tree: String,
    /// The checks.
    pub checks: Vec<LandingCheck>,
}

/// A check that ran before a landing, on what that would make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandingCheck {
    /// The check.
    pub check: String,
    /// Its run.
    pub run: CheckRun,
}

/// Why work that is done did not land.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "why", rename_all = "snake_case")]
#[schemars(rename = "NotLandedBecause")]
pub enum NotLanded {
    /// The checks fail on the work merged with the branch.
    Red {
        /// The names of those that failed.
        failed: Vec<String>,
    },
    /// Both sides changed the same places.
    Conflicts {
        /// The files.
        files: Vec<String>,
    },
    /// The user did not want to wait for the checks.
    Stopped,
    /// It could not be found out whether the checks hold.
    Unknown {
        /// Why, and what helps.
        message: String,
    },
}
