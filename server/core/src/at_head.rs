//! What checks are known to answer on the last commit, before any work: lints and editors look it up, and nothing is run.

use crate::proof::CheckRun;
use std::collections::BTreeMap;

/// What tells a check from all others: its command, and the folder that it runs in. A hash, since a command may have
/// what is not written down.
pub fn check_id(command: &str, folder: &str) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(command.as_bytes()).update(b"\0").update(folder.as_bytes());
    hash.finalize().to_hex().to_string()
}

/// The answers of the checks of a plan, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AtHead(BTreeMap<String, CheckRun>);

impl AtHead {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a command answered that runs in this folder; `None` if nobody knows.
    pub fn of(&self, command: &str, folder: &str) -> Option<&CheckRun> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&check_id(command, folder))
    }
}

impl FromIterator<(String, CheckRun)> for AtHead {
    /// Takes answers by [`check_id`]; of several the last counts.
    fn from_iter<I: IntoIterator<Item = (String, CheckRun)>>(answers: I) -> Self {
        Self(answers.into_iter().collect())
    }
}
