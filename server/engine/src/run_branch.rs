//! The branch of its own that the work of a plan's run lands on, until the user merges the whole.

mod merging;

pub use merging::{Conditions, MergedPlan, merge};

use crate::{
    Error, Result, plan_run,
    project::{PlanFile, Project},
    start::{self, StartOptions},
    start_options::RunOptions,
    task_settings,
};
use alfine_core::{
    hint::Hint,
    plan::{Isolation, Lands},
    plan_run::RunState,
    printable::printable,
    task::TaskKey,
};
use alfine_store::{OwnWriteRow, PlanRunRow};

/// Where the work of a plan's run goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunBranch {
    /// The branch that each task begins from and lands on.
    pub name: String,
    /// The branch that the whole is merged into; `None` if HEAD was detached.
    pub target: Option<String>,
}

/// The branch of its own that a run which begins now, or goes on, lands on; `None` if it lands on what is checked out. Changes
/// nothing.
///
/// # Errors
///
/// The branch that the plan names is none that may be taken.
pub(crate) fn of_start(
    project: &Project,
    file: &PlanFile,
    options: &StartOptions,
) -> Result<Option<RunBranch>> {
    let last = project.store.last_plan_run(&file.name)?;
    let (is_over, how) = match &last {
        Some(run) => (run.state == RunState::Over, RunOptions::of(run)?),
        None => (true, RunOptions::default()),
    };
    // It goes on where its work is, until the whole is merged.
    if let Some(name) = how.options.onto.clone() {
        match plan_run::lost_branch(project, &file.name, &how)? {
            None => return Ok(Some(RunBranch { name, target: how.target })),
            Some(lost) if !is_over => return Err(lost),
            Some(_) => {}
        }
    }
    if task_settings::of_plan(&project.layers(), file, options)?.config.lands == Lands::Target {
        return Ok(None);
    }
    let (_, target) = project.repository.head()?;
    let named = file.plan.branch.clone().filter(|name| !name.is_empty());
    let name = named.unwrap_or_else(|| alfine_git::run_branch_name(&file.name));
    if !alfine_git::is_branch_name(&name) {
        return Err(Error::user(format!("{}: “{}” is no name of a branch", file.name, printable(&name)))
            .hint("mend `branchName` there"));
    }
    if target.as_ref() == Some(&name) {
        return Err(Error::user(format!("{name} is checked out: the work would land on your own branch"))
            .hint("check another branch out, or start the plan with `lands = \"target\"`"));
    }
    let is_own =
        [Some(alfine_git::run_branch_name(&file.name)), how.options.onto].contains(&Some(name.clone()));
    if !is_own && project.repository.branch_commit(&name)?.is_some() {
        return Err(Error::user(format!(
            "there is a branch {name} already, which is none that a run of {} lands on now",
            file.name
        ))
        .hint(
            "remove it if it is merged, or rename it; or check it out and start the plan there with `lands = \"target\"`",
        ));
    }
    Ok(Some(RunBranch { name, target }))
}

/// Makes the branch where HEAD is, or on top of what is uncommitted there. One that has work is left as it is.
pub(crate) fn make(
    project: &mut Project,
    branch: &RunBranch,
    first: &TaskKey,
    include_uncommitted: bool,
) -> Result<()> {
    let start = project.repository.preflight(Isolation::Worktree)?;
    let commit = match include_uncommitted {
        true => start::base_of(project, first, &start)?,
        false => start.base_commit,
    };
    // Written down first: an agent at work did not make it.
    let own = OwnWriteRow {
        reference: Some(format!("refs/heads/{}", branch.name)),
        from_id: project.repository.branch_commit(&branch.name)?,
        ..OwnWriteRow::default()
    };
    let own = project.store.write(|tx| tx.begin_own_write(&own))?;
    let made = project.repository.make_branch(&branch.name, &commit);
    let now = project.repository.branch_commit(&branch.name)?;
    project.store.write(|tx| match now.as_deref().filter(|_| made.is_ok()) {
        Some(now) => tx.end_own_write(own, Some(now)),
        None => tx.drop_own_write(own),
    })?;
    Ok(made?)
}

/// Why a plan cannot be merged as a whole that has no branch of its own.
fn no_branch(plan: &str) -> Error {
    Error::user(format!("{plan} has no branch of its own that could be merged")).hint(Hint::AnyOf(vec![
        Hint::advice("merge its tasks one by one"),
        Hint::Advice(format!("run it on one: alfine run {plan} --branch")),
    ]))
}

/// Writes down that a run has no branch of its own any more: the whole is merged.
fn settle(project: &mut Project, run: &PlanRunRow) -> Result<()> {
    let mut options = RunOptions::of(run)?;
    (options.options.onto, options.target) = (None, None);
    plan_run::rewrite(project, run.id, RunState::Over, &options)
}
