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

/// The kind of network share that a path lies on; `None` on a local disk, or where it is not known.
pub(super) fn network_share(path: &Path) -> Option<&'static str> {
    let folder = path.ancestors().find(|folder| folder.exists())?;
    share_of(folder)
}

#[cfg(target_os = "linux")]
fn share_of(folder: &Path) -> Option<&'static str> {
    // The numbers of `statfs(2)`.
    match rustix::fs::statfs(folder).ok()?.f_type & 0xffff_ffff {
        0x6969 => Some("a network share (NFS)"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("a network share (SMB)"),
        0x0102_1997 => Some("a shared folder of another system (9P)"),
        0x6573_5546 => Some("a file system of a program (FUSE)"),
        0x5346_414f | 0x6b41_4653 => Some("a network share (AFS)"),
        0x00c3_6400 => Some("a network share (Ceph)"),
        0x786f_4256 => Some("a shared folder of another system (VirtualBox)"),
        _ => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn share_of(folder: &Path) -> Option<&'static str> {
    let found = rustix::fs::statfs(folder).ok()?;
    let name: Vec<u8> = found.f_fstypename.iter().map(|&byte| byte.cast_unsigned()).collect();
    [
        (b"nfs".as_slice(), "a network share (NFS)"),
        (b"smbfs", "a network share (SMB)"),
        (b"afpfs", "a network share (AFP)"),
        (b"webdav", "a network share (WebDAV)"),
        (b"macfuse", "a file system of a program (FUSE)"),
    ]
    .into_iter()
    .find(|(kind, _)| name.starts_with(kind))
    .map(|(_, share)| share)
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
