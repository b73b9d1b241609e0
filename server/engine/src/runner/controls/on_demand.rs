//! Checks that the user wants to be run now: on a bench, as for a claim, and remembered as every answer is.

use super::{Decider, GRACE};
use crate::{
    Result, project::Project, runner::environments::environments, surroundings, task_spec::TaskSpec,
};
use alfine_core::{
    news::News,
    plan::Isolation,
    proof::{CheckRun, ControlKind},
};
use alfine_store::LoopId;
use alfine_verify::{CancelToken, VerifierSpec, VerifyContext};
use std::path::Path;

/// What is told of checks while they run.
pub(crate) enum Told<'s> {
    /// What is done now.
    News(Box<News>),
    /// What a check answered; `None` if it was cut off.
    Answered(&'s VerifierSpec, Option<CheckRun>),
}

/// Runs the checks of a task on a tree, each from memory if it was run there before: on what is checked out, or, `at_head`,
/// on its last commit alone, as a loop that begins there would. Ends early once it is cancelled.
pub(crate) fn answers(
    project: &mut Project,
    plan: &str,
    spec: &TaskSpec,
    (at_head, guard): (bool, &Path),
    cancel: &CancelToken,
    tell: &mut dyn FnMut(Told<'_>),
) -> Result<()> {
    let (head, _) = project.repository.head()?;
    let own = surroundings::own_files_of(plan);
    let base = project.repository.with_files_of(&head, &head, &own)?;
    let there = match at_head {
        true => base.clone(),
        false => {
            let look = surroundings::of_no_loop(&project.layout, "checks");
            let now = project.repository.tree_of(project.repository.workdir(), &look)?;
            project.repository.with_files_of(&now, &head, &own)?
        }
    };
    let (environments, _) = environments(&*alfine_agents::adapter(&spec.agent.name)?, spec)?;
    let worktree = project.repository.workdir().to_owned();
    let setup = environments.setup.clone();
    let mut decider = Decider::new(project, spec, (base, head), there.clone(), plan, worktree, setup);
    if at_head && spec.isolation == Isolation::Worktree {
        decider.begin_bare()?;
    }
    let marker = LoopId::generate().marker("check");
    let context = VerifyContext {
        root: project.repository.workdir(),
        claimed: Some(&there),
        not_work: &[],
        guard,
        env: &environments.checks,
        marker: &marker,
        grace: GRACE,
        cancel,
    };
    let mut news = |news| tell(Told::News(Box::new(news)));
    let prepared = match decider.prepare(&context, &mut news)? {
        None => return Ok(()),
        Some(Ok(prepared)) => prepared,
        Some(Err(_)) if cancel.is_cancelled() => return Ok(()),
        Some(Err(failed)) => {
            return Err(crate::Error::user(format!("{} failed: {}", failed.name, failed.exit)));
        }
    };
    let mut run = decider.run_on(&prepared, &context, Some(&there), Vec::new())?;
    for check in checks_of(spec) {
        if cancel.is_cancelled() {
            break;
        }
        let said = run.ask(ControlKind::Base, check, &there, &mut |news| tell(Told::News(Box::new(news))))?;
        let said = said.filter(|_| !cancel.is_cancelled());
        // At once: who ends this has what was found until then.
        let known = std::mem::take(&mut run.answers);
        project.store.write(|tx| tx.put_check_answers(&known))?;
        tell(Told::Answered(check, said.map(|said| said.on(&there))));
    }
    Ok(())
}

/// The checks of a task that are asked before its work.
pub(crate) fn checks_of(spec: &TaskSpec) -> impl Iterator<Item = &VerifierSpec> {
    spec.verifiers.iter().filter(|check| check.kind.command().is_some())
}

impl Decider {
    /// Takes the worktree for one in which nothing is installed yet, as that of a loop which begins. Where checks need what only
    /// an agent would install there, what the user has installed stands for it.
    fn begin_bare(&mut self) -> Result<()> {
        self.is_bare = self.copy.is_empty() && self.link.is_empty() && !self.has_lockfile()?;
        Ok(())
    }
}
