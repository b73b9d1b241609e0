//! The one error type at the edge: a kind, a message, and a hint that says what to do next.
//!
//! The crates below have `thiserror` enums of their own; `lower` says how each of them looks to a user.

mod lower;

use std::{fmt, path::PathBuf, sync::Arc};

/// Whose move it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorKind {
    /// The user asked for something that cannot be.
    User,
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
}

/// An error as a user reads it.
#[derive(Debug, Clone)]
pub struct Error {
    /// Whose move it is.
    pub kind: ErrorKind,
    /// What failed, and on what. A sentence without a full stop.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// The files that conflict, from the repository's root, where that is what failed.
    pub conflicts: Vec<PathBuf>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// A result with the edge's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, conflicts: Vec::new(), source: None }
    }

    /// Creates an error of one of a crate below; it stays the `source`.
    pub(crate) fn of(kind: ErrorKind, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { message: source.to_string(), source: Some(Arc::new(source)), ..Self::new(kind, "") }
    }

    /// Makes an error that the user's request caused.
    pub fn user(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::User, message)
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The message is the source's own: what is below it is what there is more to say.
        self.source.as_ref().and_then(|source| source.source())
    }
}
