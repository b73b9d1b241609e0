//! What a loop adds to the repository: the new files of its tree, and those that are only in its branch's commits.

use super::{
    GitError, Repository,
    diff::{excepted, tree},
    error::Doing,
    partial,
};
use git2::{Delta, DiffOptions, Oid, Sort};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// How many commits of a branch are looked at, the latest first.
const COMMITS: usize = 500;

/// A file with a new content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedFile {
    /// Its path from the root, as it is in the tree.
    pub path: Vec<u8>,
    /// Its content's id, as hex.
    pub content: String,
    /// The content that it had before, likewise; `None` if the file is new.
    pub before: Option<String>,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether it is a link.
    pub is_link: bool,
    /// The commit that has it, as hex, if only the history does.
    pub commit: Option<String>,
}

impl Repository {
    /// Lists the files that are new or changed in `to`, a commit or tree, beside `from`, outside of the paths in
    /// `except`. Behind them those of the commits between `base` and `head` that `to` no longer has.
    pub fn added(
        &self,
        (from, to): (&str, &str),
        (base, head): (Option<&str>, Option<&str>),
        except: &[PathBuf],
    ) -> Result<Vec<AddedFile>, GitError> {
        let repo = self.open()?;
        let mut found = between(&repo, Some(&tree(&repo, from)?), &tree(&repo, to)?, except)?;
        let Some(head) = head.filter(|head| Some(*head) != base) else { return Ok(found) };
        let mut known: BTreeSet<String> = found.iter().map(|file| file.content.clone()).collect();
        let id = |hex: &str| Oid::from_str(hex).doing("read a commit's id");
        let mut walk = repo.revwalk().doing("walk the commits")?;
        walk.set_sorting(Sort::TOPOLOGICAL).doing("walk the commits")?;
        walk.push(id(head)?).doing("walk the commits")?;
        if let Some(base) = base {
            walk.hide(id(base)?).doing("walk the commits")?;
        }
        for commit in walk.take(COMMITS) {
            let commit = commit.and_then(|id| repo.find_commit(id)).doing("read a commit")?;
            // A merge brings in what others committed.
            if commit.parent_count() > 1 {
                continue;
            }
            let parent = commit.parent(0).and_then(|parent| parent.tree()).ok();
            let now = commit.tree().doing("read a commit")?;
            for file in between(&repo, parent.as_ref(), &now, except)? {
                if known.insert(file.content.clone()) {
                    found.push(AddedFile { commit: Some(commit.id().to_string()), ..file });
                }
            }
        }
        Ok(found)
    }

    /// Opens the objects once, for many questions about them.
    pub fn objects(&self) -> Result<Objects, GitError> {
        Ok(Objects(self.open()?))
    }
}

/// The objects of a repository.
pub struct Objects(git2::Repository);

impl Objects {
    /// Reads the content of a file, given by its id as hex.
    pub fn content(&self, id: &str) -> Result<Vec<u8>, GitError> {
        let id = Oid::from_str(id).doing("read a file")?;
        partial::fetch(&self.0, [id])?;
        let blob = self.0.find_blob(id).doing("read a file")?;
        Ok(blob.content().to_owned())
    }

    /// Reads the text of a file of a commit or tree; `None` if there is none, or if it is no text.
    pub fn text_at(&self, commit: &str, path: &Path) -> Result<Option<String>, GitError> {
        let Ok(entry) = tree(&self.0, commit)?.get_path(path) else { return Ok(None) };
        Ok(String::from_utf8(self.content(&entry.id().to_string())?).ok())
    }

    /// Says whether a commit or tree has something at a path.
    pub fn has_path(&self, commit: &str, path: &str) -> Result<bool, GitError> {
        Ok(tree(&self.0, commit)?.get_path(path.as_ref()).is_ok())
    }
}

fn between(
    repo: &git2::Repository,
    from: Option<&git2::Tree<'_>>,
    to: &git2::Tree<'_>,
    except: &[PathBuf],
) -> Result<Vec<AddedFile>, GitError> {
    let mut options = DiffOptions::new();
    options.skip_binary_check(true);
    let diff = repo.diff_tree_to_tree(from, Some(to), Some(&mut options)).doing("compare two trees")?;
    let odb = repo.odb().doing("open the objects")?;
    let mut found = Vec::new();
    for delta in diff.deltas() {
        let new = delta.new_file();
        let is_content =
            matches!(delta.status(), Delta::Added | Delta::Modified) && new.mode() != git2::FileMode::Commit;
        let Some(path) = new.path_bytes().filter(|path| is_content && !excepted(path, except)) else {
            continue;
        };
        let (bytes, _) = match odb.read_header(new.id()) {
            // What is not here was not made here: it came with a commit of somebody else's.
            Err(error) if partial::lacks(repo, &error) => continue,
            header => header.doing("read a file")?,
        };
        found.push(AddedFile {
            path: path.to_owned(),
            content: new.id().to_string(),
            before: (delta.status() == Delta::Modified).then(|| delta.old_file().id().to_string()),
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
            is_link: new.mode() == git2::FileMode::Link,
            commit: None,
        });
    }
    Ok(found)
}
