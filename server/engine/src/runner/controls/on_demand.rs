//! Checks that the user wants to be run now: on a bench, as for a claim, and remembered as every answer is.

use super::{Decider, GRACE};
use crate::{
    Result, project::Project, runner::environments::environments, surroundings, task_spec::TaskSpec,
};
use alfine_core::proof::{CheckRun, ControlKind};
use alfine_store::LoopId;
use alfine_verify::{CancelToken, VerifierSpec, VerifyContext};
use std::path::Path;

/// Runs checks of a task on a tree, each from memory if it was run there before: on what is checked out, or, `at_head`, on its
/// last commit alone. `None` if that was cancelled before it began; a check that was cut off is left out.
pub(crate) fn answers(
    project: &mut Project,
    plan: &str,
    spec: &TaskSpec,
    checks: &[&VerifierSpec],
    (at_head, guard): (bool, &Path),
    cancel: &CancelToken,
) -> Result<Option<Vec<Option<CheckRun>>>> {
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
    let decider = Decider::new(
        project,
        spec,
        (base, head),
        there.clone(),
        own,
        project.repository.workdir().to_owned(),
        environments.setup.clone(),
    );
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
    let prepared = match decider.prepare(&context, &mut |_| {})? {
        None => return Ok(None),
        Some(Ok(prepared)) => prepared,
        Some(Err(failed)) => {
            return Err(crate::Error::user(format!("{} failed: {}", failed.name, failed.exit)));
        }
    };
    let mut run = decider.run_on(&prepared, &context, Some(&there), Vec::new())?;
    let mut answers = Vec::new();
    for check in checks {
        if cancel.is_cancelled() {
            break;
        }
        let said = run.ask(ControlKind::Base, check, &there, &mut |_| {})?.filter(|_| !cancel.is_cancelled());
        answers.push(said.map(|said| said.on(&there)));
    }
    let known = std::mem::take(&mut run.answers);
    project.store.write(|tx| -> std::result::Result<(), alfine_store::StoreError> {
        known.iter().try_for_each(|(key, said)| tx.put_check_answer(key, said))
    })?;
    Ok(Some(answers))
}
