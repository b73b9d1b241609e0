//! Real commits on a task's branch, made when its checks passed.
//!
//! Hooks do not run: a hook may ask on a terminal that is not there, may change the tree that was just verified, and
//! runs code that nobody approved for Alfine. Commits are not signed: a signature may ask for a passphrase.

use super::{
    GitError, Repository, Surroundings,
    checkpoint::{alfine, head_of, snapshot},
    contents::Contents,
    error::Doing,
    index,
    land::{index_is_free, put_tree},
    path_bytes::bytes_of,
    repository::nothing_under_way,
    skipped::{SkipReason, Skipped, Withheld, WithoutFilter},
};
use alfine_core::text::one_line;
use git2::Signature;
use std::path::Path;

/// What to commit.
#[derive(Debug, Clone)]
pub struct Commit<'a> {
    /// The branch that the commit must land on, without `refs/heads/`; if it is `None`, the branch that is checked out.
    pub branch: Option<&'a str>,
    /// The first line (see [`subject`](super::subject())).
    pub subject: String,
    /// What comes below; may be empty.
    pub body: String,
    /// Names and values of trailers, such as `Alfine-Task`.
    pub trailers: Vec<(String, String)>,
    /// How the tree is looked at.
    pub surroundings: &'a Surroundings,
}

impl Commit<'_> {
    pub(super) fn message(&self) -> String {
        let mut message = format!("{}\n", one_line(&self.subject));
        let body = self.body.trim();
        if !body.is_empty() {
            message.push_str(&format!("\n{body}\n"));
        }
        if !self.trailers.is_empty() {
            message.push('\n');
        }
        for (name, value) in &self.trailers {
            message.push_str(&format!("{}: {}\n", one_line(name), one_line(value)));
        }
        message
    }
}

impl Repository {
    /// Commits everything uncommitted in a worktree, except what is Alfine's own, and returns the commit's id as hex;
    /// `None` if there is nothing.
    ///
    /// A HEAD that left the branch but continues it (an agent's detached commit, a branch on top) is brought back.
    pub fn commit_all(&self, worktree: &Path, commit: &Commit<'_>) -> Result<Option<String>, GitError> {
        let repo = self.open_at(worktree)?;
        nothing_under_way(&repo)?;
        index_is_free(&repo)?;
        if let Some(branch) = commit.branch {
            bring_back(&repo, worktree, branch)?;
        }
        let mut index = index::read_plain(&repo)?;
        let now = snapshot(&repo, commit.surroundings)?;
        refuse_changed_filters(&repo, &now.skipped)?;
        let tree = repo.find_tree(now.tree).doing("read the tree")?;
        let parent = now.head.map(|head| repo.find_commit(head)).transpose().doing("read HEAD")?;
        if parent.as_ref().is_some_and(|parent| parent.tree_id() == now.tree) {
            return Ok(None);
        }
        // The index before HEAD: after a crash in between everything is staged, and nothing looks taken back.
        put_tree(&mut index, &tree, repo.workdir()).doing("stage the files")?;
        index.write().doing("write the index")?;
        let author = identity(&repo)?;
        let parents: Vec<_> = parent.iter().collect();
        let id = repo.commit(Some("HEAD"), &author, &author, &commit.message(), &tree, &parents);
        Ok(Some(id.doing("commit")?.to_string()))
    }
}

/// Refuses to commit files as they are that a filter of the user's is there to change, perhaps to encrypt.
fn refuse_changed_filters(repo: &git2::Repository, skipped: &[Skipped]) -> Result<(), GitError> {
    let changed = SkipReason::Filter(WithoutFilter::Withheld(Withheld::Changed));
    let Some(file) = skipped.iter().find(|skipped| skipped.reason == changed) else { return Ok(()) };
    let filter = Contents::new(repo)?.withheld_filter(bytes_of(&file.path));
    let filter = filter.map_or_else(String::new, |(_, filter)| filter);
    Err(GitError::FilterChanged { path: file.path.clone(), filter })
}

/// Puts HEAD back on a branch that it continues.
pub(super) fn bring_back(repo: &git2::Repository, worktree: &Path, branch: &str) -> Result<(), GitError> {
    let name = format!("refs/heads/{branch}");
    let (head, on) = head_of(repo)?;
    let Some(head) = head.filter(|_| on.as_deref() != Some(&name)) else { return Ok(()) };
    if let Ok(tip) = repo.refname_to_id(&name)
        && tip != head
        && !repo.graph_descendant_of(head, tip).doing("compare commits")?
    {
        return Err(GitError::BranchLeft { path: worktree.to_owned(), branch: branch.to_owned() });
    }
    repo.reference(&name, head, true, "alfine: continued elsewhere").doing("move the branch")?;
    repo.set_head(&name).doing("set HEAD")
}

impl Repository {
    /// The user's name, as git knows it.
    pub fn user_name(&self) -> Option<String> {
        let signature = self.open().ok()?.signature().ok()?;
        signature.name().ok().map(str::to_owned).filter(|name| !name.trim().is_empty())
    }
}

/// The user's name for commits, or Alfine's where git knows none.
pub(super) fn identity(repo: &git2::Repository) -> Result<Signature<'static>, GitError> {
    match of_named_configuration(repo) {
        Some((name, email)) => Signature::now(&name, &email).doing("sign a commit"),
        None => repo.signature().or_else(|_| alfine()),
    }
}

/// The user's name and address where the environment names git's configuration, which libgit2 does not look at.
fn of_named_configuration(repo: &git2::Repository) -> Option<(String, String)> {
    let path = std::env::var_os("GIT_CONFIG_GLOBAL").filter(|path| !path.is_empty())?;
    let global = git2::Config::open(Path::new(&path)).ok()?;
    let own = repo.config().and_then(|config| config.open_level(git2::ConfigLevel::Local)).ok();
    let own = |key| own.as_ref().and_then(|own| own.get_string(key).ok());
    let get = |key| own(key).or_else(|| global.get_string(key).ok());
    Some((get("user.name")?, get("user.email")?))
}
