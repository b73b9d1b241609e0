//! Tasks without criteria, and criteria that nothing can verify.

use super::LintOptions;
use super::commands;
use super::report::{Fix, Lint, LintCode};
use super::words::Phrases;
use crate::plan::{self, Criterion, Here, Plan, Reads, Task};
use crate::text::Span;

/// What the checks of a plan would be run with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checks {
    /// The folder that they run in if the plan does not say it, from the repository's root.
    pub folder: String,
    /// What is there to run.
    pub here: Here,
}

pub(super) fn lint(text: &str, plan: &Plan, options: &LintOptions, checks: &Checks) -> Vec<Lint> {
    let vague = Phrases::new(&options.vague_phrases);
    let mut lints = Vec::new();
    for task in plan.tasks.iter().filter(|task| !task.is_over()) {
        if task.criteria.is_empty() {
            lints.push(missing(text, plan, task, options));
        }
        let folder = task.folder(plan, &checks.folder);
        let verify = task.fields.verify.iter().map(|named| (named, true));
        for (named, said) in verify.chain(task.runs.iter().map(|named| (named, false))) {
            let reads = plan::reads(&named.value, said, folder, &checks.here);
            if let Reads::Missing { program } = reads {
                lints.push(Lint::new(LintCode::ProgramMissing, named.span, program_missing(program)));
            }
            if reads != Reads::Words {
                let code = (named.span.of(text) == named.value).then_some(named.span);
                lints.extend(status_lint(&named.value, code, named.span, checks));
            }
        }
        for criterion in task.criteria.iter().filter(|criterion| !criterion.checked) {
            match &criterion.command {
                Some(code) => {
                    let reads = plan::reads(code, criterion.said, folder, &checks.here);
                    lints.extend(code_lint(text, plan, criterion, code, reads));
                    if reads != Reads::Words {
                        let place = plan.format.command_place(text, criterion);
                        lints.extend(status_lint(code, place, criterion.span, checks));
                    }
                }
                None => lints.extend(vague_lint(text, plan, criterion, &vague)),
            }
        }
    }
    lints
}

/// What is to be said of the status of a command that stands at `code`, or only somewhere in `item`.
fn status_lint(command: &str, code: Option<Span>, item: Span, checks: &Checks) -> Option<Lint> {
    let weakness = commands::weakness(command, |program| checks.here.has(program))?;
    Some(commands::lint(weakness, code, item))
}

fn vague_lint(text: &str, plan: &Plan, criterion: &Criterion, vague: &Phrases<'_>) -> Option<Lint> {
    let (phrase, _) = vague.find(&criterion.text).next()?;
    let message = format!(
        "“{phrase}” cannot be verified, so the agent’s word would have to do: say what can be observed, or \
         bind a command in backticks after a colon"
    );
    let lint = Lint::new(LintCode::CriterionVague, criterion.span, message);
    let edit = plan.format.bind_command(text, criterion);
    Some(lint.fix(edit.map(|edit| Fix::of("Bind a command that proves it", edit))))
}

/// What is to be said of the code that a criterion ends with.
fn code_lint(text: &str, plan: &Plan, criterion: &Criterion, code: &str, reads: Reads<'_>) -> Option<Lint> {
    let none = || {
        let edits = plan.format.call_words(text, criterion);
        (!edits.is_empty()).then(|| Fix { title: "It is not a command".to_owned(), edits })
    };
    match reads {
        Reads::Command => None,
        Reads::Missing { program } => {
            let lint = Lint::new(LintCode::ProgramMissing, criterion.span, program_missing(program));
            Some(lint.fix(none()))
        }
        Reads::Words => {
            let message = format!(
                "`{code}` is not run, since it does not read like a command (no program here has its first word for a \
                 name), so the agent’s word will have to do: say whether it is a command"
            );
            let edit = plan.format.call_command(text, criterion);
            let lint = Lint::new(LintCode::CriterionNoCommand, criterion.span, message);
            Some(lint.fix(edit.map(|edit| Fix::of("It is a command", edit))).fix(none()))
        }
    }
}

fn program_missing(program: &str) -> String {
    format!(
        "“{program}” is not on this machine, so this check cannot run, and the task cannot be done before it does: install \
         “{program}”, or write another command"
    )
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
