//! What the user answers to lettered questions: `1A 2C`, or in words.

use super::Asked;
use std::fmt::Write as _;

/// What the user answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers {
    /// Of each question the answer, if there is one.
    of: Vec<Option<String>>,
    /// What was said besides.
    words: String,
}

/// An answer to no question, or with no such letter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no answer {0}")]
pub struct NoSuchAnswer(pub String);

impl Answers {
    /// Reads answers: a number and a letter take what is offered; behind a number with a colon stand words for that question;
    /// words before that are said of the whole.
    ///
    /// # Errors
    ///
    /// A number and a letter name what is not offered.
    pub fn read(asked: &[Asked], text: &str) -> Result<Self, NoSuchAnswer> {
        let mut answers = Self { of: vec![None; asked.len()], words: String::new() };
        let mut at: Option<usize> = None;
        for token in text.split([' ', '\t', '\n', '\r', ',', ';']).filter(|token| !token.is_empty()) {
            let digits = token.len() - token.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = token.split_at(digits);
            let question = number.parse::<usize>().ok().map(|number| number.wrapping_sub(1));
            let mut letters = rest.chars();
            match (question, letters.next(), letters.next()) {
                (Some(question), Some(letter), None) if letter.is_ascii_alphabetic() => {
                    let option = (letter.to_ascii_uppercase() as usize) - ('A' as usize);
                    let offered = asked.get(question).and_then(|asked| asked.options.get(option));
                    let offered = offered.ok_or_else(|| NoSuchAnswer(token.to_owned()))?;
                    if let Some(answer) = answers.of.get_mut(question) {
                        *answer = Some(offered.clone());
                    }
                    at = None;
                }
                (Some(question), Some(':' | '='), next) if question < asked.len() => {
                    at = Some(question);
                    if let Some(next) = next {
                        answers.add(at, &format!("{next}{}", letters.as_str()));
                    }
                }
                _ => answers.add(at, token),
            }
        }
        Ok(answers)
    }

    /// Whether nothing was answered.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.of.iter().all(Option::is_none)
    }

    fn add(&mut self, question: Option<usize>, word: &str) {
        let answer = match question.and_then(|question| self.of.get_mut(question)) {
            Some(answer) => answer.get_or_insert_default(),
            None => &mut self.words,
        };
        if !answer.is_empty() {
            answer.push(' ');
        }
        answer.push_str(word);
    }

    /// The questions with their answers, for who asked them.
    pub(crate) fn told(&self, asked: &[Asked]) -> String {
        let mut told = String::new();
        for (n, (asked, answer)) in asked.iter().zip(&self.of).enumerate() {
            let answer = answer.as_deref().unwrap_or("(not answered: decide yourself)");
            let _ = writeln!(told, "{}. {}\n   {answer}", n + 1, asked.question);
        }
        if !self.words.is_empty() {
            let _ = writeln!(told, "Besides: {}", self.words);
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Vec<Asked> {
        let question = |question: &str, options: &[&str]| Asked {
            question: question.to_owned(),
            options: options.iter().map(|&option| option.to_owned()).collect(),
        };
        vec![question("Where?", &["file", "database"]), question("Who?", &["all", "some", "none"])]
    }

    #[test]
    fn letters_take_what_is_offered_and_words_what_is_said() {
        for (text, expected) in [
            ("1A 2C", "1. Where?\n   file\n2. Who?\n   none\n"),
            ("1a,2c", "1. Where?\n   file\n2. Who?\n   none\n"),
            ("2b", "1. Where?\n   (not answered: decide yourself)\n2. Who?\n   some\n"),
            ("1: in a file of mine 2A", "1. Where?\n   in a file of mine\n2. Who?\n   all\n"),
            (
                "1=there keep it short",
                "1. Where?\n   there keep it short\n2. Who?\n   (not answered: decide yourself)\n",
            ),
            (
                "keep it small 1B",
                "1. Where?\n   database\n2. Who?\n   (not answered: decide yourself)\nBesides: keep it small\n",
            ),
        ] {
            assert_eq!(Answers::read(&asked(), text).unwrap().told(&asked()), expected, "{text}");
        }
        assert!(Answers::read(&asked(), "  ").unwrap().is_empty());
        for wrong in ["1C", "3A", "0A", "1A 9Z"] {
            assert!(Answers::read(&asked(), wrong).is_err(), "{wrong}");
        }
    }
}
