//! The worktree of a loop: made before the loop's first iteration, or again where it was left half made.

use crate::{Error, ErrorKind, Result, loops, project::Project, surroundings};
use alfine_core::{plan::Isolation, task::TaskKey};
use alfine_git::{CheckpointSpec, Repository, Surroundings, WorktreeSpec};
use alfine_store::{LoopLock, LoopPlace, LoopRow, Reader};
use std::path::{Path, PathBuf};

/// Makes the worktree of a loop that has none yet, and returns the loop with it.
pub(crate) fn make_worktree(project: &mut Project, lock: &LoopLock) -> Result<LoopRow> {
    let Project { repository, layout, user, store, .. } = project;
    let row = loops::locked(store, lock)?;
    let key = &row.task;
    let path = free_folder(
        store,
        &row,
        &alfine_git::worktree_dir(&user.data, repository.common_dir(), &key.plan, &key.id.0),
    )?;
    let branch = alfine_git::branch_name(&key.plan, &key.id.0);
    let base = match &row.base_commit {
        Some(base) => base.clone(),
        None => repository.preflight(Isolation::Worktree)?.base_commit,
    };
    repository.clear_stale_ref_locks(&branch, &key.plan, &key.id.0)?;
    let only_git = path.read_dir().is_ok_and(|items| items.flatten().all(|item| item.file_name() == ".git"));
    if only_git && path.join(".git").is_file() {
        // Git's notes may be as incomplete as the folder: without files there is nothing to keep.
        std::fs::remove_file(path.join(".git")).map_err(|error| {
            Error::new(ErrorKind::Git, format!("cannot remove {}: {error}", path.join(".git").display()))
        })?;
    }
    // A worktree with checkpoints or a branch of this loop is only opened below; its files are the loop's work.
    let is_there = path.read_dir().is_ok_and(|mut items| items.next().is_some());
    if is_there && store.checkpoints(&row.id)?.is_empty() && row.branch.is_none() {
        // The folder is half made by a process that died, or left by an earlier loop. Nothing says what in it is worth
        // keeping, so all of it is kept under a ref before the worktree is created again.
        let surroundings = surroundings::of_no_loop(layout, "base");
        let message = format!("{key} before its worktree was created again");
        repository.remove_worktree(&path, &next_checkpoint(repository, key, message, &surroundings)?)?;
    }
    let made = repository.create_worktree(&WorktreeSpec { path, branch, base: base.clone() })?;
    let place = LoopPlace {
        branch: Some(&made.branch),
        base_branch: row.base_branch.as_deref(),
        base_commit: Some(&base),
        worktree: Some(&made.path.to_string_lossy()),
    };
    store.write(|tx| tx.set_loop_place(lock, &place))?;
    loops::locked(store, lock)
}

/// A folder for a loop's worktree that no other loop has: a task may have been given the id that another one had before,
/// whose loop can still go on.
fn free_folder(reader: &Reader, row: &LoopRow, wanted: &Path) -> Result<PathBuf> {
    let live = reader.live_loops()?;
    let others: Vec<&str> = live
        .iter()
        .filter(|other| other.id != row.id)
        .filter_map(|other| other.worktree.as_deref())
        .collect();
    let mut path = wanted.to_owned();
    let mut number = 1;
    while others.iter().any(|other| Path::new(other) == path) {
        number += 1;
        let mut name = wanted.file_name().unwrap_or_default().to_owned();
        name.push(format!("+{number}"));
        path = wanted.with_file_name(name);
    }
    Ok(path)
}

/// The checkpoint of a task that comes after all that git has of the task.
pub(crate) fn next_checkpoint<'s>(
    repository: &Repository,
    key: &TaskKey,
    message: String,
    surroundings: &'s Surroundings,
) -> Result<CheckpointSpec<'s>> {
    let n = repository.last_checkpoint(&key.plan, &key.id.0)? + 1;
    let ref_name = alfine_git::checkpoint_ref(&key.plan, &key.id.0, n);
    Ok(CheckpointSpec { ref_name, message, surroundings, unless_still: None })
}
