//! Brings into a fresh worktree what git ignores: copies of files, links to folders.
//!
//! A copy is a reflink where the file system can, otherwise a plain copy; never a hard link, through which an agent
//! that edits its `.env` in place would edit the user's. Nothing leads out of either root, and what is there stays.

use super::{
    error::{Doing, DoingOn, GitError},
    path_bytes::stays_inside,
    repository::open_exactly,
};
use globset::{GlobBuilder, GlobMatcher};
use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

/// What was brought. Paths from the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provisioned {
    /// Files that were copied.
    pub copied: Vec<PathBuf>,
    /// Files and folders that were linked.
    pub linked: Vec<PathBuf>,
    /// What lies beside the first working tree and was linked beside the second, such as `../lib`.
    pub beside: Vec<PathBuf>,
    /// Globs and paths that name nothing, or nothing that may be brought.
    pub missing: Vec<String>,
}

impl Provisioned {
    /// What a worktree's checkpoints must leave out.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.copied.iter().chain(&self.linked).cloned().collect()
    }
}

/// Copies what matches the globs in `copy`, and links what `link` names, from one working tree into another. `link` may
/// name what lies beside it, at most two folders up: it is then linked beside the other.
///
/// A glob without a slash matches at the root only, as does every other; `**/` says anywhere, and does not look into
/// folders that git ignores. A folder that matches is copied with all that is in it.
pub fn provision(from: &Path, to: &Path, copy: &[String], link: &[String]) -> Result<Provisioned, GitError> {
    let globs = copy.iter().map(|pattern| Glob::new(pattern)).collect::<Result<Vec<_>, _>>()?;
    for path in link {
        let beside = path.strip_prefix("../").map(|path| path.strip_prefix("../").unwrap_or(path));
        inside(beside.unwrap_or(path)).map_err(|_| GitError::Outside(path.clone()))?;
    }
    let repo = open_exactly(from)?;
    let mut done = Provisioned::default();
    for glob in &globs {
        let matching = glob.matching(from, &repo)?;
        let before = done.copied.len();
        let mut there = false;
        for path in matching {
            there |= copy_into(from, to, &path, &mut done.copied)?;
        }
        if !there && done.copied.len() == before {
            done.missing.push(glob.pattern.clone());
        }
    }
    for pattern in link {
        let path: PathBuf = Path::new(pattern).components().collect();
        let source = from.join(&path);
        if path.starts_with("..") {
            match link_beside(&source, &to.join(&path))? {
                true => done.beside.push(path),
                false => done.missing.push(pattern.clone()),
            }
            continue;
        }
        if source.symlink_metadata().is_err() || !parents_are_folders(from, &path) {
            done.missing.push(pattern.clone());
            continue;
        }
        if let Some(place) = place(to, &path)? {
            std::os::unix::fs::symlink(&source, &place).doing_on("link", &place)?;
            done.linked.push(path);
        }
    }
    Ok(done)
}

/// Links to what lies beside a working tree, beside another. Several worktrees share such a link. Returns whether it is
/// there; nothing is put in the place of anything else.
fn link_beside(source: &Path, place: &Path) -> Result<bool, GitError> {
    let Ok(source) = source.canonicalize() else { return Ok(false) };
    if place.symlink_metadata().is_ok() {
        return Ok(place.canonicalize().is_ok_and(|there| there == source));
    }
    let made = std::os::unix::fs::symlink(&source, place);
    match made {
        // Another loop may have made it just now.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(place.canonicalize().is_ok_and(|there| there == source))
        }
        made => made.doing_on("link", place).map(|()| true),
    }
}

struct Glob {
    pattern: String,
    matcher: GlobMatcher,
    /// The folder below which everything that matches is.
    folder: PathBuf,
    /// How many components a match has; none for any number.
    depth: Option<usize>,
}

impl Glob {
    fn new(pattern: &str) -> Result<Self, GitError> {
        let clean = inside(pattern)?;
        let text = clean.to_string_lossy().into_owned();
        let built = GlobBuilder::new(&text).literal_separator(true).build();
        let built = built
            .map_err(|error| GitError::Glob { pattern: pattern.to_owned(), why: error.kind().to_string() })?;
        let is_literal =
            |part: &Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']);
        let parts: Vec<Component<'_>> = clean.components().collect();
        let literal = parts.iter().take_while(|part| is_literal(part)).count();
        let folder = parts.iter().take(literal.min(parts.len().saturating_sub(1))).collect();
        // Braces may hold slashes, so only a pattern without them has a known depth.
        let depth = (!text.contains("**") && !text.contains('{')).then_some(parts.len());
        Ok(Self { pattern: pattern.to_owned(), matcher: built.compile_matcher(), folder, depth })
    }

    /// Lists the paths that match, sorted. Does not look below a path that matches, and follows no link.
    fn matching(&self, root: &Path, repo: &git2::Repository) -> Result<Vec<PathBuf>, GitError> {
        let mut found = Vec::new();
        if !parents_are_folders(root, &self.folder.join("x")) {
            return Ok(found);
        }
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            let items = match root.join(&folder).read_dir() {
                Ok(items) => items,
                Err(error) if folder == self.folder && error.kind() != io::ErrorKind::PermissionDenied => {
                    break;
                }
                Err(_) => continue,
            };
            for item in items.flatten() {
                let path = folder.join(item.file_name());
                if item.file_name() == ".git" {
                    continue;
                }
                if self.matcher.is_match(&path) {
                    found.push(path);
                    continue;
                }
                let deeper = self.depth.is_none_or(|depth| path.components().count() < depth);
                if deeper && item.file_type().is_ok_and(|kind| kind.is_dir()) {
                    let ignored = repo.is_path_ignored(path.join("")).doing("read .gitignore")?;
                    if self.depth.is_some() || !ignored {
                        folders.push(path);
                    }
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

/// Cleans a path or glob from `./`, and refuses one that leads out of the root or into git's own folder.
fn inside(pattern: &str) -> Result<PathBuf, GitError> {
    let clean: PathBuf = Path::new(pattern).components().filter(|part| *part != Component::CurDir).collect();
    let git = clean.components().any(|part| part.as_os_str() == ".git");
    if !stays_inside(&clean) || git {
        return Err(GitError::Outside(pattern.to_owned()));
    }
    Ok(clean)
}

/// Says whether all folders above a path are folders, not links.
fn parents_are_folders(root: &Path, path: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .filter(|folder| !folder.as_os_str().is_empty())
        .all(|folder| root.join(folder).symlink_metadata().is_ok_and(|metadata| metadata.is_dir()))
}

/// Makes the folders above a path. `None` if something is there already, or a link would lead elsewhere.
fn place(root: &Path, path: &Path) -> Result<Option<PathBuf>, GitError> {
    let place = root.join(path);
    if place.symlink_metadata().is_ok() {
        return Ok(None);
    }
    let mut folders: Vec<&Path> =
        path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).collect();
    folders.reverse();
    for folder in folders {
        let folder = root.join(folder);
        match folder.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Ok(None),
            Err(_) => fs::create_dir(&folder).doing_on("make the folder", &folder)?,
        }
    }
    Ok(Some(place))
}

/// Copies a file or a whole folder, and says whether there was anything that may be copied.
fn copy_into(from: &Path, to: &Path, path: &Path, copied: &mut Vec<PathBuf>) -> Result<bool, GitError> {
    let mut there = false;
    let mut paths = vec![path.to_owned()];
    while let Some(path) = paths.pop() {
        let source = from.join(&path);
        let Ok(metadata) = source.symlink_metadata() else { continue };
        if metadata.is_dir() {
            let items = source.read_dir().doing_on("read the folder", &source)?;
            let items = items.flatten().filter(|item| item.file_name() != ".git");
            paths.extend(items.map(|item| path.join(item.file_name())));
            continue;
        }
        let link = match metadata.is_symlink() {
            true => match inner_link(from, &path) {
                Some(target) => Some(target),
                None => continue,
            },
            false => None,
        };
        if !metadata.is_file() && link.is_none() {
            continue;
        }
        there = true;
        let Some(place) = place(to, &path)? else { continue };
        match link {
            Some(target) => std::os::unix::fs::symlink(target, &place).doing_on("link", &place)?,
            None => {
                reflink_copy::reflink_or_copy(&source, &place).doing_on("copy", &source)?;
                fs::set_permissions(&place, metadata.permissions()).doing_on("set the mode of", &place)?;
            }
        }
        copied.push(path);
    }
    Ok(there)
}

/// The target of a relative link that stays within the root.
fn inner_link(root: &Path, path: &Path) -> Option<PathBuf> {
    let target = root.join(path).read_link().ok()?;
    let mut depth = path.components().count().checked_sub(1)?;
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::ParentDir => depth = depth.checked_sub(1)?,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(target)
}
