//! The user's repository: worktrees, checkpoints, commits, merges, and never a lost file.
//!
//! Works on objects, refs and files through libgit2, so it needs no `git` and runs no hook. The `git` command is called,
//! without hooks, for files whose attributes name a filter that libgit2 does not have (LFS, an encoding).
//! Paths are bytes everywhere. Every handle is opened for one operation, so nothing here is stale after an agent's
//! turn. Never knows plans, loops or the database: what they are called comes in as text.

mod checkpoint;
mod command;
mod commit;
mod contents;
mod diff;
mod error;
mod filters;
mod gc;
mod index;
mod land;
mod merge;
mod names;
mod path_bytes;
mod provision;
mod scan;
mod submodule;
mod text_change;
mod worktree;

pub use checkpoint::{Checkpoint, CheckpointSpec, RewindSpec, Surroundings};
pub use commit::Commit;
pub use diff::{ChangeKind, Diff, FileChange};
pub use error::GitError;
pub use filters::Withheld;
pub use gc::{Leftover, LeftoverKind};
pub use index::IndexKind;
pub use merge::{MergeSpec, Merged, TASK_TRAILER};
pub use names::{branch_name, checkpoint_ref, subject, subject_of, task_of_branch, worktree_dir};
pub use provision::{Provisioned, provision};
pub use scan::{SkipReason, Skipped, WithoutFilter};
pub use text_change::{TextChange, WorkingCopies, WorkingCopy};
pub use worktree::{WorktreeHandle, WorktreeSpec};

use alfine_core::plan::Isolation;
use error::{Doing, REFTABLE};
use git2::{ErrorCode, RepositoryOpenFlags, RepositoryState, StatusOptions};
use path_bytes::path_of;
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};
use worktree::{is_home_of, same_place};

/// Where a repository lies. Cheap to clone and to send; holds nothing open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    git_dir: PathBuf,
    common_dir: PathBuf,
    workdir: PathBuf,
}

/// What a loop starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The commit at HEAD, as hex.
    pub base_commit: String,
    /// The branch at HEAD, without `refs/heads/`; none when HEAD is detached, and then a merge must be told where to.
    pub base_branch: Option<String>,
    /// What is not in that commit: staged, modified, deleted or untracked paths from the root, untracked folders as one.
    pub dirty: Vec<PathBuf>,
}

impl Repository {
    /// Finds the repository of a folder: of the folder itself or of the nearest one above, linked worktrees included.
    pub fn discover(path: &Path) -> Result<Self, GitError> {
        let start = path.canonicalize().map_err(|source| GitError::Io {
            doing: "open the folder",
            path: path.to_owned(),
            source,
        })?;
        let repo =
            git2::Repository::open_ext(&start, RepositoryOpenFlags::empty(), std::iter::empty::<&OsStr>())
                .map_err(|error| not_opened(&start, &error))?;
        Self::of(&repo)
    }

    fn of(repo: &git2::Repository) -> Result<Self, GitError> {
        let Some(workdir) = repo.workdir() else {
            if said_bare(repo) {
                return Err(GitError::SaidBare { path: repo.path().to_owned() });
            }
            return Err(GitError::Bare { path: repo.path().to_owned() });
        };
        let real = |path: &Path| {
            path.canonicalize().map_err(|source| GitError::Io {
                doing: "open the folder",
                path: path.to_owned(),
                source,
            })
        };
        Ok(Self { git_dir: real(repo.path())?, common_dir: real(repo.commondir())?, workdir: real(workdir)? })
    }

    /// The git folder that all worktrees of this repository share.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The root of the working tree this was discovered from.
    pub fn workdir(&self) -> &Path {
        &self.workdir
    }

    /// Says whether git ignores a path from the root of the working tree.
    pub fn is_ignored(&self, path: &Path) -> Result<bool, GitError> {
        self.open()?.is_path_ignored(path).doing("read .gitignore")
    }

    /// Checks that a loop can start, without changing anything.
    ///
    /// A repository without a commit, a git folder that cannot be written, and a merge, rebase, cherry-pick, revert or
    /// bisect that is under way are errors: in all of these HEAD is not what the user takes it for.
    pub fn preflight(&self, isolation: Isolation) -> Result<Start, GitError> {
        let repo = self.open()?;
        for folder in ["", "objects", "refs"] {
            writable(&self.common_dir.join(folder))?;
        }
        if isolation == Isolation::InPlace {
            writable(&self.workdir)?;
        }
        nothing_under_way(&repo)?;
        index::read(&repo)?;

        let head = match repo.head() {
            Ok(head) => head,
            Err(error) if error.code() == ErrorCode::UnbornBranch => {
                return Err(GitError::Empty { path: self.workdir.clone() });
            }
            Err(error) => return Err(error).doing("read HEAD"),
        };
        let base_commit = head.peel_to_commit().doing("read the commit at HEAD")?.id().to_string();
        let base_branch = if head.is_branch() {
            let name = head.shorthand_bytes();
            let name = str::from_utf8(name).map_err(|_| GitError::BranchName { name: path_of(name) })?;
            Some(name.to_owned())
        } else {
            None
        };
        let dirty = changed_paths(&repo)?.into_iter().map(|(path, _)| path).collect();
        Ok(Start { base_commit, base_branch, dirty })
    }

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

    fn open(&self) -> Result<git2::Repository, GitError> {
        open_exactly(&self.workdir)
    }

    /// Opens one of this repository's worktrees. A folder of another repository is refused, also one that an agent
    /// made by replacing `.git`.
    fn open_at(&self, worktree: &Path) -> Result<git2::Repository, GitError> {
        if !worktree.is_dir() {
            return Err(GitError::WorktreeMissing { path: worktree.to_owned() });
        }
        let repo = match open_exactly(worktree) {
            Ok(repo) => repo,
            Err(_) if self.reattach(worktree)? => open_exactly(worktree)?,
            Err(GitError::NoRepository { path }) => return Err(GitError::NotOurs { path }),
            Err(error) => return Err(error),
        };
        let ours = repo.commondir().canonicalize().is_ok_and(|dir| dir == self.common_dir);
        if !ours || !self.is_its_own(&repo, worktree) || repo.workdir().is_none() {
            return Err(GitError::NotOurs { path: worktree.to_owned() });
        }
        Ok(repo)
    }

    /// Says whether git knows this very folder as a working tree. With a link in its place, or with another tree's
    /// `.git` in it, the user's own files and HEAD would be taken for the agent's work.
    fn is_its_own(&self, repo: &git2::Repository, folder: &Path) -> bool {
        let git = folder.join(".git");
        if folder.is_symlink() {
            return false;
        }
        if same_place(folder, &self.workdir) {
            return true;
        }
        !git.is_symlink() && (same_place(&git, &self.common_dir) || is_home_of(repo.path(), &git))
    }
}

fn open_exactly(path: &Path) -> Result<git2::Repository, GitError> {
    git2::Repository::open_ext(path, RepositoryOpenFlags::NO_SEARCH, std::iter::empty::<&OsStr>())
        .map_err(|error| not_opened(path, &error))
}

/// Says whether a repository only says that it is bare: its working tree is around it.
fn said_bare(repo: &git2::Repository) -> bool {
    repo.is_bare()
        && repo.path().file_name().is_some_and(|name| name == ".git")
        && repo.path().join("index").exists()
}

fn not_opened(path: &Path, error: &git2::Error) -> GitError {
    let path = path.to_owned();
    // libgit2 has no code of its own for these.
    let said = error.message();
    if said.contains("object format") || said.contains("extensions.objectformat") {
        return GitError::Unsupported { path, what: "its objects are named by SHA-256" };
    }
    if said.contains("extensions.refstorage") {
        return GitError::Unsupported { path, what: REFTABLE };
    }
    match error.code() {
        ErrorCode::Owner => GitError::Owner { path },
        ErrorCode::NotFound if path.ancestors().any(|folder| folder.join(".git").exists()) => {
            GitError::Corrupt { path, why: error.message().to_owned() }
        }
        ErrorCode::NotFound => GitError::NoRepository { path },
        _ => GitError::Corrupt { path, why: error.message().to_owned() },
    }
}

fn writable(path: &Path) -> Result<(), GitError> {
    use rustix::fs::{Access, access};
    match access(path, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Ok(()),
        Err(_) => Err(GitError::ReadOnly { path: path.to_owned() }),
    }
}

/// Refuses a repository in the middle of something that the user must end first.
fn nothing_under_way(repo: &git2::Repository) -> Result<(), GitError> {
    let (operation, finish, abort) = match repo.state() {
        RepositoryState::Clean => return Ok(()),
        RepositoryState::Merge => ("merge", "git commit", "git merge --abort"),
        RepositoryState::Revert | RepositoryState::RevertSequence => {
            ("revert", "git revert --continue", "git revert --abort")
        }
        RepositoryState::CherryPick | RepositoryState::CherryPickSequence => {
            ("cherry-pick", "git cherry-pick --continue", "git cherry-pick --abort")
        }
        RepositoryState::Bisect => ("bisect", "git bisect good|bad", "git bisect reset"),
        RepositoryState::Rebase
        | RepositoryState::RebaseInteractive
        | RepositoryState::RebaseMerge
        | RepositoryState::ApplyMailboxOrRebase => ("rebase", "git rebase --continue", "git rebase --abort"),
        RepositoryState::ApplyMailbox => ("mailbox import", "git am --continue", "git am --abort"),
    };
    Err(GitError::Busy { path: repo.workdir().unwrap_or(repo.path()).to_owned(), operation, finish, abort })
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
fn changed_paths(repo: &git2::Repository) -> Result<Vec<(PathBuf, String)>, GitError> {
    index::read_or_head(repo)?;
    let mut options = StatusOptions::new();
    options.include_untracked(true).include_ignored(false);
    let statuses = repo.statuses(Some(&mut options)).or_else(|_| {
        // A folder that may not be read ends libgit2's walk over untracked files; what is tracked is still seen.
        repo.statuses(Some(options.include_untracked(false)))
    });
    let statuses = statuses.doing("compare the working tree with its last commit")?;
    Ok(statuses
        .iter()
        .map(|entry| (path_of(entry.path_bytes()), diff::status_letters(entry.status())))
        .collect())
}
