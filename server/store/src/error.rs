//! What can go wrong with the database or a lock, and what to do then.

use super::LoopId;
use alfine_core::{hint::Hint, task::TaskKey};
use rusqlite::ErrorCode;
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long a reader or writer waits for another process before it gives up.
pub const PATIENCE: Duration = Duration::from_secs(10);

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
    /// The file system cannot share memory between processes.
    #[error("{path} cannot be shared between processes (journal mode “{mode}”)", path = path.display())]
    NoWal {
        /// The database.
        path: PathBuf,
        /// The journal mode that SQLite fell back to.
        mode: String,
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
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, message },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => Self::Disk { path, message },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly { path, message }
            }
            Some(_) => Self::Sql { path, source: error },
            None => match error {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..) => Self::Unreadable { path, message },
                source => Self::Sql { path, source },
            },
        }
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
            Self::Locked { path } => {
                format!("see who holds it with `fuser {}`, end that process, then try again", path.display())
            }
            Self::Disk { path, .. } => {
                format!("free some space on the disk of {}, then continue the loop", path.display())
            }
            Self::ReadOnly { path, .. } => {
                format!("give yourself permission to write {} and its folder", path.display())
            }
            Self::NoWal { .. } => "put the repository on a local disk".to_owned(),
            Self::Io { path, .. } => format!("see what {} is, then try again", path.display()),
            Self::LockLost(_) => "stop the loop, then continue it".to_owned(),
            Self::TaskBusy { .. } => "continue that loop, or discard it first".to_owned(),
            Self::Unreadable { .. } => "update alfine; a newer one may have written it".to_owned(),
            Self::Sql { .. } => "try again; if it stays, report it with the log".to_owned(),
        })
    }
}
