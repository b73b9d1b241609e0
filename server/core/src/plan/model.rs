//! What a plan is once it is read, and what a format is that reads one.

use super::field_name::FieldName;
use crate::{
    task::TaskId,
    text::{Span, TextEdit},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A document with a goal and tasks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// The format that the document is written in.
    pub format: &'static dyn PlanFormat,
    /// The document's title; empty if it has none.
    pub title: String,
    /// What stands before the first task; given to every task's agent.
    pub goal: String,
    /// The tasks, in the order of the document.
    pub tasks: Vec<Task>,
    /// The fields of the front matter: every task's defaults.
    pub defaults: Fields,
    /// The branch that the plan wants to be worked on, as it is written there.
    pub branch: Option<String>,
    /// What must hold for the plan as a whole, and so belongs to no task.
    pub criteria: Vec<Criterion>,
    /// Tasks that others wait for together, as indexes into the tasks: those that a phase of its tool ends with. Each is
    /// here once, however many wait for it, with its tasks in order.
    pub stages: Vec<Vec<usize>>,
    /// What the parser did not understand, at its place.
    pub problems: Vec<Problem>,
}

impl Plan {
    /// The edits that mark one of its tasks as done in its document `text`. None if it is marked, or if the document
    /// has no mark for it.
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
    /// The commands that lines such as `Run:` and `Tests:` of its text name. They stay in the text, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<NamedCommand>,
    /// Its own fields, over the plan's defaults.
    pub fields: Fields,
    /// What the document says of its state.
    #[serde(default)]
    pub mark: Mark,
    /// The box that is ticked when it is done: the span of the blank or `x` between the brackets, if it has one.
    pub checkbox: Option<Span>,
    /// What else says its state: signs and words in the title, a `Status:` line.
    #[serde(default)]
    pub signs: Vec<Sign>,
    /// The boxes of its steps, if these say whether it is done.
    #[serde(default)]
    pub steps: Vec<Span>,
    /// The open task before it in a numbered list. It waits for that one, unless it names what it waits for.
    #[serde(default)]
    pub follows: Option<TaskId>,
    /// Which of [`Plan::stages`] its tool works on before it, whatever it names itself.
    #[serde(skip)]
    pub after: Option<usize>,
    /// The heading, or the task that it is a part of, below which it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Placed<String>>,
    /// Under *Optional*, *Future* or *Nice to have*: never blocks.
    pub optional: bool,
}

impl Task {
    /// Whether nothing is left to do: it is done, or given up.
    pub fn is_over(&self) -> bool {
        match self.mark {
            Mark::Done | Mark::Dropped => true,
            Mark::Open | Mark::Begun | Mark::Blocked => false,
        }
    }
}

/// What a document says of a task's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Nothing, or that it is to be done.
    #[default]
    Open,
    /// Somebody works on it.
    Begun,
    /// It cannot be worked on.
    Blocked,
    /// It is ticked, `✅`, `[DONE]`, struck out, or `Status: done`.
    Done,
    /// It is given up: `Status: dropped`.
    Dropped,
}

/// A place that says a task's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    /// The sign or the word.
    pub span: Span,
    /// What it says.
    pub mark: Mark,
}

/// One acceptance criterion of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// As written, without list marker and box.
    pub text: String,
    /// The whole list item of the criterion.
    pub span: Span,
    /// The inline code that it ends with, or that it says to pass; several joined by `&&`. If that [`reads`](super::reads) like a command, it is *verifiable*.
    pub command: Option<String>,
    /// Whether the plan says beyond doubt that the code is a command: a `$` and a blank stand before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub said: bool,
    /// Inline code that is surely a command, where nothing says that it is run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loose: Option<Span>,
    /// Whether its box is ticked.
    pub checked: bool,
    /// The span between the brackets of its box, if it has one.
    pub checkbox: Option<Span>,
}

/// A value and the place it was written at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placed<T> {
    /// The value that was read.
    pub value: T,
    /// The place of the value in the document.
    pub span: Span,
}

/// A command that the plan names beside its criteria. Whether it is one is for [`reads`](super::reads) to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedCommand {
    /// As written.
    pub value: String,
    /// Its place in the document.
    pub span: Span,
    /// Whether the plan says beyond doubt that it is a command, as with [`Criterion::said`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub said: bool,
}

/// What a task (or front matter) says of how it is run. `None`: not said.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Fields {
    /// `Depends on`: ids, as written.
    pub depends_on: Vec<Placed<String>>,
    /// Whether it is said that there are none: `Depends on: none`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits_for_none: bool,
    /// `Priority`: the lower number runs first.
    pub priority: Option<Placed<i64>>,
    /// `Agent`.
    pub agent: Option<Placed<String>>,
    /// `Model`.
    pub model: Option<Placed<String>>,
    /// `Max iterations`.
    pub max_iterations: Option<Placed<u32>>,
    /// `Max cost`, in USD.
    pub max_cost: Option<Placed<f64>>,
    /// `Budget`, in USD; only that of the front matter counts.
    pub budget: Option<Placed<f64>>,
    /// `Max parallel`; only that of the front matter counts.
    #[serde(default)]
    pub max_parallel: Option<Placed<u32>>,
    /// `Lands`: which branch finished work lands on, for the plan as a whole.
    #[serde(default)]
    pub lands: Option<Placed<Lands>>,
    /// `Isolation`.
    pub isolation: Option<Placed<Isolation>>,
    /// `Context`.
    pub context: Option<Placed<ContextMode>>,
    /// `Autonomy`.
    pub autonomy: Option<Placed<Autonomy>>,
    /// `Single task`: the agent is told to do this task alone.
    pub single_task: Option<Placed<bool>>,
    /// `Verify`: commands that must pass for this task, in addition to its criteria.
    pub verify: Vec<NamedCommand>,
    /// `Checks run in`: where the task's checks run, from the repository's root.
    #[serde(default)]
    pub folder: Option<Placed<String>>,
    /// `Proof`: what proves the task, where that is not the work turning a check green.
    #[serde(default)]
    pub proof: Option<Placed<ProvenBy>>,
    /// `May change`: the material that the task is meant to change, as globs from the repository's root.
    #[serde(default)]
    pub may_change: Vec<Placed<String>>,
}

/// What proves a task, where that is not that its work turns a check green.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProvenBy {
    /// All stays green, and nothing turns: a refactoring.
    Guard,
    /// The checks are the work: tests, a pipeline, a build file.
    Checks,
}

impl ProvenBy {
    /// As a plan says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guard => "guard",
            Self::Checks => "checks",
        }
    }
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

/// Which branch the finished work of a plan that is run as a whole lands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lands {
    /// The one that was checked out when it began, as the settings say.
    #[default]
    Target,
    /// One of the run's own, each task as soon as it is done, until the user merges the whole.
    Branch,
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
    /// You are asked if the result of the verifiers is yellow.
    #[default]
    Guarded,
    /// You are asked even if the result is green.
    Manual,
}

/// Something in the document that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The place in the document.
    pub span: Span,
    /// What was not understood.
    pub kind: ProblemKind,
}

/// What was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// A field-like line whose name is close to a known field's.
    UnknownField {
        /// The field's name as it was written.
        name: String,
        /// The nearest known field, if one is near.
        nearest: Option<String>,
    },
    /// A field with a value that it cannot have.
    InvalidField {
        /// The field's proper name.
        name: String,
        /// What it takes, in words.
        expected: String,
        /// The nearest valid value, if one is near.
        nearest: Option<String>,
    },
    /// More iterations than any loop has, by another tool's file: the hard limit counts.
    AboveHardLimit,
    /// Text without backticks in the place of a command: it does not read like one, and so is not run.
    NoCommand {
        /// The line that would say that it is a criterion, if it has one of its own: the span of its name.
        name: Option<Span>,
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
        /// Why it cannot be read.
        reason: String,
    },
    /// A box or a `Status:` line with a mark that is not known: it counts as open.
    UnknownMark,
    /// A task that is done by one of its marks, and not by another: it counts as done.
    MarksDiffer,
    /// A heading or a line that nearly reads as a task, and is none.
    Unread {
        /// Why it is none.
        why: Unread,
        /// What would make it one.
        fix: Vec<TextEdit>,
    },
    /// No task was found.
    NoTask {
        /// The likeliest reason.
        why: NoTask,
        /// What would make tasks of what there is.
        fix: Vec<TextEdit>,
    },
}

/// Why something that looks like a task is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// Nothing divides the heading's id from its title.
    Divider,
    /// The heading's id is in lower case.
    LowerCase,
    /// It is a bold line and no heading.
    BoldLine,
    /// It has a box and is no item of a list.
    NoItem,
    /// It has a place for an id, such as `TXXX`.
    Placeholder,
    /// It is called a phase, a milestone or the like, and stands among tasks.
    Part,
    /// It is a box without a text.
    Nothing,
    /// It is a box outside of all tasks, in a plan whose tasks are headings.
    Outside,
    /// It is an element of a list of tasks, and has no title.
    Untitled,
    /// It is an element of a list of tasks, and no object.
    NoObject,
    /// It is a row of a table of tasks, and has no title.
    Row,
    /// It is an item without a box beside items that are tasks by their boxes.
    NoBox,
    /// It is a list without boxes below a heading whose like have tasks below them.
    NoBoxes,
    /// It is a table of tasks in a document whose tasks are headings or boxes.
    Table,
}

/// Why no task was found in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoTask {
    /// There is nothing in it.
    Empty,
    /// It is JSON in no form that is known.
    Json,
    /// It is JSON without a list of tasks.
    NoObject,
    /// It is JSON in which the list of tasks is empty, or no list at all.
    EmptyList {
        /// The key that has it; none if it is the document.
        key: Option<String>,
        /// Whether it is a list.
        is_list: bool,
    },
    /// The file is one task, and its front matter has no title.
    Untitled,
    /// The tasks stand in a block of code.
    Code,
    /// The tasks stand in a quotation or a comment.
    Quoted,
    /// The tasks stand in a table: the first and the last of them.
    Table {
        /// The first cell of the first row.
        first: String,
        /// The first cell of the last row.
        last: String,
    },
    /// The tasks are a list without boxes, of so many items.
    List {
        /// How many items it has.
        items: usize,
    },
    /// There are so many headings such as `Phase 2: …`, which are parts of a plan, and no task below them.
    Parts {
        /// How many.
        count: usize,
    },
    /// The tasks are headings with numbers alone, or with words that are not known.
    Numbered,
    /// The whole file is one task, as its front matter says.
    OneTask,
    /// Everything in it is done by hand, asked, or left out.
    Idle,
    /// There is only text.
    Text,
}

/// One way to write a plan: how it is found, read, and written back.
///
/// All spans are byte offsets into the document. Every edit leaves whatever it does not name as it is, formatting
/// included. Edits that a format cannot make are `None`: the finding is then shown without a fix.
pub trait PlanFormat: fmt::Debug + Sync {
    /// Its name, unique among the formats, such as `markdown`.
    fn name(&self) -> &'static str;

    /// What editors call the language of its documents: VS Code's language, Neovim's file type.
    fn language(&self) -> &'static str;

    /// How the names of its files end, without the dot: which files the editor is asked to watch.
    fn endings(&self) -> &'static [&'static str];

    /// How the names of files end of which any could be a plan that has no plan's name: a code action offers to treat
    /// them as one.
    fn other_files(&self) -> &'static [&'static str] {
        &[]
    }

    /// Globs, from the repository's root, of plans in folders that are always searched. All of them have to satisfy
    /// [`Self::is_plan_path`].
    fn folders(&self) -> &'static [&'static str] {
        &[]
    }

    /// Says whether a file is a plan of this format by its path alone: from the repository's root, `/` separated.
    fn is_plan_path(&self, path: &str) -> bool;

    /// The files and folders beside a document that its tool reads with it: what the work is for, and how it is meant.
    fn companions(&self) -> &'static [&'static str] {
        &[]
    }

    /// Says whether a document is written in this format. `path` may begin anywhere above the file. Runs on every
    /// keystroke, so it looks at the path first.
    fn recognises(&self, path: &str, text: &str) -> bool;

    /// Reads a document. Never fails: what cannot be read is a problem of the plan at its place. Takes time linear in
    /// the document, since it runs on every keystroke. [`read`] fills in the plan's format.
    fn parse(&self, text: &str) -> Plan;

    /// The edits that mark a task as done for the format's own tool. None if it is marked, or if it has no mark.
    fn tick(&self, text: &str, task: &Task) -> Vec<TextEdit>;

    /// Writes a value at a span of [`Plan`], quoted as the place needs it: a name, an id, a word. An empty span adds to
    /// what stands before it.
    fn write(&self, _text: &str, span: Span, value: &str) -> TextEdit {
        TextEdit { span, new_text: value.to_owned() }
    }

    /// Adds acceptance criteria to a task that has none.
    fn add_criteria(&self, _text: &str, _task: &Task, _criteria: &[String]) -> Option<TextEdit> {
        None
    }

    /// Adds a place for a command behind a criterion's text.
    fn bind_command(&self, _text: &str, _criterion: &Criterion) -> Option<TextEdit> {
        None
    }

    /// Where the command of a criterion stands, if it stands there as it reads.
    fn command_place(&self, _text: &str, _criterion: &Criterion) -> Option<Span> {
        None
    }

    /// Says that the code of a criterion is a command, whatever it reads like.
    fn call_command(&self, _text: &str, _criterion: &Criterion) -> Option<TextEdit> {
        None
    }

    /// Says that the code of a criterion is none: the criterion is then judged by its words.
    fn call_words(&self, _text: &str, _criterion: &Criterion) -> Vec<TextEdit> {
        Vec::new()
    }

    /// Adds the id `on` to what a task depends on.
    fn add_dependency(&self, _text: &str, _task: &Task, _on: &str) -> Option<TextEdit> {
        None
    }

    /// Says what a task depends on that does not say it yet; without an id, that it depends on nothing.
    fn say_dependencies(&self, _text: &str, _task: &Task, _on: &[&str]) -> Option<TextEdit> {
        None
    }

    /// Removes the dependency with the index `at` from those that a task names.
    fn remove_dependency(&self, _text: &str, _task: &Task, _at: usize) -> Option<TextEdit> {
        None
    }

    /// Gives a task a field that it does not have.
    fn add_field(&self, _text: &str, _task: &Task, _name: FieldName, _value: &str) -> Option<TextEdit> {
        None
    }

    /// What holds the plan's defaults, as an editor folds it: Markdown's front matter with its rules.
    fn defaults(&self, _text: &str) -> Option<Span> {
        None
    }

    /// The field that the line at a byte of the document names, and the span of its name.
    fn field_at(&self, _text: &str, _offset: usize) -> Option<(FieldName, Span)> {
        None
    }

    /// Whether each of its documents is one of the tasks of a whole: what a task waits for may then be another document's,
    /// of which nothing is known here.
    fn is_one_of_many(&self) -> bool {
        false
    }

    /// Whether tasks are headings, and fields lines `Name: value`, as completion writes them.
    fn is_line_based(&self) -> bool {
        false
    }
}

impl PartialEq for dyn PlanFormat {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}
