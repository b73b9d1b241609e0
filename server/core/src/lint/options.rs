//! What lints are told: thresholds and words, all of them the user's to change, and what is there for checks.

use super::words::Phrases;
use crate::at_head::AtHead;
use crate::plan::{Here, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the checks of a plan would be run with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checks {
    /// The folder that they run in if the plan does not say it, from the repository's root.
    pub folder: String,
    /// The plan's own file, from the repository's root; empty if it has none.
    pub plan: String,
    /// What is there to run.
    pub here: Here,
    /// What they are known to answer before any work.
    pub at_head: Arc<AtHead>,
}

/// Thresholds and words of the findings on plans. Words are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LintOptions {
    /// Whether a task that is too large for one loop is reported (`task-too-large`).
    pub size: bool,
    /// Whether a task is reported that stands before one that it likely needs (`dependency-order`).
    pub order: bool,
    /// How many files a task may name before it is reported as too large.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_files: u32,
    /// How many words a task may have before it is reported as too large.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_words: u32,
    /// Words that mark a task as too large if they are in its title or its first sentence.
    #[schemars(inner(length(min = 1)))]
    pub scope_words: Vec<String>,
    /// Phrases that mark a criterion as one that cannot be verified.
    #[schemars(inner(length(min = 1)))]
    pub vague_phrases: Vec<String>,
    /// Criteria that the quick fix of `criterion-missing` writes.
    #[schemars(inner(length(min = 1)))]
    pub standard_criteria: Vec<String>,
    /// Words that mark a schema task. Schema tasks should come before tasks in the code and the user interface.
    #[schemars(inner(length(min = 1)))]
    pub schema_words: Vec<String>,
    /// Words that mark a task in the code behind the user interface.
    #[schemars(inner(length(min = 1)))]
    pub backend_words: Vec<String>,
    /// Words that mark a task in the user interface.
    #[schemars(inner(length(min = 1)))]
    pub ui_words: Vec<String>,
}

impl LintOptions {
    /// Whether a task concerns the user interface, by the words of its title and its criteria.
    pub fn concerns_ui(&self, task: &Task) -> bool {
        let words = Phrases::new(&self.ui_words);
        let criteria = task.criteria.iter().map(|criterion| criterion.text.as_str());
        criteria.chain([task.title.as_str()]).any(|text| words.find(text).next().is_some())
    }

    /// The kinds of work and the words of a title that tell them, each needed by the ones after it.
    pub(crate) fn layers(&self) -> [(&'static str, &[String]); 3] {
        [("schema", &self.schema_words), ("backend", &self.backend_words), ("UI", &self.ui_words)]
    }
}

fn listed(words: &str, separator: &str) -> Vec<String> {
    words.split(separator).map(str::to_owned).collect()
}

impl Default for LintOptions {
    fn default() -> Self {
        Self {
            size: true,
            order: true,
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
            schema_words: listed(
                "schema schemas migration migrations database db table tables column columns sql",
                " ",
            ),
            backend_words: listed(
                "backend api endpoint endpoints server service services handler handlers controller controllers \
                 route routes resolver resolvers middleware",
                " ",
            ),
            ui_words: listed(
                "ui frontend front-end page pages component components form forms screen screens button buttons \
                 dialog dialogs modal dashboard css",
                " ",
            ),
        }
    }
}
