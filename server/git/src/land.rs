//! Brings a working tree from one tree of git's to another, file by file, where nothing uncommitted is in the way.
//!
//! In three parts, so that a full disk, a missing filter or a file in the way is found before anything is touched:
//! every new content is written aside first; then the files to change are moved aside (a file that changed after it
//! was looked at is found there) and the new ones moved into place; then what was moved aside goes, or, on any
//! failure, comes back.

use super::{
    contents::{Contents, EXECUTABLE, LINK, SUBMODULE, Unstored, mode_of},
    error::{Doing, DoingOn, GitError},
    index::{self, SKIP_WORKTREE, entry},
    partial,
    path_bytes::{bytes_of, is_within, parents, path_of},
    scan::{is_stat_clean, written},
    skipped::Withheld,
};
use git2::{
    Delta, DiffOptions, Index, IndexEntry, IndexTime, Oid, Repository, RepositoryInitOptions, Tree,
    build::{CheckoutBuilder, TreeUpdateBuilder},
};
use std::{
    collections::BTreeSet,
    fs::{self, Metadata},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A file's content and mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) id: Oid,
    pub(super) mode: u32,
}

/// What changes at one path.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) path: Vec<u8>,
    pub(super) old: Option<Content>,
    pub(super) new: Option<Content>,
}

/// Lists what changes from one tree to another, outside of the paths in `except`.
pub(super) fn steps(
    repo: &Repository,
    old: &Tree<'_>,
    new: &Tree<'_>,
    except: &[&Path],
) -> Result<Vec<Step>, GitError> {
    let mut options = DiffOptions::new();
    options.include_typechange(true).skip_binary_check(true);
    let diff = partial::with_folders(repo, [old, new], || {
        repo.diff_tree_to_tree(Some(old), Some(new), Some(&mut options)).doing("compare two trees")
    })?;
    let steps = diff.deltas().filter_map(|delta| {
        let (old, new) = (delta.old_file(), delta.new_file());
        let content = |file: &git2::DiffFile<'_>| Content { id: file.id(), mode: u32::from(file.mode()) };
        Some(Step {
            path: new.path_bytes().or(old.path_bytes())?.to_owned(),
            old: (delta.status() != Delta::Added).then(|| content(&old)),
            new: (delta.status() != Delta::Deleted).then(|| content(&new)),
        })
    });
    Ok(steps.filter(|step| !except.iter().any(|except| is_within(&step.path, bytes_of(except)))).collect())
}

/// What is at a path of a tree.
pub(super) fn content_at(tree: &Tree<'_>, path: &Path) -> Option<Content> {
    let entry = tree.get_path(path).ok()?;
    Some(Content { id: entry.id(), mode: entry.filemode().cast_unsigned() })
}

/// A tree after those steps that find in it what they start from.
pub(super) fn with_steps<'r>(
    repo: &'r Repository,
    tree: &Tree<'r>,
    steps: &[Step],
) -> Result<Tree<'r>, GitError> {
    const DOING: &str = "make a tree of two";
    let (mut removed, mut put) = (TreeUpdateBuilder::new(), TreeUpdateBuilder::new());
    for step in steps {
        let path = path_of(&step.path);
        if content_at(tree, &path) != step.old {
            continue;
        }
        // In two goes, since a file and a folder are not exchanged in one.
        if step.old.is_some() && step.new.is_none() {
            removed.remove(path.as_path());
        }
        if let Some(new) = step.new {
            put.upsert(path.as_path(), new.id, mode_of(new.mode));
        }
    }
    let fewer = removed.create_updated(repo, tree).and_then(|id| repo.find_tree(id)).doing(DOING)?;
    put.create_updated(repo, &fewer).and_then(|id| repo.find_tree(id)).doing(DOING)
}

/// Replaces entries of an index: each entry that is still the `from` side of its step becomes the `to` side. `sides`
/// gives (from, to). Any other entry was staged by somebody, and stays.
pub(super) fn put_steps(
    index: &mut Index,
    steps: &[Step],
    root: Option<&Path>,
    sides: impl Fn(&Step) -> (Option<Content>, Option<Content>),
) {
    for step in steps {
        let (from, to) = sides(step);
        let path = path_of(&step.path);
        let here = index.get_path(&path, 0);
        if here.as_ref().map(|entry| Content { id: entry.id, mode: entry.mode }) != from {
            continue;
        }
        // Neither call can fail on a valid path. Should one fail, the old entry shows as a difference, and nothing is
        // lost.
        let _ = match to {
            Some(to) => {
                let metadata = metadata_of_file(root, &path);
                let mut entry = entry(&step.path, to.mode, to.id, metadata.as_ref());
                if metadata.is_none() {
                    entry.flags_extended = here.map_or(0, |here| here.flags_extended & SKIP_WORKTREE);
                }
                index.add(&entry)
            }
            None => index.remove(&path, 0),
        };
    }
}

/// Makes an index equal to a tree, but for what only the index knows: times, and what a sparse checkout leaves out.
pub(super) fn put_tree(index: &mut Index, tree: &Tree<'_>, root: Option<&Path>) -> Result<(), git2::Error> {
    const INTENT_TO_ADD: u16 = 1 << 13;
    let mut wanted = Index::new()?;
    wanted.read_tree(tree)?;
    let stage_of = |entry: &IndexEntry| i32::from((entry.flags >> 12) & 3);
    let gone: Vec<IndexEntry> = index
        .iter()
        .filter(|entry| stage_of(entry) != 0 || wanted.get_path(&path_of(&entry.path), 0).is_none())
        .collect();
    for entry in gone {
        index.remove(&path_of(&entry.path), stage_of(&entry))?;
    }
    for new in wanted.iter() {
        let path = path_of(&new.path);
        let old = index.get_path(&path, 0);
        let there = old.as_ref().is_some_and(|old| {
            old.id == new.id && old.mode == new.mode && old.flags_extended & INTENT_TO_ADD == 0
        });
        if !there {
            let metadata = metadata_of_file(root, &path);
            let mut put = entry(&new.path, new.mode, new.id, metadata.as_ref());
            if metadata.is_none() {
                put.flags_extended = old.map_or(0, |old| old.flags_extended & SKIP_WORKTREE);
            }
            index.add(&put)?;
        }
    }
    Ok(())
}

fn metadata_of_file(root: Option<&Path>, path: &Path) -> Option<Metadata> {
    root?.join(path).symlink_metadata().ok().filter(|metadata| !metadata.is_dir())
}

/// Refuses when git's index is locked.
pub(super) fn index_is_free(repo: &Repository) -> Result<(), GitError> {
    let lock = repo.path().join("index.lock");
    if lock.symlink_metadata().is_ok() {
        return Err(GitError::Locked(lock));
    }
    Ok(())
}

/// What is on the disk at a step's path.
enum Found {
    Nothing,
    Folder,
    File(Metadata),
    /// Nothing, because a sparse checkout leaves it out; and so does the landing.
    LeftOut,
}

/// A change of a working tree that was found to be possible.
pub(super) struct Landing {
    root: PathBuf,
    steps: Vec<Step>,
    /// What was seen at each step's path.
    seen: Vec<Found>,
    /// Holds `new/` with the new contents and `old/` with what was moved aside.
    aside: TempDir,
    /// The steps done, in their order, to be taken back.
    done: Vec<Done>,
    finished: bool,
}

enum Done {
    MovedAside { step: usize },
    RemovedFolder { path: PathBuf },
    MadeFolder { path: PathBuf },
    Placed { step: usize },
}

impl Landing {
    /// Checks that nothing is in the way of `steps`, and writes the new contents aside.
    ///
    /// A file is in the way unless it is exactly the old content, or the new one already. With an index, its entry
    /// must be one of these two as well.
    ///
    /// What a sparse checkout leaves out stays out where `committed`, the tree that the index has afterwards, holds it; any
    /// other content is nowhere but in the file.
    pub(super) fn prepare(
        repo: &Repository,
        steps: Vec<Step>,
        new: &Tree<'_>,
        committed: &Tree<'_>,
        index: Option<&Index>,
    ) -> Result<Self, GitError> {
        let contents = Contents::new(repo)?;
        let root = contents.root().to_owned();
        let users = index::read_any(repo).ok();
        let check = Check {
            contents: &contents,
            removed: steps
                .iter()
                .filter(|step| step.new.is_none())
                .map(|step| step.path.as_slice())
                .collect(),
            written: users.as_ref().and_then(|index| written(index.path()?)),
            users: users.as_ref(),
            committed,
            index,
        };
        // All obstacles are collected, so that the user can clear them in one go.
        let mut in_the_way = BTreeSet::new();
        let mut seen = Vec::with_capacity(steps.len());
        for step in &steps {
            seen.push(check.step(step, &mut in_the_way)?);
        }
        if !in_the_way.is_empty() {
            return Err(GitError::InTheWay { path: root, files: in_the_way.into_iter().collect() });
        }
        let aside = aside_of(repo, &root)?;
        write_aside(repo, &steps, &seen, new, aside.path())?;
        Ok(Self { root, steps, seen, aside, done: Vec::new(), finished: false })
    }

    /// The steps of this landing.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Changes the working tree. On an error it is as it was.
    pub(super) fn apply(&mut self) -> Result<(), GitError> {
        let applied = self.try_apply();
        if applied.is_err() {
            self.take_back();
        }
        applied
    }

    /// Lets go of the old contents.
    pub(super) fn keep(mut self) {
        self.finished = true;
        for step in self.steps.iter().filter(|step| step.new.is_none()) {
            // git has no empty folders. The first folder that is not empty ends the search, since those above hold it.
            for folder in parents(&step.path) {
                if fs::remove_dir(self.root.join(path_of(folder))).is_err() {
                    break;
                }
            }
        }
    }

    fn try_apply(&mut self) -> Result<(), GitError> {
        fs::create_dir(self.aside.path().join("old")).doing_on("make the folder", self.aside.path())?;
        // Every old file leaves before the first new one arrives: a path may turn from a file into a folder, or back.
        for at in 0..self.steps.len() {
            self.move_aside(at)?;
        }
        for at in 0..self.steps.len() {
            self.place(at)?;
        }
        Ok(())
    }

    fn move_aside(&mut self, at: usize) -> Result<(), GitError> {
        let (Some(step), Some(Found::File(seen))) = (self.steps.get(at), self.seen.get(at)) else {
            return Ok(());
        };
        if is_submodule(step.old) && step.new.is_none() {
            return Ok(());
        }
        let path = self.root.join(path_of(&step.path));
        let aside = self.old_file(at);
        match move_file(&path, &aside) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(changed(&path)),
            Err(error) => return Err(error).doing_on("move", &path),
        }
        // The move is atomic, so this is exactly the file that would have been lost. If it is not the file that was
        // checked, somebody wrote it in between, and it goes back.
        let times = |file: &Metadata| (file.mtime(), file.mtime_nsec());
        let same = aside
            .symlink_metadata()
            .is_ok_and(|now| now.len() == seen.len() && (now.is_symlink() || times(&now) == times(seen)));
        // Recorded before the error is returned, so that a file that changed is put back as well.
        self.done.push(Done::MovedAside { step: at });
        if same { Ok(()) } else { Err(changed(&path)) }
    }

    fn place(&mut self, at: usize) -> Result<(), GitError> {
        let Some(step) = self.steps.get(at) else { return Ok(()) };
        let Some(content) = step.new else { return Ok(()) };
        if matches!(self.seen.get(at), Some(Found::LeftOut)) {
            return Ok(());
        }
        let relative = step.path.clone();
        let path = self.root.join(path_of(&relative));
        if content.mode == SUBMODULE {
            return self.make_folders(&relative, true);
        }
        self.make_folders(&relative, false)?;
        if path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            self.remove_folder(&path)?;
        }
        place_file(&self.new_file(&relative), &path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => changed(&path),
            _ => GitError::Io { doing: "write", path: path.clone(), source: error },
        })?;
        self.done.push(Done::Placed { step: at });
        Ok(())
    }

    /// Makes the folders above a path, and the path itself where `itself`.
    fn make_folders(&mut self, path: &[u8], itself: bool) -> Result<(), GitError> {
        let mut folders: Vec<&[u8]> = parents(path).collect();
        folders.reverse();
        if itself {
            folders.push(path);
        }
        for folder in folders {
            let folder = self.root.join(path_of(folder));
            match fs::create_dir(&folder) {
                Ok(()) => self.done.push(Done::MadeFolder { path: folder }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    // A link here would lead the file out of the tree.
                    if !folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
                        return Err(changed(&folder));
                    }
                }
                Err(error) => return Err(error).doing_on("make the folder", &folder),
            }
        }
        Ok(())
    }

    /// Removes a folder that holds nothing but folders.
    fn remove_folder(&mut self, path: &Path) -> Result<(), GitError> {
        let mut folders = vec![path.to_owned()];
        let mut at = 0;
        while let Some(folder) = folders.get(at).cloned() {
            for item in folder.read_dir().doing_on("read the folder", &folder)?.flatten() {
                if !item.file_type().is_ok_and(|kind| kind.is_dir()) {
                    return Err(changed(&item.path()));
                }
                folders.push(item.path());
            }
            at += 1;
        }
        for folder in folders.into_iter().rev() {
            fs::remove_dir(&folder).map_err(|_| changed(&folder))?;
            self.done.push(Done::RemovedFolder { path: folder });
        }
        Ok(())
    }

    /// Undoes what was done, last first.
    pub(super) fn take_back(&mut self) {
        while let Some(done) = self.done.pop() {
            let undone = match &done {
                Done::Placed { step } => self.path(*step).map_or(Ok(()), fs::remove_file),
                Done::MadeFolder { path } => fs::remove_dir(path),
                Done::RemovedFolder { path } => fs::create_dir(path),
                Done::MovedAside { step } => {
                    self.path(*step).map_or(Ok(()), |path| place_file(&self.old_file(*step), &path))
                }
            };
            if let (Err(error), Done::MovedAside { .. }) = (undone, &done) {
                // The file cannot be put back, but it must not be deleted with the folder that it is in.
                self.aside.disable_cleanup(true);
                tracing::error!(
                    "A file could not be moved back; it is in {}: {error}",
                    self.aside.path().display()
                );
            }
        }
    }

    fn path(&self, step: usize) -> Option<PathBuf> {
        self.steps.get(step).map(|step| self.root.join(path_of(&step.path)))
    }

    fn old_file(&self, step: usize) -> PathBuf {
        self.aside.path().join("old").join(step.to_string())
    }

    fn new_file(&self, path: &[u8]) -> PathBuf {
        self.aside.path().join("new").join(path_of(path))
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        if !self.finished {
            self.take_back();
        }
    }
}

fn is_submodule(content: Option<Content>) -> bool {
    content.is_some_and(|content| content.mode == SUBMODULE)
}

fn changed(path: &Path) -> GitError {
    GitError::Changed(path.display().to_string())
}

/// Looks for what is in the way.
struct Check<'a> {
    contents: &'a Contents<'a>,
    removed: BTreeSet<&'a [u8]>,
    users: Option<&'a Index>,
    written: Option<IndexTime>,
    committed: &'a Tree<'a>,
    index: Option<&'a Index>,
}

impl Check<'_> {
    fn step(&self, step: &Step, in_the_way: &mut BTreeSet<PathBuf>) -> Result<Found, GitError> {
        let path = path_of(&step.path);
        if let Some(index) = self.index
            && !self.index_agrees(index, step, &path)
        {
            in_the_way.insert(path.clone());
        }
        // A file or a link may only be where a folder is needed if this landing removes it.
        for folder in parents(&step.path) {
            let above = self.contents.root().join(path_of(folder));
            if above.symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()) {
                if step.new.is_some() && !self.removed.contains(folder) {
                    in_the_way.insert(path_of(folder));
                }
                return Ok(Found::Nothing);
            }
        }
        let absolute = self.contents.root().join(&path);
        let metadata = match absolute.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                let known = self.users.and_then(|index| index.get_path(&path, 0));
                if known.is_some_and(|entry| entry.flags_extended & SKIP_WORKTREE != 0) {
                    let committed = self.committed.get_path(&path).ok();
                    let is_committed = match (committed, step.new) {
                        (Some(entry), Some(new)) => {
                            entry.id() == new.id && entry.filemode().cast_unsigned() == new.mode
                        }
                        (_, new) => new.is_none(),
                    };
                    return Ok(if is_committed { Found::LeftOut } else { Found::Nothing });
                }
                // The user's deletion of a file that the landing would change is an uncommitted change, too.
                let deleted_by_user = step.old.is_some_and(|old| old.mode != SUBMODULE) && step.new.is_some();
                if deleted_by_user {
                    in_the_way.insert(path);
                }
                return Ok(Found::Nothing);
            }
            Err(error) => return Err(error).doing_on("look at", &absolute),
        };
        if metadata.is_dir() {
            if step.new.is_some_and(|new| new.mode != SUBMODULE) {
                self.folder(&absolute, &step.path, is_submodule(step.old), in_the_way);
            }
            return Ok(Found::Folder);
        }
        // A file that has the new content already is no obstacle: an earlier try may have died after placing it.
        let here = self.content(step, &metadata)?;
        if here.is_none() || (here != step.old && here != step.new) {
            in_the_way.insert(path);
        }
        Ok(Found::File(metadata))
    }

    fn index_agrees(&self, index: &Index, step: &Step, path: &Path) -> bool {
        let conflicted = (1..=3).any(|stage| index.get_path(path, stage).is_some());
        let here = index.get_path(path, 0).map(|entry| Content { id: entry.id, mode: entry.mode });
        !conflicted && (here == step.old || here == step.new)
    }

    /// A folder where a file shall be must hold nothing but files that go.
    fn folder(&self, absolute: &Path, path: &[u8], submodule: bool, in_the_way: &mut BTreeSet<PathBuf>) {
        let mut folders = vec![(absolute.to_owned(), path.to_owned())];
        while let Some((absolute, path)) = folders.pop() {
            let Ok(items) = absolute.read_dir() else {
                in_the_way.insert(path_of(&path));
                continue;
            };
            for item in items.flatten() {
                let below = super::path_bytes::join(&path, bytes_of(Path::new(&item.file_name())));
                let is_folder = item.file_type().is_ok_and(|kind| kind.is_dir());
                if is_folder && !submodule {
                    folders.push((item.path(), below));
                } else if !self.removed.contains(below.as_slice()) {
                    in_the_way.insert(path_of(&below));
                }
            }
        }
    }

    /// The content of a file; `None` if it cannot be read.
    fn content(&self, step: &Step, metadata: &Metadata) -> Result<Option<Content>, GitError> {
        let known = self.users.and_then(|index| index.get_path(&path_of(&step.path), 0));
        let known_mode = known.as_ref().map(|entry| entry.mode).or(step.old.map(|old| old.mode));
        let mode = self.contents.mode(metadata, known_mode);
        if !metadata.is_file() && mode != LINK {
            return Ok(None);
        }
        // The times are asked before the content. Some files do not survive git's own filters (line endings), so
        // reading such a file would show a change that nobody made.
        let clean = |entry: &IndexEntry| {
            self.written.is_some_and(|written| is_stat_clean(entry, metadata, &written)) && entry.mode == mode
        };
        if let Some(entry) = known.filter(clean) {
            return Ok(Some(Content { id: entry.id, mode }));
        }
        match self.contents.store(&step.path, metadata) {
            Ok(id) => Ok(Some(Content { id, mode })),
            Err(Unstored::Vanished | Unstored::Unreadable(_)) => Ok(None),
            Err(Unstored::Failed(error)) => Err(error),
        }
    }
}

/// Makes a folder for contents that are on their way, on the file system of the working tree where possible.
fn aside_of(repo: &Repository, root: &Path) -> Result<TempDir, GitError> {
    let device = |path: &Path| path.metadata().map(|metadata| metadata.dev()).ok();
    // On the same file system a move is a rename: atomic, and it cannot run out of space halfway.
    let candidates = [Some(repo.path()), root.parent()];
    let make = |folder: &Path| tempfile::Builder::new().prefix(".alfine-landing-").tempdir_in(folder);
    for folder in candidates.into_iter().flatten().filter(|folder| device(folder) == device(root)) {
        if let Ok(aside) = make(folder) {
            return Ok(aside);
        }
    }
    make(repo.path()).doing_on("make a folder in", repo.path())
}

/// Writes the new contents of all steps to `aside/new`, filtered as a checkout would.
fn write_aside(
    repo: &Repository,
    steps: &[Step],
    seen: &[Found],
    new: &Tree<'_>,
    aside: &Path,
) -> Result<(), GitError> {
    let target = aside.join("new");
    fs::create_dir(&target).doing_on("make the folder", &target)?;
    let is_written = |step: &Step, seen: &Found| {
        step.new.is_some() && !is_submodule(step.new) && !matches!(seen, Found::LeftOut)
    };
    let written = || steps.iter().zip(seen).filter(|(step, seen)| is_written(step, seen));
    let files: Vec<&Step> = written().map(|(step, _)| step).collect();
    partial::fetch(repo, files.iter().filter_map(|step| Some(step.new?.id)))?;
    if files.is_empty() {
        return Ok(());
    }
    let scratch = scratch(repo, aside, &target)?;
    let new = scratch.find_tree(new.id()).doing("read the tree")?;
    let mut index = scratch.index().doing("make an index")?;
    index.read_tree(&new).doing("read the tree")?;
    index.write().doing("write an index")?;
    let mut checkout = CheckoutBuilder::new();
    checkout.force().update_index(false).disable_pathspec_match(true);
    for step in &files {
        checkout.path(path_of(&step.path));
    }
    scratch.checkout_index(Some(&mut index), Some(&mut checkout)).doing("write the new files aside")?;

    // The files' own attributes may arrive with them, so the arriving index is asked and not the working tree.
    let opened =
        git2::Repository::open(repo.workdir().unwrap_or(repo.path())).doing("open the repository")?;
    opened.set_index(&mut index).doing("use an index")?;
    let contents = Contents::of_arriving_files(&opened)?;
    let filtered: Vec<(Vec<u8>, String)> = files
        .iter()
        .filter(|step| step.new.is_some_and(|new| new.mode != LINK))
        .filter_map(|step| Some((step.path.clone(), contents.foreign_filter(&step.path)?)))
        .collect();
    for step in &files {
        // Without its filter the file would be written as the repository stores it: encrypted, or a mere pointer.
        if let Some((Withheld::Changed, filter)) = contents.withheld_filter(&step.path) {
            return Err(GitError::FilterChanged { path: path_of(&step.path), filter });
        }
    }
    contents.write_filtered(&filtered, &scratch.path().join("index"), &target)?;

    // The umask can only be read by changing it for the whole process, so a new file shows what it allows.
    let probe = aside.join("probe");
    fs::File::create(&probe).doing_on("make", &probe)?;
    let plain = probe.metadata().doing_on("look at", &probe)?.permissions().mode() & 0o777;
    for (step, seen) in written() {
        let path = target.join(path_of(&step.path));
        if path.symlink_metadata().doing_on("write aside", &path)?.is_symlink() {
            continue;
        }
        let executable = step.new.is_some_and(|new| new.mode == EXECUTABLE);
        // What a file kept from others stays kept from them.
        let allowed = match seen {
            Found::File(there) if there.is_file() => plain & (there.mode() | 0o600),
            _ => plain,
        };
        let mode = if executable { allowed | ((allowed & 0o444) >> 2) } else { allowed };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).doing_on("set the mode of", &path)?;
    }
    Ok(())
}

/// Makes a repository with nothing in it that borrows another's objects and settings, to check files out with
/// libgit2's filters as if they were all new.
fn scratch(repo: &Repository, aside: &Path, target: &Path) -> Result<Repository, GitError> {
    let mut options = RepositoryInitOptions::new();
    options.no_dotgit_dir(true).external_template(false).workdir_path(target);
    let git_dir = aside.join("git");
    let made = Repository::init_opts(&git_dir, &options).doing("make a repository aside")?;
    let mut config = made.config().doing("set up a repository aside")?;
    let users = repo.config().doing("read git's configuration")?;
    for key in ["core.autocrlf", "core.eol", "core.filemode", "core.symlinks", "core.attributesfile"] {
        if let Ok(value) = users.get_string(key) {
            config.set_str(key, &value).doing("set up a repository aside")?;
        }
    }
    let info = git_dir.join("info");
    let objects = git_dir.join("objects/info");
    for folder in [&info, &objects] {
        fs::create_dir_all(folder).doing_on("make the folder", folder)?;
    }
    let borrowed = [bytes_of(&repo.commondir().join("objects")), b"\n"].concat();
    fs::write(objects.join("alternates"), borrowed).doing_on("write", &objects)?;
    let attributes = repo.commondir().join("info/attributes");
    if attributes.exists() {
        fs::copy(&attributes, info.join("attributes")).doing_on("copy", &attributes)?;
    }
    // libgit2 reads these files only when it opens the repository.
    Repository::open(&git_dir).doing("open a repository aside")
}

/// Moves a file, also to another file system. Links are moved, not followed.
fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            copy_exactly(from, to)?;
            fs::remove_file(from)
        }
        moved => moved,
    }
}

/// Moves a file to where nothing may be.
fn place_file(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => return Ok(()),
        Err(rustix::io::Errno::EXIST) => return Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => {}
    }
    // The file system cannot rename "only if nothing is there", or the file comes from another file system. Looking
    // first leaves a short window, but there is no better way.
    if to.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    move_file(from, to)
}

fn copy_exactly(from: &Path, to: &Path) -> io::Result<()> {
    let metadata = from.symlink_metadata()?;
    if metadata.is_symlink() {
        return std::os::unix::fs::symlink(from.read_link()?, to);
    }
    fs::copy(from, to)?;
    fs::File::options().write(true).open(to)?.set_modified(metadata.modified()?)
}
