//! The merge of a whole plan: of the branch that its tasks landed on, once the checks of all of them hold together.

use super::{no_branch, settle};
use crate::{
    Error, Result, archive,
    finish::{self, KnownBy, ticked},
    known::has_work,
    landing::{Care, Turn},
    loops, plan_run,
    project::{PlanFile, Project},
    runner,
    start_options::RunOptions,
    task_spec::TaskSpec,
};
use alfine_config::Control;
use alfine_core::{
    hint::Hint,
    news::News,
    printable::{enumerated, printable_paths},
    reason::{Reason, Unticked},
    task::{TaskKey, TaskStatus},
};
use alfine_git::{GitError, MergeSpec, ProvenTree, TextChange, WorkingCopies, WorkingCopy};
use alfine_store::{LoopLock, LoopRow, OwnWriteRow, PlanRunRow, TaskRow};
use alfine_verify::{CancelToken, VerifierKind, VerifierSpec};
use std::path::{Path, PathBuf};

/// How a plan is merged.
#[derive(Clone, Copy)]
pub struct Conditions<'c> {
    /// The branch to merge into; if it is `None`, the one that was checked out when the run began.
    pub into: Option<&'c str>,
    /// The working copies of the plan that are ticked, too.
    pub tick: WorkingCopies<'c>,
    /// Whether an editor holds more of a file than lies on the disk.
    pub is_unsaved: &'c dyn Fn(&Path) -> bool,
    /// Alfine's own binary, which guards the checks.
    pub guard: &'c Path,
    /// Ends the checks early; nothing is merged then.
    pub cancel: &'c CancelToken,
}

/// A plan that was merged.
#[derive(Debug, Clone)]
pub struct MergedPlan {
    /// The branch that it was on.
    pub from: String,
    /// The branch that it went into.
    pub into: String,
    /// The commit there, as hex.
    pub commit: String,
    /// The tasks that were merged with it, each with how it is known again in the plan.
    pub tasks: Vec<(TaskKey, KnownBy)>,
    /// The tasks of its run that can still land on that branch, each with where it is.
    pub without: Vec<(TaskKey, TaskStatus)>,
    /// The plan's files that were left to somebody else to tick the tasks in.
    pub left: Vec<PathBuf>,
    /// The tasks that are not ticked in the plan, each with the reason.
    pub unticked: Vec<(TaskKey, Unticked)>,
    /// The folder of the plan's archive, from the root, if it was put into one.
    pub archived: Option<String>,
}

/// A task that landed on the branch of the run.
struct Landed {
    row: LoopRow,
    spec: TaskSpec,
    known_by: KnownBy,
}

/// Merges the branch that the last run of a plan landed on, and ticks its tasks in the plan. The checks of all of them run first
/// on what that makes of the target. `None` if it was cancelled.
///
/// # Errors
///
/// There is no such branch, tasks are at work, the branches conflict, a check fails, or something uncommitted is in the way.
/// Nothing is changed then.
pub fn merge(
    project: &mut Project,
    plan: &str,
    with: Conditions<'_>,
    tell: &mut dyn FnMut(News),
) -> Result<Option<MergedPlan>> {
    let file = project.plan_named(plan)?;
    project.align(&file)?;
    let run = project.store.last_plan_run(plan)?.ok_or_else(|| no_branch(plan))?;
    let how = RunOptions::of(&run)?;
    if let Some(lost) = plan_run::lost_branch(project, plan, &how)? {
        return Err(lost);
    }
    let RunOptions { options, target, .. } = how;
    let from = options.onto.ok_or_else(|| no_branch(plan))?;
    let into = with.into.map(str::to_owned).or(target).ok_or_else(|| {
        Error::user(format!("{plan} began from a detached HEAD, so it is not known where to merge it"))
            .hint("name a branch with --into")
    })?;
    if into == from {
        return Err(Error::user(format!("{from} is where {plan} is already")).hint("name another branch"));
    }
    let mut waits = || tell(News::LandingAwaited { into: from.clone() });
    if !until_settled(project, plan, &mut waits, with.cancel)? {
        return Ok(None);
    }
    let tasks = project.store.tasks_of(plan)?;
    let is_merged = tasks.iter().any(|task| landed_in(task, &into));
    let (landed, without) = landed_on(project, &run, tasks, (&from, &into))?;
    if landed.is_empty() && without.is_empty() && is_merged {
        // Whoever merged it died before that was written down.
        settle(project, &run)?;
        return Err(Error::user(format!("{plan} is merged already")));
    }
    if landed.is_empty() {
        return Err(Error::user(format!("no task of {plan} has landed on {from} yet"))
            .hint(Hint::StartAll { plan: plan.to_owned() }));
    }
    let Some(_turn) = Turn::at_once(&project.layout, &into)? else {
        return Err(
            Error::user(format!("other work lands on {into} just now")).hint("try again when it is there")
        );
    };
    let mut spec = spec_of(&file, (&from, &into), &landed);
    let onto = project.repository.branch_commit(&into)?;
    let Some(proven) = proven(project, (&spec, plan, onto.as_deref()), &landed, with, tell)? else {
        return Ok(None);
    };
    spec.proven = proven.tree;
    let apply = |text: &str| ticked_in(text, &landed);
    let change = TextChange {
        path: Path::new(plan),
        instead_of: None,
        message: &spec.message,
        apply: &apply,
        working_copies: with.tick,
    };
    let own = OwnWriteRow {
        reference: Some(format!("refs/heads/{into}")),
        from_id: onto,
        file: Some(plan.to_owned()),
        ..OwnWriteRow::default()
    };
    let own = project.store.write(|tx| tx.begin_own_write(&own))?;
    let merged = match project.repository.merge(&spec, Some(&change), with.is_unsaved) {
        Ok(merged) => merged,
        Err(error) => {
            project.store.write(|tx| tx.drop_own_write(own))?;
            return Err(in_words(error, &from));
        }
    };
    let mut left = merged.left_files;
    if !merged.changed
        && let Some(WorkingCopy::Left(path)) = project.repository.change_text(&change)
    {
        left.push(path);
    }
    project.store.write(|tx| tx.end_own_write(own, Some(&merged.commit)))?;
    let reason = Reason::Merged { into: into.clone(), commit: Some(merged.commit.clone()) };
    for one in &landed {
        let lock = LoopLock::acquire(&project.layout, &one.row.id)?;
        project.store.write(|tx| tx.set_loop_status(&lock, TaskStatus::Merged, Some(&reason), true))?;
    }
    // What is not done yet would land there still.
    let mut archived = None;
    if without.is_empty() {
        settle(project, &run)?;
        archived = landed.last().and_then(|one| archive::after(project, &one.row));
    }
    let unticked = match merged.checked_out && left.is_empty() {
        true => unticked_of(project, &landed),
        false => Vec::new(),
    };
    let tasks = landed.into_iter().map(|one| (one.row.task, one.known_by)).collect();
    Ok(Some(MergedPlan { from, into, commit: merged.commit, tasks, without, left, unticked, archived }))
}

/// The tasks that are ticked nowhere, although they landed, each with the reason.
fn unticked_of(project: &Project, landed: &[Landed]) -> Vec<(TaskKey, Unticked)> {
    let why = |one: &Landed| finish::unticked(project, &one.row.task, &one.known_by);
    landed.iter().filter_map(|one| Some((one.row.task.clone(), why(one)?))).collect()
}

/// What the merge makes, in one commit that names every task.
fn spec_of(file: &PlanFile, (from, into): (&str, &str), landed: &[Landed]) -> MergeSpec {
    let plan = &file.name;
    let title = if file.plan.title.is_empty() { plan } else { &file.plan.title };
    let trailer = |one: &Landed| format!("{}: {}", alfine_git::TASK_TRAILER, one.row.task);
    let trailers: Vec<String> = landed.iter().map(trailer).collect();
    MergeSpec {
        branch: from.to_owned(),
        target_branch: into.to_owned(),
        task_id: plan.to_owned(),
        message: format!("{}\n\n{}", alfine_git::subject_of("feat", plan, title), trailers.join("\n")),
        proven: None,
    }
}

/// What may land.
struct Proven {
    /// The tree; `None` if any may, since no check decides.
    tree: Option<ProvenTree>,
}

/// Runs the checks of all tasks on what the merge makes of its target. `None` if that was cancelled.
fn proven(
    project: &mut Project,
    (spec, plan, onto): (&MergeSpec, &str, Option<&str>),
    landed: &[Landed],
    with: Conditions<'_>,
    tell: &mut dyn FnMut(News),
) -> Result<Option<Proven>> {
    let own = Path::new(plan);
    let tree = project.repository.merged_tree(spec, &[own]).map_err(|error| in_words(error, &spec.branch))?;
    let checks = checks_of(project, landed)?;
    let (Some(onto), Some(last)) = (onto, landed.last()) else { return Ok(Some(Proven { tree: None })) };
    if checks.is_empty() || last.spec.proof.control == Control::Off {
        return Ok(Some(Proven { tree: None }));
    }
    // Where the target has it all already, the work may have been taken back there since.
    let what = (onto, tree.as_deref().unwrap_or(onto));
    let how = (with.guard, with.cancel);
    let failed = runner::failing_together(project, plan, (&last.spec, &checks), what, how, tell)?;
    let Some(failed) = failed else { return Ok(None) };
    if !failed.is_empty() {
        let (from, into) = (&spec.branch, &spec.target_branch);
        let fail = if failed.len() == 1 { "fails" } else { "fail" };
        let failed = enumerated(failed.into_iter());
        return Err(Error::user(format!(
            "{plan} is not merged: {failed} {fail} on what it makes of {into}"
        ))
        .hint(format!(
            "see what it changes with `git diff {into}...{from}`; add a task that mends it to the plan and start it again"
        )));
    }
    Ok(Some(Proven { tree: tree.map(|tree| ProvenTree { tree, except: vec![own.to_owned()] }) }))
}

/// A text of the plan with all of these tasks ticked; `None` if there is nothing to tick.
fn ticked_in(text: &str, landed: &[Landed]) -> Option<String> {
    let mut is_any = false;
    let mut all = text.to_owned();
    for one in landed {
        if let Some(text) = ticked(&all, &one.row.task, &one.known_by) {
            (all, is_any) = (text, true);
        }
    }
    is_any.then_some(all)
}

/// Waits for the landings of finished tasks that go on just now. Says whether that was so before it was cancelled.
fn until_settled(
    project: &Project,
    plan: &str,
    waits: &mut dyn FnMut(),
    cancel: &CancelToken,
) -> Result<bool> {
    for task in project.store.tasks_of(plan)? {
        let row = loops::loop_of(&project.store, &task.key)?;
        let Some(row) = row.filter(|row| !row.needs_runner()) else { continue };
        if !Care::until_free(&project.layout, &row.id, waits, &|| cancel.is_cancelled())? {
            return Ok(false);
        }
        loops::until_unrun(project, &task.key)?;
    }
    Ok(true)
}

/// Whether a task's work was merged into a branch.
fn landed_in(task: &TaskRow, branch: &str) -> bool {
    matches!(&task.reason, Some(Reason::Merged { into, .. }) if into == branch)
}

/// The tasks of a run that landed on its branch, and those that still can.
fn landed_on(
    project: &Project,
    run: &PlanRunRow,
    tasks: Vec<TaskRow>,
    (branch, into): (&str, &str),
) -> Result<(Vec<Landed>, Vec<(TaskKey, TaskStatus)>)> {
    let (mut landed, mut without) = (Vec::new(), Vec::new());
    let tips = [branch, into].map(|branch| project.repository.branch_commit(branch));
    let tips = tips.into_iter().collect::<Result<Vec<_>, _>>()?;
    for task in tasks {
        let Some(row) = loops::loop_of(&project.store, &task.key)? else { continue };
        if row.needs_runner() || loops::is_running(&project.layout, &row.id)? {
            return Err(Error::user(format!(
                "{} is at work: it lands on {branch} when it is done",
                task.key
            ))
            .hint(Hint::AnyOf(vec![Hint::advice("wait for it"), Hint::Stop { task: task.key }])));
        }
        if !landed_in(&task, branch) {
            let is_over =
                matches!(task.status, TaskStatus::Merged | TaskStatus::Discarded | TaskStatus::Skipped);
            if row.plan_run == Some(run.id) && !is_over {
                without.push((task.key, task.status));
            }
            continue;
        }
        // Somebody may have moved the branch since.
        let is_in = |tip: &Option<String>| match tip {
            Some(tip) => has_work(project, &task, tip),
            None => Ok(false),
        };
        if !tips.iter().map(is_in).collect::<Result<Vec<_>>>()?.contains(&true) {
            return Err(Error::user(format!(
                "{} landed on {branch}, and its work is not there any more",
                task.key
            ))
            .hint(Hint::AnyOf(vec![
                Hint::Advice(format!("bring it back with git: `git reflog show {branch}` has where it was")),
                Hint::RunAgain { task: task.key },
            ])));
        }
        let spec = TaskSpec::of(&row)?;
        let known_by = KnownBy::of(project, &task.key, &spec)?;
        landed.push(Landed { row, spec, known_by });
    }
    Ok((landed, without))
}

/// The checks of these tasks, each once. What only an agent's worktree has, and what is a matter of opinion, was looked at when
/// each task landed.
fn checks_of(project: &Project, landed: &[Landed]) -> Result<Vec<VerifierSpec>> {
    let mut checks: Vec<VerifierSpec> = Vec::new();
    for Landed { spec, row, .. } in landed {
        if !project.untrusted(&spec.commands)?.is_empty() {
            return Err(Error::user(format!("commands of {} are not allowed any more", row.task))
                .hint("look at them and allow them with `alfine trust`"));
        }
        let counts = |check: &&VerifierSpec| {
            !matches!(check.kind, VerifierKind::CleanTree { .. } | VerifierKind::Llm { .. })
        };
        for check in spec.verifiers.iter().filter(counts) {
            if checks.iter().all(|known| (&known.kind, &known.folder) != (&check.kind, &check.folder)) {
                checks.push(check.clone());
            }
        }
    }
    Ok(checks)
}

/// Says of a merge that git refuses what the user can do.
fn in_words(error: GitError, from: &str) -> Error {
    match &error {
        GitError::Conflicts { files, target, .. } => {
            let files = printable_paths(files);
            Error::user(format!("{from} conflicts with {target} in {files}; nothing was changed"))
                .hint(format!("merge {target} into {from} with git, then merge the plan again"))
        }
        _ => error.into(),
    }
}
