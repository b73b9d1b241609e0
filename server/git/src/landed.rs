//! Whether work that landed once is in what a commit has now. History alone does not say: a revert keeps the commit and
//! takes the work away, a rebase keeps the work under another commit.

use super::{
    GitError, Repository,
    error::Doing,
    partial::{tree_of, with_folders},
    path_bytes::path_of,
};
use git2::{Commit, Oid, Tree};
use std::path::{Path, PathBuf};

/// Work, as the commits before and after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work<'c> {
    /// The commit that it began from, as hex; `None` if it is not known.
    pub base: Option<&'c str>,
    /// Its last commit, or the one that it landed as, as hex.
    pub commit: &'c str,
    /// Whether that is the commit that it landed as. A merge is then what a branch got from it; on a branch of its own a
    /// merge brought others' work to it.
    pub landed: bool,
}

/// What work did to one file.
struct Step {
    path: PathBuf,
    before: Option<Oid>,
    after: Option<Oid>,
}

impl Repository {
    /// Says whether work is in what a commit has. The file `except` says nothing about that. Work whose commits are gone
    /// is taken to be there.
    pub fn has_work(&self, here: &str, work: Work<'_>, except: &Path) -> Result<bool, GitError> {
        let repo = self.open()?;
        let Some(mut steps) = steps_of(&repo, work)? else { return Ok(true) };
        steps.retain(|step| step.path != except);
        let here = commit(&repo, here)?;
        let tree = tree_of(&repo, &here)?;
        let all = |side: fn(&Step) -> Option<Oid>| {
            steps.iter().filter(|step| entry(&tree, &step.path) == side(step)).count()
        };
        let (as_before, as_after) = (all(|step| step.before), all(|step| step.after));
        // Whoever works on changes some of it, whoever reverts it all of it.
        match (as_before, as_after) {
            _ if steps.is_empty() => Ok(true),
            (0, 1..) => Ok(true),
            (before, _) if before == steps.len() => Ok(false),
            // Only then is history asked, for it may be long.
            _ => {
                let landed = Oid::from_str(work.commit).doing(READING)?;
                Ok(here.id() == landed
                    || repo.graph_descendant_of(here.id(), landed).doing("compare commits")?)
            }
        }
    }

    /// The files of work that a commit has in another way, from the root: what that work would change there.
    pub fn files_lacking(&self, here: &str, work: Work<'_>) -> Result<Vec<PathBuf>, GitError> {
        let repo = self.open()?;
        let tree = tree_of(&repo, &commit(&repo, here)?)?;
        let steps = steps_of(&repo, work)?.unwrap_or_default().into_iter();
        Ok(steps.filter(|step| entry(&tree, &step.path) != step.after).map(|step| step.path).collect())
    }
}

const READING: &str = "read a commit";

fn commit<'r>(repo: &'r git2::Repository, id: &str) -> Result<Commit<'r>, GitError> {
    Oid::from_str(id).and_then(|id| repo.find_commit(id)).doing(READING)
}

/// What work did to each file; `None` if its commits are gone.
fn steps_of(repo: &git2::Repository, work: Work<'_>) -> Result<Option<Vec<Step>>, GitError> {
    let Ok(after) = commit(repo, work.commit) else { return Ok(None) };
    // What a merge brought is what differs from where the branch was before. A branch that was brought up to date and is the
    // target's last commit as it is has that commit for its second parent from which its work is counted.
    let is_brought = || after.parent_id(1).is_ok_and(|of| work.base != Some(of.to_string().as_str()));
    let base = work.base.filter(|_| !(work.landed && is_brought()));
    let before = base.map_or_else(|| after.parent(0).ok(), |base| commit(repo, base).ok());
    let Some(before) = before else { return Ok(None) };
    let (before, after) = (tree_of(repo, &before)?, tree_of(repo, &after)?);
    let diff = with_folders(repo, [&before, &after], || {
        repo.diff_tree_to_tree(Some(&before), Some(&after), None).doing("compare two trees")
    })?;
    let id = |file: git2::DiffFile<'_>| (!file.id().is_zero()).then_some(file.id());
    let steps = diff.deltas().filter_map(|delta| {
        let path = delta.new_file().path_bytes().or(delta.old_file().path_bytes())?;
        Some(Step { path: path_of(path), before: id(delta.old_file()), after: id(delta.new_file()) })
    });
    Ok(Some(steps.collect()))
}

/// What a tree has at a path.
fn entry(tree: &Tree<'_>, path: &Path) -> Option<Oid> {
    tree.get_path(path).ok().map(|entry| entry.id())
}
