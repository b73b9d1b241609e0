//! Worktrees of tasks: made, opened, made again, removed. What a checkpoint does not hold is never removed.

use super::{
    Checkpoint, CheckpointSpec, GitError, Repository,
    checkpoint::keep_commits_of,
    contents::Contents,
    error::{Doing, DoingOn},
    index,
    land::{Landing, steps},
    names::{BRANCH_ROOTS, admin_name, task_of_branch},
    partial::{self, needs_git},
    path_bytes::bytes_of,
    places::{is_home_of, same_place},
    repository::open_exactly,
    skipped::Skipped,
    submodule,
};
use git2::{BranchType, Oid, WorktreeLockStatus, WorktreePruneOptions};
use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// What worktree to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorktreeSpec {
    /// Its folder (see [`worktree_dir`](super::worktree_dir())).
    pub path: PathBuf,
    /// The branch that is asked for (see [`branch_name`](super::branch_name())).
    pub branch: String,
    /// The commit it starts from, as hex.
    pub base: String,
}

/// A worktree that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorktreeHandle {
    /// The worktree's folder.
    pub path: PathBuf,
    /// Its branch: the requested name, with a number if that branch has commits of an earlier loop.
    pub branch: String,
    /// Submodules whose files are not there: their commits are not in this repository, and nothing is downloaded.
    pub empty_submodules: Vec<PathBuf>,
}

/// How many branches of the same task are looked through for a free name.
const MOST_BRANCHES: u32 = 1000;

impl Repository {
    /// Creates a worktree with a branch of its own. If this repository has a worktree on that branch at that path
    /// already, it is opened instead.
    ///
    /// A branch of that name with commits that the base does not have is left alone, and the next number is taken.
    pub fn create_worktree(&self, spec: &WorktreeSpec) -> Result<WorktreeHandle, GitError> {
        let repo = self.open()?;
        match spec.path.read_dir().map(|mut items| items.next().is_some()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => return Err(GitError::NotOurs(spec.path.clone())),
            // An empty folder is treated as a missing one: git fills it.
            Ok(false) => fs::remove_dir(&spec.path).doing_on("remove the empty folder", &spec.path)?,
            Ok(true) => {
                let there = self.open_at(&spec.path)?;
                let on = there.head().ok().and_then(|head| head.shorthand().ok().map(str::to_owned));
                if on.as_deref() != Some(&spec.branch) {
                    return Err(GitError::NotOurs(spec.path.clone()));
                }
                return self.open_worktree(&spec.path, &spec.branch);
            }
        }
        self.forget_worktree(&repo, &spec.path)?;
        let base =
            Oid::from_str(&spec.base).and_then(|id| repo.find_commit(id)).doing("read the base commit")?;
        let branch = free_branch(&repo, &spec.branch, base.id())?;
        // The name is unused, or its branch has no commits of its own, so moving it loses nothing.
        repo.branch(&branch, &base, true).doing("make the branch")?;
        let made = self.add_worktree(&repo, &spec.path, &branch);
        if made.is_err()
            && let Ok(mut branch) = repo.find_branch(&branch, BranchType::Local)
        {
            let _ = branch.delete();
        }
        made
    }

    /// Opens a worktree of this repository. If it has lost its `.git` file, the file is written again.
    pub fn open_worktree(&self, path: &Path, branch: &str) -> Result<WorktreeHandle, GitError> {
        let repo = self.open_at(path)?;
        Ok(WorktreeHandle {
            path: path.to_owned(),
            branch: branch.to_owned(),
            empty_submodules: submodule::empty(&repo)?,
        })
    }

    /// Creates a worktree that is gone again, from a checkpoint.
    ///
    /// Its branch is where the checkpoint has it; commits that were made on top afterwards win over the checkpoint.
    pub fn restore_worktree(
        &self,
        path: &Path,
        branch: &str,
        checkpoint: &Checkpoint,
    ) -> Result<WorktreeHandle, GitError> {
        if path.symlink_metadata().is_ok() {
            return self.open_worktree(path, branch);
        }
        let repo = self.open()?;
        let no_checkpoint = || GitError::NoCheckpoint(checkpoint.ref_name.clone());
        let commit = Oid::from_str(&checkpoint.commit).and_then(|id| repo.find_commit(id));
        let commit = commit.map_err(|_| no_checkpoint())?;
        let head = commit.parent(0).map_err(|_| no_checkpoint())?;
        self.forget_worktree(&repo, path)?;
        let tip =
            repo.find_branch(branch, BranchType::Local).and_then(|branch| branch.get().peel_to_commit());
        // Commits on top of the checkpoint's HEAD were made after the checkpoint. Such a branch stays where it is, and
        // the checkpoint's older files are not laid over it.
        let newer = match &tip {
            Ok(tip) => repo.graph_descendant_of(tip.id(), head.id()).doing("compare commits")?,
            Err(_) => false,
        };
        if !newer {
            if let Ok(tip) = &tip {
                keep_commits_of(&repo, branch, tip.id(), &checkpoint.commit)?;
            }
            repo.branch(branch, &head, true).doing("make the branch")?;
        }
        let made = self.add_worktree(&repo, path, branch)?;
        if !newer {
            let worktree = self.open_at(path)?;
            let read = |commit: &git2::Commit<'_>| {
                worktree.find_commit(commit.id()).and_then(|commit| commit.tree()).doing("read a commit")
            };
            let (from, to) = (read(&head)?, read(&commit)?);
            let mut landing =
                Landing::prepare(&worktree, steps(&worktree, &from, &to, &[])?, &to, &from, None)?;
            landing.apply()?;
            landing.keep();
        }
        Ok(made)
    }

    /// Removes a worktree after a last checkpoint of it; its branch and its checkpoints stay.
    ///
    /// Refuses when it holds something that a checkpoint cannot keep. `None` if its folder was gone already.
    pub fn remove_worktree(
        &self,
        path: &Path,
        last: &CheckpointSpec<'_>,
    ) -> Result<Option<Checkpoint>, GitError> {
        let repo = self.open()?;
        if path.symlink_metadata().is_err() {
            self.forget_worktree(&repo, path)?;
            return Ok(None);
        }
        let opened = self.open_at(path)?;
        if !opened.is_worktree() {
            return Err(GitError::NotOurs(path.to_owned()));
        }
        let worktree = git2::Worktree::open_from_repository(&opened).doing("open the worktree")?;
        if !matches!(worktree.is_locked(), Ok(WorktreeLockStatus::Unlocked)) {
            return Err(GitError::WorktreeLocked(path.to_owned()));
        }
        // Always a new checkpoint, whatever the caller knows: this is the last look at these files.
        let last = CheckpointSpec { unless_still: None, ..last.clone() };
        let checkpoint = self.last_of(path, &last)?;
        let (kept, kept_out): (Vec<Skipped>, _) =
            checkpoint.skipped.iter().cloned().partition(|skipped| skipped.reason.keeps_content());
        if !kept_out.is_empty() {
            return Err(GitError::WouldLose { path: path.to_owned(), kept_out });
        }
        for skipped in kept {
            tracing::warn!("left out of the last checkpoint: {skipped}");
        }
        // The folder goes before git's notes about it. After a crash in between, the notes are found without a folder
        // and removed. In the other order, a folder would stay that nothing knows about.
        remove_folder(path)?;
        self.forget_worktree(&repo, path)?;
        Ok(Some(checkpoint))
    }

    /// Removes a task's worktree and its branch; checkpoints stay, and with them every commit of the branch.
    pub fn discard(&self, path: &Path, branch: &str, last: &CheckpointSpec<'_>) -> Result<(), GitError> {
        let checkpoint = self.remove_worktree(path, last)?;
        self.delete_branch(branch, checkpoint.as_ref())
    }

    /// Deletes a branch that Alfine made. Its commits stay under a ref of Alfine's own.
    pub(super) fn delete_branch(&self, name: &str, last: Option<&Checkpoint>) -> Result<(), GitError> {
        if task_of_branch(name).is_none() {
            return Err(GitError::NoBranch(name.to_owned()));
        }
        let repo = self.open()?;
        let Ok(mut branch) = repo.find_branch(name, BranchType::Local) else { return Ok(()) };
        if let Some(tip) = branch.get().target() {
            keep_commits_of(&repo, name, tip, last.map_or("", |last| &last.commit))?;
        }
        branch.delete().doing("delete the branch")
    }

    /// Removes the lock that a killed git process left on a worktree's index, and says whether there was one.
    ///
    /// Only for a worktree of Alfine's own, in which the caller knows that no process works.
    pub fn clear_stale_lock(&self, worktree: &Path) -> Result<bool, GitError> {
        let lock = self.open_at(worktree)?.path().join("index.lock");
        match fs::remove_file(&lock) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).doing_on("remove", &lock),
        }
    }

    /// Removes the locks that a killed process left on a task's branch and checkpoints.
    ///
    /// Only for a task of which the caller knows that no process works on it.
    pub fn clear_stale_ref_locks(&self, branch: &str, plan: &str, task: &str) -> Result<(), GitError> {
        let first = super::checkpoint_ref(plan, task, 1);
        let checkpoints = self.common_dir.join(&first);
        let branch = self.common_dir.join(format!("refs/heads/{branch}.lock"));
        remove_locks(checkpoints.parent().unwrap_or(&checkpoints), [branch])
    }

    /// Adds a worktree for a branch and checks it out. Nothing may be at `path`.
    fn add_worktree(
        &self,
        repo: &git2::Repository,
        path: &Path,
        branch: &str,
    ) -> Result<WorktreeHandle, GitError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).doing_on("make the folder", folder)?;
        }
        let add = || {
            self.register(path, &format!("ref: refs/heads/{branch}\n"))?;
            let worktree = open_exactly(path)?;
            if needs_git(repo) {
                partial::check_out(&worktree, path)?;
                return submodule::initialise(&open_exactly(path)?);
            }
            worktree.checkout_head(None).doing("check the worktree out")?;
            finish_worktree(path)
        };
        let added = add();
        match added {
            Ok(empty_submodules) => {
                Ok(WorktreeHandle { path: path.to_owned(), branch: branch.to_owned(), empty_submodules })
            }
            Err(error) => {
                let _ = remove_folder(path);
                let _ = self.forget_worktree(repo, path);
                Err(error)
            }
        }
    }

    /// Writes git's notes of a worktree that has no files yet. It will hold what the user's own working tree holds.
    ///
    /// Not by libgit2, which fails where another process makes a worktree at the same moment: it makes the folder of all notes
    /// only if nobody else does, and takes any branch for one that is checked out while it sees notes that are half written.
    pub(super) fn register(&self, path: &Path, head: &str) -> Result<(), GitError> {
        let home = self.common_dir.join("worktrees").join(admin_name(path));
        let file = path.join(".git");
        for folder in [&home, path] {
            fs::create_dir_all(folder).doing_on("make the folder", folder)?;
        }
        partial::hold_the_same(&self.git_dir, &home)?;
        let line = |before: &[u8], path: &Path| [before, bytes_of(path), b"\n"].concat();
        let (found_by, unfinished) = (home.join("gitdir"), home.join("gitdir.new"));
        for (path, text) in [
            (home.join("HEAD"), head.to_owned().into_bytes()),
            (home.join("commondir"), b"../..\n".to_vec()),
            (file.clone(), line(b"gitdir: ", &home)),
            (unfinished.clone(), line(b"", &file)),
        ] {
            fs::write(&path, text).doing_on("write", &path)?;
        }
        // The one by which git finds the worktree comes last, and whole.
        fs::rename(&unfinished, &found_by).doing_on("write", &found_by)
    }

    /// Removes git's notes of a worktree whose folder is gone.
    pub(super) fn forget_worktree(&self, repo: &git2::Repository, path: &Path) -> Result<(), GitError> {
        for name in repo.worktrees().doing("list the worktrees")?.iter_bytes() {
            let Ok(worktree) = str::from_utf8(name)
                .map_err(|_| ())
                .and_then(|name| repo.find_worktree(name).map_err(|_| ()))
            else {
                continue;
            };
            if !same_place(worktree.path(), path) || path.symlink_metadata().is_ok() {
                continue;
            }
            if !matches!(worktree.is_locked(), Ok(WorktreeLockStatus::Unlocked)) {
                return Err(GitError::WorktreeLocked(path.to_owned()));
            }
            let mut options = WorktreePruneOptions::new();
            worktree.prune(Some(options.valid(true))).doing("forget the worktree")?;
        }
        // libgit2 does not list an entry that is only half made.
        let admin = self.common_dir.join("worktrees").join(admin_name(path));
        if path.symlink_metadata().is_err() && admin.exists() {
            fs::remove_dir_all(&admin).doing_on("remove", &admin)?;
        }
        Ok(())
    }

    /// Writes the `.git` file of a worktree again that has lost it. Says whether it did.
    pub(super) fn reattach(&self, worktree: &Path) -> Result<bool, GitError> {
        let file = worktree.join(".git");
        if file.symlink_metadata().is_ok() {
            return Ok(false);
        }
        let Ok(entries) = self.common_dir.join("worktrees").read_dir() else { return Ok(false) };
        for entry in entries.flatten() {
            if is_home_of(&entry.path(), &file) {
                let line = [b"gitdir: ", bytes_of(&entry.path()), b"\n"].concat();
                fs::write(&file, line).doing_on("write", &file)?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Removes the locks that a killed process left in a folder, and these others. What is not there is none.
pub(super) fn remove_locks(folder: &Path, others: impl IntoIterator<Item = PathBuf>) -> Result<(), GitError> {
    let within = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    for lock in within.chain(others) {
        if lock.extension().is_some_and(|extension| extension == "lock") {
            match fs::remove_file(&lock) {
                Err(error) if error.kind() != io::ErrorKind::NotFound && lock.exists() => {
                    return Err(error).doing_on("remove", &lock);
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Brings what libgit2's checkout leaves out: foreign filters and submodules.
fn finish_worktree(path: &Path) -> Result<Vec<PathBuf>, GitError> {
    let repo = open_exactly(path)?;
    let contents = Contents::new(&repo)?;
    let index = index::read_plain(&repo)?;
    let attributes = |path: &[u8]| path == b".gitattributes" || path.ends_with(b"/.gitattributes");
    // Without any file of attributes no path can have a filter. That spares a large tree one question for each file.
    let has_attributes = repo.commondir().join("info/attributes").exists()
        || repo.config().is_ok_and(|config| config.get_path("core.attributesfile").is_ok())
        || index.iter().any(|entry| attributes(&entry.path));
    if has_attributes {
        let filtered: Vec<_> = index
            .iter()
            .filter_map(|entry| {
                let filter = contents.foreign_filter(&entry.path)?;
                Some((entry.path, filter))
            })
            .collect();
        contents.rewrite_filtered(&filtered)?;
    }
    submodule::initialise(&repo)
}

/// Finds a name for a task's branch. No commits of an earlier loop get lost under it.
fn free_branch(repo: &git2::Repository, wanted: &str, base: Oid) -> Result<String, GitError> {
    let wanted = match blocking(repo, wanted) {
        None => wanted.to_owned(),
        Some(by) => {
            let moved = wanted.strip_prefix(BRANCH_ROOTS[0]).map(|task| format!("{}{task}", BRANCH_ROOTS[1]));
            match moved.filter(|moved| blocking(repo, moved).is_none()) {
                Some(moved) => moved,
                None => return Err(GitError::BranchBlocked { name: wanted.to_owned(), by }),
            }
        }
    };
    for n in 1..=MOST_BRANCHES {
        let name = if n == 1 { wanted.clone() } else { format!("{wanted}+{n}") };
        // git stores the branch `a/b` as a file in the folder `a`, so there cannot be a branch `a` as well.
        let below = repo.references_glob(&format!("refs/heads/{name}/*")).doing("list the branches")?;
        if below.count() > 0 {
            continue;
        }
        let Ok(branch) = repo.find_branch(&name, BranchType::Local) else { return Ok(name) };
        let tip = branch.get().peel_to_commit().doing("read a branch")?.id();
        let nothing_of_its_own =
            tip == base || repo.graph_descendant_of(base, tip).doing("compare commits")?;
        if nothing_of_its_own && !is_checked_out(repo, branch.get()) {
            return Ok(name);
        }
    }
    Err(GitError::BranchBlocked { name: wanted.clone(), by: wanted })
}

/// Says whether any worktree's HEAD is this branch.
fn is_checked_out(repo: &git2::Repository, branch: &git2::Reference<'_>) -> bool {
    let is_head = |repo: &git2::Repository| {
        repo.find_reference("HEAD")
            .is_ok_and(|head| head.symbolic_target_bytes() == Some(branch.name_bytes()))
    };
    let main = git2::Repository::open(repo.commondir());
    main.is_ok_and(|main| is_head(&main))
        || repo.worktrees().is_ok_and(|names| {
            names.iter().flatten().flatten().any(|name| {
                repo.find_worktree(name)
                    .and_then(|worktree| git2::Repository::open_from_worktree(&worktree))
                    .is_ok_and(|repo| is_head(&repo))
            })
        })
}

/// Finds the branch that has the name of a folder this one needs.
fn blocking(repo: &git2::Repository, branch: &str) -> Option<String> {
    branch
        .match_indices('/')
        .filter_map(|(at, _)| branch.get(..at))
        .find(|folder| repo.find_branch(folder, BranchType::Local).is_ok())
        .map(str::to_owned)
}

/// Removes a folder, also one whose folders were made read-only (as package caches are). Links are not followed.
pub(super) fn remove_folder(path: &Path) -> Result<(), GitError> {
    let Err(error) = fs::remove_dir_all(path) else { return Ok(()) };
    if error.kind() == io::ErrorKind::PermissionDenied {
        let mut folders = vec![path.to_owned()];
        while let Some(folder) = folders.pop() {
            let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o700));
            let items = folder.read_dir().into_iter().flatten().flatten();
            folders.extend(
                items.filter(|item| item.file_type().is_ok_and(|kind| kind.is_dir())).map(|item| item.path()),
            );
        }
    }
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.doing_on("remove the worktree", path),
    }
}
