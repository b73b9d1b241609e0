//! Where a repository lies, and how it and its worktrees are opened.

use super::{
    GitError,
    error::{Doing, DoingOn, REFTABLE},
    places::{is_home_of, same_place},
};
use git2::{ErrorCode, RepositoryOpenFlags, RepositoryState};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

/// Where a repository lies. Cheap to clone and to send; holds nothing open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    pub(super) git_dir: PathBuf,
    pub(super) common_dir: PathBuf,
    pub(super) workdir: PathBuf,
}

impl Repository {
    /// Finds the repository of a folder: of the folder itself or of the nearest one above, linked worktrees included.
    pub fn discover(path: &Path) -> Result<Self, GitError> {
        let start = path.canonicalize().doing_on("open the folder", path)?;
        let repo =
            git2::Repository::open_ext(&start, RepositoryOpenFlags::empty(), std::iter::empty::<&OsStr>())
                .map_err(|error| not_opened(&start, &error))?;
        Self::of(&repo)
    }

    fn of(repo: &git2::Repository) -> Result<Self, GitError> {
        let Some(workdir) = repo.workdir() else {
            if said_bare(repo) {
                return Err(GitError::SaidBare(repo.path().to_owned()));
            }
            return Err(GitError::Bare(repo.path().to_owned()));
        };
        let real = |path: &Path| path.canonicalize().doing_on("open the folder", path);
        Ok(Self { git_dir: real(repo.path())?, common_dir: real(repo.commondir())?, workdir: real(workdir)? })
    }

    /// The same repository, looked at from its main working tree; `None` if there is none.
    pub fn main(&self) -> Option<Self> {
        Self::of(&self.main_tree()?).ok()
    }

    /// The git folder that all worktrees of this repository share.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The git folder of the working tree this was discovered from, which has its HEAD.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The root of the working tree this was discovered from.
    pub fn workdir(&self) -> &Path {
        &self.workdir
    }

    /// Says whether git ignores a path from the root of the working tree.
    pub fn is_ignored(&self, path: &Path) -> Result<bool, GitError> {
        self.open()?.is_path_ignored(path).doing("read .gitignore")
    }

    pub(super) fn open(&self) -> Result<git2::Repository, GitError> {
        open_exactly(&self.workdir)
    }

    /// Opens the main working tree; `None` if there is none, or if it is not known where it is: a git folder that lies
    /// elsewhere (`git init --separate-git-dir`) does not say that.
    pub(super) fn main_tree(&self) -> Option<git2::Repository> {
        if self.git_dir == self.common_dir {
            return self.open().ok().filter(|main| main.workdir().is_some());
        }
        let main = git2::Repository::open(&self.common_dir).ok()?;
        let leads_here =
            |root: &Path| open_exactly(root).is_ok_and(|repo| same_place(repo.commondir(), &self.common_dir));
        main.workdir().is_some_and(leads_here).then_some(main)
    }

    /// Opens one of this repository's worktrees. A folder of another repository is refused, also one that an agent
    /// made by replacing `.git`.
    pub(super) fn open_at(&self, worktree: &Path) -> Result<git2::Repository, GitError> {
        if !worktree.is_dir() {
            return Err(GitError::WorktreeMissing(worktree.to_owned()));
        }
        let repo = match open_exactly(worktree) {
            Ok(repo) => repo,
            Err(_) if self.reattach(worktree)? => open_exactly(worktree)?,
            Err(GitError::NoRepository(path)) => return Err(GitError::NotOurs(path)),
            Err(error) => return Err(error),
        };
        let ours = repo.commondir().canonicalize().is_ok_and(|dir| dir == self.common_dir);
        if !ours || !self.is_its_own(&repo, worktree) || repo.workdir().is_none() {
            return Err(GitError::NotOurs(worktree.to_owned()));
        }
        Ok(repo)
    }

    /// Says whether git knows this very folder as a working tree. With a link in its place, or with another tree's
    /// `.git` in it, the user's own files and HEAD would be treated as the agent's work.
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

/// What Python writes beside each source that it loads, whether anybody told git of it or not. Nothing of it is work, and
/// what a check loads of it must come of the sources that are there.
const BYTECODE: &str = "__pycache__/";

/// Opens the repository of exactly this folder.
pub(super) fn open_exactly(path: &Path) -> Result<git2::Repository, GitError> {
    let repo = git2::Repository::open_ext(path, RepositoryOpenFlags::NO_SEARCH, std::iter::empty::<&OsStr>())
        .map_err(|error| not_opened(path, &error))?;
    repo.add_ignore_rule(BYTECODE).doing("ignore bytecode")?;
    Ok(repo)
}

/// Says whether a repository only says that it is bare: its working tree is around it.
pub(super) fn said_bare(repo: &git2::Repository) -> bool {
    repo.is_bare()
        && repo.path().file_name().is_some_and(|name| name == ".git")
        && repo.path().join("index").exists()
}

fn not_opened(path: &Path, error: &git2::Error) -> GitError {
    let path = path.to_owned();
    // libgit2 has no error codes for these, only messages.
    let said = error.message();
    if said.contains("object format") || said.contains("extensions.objectformat") {
        return GitError::Unsupported { path, what: "its objects are named by SHA-256" };
    }
    if said.contains("extensions.refstorage") {
        return GitError::Unsupported { path, what: REFTABLE };
    }
    match error.code() {
        ErrorCode::Owner => GitError::Owner(path),
        ErrorCode::NotFound if path.ancestors().any(|folder| folder.join(".git").exists()) => {
            GitError::Corrupt { path, why: error.message().to_owned() }
        }
        ErrorCode::NotFound => GitError::NoRepository(path),
        _ => GitError::Corrupt { path, why: error.message().to_owned() },
    }
}

/// Refuses a repository in the middle of something that the user must end first.
pub(super) fn nothing_under_way(repo: &git2::Repository) -> Result<(), GitError> {
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
