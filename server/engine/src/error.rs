//! The one error type at the edge: a kind, a message, and a hint that says what to do next.
//!
//! The crates below have `thiserror` enums of their own; `lower` says how each of them looks to a user.

mod lower;

use alfine_config::trust::TrustItem;
use alfine_core::{hint::Hint, task::TaskKey};
use alfine_words::Reader;
use std::{fmt, path::PathBuf, sync::Arc};

/// What failed: whose move it is, with the data that a front end decides by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// The user asked for something that cannot be.
    User,
    /// A program sent what cannot be understood.
    Arguments,
    /// A configuration file or a plan says something that cannot be.
    Config,
    /// The agent's CLI is missing or cannot run.
    Agent,
    /// The repository is not in a state to work on.
    Git,
    /// The database or the disk under it.
    Store,
    /// A defect of Alfine.
    Internal,
    /// A merge conflicts. Nothing was changed.
    Conflict {
        /// The files that conflict, from the repository's root.
        files: Vec<PathBuf>,
    },
    /// A loop is run by another process.
    Running {
        /// The loop's task, if that is known.
        task: Option<TaskKey>,
        /// The process, as the loop's lock names it, with the loop's id; can be empty.
        runner: String,
    },
    /// Commands of the repository would run that the user did not allow.
    Untrusted {
        /// Those commands.
        items: Vec<TrustItem>,
    },
}

/// Who has to act after an error. The exit status follows from it, and editors are sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorClass {
    /// The user's: what was asked for cannot be.
    User,
    /// The user's: a configuration file or a plan is wrong.
    Config,
    /// Whoever installs the agent's CLI.
    Agent,
    /// The user's: the repository is not in a state to work on.
    Git,
    /// Whoever keeps the disk under the database.
    Store,
    /// The developers of Alfine.
    Internal,
}

impl ErrorKind {
    /// Whose move it is.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::User | Self::Arguments | Self::Running { .. } | Self::Untrusted { .. } => ErrorClass::User,
            Self::Config => ErrorClass::Config,
            Self::Agent => ErrorClass::Agent,
            Self::Git | Self::Conflict { .. } => ErrorClass::Git,
            Self::Store => ErrorClass::Store,
            Self::Internal => ErrorClass::Internal,
        }
    }
}

/// An error as a user reads it.
#[derive(Debug, Clone)]
pub struct Error {
    /// What failed, as data.
    pub kind: ErrorKind,
    /// What failed, and on what, as a terminal shows it. A sentence without a full stop.
    pub message: String,
    /// What to do next. Boxed, since errors are passed on often and hints hold much.
    pub hint: Option<Box<Hint>>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// A result with the edge's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, source: None }
    }

    /// Makes an error of one of a crate below; it stays the `source`.
    pub(crate) fn of(kind: ErrorKind, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { message: source.to_string(), source: Some(Arc::new(source)), ..Self::new(kind, "") }
    }

    /// Makes an error that the user's request caused.
    pub fn user(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::User, message)
    }

    /// Makes the error of a loop that another process runs. `runner` can be empty.
    pub(crate) fn running(task: Option<TaskKey>, runner: String) -> Self {
        let message = alfine_words::running(task.as_ref(), &runner, Reader::Terminal);
        Self::new(ErrorKind::Running { task, runner }, message)
    }

    /// Says what to do next. A text is advice that names no command of Alfine.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hint = Some(Box::new(hint.into()));
        self
    }

    /// What failed, for a reader.
    pub fn message_for(&self, reader: Reader) -> String {
        match &self.kind {
            ErrorKind::Running { task, runner } => alfine_words::running(task.as_ref(), runner, reader),
            _ => self.message.clone(),
        }
    }

    /// What failed, with what to do next, for somebody at a terminal: what is kept of it has no reader yet.
    pub(crate) fn with_hint(&self) -> String {
        match self.hint_for(Reader::Terminal) {
            Some(hint) => format!("{} ({hint})", self.message),
            None => self.message.clone(),
        }
    }

    /// What to do next, for a reader.
    pub fn hint_for(&self, reader: Reader) -> Option<String> {
        self.hint.as_ref().map(|hint| alfine_words::hint(hint, reader))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
