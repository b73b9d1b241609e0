//! Markdown plans: which headings or checkbox items are tasks, and what belongs to each.
//!
//! Parsing never fails and takes time linear in the document, so that it can run on every keystroke.

mod body;
mod bound;
mod boxes;
mod cursor;
mod edits;
mod front_matter;
mod label;
mod names;
mod outline;
mod parse;
mod sections;
mod table;
mod unread;

use super::field_name::FieldName;
use super::model::{Criterion, Plan, PlanFormat, Task};
use crate::text::{Span, TextEdit};
pub(super) use body::rest;
pub(super) use boxes::Boxes;
pub(crate) use edits::wrapped;
pub(super) use front_matter::{Entry, after_mark, entries as front_matter};
pub(crate) use names::marked_optional;
pub(crate) use parse::parse;
pub(super) use parse::parse_with;

/// Plans in Markdown: headings or checkbox items as tasks, `Name: value` lines as fields, front matter as defaults.
#[derive(Debug)]
pub(super) struct Markdown;

/// What stands before the words of a criterion in [`as_criterion`].
const CRITERION: &str = "### T1: A\nCriteria:\n- ";
/// How long that is.
pub(super) const BEFORE: usize = CRITERION.len();

/// Words as the only criterion of a plan, and as what they are read. `None` where they would be anything else.
pub(super) fn as_criterion(words: &str) -> Option<(String, Criterion)> {
    let text = [CRITERION, words, "\n"].concat();
    let [task] = &mut parse(&text).tasks[..] else { return None };
    let criterion = task.criteria.pop().filter(|criterion| criterion.text == words)?;
    task.criteria.is_empty().then_some((text, criterion))
}

/// Names of files that are Markdown plans wherever they stand.
const NAMES: [&str; 7] =
    ["PLAN.md", "plan.md", "IMPLEMENTATION_PLAN.md", "TODO.md", "PRD.md", "tasks.md", "fix_plan.md"];

impl PlanFormat for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn language(&self) -> &'static str {
        "markdown"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["md"]
    }

    fn other_files(&self) -> &'static [&'static str] {
        &["md", "markdown"]
    }

    fn folders(&self) -> &'static [&'static str] {
        &[".alfine/plans/**/*.md"]
    }

    fn is_plan_path(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let in_folder = path.starts_with(".alfine/plans/") && name.ends_with(".md");
        NAMES.contains(&name) || name.ends_with(".plan.md") || in_folder
    }

    /// Anything reads as Markdown: this format comes last.
    fn recognises(&self, _path: &str, _text: &str) -> bool {
        true
    }

    fn parse(&self, text: &str) -> Plan {
        parse(text)
    }

    fn tick(&self, text: &str, task: &Task) -> Vec<TextEdit> {
        edits::tick(text, task)
    }

    fn add_criteria(&self, text: &str, task: &Task, criteria: &[String]) -> Option<TextEdit> {
        edits::add_criteria(text, task, criteria)
    }

    fn bind_command(&self, text: &str, criterion: &Criterion) -> Option<TextEdit> {
        edits::bind_command(text, criterion)
    }

    fn command_place(&self, text: &str, criterion: &Criterion) -> Option<Span> {
        edits::command_place(text, criterion)
    }

    fn call_command(&self, text: &str, criterion: &Criterion) -> Option<TextEdit> {
        edits::call_command(text, criterion)
    }

    fn call_words(&self, text: &str, criterion: &Criterion) -> Vec<TextEdit> {
        edits::call_words(text, criterion)
    }

    fn add_dependency(&self, text: &str, task: &Task, on: &str) -> Option<TextEdit> {
        edits::add_dependency(text, task, on)
    }

    fn add_field(&self, text: &str, task: &Task, name: FieldName, value: &str) -> Option<TextEdit> {
        edits::add_field(text, task, name, value)
    }

    fn say_dependencies(&self, text: &str, task: &Task, on: &[&str]) -> Option<TextEdit> {
        edits::say_dependencies(text, task, on)
    }

    fn remove_dependency(&self, text: &str, task: &Task, at: usize) -> Option<TextEdit> {
        // In a title they are part of a line that stays.
        let in_title = task.fields.depends_on.get(at).is_some_and(|id| id.span.start < task.title_span.end);
        if in_title { None } else { edits::remove(text, &task.fields.depends_on, at) }
    }

    fn defaults(&self, text: &str) -> Option<Span> {
        front_matter::with_rules(text)
    }

    fn field_at(&self, text: &str, offset: usize) -> Option<(FieldName, Span)> {
        cursor::field_at(text, offset)
    }

    fn is_line_based(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod as_written;
#[cfg(test)]
pub(in crate::plan) mod tests;
