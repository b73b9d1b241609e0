//! What the parser did not understand, as findings: fields, ids, and what cannot be read.

use super::criteria::{is_a_command, no_command};
use super::report::{Fix, Lint, LintCode};
use crate::breaker::HARD_LIMIT;
use crate::finding::Severity;
use crate::nearest;
use crate::plan::{NoTask, Plan, Problem, ProblemKind, Unread};
use crate::text::{Span, TextEdit, start_of};
use std::collections::HashMap;

pub(super) fn lint(text: &str, plan: &Plan) -> Vec<Lint> {
    let mut first_with_id = None;
    let mut lints = Vec::with_capacity(plan.problems.len());
    for Problem { span, kind } in &plan.problems {
        let written = span.of(text);
        lints.push(match kind {
            ProblemKind::UnknownField { name, nearest } => {
                let hint = nearest.as_ref().map(|nearest| format!("; did you mean “{nearest}”?"));
                let message =
                    format!("There is no field “{name}”, so this line has no effect{}", hint.unwrap_or_default());
                let fix = nearest.as_ref().map(|nearest| Fix::of(format!("Write “{nearest}”"), plan.format.write(text, *span, nearest)));
                Lint::new(LintCode::FieldUnknown, *span, message).fix(fix)
            }
            ProblemKind::InvalidField { name, expected, nearest } => {
                let message =
                    format!("“{}” is not a valid value for {name} and is ignored: write {expected}", start_of(written, LONGEST));
                let fix = nearest.as_ref().map(|nearest| Fix::of(format!("Write “{nearest}”"), plan.format.write(text, *span, nearest)));
                Lint::new(LintCode::FieldInvalid, *span, message).fix(fix)
            }
            ProblemKind::AboveHardLimit => {
                let message = format!(
                    "At most {HARD_LIMIT} iterations are run, whatever another tool allows: {HARD_LIMIT} count here, not {written}"
                );
                let severity = Severity::Information;
                Lint { severity, ..Lint::new(LintCode::FieldInvalid, *span, message) }
            }
            ProblemKind::NoCommand { name } => {
                let quote = usize::from(written.starts_with(['"', '\'']));
                let criterion = name.map(|span| Fix::of("It is a criterion in words", TextEdit { span, new_text: "Acceptance criteria".to_owned() }));
                Lint::new(LintCode::CriterionNoCommand, *span, no_command(written)).fix(Some(is_a_command(span.start + quote))).fix(criterion)
            }
            ProblemKind::DuplicateId { id, renamed } => {
                let firsts = first_with_id.get_or_insert_with(|| firsts(plan));
                let first = firsts.get(&id.to_lowercase()).and_then(|&index| plan.tasks.get(index));
                let message = format!(
                    "{id} is already the id of another task, so this one is called {renamed}: give it an id of its own"
                );
                // Of `Task 3` only the number is the place, so the addition goes behind it either way.
                let ends_id = !written.is_empty() && id.to_lowercase().ends_with(&written.to_lowercase());
                let addition = renamed.strip_prefix(id.as_str()).filter(|_| ends_id);
                let fix = addition.map(|addition| Fix::of(format!("Call it {renamed}"), plan.format.write(text, Span::new(span.end, span.end), addition)));
                let mut lint = Lint::new(LintCode::DuplicateId, *span, message).fix(fix);
                lint.related.extend(first.map(|first| (first.title_span, format!("{id} is this task’s id"))));
                lint
            }
            ProblemKind::Unreadable { reason } => {
                let message = format!("This cannot be read and is ignored: {reason}");
                Lint::new(LintCode::PlanUnreadable, *span, message)
            }
            ProblemKind::UnknownMark => unknown_mark(text, plan, *span),
            ProblemKind::MarksDiffer => {
                let message = "This task is done by one of its marks and open by another. It counts as done, and is not \
                               run: let its marks agree"
                    .to_owned();
                let at = plan.tasks.binary_search_by_key(&span.start, |task| task.title_span.start);
                let task = at.ok().and_then(|at| plan.tasks.get(at));
                let edits = task.map(|task| plan.tick(text, task)).unwrap_or_default();
                Lint::new(LintCode::MarksDiffer, *span, message).fix(Fix::all("Mark it as done", &edits))
            }
            ProblemKind::Unread { why, fix } => {
                Lint::new(LintCode::TaskUnread, *span, unread(written, *why)).fix(Fix::all("Make it a task", fix))
            }
            ProblemKind::NoTask { why, fix } => {
                let title = match why {
                    NoTask::List { items } => format!("Make tasks of the {items} items of this list"),
                    NoTask::Parts { count } => format!("Make tasks of these {count} parts"),
                    _ => "Make tasks of them".to_owned(),
                };
                Lint::new(LintCode::PlanWithoutTasks, *span, no_task(why)).fix(Fix::all(title, fix))
            }
        });
    }
    lints
}

fn unknown_mark(text: &str, plan: &Plan, span: Span) -> Lint {
    let written = span.of(text);
    let is_box = text.get(..span.start).is_some_and(|before| before.ends_with('['));
    if !is_box {
        let near = nearest(written, STATES);
        let hint = near.map(|near| format!("; did you mean “{near}”?")).unwrap_or_default();
        let message = format!(
            "“{written}” is no state that is known, so it says nothing of its task: write {}{hint}",
            STATES.join(", ")
        );
        let fix = near.map(|near| Fix::of(format!("Write “{near}”"), plan.format.write(text, span, near)));
        return Lint::new(LintCode::MarkUnknown, span, message).fix(fix);
    }
    let message = format!(
        "“[{written}]” is no mark that is known, so this counts as open: write “[ ]” or “[x]”, or say in the plan what \
         it means, such as “`[{written}]` dropped”"
    );
    let write = |title: &str, mark: &str| Some(Fix::of(title, TextEdit { span, new_text: mark.to_owned() }));
    let open = write("Write “[ ]”: it is open", " ");
    Lint::new(LintCode::MarkUnknown, span, message).fix(open).fix(write("Write “[x]”: it is done", "x"))
}

/// The states that a finding advises.
const STATES: [&str; 5] = ["todo", "in progress", "blocked", "done", "dropped"];

fn unread(written: &str, why: Unread) -> String {
    let because = match why {
        Unread::Divider => "nothing divides its id from its title. Write a colon behind the id",
        Unread::LowerCase => "its id is in lower case. Write it in capitals",
        Unread::Part => "it is called a part of the plan, and has no tasks. Write “Task: ” before it",
        Unread::BoldLine => "it is a bold line. Make it a heading",
        Unread::NoItem => "it is no item of a list. Begin its line with “- ”",
        Unread::Placeholder => {
            return format!(
                "“{written}” holds the place of an id, so this is no task yet: give it an id of its own"
            );
        }
        Unread::Nothing => {
            return "This box has no text, so nobody knows what to do: write it behind the box, or remove the box".to_owned();
        }
        Unread::Untitled => {
            return "This is in a list of tasks and has no title, so nobody knows what to do: give it a `title`".to_owned();
        }
        Unread::NoObject => {
            return "This is in a list of tasks and is none, since it is no object: write it as one with an `id` and a \
                    `title`"
                .to_owned();
        }
        Unread::Row => {
            return "This row has no title, so nobody knows what to do: write it in the column of the titles"
                .to_owned();
        }
        Unread::NoBox => "the items beside it have boxes, and it has none. Write “[ ] ” before it",
        Unread::NoBoxes => {
            return "The items of this list have no boxes, as the tasks of this plan have, so nobody works on them: write \
                    “[ ] ” before each of them"
                .to_owned();
        }
        Unread::Table => {
            return "The rows of this table look like tasks but are not read, since this plan has tasks that are headings or \
                    boxes: write its rows like those, or keep them in a plan of their own"
                .to_owned();
        }
        Unread::Outside => {
            return "This box belongs to no task, so nobody works on it: in this plan tasks are headings. Move it below \
                    the task it is a part of, or write it as a heading of its own, such as “### Task: …”"
                .to_owned();
        }
    };
    format!("“{}” looks like a task but is not read as one: {because}", start_of(written, LONGEST))
}

/// How much of a line a message repeats, in bytes.
const LONGEST: usize = 80;

fn no_task(why: &NoTask) -> String {
    let how = "Write each task as a heading, such as “### US-001: Add coupon table”, or as a box, such as “- [ ] Add \
               coupon table”";
    let because = match why {
        NoTask::Empty => return format!("This plan is empty. {how}"),
        NoTask::Json => {
            return "No task is read in this plan: this is JSON in no form that is known. Tasks are read from a list \
                    `userStories`, as in prd.json, and from a list `tasks`, as Task Master keeps it"
                .to_owned();
        }
        NoTask::NoObject => {
            return "No task is read in this plan: there is no list of tasks in it. Write them as a list `userStories`, or \
                    `tasks`, of objects with an `id` and a `title`"
                .to_owned();
        }
        NoTask::EmptyList { key, is_list } => {
            let named = key.as_ref().map(|key| format!(" `{}`", start_of(key, LONGEST))).unwrap_or_default();
            let because = if *is_list {
                format!("its list{named} is empty")
            } else {
                format!("what it has as{named} is no list")
            };
            return format!(
                "No task is read in this plan: {because}. Write each task as an object with an `id` and a `title` in a list"
            );
        }
        NoTask::Untitled => {
            return "No task is read in this file: it is one task, and its front matter has no `title`. Give it one"
                .to_owned();
        }
        NoTask::Code => "what looks like tasks stands in a block of code, which is not read".to_owned(),
        NoTask::Quoted => {
            "what looks like tasks stands in a quotation or a comment, which is not read".to_owned()
        }
        NoTask::Table { first, last } => {
            let (first, last) = (start_of(first, LONGEST), start_of(last, LONGEST));
            return format!(
                "No task is read in this plan: what looks like tasks (“{first}” … “{last}”) stands in a table without the \
                 columns that say so. Call its columns “ID”, “Task” and “Status”, or write each task as a heading or a box"
            );
        }
        NoTask::List { items: 1 } => "the item of this list has no box".to_owned(),
        NoTask::List { items } => format!("the {items} items of this list have no boxes"),
        NoTask::Parts { .. } => {
            "the headings that are called parts of the plan, such as phases, have no tasks below them"
                .to_owned()
        }
        NoTask::Numbered => "these headings have numbers, but none says that it is a task".to_owned(),
        NoTask::OneTask => {
            "this file seems to be one task, as its front matter says, and such files are read in a folder \
             `backlog/tasks`"
                .to_owned()
        }
        NoTask::Idle => "all boxes are criteria, or stand below a heading that holds no work".to_owned(),
        NoTask::Text => "there is only text".to_owned(),
    };
    format!("No task is read in this plan: {because}. {how}")
}

/// Why no task was found in a plan, and what to do; `None` if it has tasks.
pub fn why_no_task(plan: &Plan) -> Option<String> {
    plan.problems.iter().find_map(|problem| match &problem.kind {
        ProblemKind::NoTask { why, .. } => Some(no_task(why)),
        _ => None,
    })
}

/// The first task of each id, in lower case.
fn firsts(plan: &Plan) -> HashMap<String, usize> {
    let mut firsts = HashMap::new();
    for (index, task) in plan.tasks.iter().enumerate() {
        firsts.entry(task.id.0.to_lowercase()).or_insert(index);
    }
    firsts
}
