//! What loops left behind in a repository: worktrees, branches, checkpoints. Lists it; removes one thing at a time.

use super::{
    CheckpointSpec, GitError, Repository,
    error::Doing,
    index,
    names::{BRANCH_ROOTS, CHECKPOINTS, KEPT, task_of_branch},
    path_bytes::path_of,
    worktree::remove_locks,
};
use alfine_core::task::TaskStatus;
use git2::{Status, StatusOptions};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Something that a loop left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The `<plan>/<task>` part of its names (see [`task_of_branch`](super::task_of_branch())).
    pub task: String,
    /// The task's status; `None` if no task is known by that name.
    pub status: Option<TaskStatus>,
    /// What kind of leftover it is.
    pub kind: LeftoverKind,
}

/// What was left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftoverKind {
    /// A worktree.
    Worktree {
        /// Its folder, which may be gone.
        path: PathBuf,
    },
    /// A branch.
    Branch {
        /// The branch's name.
        name: String,
    },
    /// The task's checkpoints, and the commits kept of its removed branches.
    Checkpoints {
        /// Their refs.
        refs: Vec<String>,
    },
}

impl Repository {
    /// Lists what is left of tasks that are merged, discarded or unknown to `status`, which is asked by the
    /// `<plan>/<task>` part of names. `data_dir` is the user's data folder, where worktrees are.
    pub fn leftovers(
        &self,
        data_dir: &Path,
        status: impl Fn(&str) -> Option<TaskStatus>,
    ) -> Result<Vec<Leftover>, GitError> {
        let repo = self.open()?;
        let mut found = Vec::new();
        for (path, task) in worktrees(&repo, &data_dir.join("worktrees"))? {
            found.push((task, LeftoverKind::Worktree { path }));
        }
        for root in BRANCH_ROOTS {
            let refs = repo.references_glob(&format!("refs/heads/{root}*")).doing("list the branches")?;
            for reference in refs {
                let reference = reference.doing("list the branches")?;
                let name = reference.shorthand().ok().map(str::to_owned);
                if let Some(name) = name
                    && let Some(task) = task_of_branch(&name).map(str::to_owned)
                {
                    found.push((task, LeftoverKind::Branch { name }));
                }
            }
        }
        for (task, refs) in checkpoint_refs(&repo)? {
            found.push((task, LeftoverKind::Checkpoints { refs }));
        }
        let leftovers = found.into_iter().map(|(task, kind)| Leftover { status: status(&task), task, kind });
        Ok(leftovers
            .filter(|leftover| {
                matches!(leftover.status, None | Some(TaskStatus::Merged | TaskStatus::Discarded))
            })
            .collect())
    }

    /// Removes one leftover. A worktree only after a last checkpoint; a branch's commits stay until the checkpoints go.
    pub fn remove_leftover(&self, leftover: &Leftover, last: &CheckpointSpec<'_>) -> Result<(), GitError> {
        match &leftover.kind {
            LeftoverKind::Worktree { path } => {
                // Nothing says that a task is over which the database does not know. So not even its ignored files,
                // which no checkpoint has, may be lost.
                if leftover.status.is_none() {
                    self.refuse_ignored(path)?;
                }
                self.remove_worktree(path, last).map(drop)
            }
            LeftoverKind::Branch { name } => {
                // Nobody works on a task that is over: the lock of who died while deleting its branch.
                if leftover.status.is_some() {
                    let lock = self.common_dir.join(format!("refs/heads/{name}.lock"));
                    remove_locks(lock.parent().unwrap_or(&lock), [])?;
                }
                self.delete_branch(name, None)
            }
            LeftoverKind::Checkpoints { refs } => {
                let repo = self.open()?;
                for name in refs.iter().filter(|name| name.starts_with("refs/alfine/")) {
                    if let Ok(mut reference) = repo.find_reference(name) {
                        reference.delete().doing("remove a checkpoint")?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Repository {
    /// Refuses to go on where a worktree holds ignored files: no checkpoint has them. Links lead to where they are
    /// kept.
    fn refuse_ignored(&self, worktree: &Path) -> Result<(), GitError> {
        if worktree.symlink_metadata().is_err() {
            return Ok(());
        }
        let mut files = self.ignored_files(worktree)?;
        files.retain(|path| !worktree.join(path).is_symlink());
        if files.is_empty() { Ok(()) } else { Err(GitError::Ignored { path: worktree.to_owned(), files }) }
    }

    /// Lists what git ignores in a working tree, from its root: a folder that is ignored as a whole is one entry.
    pub fn ignored_files(&self, worktree: &Path) -> Result<Vec<PathBuf>, GitError> {
        let repo = self.open_at(worktree)?;
        index::read_or_head(&repo)?;
        let mut options = StatusOptions::new();
        options.include_ignored(true).include_untracked(false);
        let statuses = repo.statuses(Some(&mut options)).doing("look for ignored files")?;
        let ignored = statuses.iter().filter(|entry| entry.status() == Status::IGNORED);
        Ok(ignored.map(|entry| path_of(entry.path_bytes())).collect())
    }
}

/// Lists the worktrees that are Alfine's, by their branch or by their place.
fn worktrees(repo: &git2::Repository, folder: &Path) -> Result<Vec<(PathBuf, String)>, GitError> {
    let mut found = Vec::new();
    for name in repo.worktrees().doing("list the worktrees")?.iter().flatten().flatten() {
        let Ok(worktree) = repo.find_worktree(name) else { continue };
        let path = worktree.path().to_owned();
        let branch = std::fs::read_to_string(repo.commondir().join("worktrees").join(name).join("HEAD"));
        let branch = branch.unwrap_or_default();
        let by_branch = branch.trim_end().strip_prefix("ref: refs/heads/").and_then(task_of_branch);
        let by_place = || {
            let within = path.strip_prefix(folder).ok()?;
            let parts: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
            let [_, plan, task] = parts.as_slice() else { return None };
            Some(format!("{plan}/{task}"))
        };
        if let Some(task) = by_branch.map(str::to_owned).or_else(by_place) {
            found.push((path, task));
        }
    }
    Ok(found)
}

/// Groups Alfine's refs by task.
fn checkpoint_refs(repo: &git2::Repository) -> Result<BTreeMap<String, Vec<String>>, GitError> {
    let mut tasks: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for root in [CHECKPOINTS, KEPT] {
        for reference in repo.references_glob(&format!("{root}*")).doing("list the checkpoints")? {
            let reference = reference.doing("list the checkpoints")?;
            let Ok(name) = reference.name() else { continue };
            let task = name.strip_prefix(root).and_then(|rest| rest.rsplit_once('/'));
            if let Some((task, _)) = task {
                tasks.entry(task.to_owned()).or_default().push(name.to_owned());
            }
        }
    }
    Ok(tasks)
}
