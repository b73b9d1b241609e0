//! A change of one file's text that lands with a merge: in its commit, and in the working copies.
//!
//! If the merge changes nothing else in that file, the change is made to whatever text is there, as an edit of the
//! user's text. So an uncommitted change of that file is neither in the way nor lost. Never knows what the text says.

use super::{
    GitError, Repository as Located,
    contents::{Contents, EXECUTABLE, FILE, mode_of},
    error::Doing,
    index::{SKIP_WORKTREE, entry},
    land::{Content, Step},
    partial,
    path_bytes::bytes_of,
};
use git2::{Index, IndexEntry, Repository, Status, Tree, build::TreeUpdateBuilder};
use std::{
    fs, io,
    io::Write,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A change of one file's text.
#[derive(Clone, Copy)]
pub struct TextChange<'a> {
    /// The file, from the root.
    pub path: &'a Path,
    /// Another file that does not land: the one that `path` was before the branch moved it, or a copy of it.
    pub instead_of: Option<&'a Path>,
    /// The message of a commit that does nothing else.
    pub message: &'a str,
    /// Returns the changed text: the same text if the change is there already, `None` if the text has no place for it.
    pub apply: &'a dyn Fn(&str) -> Option<String>,
    /// Which working copies are changed, too, if the merge changes nothing else in that file.
    pub working_copies: WorkingCopies<'a>,
}

/// Which working copies a change is made in.
#[derive(Clone, Copy)]
pub enum WorkingCopies<'a> {
    /// In each, also in what the user has not committed there.
    All,
    /// In those that are as git has them. Of another one nobody knows whether an editor holds more of it.
    Unmodified,
    /// In all but these, which somebody else changes.
    Except(&'a dyn Fn(&Path) -> bool),
}

/// What became of a working copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkingCopy {
    /// It has the change now.
    Changed(PathBuf),
    /// It was left for somebody else to change.
    Left(PathBuf),
}

impl<'a> TextChange<'a> {
    /// The files that it is about, from the root.
    pub(super) fn paths(&self) -> Vec<&'a Path> {
        std::iter::once(self.path).chain(self.instead_of).collect()
    }
}

impl TextChange<'_> {
    /// Makes the change in a tree that lands on a target, and says whether the tree has it now. The file is the
    /// target's: what a branch did to it does not land.
    pub(super) fn in_tree<'r>(
        &self,
        repo: &'r Repository,
        tree: Tree<'r>,
        target: &Tree<'_>,
    ) -> Result<(Tree<'r>, bool), GitError> {
        let content_in = |tree: &Tree<'_>, path: &Path| {
            let entry = tree.get_path(path).ok()?;
            Some((
                Content { id: entry.id(), mode: entry.filemode().cast_unsigned() },
                mode_of(entry.filemode().cast_unsigned()),
            ))
        };
        let there = content_in(&tree, self.path);
        let before = self.instead_of.and_then(|path| content_in(target, path));
        let Some((content, mode)) = before.or_else(|| content_in(target, self.path)).or(there) else {
            return Ok((tree, false));
        };
        let text = text_of(repo, content);
        let (id, has_it) = match text.as_deref().and_then(|text| Some((text, (self.apply)(text)?))) {
            Some((text, changed)) if changed != text => {
                (repo.blob(changed.as_bytes()).doing("store a file")?, true)
            }
            same => (content.id, same.is_some()),
        };
        let other = self.instead_of.filter(|path| tree.get_path(path).is_ok());
        if other.is_none() && there.is_some_and(|(there, _)| there == Content { id, ..content }) {
            return Ok((tree, has_it));
        }
        let update = |tree: &Tree<'r>, update: &mut TreeUpdateBuilder| {
            let updated = update.create_updated(repo, tree).and_then(|tree| repo.find_tree(tree));
            updated.doing("write the tree")
        };
        // In two goes: what is of another kind is not exchanged in one.
        let mut tree = tree;
        for path in there.map(|_| self.path).into_iter().chain(other) {
            tree = update(&tree, TreeUpdateBuilder::new().remove(path))?;
        }
        Ok((update(&tree, TreeUpdateBuilder::new().upsert(self.path, id, mode))?, has_it))
    }

    /// Says whether a step does to the file what this change does, and nothing else.
    pub(super) fn is_all_of(&self, repo: &Repository, step: &Step) -> bool {
        if step.path != bytes_of(self.path) {
            return false;
        }
        let (Some(old), Some(new)) = (step.old, step.new) else { return false };
        let text = |content| text_of(repo, content);
        old.mode == new.mode
            && text(old).and_then(|old| (self.apply)(&old)).is_some_and(|changed| text(new) == Some(changed))
    }

    /// Makes the change in a working tree, to whatever text its file has. `None` if there is nothing to change.
    pub(super) fn in_working_copy(&self, repo: &Repository) -> Option<Copied> {
        let path = repo.workdir()?.join(self.path).canonicalize().ok().filter(|path| path.is_file())?;
        let old = fs::read_to_string(&path).ok()?;
        let new = (self.apply)(&old).filter(|new| *new != old)?;
        let is_left = match self.working_copies {
            WorkingCopies::All => false,
            WorkingCopies::Unmodified => repo.status_file(self.path) != Ok(Status::CURRENT),
            WorkingCopies::Except(others) => others(&path),
        };
        if is_left {
            return Some(Copied::Left(path));
        }
        let git = repo.path().to_owned();
        match replace(&path, &new, &git) {
            Ok(()) => Some(Copied::Changed(Rewritten { path, old, new, git })),
            Err(error) => {
                // No reason to refuse a merge: the commit has it.
                tracing::warn!("{} cannot be changed: {error}", path.display());
                None
            }
        }
    }

    /// Makes the change in what an index has of the file, also where that is not what is committed. Returns the entry
    /// as it was.
    pub(super) fn in_index(&self, repo: &Repository, index: &mut Index) -> Option<IndexEntry> {
        let old = index.get_path(self.path, 0)?;
        let text = text_of(repo, Content { id: old.id, mode: old.mode })?;
        let changed = (self.apply)(&text).filter(|changed| *changed != text)?;
        let id = repo.blob(changed.as_bytes()).ok()?;
        let metadata = repo.workdir().and_then(|root| root.join(self.path).symlink_metadata().ok());
        // With the file's times, the index would treat the file as unchanged although the contents differ.
        let same = metadata.filter(|metadata| {
            Contents::new(repo)
                .is_ok_and(|contents| contents.store(&old.path, metadata).is_ok_and(|there| there == id))
        });
        let mut new = entry(&old.path, old.mode, id, same.as_ref());
        new.flags_extended = old.flags_extended & SKIP_WORKTREE;
        // Cannot fail on a path that the index has; what stays behind shows as a difference, and loses nothing.
        index.add(&new).ok().map(|()| old)
    }
}

impl Located {
    /// Makes a change only in this working tree's copy, following links; `None` if there is nothing to change.
    pub fn change_text(&self, change: &TextChange<'_>) -> Option<WorkingCopy> {
        change.in_working_copy(&self.open().ok()?).map(WorkingCopy::from)
    }
}

/// A working copy that was changed, or left to somebody else.
pub(super) enum Copied {
    Changed(Rewritten),
    Left(PathBuf),
}

impl From<Copied> for WorkingCopy {
    fn from(copied: Copied) -> Self {
        match copied {
            Copied::Changed(rewritten) => Self::Changed(rewritten.path),
            Copied::Left(path) => Self::Left(path),
        }
    }
}

/// A working copy that was changed.
pub(super) struct Rewritten {
    path: PathBuf,
    old: String,
    new: String,
    /// git's own folder.
    git: PathBuf,
}

impl Rewritten {
    /// Changes it back, unless somebody wrote it since.
    pub(super) fn take_back(self) {
        let Self { path, old, new, git } = self;
        if fs::read_to_string(&path).is_ok_and(|now| now == new)
            && let Err(error) = replace(&path, &old, &git)
        {
            tracing::error!("{} could not be changed back: {error}", path.display());
        }
    }
}

fn text_of(repo: &Repository, content: Content) -> Option<String> {
    if !matches!(content.mode, FILE | EXECUTABLE) {
        return None;
    }
    if let Err(error) = partial::fetch(repo, [content.id]) {
        tracing::warn!("{error}");
    }
    let blob = repo.find_blob(content.id).ok()?;
    str::from_utf8(blob.content()).ok().map(str::to_owned)
}

/// Exchanges a file's text as a whole, with its permissions.
fn replace(path: &Path, text: &str, git: &Path) -> io::Result<()> {
    let device = |path: &Path| path.metadata().map(|metadata| metadata.dev()).ok();
    let beside = path.parent().unwrap_or(Path::new("."));
    // In git's folder nobody stumbles over it if this process is killed; from another file system it cannot be moved.
    let folder = if device(git) == device(beside) { git } else { beside };
    let mut file = tempfile::Builder::new().prefix(".alfine-landing-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(path.metadata()?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
