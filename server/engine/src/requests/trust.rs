//! Asks once about what the repository would run, and remembers what the user allowed.

use super::{Answered, FrontEnd, Question, Reply, Request, Step, unsaved};
use crate::{
    Result,
    project::Project,
    start::{self, StartOptions},
};
use alfine_config::trust::TrustItem;

/// Allows what the loops of a plan would run.
#[derive(Debug)]
pub struct Trust {
    /// The plan's path from the root.
    pub plan: String,
}

impl Request for Trust {
    /// How many texts the user allowed; none if all of them were allowed already.
    type Done = usize;

    fn next(
        &mut self,
        project: &mut Project,
        front_end: &dyn FrontEnd,
        answered: Option<Answered>,
    ) -> Result<Step<usize>> {
        if let Some(Answered { question: Question::Trust { items, .. }, reply: Reply::Yes }) = &answered {
            project.trust()?.approve(items)?;
            return Ok(Step::Done(items.len()));
        }
        let plan = project.plan_named(&self.plan)?;
        unsaved::refuse_plan(front_end, &plan)?;
        let tasks = plan.plan.tasks.iter().map(|task| (&plan, task));
        let items = start::commands_of(project, tasks, &StartOptions::default());
        Ok(trust(project, &plan.name, &items)?.map_or(Step::Done(0), Step::Ask))
    }
}

/// The question whether what a plan's loops would run may run; `None` if all of it was allowed.
pub(super) fn trust(project: &Project, plan: &str, commands: &[TrustItem]) -> Result<Option<Question>> {
    let items = project.untrusted(commands)?;
    Ok((!items.is_empty()).then(|| Question::Trust { plan: plan.to_owned(), items }))
}

/// Remembers what the user allowed.
pub(super) fn allow(project: &Project, answered: Option<&Answered>) -> Result<()> {
    if let Some(Answered { question: Question::Trust { items, .. }, reply: Reply::Yes }) = answered {
        project.trust()?.approve(items)?;
    }
    Ok(())
}
