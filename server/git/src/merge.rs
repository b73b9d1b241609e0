//! Lands a task's branch on the branch it was based on.
//!
//! Order: the branch is locked; the files of every worktree that has it checked out are changed; their indexes follow;
//! the branch moves last. If a step fails, the steps before it are undone. So a crash can leave the files ahead of the
//! branch, never the branch ahead of the files. Files that are ahead are found to be right by a second try. If the
//! branch were ahead, the old files would look like uncommitted changes, and the next `git commit -a` would undo the
//! merge.
//!
//! A [`TextChange`] (the tick in the plan) lands in the same move. If the target only moves forward, there is no merge
//! commit to hold the change. Then the task's last commit is amended, if Alfine made that commit and no other branch
//! has it; otherwise a small commit on top holds the change.

use super::{
    GitError, Repository,
    commit::identity,
    diff,
    error::Doing,
    index,
    land::{Content, Landing, Step, index_is_free, put_steps, steps},
    names::mark,
    partial::{fetch_difference, tree_of, write_tree},
    path_bytes::{bytes_of, path_of},
    ref_lock::Note,
    repository::{nothing_under_way, said_bare},
    text_change::{Copied, TextChange, WorkingCopy},
};
use git2::{BranchType, Commit, ErrorCode, Index, IndexEntry, MergeOptions, Oid, Tree};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The trailer of commits that Alfine makes; its value is the task's key.
pub const TASK_TRAILER: &str = "Alfine-Task";
/// The trailer that says how much of the work is proven.
pub const PROOF_TRAILER: &str = "Alfine-Proof";

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
    /// The tree that may land, and no other one, if only that was checked.
    pub proven: Option<ProvenTree>,
}

/// A tree that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenTree {
    /// The tree, as hex.
    pub tree: String,
    /// What of it no check depends on: another content of these paths may land.
    pub except: Vec<PathBuf>,
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
    /// Whether the target's commit has the text change.
    pub changed: bool,
    /// The working copies in which the text change was made.
    pub changed_files: Vec<PathBuf>,
    /// The working copies in which it was left to somebody else.
    pub left_files: Vec<PathBuf>,
}

/// A branch that moves.
struct Move<'n> {
    name: &'n str,
    old: Oid,
    new: Oid,
}

/// A worktree that has the target checked out.
struct CheckedOut<'c> {
    repo: git2::Repository,
    index: Index,
    landing: Landing,
    /// The change to be made to what the user has, beside the landing.
    beside: Option<&'c TextChange<'c>>,
    /// What became of that.
    copied: Option<Copied>,
    index_before: Option<IndexEntry>,
}

impl Repository {
    /// Returns the commit of a branch, as hex; `None` if there is no such branch.
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

    /// Returns a commit that has all of these, as hex: the last of them if it has the others, else merges of them. Each has a name
    /// for whoever reads of a conflict. No branch moves, and nothing holds the commit.
    ///
    /// # Errors
    ///
    /// [`GitError::Conflicts`] names the first two that do not go together.
    pub fn joined(&self, first: (&str, &str), others: &[(&str, &str)]) -> Result<String, GitError> {
        let repo = self.open()?;
        let commit =
            |hex: &str| Oid::from_str(hex).and_then(|id| repo.find_commit(id)).doing("read a commit");
        let (mut all, mut name) = (commit(first.0)?, first.1.to_owned());
        for (hex, other_name) in others {
            let other = commit(hex)?;
            let has = |one: Oid, other: Oid| -> Result<bool, GitError> {
                Ok(one == other || repo.graph_descendant_of(one, other).doing("compare commits")?)
            };
            if has(all.id(), other.id())? {
                continue;
            }
            if has(other.id(), all.id())? {
                all = other;
            } else {
                let tree = join(&repo, &all, &other, (other_name, &name))?;
                let by = identity(&repo)?;
                let message = format!("Join {name} and {other_name}");
                let joined = repo.commit(None, &by, &by, &message, &tree, &[&all, &other]).doing("merge")?;
                all = repo.find_commit(joined).doing("read a commit")?;
            }
            name = format!("{name} and {other_name}");
        }
        Ok(all.id().to_string())
    }

    /// The tree (as hex) that a merge would make, before any text change: `of_user` are the files that are settled by what the
    /// target has. `None` if the target has the work already.
    pub fn merged_tree(&self, spec: &MergeSpec, of_user: &[&Path]) -> Result<Option<String>, GitError> {
        let repo = self.open()?;
        let branch = tip(&repo, &spec.branch)?;
        let target =
            tip(&repo, &spec.target_branch).map_err(|_| GitError::NoTarget(spec.target_branch.clone()))?;
        let descends = |one: Oid, other: Oid| repo.graph_descendant_of(one, other).doing("compare commits");
        if branch.id() == target.id() || descends(target.id(), branch.id())? {
            return Ok(None);
        }
        let tree = match descends(branch.id(), target.id())? {
            true => branch.tree().doing("read a commit")?,
            false => merged_tree(&repo, &target, &branch, spec, of_user)?,
        };
        Ok(Some(tree.id().to_string()))
    }

    /// Whether two trees (as hex) are the same but for these paths.
    pub fn is_same_tree(&self, one: &str, other: &ProvenTree) -> Result<bool, GitError> {
        let repo = self.open()?;
        let one = diff::tree(&repo, one)?;
        is_same(&repo, &one, other)
    }

    /// Merges a task's branch. Moves the target forward where its last commit names the task, else makes a merge
    /// commit that does. What lands has the text change, where the target has that file and a place for it.
    ///
    /// With conflicts, or with anything uncommitted in the way in a worktree that has the target checked out, nothing
    /// at all is touched. A file in which nothing but the text change lands is not in the way. Nothing is touched
    /// either if the merge would change a file of which `is_unsaved` says that somebody holds more of it than lies on
    /// the disk.
    pub fn merge(
        &self,
        spec: &MergeSpec,
        change: Option<&TextChange<'_>>,
        is_unsaved: &dyn Fn(&Path) -> bool,
    ) -> Result<Merged, GitError> {
        let repo = self.open()?;
        let branch = tip(&repo, &spec.branch)?;
        let target =
            tip(&repo, &spec.target_branch).map_err(|_| GitError::NoTarget(spec.target_branch.clone()))?;
        let name = format!("refs/heads/{}", spec.target_branch);
        // A worktree that has the target checked out must get the new files, too. If only its branch moved, its old
        // files would look like changes that take the work back.
        let holders = self.holders(&repo, &name)?;
        let checked_out = !holders.is_empty();
        let descends = |one: Oid, other: Oid| {
            Ok(one == other || repo.graph_descendant_of(one, other).doing("compare commits")?)
        };
        // libgit2 looks for attributes in it.
        index::read_or_head(&repo)?;
        let target_tree = tree_of(&repo, &target)?;
        let with_change = |tree| match change {
            Some(change) => change.in_tree(&repo, tree, &target_tree),
            None => Ok((tree, false)),
        };
        let (tree, changed) = with_change(branch.tree().doing("read a commit")?)?;
        // The amended commit keeps the author, the committer and the times of the original. So a second try after a
        // crash creates the very same commit, and finds that it has landed.
        let amended = if tree.id() == branch.tree_id() {
            branch.id()
        } else {
            branch.amend(None, None, None, None, None, Some(&tree)).doing("write a commit")?
        };
        // Landed already, perhaps by a try that died before its caller could record it. All that can be missing is the
        // files of a worktree, when somebody else moved the branch without them.
        if descends(target.id(), branch.id())? || descends(target.id(), amended)? {
            catch_up(holders, target.id(), is_unsaved)?;
            let (tree, changed) = with_change(target_tree.clone())?;
            return Ok(Merged {
                commit: target.id().to_string(),
                fast_forward: true,
                checked_out,
                changed: changed && tree.id() == target.tree_id(),
                changed_files: Vec::new(),
                left_files: Vec::new(),
            });
        }

        let forward = descends(branch.id(), target.id())?;
        let work = match forward {
            true => branch.tree().doing("read a commit")?,
            false => {
                merged_tree(&repo, &target, &branch, spec, &change.map_or_else(Vec::new, TextChange::paths))?
            }
        };
        refuse_unproven(&repo, &work, spec)?;
        // The target's history must say which task the work belongs to. If the task's last commit does not name it, a
        // merge commit does, even where the target could simply move forward.
        let named = branch
            .summary_bytes()
            .is_some_and(|subject| String::from_utf8_lossy(subject).contains(&mark(&spec.task_id)));
        let fast_forward = forward && named;
        let author = identity(&repo)?;
        let write = |message: &str, tree: &Tree<'_>, parents: &[&Commit<'_>]| {
            repo.commit(None, &author, &author, &format!("{}\n", message.trim_end()), tree, parents)
                .doing("write the merge")
        };
        let (landed, changed) =
            if fast_forward && (amended == branch.id() || may_amend(&repo, &branch, spec)?) {
                (amended, changed)
            } else if fast_forward {
                (write(change.map_or("", |change| change.message), &tree, &[&branch])?, changed)
            } else {
                let (tree, changed) = if forward { (tree, changed) } else { with_change(work)? };
                (write(&spec.message, &tree, &[&target, &branch])?, changed)
            };
        let move_ = Move { name: &name, old: target.id(), new: landed };
        let copies = self.land(&repo, &move_, holders, change.filter(|_| changed), is_unsaved)?;
        let (mut changed_files, mut left_files) = (Vec::new(), Vec::new());
        for copy in copies {
            match copy {
                WorkingCopy::Changed(path) => changed_files.push(path),
                WorkingCopy::Left(path) => left_files.push(path),
            }
        }
        Ok(Merged {
            commit: landed.to_string(),
            fast_forward,
            checked_out,
            changed,
            changed_files,
            left_files,
        })
    }

    /// Opens every worktree that has a branch checked out. One that rebases it, or is in the middle of something on
    /// it, is an error.
    fn holders(&self, repo: &git2::Repository, name: &str) -> Result<Vec<git2::Repository>, GitError> {
        let mut all = Vec::new();
        if let Some(main) = self.main_tree() {
            all.push(main);
        } else if git2::Repository::open(&self.common_dir).is_ok_and(|main| said_bare(&main)) {
            // The repository is marked as bare, yet files are around it. They could not follow the branch.
            return Err(GitError::SaidBare(self.common_dir.clone()));
        }
        for worktree in repo.worktrees().doing("list the worktrees")?.iter().flatten().flatten() {
            let opened = repo.find_worktree(worktree).and_then(|worktree| {
                worktree.validate()?;
                git2::Repository::open_from_worktree(&worktree)
            });
            // A worktree whose folder is gone has no files that could fall behind.
            all.extend(opened.ok());
        }
        let mut holders = Vec::new();
        for repo in all {
            // A rebase detaches HEAD and moves the branch only at its end, which would drop a merge made meanwhile.
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

    /// Moves a branch and the files of those who have it checked out. Returns what became of the changed file in each.
    fn land(
        &self,
        repo: &git2::Repository,
        &Move { name, old, new }: &Move<'_>,
        holders: Vec<git2::Repository>,
        change: Option<&TextChange<'_>>,
        is_unsaved: &dyn Fn(&Path) -> bool,
    ) -> Result<Vec<WorkingCopy>, GitError> {
        // With the lock on the ref no other git process can move the branch until the files are there. Only the commit
        // of the transaction moves it, as the last step.
        let intended = Note::intend(&self.common_dir, name)?;
        let mut transaction = repo.transaction().doing("begin")?;
        transaction.lock_ref(name).map_err(|source| match source.code() {
            ErrorCode::Locked => GitError::Locked(self.common_dir.join(format!("{name}.lock"))),
            _ => GitError::Git { doing: "lock the branch", source },
        })?;
        let _note = Note::leave(&self.common_dir, name, intended)?;
        // The branch was read before it was locked. If it moved in between, `new` does not contain that commit.
        if repo.refname_to_id(name).doing("read the branch")? != old {
            return Err(GitError::Changed(name.to_owned()));
        }
        transaction
            .set_target(name, new, Some(&identity(repo)?), "alfine: merge")
            .doing("move the branch")?;

        // Every worktree is checked before the first one is changed, so a refusal usually has nothing to undo.
        let mut prepared = Vec::new();
        for repo in holders {
            let old = files_of(&repo, old);
            prepared.push(prepare(repo, old, new, change, is_unsaved)?);
        }
        for at in 0..prepared.len() {
            let landed = prepared.get_mut(at).map_or(Ok(()), CheckedOut::land);
            if landed.is_err() {
                // The failing worktree undid its own part already.
                prepared.iter_mut().take(at).for_each(CheckedOut::take_back);
            }
            landed?;
        }
        let moved = transaction.commit().doing("move the branch");
        if moved.is_err() {
            prepared.iter_mut().for_each(CheckedOut::take_back);
        }
        moved?;
        Ok(prepared.into_iter().filter_map(|checked_out| checked_out.keep(change)).collect())
    }
}

/// Refuses to let a tree land that nobody checked.
fn refuse_unproven(repo: &git2::Repository, work: &Tree<'_>, spec: &MergeSpec) -> Result<(), GitError> {
    match &spec.proven {
        Some(proven) if !is_same(repo, work, proven)? => {
            Err(GitError::Unproven { branch: spec.branch.clone(), target: spec.target_branch.clone() })
        }
        _ => Ok(()),
    }
}

fn is_same(repo: &git2::Repository, tree: &Tree<'_>, proven: &ProvenTree) -> Result<bool, GitError> {
    let except: Vec<&Path> = proven.except.iter().map(PathBuf::as_path).collect();
    Ok(steps(repo, &diff::tree(repo, &proven.tree)?, tree, &except)?.is_empty())
}

/// Brings working trees to where their branch is.
fn catch_up(
    holders: Vec<git2::Repository>,
    tip: Oid,
    is_unsaved: &dyn Fn(&Path) -> bool,
) -> Result<(), GitError> {
    for repo in holders {
        let old = files_of(&repo, tip);
        if old != tip {
            let mut behind = prepare(repo, old, tip, None, is_unsaved)?;
            behind.land()?;
            behind.keep(None);
        }
    }
    Ok(())
}

/// The commit that the files on the disk correspond to. Usually that is the branch's tip. If the branch was moved
/// without a checkout (`git update-ref` in another worktree), it is the commit before that move: a landing that starts
/// from the tip would leave the old files as changes that take the work back.
fn files_of(repo: &git2::Repository, tip: Oid) -> Oid {
    let last = repo.reflog("HEAD").ok().and_then(|log| log.get(0).map(|entry| entry.id_new()));
    let moved = last.filter(|&last| repo.graph_descendant_of(tip, last).unwrap_or(false)).and_then(|last| {
        let tree = |id| repo.find_commit(id).and_then(|commit| commit.tree()).ok();
        Some((last, steps(repo, &tree(last)?, &tree(tip)?, &[]).ok()?, index::read_plain(repo).ok()?))
    });
    let Some((last, steps, index)) = moved else { return tip };
    // A tool that moved the branch together with the files may have written no reflog here, but it did update the
    // index. So the files count as behind only if the index has an old entry and not a single new one.
    let is_at = |step: &Step, side: Option<Content>| {
        let here = index.get_path(&path_of(&step.path), 0);
        here.map(|entry| Content { id: entry.id, mode: entry.mode }) == side
    };
    let is_behind =
        steps.iter().any(|step| is_at(step, step.old)) && !steps.iter().any(|step| is_at(step, step.new));
    if is_behind { last } else { tip }
}

fn prepare<'c>(
    repo: git2::Repository,
    old: Oid,
    new: Oid,
    change: Option<&'c TextChange<'c>>,
    is_unsaved: &dyn Fn(&Path) -> bool,
) -> Result<CheckedOut<'c>, GitError> {
    index_is_free(&repo)?;
    let index = index::read_plain(&repo)?;
    let (landing, beside) = {
        let tree = |id| tree_of(&repo, &repo.find_commit(id).doing("read a commit")?);
        let (old, new) = (tree(old)?, tree(new)?);
        let mut steps = steps(&repo, &old, &new, &[])?;
        // A file in which only the text change lands is usually the plan that the user is editing. It is not a file in
        // the way: the change is made to whatever text the user has, next to the landing.
        let alone = |step: &Step| change.is_some_and(|change| change.is_all_of(&repo, step));
        let beside = steps.iter().position(alone);
        if let Some(at) = beside {
            steps.remove(at);
        }
        refuse_unsaved(&repo, &steps, is_unsaved)?;
        let landing = Landing::prepare(&repo, steps, &new, &new, Some(&index))?;
        (landing, change.filter(|_| beside.is_some()))
    };
    Ok(CheckedOut { repo, index, landing, beside, copied: None, index_before: None })
}

fn refuse_unsaved(
    repo: &git2::Repository,
    steps: &[Step],
    is_unsaved: &dyn Fn(&Path) -> bool,
) -> Result<(), GitError> {
    let Some(root) = repo.workdir() else { return Ok(()) };
    let paths = steps.iter().map(|step| path_of(&step.path));
    let files: Vec<PathBuf> = paths.filter(|path| is_unsaved(&root.join(path))).collect();
    if files.is_empty() { Ok(()) } else { Err(GitError::Unsaved { path: root.to_owned(), files }) }
}

impl CheckedOut<'_> {
    fn land(&mut self) -> Result<(), GitError> {
        // The files come before the index. An index ahead of the files would show the merged work as taken back.
        self.landing.apply()?;
        put_steps(&mut self.index, self.landing.steps(), self.repo.workdir(), |step| (step.old, step.new));
        if let Some(change) = self.beside {
            self.copied = change.in_working_copy(&self.repo);
            self.index_before = change.in_index(&self.repo, &mut self.index);
        }
        let written = self.index.write().doing("write the index");
        if written.is_err() {
            self.take_back_files();
        }
        written
    }

    fn take_back_files(&mut self) {
        self.landing.take_back();
        if let Some(Copied::Changed(rewritten)) = self.copied.take() {
            rewritten.take_back();
        }
    }

    fn take_back(&mut self) {
        self.take_back_files();
        // Only entries that are still the ones we put are replaced: what somebody staged meanwhile stays.
        put_steps(&mut self.index, self.landing.steps(), self.repo.workdir(), |step| (step.new, step.old));
        let entry = self.index_before.take();
        let put_back = entry.map_or(Ok(()), |entry| self.index.add(&entry)).and_then(|()| self.index.write());
        if let Err(error) = put_back {
            tracing::error!("The index could not be put back after a failed merge: {error}");
        }
    }

    /// Ends the landing. Returns what became of the working copy of the changed file.
    fn keep(self, change: Option<&TextChange<'_>>) -> Option<WorkingCopy> {
        let landed = change.filter(|change| {
            self.landing.steps().iter().any(|step| step.new.is_some() && step.path == bytes_of(change.path))
        });
        let landed = landed.and_then(|change| Some(self.repo.workdir()?.join(change.path)));
        self.landing.keep();
        self.copied.map(WorkingCopy::from).or(landed.map(WorkingCopy::Changed))
    }
}

/// Says whether a branch's last commit may be exchanged for another one: Alfine made it, and nobody else has it.
fn may_amend(repo: &git2::Repository, branch: &Commit<'_>, spec: &MergeSpec) -> Result<bool, GitError> {
    let trailer = format!("{TASK_TRAILER}: ");
    let own =
        branch.message_bytes().split(|&byte| byte == b'\n').any(|line| line.starts_with(trailer.as_bytes()));
    // Amending would lose a signature, and a commit that an agent or the user made is not Alfine's to change.
    if !own || branch.parent_count() != 1 || repo.extract_signature(&branch.id(), None).is_ok() {
        return Ok(false);
    }
    // Another branch, remote ones included, would keep the original. The same work would then be in the history twice.
    for other in repo.branches(None).doing("list the branches")? {
        let (other, kind) = other.doing("list the branches")?;
        let itself =
            kind == BranchType::Local && other.name_bytes().is_ok_and(|name| name == spec.branch.as_bytes());
        let Some(other) = other.get().peel_to_commit().ok().filter(|_| !itself) else { continue };
        let has_it = other.id() == branch.id()
            || repo.graph_descendant_of(other.id(), branch.id()).doing("compare commits")?;
        if has_it {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn tip<'r>(repo: &'r git2::Repository, name: &str) -> Result<Commit<'r>, GitError> {
    repo.find_branch(name, BranchType::Local)
        .and_then(|branch| branch.get().peel_to_commit())
        .map_err(|_| GitError::NoBranch(name.to_owned()))
}

/// Merges two commits in an index, which has the conflicts.
pub(super) fn merged_index(
    repo: &git2::Repository,
    target: &Commit<'_>,
    branch: &Commit<'_>,
    (branch_name, target_name): (&str, &str),
) -> Result<Index, GitError> {
    let mut options = MergeOptions::new();
    options.find_renames(true);
    let base = match repo.merge_base(target.id(), branch.id()) {
        Ok(base) => tree_of(repo, &repo.find_commit(base).doing("read a commit")?)?,
        Err(error) if error.code() == ErrorCode::NotFound && repo.is_shallow() => {
            return Err(GitError::Shallow {
                path: repo.workdir().unwrap_or(repo.path()).to_owned(),
                branch: branch_name.to_owned(),
                target: target_name.to_owned(),
            });
        }
        Err(_) => tree_of(repo, target)?,
    };
    let (ours, theirs) = (tree_of(repo, target)?, tree_of(repo, branch)?);
    for side in [&ours, &theirs] {
        fetch_difference(repo, &base, side)?;
    }
    repo.merge_commits(target, branch, Some(&options)).doing("merge")
}

fn merged_tree<'r>(
    repo: &'r git2::Repository,
    target: &Commit<'_>,
    branch: &Commit<'_>,
    spec: &MergeSpec,
    of_user: &[&Path],
) -> Result<Tree<'r>, GitError> {
    let mut index = merged_index(repo, target, branch, (&spec.branch, &spec.target_branch))?;
    // The plan is the user's, so a conflict in it is settled by the target's text. The change is made to that text.
    for path in of_user {
        let _ = index.conflict_remove(path);
    }
    tree_without_conflicts(repo, index, (&spec.branch, &spec.target_branch))
}

/// Merges two commits that have names.
fn join<'r>(
    repo: &'r git2::Repository,
    target: &Commit<'_>,
    branch: &Commit<'_>,
    names: (&str, &str),
) -> Result<Tree<'r>, GitError> {
    tree_without_conflicts(repo, merged_index(repo, target, branch, names)?, names)
}

fn tree_without_conflicts<'r>(
    repo: &'r git2::Repository,
    mut index: Index,
    (branch, target): (&str, &str),
) -> Result<Tree<'r>, GitError> {
    if !index.has_conflicts() {
        let tree = write_tree(repo, &mut index)?;
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
    Err(GitError::Conflicts { branch: branch.to_owned(), target: target.to_owned(), files })
}
