//! A Markdown document read as a plan.

use super::{
    body::{self, Body},
    boxes::Boxes,
    front_matter,
    label::Label,
    names::{Named, marked_optional},
    outline::{Kind, Line, Outline, TickBox, trimmed},
    sections::{Found, Sections},
    table,
    unread::{self, Known},
};
use crate::{
    plan::{
        ids::{Called, Written, assign},
        mark::behind_struck,
        model::{Criterion, Mark, Placed, Plan, Problem, ProblemKind, Sign, Task},
    },
    task::TaskId,
    text::Span,
};
use std::{borrow::Cow, collections::HashMap};

/// Reads a Markdown document as a plan.
pub(crate) fn parse(text: &str) -> Plan {
    parse_with(text, Boxes::AsTheyRead)
}

/// Reads a document whose tool says what its boxes are.
pub(in crate::plan) fn parse_with(text: &str, boxes: Boxes) -> Plan {
    let start = front_matter::after_mark(text);
    let front = front_matter::find(text, start);
    let matter = front.map(|(yaml, _)| front_matter::read(text, yaml)).unwrap_or_default();
    let outline = Outline::read(text, front.map_or(start, |(_, end)| end));
    let sections = Sections::read(&outline, boxes, matter.is_directive);
    let lists = sections.lists();

    let mut plan = Plan { defaults: matter.fields, problems: matter.problems, ..Plan::default() };
    let mut found = sections.tasks();
    if found.is_empty() && !matter.is_directive {
        found = sections.items(&lists);
    }
    let (placeholders, found): (Vec<Found>, Vec<Found>) =
        found.into_iter().partition(|task| task.is_placeholder);
    let title = sections.title.and_then(|title| sections.heads.get(title));
    plan.title = title.map(|head| head.text.trim().to_owned()).or(matter.title).unwrap_or_default();
    plan.goal = sections.goal(found.first().map_or(outline.len(), |task| task.block));
    plan.tasks = tasks(&outline, &sections, &found, boxes, &mut plan.problems);
    if found.is_empty() && placeholders.is_empty() && !matter.is_directive && !matter.names_task {
        plan.tasks = table::tasks(&outline, &sections, &mut plan.problems);
    }
    if plan.defaults.depends_on.is_empty() {
        follow(&mut plan.tasks, &found);
    }
    let known = Known {
        outline: &outline,
        sections: &sections,
        lists: &lists,
        found: &found,
        placeholders: &placeholders,
        is_one_task: matter.names_task,
        has_rows: found.is_empty() && !plan.tasks.is_empty(),
    };
    for list in
        lists.iter().filter(|list| list.named == Some(Named::Criteria) && known.is_outside(list.block))
    {
        body::collect(&outline, list.block, true, &mut plan.criteria, &mut plan.problems);
    }
    if !matter.is_directive {
        unread::find(&known, &mut plan.problems);
    }
    plan.problems.sort_by_key(|problem| problem.span.start);
    plan
}

/// Lets the tasks of a numbered list follow each other: each the one before it that is still to be done. A list in which
/// a task names what it waits for has an order of its own.
fn follow(tasks: &mut [Task], found: &[Found]) {
    let mut lists: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, found) in found.iter().enumerate() {
        if let Some(list) = found.numbered {
            lists.entry(list).or_default().push(at);
        }
    }
    for list in lists.into_values() {
        if list.iter().any(|&at| tasks.get(at).is_some_and(|task| !task.fields.depends_on.is_empty())) {
            continue;
        }
        let mut before = None;
        for at in list {
            let Some(task) = tasks.get_mut(at) else { continue };
            if !task.fields.waits_for_none {
                task.follows.clone_from(&before);
            }
            if !task.is_over() && !task.optional {
                before = Some(task.id.clone());
            }
        }
    }
}

/// Reads all tasks.
fn tasks(
    outline: &Outline<'_>,
    sections: &Sections<'_, '_>,
    found: &[Found],
    boxes: Boxes,
    problems: &mut Vec<Problem>,
) -> Vec<Task> {
    let called = Called::new(found.iter().map(|task| (task.label.id.as_deref(), task.label.title.as_str())));
    let mut tasks = Vec::with_capacity(found.len());
    let mut written = Vec::with_capacity(found.len());
    let mut legend: HashMap<String, Option<Mark>> = HashMap::new();
    for found in found {
        let Some(line) = title_line(outline, found) else { continue };
        let (mut label, struck) = without_note(outline, line, &found.label);
        if let Some((range, mark)) = &label.tick_box
            && !matches!(mark, Some(Mark::Open | Mark::Done))
        {
            let inner = outline.plain(line).get(range.clone()).unwrap_or_default().to_owned();
            let said = legend.entry(inner).or_insert_with_key(|inner| outline.in_legend(inner));
            if let (Some(mark), Some((_, own))) = (*said, &mut label.to_mut().tick_box) {
                *own = Some(mark);
            }
        }
        let place = |at: usize| outline.source_of(line, at);
        let id_place = Span::new(
            place(label.id_range.start),
            place(label.id_range.end.saturating_sub(1).max(label.id_range.start)) + 1,
        );
        written.push(Written {
            id: label.id.clone(),
            place: if outline.text.is_char_boundary(id_place.end) { id_place } else { line.span },
            title: label.title.clone(),
        });
        let (mut task, found_problems) = task(outline, &called, found, &label, struck, line.span, boxes);
        task.group = sections.group(found);
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
fn task<'t>(
    outline: &Outline<'t>,
    called: &Called<'t>,
    found: &Found,
    label: &Label,
    struck: Option<Mark>,
    line: Span,
    boxes: Boxes,
) -> (Task, Vec<Problem>) {
    let text = outline.text;
    let block = outline.span(found.block);
    let next = if found.end < outline.len() { outline.span(found.end).start } else { text.len() };
    let end = if found.is_item { block.end } else { next };
    let span = trimmed(text, Span::new(block.start, end));
    let are_steps = boxes == Boxes::Steps;
    let (body, title_end) = if found.is_item {
        (body::read(outline, called, outline.children(found.block), Some(line), are_steps), line.end)
    } else {
        (
            body::read(outline, called, outline.siblings(found.block + 1, found.end), None, are_steps),
            block.end,
        )
    };
    let Body { mut fields, criteria, runs, mut problems, status, steps, mut taken } = body;
    taken.insert(0, Span::new(block.start, title_end));
    let title_line = title_line(outline, found);
    let title_spans = |range: &std::ops::Range<usize>| outline.span_of(title_line?, range);
    if fields.depends_on.is_empty() {
        let placed = |range| title_spans(range).map(|span| Placed { value: span.of(text).to_owned(), span });
        fields.depends_on = label.after.iter().filter_map(placed).collect();
    }
    let tick_box = match outline.kind(found.block) {
        Kind::Item(tick_box) => tick_box,
        Kind::Heading(_) | Kind::Text | Kind::List | Kind::Opaque(_) => {
            label.tick_box.as_ref().and_then(|(range, mark)| {
                Some(TickBox { span: title_spans(range)?, mark: *mark, is_starred: false })
            })
        }
    };
    if let Some(TickBox { span, mark: None, .. }) = tick_box {
        problems.push(Problem { span, kind: ProblemKind::UnknownMark });
    }
    let unsure = label.written.iter().filter(|sign| sign.mark.is_none());
    problems.extend(unsure.filter_map(|sign| {
        Some(Problem { span: title_spans(&sign.range)?, kind: ProblemKind::UnknownMark })
    }));
    let signs = label.written.iter();
    let signs = signs.filter_map(|sign| Some(Sign { span: title_spans(&sign.range)?, mark: sign.mark? }));
    let signs: Vec<Sign> = signs.chain(status).collect();
    let mut said = said(outline, label, title_line, tick_box, status);
    said.extend(struck);
    if struck.is_none()
        && let Some(struck) = title_line.and_then(|line| struck_before(outline, line, label))
    {
        problems.push(Problem { span: struck, kind: ProblemKind::UnknownMark });
    }
    let mark = mark_of(&said).unwrap_or_else(|| mark_of_boxes(&criteria, &steps));
    let line_end =
        text.get(line.end..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| line.end + at);
    let title_span = trimmed(text, Span::new(block.start, line_end));
    if mark == Mark::Done && said.iter().any(|mark| *mark != Mark::Done) {
        problems.push(Problem { span: title_span, kind: ProblemKind::MarksDiffer });
    }
    let starred = tick_box.is_some_and(|tick_box| tick_box.is_starred);
    let task = Task {
        id: TaskId(String::new()),
        explicit_id: label.id.is_some(),
        title: label.title.clone(),
        title_span,
        span,
        details: body::rest(text, span, &taken),
        criteria,
        runs,
        fields,
        mark,
        checkbox: tick_box.map(|tick_box| tick_box.span),
        signs,
        steps: steps.into_iter().map(|step| step.span).collect(),
        follows: None,
        after: None,
        group: None,
        optional: found.optional || starred || marked_optional(&label.title),
    };
    (task, problems)
}

/// A label without the note behind its struck title, and the state that this says: `~~Add it~~ dropped`.
fn without_note<'l>(outline: &Outline<'_>, line: &Line, label: &'l Label) -> (Cow<'l, Label>, Option<Mark>) {
    let none = || (Cow::Borrowed(label), None);
    let Some(until) = outline.struck_until(line, &label.title_range) else { return none() };
    let plain = outline.plain(line);
    let Some(mark) = plain.get(until..label.title_range.end).and_then(behind_struck) else { return none() };
    let title_range = label.title_range.start..until;
    let title = plain.get(title_range.clone()).unwrap_or_default().trim_end().to_owned();
    (Cow::Owned(Label { title, title_range, ..label.clone() }), Some(mark))
}

/// What is struck out before a title that is not: whether the task is done nobody can say.
fn struck_before(outline: &Outline<'_>, line: &Line, label: &Label) -> Option<Span> {
    let before = 0..label.title_range.start;
    let until = outline.struck_until(line, &before)?;
    let is_all = outline.struck_until(line, &label.title_range).is_some();
    (!is_all).then(|| outline.span_of(line, &(before.start..until)))?
}

/// All that the document says of a task's state, its criteria left out.
fn said(
    outline: &Outline<'_>,
    label: &Label,
    title: Option<&Line>,
    tick_box: Option<TickBox>,
    status: Option<Sign>,
) -> Vec<Mark> {
    let Label { written, title_range, .. } = label;
    let mut said: Vec<Mark> = written.iter().filter_map(|sign| sign.mark).collect();
    if title.is_some_and(|line| outline.is_struck(line, title_range)) {
        said.push(Mark::Done);
    }
    said.extend(status.map(|status| status.mark));
    said.extend(tick_box.map(|tick_box| tick_box.mark.unwrap_or_default()));
    said
}

/// What several marks say together. What is given up or done by one of them is not begun again because another was
/// forgotten.
fn mark_of(said: &[Mark]) -> Option<Mark> {
    let strongest = [Mark::Dropped, Mark::Done, Mark::Blocked, Mark::Begun, Mark::Open];
    strongest.into_iter().find(|mark| said.contains(mark))
}

/// Without a mark of its own a task is as far as the boxes of its criteria, or else of its steps.
fn mark_of_boxes(criteria: &[Criterion], steps: &[TickBox]) -> Mark {
    let boxed = criteria.iter().filter(|criterion| criterion.checkbox.is_some());
    let mut ticked: Vec<bool> = boxed.map(|criterion| criterion.checked).collect();
    if ticked.is_empty() {
        ticked = steps.iter().map(|step| step.is_ticked()).collect();
    }
    if !ticked.is_empty() && ticked.iter().all(|ticked| *ticked) { Mark::Done } else { Mark::Open }
}
