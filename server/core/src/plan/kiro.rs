//! Kiro's `tasks.md`: numbered boxes, in groups that are their parts and no work.

use super::checklist::{self, Checklist, ends_with, has_box, is_numbered};
use super::mark::{of_box, written_box};
use super::markdown::{Boxes, parse_with};
use super::model::{Mark, Placed, Plan, ProblemKind, Task};
use crate::text::{Span, TextEdit};
use std::collections::{HashMap, HashSet};

pub(super) static KIRO: Checklist = Checklist {
    name: "kiro",
    folders: &[".kiro/specs/*/tasks.md"],
    companions: &["requirements.md", "bugfix.md", "design.md"],
    is_plan_path: |path| ends_with(path, &[".kiro", "specs", "*", "tasks.md"]),
    recognises: |text| has_box(text, is_numbered),
    parse: read,
    tick,
    is_one_of_many: false,
    has_own_criteria: true,
};

fn read(text: &str) -> Plan {
    let mut plan = parse_with(text, Boxes::WithIds);
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
    let number = task.id.0.rsplit_once('.').map(|(number, _)| number);
    let Some((span, number)) = group.and_then(|group| Some((box_before(text, group.span)?, number?))) else {
        return edits;
    };
    let is_ticked = of_box(span.of(text)) == Some(Mark::Done);
    if !is_ticked && is_last(text, span.end, number, task) {
        edits.push(TextEdit { span, new_text: "x".to_owned() });
        edits.sort_by_key(|edit| edit.span.start);
    }
    edits
}

/// Whether no other part of a group is left to do, whose box ends at `from`. Reads lines and no more: this is asked of
/// every task.
fn is_last(text: &str, from: usize, number: &str, task: &Task) -> bool {
    let mut at = from;
    for line in text.get(from..).unwrap_or_default().split_inclusive('\n') {
        let start = at + line.len() - line.trim_start().len();
        at += line.len();
        let item = line.trim_start().strip_prefix(['-', '*', '+']).map(str::trim_start);
        let Some((tick_box, item)) = item.and_then(|item| Some((written_box(item)?, item))) else { continue };
        let title = item.get(tick_box.end..).unwrap_or_default().trim_start_matches(['*', ' ']);
        let Some(rest) = title.strip_prefix(number).and_then(|rest| rest.strip_prefix('.')) else {
            if is_numbered(title) { break } else { continue }
        };
        let is_part = rest.starts_with(|c: char| c.is_ascii_digit());
        let is_over = matches!(tick_box.mark, Some(Mark::Done | Mark::Dropped));
        if is_part && !is_over && !tick_box.is_starred && start != task.title_span.start {
            return false;
        }
    }
    true
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
