//! Lands a task's branch on the branch it was based on.
//!
//! Order: the branch is locked; the files of every worktree that has it checked out are changed; their indexes
//! follow; the branch moves last. Whatever fails before is taken back. After a crash in between, the files are ahead
//! of the branch, which a second try finds to be right already; the other way round, the next `git commit -a` would
//! have undone the merge.

use super::{
    GitError, Repository,
    commit::identity,
    error::Doing,
    land::{Landing, index_is_free, put_steps, steps},
    names::mark,
    nothing_under_way,
    path_bytes::path_of,
};
use git2::{BranchType, Commit, ErrorCode, Index, MergeOptions, Oid, Tree};
use std::{fs, path::PathBuf};

/// What to merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeSpec {
    /// The task's branch.
    pub branch: String,
    /// The branch it goes into.
    pub target_branch: String,
    /// The task's id: the commit that lands must name it in its subject.
    pub task_id: String,
    /// The message of a merge commit (see [`subject`](super::subject()) for its first line).
    pub message: String,
}

/// A merge that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The target branch's commit, as hex.
    pub commit: String,
    /// Whether the target only moved forward, without a merge commit.
    pub fast_forward: bool,
    /// Whether the target was checked out, so that files changed.
    pub checked_out: bool,
}

/// A worktree that has the target checked out.
struct CheckedOut {
    repo: git2::Repository,
    index: Index,
    landing: Landing,
}

impl Repository {
    /// Returns the commit of a branch, as hex; none where there is no such branch.
    pub fn branch_commit(&self, branch: &str) -> Result<Option<String>, GitError> {
        let repo = self.open()?;
        let found = repo.find_branch(branch, git2::BranchType::Local);
        Ok(found
            .ok()
            .and_then(|branch| branch.get().peel_to_commit().ok())
            .map(|commit| commit.id().to_string()))
    }

    /// Says whether a commit has another one in its history, or is it.
    pub fn contains(&self, commit: &str, other: &str) -> Result<bool, GitError> {
        let repo = self.open()?;
        let id = |hex: &str| git2::Oid::from_str(hex).doing("read a commit's id");
        let (commit, other) = (id(commit)?, id(other)?);
        Ok(commit == other || repo.graph_descendant_of(commit, other).doing("compare commits")?)
    }

    /// Merges a task's branch. Moves the target forward where its last commit names the task, else makes a merge
    /// commit that does.
    ///
    /// With conflicts, or with anything uncommitted in the way in a worktree that has the target checked out, nothing
    /// at all is touched.
    pub fn merge(&self, spec: &MergeSpec) -> Result<Merged, GitError> {
        let repo = self.open()?;
        let branch = tip(&repo, &spec.branch)?;
        let target = tip(&repo, &spec.target_branch)?;
        let name = format!("refs/heads/{}", spec.target_branch);
        let holders = self.holders(&repo, &name)?;
        let checked_out = !holders.is_empty();
        let descends = |one: &Commit<'_>, other: &Commit<'_>| {
            let (one, other) = (one.id(), other.id());
            Ok(one == other || repo.graph_descendant_of(one, other).doing("compare commits")?)
        };
        if descends(&target, &branch)? {
            return Ok(Merged { commit: target.id().to_string(), fast_forward: true, checked_out });
        }

        let forward = descends(&branch, &target)?;
        let named = branch
            .summary_bytes()
            .is_some_and(|subject| String::from_utf8_lossy(subject).contains(&mark(&spec.task_id)));
        let fast_forward = forward && named;
        let landed = if fast_forward {
            branch.id()
        } else {
            let tree = if forward {
                branch.tree().doing("read a commit")?
            } else {
                merged_tree(&repo, &target, &branch, spec)?
            };
            let author = identity(&repo)?;
            let message = format!("{}\n", spec.message.trim_end());
            repo.commit(None, &author, &author, &message, &tree, &[&target, &branch])
                .doing("write the merge")?
        };
        self.land(&repo, &name, target.id(), landed, holders)?;
        Ok(Merged { commit: landed.to_string(), fast_forward, checked_out })
    }

    /// Opens every worktree that has a branch checked out. One that rebases it, or is in the middle of something on
    /// it, is an error.
    fn holders(&self, repo: &git2::Repository, name: &str) -> Result<Vec<git2::Repository>, GitError> {
        let mut all = Vec::new();
        if let Ok(main) = git2::Repository::open(&self.common_dir)
            && main.workdir().is_some()
        {
            all.push(main);
        }
        for worktree in repo.worktrees().doing("list the worktrees")?.iter().flatten().flatten() {
            let opened = repo.find_worktree(worktree).and_then(|worktree| {
                worktree.validate()?;
                git2::Repository::open_from_worktree(&worktree)
            });
            // One whose folder is gone has no files to look after.
            all.extend(opened.ok());
        }
        let mut holders = Vec::new();
        for repo in all {
            let rebased = ["rebase-merge", "rebase-apply"].iter().any(|folder| {
                let head = fs::read(repo.path().join(folder).join("head-name"));
                head.is_ok_and(|head| head.trim_ascii_end() == name.as_bytes())
            });
            let head = repo.find_reference("HEAD").doing("read HEAD")?;
            let on = head.symbolic_target_bytes() == Some(name.as_bytes());
            drop(head);
            if rebased || on {
                nothing_under_way(&repo)?;
            }
            if on {
                holders.push(repo);
            }
        }
        Ok(holders)
    }

    /// Moves a branch and the files of those who have it checked out.
    fn land(
        &self,
        repo: &git2::Repository,
        name: &str,
        old: Oid,
        new: Oid,
        holders: Vec<git2::Repository>,
    ) -> Result<(), GitError> {
        let mut transaction = repo.transaction().doing("begin")?;
        transaction.lock_ref(name).map_err(|source| match source.code() {
            ErrorCode::Locked => GitError::Locked { path: self.common_dir.join(format!("{name}.lock")) },
            _ => GitError::Git { doing: "lock the branch", source },
        })?;
        if repo.refname_to_id(name).doing("read the branch")? != old {
            return Err(GitError::Changed { what: name.to_owned() });
        }
        transaction
            .set_target(name, new, Some(&identity(repo)?), "alfine: merge")
            .doing("move the branch")?;

        let mut prepared = Vec::new();
        for repo in holders {
            prepared.push(prepare(repo, old, new)?);
        }
        for at in 0..prepared.len() {
            let landed = prepared.get_mut(at).map_or(Ok(()), CheckedOut::land);
            if landed.is_err() {
                prepared.iter_mut().take(at).for_each(CheckedOut::take_back);
            }
            landed?;
        }
        let moved = transaction.commit().doing("move the branch");
        if moved.is_err() {
            prepared.iter_mut().for_each(CheckedOut::take_back);
        }
        moved?;
        prepared.into_iter().for_each(|checked_out| checked_out.landing.keep());
        Ok(())
    }
}

fn prepare(repo: git2::Repository, old: Oid, new: Oid) -> Result<CheckedOut, GitError> {
    index_is_free(&repo)?;
    let index = repo.index().doing("read the index")?;
    let landing = {
        let tree = |id| repo.find_commit(id).and_then(|commit| commit.tree()).doing("read a commit");
        let (old, new) = (tree(old)?, tree(new)?);
        Landing::prepare(&repo, steps(&repo, &old, &new, &[])?, &new, Some(&index))?
    };
    Ok(CheckedOut { repo, index, landing })
}

impl CheckedOut {
    fn land(&mut self) -> Result<(), GitError> {
        self.landing.apply()?;
        put_steps(&mut self.index, self.landing.steps(), self.repo.workdir(), |step| (step.old, step.new));
        let written = self.index.write().doing("write the index");
        if written.is_err() {
            self.landing.take_back();
        }
        written
    }

    fn take_back(&mut self) {
        self.landing.take_back();
        put_steps(&mut self.index, self.landing.steps(), self.repo.workdir(), |step| (step.new, step.old));
        if let Err(error) = self.index.write() {
            tracing::error!("The index could not be put back after a failed merge: {error}");
        }
    }
}

fn tip<'r>(repo: &'r git2::Repository, name: &str) -> Result<Commit<'r>, GitError> {
    repo.find_branch(name, BranchType::Local)
        .and_then(|branch| branch.get().peel_to_commit())
        .map_err(|_| GitError::NoBranch { name: name.to_owned() })
}

fn merged_tree<'r>(
    repo: &'r git2::Repository,
    target: &Commit<'_>,
    branch: &Commit<'_>,
    spec: &MergeSpec,
) -> Result<Tree<'r>, GitError> {
    let mut options = MergeOptions::new();
    options.find_renames(true);
    let mut index = repo.merge_commits(target, branch, Some(&options)).doing("merge")?;
    if !index.has_conflicts() {
        let tree = index.write_tree_to(repo).doing("write the merged tree")?;
        return repo.find_tree(tree).doing("read the merged tree");
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for conflict in index.conflicts().doing("read the conflicts")? {
        let conflict = conflict.doing("read the conflicts")?;
        let sides = [conflict.our, conflict.their, conflict.ancestor];
        files.extend(sides.into_iter().flatten().next().map(|entry| path_of(&entry.path)));
    }
    files.sort();
    files.dedup();
    Err(GitError::Conflicts { branch: spec.branch.clone(), target: spec.target_branch.clone(), files })
}
