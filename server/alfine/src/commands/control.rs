//! `pause`, `continue`, `stop`, `steer`, `answer`: steering a loop, whoever runs it.

use super::{asking, opening, run};
use crate::{
    cli::{AnswerArgs, ContinueArgs, PauseArgs, SteerArgs, TaskArg},
    display::Display,
    output::say,
    report::exit,
};
use alfine_core::{
    machine::{Answer, Command},
    task::TaskKey,
};
use alfine_engine::{
    Error, Result, control, control::Taken, loops, project::Project, start, start::More, task_spec,
    task_spec::TaskSpec,
};
use std::path::Path;

/// Holds a loop.
pub fn pause(directory: &Path, args: &PauseArgs) -> Result<u8> {
    let how = if args.now { "is paused" } else { "pauses after this iteration" };
    send(directory, &args.task, &Command::Pause { now: args.now, reason: None }, how)
}

/// Ends a loop's agent and stops the loop.
pub fn stop(directory: &Path, args: &TaskArg) -> Result<u8> {
    send(directory, args, &Command::Stop, "is stopping")
}

/// Leaves a note for the agent.
pub fn steer(directory: &Path, args: &SteerArgs) -> Result<u8> {
    if args.text.trim().is_empty() {
        return Err(Error::user("the note is empty").hint("say what the agent should know, in quotes"));
    }
    send(
        directory,
        &args.task,
        &Command::Steer { text: args.text.clone() },
        "has the note for its next prompt",
    )
}

fn send(directory: &Path, task: &TaskArg, command: &Command, how: &str) -> Result<u8> {
    let mut project = opening::open(directory, false)?;
    let key = project.key(&task.task)?;
    let taken = control::send(&mut project, &key, command, opening::program()?)?;
    match (command, taken) {
        (Command::Stop, Taken::BySavedState) => say(format_args!("{key} is stopped")),
        (Command::Pause { .. }, Taken::BySavedState) => say(format_args!("{key} is paused")),
        _ => say(format_args!("{key} {how}")),
    }
    Ok(exit::DONE)
}

/// Goes on with a loop.
pub fn go_on(directory: &Path, args: &ContinueArgs) -> Result<u8> {
    task_spec::check_iterations(args.max_iterations)?;
    let mut project = opening::open(directory, args.json)?;
    let key = project.key(&args.task.task)?;
    let more = More {
        max_iterations: args.max_iterations,
        reset_breaker: args.reset_breaker,
        max_cost_usd: args.max_cost,
    };
    let row = loops::live_loop(&project, &key)?;
    if loops::is_running(&project.layout, &row.id)? {
        control::send(&mut project, &key, &more.command(), opening::program()?)?;
        say(format_args!("{key} goes on"));
        return Ok(exit::DONE);
    }
    start::check_continue(&project, &row, &more)?;
    let spec = TaskSpec::of(&row)?;
    asking::trust(&project, &key.plan, &spec.commands, args.trust, args.json)?;
    let lock = start::take_over(&mut project, &row, &more)?;
    if args.background {
        start::detach(&project, lock, &opening::program()?)?;
        say(format_args!("{key} goes on in the background; follow it: alfine log {key} --follow"));
        return Ok(exit::DONE);
    }
    let display = if args.json { None } else { Some(Display::new()) };
    run::foreground(&mut project, &key, lock, display.as_ref())
}

/// Answers a loop's question and goes on with it in the background.
pub fn answer(directory: &Path, args: &AnswerArgs) -> Result<u8> {
    let approved = match (args.approve, args.reject) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let text = args.text.clone().filter(|text| !text.trim().is_empty());
    if approved.is_none() && text.is_none() {
        return Err(Error::user("the answer is empty").hint("give a text, --approve or --reject"));
    }
    let mut project = opening::open(directory, false)?;
    let key = project.key(&args.task.task)?;
    if !args.hold {
        let spec = TaskSpec::of(&loops::live_loop(&project, &key)?)?;
        asking::trust(&project, &key.plan, &spec.commands, false, false)?;
    }
    control::answer(&mut project, &key, &Answer { approved, text })?;
    if args.hold {
        say(format_args!("{key} has its answer; go on with it: alfine continue {key}"));
        return Ok(exit::DONE);
    }
    go_on_in_background(&mut project, &key)?;
    say(format_args!("{key} has its answer and goes on; follow it: alfine log {key} --follow"));
    Ok(exit::DONE)
}

fn go_on_in_background(project: &mut Project, key: &TaskKey) -> Result<()> {
    let row = loops::live_loop(project, key)?;
    let lock = start::claim(project, &row.id)?;
    start::detach(project, lock, &opening::program()?)
}
