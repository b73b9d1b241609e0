//! What can be written in a plan.

use super::choice::{Choice, line_of, literal};
use crate::{picture::PlanView, plan_field, wording};
use alfine_core::{
    plan::{FieldName, Fields, Task},
    text::Span,
};

use crate::protocol::lsp_types::CompletionItemKind;
use std::collections::{BTreeSet, HashSet};

pub(super) fn choices(plan: &PlanView<'_>, offset: usize) -> Vec<Choice> {
    let text = &plan.document.text;
    let format = plan.plan().format;
    if !format.is_line_based() {
        return Vec::new();
    }
    let line = line_of(text, offset);
    let matter = format.defaults(text);
    let in_front_matter = matter.is_some_and(|matter| matter.start < line.start && line.end < matter.end);
    let task = plan.task_at(offset).map(|seen| seen.task).filter(|task| task.title_span.end < offset);
    let named = format.field_at(text, offset);
    if let Some((field, name)) = named
        && name.end < offset
    {
        return match in_front_matter || task.is_some() {
            true => values(plan, task, field, line, offset),
            false => Vec::new(),
        };
    }
    let before = Span::new(line.start, offset).of(text);
    if in_front_matter {
        return keys(plan, line, offset);
    }
    let mut choices = match task {
        Some(task) if is_before_criteria(task, offset) => {
            fields(task, text, line, offset, named.map(|(field, _)| field))
        }
        _ => Vec::new(),
    };
    if before.chars().all(|c| c == '#' || c == ' ') && matter.is_none_or(|matter| matter.end < offset) {
        choices.extend(new_task(plan, line, offset));
    }
    choices
}

fn is_before_criteria(task: &Task, offset: usize) -> bool {
    task.criteria.first().is_none_or(|first| offset < first.span.start)
}

/// Which fields are said already.
fn said(fields: &Fields) -> Vec<FieldName> {
    let is_said = |field: &FieldName| match field {
        FieldName::DependsOn => !fields.depends_on.is_empty(),
        FieldName::Priority => fields.priority.is_some(),
        FieldName::Agent => fields.agent.is_some(),
        FieldName::Model => fields.model.is_some(),
        FieldName::MaxIterations => fields.max_iterations.is_some(),
        FieldName::Budget => fields.budget.is_some(),
        FieldName::MaxCost => fields.max_cost.is_some(),
        // It says nothing of one task.
        FieldName::MaxParallel | FieldName::Lands => true,
        FieldName::Isolation => fields.isolation.is_some(),
        FieldName::Context => fields.context.is_some(),
        FieldName::Autonomy => fields.autonomy.is_some(),
        FieldName::SingleTask => fields.single_task.is_some(),
        FieldName::Folder => fields.folder.is_some(),
        FieldName::Proof => fields.proof.is_some(),
        FieldName::MayChange => !fields.may_change.is_empty(),
        // It may stand there several times.
        FieldName::Verify => false,
        // It is a sign of the task, and none of its fields.
        FieldName::Status => false,
    };
    FieldName::ALL.into_iter().filter(is_said).collect()
}

/// The fields that a task does not say yet, at the beginning of a line; `own` is what that line says.
fn fields(task: &Task, text: &str, line: Span, offset: usize, own: Option<FieldName>) -> Vec<Choice> {
    let before = Span::new(line.start, offset).of(text);
    let name = before.trim_start_matches([' ', '\t']);
    let name =
        name.strip_prefix("- ").or(name.strip_prefix("* ")).unwrap_or(name).trim_start_matches(['*', '_']);
    let is_start = |field: FieldName| field.as_str().to_lowercase().starts_with(&name.to_lowercase());
    let mut said = said(&task.fields);
    said.extend((!task.signs.is_empty()).then_some(FieldName::Status));
    let replaces = Span::new(offset - name.len(), word_end(text, line, offset, " "));
    let is_open = |field: FieldName| own == Some(field) || !said.contains(&field);
    let open = FieldName::ALL.into_iter().filter(|&field| is_start(field) && is_open(field));
    // Where the colon stands already, only the name is written.
    let colon = if text.get(replaces.end..).is_some_and(|rest| rest.starts_with(':')) { "" } else { ": " };
    open.map(|field| {
        let written = format!("{}{colon}", field.as_str());
        described(field, Choice::new(field.as_str(), CompletionItemKind::PROPERTY, replaces, written))
    })
    .collect()
}

/// The keys that the front matter does not say yet.
fn keys(plan: &PlanView<'_>, line: Span, offset: usize) -> Vec<Choice> {
    let text = &plan.document.text;
    let before = Span::new(line.start, offset).of(text);
    if !before.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        return kinds(text, line, offset);
    }
    let replaces = Span::new(line.start, word_end(text, line, offset, "_-"));
    let colon = if text.get(replaces.end..).is_some_and(|rest| rest.starts_with(':')) { "" } else { ": " };
    let format = plan.plan().format;
    let matter = format.defaults(text).map(|span| span.of(text)).unwrap_or_default();
    // A line that is half written keeps the others from being read as YAML.
    let said: Vec<FieldName> =
        matter.lines().filter_map(|line| format.field_at(line, 0)).map(|(field, _)| field).collect();
    let own = format.field_at(text, offset).map(|(field, _)| field);
    let of_all = FieldName::ALL.into_iter().filter(|field| *field != FieldName::Status);
    let open = of_all.filter(|field| own == Some(*field) || !said.contains(field));
    let mut choices: Vec<Choice> = open
        .map(|field| {
            let key = plan_field::key(field);
            let written = format!("{key}{colon}");
            described(field, Choice::new(key, CompletionItemKind::PROPERTY, replaces, written))
        })
        .collect();
    for (key, meaning) in [
        ("title", "The plan's title."),
        ("alfine", "What the document is: `plan`, or `directive`, whose tasks the agent plans."),
    ] {
        let is_said =
            matter.lines().any(|line| line.split_once(':').is_some_and(|(name, _)| name.trim() == key));
        if !is_said {
            let written = format!("{key}{colon}");
            let choice = Choice::new(key, CompletionItemKind::PROPERTY, replaces, written);
            choices.push(Choice { meaning: meaning.to_owned(), ..choice });
        }
    }
    choices
}

/// What the key `alfine` takes.
fn kinds(text: &str, line: Span, offset: usize) -> Vec<Choice> {
    let Some((key, value)) = line.of(text).split_once(':') else { return Vec::new() };
    let colon = line.start + key.len() + 1;
    if key.trim() != "alfine" || offset < colon {
        return Vec::new();
    }
    let (replaces, blank) = value_place(text, Span::new(colon, colon + value.len()), offset);
    ["plan", "directive"]
        .map(|word| Choice::new(word, CompletionItemKind::ENUM_MEMBER, replaces, format!("{blank}{word}")))
        .into()
}

fn described(field: FieldName, choice: Choice) -> Choice {
    let meaning = format!("{} Takes {}.", plan_field::meaning(field), plan_field::takes(field));
    Choice { meaning, ..choice }
}

/// The values that a field takes.
fn values(
    plan: &PlanView<'_>,
    task: Option<&Task>,
    field: FieldName,
    line: Span,
    offset: usize,
) -> Vec<Choice> {
    let text = &plan.document.text;
    let Some(colon) = line.of(text).find(':').map(|at| line.start + at + 1).filter(|&colon| colon <= offset)
    else {
        return Vec::new();
    };
    let marks = text.get(colon..line.end).unwrap_or_default();
    // `**Name:** value`
    let marks = marks.len() - marks.trim_start_matches(['*', '_']).len();
    let value = Span::new((colon + marks).min(offset), line.end);
    if field == FieldName::DependsOn {
        return ids(plan, task, value, offset);
    }
    let (replaces, blank) = value_place(text, value, offset);
    let choice = |kind, word: &str, detail: &str| {
        let choice = Choice::new(word, kind, replaces, format!("{blank}{word}"));
        Choice { detail: detail.to_owned(), ..choice }
    };
    if field == FieldName::Agent {
        let configured = plan.checkout.map(|checkout| &checkout.config.agents);
        let configured = configured.into_iter().flat_map(|agents| agents.keys().map(String::as_str));
        let names: BTreeSet<&str> = alfine_agents::KNOWN.into_iter().chain(configured).collect();
        return names.into_iter().map(|name| choice(CompletionItemKind::VALUE, name, "agent")).collect();
    }
    let words = plan_field::words(field).iter();
    let kind = CompletionItemKind::ENUM_MEMBER;
    let words = words.map(|(word, meaning)| choice(kind, word, meaning));
    words.collect()
}

/// What a single value replaces, and the blank that is missing before it.
fn value_place(text: &str, value: Span, offset: usize) -> (Span, &'static str) {
    let written = value.of(text);
    let start = (value.start + (written.len() - written.trim_start().len())).min(offset);
    let end = (value.start + written.trim_end().len()).max(offset);
    let blank = if start == value.start { " " } else { "" };
    (Span::new(start, end), blank)
}

/// The ids of the plan's other tasks that a list of ids does not have yet.
fn ids(plan: &PlanView<'_>, task: Option<&Task>, value: Span, offset: usize) -> Vec<Choice> {
    let text = &plan.document.text;
    let before = Span::new(value.start, offset).of(text);
    let from = before.rfind([',', '[']).map_or(value.start, |at| value.start + at + 1);
    let after = Span::new(offset, value.end).of(text);
    let to = offset + after.find([',', ']']).unwrap_or(after.len());
    let (replaces, blank) = value_place(text, Span::new(from, to), offset);
    let listed: HashSet<String> = Span::new(value.start, from)
        .of(text)
        .split([',', '['])
        .chain(Span::new(to, value.end).of(text).split([',', ']']))
        .map(|id| id.trim().trim_matches(['"', '\'', '`']).to_lowercase())
        .collect();
    let itself = task.map(|task| &task.id);
    let others = plan.plan().tasks.iter();
    others
        .filter(|other| Some(&other.id) != itself && !listed.contains(&other.id.0.to_lowercase()))
        .map(|other| {
            let id = &other.id.0;
            let choice = Choice::new(id, CompletionItemKind::REFERENCE, replaces, format!("{blank}{id}"));
            Choice { detail: wording::line(&other.title, 120), ..choice }
        })
        .collect()
}

/// A whole task, with the id that comes next.
fn new_task(plan: &PlanView<'_>, line: Span, offset: usize) -> Option<Choice> {
    let text = &plan.document.text;
    if !line.of(text).trim_start_matches(['#', ' ']).is_empty() {
        return None;
    }
    let tasks = &plan.plan().tasks;
    let heading = tasks.iter().map(|task| task.title_span.of(text)).rfind(|title| title.starts_with('#'));
    let level = heading.map_or(3, |title| title.len() - title.trim_start_matches('#').len());
    let id = next_id(tasks);
    let head = "#".repeat(level);
    let replaces = Span::new(line.start, line.end.max(offset));
    let snippet =
        format!("{head} ${{1:{}}}: ${{2:Title}}\n\n$3\n\nAcceptance criteria:\n- [ ] $0", literal(&id));
    let written = format!("{head} {id}: ");
    let choice = Choice::new(format!("{written}…"), CompletionItemKind::SNIPPET, replaces, written);
    Some(Choice { detail: "a new task".to_owned(), snippet: Some(snippet), ..choice })
}

/// The id after the last one with a number.
fn next_id(tasks: &[Task]) -> String {
    let numbered = |task: &Task| {
        let id = &task.id.0;
        let prefix = id.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = id.get(prefix.len()..)?;
        let number: u64 = digits.parse().ok()?;
        Some((prefix.to_owned(), digits.len(), number))
    };
    let explicit = || tasks.iter().filter(|task| task.explicit_id).filter_map(numbered);
    let Some((prefix, width, _)) = explicit().next_back() else { return "US-001".to_owned() };
    let highest = explicit().filter(|(of, ..)| *of == prefix).map(|(.., number)| number).max().unwrap_or(0);
    format!("{prefix}{:0width$}", highest.saturating_add(1))
}

/// The end of the word at the cursor: letters, digits, and these characters.
fn word_end(text: &str, line: Span, offset: usize, besides: &str) -> usize {
    let rest = Span::new(offset, line.end).of(text);
    let word = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || besides.contains(c));
    let end = line.end - word.len();
    // Only a name before a colon is replaced whole; else what follows is somebody's text.
    if word.starts_with(':') { end } else { offset }
}
