//! Asks once whether the agent that writes plans may run as the repository has it.

use super::{Answered, FrontEnd, Question, Request, Step, trust::allow};
use crate::{
    Result,
    planner::{self, Wishes},
    project::Project,
};

/// Allows what the repository says of the agent that writes plans.
#[derive(Debug)]
pub struct AllowPlanner {
    /// How the agent is asked.
    pub wishes: Wishes,
}

impl Request for AllowPlanner {
    type Done = ();

    fn next(
        &mut self,
        project: &mut Project,
        _: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<()>> {
        allow(project, answered.as_ref())?;
        let items = planner::needs_leave(project, &self.wishes)?;
        Ok(match items.is_empty() {
            true => Step::Done(()),
            // It is about no plan: that is to be written.
            false => Step::Ask(Question::Trust { plan: String::new(), items }),
        })
    }
}
