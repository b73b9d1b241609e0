//! Backlog.md's tasks: a file each, with what is said of it in the front matter.

use super::checklist::{Checklist, ends_with};
use super::field_name::FieldName;
use super::fields::Value;
use super::ids::{Written, assign};
use super::mark::{done_like, of_status};
use super::markdown::{Entry, after_mark, front_matter, parse, rest};
use super::model::{Fields, Mark, NoTask, Placed, Plan, Problem, ProblemKind, Sign, Task};
use crate::text::{Span, TextEdit};

pub(super) static BACKLOG: Checklist = Checklist {
    name: "backlog",
    folders: &["backlog/tasks/*.md", ".backlog/tasks/*.md"],
    companions: &[],
    is_plan_path: |path| {
        ends_with(path, &["backlog", "tasks", "*.md"]) || ends_with(path, &[".backlog", "tasks", "*.md"])
    },
    recognises: |text| {
        front_matter(text).is_some_and(|(entries, _)| {
            let has = |key| get(&entries, key).is_some();
            has("id") && (has("title") || has("status"))
        })
    },
    parse: read,
    tick,
    is_one_of_many: true,
    has_own_criteria: true,
};

fn get<'e>(entries: &'e [Entry], key: &str) -> Option<&'e Placed<String>> {
    entries.iter().find(|entry| entry.key == key)?.values.first()
}

fn read(text: &str) -> Plan {
    let whole = parse(text);
    let mut plan = Plan {
        defaults: Fields::default(),
        goal: String::new(),
        tasks: Vec::new(),
        criteria: Vec::new(),
        ..whole.clone()
    };
    let Some((entries, body)) = front_matter(text) else { return whole };
    let Some(id) = get(&entries, "id") else { return whole };
    let is_priority = |span: Span| get(&entries, "priority").is_some_and(|priority| priority.span == span);
    plan.problems.retain(|problem| match problem.kind {
        ProblemKind::UnknownMark | ProblemKind::Unreadable { .. } => true,
        ProblemKind::InvalidField { .. } => is_priority(problem.span),
        _ => false,
    });
    let Some(title) = get(&entries, "title").filter(|title| !title.value.trim().is_empty()) else {
        let kind = ProblemKind::NoTask { why: NoTask::Untitled, fix: Vec::new() };
        plan.problems.push(Problem { span: id.span, kind });
        return plan;
    };
    let status = get(&entries, "status");
    let said = status.map(|status| of_status(&status.value).map(|(mark, _)| mark));
    if let (Some(status), Some(None)) = (status, said) {
        plan.problems.push(Problem { span: status.span, kind: ProblemKind::UnknownMark });
    }
    let mark = said.flatten().unwrap_or_default();
    let mut fields = Fields { priority: whole.defaults.priority.clone(), ..Fields::default() };
    for entry in entries.iter().filter(|entry| entry.key == "dependencies") {
        for on in &entry.values {
            // It is a list of ids that is never wrong.
            let value = Value { text: on.value.as_str().into(), span: on.span };
            let _ = fields.take(FieldName::DependsOn, &value);
        }
    }
    let criteria: Vec<_> =
        whole.criteria.into_iter().chain(whole.tasks.into_iter().flat_map(|task| task.criteria)).collect();
    let mut taken: Vec<Span> = criteria.iter().map(|criterion| criterion.span).collect();
    taken.extend(markers(text, body));
    taken.sort_by_key(|span| span.start);
    let written = [Written { id: Some(id.value.clone()), place: id.span, title: title.value.clone() }];
    let ids = assign(&written, &mut plan.problems);
    let body = Span::new(body, text.trim_end().len().max(body));
    plan.title.clone_from(&title.value);
    plan.tasks = ids
        .into_iter()
        .map(|id| Task {
            id,
            explicit_id: true,
            title: title.value.clone(),
            title_span: title.span,
            span: Span::new(after_mark(text), body.end),
            details: rest(text, body, &taken),
            criteria: criteria.clone(),
            runs: Vec::new(),
            fields: fields.clone(),
            mark,
            checkbox: None,
            signs: status.map(|status| Sign { span: status.span, mark }).into_iter().collect(),
            steps: Vec::new(),
            follows: None,
            after: None,
            group: None,
            optional: false,
        })
        .collect();
    plan
}

/// The lines that only say where a section begins and ends, and the headings of those that have nothing but criteria.
fn markers(text: &str, start: usize) -> Vec<Span> {
    let mut at = start;
    let lines = text.get(start..).unwrap_or_default().split_inclusive('\n');
    let markers = lines.filter_map(|line| {
        let span = Span::new(at, at + line.len());
        at += line.len();
        let line = line.trim();
        let heading = line.trim_start_matches('#').trim();
        let is_of_criteria =
            ["Acceptance Criteria", "Definition of Done"].contains(&heading) && heading.len() < line.len();
        (is_of_criteria || line.starts_with("<!--") && line.ends_with("-->")).then_some(span)
    });
    markers.collect()
}

/// Writes the status that the board knows, and ticks the criteria.
fn tick(text: &str, task: &Task) -> Vec<TextEdit> {
    let sign = task.signs.first().filter(|sign| sign.mark != Mark::Done);
    let status = sign.map(|sign| {
        let quote = sign.span.of(text).chars().next().filter(|c| matches!(c, '"' | '\''));
        let quote = quote.map(String::from).unwrap_or_default();
        let written = done_like(sign.span.of(text).trim_matches(['"', '\'']));
        TextEdit { span: sign.span, new_text: format!("{quote}{written}{quote}") }
    });
    let boxes = task
        .criteria
        .iter()
        .filter(|criterion| !criterion.checked)
        .filter_map(|criterion| criterion.checkbox);
    status.into_iter().chain(boxes.map(|span| TextEdit { span, new_text: "x".to_owned() })).collect()
}
