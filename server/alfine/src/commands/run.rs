//! `alfine run` and `alfine start`: begin a loop or go on with it, here or in the background.

mod goal;
mod together;
mod told;

use self::{
    together::{Ran, run_loop},
    told::{print_task, show, tell_end, tell_unfinished},
};
use super::{
    asking::{self, Said},
    opening, views,
};
use crate::{
    cli::{Becomes, Context, RunArgs},
    display::Display,
    output::{print_json, say},
    report::exit,
};
use alfine_config::OnDone;
use alfine_core::{
    budget::Short,
    hint::Hint,
    plan::{ContextMode, Lands, Task},
    plan_run::RunState,
    task::{TaskId, TaskKey, TaskStatus},
    text::shell_word,
};
use alfine_engine::{
    Error, Result,
    known::Known,
    loops, plan_run,
    project::{PlanFile, Project},
    requests::{Begun, How, Start, Started},
    start::{self, Demands, StartOptions},
};
use alfine_git::WorkingCopies;
use alfine_store::LoopLock;
use alfine_words::{self as words, Mark, Reader};
use std::path::Path;

/// Runs a plan's task, or a plan: so many of its tasks at a time.
pub(super) fn perform(directory: &Path, args: &RunArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.json)?;
    let display = if args.json { None } else { Some(Display::new()) };
    if goal::is_goal(&project, args)? {
        let begun = goal::begin(&mut project, args, options_of(args), false)?;
        return match begun.how {
            How::Here(lock) => Ok(exit_status(alone(&mut project, lock, display.as_ref())?)),
            How::InBackground | How::Settled => Ok(exit::DONE),
        };
    }
    let started = start(&mut project, args, false)?;
    if started.begun.is_empty() {
        tell_all_done(&project, &started.plan, args.json)?;
        return Ok(exit::DONE);
    }
    let Started { plan, tasks, begun, left, archived: _ } = started;
    run_plan(&mut project, &plan, &tasks, (begun, left), display.as_ref())
}

/// Runs what a plan's run has begun, and what it begins then. `tasks` are all that are to be run.
pub(super) fn run_plan(
    project: &mut Project,
    plan: &PlanFile,
    tasks: &[Task],
    (begun, left): (Vec<Begun>, Vec<(TaskKey, Error)>),
    display: Option<&Display>,
) -> Result<u8> {
    let locks: Vec<LoopLock> = begun
        .into_iter()
        .filter_map(|begun| match begun.how {
            How::Here(lock) => Some(lock),
            How::InBackground | How::Settled => None,
        })
        .collect();
    if locks.is_empty() {
        let failed = tell_left(project, plan, tasks, left, display)?;
        return Ok(first(failed, tell_short(project, &plan.name, display)?));
    }
    let ran = together::run(project, locks, left, display)?;
    let mut first_that_failed = exit_of(&ran);
    let Ran { ends, left, is_held } = ran;
    // The work itself may have moved the plan.
    let last = ends.last().map(|end| project.store.loop_(&end.id)).transpose()?.flatten();
    let name = last.map_or_else(|| plan.name.clone(), |row| row.task.plan);
    // What the user holds keeps its turn.
    if !is_held {
        let plan = project.plan_named(&name)?;
        let ran: Vec<&TaskId> = ends.iter().map(|end| &end.task.id).collect();
        let others: Vec<Task> = tasks.iter().filter(|task| !ran.contains(&&task.id)).cloned().collect();
        let failed = tell_left(project, &plan, &others, left, display)?;
        first_that_failed = first(first_that_failed, failed);
    }
    let first_that_failed = first(first_that_failed, tell_short(project, &name, display)?);
    if first_that_failed == exit::DONE
        && let (Some(branch), Some(display)) = (branch_of(project, &name)?, display)
    {
        display.line(Mark::Notice, &words::waits_on_branch(&name, &branch, Reader::Terminal));
    }
    Ok(first_that_failed)
}

/// The branch of its own that the last run of a plan landed on.
fn branch_of(project: &Project, plan: &str) -> Result<Option<String>> {
    Ok(project.store.last_plan_run(plan)?.as_ref().and_then(plan_run::RunOptions::branch_of))
}

/// Starts a plan's task in the background, or a plan.
pub(super) fn in_background(directory: &Path, args: &RunArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.json)?;
    if goal::is_goal(&project, args)? {
        let begun = goal::begin(&mut project, args, options_of(args), true)?;
        return match args.json {
            true => print_task(&project, &begun.task).map(|()| exit::DONE),
            false => {
                tell_begun(&begun.task, "runs");
                Ok(exit::DONE)
            }
        };
    }
    let started = start(&mut project, args, true)?;
    if started.begun.is_empty() {
        tell_all_done(&project, &started.plan, args.json)?;
        return Ok(exit::DONE);
    }
    for Begun { task: key, how, .. } in &started.begun {
        if let How::Settled = how {
            return settled(&project, key, args.json);
        }
        if args.json {
            print_task(&project, key)?;
        } else {
            tell_begun(key, "runs");
        }
    }
    Ok(exit::DONE)
}

/// Says that a loop is at work in the background, and how to follow it.
pub(super) fn tell_begun(key: &TaskKey, does: &str) {
    say(format_args!("{key} {does} in the background"));
    let named = shell_word(key);
    say(format_args!("  follow it: alfine log {named} --follow"));
    say(format_args!("  stop it:   alfine stop {named}"));
}

fn start(project: &mut Project, args: &RunArgs, in_background: bool) -> Result<Started> {
    let target = project.target(&args.target)?;
    let plan = project.plan(&target.plan)?.name;
    if let Some(task) = &target.task {
        let key = TaskKey::new(&plan, task.clone());
        if args.budget.is_some() {
            return Err(budget_of_task(&key));
        }
        if args.branch {
            return Err(Error::user(format!("{key} is one task, and has a branch of its own anyway"))
                .hint("leave --branch out, or name the plan alone"));
        }
    }
    let mut start = Start::new(plan, target.task, options_of(args));
    start.only_one = args.single_task;
    start.max_parallel = args.max_parallel;
    start.include_uncommitted = args.include_uncommitted.then_some(true);
    start.in_background = in_background;
    let started =
        asking::drive(project, start, Said { trust: args.trust, json: args.json, again: args.again })?;
    if started.begun.iter().any(|begun| begun.went_on) {
        warn_of_no_effect(args);
    }
    if let Some(folder) = started.archived.as_ref().filter(|_| !args.json) {
        say(format_args!("what was over of {} is archived in {folder}", started.plan.name));
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
    let short = short_of(project, &plan.name)?;
    for task in tasks {
        let key = plan.key(task);
        let open = known.waits_for(task);
        let is_elsewhere = open.iter().any(|id| known.elsewhere(id).is_some());
        let open: Vec<String> = open.into_iter().map(|id| id.0).collect();
        let why = left.iter().position(|(of, _)| *of == key).map(|at| left.swap_remove(at).1);
        let words = match why {
            _ if !open.is_empty() && !is_elsewhere => format!("{key} waits for {}", open.join(", ")),
            Some(why) => {
                status = first(status, exit::NEEDS_YOU);
                format!("{key} was not started: {}", why.message)
            }
            None if short.is_some() && project.store.current_loop(&key)?.is_none() => continue,
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

/// The budget that holds up the run of a plan.
fn short_of(project: &Project, plan: &str) -> Result<Option<Short>> {
    let run = project.store.last_plan_run(plan)?.filter(|run| run.state == RunState::NeedsInput);
    Ok(run.and_then(|run| run.short))
}

/// Says which budget holds up the run of a plan, and what to do, and returns the exit status of that.
pub(super) fn tell_short(project: &Project, plan: &str, display: Option<&Display>) -> Result<u8> {
    let Some(short) = short_of(project, plan)? else { return Ok(exit::DONE) };
    if let Some(display) = display {
        let hint = words::hint(&Hint::RaiseBudget { plan: plan.to_owned(), short }, Reader::Terminal);
        display.line(Mark::Notice, &format!("nothing more is begun: {short}"));
        display.line(Mark::Detail, &format!("→ {hint}"));
    }
    Ok(exit::NEEDS_YOU)
}

fn tell_all_done(project: &Project, file: &PlanFile, json: bool) -> Result<()> {
    if json {
        let tasks = views::of_plans(project, std::slice::from_ref(file))?;
        let tasks: Vec<_> = tasks.into_iter().map(views::shown).collect();
        return print_json(&serde_json::json!({ "tasks": tasks }));
    }
    say(format_args!("{}: every task is done", file.name));
    let branch = branch_of(project, &file.name)?;
    if let Some(branch) = &branch {
        say(format_args!("  {}", words::waits_on_branch(&file.name, branch, Reader::Terminal)));
    }
    for (task, row) in Known::new(&project.store, file)?.merged_and_open(file, branch.as_deref()) {
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
    let ended =
        run_loop(&mut project, lock, WorkingCopies::Unmodified, &mut |told| show(told, Some(&display)))?;
    tell_unfinished(&ended, Some(&display));
    if let Some(done) = &ended.done {
        display.line(Mark::Good, done);
    }
    for next in plan_run::after_in_background(&mut project, &id, &opening::program()?)? {
        display.line(Mark::Detail, &format!("{next} begins"));
    }
    Ok(exit_status(ended.status))
}

/// Runs a loop in the foreground, and no other, prints how it ended, and returns where its task is then.
pub(super) fn alone(project: &mut Project, lock: LoopLock, display: Option<&Display>) -> Result<TaskStatus> {
    let ran = together::run_alone(project, lock, display)?;
    Ok(ran.ends.first().map_or(TaskStatus::Interrupted, |end| end.status))
}

/// Runs a loop in the foreground that goes on, and then what the run of its plan begins. Returns the exit status.
pub(super) fn go_on(project: &mut Project, lock: LoopLock, display: Option<&Display>) -> Result<u8> {
    let ran = together::run(project, vec![lock], Vec::new(), display)?;
    Ok(exit_of(&ran))
}

/// The first exit status that is not that of success.
fn exit_of(ran: &Ran) -> u8 {
    ran.ends.iter().fold(exit::DONE, |status, end| first(status, exit_status(end.status)))
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
        plan_budget: args.budget,
        on_done: args.on_done.map(|becomes| match becomes {
            Becomes::Ask => OnDone::Ask,
            Becomes::Merge => OnDone::Merge,
            Becomes::Pr => OnDone::Pr,
        }),
        onto: None,
        lands: args.branch.then_some(Lands::Branch),
        permissions: args.permissions.clone(),
        learn: args.learn,
        archive: args.archive_previous,
        demands: Demands {
            require_tests: args.require_tests,
            browser_verify: args.browser_verify,
            auto_handoff: args.auto_handoff,
            anyway: args.anyway,
        },
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
        ("--learn", args.learn),
        ("--archive-previous", args.archive_previous),
        ("--include-uncommitted", args.include_uncommitted),
        ("--require-tests", args.require_tests),
        ("--browser-verify", args.browser_verify),
        ("--auto-handoff", args.auto_handoff.is_some()),
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

/// Why a task alone gets no budget of a plan.
pub(super) fn budget_of_task(key: &TaskKey) -> Error {
    Error::user(format!("a budget is a plan's, and {key} is one task"))
        .hint("limit what the task may cost with --max-cost, or name the plan alone")
}
