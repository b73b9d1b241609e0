//! What becomes of a change of the user's checkout: brought back, or taken for the user's own.

use super::{Answered, FrontEnd, Question, Reply, Request, Step};
use crate::{
    Result,
    checkout::{self, Restored},
    project::Project,
};
use alfine_core::{checkout::CheckoutChange, task::TaskKey};

/// Brings back what changed in the user's checkout while a task's agent ran, after showing it.
#[derive(Debug)]
pub struct RestoreCheckout {
    /// The task.
    pub task: TaskKey,
    /// The number of one change; without it what the agent was seen to do, or else the latest change.
    pub change: Option<i64>,
    /// Whether the user said so already.
    pub confirmed: bool,
}

impl Request for RestoreCheckout {
    type Done = Restored;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<Restored>> {
        if !self.confirmed && !answered.is_some_and(|answered| answered.reply == Reply::Yes) {
            let (open, _) = checkout::open_changes(project, &self.task, self.change)?;
            let changes = open.into_iter().flat_map(|found| found.changes).collect();
            return Ok(Step::Ask(Question::RestoreCheckout { task: self.task.clone(), changes }));
        }
        checkout::restore(project, &self.task, self.change, &|path| front_end.is_unsaved(path))
            .map(Step::Done)
    }
}

/// Takes what changed in the user's checkout while a task's agent ran for the user's own work.
#[derive(Debug)]
pub struct AcceptCheckout {
    /// The task.
    pub task: TaskKey,
    /// The number of one change; all without it.
    pub change: Option<i64>,
}

impl Request for AcceptCheckout {
    type Done = Vec<CheckoutChange>;

    fn next(
        &mut self,
        project: &mut Project,
        _: &dyn FrontEnd,
        _: Option<Answered>,
    ) -> Result<Step<Vec<CheckoutChange>>> {
        checkout::accept(project, &self.task, self.change).map(Step::Done)
    }
}
