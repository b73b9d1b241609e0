//! `alfine run` and `alfine start`: begin a loop or go on with it, here or in the background.

use super::{asking, opening, views};
use crate::{
    cli::{Context, RunArgs},
    display::{Display, Mark},
    output::{print_json, say},
    report::exit,
};
use alfine_core::{
    plan::{ContextMode, Task},
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{
    Error, Result, chain, chain::Chain, finish, loops, project::PlanFile, project::Project, project::Target,
    reason::in_words, runner::News, runner::Runner, start, start::More, start::Prepared, start::StartOptions,
    view,
};
use alfine_git::WorkingCopies;
use alfine_store::LoopLock;
use alfine_words::Reader;
use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

/// Runs a plan's task, or its tasks one after another.
pub fn perform(directory: &Path, args: &RunArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.json)?;
    let target = Target::parse(&args.target)?;
    let file = project.plan(&target.plan)?;
    let display = if args.json { None } else { Some(Display::new()) };
    let mut tasks = start::tasks_to_run(&project, &file, target.task.as_deref())?;
    if args.single_task {
        tasks.truncate(1);
    }
    let mut include = args.include_uncommitted.then_some(true);
    if target.task.is_some() {
        let Some(task) = tasks.first() else { return Ok(exit::DONE) };
        return Ok(run_one(&mut project, &file, task, args, &mut include, display.as_ref())?.status);
    }
    if tasks.is_empty() {
        tell_all_done(&project, &file, args.json)?;
    }
    trust_all(&project, &file, &tasks, args)?;
    let mut first_that_failed = exit::DONE;
    for task in &tasks {
        let open = start::open_dependencies(&project.store, &file, task)?;
        if !open.is_empty() {
            if let Some(display) = &display {
                display.line(Mark::Notice, &format!("{} waits for {}", file.key(task), open.join(", ")));
            }
            continue;
        }
        let end = run_one(&mut project, &file, task, args, &mut include, display.as_ref())?;
        if first_that_failed == exit::DONE {
            first_that_failed = end.status;
        }
        if !end.goes_on {
            break;
        }
    }
    Ok(first_that_failed)
}

/// Starts a plan's task in the background, or its tasks one after another.
pub fn in_background(directory: &Path, args: &RunArgs) -> Result<u8> {
    let mut project = opening::open(directory, args.json)?;
    let target = Target::parse(&args.target)?;
    let file = project.plan(&target.plan)?;
    let tasks = start::tasks_to_run(&project, &file, target.task.as_deref())?;
    let options = options_of(args);
    let can_start = |task: &&Task| {
        !matches!(start::prepare(&project, &file, task, &options), Ok(Prepared::Settled) | Err(_))
    };
    // Where none can, the first says why.
    let Some(task) = tasks.iter().find(can_start).or(tasks.first()) else {
        tell_all_done(&project, &file, args.json)?;
        return Ok(exit::DONE);
    };
    let key = file.key(task);
    let whole = target.task.is_none() && !args.single_task;
    if whole {
        trust_all(&project, &file, &tasks, args)?;
    }
    let mut include = args.include_uncommitted.then_some(true);
    let Some(lock) = lock_of(&mut project, &file, task, args, &mut include)? else {
        return settled(&project, &key, args.json);
    };
    if whole {
        let include_uncommitted = include.unwrap_or(false);
        chain::join(&mut project, &lock, Chain { options, include_uncommitted, ..Chain::default() })?;
    }
    start::detach(&project, lock, &opening::program()?)?;
    if args.json {
        print_task(&project, &key)?;
    } else {
        say(format_args!("{key} runs in the background"));
        say(format_args!("  follow it: alfine log {key} --follow"));
        say(format_args!("  stop it:   alfine stop {key}"));
    }
    Ok(exit::DONE)
}

fn tell_all_done(project: &Project, file: &PlanFile, json: bool) -> Result<()> {
    if json {
        let tasks = views::of_plans(project, std::slice::from_ref(file))?;
        return print_json(&serde_json::json!({ "tasks": tasks }));
    }
    say(format_args!("{}: every task is done", file.name));
    Ok(())
}

/// Is the background process of one loop. Its lock came as standard input.
pub fn runner(directory: &Path, loop_id: &str) -> Result<u8> {
    let id = loop_id.parse().map_err(|error| Error::user(format!("{error}")))?;
    let repository = alfine_git::Repository::discover(directory)?;
    let layout = alfine_files::Layout::of_common_dir(repository.common_dir());
    let lock = LoopLock::from_stdin(&layout, &id)?;
    let mut project = Project::open(directory)?;
    let display = Display::new();
    let status = run_loop(&mut project, lock, &mut |news| display.show(news))?;
    let key = project.store.loop_(&id)?.map(|row| row.task);
    if let (TaskStatus::Done, Some(key)) = (status, key) {
        match finish::when_done(&mut project, &key, WorkingCopies::Unmodified) {
            Ok(done) => done.into_iter().for_each(|done| display.line(Mark::Good, &done)),
            // The work is on its branch, and what comes next starts from there.
            Err(error) => report_unfinished(&error, Some(&display)),
        }
    }
    if let Some(next) = chain::advance(&mut project, &id, &opening::program()?)? {
        display.line(Mark::Detail, &format!("{next} begins"));
    }
    Ok(exit_status(status))
}

/// How a task of a plan ended.
struct End {
    /// The exit status that says so.
    status: u8,
    /// Whether its plan goes on. A task that fails blocks what depends on it and nothing else; what the user holds, or is
    /// asked about, keeps its turn.
    goes_on: bool,
}

fn run_one(
    project: &mut Project,
    file: &PlanFile,
    task: &Task,
    args: &RunArgs,
    include: &mut Option<bool>,
    display: Option<&Display>,
) -> Result<End> {
    let key = file.key(task);
    let Some(lock) = lock_of(project, file, task, args, include)? else {
        return Ok(End { status: settled(project, &key, args.json)?, goes_on: true });
    };
    let status = foreground(project, &key, lock, display)?;
    let goes_on = loops::loop_of(&project.store, &key)?.is_some_and(|row| chain::is_over(&row));
    Ok(End { status, goes_on })
}

/// Runs a loop in the foreground and tells how it ended.
pub fn foreground(
    project: &mut Project,
    key: &TaskKey,
    lock: LoopLock,
    display: Option<&Display>,
) -> Result<u8> {
    let mut status = run_loop(project, lock, &mut |news| match display {
        Some(display) => display.show(news),
        None => {
            // A reader of the stream that went away does not end the loop.
            let _ = print_json(news);
        }
    })?;
    let mut done = None;
    if status == TaskStatus::Done {
        match finish::when_done(project, key, WorkingCopies::All) {
            Ok(words) => done = words,
            Err(error) => report_unfinished(&error, display),
        }
        status = loops::loop_of(&project.store, key)?.map_or(status, |row| row.status);
    }
    match display {
        None => print_task(project, key)?,
        Some(display) => tell_end(project, key, display, done)?,
    }
    Ok(exit_status(status))
}

/// Tells that a task is done, and what its settings say to do then could not be done.
fn report_unfinished(error: &Error, display: Option<&Display>) {
    let hint = error.hint_for(Reader::Terminal).map(|hint| format!(" ({hint})")).unwrap_or_default();
    let words = format!("done, but `on_done` could not be: {}{hint}", error.message);
    match display {
        Some(display) => display.line(Mark::Bad, &words),
        None => tracing::warn!("{words}"),
    }
}

fn run_loop(project: &mut Project, lock: LoopLock, observe: &mut dyn FnMut(&News)) -> Result<TaskStatus> {
    let runner = Runner::new(
        &project.repository,
        &project.layout,
        &project.user,
        &mut project.store,
        lock,
        opening::program()?,
        observe,
    )?;
    let interrupter = runner.interrupter();
    let signals = signals::forward(move || interrupter.interrupt())?;
    let status = runner.run();
    signals.close();
    status
}

/// The right to run a task's loop: of the one there is, if it can go on, else of a new one. None where there is nothing to
/// run, because the task is done or rests until the user says more.
/// `include` is what the user said of uncommitted changes; who runs a whole plan is asked once.
fn lock_of(
    project: &mut Project,
    file: &PlanFile,
    task: &Task,
    args: &RunArgs,
    include: &mut Option<bool>,
) -> Result<Option<LoopLock>> {
    match start::prepare(project, file, task, &options_of(args))? {
        Prepared::Settled => Ok(None),
        Prepared::GoOn { row, spec } => {
            asking::trust(project, &file.name, &spec.commands, args.trust, args.json)?;
            warn_of_no_effect(args);
            let more = More {
                max_iterations: args.max_iterations,
                reset_breaker: false,
                max_cost_usd: args.max_cost,
            };
            start::take_over(project, &row, &more).map(Some)
        }
        Prepared::Begin { spec, uncommitted, problems } => {
            for problem in &problems {
                tracing::warn!("{problem}");
            }
            asking::trust(project, &file.name, &spec.commands, args.trust, args.json)?;
            if include.is_none() && !uncommitted.is_empty() {
                *include = Some(ask_about_uncommitted(&uncommitted, args)?);
            }
            start::begin(project, file, &spec, include.unwrap_or(false)).map(Some)
        }
    }
}

/// Asks for all that these tasks would run: nobody is there to be asked when the later ones begin.
fn trust_all(project: &Project, file: &PlanFile, tasks: &[Task], args: &RunArgs) -> Result<()> {
    let items = start::commands_of(project, tasks.iter().map(|task| (file, task)), &options_of(args));
    asking::trust(project, &file.name, &items, args.trust, args.json)
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
            "{} changes nothing here: the loop goes on with what it was begun with; to begin it anew, discard it first",
            given.join(", ")
        );
    }
}

fn ask_about_uncommitted(uncommitted: &[PathBuf], args: &RunArgs) -> Result<bool> {
    let notice = format!(
        "uncommitted, and so not in what the agent works on: {}",
        alfine_core::printable::printable_paths(uncommitted)
    );
    if args.json || !std::io::stdin().is_terminal() {
        tracing::warn!("{notice}; --include-uncommitted takes it along");
        return Ok(false);
    }
    say(format_args!("! {notice}"));
    match asking::choice("[s]tart without it, [i]nclude it, [c]ancel?", &['s', 'i', 'c'])? {
        's' => Ok(false),
        'i' => Ok(true),
        _ => Err(Error::user("cancelled").hint("commit or stash what is uncommitted, then run again")),
    }
}

/// Tells what a task that is not run now is waiting for.
fn settled(project: &Project, key: &TaskKey, json: bool) -> Result<u8> {
    let row = loops::loop_of(&project.store, key)?;
    let status = row.as_ref().map_or(TaskStatus::Done, |row| row.status);
    if json {
        print_task(project, key)?;
    } else {
        tell_end(project, key, &Display::new(), None)?;
    }
    Ok(exit_status(status))
}

fn tell_end(project: &Project, key: &TaskKey, display: &Display, done: Option<String>) -> Result<()> {
    let Some(row) = loops::loop_of(&project.store, key)? else {
        display.line(Mark::Good, &format!("{key} is done already"));
        return Ok(());
    };
    let mark = match row.status {
        TaskStatus::Done | TaskStatus::Merged => Mark::Good,
        TaskStatus::Failed => Mark::Bad,
        _ => Mark::Notice,
    };
    let reason = row.reason.as_deref().filter(|reason| !reason.is_empty());
    let reason = reason
        .map(|reason| format!(": {}", alfine_core::printable::printable(&in_words(reason))))
        .unwrap_or_default();
    let is = match row.status {
        TaskStatus::NeedsInput => "needs your input".to_owned(),
        TaskStatus::Failed => "failed".to_owned(),
        status => format!("is {status}"),
    };
    display.line(mark, &format!("{key} {is}{reason}"));
    let cost = match view::cost(row.cost_usd, &row.summary.breaker) {
        Some(cost) if row.cost_usd.is_none() && row.tokens > 0 => format!("{cost}, {} tokens · ", row.tokens),
        Some(cost) => format!("{cost} · "),
        None => String::new(),
    };
    let summary = &row.summary;
    display.line(
        Mark::Detail,
        &format!(
            "{} of {} iterations · {cost}{} changed",
            summary.iteration,
            summary.max_iterations,
            crate::display::count(summary.files_changed, "file")
        ),
    );
    if let Some(done) = done {
        display.line(Mark::Good, &done);
    }
    let asks = start::open_question(project, &row.id)?;
    for next in views::next_steps(key, row.status, &row, asks) {
        display.line(Mark::Detail, &next);
    }
    Ok(())
}

fn print_task(project: &Project, key: &TaskKey) -> Result<()> {
    let view = views::of_task(project, key)?;
    print_json(&serde_json::json!({ "task": view }))
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

mod signals {
    //! Ctrl-C and its like hold the loop; a second one ends this process, and the guard ends the agent.

    use alfine_engine::{Error, ErrorKind, Result};
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::{Handle, Signals},
    };

    /// Calls `interrupt` at the first signal; the second one ends this process.
    pub fn forward(interrupt: impl Fn() + Send + 'static) -> Result<Handle> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("signals cannot be handled: {error}"))
        })?;
        let handle = signals.handle();
        std::thread::spawn(move || {
            let mut asked = false;
            for signal in &mut signals {
                if asked {
                    let _ = signal_hook::low_level::emulate_default_handler(signal);
                }
                asked = true;
                interrupt();
            }
        });
        Ok(handle)
    }
}
