//! The one error type at the edge: a kind, a message, and a hint that says what to do next.
//!
//! Inside, each module has its own `thiserror` enum and says here how it looks to a user (`impl From<...> for Error`).

use std::{fmt, path::PathBuf};

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
}

/// A result with the edge's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, conflicts: Vec::new() }
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

impl std::error::Error for Error {}
