//! What a verifier said, and how it ended.

use super::{VerifierSpec, seconds};
use alfine_core::finding::Finding;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// How a verifier ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum VerifierExit {
    /// Its command exited.
    Code {
        /// The exit status.
        code: i32,
    },
    /// A signal ended its command.
    Signal {
        /// The signal's number.
        signal: i32,
    },
    /// It took too long and was ended.
    TimedOut {
        /// Its timeout, in seconds where it is written down.
        #[serde(with = "seconds")]
        after: Duration,
    },
    /// The verification was interrupted.
    Interrupted,
    /// It cannot run here, whatever is done to the work: its program is not there, or nobody allowed it.
    Unable {
        /// Why it cannot run.
        reason: String,
    },
    /// It could not run.
    NotRun {
        /// Why the verifier did not run.
        reason: String,
    },
    /// The tree has this many uncommitted files.
    Uncommitted {
        /// How many; 0 passes.
        count: usize,
    },
    /// So many new files are rarely committed.
    Unusual {
        /// How many files or folders; 0 passes.
        count: usize,
    },
}

impl VerifierExit {
    pub(super) fn passes(&self) -> bool {
        matches!(self, Self::Code { code: 0 } | Self::Uncommitted { count: 0 } | Self::Unusual { count: 0 })
    }
}

impl fmt::Display for VerifierExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { code } => write!(f, "exit status {code}"),
            Self::Signal { signal } => write!(f, "signal {signal}"),
            Self::TimedOut { after } => write!(
                f,
                "timed out after {} s: it may be waiting for changes (a watch mode) or for input",
                after.as_secs_f64()
            ),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Unable { reason } => write!(f, "cannot run here: {reason}"),
            Self::NotRun { reason } => write!(f, "did not run: {reason}"),
            Self::Uncommitted { count: 0 } => f.write_str("nothing uncommitted"),
            Self::Uncommitted { count: 1 } => f.write_str("1 uncommitted file"),
            Self::Uncommitted { count } => write!(f, "{count} uncommitted files"),
            Self::Unusual { count: 0 } => f.write_str("no unusual files"),
            Self::Unusual { count: 1 } => f.write_str("1 unusual file or folder"),
            Self::Unusual { count } => write!(f, "{count} unusual files or folders"),
        }
    }
}

/// What a verifier said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifierResult {
    /// The verifier's name.
    pub name: String,
    /// The index of the criterion it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion: Option<usize>,
    /// Whether what it checks holds.
    pub passed: bool,
    /// How it ended.
    pub exit: VerifierExit,
    /// How long it took; in seconds where it is written down.
    #[serde(with = "seconds")]
    pub duration: Duration,
    /// What it printed: the beginning and the end where it was too much, without colours.
    pub output: String,
    /// What it found. Never empty where it failed; without errors where it passed.
    pub findings: Vec<Finding>,
    /// Its share in the score.
    pub weight: f64,
    /// Whether the result can be green only if this verifier passes.
    pub required: bool,
}

impl VerifierResult {
    /// Whether nothing that an agent could do lets it pass; why, in the words of its exit.
    pub fn is_unable(&self) -> bool {
        matches!(self.exit, VerifierExit::Unable { .. })
    }

    /// The result of a check that must not run.
    pub fn refused(spec: &VerifierSpec, reason: String) -> Self {
        let checked = Checked::unable(reason);
        let words = format!("“{}” {}", spec.name, checked.exit);
        Self {
            name: spec.name.clone(),
            criterion: spec.criterion,
            passed: false,
            exit: checked.exit,
            duration: Duration::ZERO,
            output: String::new(),
            findings: vec![Finding::error(words)],
            weight: spec.weight,
            required: spec.required,
        }
    }
}

/// What one kind of verifier returns.
pub(super) struct Checked {
    pub(super) exit: VerifierExit,
    pub(super) output: String,
    pub(super) findings: Vec<Finding>,
}

impl Checked {
    pub(super) fn unable(reason: String) -> Self {
        Self { exit: VerifierExit::Unable { reason }, output: String::new(), findings: Vec::new() }
    }

    pub(super) fn not_run(reason: impl fmt::Display) -> Self {
        let exit = VerifierExit::NotRun { reason: reason.to_string() };
        Self { exit, output: String::new(), findings: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits_read_as_a_user_would_say_them() {
        for (exit, text) in [
            (VerifierExit::Code { code: 101 }, "exit status 101"),
            (VerifierExit::Signal { signal: 9 }, "signal 9"),
            (
                VerifierExit::TimedOut { after: Duration::from_secs(300) },
                "timed out after 300 s: it may be waiting for changes (a watch mode) or for input",
            ),
            (
                VerifierExit::TimedOut { after: Duration::from_millis(500) },
                "timed out after 0.5 s: it may be waiting for changes (a watch mode) or for input",
            ),
            (VerifierExit::Uncommitted { count: 2 }, "2 uncommitted files"),
        ] {
            assert_eq!(exit.to_string(), text);
        }
    }
}
