//! Edits of a plan in JSON, each as its tool would write it there. What is around them stays as it is.

use super::dialect::{Dialect, Done};
use super::node::{Json as Document, Node};
use super::read::ID;
use crate::plan::FieldName;
use crate::plan::markdown;
use crate::plan::model::{Criterion, Mark, PlanFormat, Task};
use crate::text::{Span, TextEdit};

/// Writes what a task's tool reads as done, unless it is written.
pub(super) fn tick(format: &Dialect, text: &str, task: &Task) -> Vec<TextEdit> {
    let edit = if let Some(span) = task.checkbox {
        (span.of(text) != "true").then(|| TextEdit { span, new_text: "true".to_owned() })
    } else if let Some(sign) = task.signs.first() {
        (sign.mark != Mark::Done).then(|| write(text, sign.span, "done"))
    } else {
        let (key, value) = match format.done {
            Done::Passes => ("passes", "true".to_owned()),
            Done::Status => ("status", quoted("done")),
        };
        Some(with_property(text, task, key, &value))
    };
    edit.into_iter().collect()
}

/// Writes a value in place of one: inside of the quotes of a string, or for a number in quotes where it is none itself.
pub(super) fn write(text: &str, span: Span, value: &str) -> TextEdit {
    let before = text.get(..span.start).unwrap_or_default();
    let is_in_string = text.get(span.end..).is_some_and(|after| after.starts_with('"'));
    if is_in_string {
        let escaped = quoted(value);
        return TextEdit { span, new_text: escaped.get(1..escaped.len() - 1).unwrap_or_default().to_owned() };
    }
    // What is added to a number makes another value of it.
    let digits = before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let span = if span.start == span.end { Span::new(digits, span.end) } else { span };
    let added = text.get(span.start..span.end).filter(|_| digits == span.start && before.len() > digits);
    TextEdit { span, new_text: literal(&format!("{}{value}", added.unwrap_or_default())) }
}

/// A value that stands in no quotes yet.
fn literal(value: &str) -> String {
    if is_number(value) { value.to_owned() } else { quoted(value) }
}

fn is_number(value: &str) -> bool {
    !value.is_empty()
        && value.bytes().all(|byte| byte.is_ascii_digit())
        && (value == "0" || !value.starts_with('0'))
}

fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// Gives a task a property, behind its title and written like that: on a line of its own or not, with blanks or without.
fn with_property(text: &str, task: &Task, key: &str, value: &str) -> TextEdit {
    let Layout { line, colon, .. } = Layout::of(text, task);
    let comma = match &line {
        Some(indent) => format!(",{indent}"),
        None if colon.ends_with(' ') => ", ".to_owned(),
        None => ",".to_owned(),
    };
    let at = task.title_span.end;
    TextEdit { span: Span::new(at, at), new_text: format!("{comma}{}{colon}{value}", quoted(key)) }
}

/// How the properties of a task are written.
struct Layout {
    /// The break and the indentation before each, if it has a line of its own.
    line: Option<String>,
    /// By how much what is inside of it is indented more.
    unit: String,
    colon: &'static str,
}

impl Layout {
    fn of(text: &str, task: &Task) -> Self {
        let line_before = |at: usize| {
            let before = text.get(..at).unwrap_or_default();
            before.rsplit('\n').next().unwrap_or(before)
        };
        let indent_of =
            |line: &str| line.get(..line.len() - line.trim_start().len()).unwrap_or_default().to_owned();
        let line = line_before(task.title_span.start);
        let indent = indent_of(line);
        let outer = indent_of(line_before(task.span.start));
        let unit = indent.strip_prefix(&outer).filter(|unit| !unit.is_empty()).unwrap_or("  ").to_owned();
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let is_own = line.trim_start().starts_with('"') && task.span.of(text).contains('\n');
        Self {
            line: is_own.then(|| format!("{end}{indent}")),
            unit,
            colon: if line.ends_with(':') { ":" } else { ": " },
        }
    }

    /// Values as a list, each on a line of its own where the properties are.
    fn list(&self, values: &[String]) -> String {
        match &self.line {
            Some(line) => {
                let inside = format!("{line}{}", self.unit);
                format!("[{inside}{}{line}]", values.join(&format!(",{inside}")))
            }
            None => format!("[{}]", values.join(if self.colon == ":" { "," } else { ", " })),
        }
    }
}

/// The key of several that the document uses.
fn usual(text: &str, keys: &[&'static str]) -> &'static str {
    let used = keys.iter().find(|key| text.contains(&quoted(key)));
    used.or(keys.first()).copied().unwrap_or_default()
}

/// Adds criteria to a task that has none.
pub(super) fn add_criteria(
    format: &Dialect,
    text: &str,
    task: &Task,
    criteria: &[String],
) -> Option<TextEdit> {
    let values: Vec<String> = criteria.iter().map(|criterion| quoted(criterion)).collect();
    let layout = Layout::of(text, task);
    let is_text = format.done == Done::Status;
    let value = if is_text { quoted(&criteria.join("; ")) } else { layout.list(&values) };
    let document = Document::read_at(text, task.span).ok()?;
    match document.root()?.get(format.criteria) {
        // One that is there has nothing in it.
        Some(empty) if empty.elements().is_some() => {
            Some(TextEdit { span: empty.span(), new_text: layout.list(&values) })
        }
        Some(empty) => Some(TextEdit { span: empty.span(), new_text: value }),
        None => Some(with_property(text, task, usual(text, format.criteria), &value)),
    }
}

/// Has the words of a criterion edited as those of one in Markdown.
pub(super) fn of_words(
    text: &str,
    criterion: &Criterion,
    edit: impl Fn(&dyn PlanFormat, &str, &Criterion) -> Vec<TextEdit>,
) -> Vec<TextEdit> {
    let Some((start, read, again)) = as_markdown(text, criterion) else { return Vec::new() };
    let edits = edit(&markdown::Markdown, &read, &again);
    let moved = edits.into_iter().map(|edit| {
        let escaped = quoted(&edit.new_text);
        Some(TextEdit {
            span: Span::new(
                start + edit.span.start.checked_sub(markdown::BEFORE)?,
                start + edit.span.end.checked_sub(markdown::BEFORE)?,
            ),
            new_text: escaped.get(1..escaped.len() - 1)?.to_owned(),
        })
    });
    moved.collect::<Option<_>>().unwrap_or_default()
}

/// Where the command of a criterion stands.
pub(super) fn command_place(text: &str, criterion: &Criterion) -> Option<Span> {
    let (start, read, again) = as_markdown(text, criterion)?;
    let place = markdown::Markdown.command_place(&read, &again)?;
    let moved = |at: usize| Some(start + at.checked_sub(markdown::BEFORE)?);
    Some(Span::new(moved(place.start)?, moved(place.end)?))
}

/// A criterion as the only one of a plan in Markdown, and where its words begin here. `None` where these are written
/// otherwise than they read, or are more than one line.
fn as_markdown(text: &str, criterion: &Criterion) -> Option<(usize, String, Criterion)> {
    let inner = Span::new(criterion.span.start + 1, criterion.span.end - 1);
    let words = inner.of(text);
    if words.contains('\\') || words != criterion.text {
        return None;
    }
    let (read, again) = markdown::as_criterion(words)?;
    Some((inner.start, read, again))
}

/// Adds an id to what a task waits for.
pub(super) fn add_dependency(format: &Dialect, text: &str, task: &Task, on: &str) -> Option<TextEdit> {
    let document = Document::read_at(text, task.span).ok()?;
    let object = document.root()?;
    let layout = Layout::of(text, task);
    let value = id_literal(object, task, on);
    let Some(waits) = object.get(format.waits) else {
        let list = format!("[{value}]");
        return Some(with_property(text, task, usual(text, format.waits), &list));
    };
    let Some(elements) = waits.elements() else {
        let at = waits.inner().end;
        let is_empty = waits.text().is_none_or(|text| text.trim().is_empty());
        return Some(match is_empty {
            true => TextEdit { span: waits.span(), new_text: format!("[{value}]") },
            false => TextEdit { span: Span::new(at, at), new_text: format!(", {on}") },
        });
    };
    let Some(last) = elements.last() else {
        return Some(TextEdit { span: waits.span(), new_text: format!("[{value}]") });
    };
    let before = Span::new(waits.span().start, last.span().start).of(text);
    let comma = match before.rfind('\n') {
        Some(at) => {
            let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
            format!(",{end}{}", before.get(at + 1..).unwrap_or_default())
        }
        None if layout.colon == ":" => ",".to_owned(),
        None => ", ".to_owned(),
    };
    let at = last.span().end;
    Some(TextEdit { span: Span::new(at, at), new_text: format!("{comma}{value}") })
}

/// Says what a task depends on, or that it depends on nothing.
pub(super) fn say_dependencies(format: &Dialect, text: &str, task: &Task, on: &[&str]) -> Option<TextEdit> {
    let document = Document::read_at(text, task.span).ok()?;
    let object = document.root()?;
    let values: Vec<String> = on.iter().map(|on| id_literal(object, task, on)).collect();
    let list = format!("[{}]", values.join(", "));
    Some(match object.get(format.waits) {
        None => with_property(text, task, usual(text, format.waits), &list),
        Some(waits) if waits.elements().is_none() => TextEdit { span: waits.span(), new_text: list },
        Some(_) => return None,
    })
}

/// An id as a task names it: a number where its own is one, and of a task beside it only the last part.
fn id_literal(object: Node<'_, '_>, task: &Task, on: &str) -> String {
    let id = object.get(&ID);
    let own = id.and_then(Node::text).unwrap_or_default();
    let around = task.id.0.strip_suffix(own.as_ref()).filter(|around| !around.is_empty());
    let on = around.and_then(|around| on.strip_prefix(around)).unwrap_or(on);
    if id.is_some_and(Node::is_number) { literal(on) } else { quoted(on) }
}

/// Takes an id out of those that a task waits for.
pub(super) fn remove_dependency(format: &Dialect, text: &str, task: &Task, at: usize) -> Option<TextEdit> {
    let span = task.fields.depends_on.get(at)?.span;
    let document = Document::read_at(text, task.span).ok()?;
    let elements: Vec<Span> = document.root()?.get(format.waits)?.elements()?.map(Node::span).collect();
    let at = elements.iter().position(|element| element.start <= span.start && span.end <= element.end)?;
    let element = elements.get(at)?;
    let previous = at.checked_sub(1).and_then(|at| elements.get(at));
    let removed = match (elements.get(at + 1), previous) {
        (Some(next), _) => Span::new(element.start, next.start),
        (None, Some(previous)) => Span::new(previous.end, element.end),
        (None, None) => *element,
    };
    Some(TextEdit { span: removed, new_text: String::new() })
}

/// Gives a task a field.
pub(super) fn add_field(
    format: &Dialect,
    text: &str,
    task: &Task,
    name: FieldName,
    value: &str,
) -> Option<TextEdit> {
    if name == FieldName::DependsOn {
        return add_dependency(format, text, task, value);
    }
    let value = if matches!(value, "true" | "false") { value.to_owned() } else { literal(value) };
    Some(with_property(text, task, &key_of(name), &value))
}

/// The key of a field.
pub(in crate::plan) fn key_of(name: FieldName) -> String {
    let mut words = name.as_str().split(' ');
    let first = words.next().unwrap_or_default().to_ascii_lowercase();
    words.fold(first, |key, word| {
        let (initial, rest) = word.split_at(word.ceil_char_boundary(1));
        key + &initial.to_ascii_uppercase() + rest
    })
}

/// The key at a place, if it is a field's.
pub(super) fn field_at(format: &Dialect, text: &str, offset: usize) -> Option<(FieldName, Span)> {
    let start = text.get(..offset)?.rfind('\n').map_or(0, |at| at + 1);
    let end = text.get(offset..)?.find('\n').map_or(text.len(), |at| offset + at);
    let line = text.get(start..end)?;
    let mut found = None;
    let mut quotes = line.match_indices('"').map(|(at, _)| start + at);
    while let (Some(open), Some(close)) = (quotes.next(), quotes.next()) {
        let is_key = text.get(close + 1..end).is_some_and(|rest| rest.trim_start().starts_with(':'));
        // The last key before the place, or else the first of the line.
        if is_key && (open <= offset || found.is_none()) {
            found = Some(Span::new(open + 1, close));
        }
    }
    let key = found?;
    let name = key.of(text);
    let field =
        if format.waits.contains(&name) { Some(FieldName::DependsOn) } else { FieldName::named(name) };
    Some((field?, key))
}
