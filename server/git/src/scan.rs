//! Reads a whole working tree into an index of Alfine's own, without the user's index, refs or locks.
//!
//! That index is kept between scans as a cache from a file's times to its content, so that only what changed is read.
//! A file that changed so shortly before a scan that a second change could leave its times alone is not trusted to
//! the cache. What cannot be kept is left out and named, never an error: a scan must work in any tree.

use super::{
    contents::{Contents, SUBMODULE, Unstored},
    error::{Doing, DoingOn, GitError},
    index::{self, SKIP_WORKTREE, entry, inode_changed, low, modified},
    partial::write_tree,
    path_bytes::{bytes_of, is_within, join, path_of},
    skipped::{SkipReason, Skipped, WithoutFilter},
};
use git2::{Index, IndexEntry, IndexTime, Oid, Repository};
use std::{
    collections::HashSet,
    fs::Metadata,
    io,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// A working tree as it was found.
pub(super) struct Scanned {
    /// Every file in it.
    pub(super) index: Index,
    /// What is left out.
    pub(super) skipped: Vec<Skipped>,
}

/// How a working tree is read.
#[derive(Clone, Copy)]
pub(super) struct ScanSpec<'a> {
    /// The index kept between scans.
    pub(super) cache: &'a Path,
    /// Paths from the root that are no part of the tree.
    pub(super) leave_out: &'a [PathBuf],
    /// The size in bytes up to which untracked files are kept.
    pub(super) max_untracked: u64,
    /// Whether files are kept as they are where their filter fails.
    pub(super) raw_where_filters_fail: bool,
}

/// How long after a change a file system may still give the same time to the next one: more than a kernel's tick.
const FINE_TICK: Duration = Duration::from_millis(20);
/// The same where times are whole seconds (or two, on FAT).
const COARSE_TICK: Duration = Duration::from_secs(3);

/// What the user's index, or else HEAD, has at a path.
struct Tracked {
    path: Vec<u8>,
    mode: u32,
    id: Oid,
    absent: bool,
}

/// Reads the working tree of `repo`.
pub(super) fn scan(repo: &Repository, spec: ScanSpec<'_>) -> Result<Scanned, GitError> {
    let contents = Contents::new(repo)?;
    let tracked = tracked(repo)?;
    let (index, fresh) = open_cache(repo, spec.cache)?;
    let cached: Vec<IndexEntry> = index.iter().collect();
    let mut scan = Scan {
        repo,
        contents,
        tracked,
        seen: vec![false; cached.len()],
        cached,
        leave_out: spec.leave_out.iter().map(|path| bytes_of(path).to_vec()).collect(),
        max_untracked: spec.max_untracked,
        raw_where_filters_fail: spec.raw_where_filters_fail,
        trust_ctime: repo.config().and_then(|config| config.get_bool("core.trustctime")).unwrap_or(true),
        // Before the first file is looked at: a file that is written from now on may keep the time that we see.
        started: SystemTime::now(),
        changed: Vec::new(),
        put: Vec::new(),
        without_filter: HashSet::new(),
        skipped: Vec::new(),
    };
    scan.walk()?;
    scan.keep_what_is_not_checked_out();
    scan.store_changed()?;
    scan.finish(index, fresh)
}

/// Lists what git tracks, sorted by path.
fn tracked(repo: &Repository) -> Result<Vec<Tracked>, GitError> {
    let index = index::read_or_head(repo)?;
    let mut tracked: Vec<Tracked> = index
        .iter()
        .map(|entry| Tracked {
            absent: entry.flags_extended & SKIP_WORKTREE != 0,
            path: entry.path,
            mode: entry.mode,
            id: entry.id,
        })
        .collect();
    tracked.sort_by(|a, b| a.path.cmp(&b.path));
    tracked.dedup_by(|a, b| a.path == b.path);
    Ok(tracked)
}

/// Opens the cache; a missing or damaged one is made from the user's index. Says whether it is new.
fn open_cache(repo: &Repository, path: &Path) -> Result<(Index, bool), GitError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).doing_on("make the folder", folder)?;
    }
    // Only the runner of this loop uses the file, so a lock on it was left by a runner that died.
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    let _ = std::fs::remove_file(&lock);
    if path.exists() {
        match Index::open(path) {
            Ok(index) if !index.is_empty() => return Ok((index, false)),
            _ => std::fs::remove_file(path).doing_on("remove the damaged", path)?,
        }
    }
    let mut index = Index::open(path).doing("make an index")?;
    seed(repo, &mut index);
    Ok((index, true))
}

/// Copies what the user's index knows about files, so that the first scan need not read them all. A failure only costs
/// time.
fn seed(repo: &Repository, index: &mut Index) {
    let Ok(users) = repo.index() else { return };
    let Some(written) = users.path().and_then(|path| path.metadata().ok()) else { return };
    let written = modified(&written);
    for mut entry in users.iter() {
        let stage = (entry.flags >> 12) & 3;
        if stage != 0 || entry.mode == SUBMODULE {
            continue;
        }
        if is_racy(&entry, &written) {
            distrust(&mut entry);
        }
        entry.flags = 0;
        entry.flags_extended = 0;
        let _ = index.add(&entry);
    }
}

/// Whether a file may have changed after the index was written without getting another time, since both happened within
/// one tick of the file system's clock. git calls such an entry racy.
fn is_racy(entry: &IndexEntry, index_written: &IndexTime) -> bool {
    let fine = entry.mtime.nanoseconds() != 0 && index_written.nanoseconds() != 0;
    let tick = if fine { FINE_TICK } else { COARSE_TICK };
    since_epoch(&entry.mtime) + tick >= since_epoch(index_written)
}

fn since_epoch(time: &IndexTime) -> Duration {
    Duration::new(u64::try_from(time.seconds()).unwrap_or(0), 0)
        + Duration::from_nanos(time.nanoseconds().into())
}

fn distrust(entry: &mut IndexEntry) {
    entry.mtime = IndexTime::new(0, 0);
}

struct Scan<'r> {
    repo: &'r Repository,
    contents: Contents<'r>,
    tracked: Vec<Tracked>,
    cached: Vec<IndexEntry>,
    /// Which of `cached` are still true.
    seen: Vec<bool>,
    leave_out: HashSet<Vec<u8>>,
    max_untracked: u64,
    raw_where_filters_fail: bool,
    trust_ctime: bool,
    started: SystemTime,
    /// Files whose content must be read.
    changed: Vec<(Vec<u8>, Metadata, u32)>,
    /// New entries.
    put: Vec<IndexEntry>,
    /// Files that are kept without their filter.
    without_filter: HashSet<Vec<u8>>,
    skipped: Vec<Skipped>,
}

impl Scan<'_> {
    fn walk(&mut self) -> Result<(), GitError> {
        let mut folders = vec![Vec::new()];
        while let Some(folder) = folders.pop() {
            let path = self.contents.root().join(path_of(&folder));
            let items = match path.read_dir() {
                Ok(items) => items,
                // A root that cannot be read must not look like an empty tree: every file would count as deleted.
                Err(error) if folder.is_empty() => return Err(error).doing_on("read the folder", &path),
                Err(error) => {
                    self.unread(&folder, &error);
                    continue;
                }
            };
            for item in items {
                let item = match item {
                    Ok(item) => item,
                    Err(error) => {
                        self.unread(&folder, &error);
                        continue;
                    }
                };
                let name = item.file_name();
                let path = join(&folder, name.as_bytes());
                if name == ".git" || self.leave_out.contains(&path) {
                    continue;
                }
                match item.metadata() {
                    Ok(metadata) if metadata.is_dir() => {
                        if self.enters(&path) {
                            folders.push(path);
                        }
                    }
                    Ok(metadata) if metadata.is_file() || metadata.is_symlink() => self.file(path, metadata),
                    Ok(_) => {}
                    Err(error) => self.unread(&path, &error),
                }
            }
        }
        // An agent may remove the whole worktree while it is read. That is an error, and not an empty tree.
        let root = self.contents.root();
        if root.is_dir() { Ok(()) } else { Err(GitError::WorktreeMissing(root.to_owned())) }
    }

    /// Decides whether a folder's files belong to the tree.
    fn enters(&mut self, path: &[u8]) -> bool {
        if let Some(Tracked { mode: SUBMODULE, id, .. }) = self.find_tracked(path) {
            let id = *id;
            self.submodule(path, id);
            return false;
        }
        let mut below = path.to_owned();
        below.push(b'/');
        // What git tracks is part of the tree even in a folder that is ignored.
        let at = self.tracked.partition_point(|entry| entry.path < below);
        if self.tracked.get(at).is_some_and(|entry| entry.path.starts_with(&below)) {
            return true;
        }
        if self.is_ignored(&below) {
            return false;
        }
        let absolute = self.contents.root().join(path_of(path));
        // git records a nested repository as a link to a commit that nobody else has, so its files would be lost. A
        // `.git` that cannot be opened is not a repository, and the folder is read like any other.
        let nested = absolute.join(".git").symlink_metadata().is_ok()
            && git2::Repository::open_ext(
                &absolute,
                git2::RepositoryOpenFlags::NO_SEARCH,
                std::iter::empty::<&std::ffi::OsStr>(),
            )
            .is_ok();
        if nested {
            self.skip(path, SkipReason::NestedRepository);
        }
        !nested
    }

    fn file(&mut self, path: Vec<u8>, metadata: Metadata) {
        // The ignore rules and the size limit are about untracked files. What git tracks is always kept.
        let tracked = self.find_tracked(&path).map(|entry| entry.mode);
        if tracked.is_none() {
            if self.is_ignored(&path) {
                return;
            }
            if metadata.len() > self.max_untracked {
                self.skip(&path, SkipReason::TooLarge { bytes: metadata.len() });
                return;
            }
        }
        let known = self.cached.binary_search_by(|entry| entry.path.as_slice().cmp(&path)).ok();
        let known_mode = known.and_then(|at| self.cached.get(at)).map(|entry| entry.mode).or(tracked);
        let mode = self.contents.mode(&metadata, known_mode);
        if let Some(at) = known
            && self.cached.get(at).is_some_and(|entry| self.is_unchanged(entry, &metadata, mode))
        {
            self.mark(at);
            return;
        }
        self.changed.push((path, metadata, mode));
    }

    fn is_unchanged(&self, entry: &IndexEntry, metadata: &Metadata, mode: u32) -> bool {
        // No program can set the ctime, so it shows a write even if the mtime was put back afterwards.
        entry.mtime.seconds() != 0
            && entry.mode == mode
            && entry.mtime == modified(metadata)
            && entry.file_size == low(metadata.len())
            && entry.ino == low(metadata.ino())
            && (!self.trust_ctime || entry.ctime == inode_changed(metadata))
    }

    fn submodule(&mut self, path: &[u8], known: Oid) {
        let absolute = self.contents.root().join(path_of(path));
        let repo = git2::Repository::open(&absolute);
        let head = repo.as_ref().ok().and_then(|repo| repo.head().ok()?.target());
        if let Ok(repo) = &repo {
            let mut options = git2::StatusOptions::new();
            options.include_untracked(true);
            if repo.statuses(Some(&mut options)).map_or(true, |statuses| !statuses.is_empty()) {
                self.skip(path, SkipReason::SubmoduleFiles);
            }
        }
        // A submodule that was never checked out has no HEAD. That is not a change, so the recorded commit stays.
        self.keep(path, SUBMODULE, head.unwrap_or(known));
    }

    /// Puts what no file's times stand for.
    fn keep(&mut self, path: &[u8], mode: u32, id: Oid) {
        let at = self.cached.binary_search_by(|entry| entry.path.as_slice().cmp(path)).ok();
        match at.filter(|&at| self.cached.get(at).is_some_and(|entry| entry.mode == mode && entry.id == id)) {
            Some(at) => self.mark(at),
            None => self.put.push(entry(path, mode, id, None)),
        }
    }

    /// Reads what changed. The files of foreign filters go through one process together.
    fn store_changed(&mut self) -> Result<(), GitError> {
        let mut filtered = Vec::new();
        let mut filtered_entries = Vec::new();
        for (path, metadata, mode) in std::mem::take(&mut self.changed) {
            if metadata.is_file()
                && let Some((why, _)) = self.contents.withheld_filter(&path)
            {
                self.without_filter.insert(path.clone());
                self.skip(&path, SkipReason::Filter(WithoutFilter::Withheld(why)));
            }
            let filter = metadata.is_file().then(|| self.contents.foreign_filter(&path)).flatten();
            if let Some(filter) = filter {
                filtered.push((path, filter));
                filtered_entries.push((metadata, mode));
                continue;
            }
            let stored = self.contents.store(&path, &metadata);
            self.put_stored(&path, mode, &metadata, stored)?;
        }
        let stored = match self.contents.store_filtered(&filtered) {
            Ok(ids) => ids.into_iter().map(Ok).collect(),
            Err(error @ (GitError::Filter { .. } | GitError::NeedsGit { .. }))
                if self.raw_where_filters_fail =>
            {
                tracing::warn!("{error}");
                self.store_without_filters(&filtered)
            }
            Err(error) => return Err(error),
        };
        for (((path, _), (metadata, mode)), stored) in filtered.iter().zip(&filtered_entries).zip(stored) {
            self.put_stored(path, *mode, metadata, stored)?;
        }
        Ok(())
    }

    fn store_without_filters(&mut self, files: &[(Vec<u8>, String)]) -> Vec<Result<Oid, Unstored>> {
        for (path, _) in files {
            self.without_filter.insert(path.clone());
            self.skip(path, SkipReason::Filter(WithoutFilter::Failed));
        }
        files.iter().map(|(path, _)| self.contents.store_raw(path)).collect()
    }

    fn put_stored(
        &mut self,
        path: &[u8],
        mode: u32,
        metadata: &Metadata,
        stored: Result<Oid, Unstored>,
    ) -> Result<(), GitError> {
        match stored {
            Ok(id) => {
                let entry = self.fresh_entry(path, mode, id, metadata);
                self.put.push(entry);
            }
            Err(Unstored::Vanished) => {}
            Err(Unstored::Unreadable(error)) => self.unread(path, &error),
            Err(Unstored::Failed(error)) => return Err(error),
        }
        Ok(())
    }

    fn fresh_entry(&self, path: &[u8], mode: u32, id: Oid, metadata: &Metadata) -> IndexEntry {
        let tick = if metadata.mtime_nsec() == 0 { COARSE_TICK } else { FINE_TICK };
        let racy = metadata.modified().map_or(true, |modified| modified + tick >= self.started);
        let mut entry = entry(path, mode, id, Some(metadata));
        // Not trusted by the next scan: a file that may be racy, and one whose filter may be allowed to run by then.
        if racy || self.without_filter.contains(path) {
            distrust(&mut entry);
        }
        entry
    }

    /// Keeps what is known of a path that cannot be read, and reports it: an unreadable folder must not look like the
    /// deletion of everything in it. A path that no longer exists really is deleted.
    fn unread(&mut self, path: &[u8], error: &io::Error) {
        if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
            return;
        }
        self.skip(path, SkipReason::Unreadable);
        for at in 0..self.cached.len() {
            if self.cached.get(at).is_some_and(|entry| is_within(&entry.path, path)) {
                self.mark(at);
            }
        }
        let kept: Vec<IndexEntry> = self
            .tracked
            .iter()
            .filter(|tracked| is_within(&tracked.path, path))
            .filter(|tracked| self.cached.binary_search_by(|entry| entry.path.cmp(&tracked.path)).is_err())
            .map(|tracked| entry(&tracked.path, tracked.mode, tracked.id, None))
            .collect();
        self.put.extend(kept);
    }

    /// The files that a sparse checkout leaves out are not deleted; they are only not on the disk.
    fn keep_what_is_not_checked_out(&mut self) {
        let root = self.contents.root();
        let absent = self.tracked.iter().filter(|tracked| tracked.absent);
        let absent = absent.filter(|tracked| root.join(path_of(&tracked.path)).symlink_metadata().is_err());
        let absent: Vec<_> = absent.map(|tracked| (tracked.path.clone(), tracked.mode, tracked.id)).collect();
        for (path, mode, id) in absent {
            self.keep(&path, mode, id);
        }
    }

    fn finish(mut self, mut index: Index, fresh: bool) -> Result<Scanned, GitError> {
        let put: HashSet<&[u8]> = self.put.iter().map(|entry| entry.path.as_slice()).collect();
        let gone = self.cached.iter().zip(&self.seen).filter(|(_, seen)| !**seen).map(|(entry, _)| entry);
        let mut dirty = fresh;
        for entry in gone.filter(|entry| !put.contains(entry.path.as_slice())) {
            index.remove(&path_of(&entry.path), 0).doing("update the checkpoint's index")?;
            dirty = true;
        }
        let mut refused = Vec::new();
        for entry in &self.put {
            match index.add(entry) {
                Ok(()) => dirty = true,
                // Names that git reserves, such as `.git` in another case, cannot be in any tree.
                Err(error) if error.message().contains("invalid path") => refused.push(entry.path.clone()),
                Err(error) => return Err(error).doing("update the checkpoint's index"),
            }
        }
        for path in refused {
            self.skip(&path, SkipReason::Name);
        }
        if dirty {
            // The trees are written first, so that the cache holds their ids and the next scan need not hash them.
            write_tree(self.repo, &mut index)?;
            if let Err(error) = index.write() {
                tracing::warn!(
                    "The checkpoint's index could not be kept; the next one takes longer: {error}"
                );
            }
        }
        let mut skipped = self.skipped;
        skipped.sort();
        skipped.dedup();
        Ok(Scanned { index, skipped })
    }

    fn find_tracked(&self, path: &[u8]) -> Option<&Tracked> {
        let at = self.tracked.binary_search_by(|entry| entry.path.as_slice().cmp(path)).ok()?;
        self.tracked.get(at)
    }

    fn is_ignored(&self, path: &[u8]) -> bool {
        self.repo.is_path_ignored(path_of(path)).unwrap_or(false)
    }

    fn mark(&mut self, at: usize) {
        if let Some(seen) = self.seen.get_mut(at) {
            *seen = true;
        }
    }

    fn skip(&mut self, path: &[u8], reason: SkipReason) {
        self.skipped.push(Skipped { path: path_of(path), reason });
    }
}

/// Says whether a file still is what an index says of it, by its times alone.
pub(super) fn is_stat_clean(entry: &IndexEntry, metadata: &Metadata, index_written: &IndexTime) -> bool {
    entry.mtime.seconds() != 0
        && entry.mtime == modified(metadata)
        && entry.file_size == low(metadata.len())
        && entry.ino == low(metadata.ino())
        && !is_racy(entry, index_written)
}

/// When a file was last written, as an index tells time.
pub(super) fn written(path: &Path) -> Option<IndexTime> {
    path.metadata().ok().map(|metadata| modified(&metadata))
}
