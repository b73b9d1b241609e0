//! `pause`, `continue`, `stop`, `steer`, `answer`: steering a loop, whoever runs it.

use super::{
    asking::{self, Said},
    opening,
    opening::Either,
    run,
};
use crate::{
    cli::{AnswerArgs, ContinueArgs, GoOnArgs, PauseArgs, SteerArgs, TargetArg},
    display::Display,
    output::say,
    report::exit,
};
use alfine_core::{
    hint::Hint,
    machine::{Answer, Command},
    news::Mend,
    task::TaskKey,
    text::shell_word,
};
use alfine_engine::{
    Error, Result,
    control::Taken,
    project::Project,
    requests::{self, AnswerRequest, Continued, How, PlanContinued},
    start::More,
};
use std::path::Path;

/// Holds a loop, or all of a plan.
pub(super) fn pause(directory: &Path, args: &PauseArgs) -> Result<u8> {
    let how = if args.now { "is paused" } else { "pauses after this iteration" };
    hold(directory, &args.target, Command::Pause { now: args.now, reason: None }, how)
}

/// Ends a loop's agent and stops the loop, or all of a plan.
pub(super) fn stop(directory: &Path, args: &TargetArg) -> Result<u8> {
    hold(directory, args, Command::Stop, "is stopping")
}

fn hold(directory: &Path, target: &TargetArg, command: Command, how: &str) -> Result<u8> {
    let mut project = opening::open(directory, false)?;
    let plan = match opening::target(&mut project, target)? {
        Either::Task(key) => return send(&mut project, &key, command, how),
        Either::Plan(plan) => plan,
    };
    let request = requests::HoldPlan { plan: plan.clone(), command };
    let loops = asking::drive(&mut project, request, Said::default())?;
    for key in &loops {
        say(format_args!("{key} {how}"));
    }
    let named = shell_word(&plan);
    say(format_args!("{plan}: no other task begins; to go on with it: alfine continue {named}"));
    Ok(exit::DONE)
}

/// Leaves a note for the agent.
pub(super) fn steer(directory: &Path, args: &SteerArgs) -> Result<u8> {
    let (mut project, key) = opening::task(directory, &args.task, false)?;
    send(&mut project, &key, Command::Steer { text: args.text.clone() }, "has the note for its next prompt")
}

fn send(project: &mut Project, key: &TaskKey, command: Command, how: &str) -> Result<u8> {
    let request = requests::Send { task: key.clone(), command: command.clone(), until_rest: false };
    let taken = asking::drive(project, request, Said::default())?;
    match (command, taken) {
        (Command::Stop, Taken::BySavedState) => say(format_args!("{key} is stopped")),
        (Command::Pause { .. }, Taken::BySavedState) => say(format_args!("{key} is paused")),
        _ => say(format_args!("{key} {how}")),
    }
    Ok(exit::DONE)
}

/// Goes on with a loop, or with the run of a plan.
pub(super) fn go_on(directory: &Path, args: &ContinueArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.how.json)?;
    let more = More {
        max_iterations: args.max_iterations,
        reset_breaker: args.reset_breaker,
        max_cost_usd: args.max_cost,
    };
    let key = match opening::target(&mut project, &args.target)? {
        Either::Task(key) if args.budget.is_some() => return Err(run::budget_of_task(&key)),
        Either::Task(key) => key,
        Either::Plan(plan) if more == More::default() => {
            return go_on_with_plan(&mut project, &plan, args);
        }
        Either::Plan(plan) => {
            return Err(
                Error::user("new limits are given to one task").hint(Hint::NameTask { plan: Some(plan) })
            );
        }
    };
    let (in_background, keep_plan) = (args.how.background, args.how.keep_plan);
    let request = requests::Continue { task: key.clone(), more, in_background, keep_plan };
    match asking::drive(&mut project, request, said(&args.how))? {
        Continued::ByRunner => {
            say(format_args!("{key} goes on"));
            Ok(exit::DONE)
        }
        Continued::GoesOn { how, changes } => {
            goes_on(&mut project, &key, how, &changes, args.how.json, "goes on")
        }
    }
}

fn go_on_with_plan(project: &mut Project, plan: &str, args: &ContinueArgs) -> Result<u8> {
    let how = &args.how;
    let (in_background, keep_plan) = (how.background, how.keep_plan);
    let request =
        requests::ContinuePlan { plan: plan.to_owned(), in_background, keep_plan, budget: args.budget };
    let PlanContinued { begun, left, short } = asking::drive(project, request, said(how))?;
    if in_background {
        for begun in &begun {
            run::tell_begun(&begun.task, if begun.went_on { "goes on" } else { "runs" });
        }
        for (key, why) in &left {
            say(format_args!("{key} was not started: {}", why.message));
        }
        if begun.is_empty() && short.is_some() {
            return run::tell_short(project, plan, Some(&Display::new()));
        }
        if begun.is_empty() && left.is_empty() {
            say(format_args!("nothing more of {plan} can begin now: alfine status {}", shell_word(plan)));
        }
        return Ok(exit::DONE);
    }
    let display = if how.json { None } else { Some(Display::new()) };
    let file = project.plan_named(plan)?;
    run::run_plan(project, &file, &file.plan.tasks, (begun, left), display.as_ref())
}

/// What the user said already of how a loop goes on.
pub(super) fn said(args: &GoOnArgs) -> Said {
    Said { trust: args.trust, json: args.json, ..Said::default() }
}

/// Runs a loop that goes on, or says that it runs in the background, after what is other in its plan. `does` says what it
/// does there.
pub(super) fn goes_on(
    project: &mut Project,
    key: &TaskKey,
    how: How,
    changes: &[Mend],
    json: bool,
    does: &str,
) -> Result<u8> {
    let How::Here(lock) = how else {
        tell_changes(key, changes);
        let named = shell_word(key);
        say(format_args!("{key} {does} in the background; follow it: alfine log {named} --follow"));
        return Ok(exit::DONE);
    };
    if !json {
        tell_changes(key, changes);
    }
    let display = if json { None } else { Some(Display::new()) };
    run::go_on(project, lock, display.as_ref())
}

/// Says what is other in a plan than when its loop last ran.
pub(super) fn tell_changes(key: &TaskKey, changes: &[Mend]) {
    if let Some(changed) = alfine_words::plan_changed(changes) {
        say(format_args!("{key}: {changed}"));
    }
}

/// Answers a loop's question and goes on with it in the background.
pub(super) fn answer(directory: &Path, args: &AnswerArgs) -> Result<u8> {
    let approved = match (args.approve, args.reject) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let text = args.text.clone().filter(|text| !text.trim().is_empty());
    if approved.is_none() && text.is_none() {
        return Err(Error::user("the answer is empty").hint("give a text, --approve or --reject"));
    }
    let (mut project, key) = opening::task(directory, &args.task, false)?;
    let answer = Answer { approved, text, landing: None };
    let request =
        AnswerRequest { task: key.clone(), approval: None, answer, merge: args.merge, hold: args.hold };
    asking::drive(&mut project, request, Said::default())?;
    if args.hold {
        say(format_args!("{key} has its answer; go on with it: alfine continue {}", shell_word(&key)));
    } else {
        say(format_args!(
            "{key} has its answer and goes on; follow it: alfine log {} --follow",
            shell_word(&key)
        ));
    }
    Ok(exit::DONE)
}
