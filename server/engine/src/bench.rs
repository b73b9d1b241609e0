//! The benches of a repository: a few working trees of Alfine's own for all its loops. Who holds one has its lock; it is
//! set up once, and again where what it was made of has changed.

use crate::{Error, ErrorKind, Result};
use alfine_git::{Bench, Repository};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
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
        let path = self.folder.join(format!("{n}.lock"));
        let Some(lock) = try_lock(&path)? else { return Ok(None) };
        let mut held = HeldBench {
            lock,
            folder: self.folder.join(n.to_string()),
            setup: self.folder.join(format!("{n}.setup")),
        };
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

impl HeldBench {
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
