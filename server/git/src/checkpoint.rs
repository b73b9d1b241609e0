//! Checkpoints: the whole working tree as a commit that only Alfine's own refs know, and the way back to one.

use super::{
    Repository,
    contents::mode_of,
    error::{Doing, GitError},
    index,
    land::{Landing, index_is_free, put_steps, put_tree, steps},
    names::{KEPT, task_of_branch},
    partial::{with_folders, write_tree},
    path_bytes::{bytes_of, path_of},
    places::same_place,
    repository::nothing_under_way,
    scan::{ScanSpec, scan},
    skipped::Skipped,
    submodule,
};
use git2::{BranchType, ErrorCode, Oid, Signature, Tree, build::TreeUpdateBuilder};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// How a loop looks at its working tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// The file that remembers between looks what was read. One for each loop; may be removed at any time.
    pub index_cache: PathBuf,
    /// Alfine's own files and folders from the root, such as the progress log: kept in checkpoints, but no change of
    /// the task's, never in its commits, and not rewound.
    pub own: Vec<PathBuf>,
    /// What was brought into the worktree (see [`provision`](super::provision())): no part of it at all.
    pub leave_out: Vec<PathBuf>,
    /// The size in bytes up to which an untracked file is kept.
    pub max_untracked: u64,
}

impl Surroundings {
    /// Looks at a tree without files of Alfine's. Untracked files are kept up to 100 MiB, the size from which the
    /// large forges refuse them.
    pub fn new(index_cache: PathBuf) -> Self {
        Self { index_cache, own: Vec::new(), leave_out: Vec::new(), max_untracked: 100 << 20 }
    }

    /// The same for another working tree of the repository, which has a cache of its own.
    pub(super) fn beside(&self, root: &Path) -> Self {
        let mut cache = self.index_cache.clone().into_os_string();
        let hash = Oid::hash_object(git2::ObjectType::Blob, bytes_of(root)).map(|id| id.to_string());
        cache.push("+");
        cache.push(hash.unwrap_or_default());
        Self { index_cache: PathBuf::from(cache), ..self.clone() }
    }
}

/// What checkpoint to take.
#[derive(Debug, Clone)]
pub struct CheckpointSpec<'a> {
    /// The ref that keeps it (see [`checkpoint_ref`](super::checkpoint_ref())).
    pub ref_name: String,
    /// The message, without trailers.
    pub message: String,
    /// How the tree is looked at.
    pub surroundings: &'a Surroundings,
    /// Takes no checkpoint if the tree and HEAD are still those of this one.
    pub unless_still: Option<&'a Checkpoint>,
}

/// A checkpoint. All ids are hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ref that keeps it.
    pub ref_name: String,
    /// The checkpoint's commit.
    pub commit: String,
    /// The tree without Alfine's own files: two checkpoints with the same one are the same work.
    pub tree: String,
    /// The commit that was HEAD.
    pub head: Option<String>,
    /// The full name of the branch that was HEAD; `None` if detached.
    pub branch: Option<String>,
    /// Whether it was taken, or is the earlier one because nothing changed.
    pub taken: bool,
    /// What it could not keep.
    pub skipped: Vec<Skipped>,
}

/// Where to rewind to.
#[derive(Debug, Clone)]
pub struct RewindSpec<'a> {
    /// The checkpoint to rewind to.
    pub to: &'a Checkpoint,
    /// A checkpoint of the present tree, with which the rewind can be undone.
    pub present: &'a Checkpoint,
    /// How the tree is looked at.
    pub surroundings: &'a Surroundings,
}

/// A working tree as objects.
pub(super) struct Snapshot {
    /// With Alfine's own files.
    pub(super) whole: Oid,
    /// The tree without Alfine's own files.
    pub(super) tree: Oid,
    pub(super) head: Option<Oid>,
    pub(super) branch: Option<String>,
    pub(super) skipped: Vec<Skipped>,
}

const TREE_TRAILER: &str = "Alfine-Tree: ";
const BRANCH_TRAILER: &str = "Alfine-Branch: ";

impl Repository {
    /// Takes a checkpoint of a working tree: everything in it that git does not ignore.
    ///
    /// Writes objects and one ref; touches neither index, branch, HEAD nor stash, and waits for none of their locks.
    pub fn checkpoint(&self, worktree: &Path, spec: &CheckpointSpec<'_>) -> Result<Checkpoint, GitError> {
        self.take(worktree, spec, false)
    }

    /// Takes the checkpoint of a worktree that is about to go: a filter that fails must not keep it, nor what it holds.
    pub(super) fn last_of(&self, worktree: &Path, spec: &CheckpointSpec<'_>) -> Result<Checkpoint, GitError> {
        self.take(worktree, spec, true)
    }

    fn take(
        &self,
        worktree: &Path,
        spec: &CheckpointSpec<'_>,
        raw_where_filters_fail: bool,
    ) -> Result<Checkpoint, GitError> {
        let repo = self.open_at(worktree)?;
        let snapshot = snapshot_as(&repo, spec.surroundings, raw_where_filters_fail)?;
        let head = snapshot.head.map(|id| id.to_string());
        // HEAD and the branch count as well as the files: an agent that only committed did change something.
        if let Some(last) = spec.unless_still
            && last.tree == snapshot.tree.to_string()
            && last.head == head
            && last.branch == snapshot.branch
        {
            return Ok(Checkpoint { taken: false, skipped: snapshot.skipped, ..last.clone() });
        }
        // A tree only names the commits of its submodules. They are copied out of the worktree first, or the checkpoint
        // could not be restored once the worktree is gone.
        submodule::keep_commits(&repo, snapshot.whole, &spec.ref_name)?;
        let mut message = format!("{}\n\n{TREE_TRAILER}{}\n", spec.message.trim_end(), snapshot.tree);
        if let Some(branch) = &snapshot.branch {
            message.push_str(&format!("{BRANCH_TRAILER}{branch}\n"));
        }
        let parent = snapshot.head.map(|head| repo.find_commit(head)).transpose().doing("read HEAD")?;
        let whole = repo.find_tree(snapshot.whole).doing("read the tree")?;
        let author = alfine()?;
        let parents: Vec<_> = parent.iter().collect();
        let commit =
            repo.commit(None, &author, &author, &message, &whole, &parents).doing("write the checkpoint")?;
        // The ref comes before the caller's row. A ref without a row is merely unused; a row without a ref would
        // promise a state that git may have pruned.
        match repo.reference(&spec.ref_name, commit, false, "alfine: checkpoint") {
            Ok(_) => {}
            Err(error) if error.code() == ErrorCode::Exists => {
                // We may have crashed after creating the ref and before storing the row. If the ref holds this same
                // state, reuse it.
                let earlier = self.checkpoint_at(&spec.ref_name)?;
                let kept = Oid::from_str(&earlier.commit).and_then(|id| repo.find_commit(id));
                if earlier.head != head || !kept.is_ok_and(|kept| kept.tree_id() == snapshot.whole) {
                    return Err(GitError::CheckpointExists(spec.ref_name.clone()));
                }
                return Ok(Checkpoint { skipped: snapshot.skipped, ..earlier });
            }
            Err(error) => return Err(error).doing("name the checkpoint"),
        }
        Ok(Checkpoint {
            ref_name: spec.ref_name.clone(),
            commit: commit.to_string(),
            tree: snapshot.tree.to_string(),
            head,
            branch: snapshot.branch,
            taken: true,
            skipped: snapshot.skipped,
        })
    }

    /// Lists what differs between a working tree and its last commit, as a checkpoint would see it, from the root.
    pub fn uncommitted(
        &self,
        worktree: &Path,
        surroundings: &Surroundings,
    ) -> Result<Vec<PathBuf>, GitError> {
        let repo = self.open_at(worktree)?;
        let now = snapshot(&repo, surroundings)?;
        let head = now.head.map(|head| repo.find_commit(head)).transpose().doing("read HEAD")?;
        let committed = head.map(|head| head.tree()).transpose().doing("read HEAD")?;
        let tree = repo.find_tree(now.tree).doing("read the tree")?;
        let diff = with_folders(&repo, [committed.as_ref().unwrap_or(&tree), &tree], || {
            repo.diff_tree_to_tree(committed.as_ref(), Some(&tree), None).doing("compare trees")
        })?;
        let files = diff.deltas().filter_map(|delta| delta.new_file().path_bytes().map(path_of)).collect();
        Ok(files)
    }

    /// The tree that a checkpoint of a working tree would have now, as hex.
    pub fn tree_of(&self, worktree: &Path, surroundings: &Surroundings) -> Result<String, GitError> {
        Ok(snapshot(&self.open_at(worktree)?, surroundings)?.tree.to_string())
    }

    /// Reads a checkpoint back.
    pub fn checkpoint_at(&self, ref_name: &str) -> Result<Checkpoint, GitError> {
        let repo = self.open()?;
        let missing = || GitError::NoCheckpoint(ref_name.to_owned());
        let reference = repo.find_reference(ref_name).map_err(|_| missing())?;
        let commit = reference.peel_to_commit().map_err(|_| missing())?;
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        let trailer =
            |name| message.lines().rev().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        Ok(Checkpoint {
            ref_name: ref_name.to_owned(),
            commit: commit.id().to_string(),
            tree: trailer(TREE_TRAILER).ok_or_else(missing)?,
            head: commit.parent_id(0).ok().map(|id| id.to_string()),
            branch: trailer(BRANCH_TRAILER),
            taken: false,
            skipped: Vec::new(),
        })
    }

    /// Returns the highest number of a task's checkpoints, readable or not; 0 if there is none.
    pub fn last_checkpoint(&self, plan: &str, task: &str) -> Result<u32, GitError> {
        Ok(checkpoint_numbers(&self.open()?, plan, task)?.into_iter().max().unwrap_or(0))
    }

    /// Makes a working tree and its branch equal to a checkpoint. Ignored files, Alfine's own files and what was
    /// brought in stay as they are.
    ///
    /// Refuses if the tree is no longer that of `present`, so that nothing is lost that no checkpoint has. A merge or
    /// rebase that an agent left under way in a worktree of its own is forgotten; in the user's tree it is an error.
    pub fn rewind(&self, worktree: &Path, spec: &RewindSpec<'_>) -> Result<(), GitError> {
        let repo = self.open_at(worktree)?;
        let in_place = same_place(worktree, &self.workdir);
        if in_place {
            nothing_under_way(&repo)?;
        }
        // Looked at again, although the caller has just taken `present`: what was written since then is in no
        // checkpoint, and the rewind would destroy it.
        let now = snapshot(&repo, spec.surroundings)?;
        let id_of = |hex: &str| Oid::from_str(hex).doing("read a checkpoint's id");
        let present_head = spec.present.head.as_deref().map(id_of).transpose()?;
        if now.tree.to_string() != spec.present.tree || now.head != present_head {
            return Err(GitError::Changed(format!("the working tree {}", worktree.display())));
        }
        let head = spec.to.head.as_deref().map(id_of).transpose()?;
        let head_moves = head != now.head || spec.to.branch != now.branch;
        if head_moves || !in_place {
            index_is_free(&repo)?;
        }

        let from = repo.find_tree(now.whole).doing("read the tree")?;
        let to = repo.find_commit(id_of(&spec.to.commit)?).and_then(|commit| commit.tree());
        let to = to.doing("read the checkpoint")?;
        let untouched: Vec<&Path> =
            spec.surroundings.own.iter().chain(&spec.surroundings.leave_out).map(PathBuf::as_path).collect();
        let committed = head.map(|head| repo.find_commit(head)?.tree()).transpose().doing("read HEAD")?;
        let committed = committed.as_ref().unwrap_or(&to);
        let steps = steps(&repo, &from, &to, &untouched)?;
        let mut landing = Landing::prepare(&repo, steps, &to, committed, None)?;
        landing.apply()?;
        // The index and HEAD follow the files: the step that can fail for many reasons comes while nothing else moved.
        let moved = match head {
            Some(head) if head_moves || !in_place => {
                reset_index(&repo, in_place, now.head, head).and_then(|()| move_head(&repo, head, spec))
            }
            _ => Ok(()),
        };
        if moved.is_err() {
            landing.take_back();
        }
        moved?;
        landing.keep();
        if !in_place {
            repo.cleanup_state().doing("forget what was under way")?;
        }
        Ok(())
    }
}

/// The numbers of a task's checkpoints, by the names of their refs alone.
fn checkpoint_numbers(repo: &git2::Repository, plan: &str, task: &str) -> Result<Vec<u32>, GitError> {
    let first = super::checkpoint_ref(plan, task, 0);
    let folder = first.trim_end_matches('0');
    let mut refs = repo.references_glob(&format!("{folder}*")).doing("list the checkpoints")?;
    let mut numbers = Vec::new();
    for name in refs.names() {
        let name = name.doing("list the checkpoints")?;
        numbers.extend(name.strip_prefix(folder).and_then(|number| number.parse::<u32>().ok()));
    }
    Ok(numbers)
}

/// Makes the index follow HEAD to where it goes.
fn reset_index(repo: &git2::Repository, in_place: bool, now: Option<Oid>, head: Oid) -> Result<(), GitError> {
    let tree_of = |id: Oid| repo.find_commit(id).and_then(|commit| commit.tree()).doing("read a commit");
    let mut index = index::read_plain(repo)?;
    let to = tree_of(head)?;
    match now {
        // What the user staged stays staged: only entries that equal the old commit's are replaced.
        Some(now) if in_place => {
            let moved = steps(repo, &tree_of(now)?, &to, &[])?;
            put_steps(&mut index, &moved, repo.workdir(), |step| (step.old, step.new));
        }
        _ => put_tree(&mut index, &to, repo.workdir()).doing("reset the index")?,
    }
    index.write().doing("write the index")
}

/// Moves the branch of a checkpoint, and HEAD, to where they were.
fn move_head(repo: &git2::Repository, head: Oid, spec: &RewindSpec<'_>) -> Result<(), GitError> {
    match &spec.to.branch {
        Some(branch) => {
            if let Ok(tip) = repo.refname_to_id(branch)
                && tip != head
            {
                // The branch moves back, away from these commits. A ref keeps them, so that the rewind can be undone.
                keep_commits_of(repo, branch, tip, &spec.present.commit)?;
            }
            repo.reference(branch, head, true, "alfine: rewind").doing("move the branch")?;
            repo.set_head(branch).doing("set HEAD")
        }
        None => repo.set_head_detached(head).doing("set HEAD"),
    }
}

/// Makes sure that a branch's commits stay reachable when the branch moves back or goes.
pub(super) fn keep_commits_of(
    repo: &git2::Repository,
    branch: &str,
    tip: Oid,
    checkpoint: &str,
) -> Result<(), GitError> {
    let short = branch.strip_prefix("refs/heads/").unwrap_or(branch);
    let holds = |id: Oid| id == tip || repo.graph_descendant_of(id, tip).unwrap_or(false);
    let elsewhere = || {
        let branches = repo.branches(Some(BranchType::Local)).into_iter().flatten().flatten();
        let mut others = branches.filter(|(other, _)| other.get().shorthand_bytes() != short.as_bytes());
        others.any(|(other, _)| other.get().target().is_some_and(holds))
    };
    if Oid::from_str(checkpoint).is_ok_and(holds) || elsewhere() {
        return Ok(());
    }
    let name = task_of_branch(short).unwrap_or(short);
    repo.reference(&format!("{KEPT}{name}/{tip}"), tip, true, "alfine: kept")
        .doing("keep a branch's commits")?;
    Ok(())
}

/// Reads a working tree into objects.
pub(super) fn snapshot(repo: &git2::Repository, surroundings: &Surroundings) -> Result<Snapshot, GitError> {
    snapshot_as(repo, surroundings, false)
}

fn snapshot_as(
    repo: &git2::Repository,
    surroundings: &Surroundings,
    raw_where_filters_fail: bool,
) -> Result<Snapshot, GitError> {
    let spec = ScanSpec {
        cache: &surroundings.index_cache,
        leave_out: &surroundings.leave_out,
        max_untracked: surroundings.max_untracked,
        raw_where_filters_fail,
    };
    let read = || {
        let mut scanned = scan(repo, spec)?;
        let whole = write_tree(repo, &mut scanned.index)?;
        // The index caches the ids of its trees and writes none of them again, even if git has pruned them since.
        repo.find_tree(whole).doing("read the tree")?;
        Ok((scanned, whole))
    };
    let (scanned, whole) = match read() {
        // The cache may name objects that git has pruned since, together with the checkpoints that kept them.
        Err(GitError::Git { .. }) if fs::remove_file(&surroundings.index_cache).is_ok() => read()?,
        first => first?,
    };
    let (head, branch) = head_of(repo)?;
    let tree = without_own(repo, whole, head, &surroundings.own)?;
    Ok(Snapshot { whole, tree, head, branch, skipped: scanned.skipped })
}

/// Makes a tree with the last commit's version of Alfine's own files, so that no difference in them shows.
fn without_own(
    repo: &git2::Repository,
    whole: Oid,
    head: Option<Oid>,
    own: &[PathBuf],
) -> Result<Oid, GitError> {
    const DOING: &str = "leave out Alfine's own files";
    let tree_of = |head| repo.find_commit(head).and_then(|commit| commit.tree()).doing("read HEAD");
    let committed = head.map(tree_of).transpose()?;
    let mut tree = repo.find_tree(whole).doing(DOING)?;
    for path in own {
        let at = |tree: &Tree<'_>| {
            tree.get_path(path).ok().map(|entry| (entry.id(), mode_of(entry.filemode().cast_unsigned())))
        };
        let (here, wanted) = (at(&tree), committed.as_ref().and_then(at));
        if here == wanted {
            continue;
        }
        // In two steps, since the builder cannot replace a file by a folder in one.
        if here.is_some() {
            let id =
                TreeUpdateBuilder::new().remove(path.as_path()).create_updated(repo, &tree).doing(DOING)?;
            tree = repo.find_tree(id).doing(DOING)?;
        }
        if let Some((id, mode)) = wanted {
            let id = TreeUpdateBuilder::new().upsert(path.as_path(), id, mode).create_updated(repo, &tree);
            tree = repo.find_tree(id.doing(DOING)?).doing(DOING)?;
        }
    }
    Ok(tree.id())
}

/// Reads the commit and the full branch name at HEAD.
pub(super) fn head_of(repo: &git2::Repository) -> Result<(Option<Oid>, Option<String>), GitError> {
    match repo.head() {
        Ok(head) => {
            let commit = head.peel_to_commit().doing("read the commit at HEAD")?.id();
            Ok((Some(commit), if head.is_branch() { head.name().ok().map(str::to_owned) } else { None }))
        }
        Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
            Ok((None, None))
        }
        Err(error) => Err(error).doing("read HEAD"),
    }
}

/// Who makes checkpoints, and commits where git knows no name.
pub(super) fn alfine() -> Result<Signature<'static>, GitError> {
    Signature::now("Alfine", "alfine@localhost").doing("make a signature")
}
