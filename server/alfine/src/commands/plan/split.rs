//! `alfine plan split`: several tasks in place of one.

use super::super::{asking, opening};
use super::writer;
use crate::{cli::SplitArgs, output::say, report::exit};
use alfine_core::{
    plan::Task,
    plan_run::RunState,
    planning::{self, MOST_PARTS},
    printable::printable,
    prompt::Planning,
    text::{LineIndex, TextEdit, shell_word},
};
use alfine_engine::{
    Error, Result, planner,
    project::{self, PlanFile, Project},
};
use std::{fmt::Write as _, io::IsTerminal, path::Path};

/// Has a task split, shows what changes in its plan, and writes that after a yes.
pub(super) fn perform(directory: &Path, args: &SplitArgs) -> Result<u8> {
    let mut project = opening::open(directory, false)?;
    if !args.yes && !std::io::stdin().is_terminal() {
        return Err(
            Error::user("nobody can be asked here whether the plan is to be changed").hint("give --yes")
        );
    }
    let target = project.target(&args.task)?;
    let file = project.plan(&target.plan)?;
    let id = target.task.ok_or_else(|| {
        Error::user(format!("{} is a plan, and only a task is split", args.task))
            .hint("name one: PLAN.md#US-001")
    })?;
    let task = file
        .plan
        .tasks
        .iter()
        .find(|task| task.id.0 == id)
        .ok_or_else(|| project::no_such_task(&file, &id))?;
    refuse_begun(&project, &file, task)?;
    let cannot =
        |error: planning::CannotSplit| Error::user(format!("{} cannot be split: {error}", file.key(task)));
    planning::can_be_split(&file.plan, &file.text, task).map_err(cannot)?;
    let others = others(&file, task);
    let planning = Planning::Split {
        plan: [&file.plan.title, &file.plan.goal, &others],
        task: task.span.of(&file.text),
        why: args.note.as_deref().unwrap_or_default(),
    };
    let read = |said: &str| planning::read_draft(said, MOST_PARTS);
    let find = |draft: &planning::Draft| {
        let cannot = planning::split(&file.plan, &file.text, task, draft).err();
        let mut found = planner::checks_lost(task, draft);
        found.extend(cannot.map(|error| error.to_string()));
        found
    };
    let name = file.name.clone();
    let drafted = match writer::with(&mut project, &args.writer, &name, |planner| {
        planner.draft(&planning, &read, &find)
    })? {
        Ok(drafted) => drafted,
        Err(status) => return Ok(status),
    };
    let edits = planning::split(&file.plan, &file.text, task, &drafted.draft).map_err(|error| {
        cannot(error).hint("the agent's answer was not better than this: try again, or say more in a note")
    })?;
    say(format_args!("{}", shown(&file, &edits)));
    for finding in drafted.findings.iter().chain(&planner::words_lost(task, &drafted.draft)) {
        say(format_args!("! {}", printable(finding)));
    }
    if !args.yes && !asking::yes(&format!("Write this into {}?", file.name))? {
        return Err(Error::user("nothing was written"));
    }
    write(&project, &file, task, edits)?;
    say(format_args!("wrote {}; next: alfine lint {}", file.name, shell_word(&file.name)));
    Ok(exit::DONE)
}

/// Refuses a task on which work was begun, and any while its plan is at work: a run knows its tasks as they are.
fn refuse_begun(project: &Project, file: &PlanFile, task: &Task) -> Result<()> {
    let key = file.key(task);
    let run = project.store.last_plan_run(&file.name)?;
    if run.is_some_and(|run| run.state == RunState::Active) {
        return Err(Error::user(format!("{} is at work, and what it waits for is not split", file.name))
            .hint(format!("hold it first: alfine pause {}", shell_word(&file.name))));
    }
    let row = project.store.task(&key)?;
    let begun = project.store.current_loop(&key)?.is_some();
    match row.map(|row| row.status).filter(|status| begun || status.satisfies_dependents()) {
        Some(status) => Err(Error::user(format!(
            "{key} is {status}, and only a task that was not begun is split"
        ))
        .hint(format!(
            "throw its work away first, if you do not want that: alfine discard {}",
            shell_word(&key)
        ))),
        None => Ok(()),
    }
}

fn others(file: &PlanFile, task: &Task) -> String {
    let others = file.plan.tasks.iter().filter(|other| other.id != task.id);
    others.fold(String::new(), |mut all, other| {
        let _ = writeln!(all, "{}: {}", other.id, other.title);
        all
    })
}

/// Writes the plan, unless somebody changed it while the agent was at work.
fn write(project: &Project, file: &PlanFile, task: &Task, edits: Vec<TextEdit>) -> Result<()> {
    let now = project.plan_named(&file.name)?;
    if now.text != file.text {
        return Err(Error::user(format!("{} was changed meanwhile: nothing was written", file.name))
            .hint("run the command again"));
    }
    // Somebody may have begun it meanwhile, too.
    refuse_begun(project, &now, task)?;
    let mut edits = edits;
    edits.sort_by_key(|edit| edit.span.start);
    let text = super::super::lint::apply(&file.text, edits.iter());
    std::fs::write(&file.path, text).map_err(|error| {
        Error::user(format!("cannot write {}: {error}", file.name)).hint("make the file writable")
    })
}

/// What changes, line by line.
fn shown(file: &PlanFile, edits: &[TextEdit]) -> String {
    let (text, index) = (file.text.as_str(), LineIndex::new(&file.text));
    let mut shown = String::new();
    let mut sorted: Vec<&TextEdit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.span.start);
    for edit in sorted {
        let (line, _) = index.line_column(text, edit.span.start);
        let start = text.get(..edit.span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let end = text
            .get(edit.span.end..)
            .and_then(|rest| rest.find('\n'))
            .map_or(text.len(), |at| edit.span.end + at);
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        let old = part(start, end).to_owned();
        let new = [part(start, edit.span.start), &edit.new_text, part(edit.span.end, end)].concat();
        let _ = writeln!(shown, "{}:{line}", file.name);
        for (sign, side) in [('-', &old), ('+', &new)] {
            for line in side.lines() {
                let _ = writeln!(shown, "{sign} {}", printable(line));
            }
        }
    }
    shown.trim_end().to_owned()
}
