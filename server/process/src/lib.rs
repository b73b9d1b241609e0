//! Runs programs so that nothing they fork survives, and starts processes that survive everything.
//!
//! A guarded program runs below a tiny process of Alfine's own binary, the guard. The guard ends every descendant when
//! the program exits, when it is asked to, and when the process that wanted the program dies, however that dies.
//! Knows nothing of agents, verifiers, or why a program runs.

mod confinement;
mod detached;
mod guard;
mod guarded;
mod own_program;
mod sweep;
mod table;
mod wire;

pub use confinement::Confinement;
pub use detached::{detach, detach_main};
pub use guard::guard_main;
pub use guarded::{Ender, GuardedChild, GuardedCommand, GuardedOutput};
pub use own_program::own_program;
pub use sweep::end_leftovers;

use serde::{Deserialize, Serialize};
use std::{
    ffi::{OsStr, OsString},
    fmt, io,
    path::{Path, PathBuf},
};

/// The environment variable that every process of a guarded run inherits; its value is the run's marker.
pub const MARKER_VARIABLE: &str = "ALFINE_RUN";

/// Plays the part that the hidden subcommands `guard` and `detach` name, and returns the exit status; none where
/// `args` (without the program's name) ask for neither. To be called first in `main`, before any thread starts.
pub fn hidden_subcommand(mut args: impl Iterator<Item = OsString>) -> Option<i32> {
    match args.next()?.to_str()? {
        "guard" => Some(guard_main(args)),
        "detach" => Some(detach_main(args)),
        _ => None,
    }
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Exit {
    /// The exit status, where it exited.
    pub code: Option<i32>,
    /// The signal, where one ended it.
    pub signal: Option<i32>,
}

impl Exit {
    /// Says whether the exit status is 0.
    pub fn success(self) -> bool {
        self.code == Some(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit status {code}"),
            (None, Some(signal)) => write!(f, "signal {signal}"),
            (None, None) => f.write_str("unknown exit"),
        }
    }
}

/// A process, told apart from a later one that got the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// The process id.
    pub pid: u32,
    /// When it started: clock ticks since boot on Linux, seconds since the epoch elsewhere.
    pub start_time: u64,
}

impl ProcessIdentity {
    /// Returns the identity of the process that has this id now.
    pub fn of(pid: u32) -> Option<Self> {
        table::one(pid).map(|process| process.identity)
    }
}

/// Says whether exactly this process still runs. A process that ended and was not yet waited for does not.
pub fn is_alive(identity: &ProcessIdentity) -> bool {
    table::one(identity.pid).is_some_and(|process| process.identity == *identity && !process.ended)
}

/// What can go wrong around a program.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// No such program.
    #[error("the program “{program}” does not exist")]
    NotFound {
        /// As it was asked for.
        program: String,
    },
    /// The program is there; what should interpret it is not.
    #[error("the program “{program}” exists, but the interpreter or loader it names does not")]
    NoInterpreter {
        /// As it was asked for.
        program: String,
    },
    /// The file is there and cannot be run.
    #[error("“{program}” is not executable")]
    NotExecutable {
        /// As it was asked for.
        program: String,
    },
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
        /// Why.
        source: io::Error,
    },
    /// The guard itself could not be started, or did not answer.
    #[error("the guard {} could not be started: {source}", .guard.display())]
    Guard {
        /// The binary that was to be the guard.
        guard: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The guard died before the program did; what was left has been ended.
    #[error("the guard of “{program}” was killed; what was left of the program has been ended")]
    GuardLost {
        /// The guarded program.
        program: String,
    },
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
        /// Why.
        source: io::Error,
    },
    /// The table of processes could not be read.
    #[error("the table of processes could not be read: {0}")]
    Table(io::Error),
}

impl ProcessError {
    /// Tells from the system's error why `program` did not start in `folder`.
    fn from_start(program: &OsStr, folder: &Path, source: io::Error) -> Self {
        let is_path = program.as_encoded_bytes().contains(&b'/');
        let is_file = is_path && folder.join(program).is_file();
        let program = program.to_string_lossy().into_owned();
        match source.kind() {
            io::ErrorKind::NotFound if is_file => Self::NoInterpreter { program },
            io::ErrorKind::NotFound => Self::NotFound { program },
            io::ErrorKind::PermissionDenied => Self::NotExecutable { program },
            _ => Self::Start { program, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hidden_words_are_hidden_subcommands() {
        for args in [vec![], vec!["run"], vec!["--", "guard"], vec!["guards"]] {
            assert_eq!(hidden_subcommand(args.iter().map(OsString::from)), None, "{args:?}");
        }
    }

    #[test]
    fn the_same_pid_with_another_start_time_is_another_process() {
        let me = ProcessIdentity::of(std::process::id()).unwrap();
        assert!(is_alive(&me));
        assert!(!is_alive(&ProcessIdentity { start_time: me.start_time + 1, ..me }));
        assert!(!is_alive(&ProcessIdentity { pid: u32::MAX, start_time: 0 }));
    }

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
