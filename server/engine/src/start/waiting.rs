//! What the tasks of a plan wait for.

use crate::{Result, project::PlanFile};
use alfine_core::{
    chain,
    plan::{Names, Plan, Task},
    task::TaskId,
};
use alfine_store::Reader;
use std::collections::HashSet;

/// What the tasks of a plan still wait for, after one look into the database, however many tasks are asked about.
#[derive(Debug)]
pub struct Waiting<'p> {
    plan: &'p Plan,
    names: Names<'p>,
    satisfied: HashSet<TaskId>,
}

impl<'p> Waiting<'p> {
    /// Asks the database which tasks of the plan are done.
    pub fn new(reader: &Reader, file: &'p PlanFile) -> Result<Self> {
        let rows = reader.tasks_of(&file.name)?.into_iter();
        let satisfied = rows.filter(|row| row.status.satisfies_dependents()).map(|row| row.key.id).collect();
        Ok(Self { plan: &file.plan, names: Names::new(&file.plan), satisfied })
    }

    /// Whether the database says that a task is done, so that those behind it may begin.
    pub(crate) fn is_satisfied(&self, task: &Task) -> bool {
        self.satisfied.contains(&task.id)
    }

    /// Why a loop for a task cannot start yet.
    pub fn of(&self, task: &Task) -> Vec<TaskId> {
        chain::open_dependencies(self.plan, &self.names, task, |id| self.satisfied.contains(id))
    }
}
