//! What can go wrong with the database or a lock, and what to do then.

use super::{LoopId, share::network_share};
use alfine_core::{hint::Hint, task::TaskKey, text::shell_word};
use rusqlite::{ErrorCode, ffi};
use rustix::io::Errno;
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long a reader or writer waits for another process before it gives up.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What to do where a file system cannot do what a database needs.
const LOCAL_DISK: &str = "put the repository on a local disk";

/// What SQLite says where a file system refuses locks, or memory that processes share.
const UNSHARED: [i32; 9] = [
    ffi::SQLITE_PROTOCOL,
    ffi::SQLITE_IOERR_LOCK,
    ffi::SQLITE_IOERR_UNLOCK,
    ffi::SQLITE_IOERR_RDLOCK,
    ffi::SQLITE_IOERR_CHECKRESERVEDLOCK,
    ffi::SQLITE_IOERR_SHMOPEN,
    ffi::SQLITE_IOERR_SHMLOCK,
    ffi::SQLITE_IOERR_SHMMAP,
    ffi::SQLITE_PERM,
];

/// What the system says where a file system has no locks.
const NO_LOCKS: [Errno; 4] = [Errno::NOLCK, Errno::OPNOTSUPP, Errno::NOSYS, Errno::INVAL];

/// A failure of the database, of the disk under it, or a refusal that keeps it consistent.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A newer Alfine wrote it.
    #[error("{path} has version {found}; this alfine knows versions up to {known}", path = path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The version that the database has.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// Another program's database.
    #[error("{} is another program's database", .0.display())]
    Foreign(PathBuf),
    /// Its content makes no sense.
    #[error("{path} is damaged: {message}", path = path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// SQLite's words.
        message: String,
    },
    /// Another process did not let go of it.
    #[error("{path} was in use for {} seconds", PATIENCE.as_secs(), path = path.display())]
    Locked {
        /// The database, or the lock beside it.
        path: PathBuf,
    },
    /// There is no room, or the disk failed.
    #[error("the disk under {path} is full or failing: {message}", path = path.display())]
    Disk {
        /// The database.
        path: PathBuf,
        /// SQLite's words.
        message: String,
    },
    /// It cannot be written.
    #[error("{path} cannot be written: {message}", path = path.display())]
    ReadOnly {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        message: String,
    },
    /// The file system does not keep locks, or shares no memory between processes, as a database needs it.
    #[error("{} lies on {}, which keeps no locks between processes: {message}", path.display(), place(*share))]
    Unshared {
        /// The file.
        path: PathBuf,
        /// The kind of network share that it lies on, if it is a known one.
        share: Option<&'static str>,
        /// The system's or SQLite's words.
        message: String,
    },
    /// A file operation failed.
    #[error("cannot {doing} {path}: {source}", path = path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The path that it was tried on.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Another process runs this loop.
    #[error("loop {loop_id} is run by another process ({by})")]
    Held {
        /// The loop.
        loop_id: LoopId,
        /// Who has it, as it wrote into its lock file.
        by: String,
    },
    /// The lock file was deleted under its holder, so the loop could be started a second time.
    #[error("the lock of loop {0} was deleted")]
    LockLost(LoopId),
    /// The task has a loop already.
    #[error("{task} has a loop already ({loop_id})")]
    TaskBusy {
        /// The task.
        task: TaskKey,
        /// Its loop.
        loop_id: LoopId,
    },
    /// Something named is not there.
    #[error("there is no {what} {name}")]
    Missing {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A value this program does not understand.
    #[error("{path} holds a value that cannot be read: {message}", path = path.display())]
    Unreadable {
        /// The database.
        path: PathBuf,
        /// Which value.
        message: String,
    },
    /// A statement failed for any other reason.
    #[error("{path}: {source}", path = path.display())]
    Sql {
        /// The database.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// Sorts what SQLite says of the database at `path`.
    pub(super) fn of_sql(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let message = error.to_string();
        if error.sqlite_error().is_some_and(|error| UNSHARED.contains(&error.extended_code)) {
            return Self::unshared(&path, message);
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, message },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => Self::Disk { path, message },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => Self::ReadOnly { path, message },
            Some(_) => Self::Sql { path, source: error },
            None => match error {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..) => Self::Unreadable { path, message },
                source => Self::Sql { path, source },
            },
        }
    }

    /// Sorts what the system says of a lock on a file.
    pub(super) fn of_lock(doing: &'static str, path: &Path, source: io::Error) -> Self {
        match Errno::from_io_error(&source) {
            // `OPNOTSUPP` is `NOTSUP` on some systems, and another number on others.
            Some(errno) if NO_LOCKS.contains(&errno) => Self::unshared(path, source.to_string()),
            _ => Self::of_io(doing, path, source),
        }
    }

    pub(super) fn unshared(path: &Path, message: String) -> Self {
        Self::Unshared { path: path.to_owned(), share: network_share(path), message }
    }

    /// Sorts what the system says of a file.
    pub(super) fn of_io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path, message: source.to_string() }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Disk { path, message: source.to_string() }
            }
            _ => Self::Io { doing, path, source },
        }
    }

    /// Says what the user can do about it.
    pub fn hint(&self) -> Hint {
        Hint::Advice(match self {
            Self::Held { .. } => return Hint::AwaitRunner,
            Self::Missing { .. } => return Hint::ListTasks,
            Self::Newer { .. } => "update alfine".to_owned(),
            Self::Foreign(path) => format!("move {} elsewhere, then try again", path.display()),
            Self::Corrupt { .. } => {
                "run the command again: the damaged file is kept aside and a new one is created".to_owned()
            }
            Self::Locked { path } => match network_share(path) {
                Some(share) => format!(
                    "it lies on {share}, where another machine may hold it, or a lock may outlive its process: use the \
                     repository from one machine, or {LOCAL_DISK}"
                ),
                None => format!(
                    "see who holds it with `fuser {}`, end that process, then try again",
                    shell_word(&path.display())
                ),
            },
            Self::Disk { path, .. } => match network_share(path) {
                Some(share) => {
                    format!("it lies on {share}: see that it is reachable and not full, or {LOCAL_DISK}")
                }
                None => format!("free some space on the disk of {}, then continue the loop", path.display()),
            },
            Self::ReadOnly { path, .. } => {
                format!("give yourself permission to write {} and its folder", path.display())
            }
            Self::Unshared { .. } => format!("{LOCAL_DISK}, or mount the share with locks"),
            Self::Io { path, .. } => format!("see what {} is, then try again", path.display()),
            Self::LockLost(_) => "stop the loop, then continue it".to_owned(),
            Self::TaskBusy { .. } => "continue that loop, or discard it first".to_owned(),
            Self::Unreadable { .. } => "update alfine; a newer one may have written it".to_owned(),
            Self::Sql { .. } => "try again; if it stays, report it with the log".to_owned(),
        })
    }
}

/// Where a file lies, as an error says it.
fn place(share: Option<&'static str>) -> &'static str {
    share.unwrap_or("a file system")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_without_locks_is_called_that_and_not_a_full_disk_or_a_busy_process() {
        let path = Path::new("/mnt/share/.git/alfine/state.db");
        for code in [ffi::SQLITE_IOERR_LOCK, ffi::SQLITE_PROTOCOL, ffi::SQLITE_IOERR_SHMMAP, ffi::SQLITE_PERM]
        {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let error = StoreError::of_sql(path, error);
            assert!(matches!(error, StoreError::Unshared { .. }), "{code}: {error:?}");
            assert!(error.to_string().contains("keeps no locks between processes"), "{error}");
        }
        for errno in NO_LOCKS {
            let error = StoreError::of_lock("lock", path, errno.into());
            assert!(matches!(error, StoreError::Unshared { .. }), "{error:?}");
            let hint = Hint::advice("put the repository on a local disk, or mount the share with locks");
            assert_eq!(error.hint(), hint);
        }
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_WRITE), None);
        assert!(matches!(StoreError::of_sql(path, error), StoreError::Disk { .. }));
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert!(matches!(StoreError::of_lock("lock", path, denied), StoreError::ReadOnly { .. }));
    }
}
