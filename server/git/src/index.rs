//! A working tree's own index, also of the kinds that libgit2 cannot read.

use super::{
    GitError,
    command::{Git, READING},
    error::{Doing, IndexKind},
    filters::Filters,
};
use git2::{Index, IndexEntry, IndexTime, Oid, Repository};
use std::{ffi::OsStr, fs::Metadata, os::unix::fs::MetadataExt};

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

/// Reads the index; one of a kind that libgit2 cannot read is listed by the `git` command. The handle uses it from then on:
/// libgit2 asks for the index again when it looks for attributes.
pub(super) fn read_any(repo: &Repository) -> Result<Index, GitError> {
    let (error, root) = match (read(repo), repo.workdir()) {
        (Err(error @ GitError::IndexKind { .. }), Some(root)) => (error, root),
        (other, _) => return other,
    };
    let args = ["ls-files", "--stage", "-t", "-z"].map(OsStr::new);
    let listed = Git::new(root, &args, &Filters::of(repo)?, READING).run_for_bytes(Vec::new());
    let listed = listed.map_err(|failed| {
        tracing::warn!("the index could not be listed: {failed:?}");
        error
    })?;
    let mut index = Index::new().doing("make an index")?;
    for entry in listed.split(|&byte| byte == 0).filter_map(entry_of) {
        index.add(&entry).doing("make an index")?;
    }
    repo.set_index(&mut index).doing("use an index")?;
    Ok(index)
}

/// Reads an entry as `git ls-files --stage -t` writes it: `H 100644 <id> 0<tab>path`.
fn entry_of(line: &[u8]) -> Option<IndexEntry> {
    let tab = line.iter().position(|&byte| byte == b'\t')?;
    let (about, path) = line.split_at(tab);
    let mut words = str::from_utf8(about).ok()?.split(' ');
    let tag = words.next()?;
    let mode = u32::from_str_radix(words.next()?, 8).ok()?;
    let id = words.next()?.parse().ok()?;
    let stage: u16 = words.next()?.parse().ok()?;
    let mut entry = entry(path.get(1..)?, mode, id, None);
    entry.flags = stage << 12;
    entry.flags_extended = if tag == "S" { SKIP_WORKTREE } else { 0 };
    Some(entry)
}

/// As [`read_any`], or else with the last commit's files.
pub(super) fn read_or_head(repo: &Repository) -> Result<Index, GitError> {
    if let Ok(index) = read_any(repo) {
        return Ok(index);
    }
    let mut index = Index::new().doing("make an index")?;
    if let Ok(tree) = repo.head().and_then(|head| head.peel_to_tree()) {
        index.read_tree(&tree).doing("read HEAD")?;
    }
    repo.set_index(&mut index).doing("use an index")?;
    Ok(index)
}

/// The flag of an entry that a sparse checkout leaves out.
pub(super) const SKIP_WORKTREE: u16 = 1 << 14;

/// The flag of an entry whose file git was told to take for unchanged (`git update-index --assume-unchanged`).
const ASSUME_UNCHANGED: u16 = 1 << 15;

/// The flags of an entry by which git overlooks what becomes of its file.
pub(super) fn overlooks(entry: &IndexEntry) -> u16 {
    entry.flags & ASSUME_UNCHANGED | entry.flags_extended & SKIP_WORKTREE
}

/// Sets the flags of an entry by which git overlooks what becomes of its file.
pub(super) fn overlook(entry: &mut IndexEntry, flags: u16) {
    entry.flags = entry.flags & !ASSUME_UNCHANGED | flags & ASSUME_UNCHANGED;
    entry.flags_extended = entry.flags_extended & !SKIP_WORKTREE | flags & SKIP_WORKTREE;
}

/// Makes an entry of an index; without metadata, one whose file is looked at the next time.
pub(super) fn entry(path: &[u8], mode: u32, id: Oid, metadata: Option<&Metadata>) -> IndexEntry {
    let never = IndexTime::new(0, 0);
    IndexEntry {
        ctime: metadata.map_or(never, inode_changed),
        mtime: metadata.map_or(never, modified),
        dev: metadata.map_or(0, |metadata| low(metadata.dev())),
        ino: metadata.map_or(0, |metadata| low(metadata.ino())),
        mode,
        uid: metadata.map_or(0, Metadata::uid),
        gid: metadata.map_or(0, Metadata::gid),
        file_size: metadata.map_or(0, |metadata| low(metadata.len())),
        id,
        flags: 0,
        flags_extended: 0,
        path: path.to_owned(),
    }
}

/// When a file was last written, as an index tells time.
pub(super) fn modified(metadata: &Metadata) -> IndexTime {
    IndexTime::new(clamp(metadata.mtime()), nanoseconds(metadata.mtime_nsec()))
}

/// When a file's inode last changed, as an index tells time.
pub(super) fn inode_changed(metadata: &Metadata) -> IndexTime {
    IndexTime::new(clamp(metadata.ctime()), nanoseconds(metadata.ctime_nsec()))
}

// An index keeps the low 32 bits of each of these.
#[allow(clippy::cast_possible_truncation)]
fn clamp(seconds: i64) -> i32 {
    seconds as i32
}

fn nanoseconds(nanoseconds: i64) -> u32 {
    u32::try_from(nanoseconds).unwrap_or(0)
}

#[allow(clippy::cast_possible_truncation)]
pub(super) fn low(value: u64) -> u32 {
    value as u32
}
