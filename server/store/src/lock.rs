//! Who runs a loop: an OS lock on a file, which the kernel takes back however its holder dies.
//!
//! Held alone: "I run this loop." Held shared, and only for a moment: "I look whether anybody does." A starter that
//! meets lookers waits for them; they never make it believe that the loop is taken.
//!
//! The lock comes before the row: a loop's row is only made, or marked running, by the holder of its lock. So there
//! is no moment in which a running loop looks dead. A detached start hands the held lock over: the starter locks,
//! writes the row, and spawns the runner with [`LoopLock::into_stdin`]; the lock belongs to the open file, which
//! both have, and stays when the starter goes. Should the runner never come up, the lock is free at once.
//!
//! The file is closed on exec, so no other child inherits it. A fork without exec would inherit it, so Alfine never
//! forks without exec.

use super::{LoopId, PATIENCE, StoreError, disk::make_folder};
use alfine_files::Layout;
use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    os::{fd::AsFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    process::{self, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// The right to run one loop. Let go of when dropped.
#[derive(Debug)]
pub struct LoopLock {
    loop_id: LoopId,
    path: PathBuf,
    /// `None` only where the lock was given to another process.
    file: Option<File>,
}

impl Drop for LoopLock {
    /// Gives the lock back by name. To close the file would not do: a child that another thread starts at this moment has it, too,
    /// until it becomes another program.
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            let _ = file.unlock();
        }
    }
}

/// Proof that nobody runs a loop; as long as it lives, a starter waits.
#[derive(Debug)]
pub struct Unheld {
    _file: File,
}

impl LoopLock {
    /// Takes the lock; refused with who has it.
    pub fn acquire(layout: &Layout, loop_id: &LoopId) -> Result<Self, StoreError> {
        let path = layout.lock(loop_id.as_str());
        let started = Instant::now();
        loop {
            let file = open(layout, &path)?;
            match file.try_lock() {
                // Between opening and locking, the file may have been deleted. A lock on a deleted file excludes
                // nobody, so the next round takes the file that is there now.
                Ok(()) if is_at(&file, &path) => {
                    let lock = Self { loop_id: loop_id.clone(), path, file: Some(file) };
                    lock.sign();
                    return Ok(lock);
                }
                Ok(()) => {}
                Err(TryLockError::Error(error)) => return Err(StoreError::of_lock("lock", &path, error)),
                Err(TryLockError::WouldBlock) => {
                    // A runner holds the lock exclusively. If a shared lock succeeds, only lookers hold the file, and
                    // they let go at once.
                    let only_lookers = file.try_lock_shared().is_ok();
                    if !only_lookers || started.elapsed() > PATIENCE {
                        return Err(StoreError::Held { loop_id: loop_id.clone(), by: signature(&file) });
                    }
                    // Our own shared lock must go before the pause, or two starters would keep each other waiting.
                    drop(file);
                    thread::sleep(Duration::from_millis(2));
                }
            }
        }
    }

    /// Says whether anybody runs the loop, without getting in the way.
    pub fn is_held(layout: &Layout, loop_id: &LoopId) -> Result<bool, StoreError> {
        let path = layout.lock(loop_id.as_str());
        match File::open(&path) {
            Ok(file) => Ok(share(&file, &path)?.is_none()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::of_io("open", &path, error)),
        }
    }

    /// Blocks until nobody runs the loop, but no longer than `within`; returns whether it came to that.
    pub fn until_free(layout: &Layout, loop_id: &LoopId, within: Duration) -> Result<bool, StoreError> {
        if !Self::is_held(layout, loop_id)? {
            return Ok(true);
        }
        let path = layout.lock(loop_id.as_str());
        let file = File::open(&path).map_err(|error| StoreError::of_io("open", &path, error))?;
        let (free, is_free) = mpsc::channel();
        // The system cannot wait for a lock with a limit of time. So a thread waits without one; it ends when the
        // runner does, even if the caller gave up long before.
        thread::spawn(move || {
            let _ = file.lock_shared();
            let _ = free.send(());
        });
        Ok(is_free.recv_timeout(within).is_ok())
    }

    /// Keeps anybody from running the loop for as long as the answer lives; `None` if somebody runs it already.
    pub fn keep_unheld(layout: &Layout, loop_id: &LoopId) -> Result<Option<Unheld>, StoreError> {
        let path = layout.lock(loop_id.as_str());
        let file = open(layout, &path)?;
        Ok(share(&file, &path)?.map(|()| Unheld { _file: file }))
    }

    /// Which loop this is the lock of.
    pub fn loop_id(&self) -> &LoopId {
        &self.loop_id
    }

    /// Makes the held lock a child's standard input. Drop the `Command` after spawning: it keeps the lock, too.
    pub fn into_stdin(mut self) -> Stdio {
        self.file.take().map_or_else(Stdio::null, Stdio::from)
    }

    /// Takes over the lock that came as standard input, and puts `/dev/null` there, so that no child inherits it.
    pub fn from_stdin(layout: &Layout, loop_id: &LoopId) -> Result<Self, StoreError> {
        let path = layout.lock(loop_id.as_str());
        let fails = |error| StoreError::of_io("take over", &path, error);
        // The standard input can be anything. Only the file at the lock's own path is a lock that others respect.
        let file = File::from(io::stdin().as_fd().try_clone_to_owned().map_err(fails)?);
        if !is_at(&file, &path) {
            return Err(StoreError::LockLost(loop_id.clone()));
        }
        // The lock belongs to the open file, so taking it again through the inherited descriptor succeeds. It fails
        // only if the starter had not locked the file and somebody else has by now.
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Held { loop_id: loop_id.clone(), by: signature(&file) });
            }
            Err(TryLockError::Error(error)) => return Err(fails(error)),
        }
        // An agent that inherited the lock would keep the loop "running" after its runner is dead.
        let null = File::open("/dev/null").map_err(fails)?;
        rustix::stdio::dup2_stdin(&null).map_err(|error| fails(error.into()))?;
        let lock = Self { loop_id: loop_id.clone(), path, file: Some(file) };
        lock.sign();
        Ok(lock)
    }

    /// Fails if the file was deleted, so that somebody else could hold this loop's lock, too.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match &self.file {
            Some(file) if is_at(file, &self.path) => Ok(()),
            _ => Err(StoreError::LockLost(self.loop_id.clone())),
        }
    }

    /// Writes who has it. For people only, so failing is not an error.
    fn sign(&self) {
        let system = rustix::system::uname();
        let host = system.nodename().to_string_lossy();
        let line = format!("process {} on {host} since {}\n", process::id(), jiff::Timestamp::now());
        let Some(mut file) = self.file.as_ref() else { return };
        let signed = file.set_len(0).and_then(|()| {
            file.rewind()?;
            file.write_all(line.as_bytes())
        });
        if let Err(error) = signed {
            tracing::debug!("{} could not be signed: {error}", self.path.display());
        }
    }
}

fn open(layout: &Layout, path: &Path) -> Result<File, StoreError> {
    make_folder(layout.root())?;
    path.parent().map_or(Ok(()), make_folder)?;
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| StoreError::of_io("open", path, error))
}

fn share(file: &File, path: &Path) -> Result<Option<()>, StoreError> {
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(())),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(StoreError::of_lock("lock", path, error)),
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

fn signature(mut file: &File) -> String {
    let mut line = Vec::new();
    let read = file.rewind().and_then(|()| file.take(200).read_to_end(&mut line));
    let line = String::from_utf8_lossy(&line);
    match line.lines().next() {
        Some(line) if read.is_ok() && !line.is_empty() => line.to_owned(),
        _ => "it did not say its name".to_owned(),
    }
}
