//! Tasks without criteria, and criteria that nothing can verify.

use super::LintOptions;
use super::report::{Fix, Lint, LintCode};
use super::words::Phrases;
use crate::plan::{Plan, Task};

pub(super) fn lint(text: &str, plan: &Plan, options: &LintOptions) -> Vec<Lint> {
    let vague = Phrases::new(&options.vague_phrases);
    let mut lints = Vec::new();
    for task in plan.tasks.iter().filter(|task| !task.done) {
        if task.criteria.is_empty() {
            lints.push(missing(text, plan, task, options));
        }
        let open = task.criteria.iter().filter(|criterion| criterion.command.is_none() && !criterion.checked);
        for criterion in open {
            if let Some((phrase, _)) = vague.find(&criterion.text).next() {
                let message = format!(
                    "“{phrase}” cannot be verified, so the agent’s word would have to do: say what can be observed, or \
                     bind a command in backticks after a colon"
                );
                let lint = Lint::new(LintCode::CriterionVague, criterion.span, message);
                let edit = plan.format.bind_command(text, criterion);
                lints.push(lint.fix(edit.map(|edit| Fix::of("Bind a command that proves it", edit))));
            }
        }
    }
    lints
}

fn missing(text: &str, plan: &Plan, task: &Task, options: &LintOptions) -> Lint {
    let message = format!(
        "“{}” has no acceptance criteria, so nothing can prove it done: list what must hold in the end",
        task.title
    );
    let lint = Lint::new(LintCode::CriterionMissing, task.title_span, message);
    let edit = match &options.standard_criteria[..] {
        [] => None,
        criteria => plan.format.add_criteria(text, task, criteria),
    };
    lint.fix(edit.map(|edit| Fix::of("Add the standard acceptance criteria", edit)))
}
