//! Brings the user's checkout back to what it was before an agent changed it.
//!
//! Only what still is as the agent left it comes back: whatever was changed again since is somebody's later work, and
//! stays. Nothing that is there now is lost by it: the caller keeps the present state first, the commits of branches that
//! move get a ref, and new branches, worktrees and stash entries are left where they are.

use super::{
    CheckoutState, GitError, Repository, Surroundings,
    checkout::Watched,
    checkpoint::{keep_commits_of, snapshot},
    error::{Doing, DoingOn},
    index,
    land::{Content, Landing, Step, index_is_free, put_steps, steps},
    path_bytes::path_of,
};
use git2::{Oid, Tree};
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
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
        if before.watched == Watched::Everything {
            if snapshot(&repo, surroundings)?.whole.to_string() != present.tree {
                return Err(GitError::Changed(format!("the working tree {}", self.workdir.display())));
            }
            restore_files(&repo, [before, after, present], is_unsaved, &mut left)?;
        }
        restore_refs(&repo, before, after, present, &mut left)?;
        if before.watched == Watched::Everything
            && before.branch != after.branch
            && after.branch == present.branch
        {
            match (&before.branch, &before.head) {
                (Some(branch), _) => repo.set_head(branch).doing("set HEAD")?,
                (None, Some(head)) => repo.set_head_detached(id_of(head)?).doing("set HEAD")?,
                (None, None) => {}
            }
        }
        restore_stash(&repo, before, after)?;
        for (name, was) in &before.settings {
            let at = |state: &CheckoutState| state.settings.get(name).cloned();
            let path = repo.commondir().join(name);
            restore_setting(&repo, &path, name, Some((was, None)), (at(after), at(present)), &mut left)?;
        }
        let hooks: BTreeMap<_, _> = after.hooks.iter().chain(&before.hooks).collect();
        for name in hooks.into_keys() {
            let at = |state: &CheckoutState| state.hooks.get(name).map(|(blob, _)| blob.clone());
            let was = before.hooks.get(name).map(|(blob, mode)| (blob, Some(*mode)));
            let path = repo.commondir().join("hooks").join(name);
            restore_setting(&repo, &path, name, was, (at(after), at(present)), &mut left)?;
        }
        Ok(left)
    }
}

fn id_of(hex: &str) -> Result<Oid, GitError> {
    Oid::from_str(hex).doing("read what was kept")
}

fn tree_of<'r>(repo: &'r git2::Repository, hex: &str) -> Result<Tree<'r>, GitError> {
    repo.find_tree(id_of(hex)?).doing("read what was kept")
}

/// Brings files back, and what was staged of them.
fn restore_files(
    repo: &git2::Repository,
    [before, after, present]: [&CheckoutState; 3],
    is_unsaved: &dyn Fn(&Path) -> bool,
    left: &mut LeftAlone,
) -> Result<(), GitError> {
    let (was, is) = (tree_of(repo, &before.tree)?, tree_of(repo, &present.tree)?);
    let back = steps(repo, &tree_of(repo, &after.tree)?, &was, &[])?;
    let present_at = |step: &Step| {
        let entry = is.get_path(&path_of(&step.path)).ok()?;
        Some(Content { id: entry.id(), mode: entry.filemode().cast_unsigned() })
    };
    let (back, changed): (Vec<Step>, Vec<Step>) =
        back.into_iter().partition(|step| present_at(step) == step.old);
    left.files
        .extend(changed.iter().filter(|step| present_at(step) != step.new).map(|step| path_of(&step.path)));

    let staged = match (&before.index, &after.index) {
        (Some(before), Some(after)) if before != after => {
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
    let mut landing = Landing::prepare(repo, back, &was, None)?;
    landing.apply()?;
    let restore_index = || {
        if staged.is_empty() {
            return Ok(());
        }
        let mut index = index::read_plain(repo)?;
        // Without the files' times: what was staged need not be what lies on the disk, and git must look.
        put_steps(&mut index, &staged, None, |step| (step.old, step.new));
        index.write().doing("write the index")
    };
    if let Err(error) = restore_index() {
        landing.take_back();
        return Err(error);
    }
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
        if let Some(now) = now {
            keep_commits_of(repo, name, id_of(now)?, &before.kept)?;
        }
        repo.reference(name, was, true, "alfine: undo").doing("move a branch back")?;
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

/// Brings one file of git's own back; one that is new goes. `now` is its blob after the run, and at present.
fn restore_setting(
    repo: &git2::Repository,
    path: &Path,
    name: &str,
    was: Option<(&String, Option<u32>)>,
    (then, now): (Option<String>, Option<String>),
    left: &mut LeftAlone,
) -> Result<(), GitError> {
    let blob = was.map(|(blob, _)| blob);
    if blob == then.as_ref() || blob == now.as_ref() {
        return Ok(());
    }
    let content = blob.map(|blob| repo.find_blob(Oid::from_str(blob)?)).transpose();
    let (true, Ok(content)) = (then == now, content) else {
        left.others.push(name.to_owned());
        return Ok(());
    };
    let Some(content) = content else {
        return fs::remove_file(path).doing_on("remove", path);
    };
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).doing_on("make the folder", folder)?;
    // A temporary file is readable by its owner alone; a configuration keeps the mode that it had.
    let mode = was.and_then(|(_, mode)| mode).or_else(|| Some(path.metadata().ok()?.permissions().mode()));
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(content.content())?;
        file.as_file().set_permissions(fs::Permissions::from_mode(mode.unwrap_or(0o644)))?;
        file.persist(path)?;
        Ok::<(), std::io::Error>(())
    };
    write().doing_on("write", path)
}
