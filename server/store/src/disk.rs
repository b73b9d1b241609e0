//! The files next to the database, and which file is the database.

use super::{Millis, StoreError};
use alfine_files::Layout;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A file's device and inode: tells a replaced file from the one that was opened.
pub(super) type Identity = (u64, u64);

/// The file that is touched after each commit, for those who wait for news.
pub(super) fn bell(layout: &Layout) -> PathBuf {
    layout.root().join("state.bell")
}

/// Wakes those who wait for changes. They also look every two seconds, so a failure is not an error.
pub(super) fn ring(layout: &Layout) {
    const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let bell = bell(layout);
    let times = Timestamps { last_access: NOW, last_modification: NOW };
    let rung = match utimensat(CWD, &bell, &times, AtFlags::empty()) {
        Err(rustix::io::Errno::NOENT) => File::create(&bell).map(drop),
        other => other.map_err(io::Error::from),
    };
    if let Err(error) = rung {
        tracing::debug!("{} could not be touched: {error}", bell.display());
    }
}

/// The file that lies at a path now.
pub(super) fn identity(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// The mark that a process leaves when it found damage, so that the next process that opens the database checks all of
/// it.
pub(super) fn suspect_mark(database: &Path) -> PathBuf {
    database.with_extension("db.suspect")
}

/// Leaves the mark that makes the next process check the whole database.
pub(super) fn suspect(database: &Path) {
    if let Err(error) = fs::write(suspect_mark(database), Millis::now().0.to_string()) {
        tracing::warn!("{} could not be marked as damaged: {error}", database.display());
    }
}

/// Makes a folder whose parent is there: a repository that was deleted must not come back as an empty shell.
pub(super) fn make_folder(path: &Path) -> Result<(), StoreError> {
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::of_io("make the folder", path, error))
        }
        _ => Ok(()),
    }
}

/// Removes a file that need not be there.
pub(super) fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::of_io("remove", path, error))
        }
        _ => Ok(()),
    }
}
