//! A bench: a worktree of the engine's own in which checks decide and nobody works. Its files come from tree objects alone,
//! so neither what git ignores in an agent's worktree nor what its index says comes along.

use super::{
    GitError, Repository,
    checkpoint::alfine,
    contents::{Contents, FILE, FOLDER, SUBMODULE},
    diff,
    error::{Doing, DoingOn},
    index::{self, SKIP_WORKTREE, entry},
    land::{Content, Step, content_at, put_tree, steps, with_steps},
    names::admin_name,
    partial::{self, needs_git},
    path_bytes::{bytes_of, parents, path_of},
    repository::open_exactly,
    submodule,
    worktree::{remove_folder, remove_locks},
};
use git2::{
    Index, IndexTime, ObjectType, Oid, Status, StatusOptions, Tree, TreeWalkMode, TreeWalkResult,
    build::CheckoutBuilder,
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Marks git's own notes of a bench, and remembers what no tree says: the latest time that one of its files was given.
const CLOCK: &str = "alfine-bench";

/// In an index entry's flags: git is told to take the file for unchanged.
const ASSUME_UNCHANGED: u16 = 0x8000;

const SHOWING: &str = "show a tree on the bench";

/// A worktree of the engine's own. Who has it sees to it that nobody else does.
#[derive(Debug, Clone)]
pub struct Bench {
    repository: Repository,
    path: PathBuf,
    /// What its setup brought that git neither tracks nor ignores, from its root: it stays.
    pub kept: Vec<PathBuf>,
}

impl Repository {
    /// Makes a bench at `path` with the files of `base` (a commit, as hex), or opens the one that is there. What is half
    /// made, or something else, is made again.
    pub fn open_bench(&self, path: &Path, base: &str) -> Result<Bench, GitError> {
        let bench = Bench { repository: self.clone(), path: path.to_owned(), kept: Vec::new() };
        if self.open_at(path).is_ok_and(|repo| repo.path().join(CLOCK).is_file()) {
            return Ok(bench);
        }
        bench.remove()?;
        let id = Oid::from_str(base).doing("read the base commit")?;
        self.register(path, &format!("{id}\n"))?;
        bench.show(base, base)?;
        // Last, so that one without it is half made.
        bench.set_clock(SystemTime::now())?;
        Ok(bench)
    }

    /// Removes a bench, with all that is in it. It may be half made.
    pub fn remove_bench(&self, path: &Path) -> Result<(), GitError> {
        Bench { repository: self.clone(), path: path.to_owned(), kept: Vec::new() }.remove()
    }

    /// Makes a tree of `onto` in which the files at `paths` are those of `from`: what `from` does not have is not there.
    /// Both are commits or trees, as hex; so is the result.
    pub fn with_files_of(&self, onto: &str, from: &str, paths: &[PathBuf]) -> Result<String, GitError> {
        let repo = self.open()?;
        let (onto, from) = (diff::tree(&repo, onto)?, diff::tree(&repo, from)?);
        let is_named = |step: &Step| diff::excepted(&step.path, paths);
        let mut steps = steps(&repo, &onto, &from, &[])?;
        steps.retain(is_named);
        Ok(with_steps(&repo, &onto, &steps)?.id().to_string())
    }

    /// Makes a tree (as hex, of a commit or tree) without what is at these paths.
    pub fn without_files(&self, of: &str, paths: &[PathBuf]) -> Result<String, GitError> {
        let repo = self.open()?;
        let nothing = repo.treebuilder(None).and_then(|builder| builder.write()).doing("make a tree")?;
        self.with_files_of(of, &nothing.to_string(), paths)
    }

    /// The id that this tree has or would have. Nothing is written, and nothing fetched that is missing.
    pub fn id_without_files(&self, of: &str, paths: &[PathBuf]) -> Result<String, GitError> {
        const DOING: &str = "name a tree";
        let repo = self.open()?;
        let objects = repo.odb().doing(DOING)?;
        // What is made goes there, and goes with it.
        let _memory = objects.add_new_mempack_backend(i32::MAX).doing(DOING)?;
        let tree = diff::tree(&repo, of)?;
        let mut steps = Vec::new();
        let mut left = paths.to_vec();
        while let Some(path) = left.pop() {
            let Some(old) = content_at(&tree, &path) else { continue };
            if old.mode == FOLDER {
                let folder = repo.find_tree(old.id).doing(DOING)?;
                left.extend(folder.iter().map(|entry| path.join(path_of(entry.name_bytes()))));
                continue;
            }
            steps.push(Step { path: bytes_of(&path).to_vec(), old: Some(old), new: None });
        }
        Ok(with_steps(&repo, &tree, &steps)?.id().to_string())
    }

    /// Makes a tree in which a file has this text; it keeps the mode that it has.
    pub fn with_text(&self, of: &str, path: &Path, text: &str) -> Result<String, GitError> {
        let repo = self.open()?;
        let tree = diff::tree(&repo, of)?;
        let id = repo.blob(text.as_bytes()).doing("store a file")?;
        let old = content_at(&tree, path);
        let new = Some(Content { id, mode: old.map_or(FILE, |old| old.mode) });
        let step = Step { path: bytes_of(path).to_vec(), old, new };
        Ok(with_steps(&repo, &tree, &[step])?.id().to_string())
    }

    /// Lists the files of a commit or tree that have one of these names, each with the id of its content, as hex.
    pub fn files_named(&self, of: &str, names: &[&str]) -> Result<Vec<(PathBuf, String)>, GitError> {
        self.files_that(of, &|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| names.contains(&name))
        })
    }

    /// Lists the files of a commit or tree whose path is wanted, each with the id of its content, as hex.
    pub fn files_that(
        &self,
        of: &str,
        is_wanted: &dyn Fn(&Path) -> bool,
    ) -> Result<Vec<(PathBuf, String)>, GitError> {
        let repo = self.open()?;
        let mut found = Vec::new();
        diff::tree(&repo, of)?
            .walk(TreeWalkMode::PreOrder, |folder, entry| {
                let path = Path::new(folder).join(entry.name().unwrap_or_default());
                if entry.kind() == Some(ObjectType::Blob) && is_wanted(&path) {
                    found.push((path, entry.id().to_string()));
                }
                TreeWalkResult::Ok
            })
            .doing("list files")?;
        Ok(found)
    }
}

impl Bench {
    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes files, index and HEAD those of a tree (as hex), on top of the commit `parent`; removes what is neither in it nor
    /// ignored by it. Files that change by it get a time that is later than all before them by a whole second: what is
    /// built is older than its sources, even where these come back.
    pub fn show(&self, tree: &str, parent: &str) -> Result<(), GitError> {
        let repo = self.repository.open_at(&self.path)?;
        // Whoever held the bench before may have been killed while git wrote its index or its HEAD.
        remove_locks(repo.path(), [])?;
        let new = diff::tree(&repo, tree)?;
        let old = repo.head().and_then(|head| head.peel_to_tree()).doing(SHOWING)?;
        // A check can take the index away, too.
        let known = !index::read_any(&repo)?.is_empty();
        let mut changed = BTreeSet::new();
        if known {
            self.trust_nothing(&repo)?;
            changed.extend(modified(&repo)?);
            changed.extend(steps(&repo, &old, &new, &[])?.into_iter().map(|step| step.path));
        }
        self.set_head(&repo, &new, parent)?;
        self.remove_links(&changed)?;
        if needs_git(&repo) {
            partial::check_out(&repo, &self.path)?;
        } else {
            let mut options = CheckoutBuilder::new();
            options.force();
            repo.checkout_tree(new.as_object(), Some(&mut options)).doing(SHOWING)?;
        }
        self.remove_untracked(&repo)?;
        let repo = open_exactly(&self.path)?;
        let index = index::read_any(&repo)?;
        if !known {
            changed.extend(index.iter().map(|entry| entry.path));
        }
        let contents = Contents::new(&repo)?;
        let arrived = changed.iter().filter(|path| index.get_path(&path_of(path), 0).is_some());
        let filtered: Vec<(Vec<u8>, String)> =
            arrived.filter_map(|path| Some((path.clone(), contents.foreign_filter(path)?))).collect();
        contents.rewrite_filtered(&filtered)?;
        if index.iter().any(|entry| entry.mode == SUBMODULE) {
            submodule::initialise(&repo)?;
        }
        // Nothing is built yet on one that is just made.
        if is_bench(repo.path()) { self.make_later(&changed, &new) } else { Ok(()) }
    }

    /// Takes links away that are to be something else: libgit2 leaves one where a file is to be.
    fn remove_links(&self, changed: &BTreeSet<Vec<u8>>) -> Result<(), GitError> {
        let is_link = |path: &[u8]| self.path.join(path_of(path)).is_symlink();
        for path in changed {
            // What lies behind another link is not the bench's.
            if is_link(path) && !parents(path).any(is_link) {
                let link = self.path.join(path_of(path));
                fs::remove_file(&link).doing_on("remove", &link)?;
            }
        }
        Ok(())
    }

    /// Lets HEAD be a commit with this tree.
    fn set_head(&self, repo: &git2::Repository, tree: &Tree<'_>, parent: &str) -> Result<(), GitError> {
        let parent = Oid::from_str(parent).and_then(|id| repo.find_commit(id)).doing(SHOWING)?;
        let shown = match parent.tree_id() == tree.id() {
            true => parent.id(),
            false => {
                let author = alfine()?;
                let message = "What is checked\n";
                repo.commit(None, &author, &author, message, tree, &[&parent]).doing(SHOWING)?
            }
        };
        repo.set_head_detached(shown).doing(SHOWING)
    }

    /// Removes it with all that it holds.
    pub fn remove(&self) -> Result<(), GitError> {
        let repo = self.repository.open()?;
        if self.path.symlink_metadata().is_ok() {
            remove_folder(&self.path)?;
        }
        self.repository.forget_worktree(&repo, &self.path)
    }

    /// Takes out of the index by what a check could hide from git that it changed a file.
    fn trust_nothing(&self, repo: &git2::Repository) -> Result<(), GitError> {
        let sparse = needs_git(repo);
        let mut index = index::read_plain(repo)?;
        let hidden: Vec<_> = index
            .iter()
            .filter(|entry| {
                entry.flags & ASSUME_UNCHANGED != 0 || (!sparse && entry.flags_extended & SKIP_WORKTREE != 0)
            })
            .collect();
        if hidden.is_empty() {
            return Ok(());
        }
        for mut entry in hidden {
            entry.flags &= !ASSUME_UNCHANGED;
            entry.flags_extended &= !SKIP_WORKTREE;
            // A time that no file has: it is looked at.
            entry.mtime = IndexTime::new(0, 0);
            entry.file_size = 0;
            index.add(&entry).doing(SHOWING)?;
        }
        index.write().doing(SHOWING)
    }

    /// Lists what is there and neither tracked nor ignored, from its root: a folder of which nothing is tracked is one entry.
    pub fn untracked(&self) -> Result<Vec<PathBuf>, GitError> {
        untracked(&self.repository.open_at(&self.path)?)
    }

    fn remove_untracked(&self, repo: &git2::Repository) -> Result<(), GitError> {
        for path in untracked(repo)? {
            if diff::excepted(bytes_of(&path), &self.kept) {
                continue;
            }
            let path = self.path.join(path);
            let removed = match path.symlink_metadata() {
                Ok(found) if found.is_dir() => remove_folder(&path),
                _ => fs::remove_file(&path).doing_on("remove", &path),
            };
            if path.symlink_metadata().is_ok() {
                removed?;
            }
        }
        Ok(())
    }

    /// Gives files that changed, or came back, a time later than all before.
    fn make_later(&self, changed: &BTreeSet<Vec<u8>>, shown: &Tree<'_>) -> Result<(), GitError> {
        if changed.is_empty() {
            return Ok(());
        }
        let now = SystemTime::now();
        let later = self.clock().checked_add(Duration::from_secs(1)).map_or(now, |next| next.max(now));
        // Before the files, so that a kill in between leaves a clock that is ahead and never one that is behind.
        self.set_clock(later)?;
        let repo = open_exactly(&self.path)?;
        let mut index = index::read_plain(&repo)?;
        // Of a file that a check made what it is to be now, libgit2 leaves the entry as it was.
        put_tree(&mut index, shown, Some(&self.path)).doing(SHOWING)?;
        for path in changed {
            let file = self.path.join(path_of(path));
            forget_bytecode(&file);
            let Ok(found) = file.symlink_metadata() else { continue };
            if found.is_file() {
                let opened = fs::File::options().append(true).open(&file);
                // What cannot be opened for writing keeps the time of its writing, which is new.
                let _ = opened.and_then(|opened| opened.set_modified(later));
            }
            refresh(&mut index, path, &file)?;
        }
        index.write().doing(SHOWING)
    }

    fn clock_file(&self) -> PathBuf {
        self.repository.common_dir.join("worktrees").join(admin_name(&self.path)).join(CLOCK)
    }

    fn clock(&self) -> SystemTime {
        let told = fs::read_to_string(self.clock_file()).ok().and_then(|text| text.trim().parse().ok());
        SystemTime::UNIX_EPOCH + Duration::from_secs(told.unwrap_or_default())
    }

    fn set_clock(&self, to: SystemTime) -> Result<(), GitError> {
        let seconds = to.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // Up to the whole second: some caches know no shorter ones.
        let seconds = seconds.as_secs() + u64::from(seconds.subsec_nanos() > 0);
        let file = self.clock_file();
        fs::write(&file, seconds.to_string()).doing_on("write", &file)
    }
}

/// Whether git's notes of a worktree are those of a bench.
pub(super) fn is_bench(home: &Path) -> bool {
    home.join(CLOCK).is_file()
}

fn untracked(repo: &git2::Repository) -> Result<Vec<PathBuf>, GitError> {
    let mut options = StatusOptions::new();
    options.include_untracked(true).include_ignored(false).include_unmodified(false);
    let statuses = repo.statuses(Some(&mut options)).doing(SHOWING)?;
    let new = statuses.iter().filter(|entry| entry.status().contains(Status::WT_NEW));
    Ok(new.map(|entry| path_of(entry.path_bytes())).collect())
}

/// The tracked files that differ from the index: what a check changed.
fn modified(repo: &git2::Repository) -> Result<Vec<Vec<u8>>, GitError> {
    let mut options = StatusOptions::new();
    options.include_untracked(false).include_ignored(false);
    let statuses = repo.statuses(Some(&mut options)).doing(SHOWING)?;
    Ok(statuses.iter().map(|entry| entry.path_bytes().to_owned()).collect())
}

/// Python takes its bytecode for that of any source with the same size and second.
fn forget_bytecode(source: &Path) {
    let (Some(folder), Some(stem)) = (source.parent(), source.file_stem()) else { return };
    if source.extension().is_none_or(|extension| extension != "py") {
        return;
    }
    let start = [bytes_of(Path::new(stem)), b"."].concat();
    for item in folder.join("__pycache__").read_dir().into_iter().flatten().flatten() {
        if bytes_of(Path::new(&item.file_name())).starts_with(&start) {
            let _ = fs::remove_file(item.path());
        }
    }
}

/// Writes a file's times into its entry of the index.
fn refresh(index: &mut Index, path: &[u8], file: &Path) -> Result<(), GitError> {
    let (Some(known), Ok(found)) = (index.get_path(&path_of(path), 0), file.symlink_metadata()) else {
        return Ok(());
    };
    index.add(&entry(path, known.mode, known.id, Some(&found))).doing(SHOWING)
}
