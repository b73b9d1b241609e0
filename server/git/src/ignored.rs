//! What git ignores in a working tree, and what it tracks under a name.

use super::{GitError, Repository, index, path_bytes::path_of, repository::open_exactly};
use std::path::Path;

/// A working tree, to ask what git ignores in it.
pub struct Ignored(git2::Repository);

impl Ignored {
    /// Opens the working tree whose root is exactly this folder.
    pub fn of(root: &Path) -> Result<Self, GitError> {
        open_exactly(root).map(Self)
    }

    /// Says whether git ignores a path from the root. A path that is tracked is not ignored; a path that git cannot
    /// judge is.
    pub fn holds(&self, path: &Path) -> bool {
        let tracked = self.0.index().is_ok_and(|index| index.get_path(path, 0).is_some());
        !tracked && self.0.is_path_ignored(path).unwrap_or(true)
    }
}

impl Repository {
    /// The files that git tracks in this working tree under one of these names, in any folder: their paths from the root,
    /// `/` separated.
    pub fn tracked_files_named(&self, names: &[&str]) -> Result<Vec<String>, GitError> {
        let repo = self.open()?;
        let index = index::read_or_head(&repo)?;
        let paths = index.iter().filter_map(|entry| path_of(&entry.path).to_str().map(str::to_owned));
        let is_named = |path: &String| path.rsplit('/').next().is_some_and(|name| names.contains(&name));
        Ok(paths.filter(is_named).collect())
    }
}
