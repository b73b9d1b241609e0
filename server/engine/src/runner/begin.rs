//! The beginning of a loop: its row, its lock, its branch and its worktree. Everything that can be refused is refused
//! before anything is made.

use super::{Message, Runner};
use crate::{Error, ErrorKind, Result, project::PlanFile, project::Project, task_spec::TaskSpec};
use alfine_core::{
    machine::{Input, LoopState},
    plan::{Isolation, Task},
    task::{TaskId, TaskKey, TaskStatus},
};
use alfine_files::{Layout, UserDirs};
use alfine_git::{CheckpointSpec, Repository, WorktreeSpec};
use alfine_process::{Confinement, GuardedCommand};
use alfine_store::{
    LoopId, LoopLock, LoopNew, LoopPlace, LoopRow, LoopSummary, PlanKind, PlanNew, Store, Tx,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read},
    time::Duration,
};

/// How long a worktree's setup may take.
const SETUP_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// How a loop begins.
#[derive(Debug, Clone, Default)]
pub struct BeginOptions {
    /// What is uncommitted in the user's tree becomes the base.
    pub include_uncommitted: bool,
    /// What this loop goes on from, where it does not start from HEAD.
    pub fork: Option<Fork>,
}

/// Another loop of the same task, whose worktree is removed, and where in it a new one starts.
#[derive(Debug, Clone)]
pub struct Fork {
    /// That loop.
    pub of: LoopRow,
    /// The ref of its checkpoint.
    pub reference: String,
}

/// Begins a loop: claims the task, makes the branch and the worktree. The lock is the right to run it.
pub fn begin(
    project: &mut Project,
    file: &PlanFile,
    spec: &TaskSpec,
    options: &BeginOptions,
) -> Result<LoopLock> {
    let key = file.key(&spec.task);
    let mut start = project.repository.preflight(spec.isolation)?;
    if options.fork.is_none() && spec.isolation == Isolation::Worktree {
        start.base_commit = base_with_dependencies(project, file, &spec.task, start.base_commit)?;
    }
    // The next task of a chain begins after an agent's turn, not at the user's word.
    if spec.chain.is_none() {
        project.repository.remember_filters()?;
    }
    let id = LoopId::generate();
    let lock = LoopLock::acquire(&project.layout, &id)?;
    let settings = settings_of(spec)?;
    let state = match &options.fork {
        None => LoopState::new(spec.machine.clone()),
        Some(fork) => LoopState::forked(&super::state_of(&fork.of)?),
    };
    let state_json = serde_json::to_string(&state).map_err(|error| internal(&error))?;
    let summary = LoopSummary {
        max_iterations: state.max_iterations(),
        chained: spec.chain.is_some(),
        ..LoopSummary::default()
    };
    let base = base_of(project, &key, spec, options, &start)?;
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
                forked_from: options.fork.as_ref().map(|fork| &fork.of.id),
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
    let made = match &options.fork {
        Some(fork) => make_fork(project, &key, fork, &lock),
        None if spec.isolation == Isolation::Worktree => first_worktree(project, &lock),
        None => Ok(()),
    };
    if let Err(error) = made {
        project.store.write(|tx| tx.forget_loop(&lock))?;
        return Err(error);
    }
    Ok(lock)
}

/// The commit a task starts from: HEAD, or, where it depends on work that is done and not merged yet, that work.
fn base_with_dependencies(project: &Project, file: &PlanFile, task: &Task, head: String) -> Result<String> {
    let unmerged = |id: &TaskId| {
        let row =
            project.store.current_loop(&TaskKey::new(file.name.clone(), id.0.clone())).ok().flatten()?;
        let branch = row.branch.filter(|_| row.status == TaskStatus::Done)?;
        let commit = project.repository.branch_commit(&branch).ok().flatten()?;
        (!project.repository.contains(&head, &commit).unwrap_or(false)).then_some(commit)
    };
    let dependencies = alfine_core::chain::open_dependencies(&file.plan, task, |id| unmerged(id).is_none());
    let commits: Vec<(TaskId, String)> =
        dependencies.into_iter().filter_map(|id| unmerged(&id).map(|commit| (id, commit))).collect();
    let has_all = |commit: &str| {
        std::iter::once(&head)
            .chain(commits.iter().map(|(_, other)| other))
            .try_fold(true, |all, other| Ok::<_, Error>(all && project.repository.contains(commit, other)?))
    };
    for (_, commit) in &commits {
        if has_all(commit)? {
            return Ok(commit.clone());
        }
    }
    if commits.is_empty() {
        return Ok(head);
    }
    let ids: Vec<String> = commits.iter().map(|(id, _)| id.to_string()).collect();
    Err(Error::user(format!(
        "{} needs the work of {}, which is not merged yet",
        file.key(task),
        ids.join(", ")
    ))
    .hint(ids.iter().map(|id| format!("alfine merge {}#{id}", file.name)).collect::<Vec<_>>().join("\n")))
}

/// Claims a loop that is there, to go on with it.
pub fn claim(project: &mut Project, id: &LoopId) -> Result<LoopLock> {
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

/// Claims a loop that is there, to change its saved state only: its agent does not run.
pub fn claim_unrun(project: &mut Project, id: &LoopId) -> Result<LoopLock> {
    let lock = LoopLock::acquire(&project.layout, id)?;
    project.store.write(|tx| tx.claim_loop(&lock).map(drop))?;
    Ok(lock)
}

/// Refuses a second loop in a tree of the user's own: each would take the other's changes for its agent's work.
fn refuse_second_in_place(tx: &Tx<'_>, layout: &Layout, lock: &LoopLock, tree: &str) -> Result<()> {
    for other in tx.live_loops()? {
        let is_here = other.isolation == Isolation::InPlace
            && other.worktree.as_deref().is_none_or(|worktree| worktree == tree);
        let runs = is_here && other.status.needs_runner();
        if runs && other.id != *lock.loop_id() && LoopLock::is_held(layout, &other.id)? {
            return Err(Error::user(format!("{} works in your own tree already", other.task)).hint(format!(
                "wait for it, or end it: alfine stop {}; or run this one in a worktree, without --in-place",
                other.task
            )));
        }
    }
    Ok(())
}

/// The commit that a loop's work is compared with. In the user's own tree, what is uncommitted there is kept first and is
/// no work of the loop.
fn base_of(
    project: &Project,
    key: &TaskKey,
    spec: &TaskSpec,
    options: &BeginOptions,
    start: &alfine_git::Start,
) -> Result<String> {
    let keep = spec.isolation == Isolation::InPlace || options.include_uncommitted;
    if keep && !start.dirty.is_empty() {
        return keep_uncommitted(&project.repository, &project.layout, key);
    }
    Ok(start.base_commit.clone())
}

fn first_worktree(project: &mut Project, lock: &LoopLock) -> Result<()> {
    let row = row_of(&project.store, lock)?;
    make_worktree(&project.repository, &project.layout, &project.user, &mut project.store, lock, &row)
        .map(drop)
}

/// Makes the worktree of a loop that has none yet, and returns the loop with it.
pub(super) fn make_worktree(
    repository: &Repository,
    layout: &Layout,
    user: &UserDirs,
    store: &mut Store,
    lock: &LoopLock,
    row: &LoopRow,
) -> Result<LoopRow> {
    let key = &row.task;
    let path = alfine_git::worktree_dir(&user.data, repository.common_dir(), &key.plan, &key.id.0);
    let base = match &row.base_commit {
        Some(base) => base.clone(),
        None => repository.preflight(Isolation::Worktree)?.base_commit,
    };
    repository.clear_stale_ref_locks(&alfine_git::branch_name(&key.plan, &key.id.0), &key.plan, &key.id.0)?;
    let only_git = path.read_dir().is_ok_and(|items| items.flatten().all(|item| item.file_name() == ".git"));
    if only_git && path.join(".git").is_file() {
        // Git's notes may be as incomplete as the folder: without files there is nothing to keep.
        std::fs::remove_file(path.join(".git")).map_err(|error| {
            Error::new(ErrorKind::Git, format!("cannot remove {}: {error}", path.join(".git").display()))
        })?;
    }
    let is_there = path.read_dir().is_ok_and(|mut items| items.next().is_some());
    if is_there && store.checkpoints(&row.id)?.is_empty() && row.branch.is_none() {
        // Half made by a process that died, or left by an earlier loop: kept under a ref, then made anew and whole.
        let surroundings = super::of_no_loop(layout, "base");
        let last = CheckpointSpec {
            ref_name: alfine_git::checkpoint_ref(
                &key.plan,
                &key.id.0,
                super::checkpoints_of(repository, key)? + 1,
            ),
            message: format!("{key} before its worktree was made anew"),
            surroundings: &surroundings,
            unless_still: None,
        };
        repository.remove_worktree(&path, &last)?;
    }
    let spec =
        WorktreeSpec { path, branch: alfine_git::branch_name(&key.plan, &key.id.0), base: base.clone() };
    let made = repository.create_worktree(&spec)?;
    let worktree = made.path.to_string_lossy();
    store.write(|tx| {
        tx.set_loop_place(
            lock,
            &LoopPlace {
                branch: Some(&made.branch),
                base_branch: row.base_branch.as_deref(),
                base_commit: Some(&base),
                worktree: Some(&worktree),
            },
        )
    })?;
    row_of(store, lock)
}

fn row_of(store: &Store, lock: &LoopLock) -> Result<LoopRow> {
    store.loop_(lock.loop_id())?.ok_or_else(|| {
        Error::new(ErrorKind::Store, format!("loop {} is not in the database", lock.loop_id()))
    })
}

/// Makes the worktree of a loop as another one's checkpoint has it. Its branch and its base stay that one's: a checkpoint
/// is never part of a branch.
fn make_fork(project: &mut Project, key: &TaskKey, fork: &Fork, lock: &LoopLock) -> Result<()> {
    let repository = &project.repository;
    let path = alfine_git::worktree_dir(&project.user.data, repository.common_dir(), &key.plan, &key.id.0);
    let branch = fork.of.branch.clone().unwrap_or_else(|| alfine_git::branch_name(&key.plan, &key.id.0));
    let from = repository.checkpoint_at(&fork.reference)?;
    let made = repository.restore_worktree(&path, &branch, &from)?;
    let worktree = made.path.to_string_lossy();
    project.store.write(|tx| {
        tx.set_loop_place(
            lock,
            &LoopPlace {
                branch: Some(&made.branch),
                base_branch: fork.of.base_branch.as_deref(),
                base_commit: fork.of.base_commit.as_deref(),
                worktree: Some(&worktree),
            },
        )
    })?;
    Ok(())
}

/// Makes a commit object of what is uncommitted, on top of HEAD and under a ref of its own.
fn keep_uncommitted(repository: &Repository, layout: &Layout, key: &TaskKey) -> Result<String> {
    let name = alfine_git::checkpoint_ref(&key.plan, &key.id.0, super::checkpoints_of(repository, key)? + 1);
    let surroundings = super::of_no_loop(layout, "base");
    let checkpoint = repository.checkpoint(
        repository.workdir(),
        &CheckpointSpec {
            ref_name: name,
            message: format!("{key} starts from these uncommitted changes"),
            surroundings: &surroundings,
            unless_still: None,
        },
    )?;
    Ok(checkpoint.commit)
}

pub(crate) fn settings_of(spec: &TaskSpec) -> Result<Value> {
    serde_json::to_value(spec).map_err(|error| internal(&error))
}

fn internal(error: &serde_json::Error) -> Error {
    Error::new(ErrorKind::Internal, format!("a loop's settings cannot be saved: {error}"))
}

/// How a worktree's setup ended.
enum Setup {
    /// It worked.
    Over,
    /// This process is to end.
    CutShort,
    /// The user wants the loop not to begin.
    Held,
    /// It did not work, and why.
    Failed(String),
}

impl Runner<'_> {
    /// Brings into a new worktree what git ignores, and runs its setup. Says whether that worked; else the loop
    /// failed, or the user does not want it to begin.
    pub(super) fn prepare(&mut self) -> Result<bool> {
        if self.spec.isolation == Isolation::Worktree {
            let (from, to) = (self.repository.workdir().to_owned(), self.worktree());
            let brought = alfine_git::provision(&from, &to, &self.spec.copy, &self.spec.link)?;
            self.spec.brought = brought.paths();
            if !self.spec.brought.is_empty() {
                self.tell(
                    "provisioned",
                    json!({ "copied": brought.copied.len(), "linked": brought.linked.len() }),
                );
            }
            if let Some(setup) = self.spec.setup.clone() {
                self.tell("setup", json!({ "command": setup }));
                match self.run_setup(&setup)? {
                    Setup::Over => {}
                    Setup::CutShort => return Ok(true),
                    Setup::Held => return Ok(false),
                    Setup::Failed(message) => {
                        self.inputs.push_back(Input::Failed(message));
                        self.work_off()?;
                        return Ok(false);
                    }
                }
            }
        }
        self.spec.prepared = true;
        self.save_spec()?;
        Ok(true)
    }

    pub(super) fn save_spec(&mut self) -> Result<()> {
        let (lock, settings) = (&self.lock, settings_of(&self.spec)?);
        Ok(self.store.write(|tx| tx.set_loop_settings(lock, &settings))?)
    }

    fn run_setup(&mut self, setup: &str) -> Result<Setup> {
        let mut command = GuardedCommand::new(
            &self.program,
            "sh",
            self.worktree(),
            Confinement::None,
            super::marker_of(&self.row.id, "setup"),
        );
        command.args = vec!["-c".into(), setup.into()];
        command.env = self.environments.checks.clone();
        command.merge_stderr = true;
        let failed = |why: String| {
            Ok(Setup::Failed(format!("the worktree's setup `{setup}` {why}; mend it and continue")))
        };
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return failed(format!("did not start: {error}")),
        };
        let (ender, interrupted) = (child.ender(), child.ender());
        let (done, over) = std::sync::mpsc::channel::<()>();
        let watchdog = std::thread::spawn(move || {
            if over.recv_timeout(SETUP_TIMEOUT) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                ender.end();
            }
        });
        let (output, outbox) = (child.take_stdout(), self.outbox.clone());
        let waiter = std::thread::spawn(move || {
            if let Some(output) = output {
                // A line that does not end is cut: nobody reads it here.
                let mut lines = BufReader::new(output);
                let mut line = Vec::new();
                while (&mut lines).take(1 << 16).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                    let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                    let _ = outbox.send(Message::SetupSaid(text));
                    line.clear();
                }
            }
            let exit = child.wait();
            let _ = outbox.send(Message::SetupOver);
            exit
        });
        let mut last = String::new();
        let mut held = Ok(false);
        while let Ok(message) = self.inbox.recv() {
            match message {
                Message::SetupSaid(line) => {
                    last.clone_from(&line);
                    self.tell("setup_output", json!({ "line": line }));
                }
                Message::SetupOver => break,
                Message::Interrupted => {
                    self.cut_short = true;
                    interrupted.end();
                }
                Message::Mail if matches!(held, Ok(false)) => {
                    held = self.held_before_start();
                    if !matches!(held, Ok(false)) {
                        interrupted.end();
                    }
                }
                // The mail of a loop that had begun stays in its box until it goes on; nothing else lives yet.
                _ => {}
            }
        }
        let exit = waiter
            .join()
            .unwrap_or(Err(alfine_process::ProcessError::GuardLost { program: setup.to_owned() }));
        drop(done);
        let _ = watchdog.join();
        match exit {
            _ if held? => Ok(Setup::Held),
            _ if self.cut_short => Ok(Setup::CutShort),
            Ok(exit) if exit.success() => Ok(Setup::Over),
            Ok(exit) => failed(format!("failed ({exit}): {last}")),
            Err(error) => failed(format!("failed: {error}")),
        }
    }

    /// Makes a worktree again that is gone.
    pub(super) fn restore_worktree(&mut self) -> Result<()> {
        let path = self.worktree();
        if path.is_dir() {
            return Ok(());
        }
        let (Some(branch), Some(checkpoint)) = (&self.row.branch, &self.checkpoint) else {
            return Err(Error::new(ErrorKind::Git, format!("the worktree {} is gone", path.display()))
                .hint("discard the task and start it again; its checkpoints are kept under refs/alfine"));
        };
        self.repository.restore_worktree(&path, branch, checkpoint)?;
        self.tell("worktree_restored", json!({ "worktree": path }));
        let brought =
            alfine_git::provision(self.repository.workdir(), &path, &self.spec.copy, &self.spec.link)?;
        tracing::debug!("brought {} files", brought.copied.len());
        if let Some(setup) = self.spec.setup.clone()
            && let Setup::Failed(message) = self.run_setup(&setup)?
        {
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(())
    }
}

/// Says whether a loop may be begun for a task, or what stands in the way.
pub fn open_dependencies(
    store: &Store,
    file: &PlanFile,
    task: &alfine_core::plan::Task,
) -> Result<Vec<String>> {
    let satisfied = |id: &alfine_core::task::TaskId| {
        let key = TaskKey::new(file.name.clone(), id.0.clone());
        let known = store.task(&key).ok().flatten();
        let done_in_plan = file.plan.tasks.iter().any(|other| other.id == *id && other.done);
        done_in_plan || known.is_some_and(|row| row.status.satisfies_dependents())
    };
    Ok(alfine_core::chain::open_dependencies(&file.plan, task, satisfied)
        .into_iter()
        .map(|id| id.0)
        .collect())
}
