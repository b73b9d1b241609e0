//! The benches of a repository: a few working trees of Alfine's own for all its loops. Who holds one has its lock; it is
//! set up once, and again where what it was made of has changed.

use crate::{Error, ErrorKind, Result, project::Project};
use alfine_git::{Bench, Repository};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

/// How long the processes of a dead holder have to end themselves.
const GRACE: Duration = Duration::from_millis(500);
/// How often it is looked again for what somebody else has.
const LOOK: Duration = Duration::from_millis(50);

/// The benches of a repository.
#[derive(Debug, Clone)]
pub(crate) struct Benches {
    /// Their folder.
    pub(crate) folder: PathBuf,
    /// How many there are at most.
    pub(crate) most: u32,
}

/// What a bench is set up with.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Setup {
    hash: String,
    kept: Vec<PathBuf>,
}

/// A bench that nobody else has.
#[derive(Debug)]
pub(crate) struct HeldBench {
    lock: File,
    folder: PathBuf,
    setup: PathBuf,
}

impl Benches {
    /// Takes a free bench; calls `waits` once if there is none, and goes on looking until one is free. `None` if that was
    /// cancelled. `marker` marks the processes that run on it.
    pub(crate) fn take(
        &self,
        marker: &str,
        waits: &mut dyn FnMut(),
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<HeldBench>> {
        fs::create_dir_all(&self.folder).map_err(|error| failed("make", &self.folder, &error))?;
        let free = || {
            for n in 1..=self.most.max(1) {
                if let Some(held) = self.try_take(n, marker)? {
                    return Ok(Some(held));
                }
            }
            Ok(None)
        };
        until_there(free, waits, is_cancelled)
    }

    fn try_take(&self, n: u32, marker: &str) -> Result<Option<HeldBench>> {
        let path = lock_of(&self.folder, n);
        let Some(lock) = try_lock(&path)? else { return Ok(None) };
        let mut held =
            HeldBench { lock, folder: self.folder.join(n.to_string()), setup: setup_of(&self.folder, n) };
        let mut before = String::new();
        let read = held.lock.read_to_string(&mut before);
        read.map_err(|error| failed("read", &path, &error))?;
        if !before.is_empty() {
            // Its holder was killed. Its processes end with it, but not at once, and they write here.
            alfine_process::end_leftovers(&before, None, GRACE)
                .map_err(|error| Error::new(ErrorKind::Internal, format!("{}: {error}", path.display())))?;
        }
        held.mark(marker).map_err(|error| failed("write", &path, &error))?;
        Ok(Some(held))
    }
}

/// Lists the numbers of the benches of a repository that nobody has used since a moment.
///
/// # Errors
///
/// Where their folder cannot be read.
pub fn unused_since(project: &Project, moment: SystemTime) -> Result<Vec<u32>> {
    let folder = folder_of(project);
    let items = match folder.read_dir() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        items => items.map_err(|error| failed("read", &folder, &error))?,
    };
    let number = |item: fs::DirEntry| item.file_name().to_str()?.parse::<u32>().ok();
    // Who takes one, and who leaves it, writes its lock.
    let is_old = |n: &u32| {
        let used = lock_of(&folder, *n).metadata().and_then(|lock| lock.modified());
        used.is_ok_and(|used| used < moment)
    };
    let mut found: Vec<u32> = items.flatten().filter_map(number).filter(is_old).collect();
    found.sort_unstable();
    Ok(found)
}

/// Removes a bench. Not while somebody has it; returns whether it is gone.
///
/// # Errors
///
/// Where a file cannot be removed.
pub fn remove(project: &Project, n: u32) -> Result<bool> {
    let folder = folder_of(project);
    let Some(_lock) = try_lock(&lock_of(&folder, n))? else { return Ok(false) };
    project.repository.remove_bench(&folder.join(n.to_string()))?;
    match fs::remove_file(setup_of(&folder, n)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("remove", &setup_of(&folder, n), &error))
        }
        _ => Ok(true),
    }
}

/// The folder of a repository's benches.
pub(crate) fn folder_of(project: &Project) -> PathBuf {
    alfine_git::benches_dir(&project.user.data, project.repository.common_dir())
}

fn lock_of(folder: &Path, n: u32) -> PathBuf {
    folder.join(format!("{n}.lock"))
}

fn setup_of(folder: &Path, n: u32) -> PathBuf {
    folder.join(format!("{n}.setup"))
}

/// What only one check can use at a time, taken by one.
#[derive(Debug)]
pub(crate) struct Used {
    _locks: Vec<File>,
}

impl Benches {
    /// Waits until no other check uses what has one of these names. `None` if that was cancelled.
    pub(crate) fn use_alone<'a>(
        &self,
        names: impl Iterator<Item = &'a String>,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Used>> {
        // Everybody takes them in one order, so nobody waits for who waits for them.
        let names: BTreeSet<&String> = names.collect();
        let mut locks = Vec::new();
        for name in names {
            let path = self.folder.join(format!("use-{}.lock", blake3::hash(name.as_bytes()).to_hex()));
            let mut waits = || tracing::info!("waiting for another check that uses {name}");
            match until_there(|| try_lock(&path), &mut waits, is_cancelled)? {
                Some(lock) => locks.push(lock),
                None => return Ok(None),
            }
        }
        Ok(Some(Used { _locks: locks }))
    }
}

impl HeldBench {
    /// Its number among those of the repository.
    pub(crate) fn number(&self) -> &OsStr {
        self.folder.file_name().unwrap_or_default()
    }

    /// Opens it with the files of `base`, a commit. It is made where it is not there. Says whether it is set up with what
    /// has this hash.
    pub(crate) fn open(&self, repository: &Repository, base: &str, hash: &str) -> Result<(Bench, bool)> {
        let is_there = self.folder.is_dir();
        let mut bench = repository.open_bench(&self.folder, base)?;
        let known: Setup = fs::read(&self.setup)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        let is_set_up = is_there && known.hash == hash;
        bench.kept = known.kept;
        Ok((bench, is_set_up))
    }

    /// Notes what it is set up with, and what of that git neither tracks nor ignores. Nothing, while it is not.
    pub(crate) fn note_setup(&self, hash: &str, kept: &[PathBuf]) -> Result<()> {
        let setup = Setup { hash: hash.to_owned(), kept: kept.to_vec() };
        let text = serde_json::to_vec(&setup).unwrap_or_default();
        fs::write(&self.setup, text).map_err(|error| failed("write", &self.setup, &error))
    }

    fn mark(&mut self, marker: &str) -> std::io::Result<()> {
        self.lock.set_len(0)?;
        self.lock.rewind()?;
        self.lock.write_all(marker.as_bytes())
    }
}

impl Drop for HeldBench {
    fn drop(&mut self) {
        // Where this fails, the next holder looks for processes that are not there.
        let _ = self.mark("");
    }
}

/// Looks for what only one at a time can have until it is there; calls `waits` once if it is not at first. `None` if that was
/// cancelled. The system cannot wait for a lock and for a cancellation at once.
pub(crate) fn until_there<T>(
    look: impl Fn() -> Result<Option<T>>,
    waits: &mut dyn FnMut(),
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Option<T>> {
    let mut told = false;
    while !is_cancelled() {
        let found = look()?;
        if found.is_some() {
            return Ok(found);
        }
        if !std::mem::replace(&mut told, true) {
            waits();
        }
        thread::sleep(LOOK);
    }
    Ok(None)
}

/// The lock of a file, if nobody else has it.
pub(crate) fn try_lock(path: &Path) -> Result<Option<File>> {
    let opened = File::options().read(true).write(true).create(true).truncate(false).open(path);
    let file = opened.map_err(|error| failed("open", path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed("lock", path, &error)),
    }
}

pub(crate) fn failed(doing: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Internal, format!("cannot {doing} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_bench_has_one_holder_and_who_waits_gets_it_next() {
        let folder = tempfile::tempdir().unwrap();
        let benches = Benches { folder: folder.path().join("benches"), most: 2 };
        let take = |benches: &Benches| {
            benches.take("m", &mut || {}, &|| false).unwrap().expect("nobody cancels").folder.clone()
        };
        let first = benches.take("m", &mut || {}, &|| false).unwrap().unwrap();
        let second = benches.take("m", &mut || {}, &|| false).unwrap().unwrap();
        assert_ne!(first.folder, second.folder);
        assert!(benches.take("m", &mut || {}, &|| true).unwrap().is_none());
        let (told, waits) = mpsc::channel();
        let other = benches.clone();
        let waiter = thread::spawn(move || {
            let held = other.take("m", &mut || told.send(()).unwrap(), &|| false).unwrap().unwrap();
            held.folder.clone()
        });
        waits.recv().unwrap();
        let freed = second.folder.clone();
        drop(second);
        assert_eq!(waiter.join().unwrap(), freed);
        drop(first);
        assert_eq!(take(&benches), benches.folder.join("1"));
    }
}
