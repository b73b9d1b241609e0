//! A plan that is run as a whole: how far it is.

use crate::{budget::Short, task::TaskStatus, worded::worded};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

worded! {
    /// How far the run of a plan is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    pub enum RunState {
        /// Its tasks are worked on, and the next ones begin by themselves.
        Active = "active",
        /// Held by the user.
        Paused = "paused",
        /// Stopped by the user; some agent has not ended yet.
        Stopping = "stopping",
        /// Nothing more begins before the user has done something.
        NeedsInput = "needs_input",
        /// Every task is done, or the user stopped it.
        Over = "over",
    }
}

/// How far the run of a plan is, counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunProgress {
    /// The plan's path from the repository's root.
    pub plan: String,
    /// How far the run is.
    pub state: RunState,
    /// Tasks that are done, merged or left out.
    pub done: u32,
    /// All tasks of the plan.
    pub total: u32,
    /// Tasks that are worked on.
    pub running: u32,
    /// Tasks that stand still until the user does something.
    pub needs_you: u32,
    /// Tasks that could be begun, or whose loops would go on by themselves.
    pub waiting: u32,
    /// US dollars that the run's loops cost so far; missing if none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// US dollars that it may cost; missing if there is no such budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_usd: Option<f64>,
    /// The branch of its own that its tasks land on, until the whole is merged; missing if they land on the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The budget that no other run of an agent would stay within; missing if nothing is held up by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<Short>,
}

/// What the run of a plan costs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RunMoney {
    /// US dollars that its loops cost so far; `None` if none is known.
    pub cost_usd: Option<f64>,
    /// US dollars that it may cost; `None` if there is no such budget.
    pub budget_usd: Option<f64>,
    /// The budget that no other run of an agent would stay within, as it was last looked.
    pub short: Option<Short>,
}

impl RunProgress {
    /// Counts the tasks of a plan, each with where it is and whether it stands still until the user does something. `written` is
    /// the state that whoever worked on the run last wrote down.
    pub fn new(
        plan: &str,
        written: RunState,
        tasks: impl IntoIterator<Item = (TaskStatus, bool)>,
        money: RunMoney,
    ) -> Self {
        let mut progress = Self {
            plan: plan.to_owned(),
            state: written,
            done: 0,
            total: 0,
            running: 0,
            needs_you: 0,
            waiting: 0,
            cost_usd: money.cost_usd,
            budget_usd: money.budget_usd,
            branch: None,
            short: money.short,
        };
        for (status, needs_you) in tasks {
            progress.total += 1;
            let count = match status {
                _ if status.satisfies_dependents() => &mut progress.done,
                _ if status.needs_runner() => &mut progress.running,
                TaskStatus::Ready | TaskStatus::Interrupted => &mut progress.waiting,
                _ if needs_you => &mut progress.needs_you,
                _ => continue,
            };
            *count += 1;
        }
        // Whoever should have written down that the last loop has come to rest may have died.
        progress.state = match written {
            RunState::Active if progress.running == 0 && progress.done == progress.total => RunState::Over,
            RunState::Active if progress.running == 0 => RunState::NeedsInput,
            RunState::Stopping if progress.running == 0 => RunState::Over,
            state => state,
        };
        progress.short = money.short.filter(|_| progress.state == RunState::NeedsInput);
        progress
    }

    /// The same with the branch of its own that its tasks land on.
    #[must_use]
    pub fn on(self, branch: Option<String>) -> Self {
        Self { branch, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_whose_runners_have_died_is_not_at_work() {
        use TaskStatus::{Done, Interrupted, Merged, NeedsInput, Pending, Ready, Running};
        let count = |written, tasks: &[TaskStatus]| {
            let tasks = tasks.iter().map(|status| (*status, *status == NeedsInput));
            let progress = RunProgress::new("PLAN.md", written, tasks, RunMoney::default());
            let RunProgress { state, done, total, running, needs_you, waiting, .. } = progress;
            (state, [done, total, running, needs_you, waiting])
        };
        let all = [Done, Merged, Running, NeedsInput, Pending, Ready, Interrupted];
        assert_eq!(count(RunState::Active, &all), (RunState::Active, [2, 7, 1, 1, 2]));
        assert_eq!(count(RunState::Active, &[Done, Ready]).0, RunState::NeedsInput);
        assert_eq!(count(RunState::Active, &[Done, Done]).0, RunState::Over);
        assert_eq!(count(RunState::Stopping, &[Running]).0, RunState::Stopping);
        assert_eq!(count(RunState::Stopping, &[Ready]).0, RunState::Over);
        assert_eq!(count(RunState::Paused, &[Running]).0, RunState::Paused);
    }
}
