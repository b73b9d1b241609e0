//! What can be written in `alfine.toml`.

use super::choice::{Choice, line_of};
use crate::protocol::lsp_types::CompletionItemKind;
use crate::{
    document::Document,
    settings_cursor::{Kind, Outline, Statement},
};
use alfine_config::{Setting, TableForm, Takes};
use alfine_core::text::Span;
use std::collections::HashSet;

pub(super) fn choices(document: &Document, offset: usize) -> Vec<Choice> {
    let text = &document.text;
    let outline = Outline::of(text);
    let line = line_of(text, offset);
    let before = Span::new(line.start, offset).of(text);
    let statement = outline.at(offset);
    if in_comment(before) || statement.is_some_and(|statement| statement.kind == Kind::Inside) {
        return Vec::new();
    }
    match statement {
        Some(statement) if statement.equals.is_some_and(|equals| equals < offset) => {
            values(&outline, statement, text, offset)
        }
        Some(statement) if statement.kind != Kind::Setting => {
            let start =
                line.start + (before.len() - before.trim_start_matches(['\u{feff}', ' ', '\t']).len());
            let end = line.start
                + line.of(text).find(']').map_or(line.of(text).trim_end().len(), |at| {
                    let rest = line.of(text).get(at..).unwrap_or_default();
                    at + rest.len() - rest.trim_start_matches(']').len()
                });
            tables(&outline, Some(statement), Span::new(start.min(offset), end.max(offset)))
        }
        statement => names(&outline, statement, text, line, offset),
    }
}

fn in_comment(before: &str) -> bool {
    let mut quote = None;
    for c in before.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '#' => return true,
            None if c == '"' || c == '\'' => quote = Some(c),
            None => {}
        }
    }
    false
}

/// The tables that are not there yet; of a list of tables one more.
fn tables(outline: &Outline, own: Option<&Statement>, replaces: Span) -> Vec<Choice> {
    let there: HashSet<Vec<&str>> = outline
        .statements()
        .iter()
        .filter(|statement| statement.kind == Kind::Table && Some(*statement) != own)
        .map(|statement| statement.keys.iter().map(|(name, _)| name.as_str()).collect())
        .collect();
    let mut choices = Vec::new();
    for (name, setting) in Setting::at([]).map(Setting::children).unwrap_or_default() {
        let headers = match (setting.table(), &setting.takes) {
            (None, _) => continue,
            (Some(_), Takes::Map { names, .. }) => {
                names.iter().map(|of| (vec![name.as_str(), of.as_str()], format!("[{name}.{of}]"))).collect()
            }
            (Some(TableForm::List), _) => vec![(vec![name.as_str()], format!("[[{name}]]"))],
            (Some(_), _) => vec![(vec![name.as_str()], format!("[{name}]"))],
        };
        for (_, header) in headers.into_iter().filter(|(path, _)| !there.contains(path)) {
            let choice = Choice::new(&header, CompletionItemKind::STRUCT, replaces, &header);
            choices.push(Choice { meaning: setting.meaning.clone(), ..choice });
        }
    }
    choices
}

/// The settings that are not said yet where the cursor is, and the tables where a new one can begin.
fn names(
    outline: &Outline,
    statement: Option<&Statement>,
    text: &str,
    line: Span,
    offset: usize,
) -> Vec<Choice> {
    let table = outline.table_before(offset);
    let path = outline.path(table);
    let keys = statement.map(|statement| statement.keys.as_slice()).unwrap_or_default();
    let current =
        keys.iter().position(|(_, span)| offset <= span.end).unwrap_or(keys.len().saturating_sub(1));
    let outer: Vec<&str> = keys.iter().take(current).map(|(name, _)| name.as_str()).collect();
    let replaces = match keys.get(current) {
        Some((_, span)) if span.start <= offset && offset <= span.end => *span,
        _ => Span::new(offset, offset),
    };
    let whole: Vec<&str> = path.iter().chain(&outer).copied().collect();
    let said: HashSet<&str> = outline
        .statements()
        .iter()
        .filter(|other| other.kind == Kind::Setting && other.table == table && Some(*other) != statement)
        .filter(|other| {
            other.keys.iter().map(|(name, _)| name.as_str()).take(outer.len()).eq(outer.iter().copied())
        })
        .filter_map(|other| other.keys.get(outer.len()).map(|(name, _)| name.as_str()))
        .collect();
    let has_equals = statement.is_some_and(|statement| statement.equals.is_some());
    let mut choices = Vec::new();
    for (name, child) in Setting::at(whole).map(Setting::children).unwrap_or_default() {
        if child.table().is_none() && !said.contains(name.as_str()) {
            choices.push(named(name, child, replaces, has_equals));
        }
    }
    let alone = Span::new(line.start, line.end).of(text).trim() == replaces.of(text);
    if outer.is_empty() && !has_equals && alone {
        choices.extend(tables(outline, None, replaces));
    }
    choices
}

fn named(name: &str, setting: &Setting, replaces: Span, has_equals: bool) -> Choice {
    let default = setting.default_toml().map_or_else(String::new, |it| format!(", {it} by default"));
    let written = if has_equals { name.to_owned() } else { format!("{name} = ") };
    let filled = match setting.takes {
        Takes::List { .. } => Some("[$0]"),
        Takes::Text { .. } => Some("\"$0\""),
        _ => None,
    };
    let choice = Choice::new(name, CompletionItemKind::PROPERTY, replaces, written);
    Choice {
        detail: format!("{}{default}", setting.takes),
        meaning: setting.meaning.clone(),
        snippet: filled.filter(|_| !has_equals).map(|filled| format!("{name} = {filled}")),
        ..choice
    }
}

/// What a setting takes.
fn values(outline: &Outline, statement: &Statement, text: &str, offset: usize) -> Vec<Choice> {
    let mut path = outline.path(statement.table);
    path.extend(statement.keys.iter().map(|(name, _)| name.as_str()));
    let Some(setting) = Setting::at(path).filter(|setting| setting.table().is_none()) else {
        return Vec::new();
    };
    let is_inside = statement.value.start <= offset && offset <= statement.value.end;
    let replaces = if is_inside { statement.value } else { Span::new(offset, offset) };
    // After a complete value nothing can follow, and inside of a list or table no whole value fits.
    if (!is_inside && statement.value.start < statement.value.end)
        || replaces.of(text).starts_with(['[', '{'])
    {
        return Vec::new();
    }
    let default = setting.default_toml();
    let mut choices: Vec<Choice> = Vec::new();
    for word in setting.words() {
        let value = format!("\"{}\"", word.word);
        let detail = if Some(&value) == default.as_ref() { "default" } else { "" }.to_owned();
        let choice = Choice::new(&value, CompletionItemKind::ENUM_MEMBER, replaces, &value);
        choices.push(Choice { detail, meaning: word.meaning.clone(), ..choice });
    }
    if choices.is_empty() {
        let truths = ["true", "false"].into_iter().filter(|_| setting.takes == Takes::Truth);
        let mut values: Vec<(String, &str)> = truths.map(|value| (value.to_owned(), "")).collect();
        values.extend(setting.examples_toml().map(|value| (value, "example")));
        if let Some(default) = default {
            values.retain(|(value, _)| *value != default);
            values.insert(0, (default, "default"));
        }
        for (value, detail) in values {
            let choice = Choice::new(&value, CompletionItemKind::VALUE, replaces, &value);
            choices.push(Choice { detail: detail.to_owned(), ..choice });
        }
    }
    choices
}
