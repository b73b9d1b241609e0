//! What a verifier is: a check to run, with its weight and its limits.

use super::seconds;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One check to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifierSpec {
    /// What a user calls it, such as `cargo test`.
    pub name: String,
    /// What the verifier does.
    #[serde(flatten)]
    pub kind: VerifierKind,
    /// Its share in the score, relative to the others.
    #[serde(default = "default_weight")]
    pub weight: f64,
    /// How long it may take; in seconds where it is written down.
    #[serde(default = "default_timeout", with = "seconds")]
    pub timeout: Duration,
    /// Whether the result can be green only if this verifier passes.
    #[serde(default = "default_required")]
    pub required: bool,
    /// The folder that it runs in, from the root; empty for the root itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
    /// The index of the task's criterion that it proves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion: Option<usize>,
}

impl VerifierSpec {
    /// Makes a verifier with the defaults: weight 1, 300 seconds, required, bound to no criterion.
    pub fn new(name: impl Into<String>, kind: VerifierKind) -> Self {
        Self {
            name: name.into(),
            kind,
            weight: default_weight(),
            timeout: default_timeout(),
            required: default_required(),
            folder: String::new(),
            criterion: None,
        }
    }

    /// Makes a verifier of a command, named after it.
    pub fn command(command: impl Into<String>) -> Self {
        let command = command.into();
        Self::new(command.clone(), VerifierKind::Command { command })
    }

    /// Makes it run in a folder, from the root.
    #[must_use]
    pub fn within(self, folder: &str) -> Self {
        Self { folder: folder.to_owned(), ..self }
    }
}

fn default_weight() -> f64 {
    1.0
}

fn default_timeout() -> Duration {
    Duration::from_secs(300)
}

/// A check that somebody named is meant: without it "done" proves nothing.
fn default_required() -> bool {
    true
}

/// What a verifier does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum VerifierKind {
    /// Passes when a command exits with 0.
    Command {
        /// Given to `sh -c`.
        command: String,
    },
    /// Passes when nothing is left that is in no commit once the work is committed; ignored files and Alfine's own folder
    /// are left out.
    CleanTree {
        /// Git pathspecs to look at; empty: everything.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        paths: Vec<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_is_written_with_its_kind_and_read_with_defaults() {
        let spec: VerifierSpec =
            serde_json::from_str(r#"{"name":"tests","kind":"command","command":"make test"}"#).unwrap();
        let command = VerifierKind::Command { command: "make test".to_owned() };
        assert_eq!(spec, VerifierSpec::new("tests", command));
        assert_eq!((spec.weight, spec.timeout, spec.required), (1.0, Duration::from_secs(300), true));
        assert_eq!(
            serde_json::to_string(&VerifierSpec::new("clean", VerifierKind::CleanTree { paths: vec![] }))
                .unwrap(),
            r#"{"name":"clean","kind":"clean-tree","weight":1.0,"timeout":300.0,"required":true}"#
        );
    }

    #[test]
    fn a_timeout_that_is_no_duration_is_refused() {
        for timeout in ["-1", "1e300", "\"x\""] {
            let text = format!(r#"{{"name":"n","kind":"command","command":"c","timeout":{timeout}}}"#);
            assert!(serde_json::from_str::<VerifierSpec>(&text).is_err(), "{timeout}");
        }
    }
}
