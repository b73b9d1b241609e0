//! What is uncommitted, as `git status` would say it.

use super::{
    ChangeKind, Checkpoint, GitError, Repository, error::Doing, index, path_bytes::path_of,
    repository::open_exactly,
};
use git2::{Oid, Status, StatusOptions, StatusShow};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// Lists what is changed, staged or untracked in the working tree with this root, below these pathspecs if there are
/// any: each path from the root, with one word for what is the matter. A folder that is all untracked is one entry, as
/// it may hold any number of files. What the tree `claimed` has or lacks will be committed, and is left out.
pub fn uncommitted_below(
    root: &Path,
    pathspecs: &[String],
    claimed: Option<&str>,
) -> Result<Vec<(PathBuf, &'static str)>, GitError> {
    let repo = open_exactly(root)?;
    let mut options = StatusOptions::new();
    options.show(StatusShow::IndexAndWorkdir).include_untracked(true).include_ignored(false);
    // The files of a claimed tree are named one by one.
    options.recurse_untracked_dirs(claimed.is_some());
    for pathspec in pathspecs {
        options.pathspec(pathspec);
    }
    let statuses =
        repo.statuses(Some(&mut options)).doing("compare the working tree with its last commit")?;
    let claimed = claimed.map(|tree| paths_of_claim(&repo, tree)).transpose()?.unwrap_or_default();
    let found = statuses.iter().map(|entry| (path_of(entry.path_bytes()), word(entry.status())));
    Ok(found.filter(|(path, _)| !claimed.contains(path)).collect())
}

/// The paths that a commit of this tree would change.
fn paths_of_claim(repo: &git2::Repository, tree: &str) -> Result<HashSet<PathBuf>, GitError> {
    let comparing = "compare the checked tree with the last commit";
    let tree = Oid::from_str(tree).and_then(|id| repo.find_tree(id)).doing(comparing)?;
    // Before the first commit there is none to compare with.
    let head = repo.head().and_then(|head| head.peel_to_tree()).ok();
    let changes = repo.diff_tree_to_tree(head.as_ref(), Some(&tree), None).doing(comparing)?;
    let files = changes.deltas().flat_map(|change| [change.old_file(), change.new_file()]);
    Ok(files.filter_map(|file| Some(path_of(file.path_bytes()?))).collect())
}

fn word(status: Status) -> &'static str {
    if status.is_conflicted() {
        "conflicted"
    } else if status.is_wt_new() {
        "untracked"
    } else if status.is_index_deleted() || status.is_wt_deleted() {
        "deleted"
    } else {
        "changed"
    }
}

impl Repository {
    /// Describes what is uncommitted in a worktree as `git status --short` would, at most `limit` lines of it.
    pub fn status_short(&self, worktree: &Path, limit: usize) -> Result<String, GitError> {
        Ok(status_lines(&changed_paths(&self.open_at(worktree)?)?, limit))
    }

    /// Describes what was uncommitted at a checkpoint, in the letters of `git status --short`, without a look at the
    /// working tree. What was staged shows as if it were not; Alfine's own files do not show.
    pub fn status_of(&self, checkpoint: &Checkpoint, limit: usize) -> Result<String, GitError> {
        let Some(head) = &checkpoint.head else { return Ok(String::new()) };
        let changes = self.files_changed(head, &checkpoint.tree, &[])?;
        let changed: Vec<(PathBuf, String)> = changes
            .into_iter()
            .map(|change| {
                let letters = match change.kind {
                    ChangeKind::Added => "??",
                    ChangeKind::Deleted => " D",
                    ChangeKind::TypeChanged => " T",
                    ChangeKind::Modified | ChangeKind::Renamed { .. } => " M",
                };
                (change.path, letters.to_owned())
            })
            .collect();
        Ok(status_lines(&changed, limit))
    }
}

fn status_lines(changed: &[(PathBuf, String)], limit: usize) -> String {
    let mut text: String =
        changed.iter().take(limit).map(|(path, code)| format!("{code} {}\n", path.display())).collect();
    if changed.len() > limit {
        text.push_str(&format!("... and {} more\n", changed.len() - limit));
    }
    text
}

/// Lists what `git status` would, with its two letters. Leaves the index alone.
pub(super) fn changed_paths(repo: &git2::Repository) -> Result<Vec<(PathBuf, String)>, GitError> {
    index::read_or_head(repo)?;
    let mut options = StatusOptions::new();
    options.include_untracked(true).include_ignored(false);
    let statuses = repo.statuses(Some(&mut options)).or_else(|_| {
        // A folder that may not be read ends libgit2's walk over untracked files; what is tracked is still seen.
        repo.statuses(Some(options.include_untracked(false)))
    });
    let statuses = statuses.doing("compare the working tree with its last commit")?;
    Ok(statuses.iter().map(|entry| (path_of(entry.path_bytes()), status_letters(entry.status()))).collect())
}

/// The two letters of `git status --short`.
fn status_letters(status: Status) -> String {
    let first = |letters: &[(Status, char)]| {
        letters.iter().find(|(bit, _)| status.intersects(*bit)).map_or(' ', |(_, letter)| *letter)
    };
    if status.contains(Status::CONFLICTED) {
        return "UU".to_owned();
    }
    if status.contains(Status::WT_NEW) && !status.intersects(Status::INDEX_NEW | Status::INDEX_DELETED) {
        return "??".to_owned();
    }
    let index = first(&[
        (Status::INDEX_NEW, 'A'),
        (Status::INDEX_MODIFIED, 'M'),
        (Status::INDEX_DELETED, 'D'),
        (Status::INDEX_RENAMED, 'R'),
        (Status::INDEX_TYPECHANGE, 'T'),
    ]);
    let tree = first(&[
        (Status::WT_NEW, '?'),
        (Status::WT_MODIFIED, 'M'),
        (Status::WT_DELETED, 'D'),
        (Status::WT_RENAMED, 'R'),
        (Status::WT_TYPECHANGE, 'T'),
    ]);
    format!("{index}{tree}")
}
