//! A task's names and statuses.

use crate::worded::worded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A task's id inside its plan, such as `US-001`, or a slug of its title.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub String);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a task in its repository: `<plan path from the repository's root>#<task id>`, as in `PLAN.md#US-001`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline)]
pub struct TaskKey {
    /// The plan's path from the repository's root, `/` separated.
    pub plan: String,
    /// The task's id in that plan.
    pub id: TaskId,
}

impl TaskKey {
    /// Makes a key from its two halves.
    pub fn new(plan: impl Into<String>, id: impl Into<String>) -> Self {
        Self { plan: plan.into(), id: TaskId(id.into()) }
    }
}

impl fmt::Display for TaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.plan, self.id)
    }
}

/// A text that is not a task's key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("“{0}” is not a task's key: write PLAN#TASK, such as PLAN.md#US-001")]
pub struct NotATaskKey(pub String);

impl FromStr for TaskKey {
    type Err = NotATaskKey;

    fn from_str(s: &str) -> Result<Self, NotATaskKey> {
        match s.rsplit_once('#') {
            Some((plan, id)) if !plan.is_empty() && !id.is_empty() => Ok(Self::new(plan, id)),
            _ => Err(NotATaskKey(s.to_owned())),
        }
    }
}

crate::as_text!(TaskKey, NotATaskKey);

worded! {
    /// Where a task is. The user's answer to "what is going on, and what can I do next?"
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    pub enum TaskStatus {
        /// Not started, and a dependency is still open.
        Pending = "pending",
        /// Can be started.
        Ready = "ready",
        /// Its agent works.
        Running = "running",
        /// Its gate is read and its verifiers run.
        Evaluating = "evaluating",
        /// A rate limit or a backoff passes.
        Waiting = "waiting",
        /// Held by the user.
        Paused = "paused",
        /// Its runner died.
        Interrupted = "interrupted",
        /// An approval, a question or a login is asked for.
        NeedsInput = "needs_input",
        /// Verifiers said no; the next iteration gets their findings.
        Rework = "rework",
        /// A breaker tripped, or the user stopped it.
        Stopped = "stopped",
        /// It cannot go on.
        Failed = "failed",
        /// Left out by the user.
        Skipped = "skipped",
        /// Proven.
        Done = "done",
        /// Proven, and merged.
        Merged = "merged",
        /// Thrown away by the user.
        Discarded = "discarded",
    }
}

impl TaskStatus {
    /// Says whether a runner must be alive for this status to be true.
    pub fn needs_runner(self) -> bool {
        matches!(self, Self::Running | Self::Evaluating | Self::Waiting | Self::Rework)
    }

    /// Says whether a dependent task may start.
    pub fn satisfies_dependents(self) -> bool {
        matches!(self, Self::Done | Self::Merged | Self::Skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_plan_and_an_id() {
        let key: TaskKey = "docs/PLAN.md#US-001".parse().unwrap();
        assert_eq!(key, TaskKey::new("docs/PLAN.md", "US-001"));
        assert_eq!(key.to_string(), "docs/PLAN.md#US-001");
        for bad in ["", "#", "PLAN.md", "PLAN.md#", "#US-001"] {
            assert!(bad.parse::<TaskKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn every_status_survives_its_word() {
        for status in TaskStatus::ALL {
            let word = serde_json::to_string(&status).unwrap();
            assert_eq!(word, format!("\"{status}\""));
            assert_eq!(serde_json::from_str::<TaskStatus>(&word).unwrap(), status);
        }
    }
}
