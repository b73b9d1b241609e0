//! A Markdown document read as a plan.

use super::{
    body::{self, Body},
    front_matter,
    label::marked_optional,
    outline::{Kind, Line, Outline, trimmed},
    sections::{Found, Sections},
};
use crate::{
    plan::{
        ids::{Written, assign},
        model::{Plan, Problem, Task},
    },
    text::Span,
};

/// Reads a Markdown document as a plan.
pub(crate) fn parse(text: &str) -> Plan {
    let start = front_matter::after_mark(text);
    let front = front_matter::find(text, start);
    let matter = front.map(|(yaml, _)| front_matter::read(text, yaml)).unwrap_or_default();
    let outline = Outline::read(text, front.map_or(start, |(_, end)| end));
    let sections = Sections::read(&outline, matter.is_directive);

    let mut plan = Plan { defaults: matter.fields, problems: matter.problems, ..Plan::default() };
    let found = match sections.tasks() {
        tasks if tasks.is_empty() && !matter.is_directive => sections.items(),
        tasks => tasks,
    };
    let title = sections.title.and_then(|title| sections.heads.get(title));
    plan.title = title.map(|head| head.text.trim().to_owned()).or(matter.title).unwrap_or_default();
    plan.goal = sections.goal(found.first().map_or(outline.len(), |task| task.block));
    plan.tasks = tasks(&outline, &found, &mut plan.problems);
    plan.problems.sort_by_key(|problem| problem.span.start);
    plan
}

fn tasks(outline: &Outline<'_>, found: &[Found], problems: &mut Vec<Problem>) -> Vec<Task> {
    let mut tasks = Vec::with_capacity(found.len());
    let mut written = Vec::with_capacity(found.len());
    for found in found {
        let Some(line) = title_line(outline, found) else { continue };
        let place = |at: usize| outline.source_of(line, at);
        let id_place = Span::new(
            place(found.label.id_range.start),
            place(found.label.id_range.end.saturating_sub(1).max(found.label.id_range.start)) + 1,
        );
        written.push(Written {
            id: found.label.id.clone(),
            place: if outline.text.is_char_boundary(id_place.end) { id_place } else { line.span },
            title: &found.label.title,
        });
        let (task, found_problems) = task(outline, found, line.span);
        tasks.push(task);
        problems.extend(found_problems);
    }
    for (task, id) in tasks.iter_mut().zip(assign(&written, problems)) {
        task.id = id;
    }
    tasks
}

fn title_line<'o>(outline: &'o Outline<'_>, found: &Found) -> Option<&'o Line> {
    if found.is_item { outline.first_line(found.block) } else { outline.lines(found.block).first() }
}

/// Reads one task; its id comes later, when all of them are known.
fn task(outline: &Outline<'_>, found: &Found, line: Span) -> (Task, Vec<Problem>) {
    let text = outline.text;
    let block = outline.span(found.block);
    let next = if found.end < outline.len() { outline.span(found.end).start } else { text.len() };
    let end = if found.is_item { block.end } else { next };
    let span = trimmed(text, Span::new(block.start, end));
    let (body, title_end) = if found.is_item {
        (body::read(outline, outline.children(found.block), Some(line)), line.end)
    } else {
        (body::read(outline, outline.siblings(found.block + 1, found.end), None), block.end)
    };
    let Body { fields, criteria, runs, problems, mut taken } = body;
    taken.insert(0, Span::new(block.start, title_end));
    let tick_box = match outline.kind(found.block) {
        Kind::Item(tick_box) => tick_box.map(|tick_box| (tick_box.span, tick_box.ticked)),
        _ => heading_box(outline, found),
    };
    let boxed = || criteria.iter().filter(|criterion| criterion.checkbox.is_some());
    let done = match tick_box {
        Some((_, ticked)) => ticked,
        None => boxed().next().is_some() && boxed().all(|criterion| criterion.checked),
    };
    let line_end =
        text.get(line.end..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| line.end + at);
    let task = Task {
        id: crate::task::TaskId(String::new()),
        explicit_id: found.label.id.is_some(),
        title: found.label.title.clone(),
        title_span: trimmed(text, Span::new(block.start, line_end)),
        span,
        details: body::rest(text, span, &taken),
        criteria,
        runs,
        fields,
        done,
        checkbox: tick_box.map(|(span, _)| span),
        optional: found.optional || marked_optional(&found.label.title),
    };
    (task, problems)
}

/// The box that is written in a heading.
fn heading_box(outline: &Outline<'_>, found: &Found) -> Option<(Span, bool)> {
    let (at, ticked) = found.label.tick_box?;
    let at = outline.source_of(title_line(outline, found)?, at);
    let span = Span::new(at, at + 1);
    matches!(span.of(outline.text), " " | "x" | "X").then_some((span, ticked))
}
