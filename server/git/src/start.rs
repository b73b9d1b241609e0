//! What a loop starts from, and whether it can.

use super::{
    GitError, Repository, error::Doing, index, path_bytes::path_of, repository::nothing_under_way,
    status::changed_paths,
};
use alfine_core::plan::Isolation;
use git2::{ErrorCode, Oid};
use std::path::{Path, PathBuf};

/// What a loop starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The commit at HEAD, as hex.
    pub base_commit: String,
    /// The branch at HEAD, without `refs/heads/`; `None` if HEAD is detached, and then a merge needs a branch to be
    /// named.
    pub base_branch: Option<String>,
    /// What is not in that commit: staged, modified, deleted or untracked paths from the root, untracked folders as
    /// one.
    pub dirty: Vec<PathBuf>,
}

impl Start {
    /// The same from another branch, at this commit: what is uncommitted lies on the one that is checked out.
    #[must_use]
    pub fn from_branch(self, branch: String, commit: String) -> Self {
        Self { base_commit: commit, base_branch: Some(branch), dirty: Vec::new() }
    }
}

impl Repository {
    /// Makes a branch at a commit, given as hex. One of that name is moved there, unless it has commits that the commit has not:
    /// then nothing is done.
    pub fn make_branch(&self, name: &str, commit: &str) -> Result<(), GitError> {
        let repo = self.open()?;
        let commit = Oid::from_str(commit).and_then(|id| repo.find_commit(id)).doing("read a commit")?;
        let id = commit.id().to_string();
        if let Some(tip) = self.branch_commit(name)?
            && (tip == id || !self.contains(&id, &tip)?)
        {
            return Ok(());
        }
        repo.branch(name, &commit, true).doing("make a branch").map(drop)
    }

    /// Checks that a loop can start, without changing anything.
    ///
    /// A repository without a commit, a git folder that cannot be written, and a merge, rebase, cherry-pick, revert or
    /// bisect that is under way are errors: in all of these HEAD is not what the user thinks it is.
    pub fn preflight(&self, isolation: Isolation) -> Result<Start, GitError> {
        let repo = self.open()?;
        for folder in ["", "objects", "refs"] {
            writable(&self.common_dir.join(folder))?;
        }
        if isolation == Isolation::InPlace {
            writable(&self.workdir)?;
        }
        nothing_under_way(&repo)?;
        index::read_any(&repo)?;
        lends_are_there(&repo)?;

        let (base_commit, base_branch) = self.head_of(&repo)?;
        let dirty = changed_paths(&repo)?.into_iter().map(|(path, _)| path).collect();
        Ok(Start { base_commit, base_branch, dirty })
    }

    /// The commit at HEAD, as hex, and the branch there, if it is on one.
    pub fn head(&self) -> Result<(String, Option<String>), GitError> {
        self.head_of(&self.open()?)
    }

    fn head_of(&self, repo: &git2::Repository) -> Result<(String, Option<String>), GitError> {
        let head = match repo.head() {
            Ok(head) => head,
            Err(error) if error.code() == ErrorCode::UnbornBranch => {
                return Err(GitError::Empty(self.workdir.clone()));
            }
            Err(error) => return Err(error).doing("read HEAD"),
        };
        let commit = head.peel_to_commit().doing("read the commit at HEAD")?.id().to_string();
        if !head.is_branch() {
            return Ok((commit, None));
        }
        let name = head.shorthand_bytes();
        let name = str::from_utf8(name).map_err(|_| GitError::BranchName(path_of(name)))?;
        Ok((commit, Some(name.to_owned())))
    }
}

/// Refuses a repository that borrows objects from a folder that is gone: it would seem to be damaged.
fn lends_are_there(repo: &git2::Repository) -> Result<(), GitError> {
    let objects = repo.commondir().join("objects");
    let lenders = std::fs::read(objects.join("info/alternates")).unwrap_or_default();
    for lender in
        lenders.split(|&byte| byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"#"))
    {
        let from = objects.join(path_of(lender));
        if !from.is_dir() {
            return Err(GitError::Borrowed { path: repo.workdir().unwrap_or(repo.path()).to_owned(), from });
        }
    }
    Ok(())
}

fn writable(path: &Path) -> Result<(), GitError> {
    use rustix::fs::{Access, access};
    match access(path, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Ok(()),
        Err(_) => Err(GitError::ReadOnly(path.to_owned())),
    }
}
