//! What changed between two commits or trees, as a patch and as a list.

use super::{
    GitError, Repository,
    error::Doing,
    index,
    partial::{self, fetch_difference, with_folders},
    path_bytes::{bytes_of, is_within, path_of},
};
use git2::{Delta, DiffFindOptions, DiffFormat, DiffLineType, DiffOptions, Oid, Patch, Tree};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// How a file changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The file is new.
    Added,
    /// The file is gone.
    Deleted,
    /// Its content or its mode is another one.
    Modified,
    /// It became a link, or stopped being one.
    TypeChanged,
    /// It had another path before.
    Renamed {
        /// The path before, from the root.
        from: PathBuf,
    },
}

/// A file that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Its path from the root.
    pub path: PathBuf,
    /// How it changed.
    pub kind: ChangeKind,
    /// Lines added; 0 for a binary file.
    pub added: usize,
    /// Lines removed; 0 for a binary file.
    pub removed: usize,
}

/// The difference of two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// In git's patch format, in the files' own encodings.
    pub patch: Vec<u8>,
    /// Whether the patch ends at the limit. The list never does.
    pub cut: bool,
    /// Every file that changed, by path.
    pub files: Vec<FileChange>,
}

/// Files above this size in bytes are shown as binary: libgit2 holds both sides of a file in memory.
const LARGEST_TEXT: i64 = 8 << 20;

impl Repository {
    /// Compares two commits or trees, given as hex, outside of the paths in `except`. Stops the patch after `limit`
    /// bytes, at the end of a line.
    pub fn diff(&self, from: &str, to: &str, except: &[PathBuf], limit: usize) -> Result<Diff, GitError> {
        let repo = self.open()?;
        let mut options = options();
        let (from, to) = (tree(&repo, from)?, tree(&repo, to)?);
        // libgit2 looks for attributes in it.
        index::read_or_head(&repo)?;
        // Asked for as a whole before anything is read of it.
        fetch_difference(&repo, &from, &to)?;
        let mut diff =
            repo.diff_tree_to_tree(Some(&from), Some(&to), Some(&mut options)).doing("compare two trees")?;
        diff.find_similar(Some(DiffFindOptions::new().renames(true))).doing("find renames")?;

        let mut patch = Vec::new();
        let mut cut = false;
        let mut lines: HashMap<Vec<u8>, (usize, usize)> = HashMap::new();
        diff.print(DiffFormat::Patch, |delta, _, line| {
            let path = delta.new_file().path_bytes().or(delta.old_file().path_bytes()).unwrap_or_default();
            if excepted(path, except) {
                return true;
            }
            let counted = match line.origin_value() {
                DiffLineType::Addition => Some((1, 0)),
                DiffLineType::Deletion => Some((0, 1)),
                _ => None,
            };
            if let Some((added, removed)) = counted {
                let count = lines.entry(path.to_owned()).or_default();
                *count = (count.0 + added, count.1 + removed);
            }
            cut = cut || patch.len() + line.content().len() + 1 > limit;
            if !cut {
                if matches!(line.origin(), '+' | '-' | ' ') {
                    patch.push(line.origin() as u8);
                }
                patch.extend_from_slice(line.content());
            }
            true
        })
        .doing("write the patch")?;

        let mut files = changes(&diff, except);
        for file in &mut files {
            (file.added, file.removed) = lines.get(bytes_of(&file.path)).copied().unwrap_or_default();
        }
        Ok(Diff { patch, cut, files })
    }

    /// Lists what changed between two commits or trees without reading a file: renames show as two changes, and lines
    /// are not counted.
    pub fn files_changed(
        &self,
        from: &str,
        to: &str,
        except: &[PathBuf],
    ) -> Result<Vec<FileChange>, GitError> {
        let repo = self.open()?;
        let (from, to) = (tree(&repo, from)?, tree(&repo, to)?);
        let mut options = options();
        options.skip_binary_check(true);
        let diff = with_folders(&repo, [&from, &to], || {
            repo.diff_tree_to_tree(Some(&from), Some(&to), Some(&mut options)).doing("compare two trees")
        })?;
        Ok(changes(&diff, except))
    }
}

/// Compares two texts of a file, as a patch. Without the first the file is new.
pub fn patch_of_texts(path: &Path, from: Option<&str>, to: &str) -> Result<String, GitError> {
    const DOING: &str = "compare two texts";
    let old = from.map(|_| path);
    let from = from.unwrap_or_default().as_bytes();
    let mut patch = Patch::from_buffers(from, old, to.as_bytes(), Some(path), None).doing(DOING)?;
    Ok(String::from_utf8_lossy(&patch.to_buf().doing(DOING)?).into_owned())
}

fn options() -> DiffOptions {
    let mut options = DiffOptions::new();
    options.include_typechange(true).max_size(LARGEST_TEXT);
    options
}

pub(super) fn excepted(path: &[u8], except: &[PathBuf]) -> bool {
    except.iter().any(|except| is_within(path, bytes_of(except)))
}

fn changes(diff: &git2::Diff<'_>, except: &[PathBuf]) -> Vec<FileChange> {
    let mut files: Vec<FileChange> = diff
        .deltas()
        .filter_map(|delta| {
            let old = delta.old_file().path_bytes();
            let path = delta.new_file().path_bytes().or(old)?;
            let kind = match delta.status() {
                Delta::Added | Delta::Copied => ChangeKind::Added,
                Delta::Deleted => ChangeKind::Deleted,
                Delta::Typechange => ChangeKind::TypeChanged,
                Delta::Renamed => ChangeKind::Renamed { from: path_of(old?) },
                _ => ChangeKind::Modified,
            };
            (!excepted(path, except)).then(|| FileChange { path: path_of(path), kind, added: 0, removed: 0 })
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

pub(super) fn tree<'r>(repo: &'r git2::Repository, id: &str) -> Result<Tree<'r>, GitError> {
    const DOING: &str = "read a tree";
    let id = Oid::from_str(id).doing(DOING)?;
    partial::fetch(repo, [id])?;
    match repo.find_object(id, None).doing(DOING)?.into_commit() {
        Ok(commit) => partial::tree_of(repo, &commit),
        Err(object) => object.peel_to_tree().doing(DOING),
    }
}
