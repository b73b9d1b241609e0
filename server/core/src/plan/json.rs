//! Plans in JSON: lists of objects, each a task. What differs between tools is data, a [`Json`] each.

mod dialect;
mod edits;
mod node;
mod read;
#[cfg(test)]
pub(in crate::plan) mod tests;

use super::field_name::FieldName;
use super::model::{Criterion, Plan, PlanFormat, Task};
use crate::text::{Span, TextEdit};
pub(super) use dialect::{Dialect, Done};
pub(super) use edits::key_of;

/// Plans of one tool.
#[derive(Debug)]
pub(super) struct Json(pub(super) Dialect);

/// Whether a text can be JSON, by how it begins.
fn may_be(text: &str) -> bool {
    let begins = text.trim_start_matches('\u{feff}').trim_start();
    begins.is_empty() || begins.starts_with(['{', '[', '/'])
}

/// Whether a text is JSON in which one of these keys, in quotes, stands.
pub(super) fn has_key(text: &str, keys: &[&str]) -> bool {
    may_be(text) && keys.iter().any(|key| memchr::memmem::find(text.as_bytes(), key.as_bytes()).is_some())
}

impl PlanFormat for Json {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn language(&self) -> &'static str {
        "json"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn folders(&self) -> &'static [&'static str] {
        self.0.folders
    }

    fn is_plan_path(&self, path: &str) -> bool {
        (self.0.is_plan_path)(path)
    }

    fn recognises(&self, path: &str, text: &str) -> bool {
        let is_own = || path.split('/').any(|part| self.0.own_folders.contains(&part));
        (self.0.recognises)(text) || self.is_plan_path(path) && is_own() && may_be(text)
    }

    fn parse(&self, text: &str) -> Plan {
        read::plan(&self.0, text)
    }

    fn tick(&self, text: &str, task: &Task) -> Vec<TextEdit> {
        edits::tick(&self.0, text, task)
    }

    fn write(&self, text: &str, span: Span, value: &str) -> TextEdit {
        edits::write(text, span, value)
    }

    fn add_criteria(&self, text: &str, task: &Task, criteria: &[String]) -> Option<TextEdit> {
        edits::add_criteria(&self.0, text, task, criteria)
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
        edits::add_dependency(&self.0, text, task, on)
    }

    fn say_dependencies(&self, text: &str, task: &Task, on: &[&str]) -> Option<TextEdit> {
        edits::say_dependencies(&self.0, text, task, on)
    }

    fn remove_dependency(&self, text: &str, task: &Task, at: usize) -> Option<TextEdit> {
        edits::remove_dependency(&self.0, text, task, at)
    }

    fn add_field(&self, text: &str, task: &Task, name: FieldName, value: &str) -> Option<TextEdit> {
        edits::add_field(&self.0, text, task, name, value)
    }

    fn field_at(&self, text: &str, offset: usize) -> Option<(FieldName, Span)> {
        edits::field_at(&self.0, text, offset)
    }
}
