//! The checks of a plan's tasks, run when the user wants to know what they say before any loop.

use crate::{
    Error, Result,
    project::{PlanFile, Project},
    runner::{self, Told},
    start,
    task_spec::TaskSpec,
};
use alfine_core::{hint::Hint, news::News, plan::Task, proof::CheckRun, task::TaskKey};
use alfine_verify::CancelToken;
use serde::Serialize;
use std::path::Path;

/// What a check answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// The task.
    pub task: TaskKey,
    /// The criterion; missing if the check is about the whole task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub criterion: Option<String>,
    /// Its command, or what the settings call it.
    pub check: String,
    /// The run; missing if it was cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<CheckRun>,
}

/// What is told of checks while they run.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// What is done now.
    News(Box<News>),
    /// What a check answered.
    Checked(Checked),
}

/// How many checks there are for these tasks, as far as the user allowed them.
///
/// # Errors
///
/// A command is not allowed yet.
pub fn count(project: &Project, file: &PlanFile, tasks: &[&Task]) -> Result<usize> {
    Ok(allowed(project, file, tasks)?.iter().map(|(_, spec)| runner::checks_of(spec).count()).sum())
}

/// Runs the checks of these tasks that a loop would run before its work, on what is checked out or, `at_head`, on its last
/// commit alone, and tells of each. What they answer is kept, for loops and lints. Ends early once it is cancelled. Nothing
/// runs that nobody allowed.
///
/// # Errors
///
/// A command is not allowed yet, or the bench cannot be set up.
pub fn tasks(
    project: &mut Project,
    file: &PlanFile,
    tasks: &[&Task],
    (at_head, guard): (bool, &Path),
    cancel: &CancelToken,
    tell: &mut dyn FnMut(Step),
) -> Result<()> {
    for (task, spec) in &allowed(project, file, tasks)? {
        if cancel.is_cancelled() || runner::checks_of(spec).next().is_none() {
            continue;
        }
        let mut told = |told: Told<'_>| match told {
            Told::News(news) => tell(Step::News(news)),
            Told::Answered(check, run) => {
                let criterion = check.criterion.and_then(|n| spec.task.criteria.get(n));
                tell(Step::Checked(Checked {
                    task: file.key(task),
                    criterion: criterion.map(|criterion| criterion.text.clone()),
                    check: check.name.clone(),
                    run,
                }));
            }
        };
        runner::answers(project, &file.name, spec, (at_head, guard), cancel, &mut told)?;
    }
    Ok(())
}

/// What these tasks would be run with, if the user allowed it all.
fn allowed<'t>(project: &Project, file: &PlanFile, tasks: &[&'t Task]) -> Result<Vec<(&'t Task, TaskSpec)>> {
    let specs = tasks.iter().map(|task| Ok((*task, start::spec_of(project, file, task)?)));
    let specs = specs.collect::<Result<Vec<(&Task, TaskSpec)>>>()?;
    for (_, spec) in &specs {
        if !project.untrusted(&spec.commands)?.is_empty() {
            let plan = file.name.clone();
            return Err(Error::user(format!("commands of {plan} are not allowed on this machine yet"))
                .hint(Hint::advice("look at them and allow them with `alfine trust`")));
        }
    }
    Ok(specs)
}
