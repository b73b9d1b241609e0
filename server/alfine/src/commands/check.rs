//! `alfine check`: what the commands of criteria say now.

use super::opening;
use crate::{
    cli::CheckArgs,
    display::Display,
    output::{print_json, say},
    report::exit,
};
use alfine_core::{plan::Task, printable::printable, proof::Answer};
use alfine_engine::{Result, check, project};
use alfine_verify::CancelToken;
use alfine_words::Mark;
use std::path::Path;

/// Runs the checks and prints what each answered, as it comes.
pub(super) fn perform(directory: &Path, args: &CheckArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.json)?;
    let target = project.target(&args.target)?;
    let file = project.plan(&target.plan)?;
    let is_meant = |task: &&Task| match &target.task {
        Some(id) => task.id.0 == *id,
        None => !task.is_over(),
    };
    let tasks: Vec<&Task> = file.plan.tasks.iter().filter(is_meant).collect();
    if let (Some(id), []) = (&target.task, tasks.as_slice()) {
        return Err(project::no_such_task(&file, id));
    }
    let (display, program) = (Display::new(), opening::program()?);
    let mut checked = Vec::new();
    let mut tell = |one: check::Checked| {
        if !args.json {
            let answer = one.run.as_ref().map_or(Answer::NotRun, |run| run.answer);
            let mark = match answer {
                Answer::Passed => Mark::Good,
                Answer::Failed | Answer::Empty => Mark::Detail,
                Answer::NotRun => Mark::Bad,
            };
            let said = one
                .run
                .as_ref()
                .map_or_else(|| alfine_words::answer(answer).to_owned(), alfine_words::run_said);
            let criterion = printable(&one.criterion);
            say(format_args!(
                "{} {}  {criterion}\n    {said}",
                one.task.id,
                display.painted(mark, alfine_words::answer(answer))
            ));
        }
        checked.push(one);
    };
    check::criteria(&mut project, &file, &tasks, (args.base, &program), &CancelToken::default(), &mut tell)?;
    if args.json {
        print_json(&serde_json::json!({ "checks": checked }))?;
        return Ok(exit::DONE);
    }
    let green = checked.iter().filter(|one| one.run.as_ref().is_some_and(|run| run.answer == Answer::Passed));
    say(format_args!("{}", alfine_words::green_already(green.count(), checked.len())));
    Ok(exit::DONE)
}
