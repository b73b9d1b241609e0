//! A loop that rests goes on; one that runs takes what is said besides.

use super::{
    FrontEnd, Question, Reply, Request, Step, Wait,
    start::{How, run},
    trust::{allow, trust},
    unsaved,
};
use crate::{
    Result, control, loops,
    project::Project,
    start::{self, More},
    task_spec::TaskSpec,
};
use alfine_core::task::TaskKey;

/// Lets a loop go on.
#[derive(Debug)]
pub struct Continue {
    /// The task.
    pub task: TaskKey,
    /// What the loop gets besides.
    pub more: More,
    /// Whether a background process runs the loop; else who drives the request has its lock.
    pub in_background: bool,
    waited: bool,
    asked: Option<Question>,
}

/// What came of it.
#[derive(Debug)]
pub enum Continued {
    /// The loop's living runner took it.
    ByRunner,
    /// The loop was resting and goes on.
    GoesOn(How),
}

impl Continue {
    /// Creates the request to let a task's loop go on.
    pub fn new(task: TaskKey, more: More, in_background: bool) -> Self {
        Self { task, more, in_background, waited: false, asked: None }
    }
}

impl Request for Continue {
    type Done = Continued;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        reply: Option<Reply>,
    ) -> Result<Step<Continued>> {
        if self.waited {
            return Ok(Step::Done(Continued::ByRunner));
        }
        allow(project, self.asked.take(), reply)?;
        loops::until_unrun(project, &self.task)?;
        let row = loops::live_loop(project, &self.task)?;
        if loops::is_running(&project.layout, &row.id)? {
            let posted = control::post(project, &self.task, &self.more.command(), front_end.program())?;
            self.waited = true;
            return Ok(match posted {
                Some(posted) => Step::Wait(wait(project, &self.task, posted)),
                None => Step::Done(Continued::ByRunner),
            });
        }
        start::check_continue(project, &row, &self.more)?;
        let spec = TaskSpec::of(&row)?;
        if let Some(question) = trust(project, &self.task, &spec)? {
            self.asked = Some(question.clone());
            return Ok(Step::Ask(question));
        }
        unsaved::refuse_in_place(project, front_end, &spec)?;
        let lock = start::take_over(project, &row, &self.more)?;
        Ok(Step::Done(Continued::GoesOn(run(project, front_end, lock, self.in_background)?)))
    }
}

pub(super) fn wait(project: &Project, task: &TaskKey, posted: control::Posted) -> Wait {
    Wait { layout: project.layout.clone(), task: task.clone(), posted, to_rest: None }
}
