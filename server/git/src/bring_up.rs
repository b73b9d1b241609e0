//! Merges a branch that has moved into the work of a task, in the task's worktree. Where both sides changed the same places,
//! the files get git's markers: whoever works there next resolves them.

use super::{
    Commit, GitError, Repository,
    commit::{bring_back, identity},
    diff::excepted,
    error::Doing,
    index,
    land::{Landing, index_is_free, put_steps, steps},
    merge::{merged_index, tip},
    partial::{tree_of, write_tree},
    path_bytes::path_of,
    repository::nothing_under_way,
};
use git2::{Index, IndexConflict, IndexEntry, MergeFileOptions};
use std::path::{Path, PathBuf};

/// A branch that was merged into the work of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroughtUp {
    /// The commit of that branch, as hex.
    pub from: String,
    /// The files in which both sides changed the same places, from the root.
    pub conflicts: Vec<PathBuf>,
}

impl Repository {
    /// Merges the branch `from` into the branch of a worktree, in a commit, and brings the files of the worktree there. Nothing
    /// may be uncommitted there that the merge changes. Of what is at the paths of `of_user`, only what `from` has is taken.
    ///
    /// A second try after a crash finds files that are there already to be right.
    pub fn bring_up(
        &self,
        worktree: &Path,
        from: &str,
        of_user: &[PathBuf],
        commit: &Commit<'_>,
    ) -> Result<BroughtUp, GitError> {
        let repo = self.open_at(worktree)?;
        nothing_under_way(&repo)?;
        index_is_free(&repo)?;
        if let Some(branch) = commit.branch {
            bring_back(&repo, worktree, branch)?;
        }
        let head = repo.head().and_then(|head| head.peel_to_commit()).doing("read HEAD")?;
        let target = tip(&repo, from).map_err(|_| GitError::NoTarget(from.to_owned()))?;
        let is_there = head.id() == target.id()
            || repo.graph_descendant_of(head.id(), target.id()).doing("compare commits")?;
        if is_there {
            return Ok(BroughtUp { from: target.id().to_string(), conflicts: Vec::new() });
        }
        let mut merged = merged_index(&repo, &head, &target, (commit.branch.unwrap_or("HEAD"), from))?;
        let conflicts = settle(&repo, &mut merged, from, of_user)?;
        let new = repo.find_tree(write_tree(&repo, &mut merged)?).doing("read the merged tree")?;
        let old = tree_of(&repo, &head)?;
        let mut index = index::read_plain(&repo)?;
        let mut landing = Landing::prepare(&repo, steps(&repo, &old, &new, &[])?, &new, &new, Some(&index))?;
        landing.apply()?;
        put_steps(&mut index, landing.steps(), repo.workdir(), |step| (step.old, step.new));
        let author = identity(&repo)?;
        // HEAD last: until then, a second try finds what it began with.
        let moved = index.write().doing("write the index").and_then(|()| {
            let parents = [&head, &target];
            let made = repo.commit(Some("HEAD"), &author, &author, &commit.message(), &new, &parents);
            made.doing("write the merge")
        });
        if moved.is_err() {
            landing.take_back();
        }
        moved?;
        landing.keep();
        Ok(BroughtUp { from: target.id().to_string(), conflicts })
    }
}

/// Settles every conflict of an index: by what `from` has where the file is the user's, else by a file with both sides. Returns
/// the files that have to be looked at.
fn settle(
    repo: &git2::Repository,
    merged: &mut Index,
    from: &str,
    of_user: &[PathBuf],
) -> Result<Vec<PathBuf>, GitError> {
    const DOING: &str = "settle a conflict";
    let all: Vec<IndexConflict> = merged
        .conflicts()
        .doing("read the conflicts")?
        .collect::<Result<_, _>>()
        .doing("read the conflicts")?;
    let mut files = Vec::new();
    for IndexConflict { ancestor, our, their } in all {
        let Some(path) =
            [&our, &their, &ancestor].into_iter().flatten().next().map(|entry| entry.path.clone())
        else {
            continue;
        };
        let of_them = excepted(&path, of_user);
        let settled = match (&ancestor, &our, &their) {
            _ if of_them => their,
            (ancestor, Some(ours), Some(theirs)) => {
                Some(with_markers(repo, ancestor.as_ref(), ours, theirs, from).unwrap_or_else(|| copy(ours)))
            }
            // One side changed what the other removed: it stays, to be looked at.
            (_, Some(one), None) | (_, None, Some(one)) => Some(copy(one)),
            (_, None, None) => None,
        };
        let place = path_of(&path);
        merged.conflict_remove(&place).doing(DOING)?;
        if let Some(mut entry) = settled {
            entry.path = path;
            // Its stage, which is none now.
            entry.flags &= !(3 << 12);
            merged.add(&entry).doing(DOING)?;
        }
        if !of_them {
            files.push(place);
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

/// A file with both sides between git's markers; `None` if its content has no lines.
fn with_markers(
    repo: &git2::Repository,
    ancestor: Option<&IndexEntry>,
    ours: &IndexEntry,
    theirs: &IndexEntry,
    from: &str,
) -> Option<IndexEntry> {
    let mut options = MergeFileOptions::new();
    options.our_label("the task").their_label(from);
    let empty = || {
        let id = repo.blob(b"").ok()?;
        Some(IndexEntry { id, file_size: 0, ..copy(ours) })
    };
    let ancestor = match ancestor {
        Some(ancestor) => copy(ancestor),
        None => empty()?,
    };
    let is_text = |entry: &IndexEntry| repo.find_blob(entry.id).is_ok_and(|blob| !blob.is_binary());
    if ![&ancestor, ours, theirs].into_iter().all(is_text) {
        return None;
    }
    let merged = repo.merge_file_from_index(&ancestor, ours, theirs, Some(&mut options)).ok()?;
    let id = repo.blob(merged.content()).ok()?;
    Some(IndexEntry { id, file_size: 0, ..copy(ours) })
}

fn copy(entry: &IndexEntry) -> IndexEntry {
    IndexEntry { path: entry.path.clone(), ..*entry }
}
