//! Kiro's `tasks.md`: numbered boxes, in groups that are their parts and no work.

use super::checklist::{self, Checklist, ends_with, has_box, is_numbered};
use super::markdown::parse;
use super::model::{Mark, Placed, Plan, ProblemKind, Task};
use crate::text::{Span, TextEdit};
use std::collections::{HashMap, HashSet};

pub(super) static KIRO: Checklist = Checklist {
    name: "kiro",
    folders: &[".kiro/specs/*/tasks.md"],
    is_plan_path: |path| ends_with(path, &[".kiro", "specs", "*", "tasks.md"]),
    recognises: |text| has_box(text, is_numbered),
    parse: read,
    tick,
    is_one_of_many: false,
};

fn read(text: &str) -> Plan {
    let mut plan = parse(text);
    for task in &mut plan.tasks {
        // It is at work on these.
        if let Some(tick_box) = task.checkbox.filter(|tick_box| tick_box.of(text) == "-") {
            task.mark = Mark::Begun;
            plan.problems
                .retain(|problem| problem.kind != ProblemKind::UnknownMark || problem.span != tick_box);
        }
    }
    let groups = groups(text, &plan);
    for task in &mut plan.tasks {
        if let Some(group) = task.id.0.rsplit_once('.').and_then(|(group, _)| groups.get(group)) {
            task.group = Some(group.clone());
        }
    }
    plan.tasks.retain(|task| !groups.contains_key(&task.id.0));
    plan
}

/// The tasks whose parts stand beside them: `1` beside `1.1`.
fn groups(text: &str, plan: &Plan) -> HashMap<String, Placed<String>> {
    let of_parts: HashSet<&str> =
        plan.tasks.iter().filter_map(|task| Some(task.id.0.rsplit_once('.')?.0)).collect();
    let groups = plan.tasks.iter().filter(|task| of_parts.contains(task.id.0.as_str()));
    groups
        .map(|task| {
            let start = task.checkbox.map_or(task.title_span.start, |tick_box| tick_box.end + 1);
            let line = Span::new(start, task.title_span.end);
            let start = line.end - line.of(text).trim_start_matches(['*', ' ']).len();
            (task.id.0.clone(), Placed { value: task.title.clone(), span: Span::new(start, line.end) })
        })
        .collect()
}

/// Ticks a task, and what it is a part of with the last of its parts.
fn tick(text: &str, task: &Task) -> Vec<TextEdit> {
    let mut edits = checklist::tick(text, task);
    let group = task.group.as_ref().filter(|_| !edits.is_empty() && !task.optional);
    let Some((group, span)) = group.and_then(|group| Some((group, box_before(text, group.span)?))) else {
        return edits;
    };
    let plan = read(text);
    let parts =
        plan.tasks.iter().filter(|part| part.group.as_ref().is_some_and(|own| own.span == group.span));
    let is_left = |part: &&Task| part.id != task.id && !part.optional && !part.is_over();
    if !matches!(span.of(text), "x" | "X") && !parts.clone().any(|part| is_left(&part)) {
        edits.push(TextEdit { span, new_text: "x".to_owned() });
        edits.sort_by_key(|edit| edit.span.start);
    }
    edits
}

/// What stands between the brackets of the box before a title.
fn box_before(text: &str, title: Span) -> Option<Span> {
    let before = text.get(..title.start)?;
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let before = before.get(line..)?;
    let close = before.trim_end_matches(['*', ' ', '\t']).strip_suffix(']')?.len();
    let open = before.get(..close)?.rfind('[')?;
    Some(Span::new(line + open + 1, line + close))
}
