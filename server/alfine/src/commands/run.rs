//! `alfine run` and `alfine start`: begin a loop or go on with it, here or in the background.

use super::{
    asking::{self, Said},
    opening, signals, views,
};
use crate::{
    cli::{Context, RunArgs},
    display::Display,
    output::{print_json, say},
    report::exit,
};
use alfine_core::{
    news::{News, Told},
    plan::{ContextMode, Task},
    printable::printable,
    reason::Reason,
    task::{TaskKey, TaskStatus},
    text::shell_word,
};
use alfine_engine::{
    Error, Result, chain,
    foreground::{self as engine, Ended, Interrupter},
    known::Known,
    loops,
    project::{PlanFile, Project},
    requests::{Begun, How, Start, Started},
    start::{self, StartOptions},
};
use alfine_git::WorkingCopies;
use alfine_store::{LoopId, LoopLock};
use alfine_words::{
    Mark, Reader,
    text::{self, count, detailed},
};
use std::path::Path;

/// Runs a plan's task, or its tasks one after another.
pub(super) fn perform(directory: &Path, args: &RunArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.json)?;
    let display = if args.json { None } else { Some(Display::new()) };
    let started = start(&mut project, args, false)?;
    let Started { plan, tasks, begun } = started;
    let Some(begun) = begun else {
        tell_all_done(&project, &plan, args.json)?;
        return Ok(exit::DONE);
    };
    let How::Here(lock) = begun.how else {
        return tell_left(&project, &plan, &tasks, Vec::new(), display.as_ref());
    };
    let mut ran = vec![begun.task.id];
    let mut end = foreground(&mut project, lock, display.as_ref())?;
    let mut first_that_failed = end.exit;
    let left = loop {
        let next = chain::next(&mut project, &end.id)?;
        let Some((key, lock)) = next.begun else { break next.left };
        ran.push(key.id);
        end = foreground(&mut project, lock, display.as_ref())?;
        first_that_failed = first(first_that_failed, end.exit);
    };
    // What the user holds, or is asked about, keeps its turn.
    if end.goes_on {
        // The work itself may have moved the plan.
        let plan = match project.store.loop_(&end.id)? {
            Some(row) if row.task.plan != plan.name => project.plan_named(&row.task.plan)?,
            _ => plan,
        };
        let others: Vec<Task> = tasks.into_iter().filter(|task| !ran.contains(&task.id)).collect();
        let failed = tell_left(&project, &plan, &others, left, display.as_ref())?;
        first_that_failed = first(first_that_failed, failed);
    }
    Ok(first_that_failed)
}

/// Starts a plan's task in the background, or its tasks one after another.
pub(super) fn in_background(directory: &Path, args: &RunArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.json)?;
    let started = start(&mut project, args, true)?;
    let Some(Begun { task: key, how, .. }) = started.begun else {
        tell_all_done(&project, &started.plan, args.json)?;
        return Ok(exit::DONE);
    };
    if let How::Settled = how {
        return settled(&project, &key, args.json);
    }
    if args.json {
        print_task(&project, &key)?;
    } else {
        say(format_args!("{key} runs in the background"));
        let named = shell_word(&key);
        say(format_args!("  follow it: alfine log {named} --follow"));
        say(format_args!("  stop it:   alfine stop {named}"));
    }
    Ok(exit::DONE)
}

fn start(project: &mut Project, args: &RunArgs, in_background: bool) -> Result<Started> {
    let target = project.target(&args.target)?;
    let plan = project.plan(&target.plan)?.name;
    let mut start = Start::new(plan, target.task, options_of(args));
    start.only_one = args.single_task;
    start.include_uncommitted = args.include_uncommitted.then_some(true);
    start.in_background = in_background;
    let started =
        asking::drive(project, start, Said { trust: args.trust, json: args.json, again: args.again })?;
    if started.begun.as_ref().is_some_and(|begun| begun.went_on) {
        warn_of_no_effect(args);
    }
    Ok(started)
}

/// Tells what became of tasks of a plan that were not run, and returns the exit status of the first that needs the
/// user.
fn tell_left(
    project: &Project,
    plan: &PlanFile,
    tasks: &[Task],
    mut left: Vec<(TaskKey, Error)>,
    display: Option<&Display>,
) -> Result<u8> {
    let mut status = exit::DONE;
    let known = Known::here(project, plan)?;
    for task in tasks {
        let key = plan.key(task);
        let open = known.waits_for(task);
        let is_elsewhere = open.iter().any(|id| known.elsewhere(id).is_some());
        let open: Vec<String> = open.into_iter().map(|id| id.0).collect();
        let why = left.iter().position(|(of, _)| *of == key).map(|at| left.swap_remove(at).1);
        let words = match why {
            _ if !open.is_empty() && !is_elsewhere => format!("{key} waits for {}", open.join(", ")),
            Some(why) => format!("{key} was not started: {}", why.message),
            None => {
                status = first(status, settled(project, &key, display.is_none())?);
                continue;
            }
        };
        if let Some(display) = display {
            display.line(Mark::Notice, &words);
        }
    }
    Ok(status)
}

fn tell_all_done(project: &Project, file: &PlanFile, json: bool) -> Result<()> {
    if json {
        let tasks = views::of_plans(project, std::slice::from_ref(file))?;
        let tasks: Vec<_> = tasks.into_iter().map(views::shown).collect();
        return print_json(&serde_json::json!({ "tasks": tasks }));
    }
    say(format_args!("{}: every task is done", file.name));
    for (task, row) in Known::new(&project.store, file)?.merged_and_open(file) {
        let merged = start::merged_already(&file.key(task), row);
        let hint = merged.hint_for(Reader::Terminal).unwrap_or_default();
        say(format_args!("  {}, and its box is open; {hint}", merged.message));
    }
    Ok(())
}

/// Is the background process of one loop. Its lock came as standard input.
pub(super) fn runner(directory: &Path, loop_id: &str) -> Result<u8> {
    let id = loop_id.parse().map_err(|error| Error::user(format!("{error}")))?;
    let repository = alfine_git::Repository::discover(directory)?;
    let layout = alfine_files::Layout::of_common_dir(repository.common_dir());
    let lock = LoopLock::from_stdin(&layout, &id)?;
    let mut project = Project::open(directory)?;
    let display = Display::new();
    let ended = run_loop(&mut project, lock, WorkingCopies::Unmodified, Some(&display))?;
    if let Some(done) = &ended.done {
        display.line(Mark::Good, done);
    }
    if let Some(next) = chain::advance(&mut project, &id, &opening::program()?)? {
        display.line(Mark::Detail, &format!("{next} begins"));
    }
    Ok(exit_status(ended.status))
}

/// How a loop that was run in the foreground ended.
pub(super) struct End {
    /// The loop.
    pub id: LoopId,
    /// The exit status that says so.
    pub exit: u8,
    /// Where the task is then.
    pub status: TaskStatus,
    /// Whether its plan goes on. A task that fails blocks what depends on it and nothing else.
    goes_on: bool,
}

/// Runs a loop in the foreground and prints how it ended.
pub(super) fn foreground(project: &mut Project, lock: LoopLock, display: Option<&Display>) -> Result<End> {
    let ended = run_loop(project, lock, WorkingCopies::All, display)?;
    match display {
        None => print_task(project, &ended.task)?,
        Some(display) => tell_end(project, &ended.task, display, true, ended.done)?,
    }
    let goes_on = project.store.loop_(&ended.id)?.is_some_and(|row| chain::is_over(&row));
    Ok(End { id: ended.id, exit: exit_status(ended.status), status: ended.status, goes_on })
}

fn run_loop(
    project: &mut Project,
    lock: LoopLock,
    tick: WorkingCopies<'_>,
    display: Option<&Display>,
) -> Result<Ended> {
    let mut observe = |told: &Told| match display {
        // What is asked is said as a whole when the loop rests.
        Some(_) if matches!(told.news, News::Asks { .. }) => {}
        Some(display) => display.show(told),
        None => {
            // A reader of the stream that went away does not end the loop.
            let _ = print_json(told);
        }
    };
    let listen = |interrupter: Interrupter| -> Result<Box<dyn FnOnce()>> {
        let signals = signals::forward(move || interrupter.interrupt())?;
        Ok(Box::new(move || signals.close()))
    };
    let ended = engine::run(project, lock, &opening::program()?, tick, &mut observe, listen)?;
    if let Some(error) = &ended.unfinished {
        let hint = error.hint_for(Reader::Terminal).map(|hint| format!(" ({hint})")).unwrap_or_default();
        let words = detailed("done, but `on_done` failed", &error.message) + &hint;
        match display {
            Some(display) => display.line(Mark::Bad, &words),
            None => tracing::warn!("{words}"),
        }
    }
    Ok(ended)
}

fn options_of(args: &RunArgs) -> StartOptions {
    StartOptions {
        max_iterations: args.max_iterations,
        single_task: args.single_task,
        agent: args.agent.clone(),
        model: args.model.clone(),
        in_place: args.in_place,
        context: args.context.map(|context| match context {
            Context::Resume => ContextMode::Resume,
            Context::Fresh => ContextMode::Fresh,
        }),
        max_cost: args.max_cost,
        permissions: args.permissions.clone(),
        again: args.again,
    }
}

/// Names the flags that change nothing of a loop that was begun already.
fn warn_of_no_effect(args: &RunArgs) {
    let flags = [
        ("--agent", args.agent.is_some()),
        ("--model", args.model.is_some()),
        ("--in-place", args.in_place),
        ("--context", args.context.is_some()),
        ("--permissions", args.permissions.is_some()),
        ("--include-uncommitted", args.include_uncommitted),
    ];
    let given: Vec<&str> = flags.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect();
    if !given.is_empty() {
        tracing::warn!(
            "{} changes nothing here: the loop goes on with what it was started with; to start over, discard it first",
            given.join(", ")
        );
    }
}

/// Tells what a task that is not run now is waiting for.
fn settled(project: &Project, key: &TaskKey, json: bool) -> Result<u8> {
    let row = loops::loop_of(&project.store, key)?;
    let status = row.as_ref().map_or(TaskStatus::Done, |row| row.status);
    if json {
        print_task(project, key)?;
    } else {
        tell_end(project, key, &Display::new(), false, None)?;
    }
    Ok(exit_status(status))
}

/// Tells how a loop rests, and what to do then. `just_ran`: what happened in it was shown.
fn tell_end(
    project: &Project,
    key: &TaskKey,
    display: &Display,
    just_ran: bool,
    done: Option<String>,
) -> Result<()> {
    let Some(row) = loops::loop_of(&project.store, key)? else {
        display.line(Mark::Good, &format!("{key} is done already"));
        return Ok(());
    };
    let mark = match row.status {
        TaskStatus::Done if matches!(row.reason, Some(Reason::NotLanded { .. })) => Mark::Notice,
        TaskStatus::Done | TaskStatus::Merged => Mark::Good,
        TaskStatus::Failed => Mark::Bad,
        _ => Mark::Notice,
    };
    // Who stopped it knows that, and the line before says what proves what was just done.
    let is_known = |reason: &&Reason| match reason {
        Reason::StoppedByUser => true,
        Reason::Proven { .. } => just_ran,
        _ => false,
    };
    let reason = row.reason.as_ref().filter(|reason| !is_known(reason));
    let reason = reason.map(|reason| printable(&alfine_words::reason(reason))).unwrap_or_default();
    display.line(mark, &detailed(&format!("{key} {}", text::is(row.status)), &reason));
    let cost = match alfine_words::cost(row.cost_usd, row.summary.cost_is_partial()) {
        Some(cost) if row.cost_usd.is_none() && row.tokens > 0 => {
            format!("{cost}, {} · ", count(row.tokens, "token"))
        }
        Some(cost) => format!("{cost} · "),
        None => String::new(),
    };
    let summary = &row.summary;
    display.line(
        Mark::Detail,
        &format!(
            "{} of {} · {cost}{} changed",
            summary.iteration,
            count(summary.max_iterations.into(), "iteration"),
            count(summary.files_changed.into(), "file")
        ),
    );
    if let Some(done) = done {
        display.line(Mark::Good, &done);
    }
    for next in views::next_steps(&views::of_task(project, key)?) {
        display.line(Mark::Detail, &next);
    }
    Ok(())
}

fn print_task(project: &Project, key: &TaskKey) -> Result<()> {
    let view = views::shown(views::of_task(project, key)?);
    print_json(&serde_json::json!({ "task": view }))
}

/// The first of two exit statuses that is not that of success.
fn first(status: u8, other: u8) -> u8 {
    if status == exit::DONE { other } else { status }
}

/// The exit status of a loop that rests.
fn exit_status(status: TaskStatus) -> u8 {
    match status {
        TaskStatus::Done | TaskStatus::Merged | TaskStatus::Skipped => exit::DONE,
        TaskStatus::NeedsInput => exit::NEEDS_YOU,
        TaskStatus::Stopped | TaskStatus::Paused | TaskStatus::Interrupted | TaskStatus::Discarded => {
            exit::STOPPED
        }
        _ => exit::FAILED,
    }
}
