//! The user's checkout, kept before an agent runs elsewhere and compared after it.
//!
//! A worktree of its own does not keep an agent in: by an absolute path it reaches the user's files, branches, stash and
//! configuration. So what is there is written into objects first, with a ref, and what differs afterwards can
//! be named. Nothing of the user's is touched by either; bringing a state back is in `checkout_undo`.

use super::{
    GitError, Repository, Surroundings,
    bench::is_bench,
    checkpoint::{alfine, snapshot},
    error::{Doing, DoingOn},
    index,
    land::{Step, content_at, steps, with_steps},
    names::{CHECKOUTS, task_of_branch},
    partial::write_tree,
    path_bytes::{bytes_of, path_of},
    places::same_place,
};
use alfine_core::checkout::{CheckoutChange, MOST_NAMED};
use git2::{Commit, Oid, Tree};
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

/// The most other working trees that are looked at: each costs about as much as a `git status`.
const MOST_OTHERS: usize = 8;

/// The most files that somebody tells git to overlook one by one.
const MOST_FLAGS: usize = 1000;

const EXPECTING: &str = "apply what Alfine wrote to what the checkout was";

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
    /// What the commit does not keep, from the root.
    pub(super) skipped: BTreeSet<String>,
    /// The index as a tree; `None` if it has conflicts or cannot be read.
    pub(super) index: Option<String>,
    /// The files that git was told to overlook, by path, with the index's own flags for that.
    #[serde(default)]
    pub(super) flags: BTreeMap<String, u16>,
    /// The commit that is checked out; `None` before the first one.
    pub(super) head: Option<String>,
    /// The full name of the branch that is checked out; `None` when HEAD is detached.
    pub(super) branch: Option<String>,
    /// Branches and tags, without those of Alfine's tasks.
    pub(super) refs: BTreeMap<String, String>,
    /// The stash's commits with their messages, the latest first.
    pub(super) stash: Vec<(String, String)>,
    /// The contents of git's own configuration, by path, as blobs, and their modes.
    pub(super) settings: BTreeMap<String, (String, u32)>,
    /// The hooks, by name: the same.
    pub(super) hooks: BTreeMap<String, (String, u32)>,
    /// The folders of worktrees, without those of Alfine's tasks.
    pub(super) worktrees: BTreeSet<String>,
    /// The user's other working trees, by their folders: of each what is only its own.
    #[serde(default)]
    pub(super) others: BTreeMap<String, CheckoutState>,
}

impl OwnWrite {
    /// The branch that it moved, from where and where to, as far as that is known; `None` if the branch is elsewhere by now.
    fn landing(&self, expected: &CheckoutState, now: &CheckoutState) -> Option<(&str, String, String)> {
        let name = self.reference.as_ref()?;
        let from = self.from.as_ref().or_else(|| expected.refs.get(name))?;
        let to = self.commit.as_ref().or_else(|| now.refs.get(name))?;
        (from != to && expected.refs.get(name) != Some(to)).then(|| (name.as_str(), from.clone(), to.clone()))
    }
}

impl CheckoutState {
    /// Whether something else is checked out in the other state.
    pub(super) fn is_elsewhere(&self, other: &Self) -> bool {
        self.branch != other.branch || self.branch.is_none() && self.head != other.head
    }

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

    /// The folders of the user's other working trees that it has.
    pub fn other_trees(&self) -> impl Iterator<Item = &Path> {
        self.others.keys().map(Path::new)
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
    /// The commit that the branch moved from, as hex.
    pub from: Option<String>,
    /// The commit that the branch moved to, as hex; `None` if it was not written down in time.
    pub commit: Option<String>,
    /// A file that it wrote besides, from the root.
    pub file: Option<PathBuf>,
}

impl Repository {
    /// Keeps what is in the user's checkout, and reads what is around it. `surroundings` says how the working tree is
    /// looked at; its index cache must be the caller's own. `last` is what the caller kept before: the same files have
    /// the same commit again.
    ///
    /// Writes objects and, for files that no ref keeps yet, one ref. Costs about one `git status`, and one more for each
    /// of the user's other working trees.
    pub fn keep_checkout(
        &self,
        watched: Watched,
        surroundings: &Surroundings,
        last: Option<&CheckoutState>,
    ) -> Result<CheckoutState, GitError> {
        let repo = self.open()?;
        // Its configuration may have been made to lead elsewhere.
        if !repo.workdir().is_some_and(|root| same_place(root, &self.workdir)) {
            return Err(GitError::NotOurs(self.workdir.clone()));
        }
        Ok(CheckoutState {
            watched,
            refs: refs(&repo)?,
            settings: settings(&repo)?,
            hooks: hooks(&repo)?,
            worktrees: linked(&repo)?.iter().map(|path| path.display().to_string()).collect(),
            others: self.keep_others(&repo, surroundings, last)?,
            ..look(&repo, surroundings, last, stash(&repo))?
        })
    }

    /// Keeps what is in the user's other working trees. One that cannot be read now is left out.
    fn keep_others(
        &self,
        repo: &git2::Repository,
        surroundings: &Surroundings,
        last: Option<&CheckoutState>,
    ) -> Result<BTreeMap<String, CheckoutState>, GitError> {
        let main = self.main_tree();
        let main = main.as_ref().and_then(git2::Repository::workdir);
        // Without the slash that libgit2 has at its end.
        let main: Option<PathBuf> = main.map(|root| root.components().collect());
        let all = main.into_iter().chain(linked(repo)?);
        let others = all.filter(|path| !same_place(path, &self.workdir) && path.is_dir()).take(MOST_OTHERS);
        let mut kept = BTreeMap::new();
        for path in others {
            let name = path.display().to_string();
            let last = last.and_then(|last| last.others.get(&name));
            let beside = surroundings.beside(&path);
            let looked = self.open_at(&path).and_then(|there| look(&there, &beside, last, Vec::new()));
            match looked {
                Ok(state) => drop(kept.insert(name, state)),
                Err(error) => tracing::warn!("the worktree {name} is not watched: {error}"),
            }
        }
        Ok(kept)
    }

    /// What the checkout would be now if nobody but Alfine had written in it since `before`: what `now` is compared with,
    /// and what an undoing brings back. Is kept as `before` is.
    pub fn expected_checkout(
        &self,
        before: &CheckoutState,
        now: &CheckoutState,
        own: &[OwnWrite],
    ) -> Result<CheckoutState, GitError> {
        let mut expected = before.clone();
        if own.is_empty() {
            return Ok(expected);
        }
        let repo = self.open()?;
        let tree = |hex: &str| Oid::from_str(hex).and_then(|id| repo.find_tree(id)).doing(EXPECTING);
        let mut files = tree(&before.tree)?;
        let mut index = before.index.as_deref().map(tree).transpose()?;
        let is_files = tree(&now.tree)?;
        let is_index = now.index.as_deref().map(tree).transpose()?;
        for write in own {
            if let Some((name, from, to)) = write.landing(&expected, now) {
                // Files follow only where the branch is checked out.
                if [&before.branch, &now.branch].iter().any(|branch| branch.as_deref() == Some(name)) {
                    let commit = |hex: &str| Oid::from_str(hex).and_then(|id| repo.find_commit(id)?.tree());
                    let (was, is) = (commit(&from).doing(EXPECTING)?, commit(&to).doing(EXPECTING)?);
                    let landed = steps(&repo, &was, &is, &[])?;
                    files = with_steps(&repo, &files, &landed)?;
                    index = index.map(|index| with_steps(&repo, &index, &landed)).transpose()?;
                }
                if before.branch.as_deref() == Some(name) {
                    expected.head = Some(to.clone());
                }
                expected.refs.insert(name.to_owned(), to);
            }
            if let Some(path) = &write.file {
                let as_it_is = |was: &Tree<'_>, is: &Tree<'_>| Step {
                    path: bytes_of(path).to_vec(),
                    old: content_at(was, path),
                    new: content_at(is, path),
                };
                files = with_steps(&repo, &files, &[as_it_is(&files, &is_files)])?;
                index = match (index, &is_index) {
                    (Some(was), Some(is)) => Some(with_steps(&repo, &was, &[as_it_is(&was, is)])?),
                    (was, _) => was,
                };
            }
        }
        expected.tree = files.id().to_string();
        expected.index = index.as_ref().map(|index| index.id().to_string());
        let head = expected.head.as_deref().map(Oid::from_str).transpose().doing(EXPECTING)?;
        expected.kept = keep(&repo, files.id(), head, index.map(|index| index.id()))?.to_string();
        for (path, other) in &mut expected.others {
            let is_there = |own: &&OwnWrite| own.reference.is_none() || own.reference == other.branch;
            let own: Vec<OwnWrite> = own.iter().filter(is_there).cloned().collect();
            if let Some(now) = now.others.get(path) {
                let refs = BTreeMap::new();
                *other = CheckoutState { refs, ..self.expected_checkout(other, now, &own)? };
            }
        }
        Ok(expected)
    }

    /// Lists what differs between two states of the checkout.
    pub fn checkout_changes(
        &self,
        before: &CheckoutState,
        now: &CheckoutState,
    ) -> Result<Vec<CheckoutChange>, GitError> {
        let repo = self.open()?;
        let mut changes = Vec::new();
        let everything = before.watched == Watched::Everything;
        if everything && before.is_elsewhere(now) {
            changes.push(CheckoutChange::Head { was: before.checked_out(), is: now.checked_out() });
        }
        let own = |name: &str| !everything && before.branch.as_deref() == Some(name);
        let mut refs = changed_keys(&before.refs, &now.refs).filter(|name| !own(name));
        for name in refs.by_ref().take(MOST_NAMED) {
            let at = |state: &CheckoutState| state.refs.get(name).cloned();
            changes.push(CheckoutChange::Ref { name: name.clone(), was: at(before), is: at(now) });
        }
        match refs.count() as u64 {
            0 => {}
            count => changes.push(CheckoutChange::MoreRefs { count }),
        }
        if everything {
            let files = different(&repo, &before.tree, &now.tree)?;
            let staged = match (&before.index, &now.index) {
                (Some(before), Some(now)) => different(&repo, before, now)?,
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
            let overlooked: Vec<&str> =
                changed_keys(&before.flags, &now.flags).take(MOST_NAMED).map(String::as_str).collect();
            if !overlooked.is_empty() {
                let file = format!("index (whether it overlooks {})", overlooked.join(", "));
                changes.push(CheckoutChange::Config { file });
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
        for (path, before) in &before.others {
            let Some(now) = now.others.get(path) else {
                if !Path::new(path).is_dir() {
                    changes.push(CheckoutChange::WorktreeGone { path: path.clone() });
                }
                continue;
            };
            let there = self.checkout_changes(before, now)?.into_iter();
            changes.extend(
                there.map(|change| CheckoutChange::InWorktree {
                    path: path.clone(),
                    change: Box::new(change),
                }),
            );
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

/// Keeps one working tree: what is only its own.
fn look(
    repo: &git2::Repository,
    surroundings: &Surroundings,
    last: Option<&CheckoutState>,
    stash: Vec<(String, String)>,
) -> Result<CheckoutState, GitError> {
    let found = snapshot(repo, surroundings)?;
    let (tree, head) = (found.whole.to_string(), found.head.map(|id| id.to_string()));
    let staged = index_tree(repo);
    let index = staged.map(|id| id.to_string());
    let same = last.filter(|last| last.tree == tree && last.head == head && last.index == index);
    // A new commit each day: `gc` goes by its date.
    let is_young = |last: &&CheckoutState| {
        let kept = Oid::from_str(&last.kept).and_then(|id| repo.find_commit(id));
        let now = alfine().map_or(0, |now| now.when().seconds());
        kept.is_ok_and(|kept| now - kept.time().seconds() < 24 * 60 * 60)
    };
    let same = same.filter(|last| last.stash == stash).filter(is_young);
    let kept = match same.filter(|last| repo.find_reference(&last.ref_name()).is_ok()) {
        Some(last) => last.kept.clone(),
        None => keep(repo, found.whole, found.head, staged)?.to_string(),
    };
    Ok(CheckoutState {
        watched: Watched::Everything,
        kept,
        tree,
        index,
        flags: flags(repo),
        head,
        skipped: found.skipped.iter().map(|skipped| skipped.path.display().to_string()).collect(),
        branch: found.branch,
        refs: BTreeMap::new(),
        stash,
        settings: BTreeMap::new(),
        hooks: BTreeMap::new(),
        worktrees: BTreeSet::new(),
        others: BTreeMap::new(),
    })
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

/// Lists the paths at which two trees differ.
fn different(repo: &git2::Repository, before: &str, now: &str) -> Result<BTreeSet<PathBuf>, GitError> {
    const DOING: &str = "compare the checkout with what it was";
    if before == now {
        return Ok(BTreeSet::new());
    }
    let tree = |hex: &str| Oid::from_str(hex).and_then(|id| repo.find_tree(id)).doing(DOING);
    let steps = steps(repo, &tree(before)?, &tree(now)?, &[])?;
    Ok(steps.iter().map(|step| path_of(&step.path)).collect())
}

/// Writes the commit of a state, as `git stash` would: the files, with HEAD and the index as parents.
fn keep(repo: &git2::Repository, files: Oid, head: Option<Oid>, index: Option<Oid>) -> Result<Oid, GitError> {
    const DOING: &str = "keep the checkout";
    let author = alfine()?;
    let commit = |tree: Oid, message: &str, parents: &[Commit<'_>]| {
        let tree = repo.find_tree(tree)?;
        repo.commit(None, &author, &author, message, &tree, &parents.iter().collect::<Vec<_>>())
    };
    let head = head.map(|head| repo.find_commit(head)).transpose().doing("read HEAD")?;
    let mut parents: Vec<Commit<'_>> = head.into_iter().collect();
    if let Some(index) = index {
        let staged = commit(index, "What was staged\n", &parents).doing(DOING)?;
        parents.push(repo.find_commit(staged).doing(DOING)?);
    }
    // A stash entry that is dropped would else be git's to remove.
    for (id, _) in stash(repo) {
        parents.extend(Oid::from_str(&id).and_then(|id| repo.find_commit(id)));
    }
    let kept = commit(files, "The checkout before an agent ran\n", &parents).doing(DOING)?;
    repo.reference(&format!("{CHECKOUTS}{kept}"), kept, true, "alfine: checkout").doing(DOING)?;
    Ok(kept)
}

/// The user's index as a tree; `None` if it has conflicts, or cannot be read.
fn index_tree(repo: &git2::Repository) -> Option<Oid> {
    let mut index = index::read_any(repo).ok()?;
    write_tree(repo, &mut index).ok()
}

/// The files that git was told to overlook. A sparse checkout overlooks what it leaves out, which is told by nobody.
fn flags(repo: &git2::Repository) -> BTreeMap<String, u16> {
    let sparse = repo.config().and_then(|config| config.get_bool("core.sparseCheckout")).unwrap_or(false);
    let Ok(index) = index::read_any(repo) else { return BTreeMap::new() };
    let flagged = index.iter().filter_map(|entry| {
        let flags = index::overlooks(&entry);
        let is_told = flags != 0 && !(sparse && flags == index::SKIP_WORKTREE);
        is_told.then(|| (String::from_utf8_lossy(&entry.path).into_owned(), flags))
    });
    flagged.take(MOST_FLAGS).collect()
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

/// Where a file of git's own configuration lies: one that is of a single worktree, in that worktree's notes.
pub(super) fn setting_at(repo: &git2::Repository, name: &str) -> PathBuf {
    if name == "config.worktree" { repo.path().join(name) } else { repo.commondir().join(name) }
}

fn settings(repo: &git2::Repository) -> Result<BTreeMap<String, (String, u32)>, GitError> {
    let mut found = BTreeMap::new();
    for name in SETTINGS {
        if let Some(setting) = blob_of(repo, &setting_at(repo, name))? {
            found.insert(name.to_owned(), setting);
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
/// A link is kept as one: its blob is where it leads.
fn blob_of(repo: &git2::Repository, path: &Path) -> Result<Option<(String, u32)>, GitError> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(None) };
    let content = if metadata.is_symlink() {
        path.read_link().map(|target| bytes_of(&target).to_vec())
    } else if metadata.is_file() && metadata.len() <= LARGEST_SETTING {
        fs::read(path)
    } else {
        return Ok(None);
    };
    match content {
        Ok(content) => {
            let blob = repo.blob(&content).doing("keep git's configuration")?;
            Ok(Some((blob.to_string(), metadata.permissions().mode())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).doing_on("read", path),
    }
}

/// The folders of linked worktrees, without those of Alfine's tasks, sorted.
fn linked(repo: &git2::Repository) -> Result<BTreeSet<PathBuf>, GitError> {
    let mut found = BTreeSet::new();
    for name in repo.worktrees().doing("list the worktrees")?.iter().flatten().flatten() {
        let Ok(worktree) = repo.find_worktree(name) else { continue };
        let home = repo.commondir().join("worktrees").join(name);
        let head = fs::read_to_string(home.join("HEAD")).unwrap_or_default();
        let of_a_task = head
            .trim_end()
            .strip_prefix("ref: refs/heads/")
            .is_some_and(|name| task_of_branch(name).is_some());
        if !of_a_task && !is_bench(&home) {
            found.insert(worktree.path().to_owned());
        }
    }
    Ok(found)
}
