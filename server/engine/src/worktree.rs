//! The worktree of a loop: made before the loop's first iteration, or again where it was left half made.

use crate::{Error, ErrorKind, Result, surroundings};
use alfine_core::plan::Isolation;
use alfine_files::{Layout, UserDirs};
use alfine_git::{CheckpointSpec, Repository, WorktreeSpec};
use alfine_store::{LoopLock, LoopPlace, LoopRow, Store};

/// Makes the worktree of a loop that has none yet, and returns the loop with it.
pub(crate) fn make_worktree(
    repository: &Repository,
    layout: &Layout,
    user: &UserDirs,
    store: &mut Store,
    lock: &LoopLock,
) -> Result<LoopRow> {
    let row = row_of(store, lock)?;
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
        let surroundings = surroundings::of_no_loop(layout, "base");
        let last = CheckpointSpec {
            ref_name: alfine_git::checkpoint_ref(
                &key.plan,
                &key.id.0,
                repository.last_checkpoint(&key.plan, &key.id.0)? + 1,
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
