//! How many questions may stand open before a user: one for each thing and command, and not many in all. A question is
//! over when its request is, however that ends.

use super::refusal::Refusal;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// The most questions that are open at a time.
pub const MOST: usize = 8;

/// The open questions.
#[derive(Debug, Clone, Default)]
pub struct Questions(Arc<Mutex<HashSet<(String, String)>>>);

/// One question's place; free again when dropped.
#[derive(Debug)]
pub struct Open {
    of: Questions,
    key: (String, String),
}

impl Questions {
    /// Takes a place for a question about something.
    pub fn open(&self, about: &str, command: &str) -> Result<Open, Refusal> {
        let key = (about.to_owned(), command.to_owned());
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.contains(&key) {
            return Err(Refusal::new(
                format!("{about}: a question about this is open already"),
                "answer it first",
            ));
        }
        if open.len() >= MOST {
            return Err(Refusal::new(
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
        self.of.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
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
        let message = |refusal: Refusal| match refusal {
            Refusal::Failed(error) => error.message,
            Refusal::Arguments(message) => message,
        };
        assert_eq!(
            message(questions.open("P#0", "alfine.start").unwrap_err()),
            "P#0: a question about this is open already"
        );
        assert_eq!(
            message(questions.open("P#9", "alfine.start").unwrap_err()),
            "8 questions are open already"
        );
        open.pop();
        assert!(questions.open("P#9", "alfine.start").is_ok());
    }
}
