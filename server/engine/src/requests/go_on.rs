//! Continues a loop that rests. A loop that runs already takes the new limits.

use super::{
    Answered, FrontEnd, Request, Step, Wait,
    resting::resting,
    start::{How, run},
    trust::{allow, trust},
    unsaved,
};
use crate::{
    Result, control, loops,
    project::Project,
    start::{self, More},
    task_spec,
};
use alfine_core::{news::Mend, task::TaskKey};

/// Lets a loop go on.
#[derive(Debug)]
pub struct Continue {
    /// The task.
    pub task: TaskKey,
    /// The limits and the reset that the user gives the loop.
    pub more: More,
    /// Whether a background process runs the loop; else who drives the request has its lock.
    pub in_background: bool,
    /// Whether it keeps the text that it began with, although its plan was edited since.
    pub keep_plan: bool,
}

/// What came of it.
#[derive(Debug)]
pub enum Continued {
    /// The loop's living runner took it.
    ByRunner,
    /// The loop was resting and goes on.
    GoesOn {
        /// What became of it.
        how: How,
        /// What is other in its plan than before.
        changes: Vec<Mend>,
    },
}

impl Request for Continue {
    type Done = Continued;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<Continued>> {
        allow(project, answered.as_ref())?;
        task_spec::check_iterations(self.more.max_iterations)?;
        let (row, text) = resting(project, &self.task, self.keep_plan)?;
        if loops::is_running(&project.layout, &row.id)? {
            let posted = control::post(project, &self.task, &self.more.command(), front_end.program())?;
            return Ok(match posted {
                Some(posted) => Step::Wait(Wait::new(project, &self.task, posted), Continued::ByRunner),
                None => Step::Done(Continued::ByRunner),
            });
        }
        let more = text.limits(&row, self.more)?;
        start::check_continue(project, &row, &more, self.keep_plan)?;
        if let Some(question) = trust(project, &self.task.plan, &text.spec.commands)? {
            return Ok(Step::Ask(question));
        }
        unsaved::refuse_in_place(project, front_end, &text.spec)?;
        let lock = start::take_over(project, &row, &text, &more)?;
        let how = run(project, front_end, lock, self.in_background)?;
        Ok(Step::Done(Continued::GoesOn { how, changes: text.changes }))
    }
}
