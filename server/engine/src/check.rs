//! The checks of a plan's criteria, run when the user wants to know what they say before any loop.

use crate::{
    Error, Result,
    project::{PlanFile, Project},
    runner, start,
    task_spec::TaskSpec,
};
use alfine_core::{hint::Hint, plan::Task, proof::CheckRun, task::TaskKey};
use alfine_verify::{CancelToken, VerifierSpec};
use serde::Serialize;
use std::path::Path;

/// What the check of a criterion answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// The task.
    pub task: TaskKey,
    /// The criterion.
    pub criterion: String,
    /// Its command.
    pub check: String,
    /// The run; missing if it was cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<CheckRun>,
}

/// Runs the commands of the criteria of these tasks, on what is checked out or, `at_head`, on its last commit alone, and tells
/// of each task's when they are through. Nothing runs that nobody allowed.
///
/// # Errors
///
/// A command is not allowed yet, or the bench cannot be set up.
pub fn criteria(
    project: &mut Project,
    file: &PlanFile,
    tasks: &[&Task],
    (at_head, guard): (bool, &Path),
    cancel: &CancelToken,
    tell: &mut dyn FnMut(Checked),
) -> Result<()> {
    let specs = tasks.iter().map(|task| Ok((*task, start::spec_of(project, file, task)?)));
    let specs = specs.collect::<Result<Vec<(&Task, TaskSpec)>>>()?;
    for (_, spec) in &specs {
        if !project.untrusted(&spec.commands)?.is_empty() {
            let plan = file.name.clone();
            return Err(Error::user(format!("commands of {plan} are not allowed on this machine yet"))
                .hint(Hint::advice("look at them and allow them with `alfine trust`")));
        }
    }
    for (task, spec) in &specs {
        if cancel.is_cancelled() {
            return Ok(());
        }
        let is_meant = |check: &&VerifierSpec| check.criterion.is_some() && check.kind.command().is_some();
        let checks: Vec<&VerifierSpec> = spec.verifiers.iter().filter(is_meant).collect();
        if checks.is_empty() {
            continue;
        }
        let answers = runner::answers(project, &file.name, spec, &checks, (at_head, guard), cancel)?;
        for (check, run) in checks.iter().zip(answers.into_iter().flatten()) {
            let criterion = check.criterion.and_then(|n| spec.task.criteria.get(n));
            tell(Checked {
                task: file.key(task),
                criterion: criterion.map(|criterion| criterion.text.clone()).unwrap_or_default(),
                check: check.name.clone(),
                run,
            });
        }
    }
    Ok(())
}
