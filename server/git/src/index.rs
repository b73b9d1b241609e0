//! A working tree's own index, also of the kinds that libgit2 cannot read.

use super::{
    GitError,
    command::{Git, READING},
    error::{Doing, IndexKind},
    filters::Filters,
};
use git2::{Index, Repository};
use std::ffi::OsStr;

/// Reads the index.
pub(super) fn read(repo: &Repository) -> Result<Index, GitError> {
    repo.index().map_err(|source| {
        // libgit2 has no error code for an unknown extension of the format, only this message.
        let has = |extension| source.message().contains("extension") && source.message().contains(extension);
        let path = repo.workdir().unwrap_or(repo.path()).to_owned();
        match () {
            () if has("'link'") => GitError::IndexKind { path, kind: IndexKind::Split },
            () if has("'sdir'") => GitError::IndexKind { path, kind: IndexKind::Sparse },
            () => GitError::Git { doing: "read the index", source },
        }
    })
}

/// Reads the index; one of another kind is written again by the `git` command as a plain one, with all that it says.
pub(super) fn read_plain(repo: &Repository) -> Result<Index, GitError> {
    let (error, root) = match (read(repo), repo.workdir()) {
        (Err(error @ GitError::IndexKind { .. }), Some(root)) => (error, root),
        (other, _) => return other,
    };
    let args = ["update-index", "--no-split-index", "--force-write-index"].map(OsStr::new);
    let mut git = Git::new(root, &args, &Filters::of(repo)?, READING);
    git.settings.extend([("core.splitIndex".into(), "false"), ("index.sparse".into(), "false")]);
    match git.run(Vec::new()) {
        Ok(_) => read(repo),
        Err(failed) => {
            tracing::warn!("the index could not be written as a plain one: {failed:?}");
            Err(error)
        }
    }
}

/// Has a handle use the last commit's files for an index, where it cannot read the one that is there. libgit2 asks for
/// the index again when it looks for attributes, so it gets this one.
pub(super) fn read_or_head(repo: &Repository) -> Result<Index, GitError> {
    if let Ok(index) = repo.index() {
        return Ok(index);
    }
    let mut index = Index::new().doing("make an index")?;
    if let Ok(tree) = repo.head().and_then(|head| head.peel_to_tree()) {
        index.read_tree(&tree).doing("read HEAD")?;
    }
    repo.set_index(&mut index).doing("use an index")?;
    Ok(index)
}
