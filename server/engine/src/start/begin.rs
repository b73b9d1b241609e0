//! The beginning of a loop: its row, its lock, its branch and its worktree. Everything that can be refused is refused
//! before anything is made.

use crate::{
    Error, ErrorKind, Result, built_on, loops,
    project::PlanFile,
    project::Project,
    surroundings,
    task_spec::{BuiltOn, TaskSpec},
    worktree::{make_worktree, next_checkpoint},
};
use alfine_core::{
    chain::{self, OpenStages},
    hint::Hint,
    identity::Written,
    machine::LoopState,
    plan::{Isolation, Names},
    printable::printable_paths,
    task::{TaskId, TaskKey, TaskStatus},
};
use alfine_files::Layout;
use alfine_git::{GitError, Work};
use alfine_store::{LoopId, LoopLock, LoopNew, LoopPlace, LoopRow, LoopSummary, PlanKind, PlanNew, Tx};
use serde_json::json;
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// Another loop of the same task, whose worktree is removed, and where in it a new one starts.
#[derive(Debug, Clone)]
pub(crate) struct Fork {
    /// That loop.
    pub of: LoopRow,
    /// The ref of its checkpoint.
    pub reference: String,
}

/// Begins a loop from where the repository stands: claims the task, makes the branch and the worktree. The lock is the
/// right to run it. `fork` is what the loop goes on from, if it does not
/// start from HEAD; `plan_run` is the run that begins it, if the user did not ask for this task just now.
pub(crate) fn begin_loop(
    project: &mut Project,
    file: &PlanFile,
    spec: &TaskSpec,
    mut start: alfine_git::Start,
    include_uncommitted: bool,
    fork: Option<&Fork>,
    plan_run: Option<i64>,
) -> Result<LoopLock> {
    let key = file.key(&spec.task);
    let mut spec = spec.clone();
    if fork.is_none() && spec.isolation == Isolation::Worktree {
        (start.base_commit, spec.built_on) = base_with_dependencies(project, file, &spec, &start)?;
    }
    let spec = &spec;
    // The next task of a run begins after an agent has worked, and not because the user asked for it just now.
    if plan_run.is_none() {
        project.repository.remember_filters()?;
    }
    let id = LoopId::generate();
    let lock = LoopLock::acquire(&project.layout, &id)?;
    let settings = spec.to_settings()?;
    let state = match fork {
        None => LoopState::new(spec.machine.clone()),
        Some(fork) => LoopState::forked(&loops::state_of(&fork.of)?),
    };
    let state_json = serde_json::to_string(&state).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("a loop's state cannot be saved: {error}"))
    })?;
    let summary = LoopSummary {
        max_iterations: state.max_iterations(),
        chained: plan_run.is_some(),
        ..LoopSummary::default()
    };
    let base = match spec.isolation == Isolation::InPlace || include_uncommitted {
        true => base_of(project, &key, &start)?,
        false => start.base_commit.clone(),
    };
    // A repository may have several trees of the user's own.
    let own_tree = (spec.isolation == Isolation::InPlace)
        .then(|| project.repository.workdir().to_string_lossy().into_owned());
    project.store.write(|tx| -> Result<()> {
        if let Some(tree) = &own_tree {
            refuse_second_in_place(tx, &project.layout, &lock, tree)?;
        }
        tx.put_plan(&PlanNew {
            path: &file.name,
            kind: PlanKind::Plan,
            title: &file.plan.title,
            status: None,
            generation: 1,
            settings: &json!({}),
        })?;
        tx.put_task(&key, &spec.task.title, 1, TaskStatus::Ready)?;
        tx.put_words(&key, &Written::of(&spec.task))?;
        tx.create_loop(
            &lock,
            &LoopNew {
                task: &key,
                agent: &spec.agent.name,
                model: spec.agent.model.as_deref(),
                isolation: spec.isolation,
                settings: &settings,
                state: &state_json,
                summary: &summary,
                forked_from: fork.map(|fork| &fork.of.id),
                plan_run: plan_run.or_else(|| fork?.of.plan_run),
            },
        )?;
        // Whoever goes on with the loop needs this, should this process die before the worktree is there.
        tx.set_loop_place(
            &lock,
            &LoopPlace {
                branch: None,
                base_branch: start.base_branch.as_deref(),
                base_commit: Some(&base),
                worktree: own_tree.as_deref(),
            },
        )?;
        Ok(())
    })?;
    let made = match fork {
        Some(fork) => make_fork(project, &key, fork, &lock),
        None if spec.isolation == Isolation::Worktree => make_worktree(project, &lock).map(drop),
        None => Ok(()),
    };
    if let Err(error) = made {
        // A disk that is full may not even take this. The loop is `interrupted` then, as soon as the lock is free.
        if let Err(kept) = project.store.write(|tx| tx.forget_loop(&lock)) {
            tracing::error!("the loop {} that could not begin stays: {kept}", lock.loop_id());
        }
        return Err(error);
    }
    // From now on the document's tasks are known as they stand in it now.
    project.align(file)?;
    Ok(lock)
}

/// The commit a task starts from: HEAD, or, where it depends on work that is done and not merged yet, a merge of that work, with
/// whose it is.
fn base_with_dependencies(
    project: &Project,
    file: &PlanFile,
    spec: &TaskSpec,
    start: &alfine_git::Start,
) -> Result<(String, Vec<BuiltOn>)> {
    let (task, names) = (&spec.task, Names::new(&file.plan));
    let stages = OpenStages::all(&file.plan, |_| false);
    let said = chain::open_dependencies(&file.plan, &names, &stages, task, |_| false);
    let open: HashSet<TaskId> = said.into_iter().chain(spec.also_after.iter().cloned()).collect();
    let mut commits: Vec<(TaskId, LoopRow, String)> = Vec::new();
    // Also what is ticked: the tick of work that lands just now is written before its branch moves.
    let mut all = chain::all_dependencies(&file.plan, &names, task);
    all.extend(spec.also_after.iter().filter(|id| !all.contains(id)).cloned().collect::<Vec<_>>());
    for id in all {
        let key = TaskKey::new(file.name.clone(), id.0.clone());
        let Some(row) = project.store.current_loop(&key)? else { continue };
        // It was done when the task was prepared, and lands just now, or is worked on again.
        let is_under_way = open.contains(&id) || row.status == TaskStatus::Evaluating;
        if is_under_way && !row.status.satisfies_dependents() {
            return Err(Error::user(format!("{} waits for {id}", file.key(task)))
                .hint(Hint::StartAll { plan: file.name.clone() }));
        }
        let Some(branch) = row.branch.as_ref().filter(|_| row.status == TaskStatus::Done) else { continue };
        if let Some(commit) = project.repository.branch_commit(branch)? {
            commits.push((id, row, commit));
        }
    }
    // Looked at only now: what was merged since the task was prepared, and so is not among these, is in it.
    let tip = match &start.base_branch {
        Some(branch) => project.repository.branch_commit(branch)?,
        None => None,
    };
    let head = tip.unwrap_or_else(|| start.base_commit.clone());
    commits.retain(|(_, row, commit)| {
        let work = Work { base: row.base_commit.as_deref(), commit, landed: false };
        !project.repository.has_work(&head, work, Path::new(&file.name)).unwrap_or(false)
    });
    if commits.is_empty() {
        return Ok((head, Vec::new()));
    }
    let mut on: Vec<BuiltOn> = Vec::new();
    for (_, row, commit) in &commits {
        for one in built_on::of_dependency(row, commit.clone())? {
            if !on.contains(&one) {
                on.push(one);
            }
        }
    }
    let names: Vec<(&str, &str)> =
        commits.iter().map(|(id, _, commit)| (commit.as_str(), id.0.as_str())).collect();
    let joined = project.repository.joined((&head, "HEAD"), &names).map_err(|error| match &error {
        GitError::Conflicts { files, .. } => {
            let tasks =
                commits.iter().map(|(id, ..)| TaskKey::new(file.name.clone(), id.0.clone())).collect();
            Error::user(format!(
                "{} needs the work of {}, which does not go together: {}",
                file.key(task),
                names.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", "),
                printable_paths(files)
            ))
            .hint(Hint::MergeFirst { tasks })
        }
        _ => Error::from(error),
    })?;
    Ok((joined, on))
}

/// Claims a loop that is there, to go on with it.
pub(crate) fn claim(project: &mut Project, id: &LoopId) -> Result<LoopLock> {
    let lock = LoopLock::acquire(&project.layout, id)?;
    project.store.write(|tx| -> Result<()> {
        let row = tx.claim_loop(&lock)?;
        if !tx.open_runs_of(id)?.is_empty() {
            return Err(Error::user(format!("the last agent of {} is not gone yet", row.task))
                .hint("run the command again; what could not be ended is named then"));
        }
        match (row.isolation, row.worktree) {
            (Isolation::InPlace, Some(tree)) => refuse_second_in_place(tx, &project.layout, &lock, &tree),
            _ => Ok(()),
        }
    })?;
    project.repository.remember_filters()?;
    Ok(lock)
}

/// Refuses a second loop in the user's own tree: each loop would treat the other's changes as its own agent's work.
fn refuse_second_in_place(tx: &Tx<'_>, layout: &Layout, lock: &LoopLock, tree: &str) -> Result<()> {
    for other in tx.live_loops()? {
        let is_here = other.isolation == Isolation::InPlace
            && other.worktree.as_deref().is_none_or(|worktree| worktree == tree);
        let runs = is_here && other.status.needs_runner();
        if runs && other.id != *lock.loop_id() && LoopLock::is_held(layout, &other.id)? {
            return Err(Error::user(format!("{} works in your own tree already", other.task))
                .hint(Hint::LeaveOwnTree { to: other.task }));
        }
    }
    Ok(())
}

/// The commit that work is compared with which starts from the user's tree as it is: what is uncommitted there is kept
/// first and is no work of a loop.
pub(crate) fn base_of(project: &Project, key: &TaskKey, start: &alfine_git::Start) -> Result<String> {
    if !start.dirty.is_empty() {
        // A commit object of what is uncommitted, on top of HEAD and under a ref of its own.
        let (repository, message) =
            (&project.repository, format!("{key} starts from these uncommitted changes"));
        let surroundings = surroundings::of_no_loop(&project.layout, "base");
        let spec = next_checkpoint(repository, key, message, &surroundings)?;
        return Ok(repository.checkpoint(repository.workdir(), &spec)?.commit);
    }
    Ok(start.base_commit.clone())
}

/// Creates the worktree of a loop from a checkpoint of another loop. It keeps that loop's branch and base: a checkpoint
/// is never part of a branch.
fn make_fork(project: &mut Project, key: &TaskKey, fork: &Fork, lock: &LoopLock) -> Result<()> {
    let repository = &project.repository;
    let path = match &fork.of.worktree {
        Some(path) => PathBuf::from(path),
        None => alfine_git::worktree_dir(&project.user.data, repository.common_dir(), &key.plan, &key.id.0),
    };
    let branch = fork.of.branch.clone().unwrap_or_else(|| alfine_git::branch_name(&key.plan, &key.id.0));
    let from = repository.checkpoint_at(&fork.reference)?;
    let made = repository.restore_worktree(&path, &branch, &from)?;
    let place = LoopPlace {
        branch: Some(&made.branch),
        base_branch: fork.of.base_branch.as_deref(),
        base_commit: fork.of.base_commit.as_deref(),
        worktree: Some(&made.path.to_string_lossy()),
    };
    Ok(project.store.write(|tx| tx.set_loop_place(lock, &place))?)
}
