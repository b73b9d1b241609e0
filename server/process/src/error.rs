//! What can go wrong around a program.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

/// What can go wrong around a program.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// No such program.
    #[error("the program “{0}” does not exist")]
    NotFound(String),
    /// The program is there; what should interpret it is not.
    #[error("the program “{0}” exists, but the interpreter or loader it names does not")]
    NoInterpreter(String),
    /// The file is there and cannot be run.
    #[error("“{0}” is not executable")]
    NotExecutable(String),
    /// The folder to run in is missing.
    #[error("the folder {} to run “{program}” in does not exist", .path.display())]
    NoFolder {
        /// As it was asked for.
        program: String,
        /// The folder.
        path: PathBuf,
    },
    /// The system refused to start the program.
    #[error("“{program}” could not be started: {source}")]
    Start {
        /// As it was asked for.
        program: String,
        /// The system's error.
        source: io::Error,
    },
    /// The guard itself could not be started, or did not answer; one that was killed is [`Self::GuardLost`].
    #[error("the guard {} could not be started: {source}", .guard.display())]
    Guard {
        /// The binary that was to be the guard.
        guard: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The guard died before the program did; what was left has been ended.
    #[error("the guard of “{0}” was killed; what was left of the program has been ended")]
    GuardLost(String),
    /// Processes that even SIGKILL did not end.
    #[error("{count} processes of “{program}” could not be ended")]
    Unkillable {
        /// The guarded program, or the marker of its run.
        program: String,
        /// How many are left.
        count: usize,
    },
    /// A detached process's log could not be opened.
    #[error("the log {} could not be opened: {source}", .path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The table of processes could not be read.
    #[error("the table of processes could not be read: {0}")]
    Table(io::Error),
}

impl ProcessError {
    /// Tells from the system's error why `program` did not start in `folder`.
    pub(crate) fn from_start(program: &OsStr, folder: &Path, source: io::Error) -> Self {
        let is_path = program.as_encoded_bytes().contains(&b'/');
        let is_file = is_path && folder.join(program).is_file();
        let program = program.to_string_lossy().into_owned();
        match source.kind() {
            io::ErrorKind::NotFound if is_file => Self::NoInterpreter(program),
            io::ErrorKind::NotFound => Self::NotFound(program),
            io::ErrorKind::PermissionDenied => Self::NotExecutable(program),
            _ => Self::Start { program, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_what_to_do() {
        let error = ProcessError::from_start(
            OsStr::new("claude"),
            Path::new("/"),
            io::Error::from(io::ErrorKind::NotFound),
        );
        assert_eq!(error.to_string(), "the program “claude” does not exist");
    }
}
