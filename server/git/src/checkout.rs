//! The user's checkout, kept before an agent runs elsewhere and compared after it.
//!
//! A worktree of its own does not keep an agent in: by an absolute path it reaches the user's files, branches, stash and
//! configuration. So what is there is written into objects first, with a ref, and what differs afterwards can
//! be named. Nothing of the user's is touched by either; bringing a state back is in `checkout_undo`.

use super::{
    GitError, Repository, Surroundings,
    checkpoint::{Snapshot, alfine, snapshot},
    error::{Doing, DoingOn},
    index,
    names::{CHECKOUTS, task_of_branch},
    path_bytes::path_of,
};
use alfine_core::checkout::{CheckoutChange, MOST_NAMED};
use git2::{Commit, DiffOptions, Oid, Tree};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Files of git's own that change what git does, from the git folder that all worktrees share.
const SETTINGS: [&str; 4] = ["config", "config.worktree", "info/exclude", "info/attributes"];

/// The largest hook or configuration that is kept, in bytes: what is larger was written by no person.
const LARGEST_SETTING: u64 = 1 << 20;

/// How much of a checkout is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Watched {
    /// All of it: the agent works in a worktree of its own.
    Everything,
    /// All but the working tree, the index, and what is checked out: the agent works right there.
    AroundTheTree,
}

/// What a checkout and the repository around it were at one moment. All ids are hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckoutState {
    pub(super) watched: Watched,
    /// The commit that keeps the working tree; its last parent keeps the index.
    pub(super) kept: String,
    /// The working tree.
    pub(super) tree: String,
    /// The index as a tree; `None` if it has conflicts or cannot be read.
    pub(super) index: Option<String>,
    /// The commit that is checked out; `None` before the first one.
    pub(super) head: Option<String>,
    /// The full name of the branch that is checked out; `None` when HEAD is detached.
    pub(super) branch: Option<String>,
    /// Branches and tags, without those of Alfine's tasks.
    pub(super) refs: BTreeMap<String, String>,
    /// The stash's commits with their messages, the latest first.
    pub(super) stash: Vec<(String, String)>,
    /// The contents of git's own configuration, by path, as blobs.
    pub(super) settings: BTreeMap<String, String>,
    /// The hooks, by name: their contents as blobs, and their modes.
    pub(super) hooks: BTreeMap<String, (String, u32)>,
    /// The folders of worktrees, without those of Alfine's tasks.
    pub(super) worktrees: BTreeSet<String>,
}

impl CheckoutState {
    /// Reads what [`Self::to_text`] wrote; `None` if it is of another version.
    pub fn of_text(text: &str) -> Option<Self> {
        serde_json::from_str(text)
            .inspect_err(|error| tracing::warn!("a kept checkout cannot be read: {error}"))
            .ok()
    }

    /// Writes it as JSON.
    pub fn to_text(&self) -> String {
        // Texts by texts: nothing that JSON does not have.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The same without what the agent of a loop in place may change.
    pub fn around_the_tree(self) -> Self {
        Self { watched: Watched::AroundTheTree, ..self }
    }

    /// How much of the checkout it has.
    pub fn watched(&self) -> Watched {
        self.watched
    }

    /// Whether all that `other` watches is in this state, too.
    pub fn covers(&self, other: &Self) -> bool {
        self.watched == Watched::Everything || other.watched == Watched::AroundTheTree
    }

    /// The ref that keeps the files of this state.
    pub fn ref_name(&self) -> String {
        format!("{CHECKOUTS}{}", self.kept)
    }

    /// What is checked out, for people.
    fn checked_out(&self) -> String {
        let branch = self.branch.as_deref().map(|name| name.strip_prefix("refs/heads/").unwrap_or(name));
        branch.or(self.head.as_deref()).unwrap_or("nothing").to_owned()
    }
}

/// Something that Alfine wrote in the checkout itself while an agent ran.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnWrite {
    /// The full name of a branch that it moved.
    pub reference: Option<String>,
    /// The commit that the branch moved to, as hex; `None` if it was not written down in time.
    pub commit: Option<String>,
    /// A file that it wrote besides, from the root.
    pub file: Option<PathBuf>,
}

impl OwnWrite {
    /// Whether it moved this branch to where it is now.
    fn moved(&self, name: &str, now: &CheckoutState) -> bool {
        let commit = self.commit.as_ref();
        self.reference.as_deref() == Some(name)
            && commit.is_none_or(|commit| now.refs.get(name) == Some(commit))
    }

    /// The files that it brought.
    fn landed<'r>(&self, repo: &'r git2::Repository, now: &CheckoutState) -> Option<Tree<'r>> {
        let at_branch = || self.reference.as_ref().and_then(|name| now.refs.get(name));
        let commit = self.commit.as_ref().or_else(at_branch)?;
        Oid::from_str(commit).and_then(|id| repo.find_commit(id)?.tree()).ok()
    }
}

impl Repository {
    /// Keeps what is in the user's checkout, and reads what is around it. `surroundings` says how the working tree is
    /// looked at; its index cache must be the caller's own. `last` is what the caller kept before: the same files have
    /// the same commit again.
    ///
    /// Writes objects and, for files that no ref keeps yet, one ref. Costs about one `git status`.
    pub fn keep_checkout(
        &self,
        watched: Watched,
        surroundings: &Surroundings,
        last: Option<&CheckoutState>,
    ) -> Result<CheckoutState, GitError> {
        let repo = self.open()?;
        let found = snapshot(&repo, surroundings)?;
        let (tree, head) = (found.whole.to_string(), found.head.map(|id| id.to_string()));
        let staged = index_tree(&repo);
        let index = staged.map(|id| id.to_string());
        let same = last.filter(|last| last.tree == tree && last.head == head && last.index == index);
        let kept = match same.filter(|last| repo.find_reference(&last.ref_name()).is_ok()) {
            Some(last) => last.kept.clone(),
            None => keep(&repo, &found, staged)?.to_string(),
        };
        Ok(CheckoutState {
            watched,
            kept,
            tree,
            index,
            head,
            branch: found.branch,
            refs: refs(&repo)?,
            stash: stash(&repo),
            settings: settings(&repo)?,
            hooks: hooks(&repo)?,
            worktrees: worktrees(&repo)?,
        })
    }

    /// Lists what differs between two states of the checkout, but for what Alfine wrote itself.
    pub fn checkout_changes(
        &self,
        before: &CheckoutState,
        now: &CheckoutState,
        own_writes: &[OwnWrite],
    ) -> Result<Vec<CheckoutChange>, GitError> {
        let repo = self.open()?;
        let landed: Vec<Tree<'_>> = own_writes.iter().filter_map(|write| write.landed(&repo, now)).collect();
        let is_known = |path: &Path, now: Oid| {
            let at =
                |tree: &Tree<'_>| tree.get_path(path).map_or_else(|_| Oid::ZERO_SHA1, |entry| entry.id());
            own_writes.iter().any(|write| write.file.as_deref() == Some(path))
                || landed.iter().any(|tree| at(tree) == now)
        };
        let mut changes = Vec::new();
        let everything = before.watched == Watched::Everything;
        if everything && (before.branch != now.branch || before.branch.is_none() && before.head != now.head) {
            changes.push(CheckoutChange::Head { was: before.checked_out(), is: now.checked_out() });
        }
        let own = |name: &str| !everything && before.branch.as_deref() == Some(name);
        for name in changed_keys(&before.refs, &now.refs).filter(|name| !own(name)) {
            let at = |state: &CheckoutState| state.refs.get(name).cloned();
            if own_writes.iter().any(|write| write.moved(name, now)) {
                continue;
            }
            changes.push(CheckoutChange::Ref { name: name.clone(), was: at(before), is: at(now) });
        }
        if everything {
            let files = different(&repo, &before.tree, &now.tree, &is_known)?;
            let staged = match (&before.index, &now.index) {
                (Some(before), Some(now)) => different(&repo, before, now, &is_known)?,
                _ => BTreeSet::new(),
            };
            // What is staged shows only where the file itself says nothing, so that no file is named twice.
            let staged: BTreeSet<PathBuf> = staged.difference(&files).cloned().collect();
            if let Some((paths, count)) = named(&files) {
                changes.push(CheckoutChange::Files { paths, count });
            }
            if let Some((paths, count)) = named(&staged) {
                changes.push(CheckoutChange::Staged { paths, count });
            }
        }
        let missing = |from: &CheckoutState, of: &CheckoutState| {
            of.stash.iter().filter(|(id, _)| !from.stash.iter().any(|(other, _)| other == id)).count() as u64
        };
        let (gone, new) = (missing(now, before), missing(before, now));
        if gone + new > 0 {
            changes.push(CheckoutChange::Stash { gone, new });
        }
        for file in changed_keys(&before.settings, &now.settings) {
            changes.push(CheckoutChange::Config { file: file.clone() });
        }
        for name in changed_keys(&before.hooks, &now.hooks) {
            changes.push(CheckoutChange::Hook { name: name.clone() });
        }
        for path in now.worktrees.difference(&before.worktrees) {
            changes.push(CheckoutChange::Worktree { path: path.clone() });
        }
        Ok(changes)
    }
}

impl Repository {
    /// Lists the refs of checkouts that were kept before a moment, in seconds since the epoch.
    pub fn checkouts_kept_before(&self, seconds: i64) -> Result<Vec<String>, GitError> {
        const DOING: &str = "list the kept checkouts";
        let repo = self.open()?;
        let mut found = Vec::new();
        for reference in repo.references_glob(&format!("{CHECKOUTS}*")).doing(DOING)? {
            let reference = reference.doing(DOING)?;
            let time = reference.peel_to_commit().map_or(0, |commit| commit.time().seconds());
            if let (true, Ok(name)) = (time < seconds, reference.name()) {
                found.push(name.to_owned());
            }
        }
        Ok(found)
    }

    /// Lets go of a kept checkout. What is in no other ref is git's to remove.
    pub fn forget_checkout(&self, name: &str) -> Result<(), GitError> {
        let repo = self.open()?;
        match repo.find_reference(name) {
            Ok(mut reference) if name.starts_with(CHECKOUTS) => {
                reference.delete().doing("let go of a kept checkout")
            }
            _ => Ok(()),
        }
    }
}

/// The keys whose values differ, or that only one side has, sorted.
fn changed_keys<'a, V: PartialEq>(
    before: &'a BTreeMap<String, V>,
    now: &'a BTreeMap<String, V>,
) -> impl Iterator<Item = &'a String> {
    let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    keys.into_iter().filter(|key| before.get(*key) != now.get(*key))
}

fn named(files: &BTreeSet<PathBuf>) -> Option<(Vec<String>, u64)> {
    let paths = files.iter().take(MOST_NAMED).map(|path| path.display().to_string()).collect();
    (!files.is_empty()).then_some((paths, files.len() as u64))
}

/// Lists the paths at which two trees differ, but for what Alfine wrote.
fn different(
    repo: &git2::Repository,
    before: &str,
    now: &str,
    is_known: &dyn Fn(&Path, Oid) -> bool,
) -> Result<BTreeSet<PathBuf>, GitError> {
    const DOING: &str = "compare the checkout with what it was";
    if before == now {
        return Ok(BTreeSet::new());
    }
    let tree = |hex: &str| Oid::from_str(hex).and_then(|id| repo.find_tree(id)).doing(DOING);
    let mut options = DiffOptions::new();
    options.include_typechange(true).skip_binary_check(true);
    let diff =
        repo.diff_tree_to_tree(Some(&tree(before)?), Some(&tree(now)?), Some(&mut options)).doing(DOING)?;
    let changed = diff.deltas().filter_map(|delta| {
        let file = delta.new_file();
        let path = path_of(file.path_bytes().or(delta.old_file().path_bytes())?);
        (!is_known(&path, file.id())).then_some(path)
    });
    Ok(changed.collect())
}

/// Writes the commit of a state, as `git stash` would: the files, with HEAD and the index as parents.
fn keep(repo: &git2::Repository, found: &Snapshot, index: Option<Oid>) -> Result<Oid, GitError> {
    const DOING: &str = "keep the checkout";
    let author = alfine()?;
    let commit = |tree: Oid, message: &str, parents: &[Commit<'_>]| {
        let tree = repo.find_tree(tree)?;
        repo.commit(None, &author, &author, message, &tree, &parents.iter().collect::<Vec<_>>())
    };
    let head = found.head.map(|head| repo.find_commit(head)).transpose().doing("read HEAD")?;
    let mut parents: Vec<Commit<'_>> = head.into_iter().collect();
    if let Some(index) = index {
        let staged = commit(index, "What was staged\n", &parents).doing(DOING)?;
        parents.push(repo.find_commit(staged).doing(DOING)?);
    }
    let kept = commit(found.whole, "The checkout before an agent ran\n", &parents).doing(DOING)?;
    repo.reference(&format!("{CHECKOUTS}{kept}"), kept, true, "alfine: checkout").doing(DOING)?;
    Ok(kept)
}

/// The user's index as a tree; `None` if it has conflicts, or is of a kind that libgit2 does not read.
fn index_tree(repo: &git2::Repository) -> Option<Oid> {
    let mut index = index::read(repo).ok()?;
    index.write_tree_to(repo).ok()
}

fn refs(repo: &git2::Repository) -> Result<BTreeMap<String, String>, GitError> {
    const DOING: &str = "list the branches and tags";
    let mut found = BTreeMap::new();
    for glob in ["refs/heads/*", "refs/tags/*"] {
        for reference in repo.references_glob(glob).doing(DOING)? {
            let reference = reference.doing(DOING)?;
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            let of_a_task =
                name.strip_prefix("refs/heads/").is_some_and(|name| task_of_branch(name).is_some());
            if let (false, Some(target)) = (of_a_task, reference.target()) {
                found.insert(name, target.to_string());
            }
        }
    }
    Ok(found)
}

pub(super) fn stash(repo: &git2::Repository) -> Vec<(String, String)> {
    if repo.find_reference("refs/stash").is_err() {
        return Vec::new();
    }
    let Ok(log) = repo.reflog("refs/stash") else { return Vec::new() };
    let message = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    log.iter().map(|entry| (entry.id_new().to_string(), message(entry.message_bytes()))).collect()
}

fn settings(repo: &git2::Repository) -> Result<BTreeMap<String, String>, GitError> {
    let mut found = BTreeMap::new();
    for name in SETTINGS {
        if let Some((blob, _)) = blob_of(repo, &repo.commondir().join(name))? {
            found.insert(name.to_owned(), blob);
        }
    }
    Ok(found)
}

fn hooks(repo: &git2::Repository) -> Result<BTreeMap<String, (String, u32)>, GitError> {
    let folder = repo.commondir().join("hooks");
    let mut found = BTreeMap::new();
    let Ok(items) = folder.read_dir() else { return Ok(found) };
    for item in items.flatten() {
        let name = item.file_name().to_string_lossy().into_owned();
        // git runs none of its samples.
        if !name.ends_with(".sample")
            && let Some(hook) = blob_of(repo, &item.path())?
        {
            found.insert(name, hook);
        }
    }
    Ok(found)
}

/// Writes a plain file as a blob, and says its mode. No ref keeps the blob: git itself removes it in two weeks, and it is
/// pushed nowhere, for a configuration may hold passwords.
fn blob_of(repo: &git2::Repository, path: &Path) -> Result<Option<(String, u32)>, GitError> {
    let metadata = match path.metadata() {
        Ok(metadata) if metadata.is_file() && metadata.len() <= LARGEST_SETTING => metadata,
        _ => return Ok(None),
    };
    match fs::read(path) {
        Ok(content) => {
            let blob = repo.blob(&content).doing("keep git's configuration")?;
            Ok(Some((blob.to_string(), metadata.permissions().mode())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).doing_on("read", path),
    }
}

fn worktrees(repo: &git2::Repository) -> Result<BTreeSet<String>, GitError> {
    let mut found = BTreeSet::new();
    for name in repo.worktrees().doing("list the worktrees")?.iter().flatten().flatten() {
        let Ok(worktree) = repo.find_worktree(name) else { continue };
        let head = fs::read_to_string(repo.commondir().join("worktrees").join(name).join("HEAD"))
            .unwrap_or_default();
        let of_a_task = head
            .trim_end()
            .strip_prefix("ref: refs/heads/")
            .is_some_and(|name| task_of_branch(name).is_some());
        if !of_a_task {
            found.insert(worktree.path().display().to_string());
        }
    }
    Ok(found)
}
