//! Plan documents: text in, goal and tasks with their source ranges out. Parsing never fails.

mod fields;
mod format;
mod ids;
mod markdown;
#[cfg(test)]
mod sketch;

pub use fields::FieldName;
pub use format::{PlanFormat, formats, is_plan_path, read};
pub use ids::{Names, find_again, slug};
#[cfg(test)]
pub(crate) use markdown::parse as parse_markdown;

use crate::{
    task::TaskId,
    text::{Span, TextEdit},
};
use serde::{Deserialize, Serialize};

/// A document with a goal and tasks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// The format that the document is written in.
    pub format: &'static dyn PlanFormat,
    /// The document's title; empty where it has none.
    pub title: String,
    /// What stands before the first task; given to every task's agent.
    pub goal: String,
    /// The tasks, in the order of the document.
    pub tasks: Vec<Task>,
    /// The fields of the front matter: every task's defaults.
    pub defaults: Fields,
    /// What the parser did not understand, at its place.
    pub problems: Vec<Problem>,
}

impl Plan {
    /// The edits that mark one of its tasks as done in its document `text`. None if it is marked, or if the document has
    /// no mark for it.
    pub fn tick(&self, text: &str, task: &Task) -> Vec<TextEdit> {
        self.format.tick(text, task)
    }
}

/// One unit of work in a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Unique in the document.
    pub id: TaskId,
    /// Whether the id stands in the text, or was made from the title.
    pub explicit_id: bool,
    /// Title without id and markers.
    pub title: String,
    /// The line of its heading or checkbox item, without the line's end.
    pub title_span: Span,
    /// All that belongs to it.
    pub span: Span,
    /// Its text without title, fields and criteria.
    pub details: String,
    /// What must hold in the end.
    pub criteria: Vec<Criterion>,
    /// Its own fields, over the plan's defaults.
    pub fields: Fields,
    /// Ticked, or `passes: true`.
    pub done: bool,
    /// The box that is ticked when it is done: the span of the blank or `x` between the brackets, where it has one.
    pub checkbox: Option<Span>,
    /// Under *Optional*, *Future* or *Nice to have*: never blocks.
    pub optional: bool,
}

/// One acceptance criterion of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// As written, without list marker and box.
    pub text: String,
    /// The list item.
    pub span: Span,
    /// The command it is bound to by inline code; then it is *verifiable*.
    pub command: Option<String>,
    /// Whether its box is ticked.
    pub checked: bool,
    /// The span between the brackets of its box, where it has one.
    pub checkbox: Option<Span>,
}

/// A value and the place it was written at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// What a task (or front matter) says of how it is run. `None`: not said.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Fields {
    /// `Depends on`: ids, as written.
    pub depends_on: Vec<Placed<String>>,
    /// `Priority`: lower first.
    pub priority: Option<Placed<i64>>,
    /// `Agent`.
    pub agent: Option<Placed<String>>,
    /// `Model`.
    pub model: Option<Placed<String>>,
    /// `Max iterations`.
    pub max_iterations: Option<Placed<u32>>,
    /// `Max cost`, in USD.
    pub max_cost: Option<Placed<f64>>,
    /// `Isolation`.
    pub isolation: Option<Placed<Isolation>>,
    /// `Context`.
    pub context: Option<Placed<ContextMode>>,
    /// `Autonomy`.
    pub autonomy: Option<Placed<Autonomy>>,
    /// `Single task`: the agent is told to do this task alone.
    pub single_task: Option<Placed<bool>>,
    /// `Verify`: commands that must pass for this task, besides its criteria.
    pub verify: Vec<Placed<String>>,
}

/// Where the agent works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// In a git worktree of its own.
    #[default]
    Worktree,
    /// In the user's own tree.
    InPlace,
}

/// Whether an iteration resumes the agent's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContextMode {
    /// Later iterations resume the first one's session.
    #[default]
    Resume,
    /// Each iteration starts a session of its own.
    Fresh,
}

/// How much the loop may decide without the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Autonomy {
    /// Yellow verifiers are good enough.
    FullAuto,
    /// Yellow verifiers ask.
    #[default]
    Guarded,
    /// Every step asks.
    Manual,
}

/// Something in the document that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: ProblemKind,
}

/// What was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// A field-like line whose name is close to a known field's.
    UnknownField {
        /// As written.
        name: String,
        /// The nearest known field, where one is near.
        nearest: Option<String>,
    },
    /// A field with a value that it cannot have.
    InvalidField {
        /// The field's proper name.
        name: String,
        /// What it takes, in words.
        expected: String,
        /// The nearest valid value, where one is near.
        nearest: Option<String>,
    },
    /// An id that an earlier task has; the later one was renamed.
    DuplicateId {
        /// The id as written.
        id: String,
        /// What it was renamed to.
        renamed: String,
    },
    /// The document, or its front matter, cannot be read.
    Unreadable {
        /// Why.
        reason: String,
    },
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Texts made of what plans are made of, in any order.
    pub(crate) fn plan_like() -> impl Strategy<Value = String> {
        let pieces = [
            "# Plan",
            "## Optional",
            "### US-1: Add a table",
            "### US-1: Again",
            "## Task 3: ",
            "#### Step 1: x",
            "### [ ] T1: a",
            "Acceptance criteria:",
            "#### Criteria",
            "- [ ] do it: `make`",
            "- [x] é works correctly",
            "  - [ ] deep",
            "    - deeper",
            "- plain",
            "1. [ ] one",
            "Depends on: US-1, T1",
            "Priorty: 2",
            "- **Priority:** x",
            "Depends on:",
            "Some text, wörter.",
            "```",
            "<!--",
            "-->",
            "> quote",
            "---",
            "",
            "",
            "\t- [ ] tab",
            "| a | b |",
            "|---|---|",
            "  ",
            "***",
            "Title\n===",
            "\\",
        ];
        let line = prop_oneof![8 => proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => "[ -~é]{0,20}"];
        (proptest::collection::vec(line, 0..25), any::<bool>(), any::<bool>()).prop_map(
            |(lines, windows, mark)| {
                let text = lines.join(if windows { "\r\n" } else { "\n" });
                if mark { format!("\u{feff}{text}") } else { text }
            },
        )
    }

    /// Applies edits that do not overlap.
    pub(crate) fn edited(text: &str, mut edits: Vec<TextEdit>) -> String {
        let mut edited = text.to_owned();
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
        for edit in edits {
            edited.replace_range(edit.span.start..edit.span.end, &edit.new_text);
        }
        edited
    }

    /// The document with all its tasks ticked.
    pub(crate) fn ticked(text: &str, plan: &Plan) -> String {
        edited(text, plan.tasks.iter().flat_map(|task| plan.tick(text, task)).collect())
    }

    #[test]
    fn a_task_is_ticked_in_its_own_box_or_else_in_its_criteria_s() {
        for (text, expected) in [
            ("- [ ] a\n  - [ ] b\n", "- [x] a\n  - [ ] b\n"),
            ("### [ ] T1: a\n- [ ] b\n", "### [x] T1: a\n- [ ] b\n"),
            ("### T1: a\n- [ ] b\n- [X] c\n- [ ] d\n", "### T1: a\n- [x] b\n- [X] c\n- [x] d\n"),
            ("### T1: a\nCriteria:\n- b\n", "### T1: a\nCriteria:\n- b\n"),
        ] {
            assert_eq!(ticked(text, &parse_markdown(text)), expected);
        }
    }

    #[test]
    fn plans_are_known_by_their_names() {
        for path in [
            "PLAN.md",
            "docs/plan.md",
            "a.plan.md",
            "TODO.md",
            "PRD.md",
            "x/y/tasks.md",
            "fix_plan.md",
            ".alfine/plans/a/b.md",
        ] {
            assert!(is_plan_path(path), "{path}");
        }
        for path in [
            "README.md",
            "myplan.md",
            "PLAN.md/x",
            "PLAN.txt",
            ".alfine/progress.md",
            ".alfine/plans/x.txt",
            "prd.json",
            "",
        ] {
            assert!(!is_plan_path(path), "{path}");
        }
    }
}
