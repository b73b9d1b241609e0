//! Submodules in worktrees: filled from what the repository has, without network, and their commits brought home.

use super::{
    contents::SUBMODULE,
    error::{Doing, DoingOn, GitError},
    names::CHECKPOINTS,
    path_bytes::{bytes_of, path_of},
};
use git2::{Oid, Repository};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A submodule of a working tree.
struct Submodule {
    path: PathBuf,
    commit: Oid,
    /// The repository that the main worktree keeps of it.
    home: Option<PathBuf>,
}

fn list(repo: &Repository) -> Result<Vec<Submodule>, GitError> {
    // Indexes that cannot be read here are no reason to fail for the sake of submodules.
    let Ok(index) = repo.index() else { return Ok(Vec::new()) };
    let links = index.iter().filter(|entry| entry.mode == SUBMODULE);
    Ok(links
        .map(|link| {
            let path = path_of(&link.path);
            let name = path.to_str().and_then(|path| {
                let submodule = repo.find_submodule(path).ok()?;
                submodule.name().ok().map(str::to_owned)
            });
            // A name comes from a file in the repository and could lead elsewhere.
            let home = name
                .filter(|name| super::path_bytes::stays_inside(Path::new(name)))
                .map(|name| repo.commondir().join("modules").join(name))
                .filter(|home| home.join("objects").is_dir());
            Submodule { path, commit: link.id, home }
        })
        .collect())
}

/// Fills the submodules of a fresh worktree, and returns those it could not.
///
/// Each becomes a repository of its own that borrows the objects of the main worktree's.
pub(super) fn initialise(repo: &Repository) -> Result<Vec<PathBuf>, GitError> {
    let Some(root) = repo.workdir() else { return Ok(Vec::new()) };
    let mut empty = Vec::new();
    for submodule in list(repo)? {
        let filled = match &submodule.home {
            Some(home) => fill(&root.join(&submodule.path), home, submodule.commit)?,
            None => false,
        };
        if !filled {
            empty.push(submodule.path);
        }
    }
    Ok(empty)
}

/// Lists the submodules whose files are not there.
pub(super) fn empty(repo: &Repository) -> Result<Vec<PathBuf>, GitError> {
    let Some(root) = repo.workdir() else { return Ok(Vec::new()) };
    let submodules = list(repo)?.into_iter();
    Ok(submodules
        .map(|submodule| submodule.path)
        .filter(|path| !root.join(path).join(".git").exists())
        .collect())
}

fn fill(path: &Path, home: &Path, commit: Oid) -> Result<bool, GitError> {
    let kept = Repository::open_bare(home).doing("open a submodule")?;
    if kept.find_commit(commit).is_err() {
        return Ok(false);
    }
    let repo = Repository::init(path).doing("make a submodule")?;
    let alternates = repo.path().join("objects/info/alternates");
    let line = [bytes_of(&home.join("objects")), b"\n"].concat();
    fs::create_dir_all(repo.path().join("objects/info")).doing_on("make the folder of", &alternates)?;
    fs::write(&alternates, line).doing_on("write", &alternates)?;
    if let Ok(origin) = kept.find_remote("origin")
        && let Ok(url) = origin.url()
        && repo.find_remote("origin").is_err()
    {
        repo.remote("origin", url).doing("name a submodule's origin")?;
    }
    drop(repo);
    // Opened again, now with the borrowed objects.
    let repo = Repository::open(path).doing("open a submodule")?;
    repo.set_head_detached(commit).doing("set a submodule's HEAD")?;
    let mut checkout = git2::build::CheckoutBuilder::new();
    repo.checkout_head(Some(checkout.force())).doing("check out a submodule")?;
    Ok(true)
}

/// Copies commits that were made in a worktree's submodules to the main worktree's repositories of them, so that they
/// outlive the worktree.
pub(super) fn keep_commits(repo: &Repository, whole: Oid, ref_name: &str) -> Result<(), GitError> {
    let Some(root) = repo.workdir() else { return Ok(()) };
    if !repo.is_worktree() || !root.join(".gitmodules").exists() {
        return Ok(());
    }
    let tree = repo.find_tree(whole).doing("read the tree")?;
    for submodule in list(repo)? {
        let Some(home) = submodule.home else { continue };
        let Ok(commit) = tree.get_path(&submodule.path).map(|entry| entry.id()) else { continue };
        let kept = Repository::open_bare(&home).doing("open a submodule")?;
        if kept.odb().is_ok_and(|odb| odb.exists(commit)) {
            continue;
        }
        let path = root.join(&submodule.path);
        let from = path.to_str().ok_or_else(|| GitError::Io {
            doing: "fetch from",
            path: path.clone(),
            source: std::io::Error::other("its name is not UTF-8"),
        })?;
        let to = format!("+HEAD:{ref_name}");
        let mut remote = kept.remote_anonymous(from).doing("fetch a submodule's commits")?;
        debug_assert!(ref_name.starts_with(CHECKPOINTS));
        remote.fetch(&[to], None, Some("alfine: checkpoint")).doing("fetch a submodule's commits")?;
    }
    Ok(())
}
