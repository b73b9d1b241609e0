//! Has finished work worked on again, on top of the branch that it is to land on.

use super::{
    Answered, FrontEnd, Request, Step,
    resting::resting,
    start::{How, run},
    trust::{allow, trust},
};
use crate::{Error, Result, control, finish, loops, project::Project, start};
use alfine_core::{
    hint::Hint,
    machine::Command,
    news::Mend,
    task::{TaskKey, TaskStatus},
};

/// Merges the branch that a task was based on into its finished work, and lets its agent go on from there.
#[derive(Debug)]
pub struct Rework {
    /// The task.
    pub task: TaskKey,
    /// What the agent is told beside what failed.
    pub note: Option<String>,
    /// Whether a background process runs the loop; else who drives the request has its lock.
    pub in_background: bool,
    /// Whether it keeps the text that it began with, although its plan was edited since.
    pub keep_plan: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Reworking {
    /// What became of the loop.
    pub how: How,
    /// What is other in its plan than before.
    pub changes: Vec<Mend>,
}

impl Request for Rework {
    type Done = Reworking;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<Reworking>> {
        allow(project, answered.as_ref())?;
        let (row, text) = resting(project, &self.task, self.keep_plan)?;
        let key = &self.task;
        if loops::is_running(&project.layout, &row.id)? {
            return Err(start::held(project, key));
        }
        if row.status != TaskStatus::Done {
            return Err(Error::user(format!("{key} is not done; it is {}", row.status))
                .hint(Hint::Continue { task: key.clone() }));
        }
        let Some(from) = row.base_branch.clone().filter(|_| row.branch.is_some()) else {
            return Err(Error::user(format!(
                "{key} was not based on a branch, or has none: there is nothing to merge into it"
            ))
            .hint(Hint::Rewind { task: key.clone(), iteration: row.summary.iteration }));
        };
        if let Some(question) = trust(project, &key.plan, &text.spec.commands)? {
            return Ok(Step::Ask(question));
        }
        finish::refuse_uncommitted(project, &row)?;
        let lock = start::claim(project, &row.id)?;
        text.take(project, &lock, &row)?;
        if let Some(text) = self.note.clone().filter(|note| !note.trim().is_empty()) {
            control::leave(project, key, &Command::Steer { text })?;
        }
        control::leave(project, key, &Command::Rework { from })?;
        let how = run(project, front_end, lock, self.in_background)?;
        Ok(Step::Done(Reworking { how, changes: text.changes }))
    }
}
