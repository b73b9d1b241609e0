//! Repositories that do not hold all of their objects, and working trees that do not hold all files: a partial clone, a
//! sparse checkout. libgit2 knows of neither, so the `git` command fetches what is missing and checks out what is wanted.

use super::{
    command::{Failed, Git, WRITING},
    error::{Doing, DoingOn, GitError},
    filters::Filters,
};
use git2::{Commit, Config, ErrorClass, ErrorCode, Index, IndexEntry, ObjectType, Oid, Repository, Tree};
use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs, io,
    path::Path,
};

/// The file of a git folder that says which files a sparse checkout holds.
const PATTERNS: &str = "info/sparse-checkout";
/// The configuration of a single worktree.
const OWN_CONFIG: &str = "config.worktree";

/// The remotes from which git fetches objects when they are needed.
fn promisors(repo: &Repository) -> BTreeSet<String> {
    let read = || -> Result<_, git2::Error> {
        let config = repo.config()?.snapshot()?;
        let mut found = BTreeSet::new();
        found.extend(config.get_string("extensions.partialclone"));
        let entries = config.entries(Some(r"^remote\..*\.(promisor|partialclonefilter)$"))?;
        entries.for_each(|entry| {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            let remote = name.strip_prefix("remote.").and_then(|name| name.rsplit_once('.'));
            if let Some((remote, variable)) = remote
                && (variable != "promisor" || config.get_bool(&name).unwrap_or(false))
            {
                found.insert(remote.to_owned());
            }
        })?;
        Ok(found)
    };
    read().unwrap_or_default()
}

/// Says whether a repository may lack objects that git can fetch.
pub(super) fn is_partial(repo: &Repository) -> bool {
    !promisors(repo).is_empty()
}

/// Says whether only git itself can check this repository's files out.
pub(super) fn needs_git(repo: &Repository) -> bool {
    let is_sparse = repo.config().and_then(|config| config.get_bool("core.sparsecheckout")).unwrap_or(false);
    is_sparse || is_partial(repo)
}

/// Writes the tree of an index. In a partial clone that asks for no file's content: git has those that it needs.
pub(super) fn write_tree(repo: &Repository, index: &mut Index) -> Result<Oid, GitError> {
    const DOING: &str = "write the tree";
    if !is_partial(repo) || index.has_conflicts() {
        return index.write_tree_to(repo).doing(DOING);
    }
    let mut entries: Vec<IndexEntry> = index.iter().collect();
    // The order of whole paths is that of the names in each tree, where a folder's name ends with a slash.
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let odb = repo.odb().doing(DOING)?;
    write_folder(&odb, &entries, 0).doing(DOING)
}

/// Writes the tree of a folder, whose path has `depth` bytes.
fn write_folder(odb: &git2::Odb<'_>, entries: &[IndexEntry], depth: usize) -> Result<Oid, git2::Error> {
    let mut tree = Vec::new();
    let mut put = |mode: u32, name: &[u8], id: Oid| {
        tree.extend_from_slice(format!("{mode:o} ").as_bytes());
        tree.extend_from_slice(name);
        tree.push(0);
        tree.extend_from_slice(id.as_bytes());
    };
    let mut left = entries;
    while let Some((first, others)) = left.split_first() {
        let name = first.path.get(depth..).unwrap_or_default();
        let Some(length) = name.iter().position(|&byte| byte == b'/') else {
            put(first.mode, name, first.id);
            left = others;
            continue;
        };
        let below = first.path.get(..=depth + length).unwrap_or_default();
        let inside = left.iter().take_while(|entry| entry.path.starts_with(below)).count();
        let (inside, others) = left.split_at(inside);
        let id = write_folder(odb, inside, below.len())?;
        put(super::contents::FOLDER, name.get(..length).unwrap_or_default(), id);
        left = others;
    }
    odb.write(ObjectType::Tree, &tree)
}

/// Has git fetch those of these objects that are missing.
pub(super) fn fetch(repo: &Repository, ids: impl IntoIterator<Item = Oid>) -> Result<(), GitError> {
    let remotes = promisors(repo);
    if remotes.is_empty() {
        return Ok(());
    }
    let odb = repo.odb().doing("read the objects")?;
    let missing: BTreeSet<Oid> = ids.into_iter().filter(|&id| !id.is_zero() && !odb.exists(id)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let root = repo.workdir().unwrap_or(repo.path());
    let filters = Filters::of(repo)?;
    if !filters.may_fetch() {
        return Err(GitError::FetchChanged(root.to_owned()));
    }
    let input: String = missing.iter().map(|id| format!("{id}\n")).collect();
    let mut why = String::new();
    for remote in &remotes {
        // As git itself does it: just these objects, and nothing is asked about what is here.
        let words = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no"];
        let mut args: Vec<&OsStr> = words.map(OsStr::new).to_vec();
        args.extend(["--filter=blob:none", "--stdin", "--"].map(OsStr::new));
        args.push(OsStr::new(remote));
        let mut git = Git::new(root, &args, &filters, WRITING);
        let settings =
            [("fetch.negotiationAlgorithm", "noop"), ("gc.auto", "0"), ("maintenance.auto", "false")];
        git.settings.extend(settings.map(|(name, value)| (OsString::from(name), value)));
        match git.run(input.clone().into_bytes()) {
            Ok(_) => {
                odb.refresh().doing("read the objects")?;
                return Ok(());
            }
            Err(Failed::NotThere) => return Err(GitError::GitMissing(root.to_owned())),
            Err(Failed::Said(said)) => why = said,
        }
    }
    let remote = remotes.into_iter().next().unwrap_or_default();
    Err(GitError::NotFetched { path: root.to_owned(), remote, why })
}

/// The tree of a commit, which a partial clone may lack.
pub(super) fn tree_of<'r>(repo: &'r Repository, commit: &Commit<'_>) -> Result<Tree<'r>, GitError> {
    fetch(repo, [commit.tree_id()])?;
    repo.find_tree(commit.tree_id()).doing("read a commit")
}

/// Has git fetch all in which two trees differ, files and folders, in a partial clone.
pub(super) fn fetch_difference(repo: &Repository, old: &Tree<'_>, new: &Tree<'_>) -> Result<(), GitError> {
    if !is_partial(repo) {
        return Ok(());
    }
    let diff = with_folders(repo, [old, new], || {
        repo.diff_tree_to_tree(Some(old), Some(new), None).doing("compare two trees")
    })?;
    fetch(repo, diff.deltas().flat_map(|delta| [delta.old_file().id(), delta.new_file().id()]))
}

/// Compares trees. Where a partial clone lacks folders of theirs, git fetches them, and it is done again.
pub(super) fn with_folders<T>(
    repo: &Repository,
    trees: [&Tree<'_>; 2],
    mut compare: impl FnMut() -> Result<T, GitError>,
) -> Result<T, GitError> {
    match compare() {
        Err(GitError::Git { source, .. }) if lacks(repo, &source) => {}
        compared => return compared,
    }
    for tree in trees {
        fetch_folders(repo, tree.id())?;
    }
    compare()
}

/// Says whether an object was not found because a partial clone leaves it out.
pub(super) fn lacks(repo: &Repository, error: &git2::Error) -> bool {
    error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Odb && is_partial(repo)
}

/// Has git fetch all folders of a tree: a clone may leave them out, too.
fn fetch_folders(repo: &Repository, root: Oid) -> Result<(), GitError> {
    let mut level = BTreeSet::from([root]);
    while !level.is_empty() {
        fetch(repo, level.iter().copied())?;
        let mut below = BTreeSet::new();
        for id in level {
            let tree = repo.find_tree(id).doing("read a tree")?;
            below.extend(
                tree.iter().filter(|entry| entry.kind() == Some(ObjectType::Tree)).map(|entry| entry.id()),
            );
        }
        level = below;
    }
    Ok(())
}

/// Lets a new worktree hold what the one with the git folder `from` holds. Its git folder is `to`.
pub(super) fn hold_the_same(from: &Path, to: &Path) -> Result<(), GitError> {
    for name in [PATTERNS, OWN_CONFIG] {
        let (source, target) = (from.join(name), to.join(name));
        let folder = target.parent().unwrap_or(to);
        fs::create_dir_all(folder).doing_on("make the folder", folder)?;
        match fs::copy(&source, &target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            copied => drop(copied.doing_on("copy", &source)?),
        }
    }
    let own = to.join(OWN_CONFIG);
    if own.exists() {
        let mut config = Config::open(&own).doing("set a worktree up")?;
        // What says where the other worktree is, and an index that only git would read.
        for name in ["core.bare", "core.worktree", "index.sparse"] {
            match config.remove(name) {
                Err(error) if error.code() != ErrorCode::NotFound => {
                    return Err(error).doing("set a worktree up");
                }
                _ => {}
            }
        }
        config.set_bool("index.sparse", false).doing("set a worktree up")?;
    }
    Ok(())
}

/// Gives a worktree the files of its HEAD, whatever its index says.
pub(super) fn check_out(repo: &Repository, root: &Path) -> Result<(), GitError> {
    let filters = Filters::of(repo)?;
    let args = ["read-tree", "--reset", "-u", "HEAD"].map(OsStr::new);
    let mut git = Git::new(root, &args, &filters, WRITING);
    git.settings.push(("index.sparse".into(), "false"));
    match git.run(Vec::new()) {
        Ok(_) => Ok(()),
        Err(Failed::NotThere) => Err(GitError::GitMissing(root.to_owned())),
        Err(Failed::Said(_)) if is_partial(repo) && !filters.may_fetch() => {
            Err(GitError::FetchChanged(root.to_owned()))
        }
        Err(Failed::Said(why)) => Err(GitError::CheckOut { path: root.to_owned(), why }),
    }
}
