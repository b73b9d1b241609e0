//! A command to a loop: to its runner if one lives, to its saved state if none does.

use super::{Answered, FrontEnd, Request, Step, Wait};
use crate::{
    Error, Result,
    control::{self, Taken},
    project::Project,
};
use alfine_core::{machine::Command, task::TaskKey};
use std::time::Duration;

/// How long an answer to a stop waits for the loop's agent to end: longer than its runner lets the agent close its
/// files.
const RESTS_WITHIN: Duration = Duration::from_secs(10);

/// Gives a command to a loop: pause, stop, steer.
#[derive(Debug)]
pub struct Send {
    /// The task.
    pub task: TaskKey,
    /// The command to give to the loop.
    pub command: Command,
    /// Whether a stop waits until the agent ended, though not for ever.
    pub until_rest: bool,
}

impl Request for Send {
    type Done = Taken;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        _: Option<Answered>,
    ) -> Result<Step<Taken>> {
        if matches!(&self.command, Command::Steer { text } if text.trim().is_empty()) {
            return Err(Error::user("the note is empty").hint("say what the agent should know, in quotes"));
        }
        let posted = control::post(project, &self.task, &self.command, front_end.program())?;
        let Some(posted) = posted else { return Ok(Step::Done(Taken::BySavedState)) };
        let mut wait = Wait::new(project, &self.task, posted);
        wait.to_rest = (self.until_rest && self.command == Command::Stop).then_some(RESTS_WITHIN);
        Ok(Step::Wait(wait, Taken::ByRunner))
    }
}
