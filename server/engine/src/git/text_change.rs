//! A change of one file's text that lands with a merge: in its commit, and in the working copies.
//!
//! Where the merge changes nothing else in that file, the change is made to whatever stands there, as an edit of the
//! user's text: an uncommitted change of that file is then neither in the way nor lost. Never knows what the text says.

use super::{
    GitError, Repository as Located,
    contents::{Contents, EXECUTABLE, FILE},
    error::Doing,
    land::{Content, Step},
    path_bytes::bytes_of,
    scan::{SKIP_WORKTREE, entry},
};
use git2::{FileMode, Index, IndexEntry, Repository, Tree, build::TreeUpdateBuilder};
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// A change of one file's text.
#[derive(Clone, Copy)]
pub struct TextChange<'a> {
    /// The file, from the root.
    pub path: &'a Path,
    /// The message of a commit that does nothing else.
    pub message: &'a str,
    /// Gives the changed text, the same one where it is so already; none where the text has no place for the change.
    pub apply: &'a dyn Fn(&str) -> Option<String>,
    /// Whether working copies are changed, too, where the merge changes nothing else in that file.
    pub in_working_copies: bool,
}

impl TextChange<'_> {
    /// Makes the change in a tree, and says whether the tree has it now.
    pub(super) fn in_tree<'r>(
        &self,
        repo: &'r Repository,
        tree: Tree<'r>,
    ) -> Result<(Tree<'r>, bool), GitError> {
        let entry = tree.get_path(self.path).ok();
        let content = entry.map(|entry| Content { id: entry.id(), mode: entry.filemode().cast_unsigned() });
        let Some((content, text)) = content.and_then(|content| Some((content, text_of(repo, content)?)))
        else {
            return Ok((tree, false));
        };
        let changed = match (self.apply)(&text) {
            Some(changed) if changed != text => changed,
            same => return Ok((tree, same.is_some())),
        };
        let id = repo.blob(changed.as_bytes()).doing("store a file")?;
        let mode = if content.mode == EXECUTABLE { FileMode::BlobExecutable } else { FileMode::Blob };
        let tree = TreeUpdateBuilder::new()
            .upsert(self.path, id, mode)
            .create_updated(repo, &tree)
            .and_then(|tree| repo.find_tree(tree))
            .doing("write the tree")?;
        Ok((tree, true))
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

    /// Makes the change in a working tree, to whatever text its file has. None where there is nothing to change.
    pub(super) fn in_working_copy(&self, root: &Path) -> Option<Rewritten> {
        let path = root.join(self.path).canonicalize().ok().filter(|path| path.is_file())?;
        let old = fs::read_to_string(&path).ok()?;
        let new = (self.apply)(&old).filter(|new| *new != old)?;
        match replace(&path, &new) {
            Ok(()) => Some(Rewritten { path, old, new }),
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
        // An index that knows the times of a file that is not what it has would take it for unchanged.
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
    /// Makes a change in this working tree's copy alone. Returns the file, links followed; none where nothing changed.
    pub fn change_text(&self, change: &TextChange<'_>) -> Option<PathBuf> {
        change.in_working_copy(self.workdir()).map(|rewritten| rewritten.path)
    }
}

/// A working copy that was changed.
pub(super) struct Rewritten {
    path: PathBuf,
    old: String,
    new: String,
}

impl Rewritten {
    /// The file, with links followed.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Changes it back, unless somebody wrote it since.
    pub(super) fn take_back(self) {
        let Self { path, old, new } = self;
        if fs::read_to_string(&path).is_ok_and(|now| now == new)
            && let Err(error) = replace(&path, &old)
        {
            tracing::error!("{} could not be changed back: {error}", path.display());
        }
    }
}

fn text_of(repo: &Repository, content: Content) -> Option<String> {
    if !matches!(content.mode, FILE | EXECUTABLE) {
        return None;
    }
    let blob = repo.find_blob(content.id).ok()?;
    str::from_utf8(blob.content()).ok().map(str::to_owned)
}

/// Exchanges a file's text as a whole, with its permissions.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(path.metadata()?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
