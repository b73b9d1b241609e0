//! Checks that the user wants to be run now: on a bench, as for a claim, and remembered as every answer is.

use super::{Decider, MayChange, globs};
use crate::{
    Result, bench::Benches, project::Project, runner::environments::environments, surroundings,
    task_spec::TaskSpec,
};
use alfine_core::{
    plan::Isolation,
    proof::{CheckRun, ControlKind},
};
use alfine_git::benches_dir;
use alfine_store::LoopId;
use alfine_verify::{CancelToken, VerifierSpec, VerifyContext};
use std::{path::Path, time::Duration};

/// How long a check's processes have to end themselves before they are killed.
const GRACE: Duration = Duration::from_secs(2);

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
    let in_worktree = spec.isolation == Isolation::Worktree;
    let decider = Decider {
        benches: Benches {
            folder: benches_dir(&project.user.data, project.repository.common_dir()),
            most: spec.proof.benches,
        },
        layout: project.layout.clone(),
        base: (base.clone(), head),
        claimed: there.clone(),
        own,
        setup: spec.setup.clone().filter(|_| in_worktree),
        copy: spec.copy.clone(),
        link: spec.link.clone(),
        setup_env: environments.setup.clone(),
        material: globs(&spec.proof.material),
        work: globs(&spec.proof.work),
        may_change: MayChange::default(),
        proven_by: spec.proven_by,
        explained: false,
        worktree: project.repository.workdir().to_owned(),
        repository: project.repository.clone(),
    };
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
