//! Plans in JSON: lists of objects, each a task. What differs between tools is data, a [`Json`] each.

mod edits;
mod node;
mod read;
#[cfg(test)]
mod tests;

use super::field_name::FieldName;
use super::model::{Criterion, Plan, PlanFormat, Task};
use crate::text::{Span, TextEdit};

/// What a tool writes into a task once it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// `"passes": true`.
    Passes,
    /// `"status": "done"`.
    Status,
}

/// How a tool writes its plans in JSON.
#[derive(Debug)]
pub(super) struct Json {
    pub(super) name: &'static str,
    pub(super) folders: &'static [&'static str],
    /// Whether a file can be one by its path.
    pub(super) is_plan_path: fn(&str) -> bool,
    /// Whether a text is one, whatever it is called.
    pub(super) recognises: fn(&str) -> bool,
    pub(super) done: Done,
    /// The keys of a task's criteria, the usual one first.
    pub(super) criteria: &'static [&'static str],
    /// The keys of what a task waits for, the usual one first.
    pub(super) waits: &'static [&'static str],
}

/// Whether a text is JSON in which one of these keys, in quotes, stands.
pub(super) fn has_key(text: &str, keys: &[&str]) -> bool {
    let begins = text.trim_start_matches('\u{feff}').trim_start();
    begins.starts_with(['{', '[', '/'])
        && keys.iter().any(|key| memchr::memmem::find(text.as_bytes(), key.as_bytes()).is_some())
}

impl PlanFormat for Json {
    fn name(&self) -> &'static str {
        self.name
    }

    fn language(&self) -> &'static str {
        "json"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn folders(&self) -> &'static [&'static str] {
        self.folders
    }

    fn is_plan_path(&self, path: &str) -> bool {
        (self.is_plan_path)(path)
    }

    fn recognises(&self, _path: &str, text: &str) -> bool {
        (self.recognises)(text)
    }

    fn parse(&self, text: &str) -> Plan {
        read::plan(self, text)
    }

    fn tick(&self, text: &str, task: &Task) -> Vec<TextEdit> {
        edits::tick(self, text, task)
    }

    fn write(&self, text: &str, span: Span, value: &str) -> TextEdit {
        edits::write(text, span, value)
    }

    fn add_criteria(&self, text: &str, task: &Task, criteria: &[String]) -> Option<TextEdit> {
        edits::add_criteria(self, text, task, criteria)
    }

    fn bind_command(&self, text: &str, criterion: &Criterion) -> Option<TextEdit> {
        edits::of_words(text, criterion, |format, text, criterion| {
            format.bind_command(text, criterion).into_iter().collect()
        })
        .pop()
    }

    fn command_place(&self, text: &str, criterion: &Criterion) -> Option<Span> {
        edits::command_place(text, criterion)
    }

    fn call_command(&self, text: &str, criterion: &Criterion) -> Option<TextEdit> {
        edits::of_words(text, criterion, |format, text, criterion| {
            format.call_command(text, criterion).into_iter().collect()
        })
        .pop()
    }

    fn call_words(&self, text: &str, criterion: &Criterion) -> Vec<TextEdit> {
        edits::of_words(text, criterion, |format, text, criterion| format.call_words(text, criterion))
    }

    fn add_dependency(&self, text: &str, task: &Task, on: &str) -> Option<TextEdit> {
        edits::add_dependency(self, text, task, on)
    }

    fn remove_dependency(&self, text: &str, task: &Task, at: usize) -> Option<TextEdit> {
        edits::remove_dependency(self, text, task, at)
    }

    fn add_field(&self, text: &str, task: &Task, name: FieldName, value: &str) -> Option<TextEdit> {
        edits::add_field(self, text, task, name, value)
    }

    fn field_at(&self, text: &str, offset: usize) -> Option<(FieldName, Span)> {
        edits::field_at(self, text, offset)
    }
}
