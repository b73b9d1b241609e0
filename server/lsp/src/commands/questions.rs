//! Which questions stand open before a user. One for each thing and command, and not many in all; such a question is over
//! when its request is, however that ends. And those whose answer is written into a file.

use super::refusal::refused;
use crate::lock::lock;
use crate::protocol::lsp_types::Url;
use alfine_core::task::TaskKey;
use alfine_engine::Result;
use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::{Arc, Mutex},
};

/// The questions whose files are open, by file: the task, its plan where that was said, and the question's number.
pub(super) type Letters = Mutex<HashMap<PathBuf, Letter>>;

pub(super) type Letter = (TaskKey, Option<Url>, i64);

/// The most questions that are open at a time.
const MOST: usize = 8;

/// The open questions.
#[derive(Debug, Clone, Default)]
pub(super) struct Questions(Arc<Mutex<HashSet<(String, String)>>>);

/// One question's place; free again when dropped.
#[derive(Debug)]
pub(super) struct Open {
    of: Questions,
    key: (String, String),
}

impl Questions {
    /// Takes a place for a question about something.
    pub(super) fn open(&self, about: &str, command: &str) -> Result<Open> {
        let key = (about.to_owned(), command.to_owned());
        let mut open = lock(&self.0);
        if open.contains(&key) {
            return Err(refused(
                format!("{about}: a question about this is open already"),
                "answer it first",
            ));
        }
        if open.len() >= MOST {
            return Err(refused(
                format!("{MOST} questions are open already"),
                "answer or dismiss them first",
            ));
        }
        open.insert(key.clone());
        Ok(Open { of: self.clone(), key })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        lock(&self.of.0).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_asked_about_once_and_a_user_not_too_often() {
        let questions = Questions::default();
        let mut open: Vec<Open> =
            (0..MOST).map(|n| questions.open(&format!("P#{n}"), "alfine.start").unwrap()).collect();
        assert_eq!(
            questions.open("P#0", "alfine.start").unwrap_err().message,
            "P#0: a question about this is open already"
        );
        assert_eq!(
            questions.open("P#9", "alfine.start").unwrap_err().message,
            "8 questions are open already"
        );
        open.pop();
        assert!(questions.open("P#9", "alfine.start").is_ok());
    }
}
