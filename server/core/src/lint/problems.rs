//! What the parser did not understand, as findings: fields, ids, and what cannot be read.

use super::report::{Fix, Lint, LintCode};
use crate::plan::{Plan, Problem, ProblemKind};
use crate::text::Span;
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
                    format!("“{written}” is not a valid value for {name} and is ignored: write {expected}");
                let fix = nearest.as_ref().map(|nearest| Fix::of(format!("Write “{nearest}”"), plan.format.write(text, *span, nearest)));
                Lint::new(LintCode::FieldInvalid, *span, message).fix(fix)
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
        });
    }
    lints
}

/// The first task of each id, in lower case.
fn firsts(plan: &Plan) -> HashMap<String, usize> {
    let mut firsts = HashMap::new();
    for (index, task) in plan.tasks.iter().enumerate() {
        firsts.entry(task.id.0.to_lowercase()).or_insert(index);
    }
    firsts
}
