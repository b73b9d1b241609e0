//! The thresholds and words of the lints, all of them the user's to change.

use serde::{Deserialize, Serialize};

/// What counts as too large, too vague, or out of order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LintOptions {
    /// The most files a task may name.
    pub max_files: usize,
    /// The most words a task may have.
    pub max_words: usize,
    /// Words in a title or a first sentence that say a task has no bounds.
    pub scope_words: Vec<String>,
    /// What a criterion says that nothing can verify.
    pub vague_phrases: Vec<String>,
    /// The criteria that are offered for a task without any.
    pub standard_criteria: Vec<String>,
    /// Kinds of work, each needed by the ones after it.
    pub layers: Vec<Layer>,
}

/// One kind of work, known by the words of a title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// What it is called in messages.
    pub name: String,
    /// The words that tell it.
    pub words: Vec<String>,
}

fn listed(words: &str, separator: &str) -> Vec<String> {
    words.split(separator).map(str::to_owned).collect()
}

impl Layer {
    fn new(name: &str, words: &str) -> Self {
        Self { name: name.to_owned(), words: listed(words, " ") }
    }
}

impl Default for LintOptions {
    fn default() -> Self {
        Self {
            max_files: 10,
            max_words: 500,
            scope_words: listed("entire all complete refactor", " "),
            vague_phrases: listed(
                "works correctly, work correctly, works properly, work properly, works well, \
                 works as expected, work as expected, works fine, good UX, good user experience, \
                 great UX, handles edge cases, handle edge cases, edge cases are handled, \
                 handles errors gracefully, user friendly, user-friendly, easy to use, intuitive, \
                 looks good, looks nice, clean code, high quality, well tested, fast enough, \
                 performs well, good performance",
                ", ",
            ),
            standard_criteria: vec![
                "Tests cover the new behaviour, and the whole test suite passes".to_owned(),
                "The linter and the type checker report nothing new".to_owned(),
            ],
            layers: vec![
                Layer::new(
                    "schema",
                    "schema schemas migration migrations database db table tables column columns sql",
                ),
                Layer::new(
                    "backend",
                    "backend api endpoint endpoints server service services handler handlers controller \
                     controllers route routes resolver resolvers middleware",
                ),
                Layer::new(
                    "UI",
                    "ui frontend front-end page pages component components form forms screen screens button \
                     buttons dialog dialogs modal dashboard css",
                ),
            ],
        }
    }
}
