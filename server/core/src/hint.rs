//! What to do next after something could not be done, as data.
//!
//! An error carries a hint from the place that knows what helps to the front end that shows it; only there is it worded,
//! for a reader who types command lines or for one who chooses actions in an editor.

use crate::{budget::Short, task::TaskKey};
use serde::{Deserialize, Serialize};

/// What to do next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Hint {
    /// Advice that names no command of Alfine: what git does, what to install, which setting to change. A phrase without
    /// a full stop.
    Advice(String),
    /// Several things to do, of which one is enough.
    AnyOf(Vec<Hint>),
    /// Start a loop of a task.
    Start {
        /// The task.
        task: TaskKey,
    },
    /// Begin a task anew that may be another one in other words; if it is the same, write it as it was.
    BeginAnew {
        /// The task.
        task: TaskKey,
    },
    /// Start a task although nothing can decide whether it is done.
    StartAnyway {
        /// The task.
        task: TaskKey,
    },
    /// Run a task again that was merged.
    RunAgain {
        /// The task.
        task: TaskKey,
    },
    /// Start all tasks of a plan, each when those that it waits for are done.
    StartAll {
        /// The plan's path from the repository's root.
        plan: String,
    },
    /// Let a loop that rests go on.
    Continue {
        /// The loop's task.
        task: TaskKey,
    },
    /// Let a loop go on with its plan as it was when the loop began.
    KeepPlan {
        /// The loop's task.
        task: TaskKey,
    },
    /// Let a loop go on with a higher limit of iterations, or with all counters at zero.
    RaiseIterations {
        /// The lowest limit that helps.
        from: u32,
        /// The highest limit that is taken.
        to: u32,
    },
    /// Let a loop go on with a higher limit of cost, or with all counters at zero.
    RaiseCost,
    /// Raise the budget that holds up the run of a plan, and let it go on.
    RaiseBudget {
        /// The plan's path from the repository's root.
        plan: String,
        /// That budget.
        short: Short,
    },
    /// Follow what a loop does.
    Watch {
        /// The loop's task.
        task: TaskKey,
    },
    /// Read what a loop's agent said.
    Transcript {
        /// The loop's task.
        task: TaskKey,
    },
    /// Look at what a loop changed.
    Diff {
        /// The loop's task.
        task: TaskKey,
    },
    /// Look at where a task stands.
    Status {
        /// The task.
        task: TaskKey,
    },
    /// Look at all tasks that are known.
    ListTasks,
    /// Wait for the process that runs a loop, or stop the loop; which task it is of is not known.
    AwaitRunner,
    /// Pause a loop at once, before what was asked for.
    PauseFirst {
        /// The loop's task.
        task: TaskKey,
    },
    /// Stop a loop.
    Stop {
        /// The loop's task.
        task: TaskKey,
    },
    /// Stop a loop, before what was asked for.
    StopFirst {
        /// The loop's task.
        task: TaskKey,
    },
    /// Send a note to a loop's agent.
    Steer {
        /// The loop's task.
        task: TaskKey,
    },
    /// Approve what a loop did, or reject it.
    Approve {
        /// The loop's task.
        task: TaskKey,
    },
    /// Merge a task that is done.
    Merge {
        /// The task.
        task: TaskKey,
    },
    /// Merge other tasks first, each of them.
    MergeFirst {
        /// The tasks to merge, in this order.
        tasks: Vec<TaskKey>,
    },
    /// Merge a task together with the unmerged work of others that it was built on.
    MergeWithOthers {
        /// The task to merge.
        task: TaskKey,
    },
    /// Say into which branch to merge.
    MergeInto {
        /// The task to merge.
        task: TaskKey,
    },
    /// Resolve the conflicts of a merge, by hand or by the task's agent, which works on again on top of that branch.
    ResolveConflicts {
        /// The task to merge.
        task: TaskKey,
        /// The branch with the task's work.
        branch: String,
        /// The branch it is merged into.
        into: String,
    },
    /// Discard a task's worktree and branch.
    Discard {
        /// The task.
        task: TaskKey,
    },
    /// Set a loop's working tree back, where something else was asked for.
    Rewind {
        /// The loop's task.
        task: TaskKey,
        /// The iteration to set it back to.
        iteration: u32,
    },
    /// Let the loop end that works in the user's own tree, or start this one in a worktree.
    LeaveOwnTree {
        /// The task of the loop that works there.
        to: TaskKey,
    },
    /// Read the commands that a plan would run, then allow them.
    Trust {
        /// The plan's path as it was given; `None` if it is not known.
        plan: Option<String>,
    },
    /// Name one task, with its plan.
    NameTask {
        /// The plan that was named without a task; `None` if neither was.
        plan: Option<String>,
    },
    /// Write a first plan, or look which ones there are.
    FindPlan,
}

impl Hint {
    /// Makes advice that names no command of Alfine.
    pub fn advice(text: impl Into<String>) -> Self {
        Self::Advice(text.into())
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self::Advice(text)
    }
}

impl From<&str> for Hint {
    fn from(text: &str) -> Self {
        Self::Advice(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_saved_as_data_and_read_back() {
        let task = TaskKey::new("PLAN.md", "US-001");
        let hint = Hint::AnyOf(vec![Hint::Continue { task }, Hint::advice("install git"), Hint::RaiseCost]);
        let saved = serde_json::to_value(&hint).unwrap();
        assert_eq!(
            saved,
            serde_json::json!({
                "anyOf": [{ "continue": { "task": "PLAN.md#US-001" } }, { "advice": "install git" }, "raiseCost"]
            })
        );
        assert_eq!(serde_json::from_value::<Hint>(saved).unwrap(), hint);
    }
}
