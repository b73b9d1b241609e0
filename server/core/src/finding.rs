//! A finding: one problem at one place, said by a verifier (or named by an agent's blocker).

use serde::{Deserialize, Serialize};

/// The codes of what is found when the answers of checks are compared. An editor shows them as they are.
pub const OF_CONTROLS: [&str; 5] =
    ["check-weakened", "check-proves-nothing", "check-empty", "check-flaky", "check-ignored"];

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Information,
    /// Worth fixing.
    Warning,
    /// Something is wrong.
    Error,
}

/// One problem that a verifier found, at its place where it named one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Path as the tool printed it, relative to the worktree's root if that is possible; `/` separated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// One-based column, in the unit of the tool that said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The tool's name for this kind of problem, such as `E0308` or `no-unused-vars`, or the failed test's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What is wrong, in the tool's words.
    pub message: String,
}

impl Finding {
    /// Makes an error at no place.
    pub fn error(message: String) -> Self {
        Self { severity: Severity::Error, file: None, line: None, column: None, code: None, message }
    }
}
