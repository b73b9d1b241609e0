//! Brings the user's checkout back to what it was before an agent changed it.
//!
//! Only what still is as the agent left it comes back: whatever was changed again since is somebody's later work, and
//! stays. Nothing that is there now is lost by it: the caller keeps the present state first, the commits of branches that
//! move get a ref, and new branches, worktrees and stash entries are left where they are.

use super::{
    CheckoutState, GitError, Repository, Surroundings,
    checkout::{Watched, setting_at},
    checkpoint::{keep_commits_of, snapshot},
    contents::{LINK, SUBMODULE},
    error::{Doing, DoingOn},
    index,
    land::{Landing, Step, content_at, index_is_free, put_steps, steps},
    path_bytes::{is_within, parents, path_of},
    repository::nothing_under_way,
};
use git2::{Oid, Tree};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// What an undoing left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftAlone {
    /// Files that were changed again since, from the root.
    pub files: Vec<PathBuf>,
    /// Branches, tags, hooks and configuration that were changed again since, or whose old content git has removed.
    pub others: Vec<String>,
}

impl LeftAlone {
    /// Whether nothing was left as it is.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.others.is_empty()
    }
}

impl Repository {
    /// Brings back what differs between `before` and `after`, as far as it still is as in `after`. `present` is the
    /// checkout as the caller has just kept it. Nothing is touched if a file would change of which `is_unsaved` says that
    /// somebody holds more of it than lies on the disk.
    ///
    /// Files come back all or none, and before any ref: a crash in between leaves files that a second try finds right.
    pub fn undo_checkout(
        &self,
        before: &CheckoutState,
        after: &CheckoutState,
        present: &CheckoutState,
        surroundings: &Surroundings,
        is_unsaved: &dyn Fn(&Path) -> bool,
    ) -> Result<LeftAlone, GitError> {
        let repo = self.open()?;
        let mut left = LeftAlone::default();
        let everything = before.watched == Watched::Everything;
        let mut files = None;
        if everything {
            nothing_under_way(&repo)?;
            if snapshot(&repo, surroundings)?.whole.to_string() != present.tree {
                return Err(GitError::Changed(format!("the working tree {}", self.workdir.display())));
            }
            files = Some(files_back(&repo, [before, after, present], is_unsaved, &mut left)?);
        }
        // First of all: filters and what is ignored are of them.
        for of in [Kept::Settings, Kept::Hooks] {
            let names: BTreeMap<_, _> = of.of(after).iter().chain(of.of(before)).collect();
            for name in names.into_keys() {
                let at = |state| Kept::of(of, state).get(name);
                let path = match of {
                    Kept::Settings => setting_at(&repo, name),
                    Kept::Hooks => repo.commondir().join("hooks").join(name),
                };
                restore_setting(&repo, &path, name, [at(before), at(after), at(present)], &mut left)?;
            }
        }
        // Opened again: a handle remembers what it has read of these.
        let repo = self.open()?;
        if let Some(files) = &files {
            restore_files(&repo, before, files, &mut left)?;
            restore_flags(&repo, before, after, present)?;
        }
        restore_refs(&repo, before, after, present, &mut left)?;
        if everything && before.is_elsewhere(after) && !after.is_elsewhere(present) {
            match (&before.branch, &before.head) {
                (Some(branch), _) => repo.set_head(branch).doing("set HEAD")?,
                (None, Some(head)) => repo.set_head_detached(id_of(head)?).doing("set HEAD")?,
                (None, None) => {}
            }
        }
        restore_stash(&repo, before, after)?;
        if let Some(files) = files {
            remove_files(&repo, before, files.unmade, &mut left)?;
        }
        for (path, before) in &before.others {
            let (root, then, now) = (Path::new(path), after.others.get(path), present.others.get(path));
            let (Some(then), Some(now)) = (then, now) else {
                if !root.is_dir() {
                    left.others.push(format!("{path} ({})", before.ref_name()));
                }
                continue;
            };
            if self.checkout_changes(before, then)?.is_empty() {
                continue;
            }
            let there = Self { workdir: root.to_owned(), ..self.clone() };
            let stays = there.undo_checkout(before, then, now, &surroundings.beside(root), is_unsaved)?;
            left.files.extend(stays.files.into_iter().map(|file| root.join(file)));
            left.others.extend(stays.others);
        }
        Ok(left)
    }
}

/// What of git's own is kept by name.
#[derive(Clone, Copy)]
enum Kept {
    Settings,
    Hooks,
}

impl Kept {
    fn of(self, state: &CheckoutState) -> &BTreeMap<String, (String, u32)> {
        match self {
            Self::Settings => &state.settings,
            Self::Hooks => &state.hooks,
        }
    }
}

fn id_of(hex: &str) -> Result<Oid, GitError> {
    Oid::from_str(hex).doing("read what was kept")
}

fn tree_of<'r>(repo: &'r git2::Repository, hex: &str) -> Result<Tree<'r>, GitError> {
    repo.find_tree(id_of(hex)?).doing("read what was kept")
}

/// What is to be done to files.
struct FilesBack {
    /// To what has another content, or is gone.
    back: Vec<Step>,
    /// To what is new.
    unmade: Vec<Step>,
    /// To the index.
    staged: Vec<Step>,
}

/// Finds what still is as the run left it, and has to change.
fn files_back(
    repo: &git2::Repository,
    [before, after, present]: [&CheckoutState; 3],
    is_unsaved: &dyn Fn(&Path) -> bool,
    left: &mut LeftAlone,
) -> Result<FilesBack, GitError> {
    let (was, is) = (tree_of(repo, &before.tree)?, tree_of(repo, &present.tree)?);
    let back = steps(repo, &tree_of(repo, &after.tree)?, &was, &[])?;
    let present_at = |step: &Step| content_at(&is, &path_of(&step.path));
    let is_submodule =
        |step: &Step| step.old.into_iter().chain(step.new).any(|content| content.mode == SUBMODULE);
    // A file that is missing now is in nobody's way: the undoing before this one was cut off, or somebody removed it.
    let back = back.into_iter().map(|step| match present_at(&step) {
        None if step.new.is_some() => Step { old: None, ..step },
        _ => step,
    });
    let (back, changed): (Vec<Step>, Vec<Step>) =
        back.partition(|step| present_at(step) == step.old && !is_submodule(step));
    left.files
        .extend(changed.iter().filter(|step| present_at(step) != step.new).map(|step| path_of(&step.path)));

    let is_head_as_then = present.head == after.head;
    let staged = match (&before.index, &after.index) {
        // After a commit of the user's on top, what is staged is of that.
        (Some(before), Some(after)) if before != after && is_head_as_then => {
            steps(repo, &tree_of(repo, after)?, &tree_of(repo, before)?, &[])?
        }
        _ => Vec::new(),
    };
    if !staged.is_empty() {
        index_is_free(repo)?;
    }
    let root = repo.workdir().unwrap_or(repo.path());
    let paths = back.iter().map(|step| path_of(&step.path));
    let unsaved: Vec<PathBuf> = paths.filter(|path| is_unsaved(&root.join(path))).collect();
    if !unsaved.is_empty() {
        return Err(GitError::Unsaved { path: root.to_owned(), files: unsaved });
    }
    let made: HashSet<Vec<u8>> =
        back.iter().filter(|step| step.new.is_some()).map(|step| step.path.clone()).collect();
    let is_in_the_way = |step: &Step| parents(&step.path).any(|folder| made.contains(folder));
    let (unmade, back): (Vec<Step>, Vec<Step>) =
        back.into_iter().partition(|step| step.new.is_none() && !is_in_the_way(step));
    Ok(FilesBack { back, unmade, staged })
}

/// Brings files back, and what was staged of them. A file that is in the way stays, and the others come back.
fn restore_files(
    repo: &git2::Repository,
    before: &CheckoutState,
    files: &FilesBack,
    left: &mut LeftAlone,
) -> Result<(), GitError> {
    let (was, staged) = (tree_of(repo, &before.tree)?, &files.staged);
    let mut landing = match Landing::prepare(repo, files.back.clone(), &was, &was, None) {
        Err(GitError::InTheWay { files: stay, .. }) => {
            let back = files.back.iter().filter(|step| !stay.contains(&path_of(&step.path))).cloned();
            let landing = Landing::prepare(repo, back.collect(), &was, &was, None)?;
            left.files.extend(stay);
            landing
        }
        prepared => prepared?,
    };
    landing.apply()?;
    let restore_index = || {
        if staged.is_empty() {
            return Ok(());
        }
        let mut index = index::read_plain(repo)?;
        // Without the files' times: what was staged need not be what lies on the disk, and git must look.
        put_steps(&mut index, staged, None, |step| (step.old, step.new));
        index.write().doing("write the index")
    };
    if let Err(error) = restore_index() {
        landing.take_back();
        return Err(error);
    }
    landing.keep();
    Ok(())
}

/// Lets git look at files again that it was told to overlook meanwhile, and the other way round. A file that was removed
/// under such a flag looked as if it were there, so it comes back only now.
fn restore_flags(
    repo: &git2::Repository,
    before: &CheckoutState,
    after: &CheckoutState,
    present: &CheckoutState,
) -> Result<(), GitError> {
    const DOING: &str = "let git look at files again";
    let flags = |state: &CheckoutState, path: &String| state.flags.get(path).copied().unwrap_or_default();
    let paths: BTreeSet<&String> = before.flags.keys().chain(after.flags.keys()).collect();
    let is_of_run = |path: &&String| {
        flags(before, path) != flags(after, path) && flags(after, path) == flags(present, path)
    };
    let paths: Vec<&String> = paths.into_iter().filter(is_of_run).collect();
    if paths.is_empty() {
        return Ok(());
    }
    index_is_free(repo)?;
    let (mut index, was) = (index::read_plain(repo)?, tree_of(repo, &before.tree)?);
    let root = repo.workdir().unwrap_or(repo.path());
    let mut gone = Vec::new();
    for path in paths {
        let Some(mut entry) = index.get_path(Path::new(path), 0) else { continue };
        index::overlook(&mut entry, flags(before, path));
        index.add(&entry).doing(DOING)?;
        let content = content_at(&was, Path::new(path));
        if content.is_some() && root.join(path).symlink_metadata().is_err() {
            gone.push(Step { path: path.as_bytes().to_vec(), old: None, new: content });
        }
    }
    index.write().doing(DOING)?;
    let mut landing = Landing::prepare(repo, gone, &was, &was, None)?;
    landing.apply()?;
    landing.keep();
    Ok(())
}

/// Removes files that are new. What git ignores again, now that its rules are back, was there before: it only was not seen.
fn remove_files(
    repo: &git2::Repository,
    before: &CheckoutState,
    unmade: Vec<Step>,
    left: &mut LeftAlone,
) -> Result<(), GitError> {
    if unmade.is_empty() {
        return Ok(());
    }
    let is_ignored = |step: &Step| repo.is_path_ignored(path_of(&step.path)).unwrap_or(true);
    let unmade: Vec<Step> = unmade.into_iter().filter(|step| !is_ignored(step)).collect();
    // Nor was what could not be kept: it may have been there before.
    let may_be_older = |step: &Step| before.skipped.iter().any(|path| is_within(&step.path, path.as_bytes()));
    let (older, unmade): (Vec<Step>, Vec<Step>) = unmade.into_iter().partition(may_be_older);
    left.files.extend(older.iter().map(|step| path_of(&step.path)));
    let was = &tree_of(repo, &before.tree)?;
    let mut landing = Landing::prepare(repo, unmade, was, was, None)?;
    landing.apply()?;
    landing.keep();
    Ok(())
}

/// Moves branches and tags back, and makes those again that are gone. One that is new stays: it may hold commits.
fn restore_refs(
    repo: &git2::Repository,
    before: &CheckoutState,
    after: &CheckoutState,
    present: &CheckoutState,
    left: &mut LeftAlone,
) -> Result<(), GitError> {
    for (name, was) in &before.refs {
        let (then, now) = (after.refs.get(name), present.refs.get(name));
        let own = before.watched == Watched::AroundTheTree && before.branch.as_ref() == Some(name);
        if then == Some(was) || now == Some(was) || own {
            continue;
        }
        let was = id_of(was)?;
        if now != then || repo.find_object(was, None).is_err() {
            left.others.push(name.clone());
            continue;
        }
        let moved = || {
            if let Some(now) = now {
                keep_commits_of(repo, name, id_of(now)?, &before.kept)?;
            }
            repo.reference(name, was, true, "alfine: undo").doing("move a branch back")
        };
        // Such as a branch that stands where this one's folder would be: the rest can come back all the same.
        if let Err(error) = moved() {
            tracing::warn!("{name} was not moved back: {error}");
            left.others.push(name.clone());
        }
    }
    Ok(())
}

/// Puts entries back into the stash that are gone from it. They become its latest ones.
fn restore_stash(
    repo: &git2::Repository,
    before: &CheckoutState,
    after: &CheckoutState,
) -> Result<(), GitError> {
    const STASH: &str = "refs/stash";
    const DOING: &str = "put the stash back";
    let has = |state: &[(String, String)], id: &String| state.iter().any(|(other, _)| other == id);
    for (id, message) in before.stash.iter().rev() {
        if has(&after.stash, id) || has(&super::checkout::stash(repo), id) {
            continue;
        }
        let id = id_of(id)?;
        if repo.find_commit(id).is_ok() {
            repo.reference_ensure_log(STASH).doing(DOING)?;
            repo.reference(STASH, id, true, message).doing(DOING)?;
        }
    }
    Ok(())
}

/// Brings one file of git's own back; one that is new goes. It has a blob and a mode before, after the run, and at present.
fn restore_setting(
    repo: &git2::Repository,
    path: &Path,
    name: &str,
    [was, then, now]: [Option<&(String, u32)>; 3],
    left: &mut LeftAlone,
) -> Result<(), GitError> {
    if was == then || was == now {
        return Ok(());
    }
    let content = was.map(|(blob, _)| repo.find_blob(Oid::from_str(blob)?)).transpose();
    let (true, Ok(content)) = (then == now, content) else {
        left.others.push(name.to_owned());
        return Ok(());
    };
    let (Some(content), Some((_, mode))) = (content, was) else {
        return fs::remove_file(path).doing_on("remove", path);
    };
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).doing_on("make the folder", folder)?;
    let write = || {
        let aside = tempfile::tempdir_in(folder)?;
        let new = aside.path().join("new");
        if mode & 0o170_000 == LINK {
            std::os::unix::fs::symlink(path_of(content.content()), &new)?;
        } else {
            fs::write(&new, content.content())?;
            fs::set_permissions(&new, fs::Permissions::from_mode(mode & 0o7777))?;
        }
        fs::rename(new, path)
    };
    write().doing_on("write", path)
}
