//! A command to a loop: to its runner where one lives, to its saved state where none does.

use super::{FrontEnd, Reply, Request, Step, go_on::wait};
use crate::{
    Error, Result,
    control::{self, Taken},
    project::Project,
};
use alfine_core::{machine::Command, task::TaskKey};
use std::time::Duration;

/// How long an answer to a stop waits for the loop's agent to end: longer than its runner lets the agent close its files.
const RESTS_WITHIN: Duration = Duration::from_secs(10);

/// Gives a command to a loop: pause, stop, steer.
#[derive(Debug)]
pub struct Send {
    /// The task.
    pub task: TaskKey,
    /// The command.
    pub command: Command,
    /// Whether a stop waits until the agent ended, though not for ever.
    pub until_rest: bool,
    posted: bool,
}

impl Send {
    /// Creates the request to give a command to a task's loop.
    pub fn new(task: TaskKey, command: Command) -> Self {
        Self { task, command, until_rest: false, posted: false }
    }
}

impl Request for Send {
    type Done = Taken;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        _: Option<Reply>,
    ) -> Result<Step<Taken>> {
        if self.posted {
            return Ok(Step::Done(Taken::ByRunner));
        }
        if matches!(&self.command, Command::Steer { text } if text.trim().is_empty()) {
            return Err(Error::user("the note is empty").hint("say what the agent should know"));
        }
        let posted = control::post(project, &self.task, &self.command, front_end.program())?;
        let Some(posted) = posted else { return Ok(Step::Done(Taken::BySavedState)) };
        self.posted = true;
        let mut wait = wait(project, &self.task, posted);
        wait.to_rest = (self.until_rest && self.command == Command::Stop).then_some(RESTS_WITHIN);
        Ok(Step::Wait(wait))
    }
}
