//! Plans that other tools keep in Markdown. They are read as any Markdown is; what their tool means beyond that is a
//! [`Checklist`] each.

use super::field_name::FieldName;
use super::markdown::Markdown;
use super::model::{Criterion, Plan, PlanFormat, Task};
use crate::text::{Span, TextEdit};

/// Plans of one tool.
#[derive(Debug)]
pub(super) struct Checklist {
    pub(super) name: &'static str,
    pub(super) folders: &'static [&'static str],
    pub(super) companions: &'static [&'static str],
    /// Whether a file can be one by its path.
    pub(super) is_plan_path: fn(&str) -> bool,
    /// Whether a text at such a path is one.
    pub(super) recognises: fn(&str) -> bool,
    pub(super) parse: fn(&str) -> Plan,
    pub(super) tick: fn(&str, &Task) -> Vec<TextEdit>,
    pub(super) is_one_of_many: bool,
    /// Whether criteria stand in their task, where they can be edited for it.
    pub(super) has_own_criteria: bool,
}

impl Checklist {
    /// Whether tasks stand in the document, with their fields as lines below them.
    fn has_lines(&self) -> bool {
        !self.is_one_of_many
    }
}

/// Marks a task as done as any in Markdown.
pub(super) fn tick(text: &str, task: &Task) -> Vec<TextEdit> {
    Markdown.tick(text, task)
}

impl PlanFormat for Checklist {
    fn name(&self) -> &'static str {
        self.name
    }

    fn language(&self) -> &'static str {
        Markdown.language()
    }

    fn endings(&self) -> &'static [&'static str] {
        Markdown.endings()
    }

    fn folders(&self) -> &'static [&'static str] {
        self.folders
    }

    fn companions(&self) -> &'static [&'static str] {
        self.companions
    }

    fn is_plan_path(&self, path: &str) -> bool {
        (self.is_plan_path)(path)
    }

    fn recognises(&self, path: &str, text: &str) -> bool {
        (self.is_plan_path)(path) && (self.recognises)(text)
    }

    fn parse(&self, text: &str) -> Plan {
        (self.parse)(text)
    }

    fn tick(&self, text: &str, task: &Task) -> Vec<TextEdit> {
        (self.tick)(text, task)
    }

    fn add_criteria(&self, text: &str, task: &Task, criteria: &[String]) -> Option<TextEdit> {
        (self.has_lines() && self.has_own_criteria).then(|| Markdown.add_criteria(text, task, criteria))?
    }

    fn bind_command(&self, text: &str, criterion: &Criterion) -> Option<TextEdit> {
        self.has_own_criteria.then(|| Markdown.bind_command(text, criterion))?
    }

    fn command_place(&self, text: &str, criterion: &Criterion) -> Option<Span> {
        self.has_own_criteria.then(|| Markdown.command_place(text, criterion))?
    }

    fn call_command(&self, text: &str, criterion: &Criterion) -> Option<TextEdit> {
        self.has_own_criteria.then(|| Markdown.call_command(text, criterion))?
    }

    fn call_words(&self, text: &str, criterion: &Criterion) -> Vec<TextEdit> {
        if self.has_own_criteria { Markdown.call_words(text, criterion) } else { Vec::new() }
    }

    fn add_dependency(&self, text: &str, task: &Task, on: &str) -> Option<TextEdit> {
        self.has_lines().then(|| Markdown.add_dependency(text, task, on))?
    }

    fn add_field(&self, text: &str, task: &Task, name: FieldName, value: &str) -> Option<TextEdit> {
        self.has_lines().then(|| Markdown.add_field(text, task, name, value))?
    }

    fn say_dependencies(&self, text: &str, task: &Task, on: &[&str]) -> Option<TextEdit> {
        self.has_lines().then(|| Markdown.say_dependencies(text, task, on))?
    }

    fn remove_dependency(&self, text: &str, task: &Task, at: usize) -> Option<TextEdit> {
        self.has_lines().then(|| Markdown.remove_dependency(text, task, at))?
    }

    fn defaults(&self, text: &str) -> Option<Span> {
        Markdown.defaults(text)
    }

    fn field_at(&self, text: &str, offset: usize) -> Option<(FieldName, Span)> {
        Markdown.field_at(text, offset)
    }

    fn is_one_of_many(&self) -> bool {
        self.is_one_of_many
    }

    fn is_line_based(&self) -> bool {
        self.has_lines()
    }
}

/// Whether a path ends with these parts; `*` is any one.
pub(super) fn ends_with(path: &str, parts: &[&str]) -> bool {
    let mut of_path = path.rsplit('/');
    parts.iter().rev().all(|part| {
        of_path.next().is_some_and(|own| match part.strip_prefix('*') {
            Some(ending) => own.len() > ending.len() && own.ends_with(ending),
            None => own == *part,
        })
    })
}

/// Whether one of the boxes of a text has a title that satisfies a test.
pub(super) fn has_box(text: &str, test: impl Fn(&str) -> bool) -> bool {
    text.lines().any(|line| {
        let item = line.trim_start().strip_prefix(['-', '*', '+']).map(str::trim_start);
        let after = item.and_then(|item| item.strip_prefix('[')?.split_once(']'));
        after.is_some_and(|(mark, rest)| {
            mark.chars().count() < 2 && test(rest.trim_start_matches('*').trim_start())
        })
    })
}

/// Whether a text begins with a number such as `1.` or `1.2`.
pub(super) fn is_numbered(title: &str) -> bool {
    title.starts_with(|c: char| c.is_ascii_digit())
        && title.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with('.')
}

/// The headings of a text with their places, without their `#`; those in code are left out.
pub(super) fn headings(text: &str) -> Vec<(usize, Span)> {
    let mut headings = Vec::new();
    let (mut at, mut in_code) = (0, false);
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        in_code ^= line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        let level = line.len() - line.trim_start_matches('#').len();
        if in_code || level == 0 || !line.get(level..).is_some_and(|rest| rest.starts_with([' ', '\t'])) {
            continue;
        }
        let written = line.trim_end();
        let title = written.trim_start_matches('#').trim_start();
        headings.push((level, Span::new(start + written.len() - title.len(), start + written.len())));
    }
    headings
}

#[cfg(test)]
pub(in crate::plan) mod tests;
