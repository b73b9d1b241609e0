//! `alfine run` and `alfine start`: begin a loop or go on with it, here or in the background.

use super::{asking, print_json, say, views};
use crate::{
    cli::{Context, RunArgs},
    display::{Display, Mark},
    report::exit,
};
use alfine_core::{
    chain,
    plan::Task,
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{
    Error, ErrorKind, Result,
    config::Partial,
    finish, process,
    project::{self, PlanFile, Project, Target},
    runner::{self, BeginOptions, News, Runner},
    store::LoopLock,
    task_spec::{self, TaskSpec},
    trust,
};
use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

/// Runs a plan's task, or its tasks one after another.
pub fn perform(directory: &Path, args: &RunArgs) -> Result<u8> {
    let mut project = open(directory, args.json)?;
    let target = Target::parse(&args.target)?;
    let file = project.plan(&target.plan)?;
    let display = if args.json { None } else { Some(Display::new()) };
    let mut last = exit::DONE;
    let tasks = tasks_to_run(&project, &file, target.task.as_deref(), args.single_task)?;
    if tasks.is_empty() {
        tell_all_done(&project, &file, args.json)?;
    }
    for task in &tasks {
        last = run_one(&mut project, &file, task, args, display.as_ref())?;
        if last != exit::DONE {
            break;
        }
    }
    if let Some(display) = &display {
        display.finish();
    }
    Ok(last)
}

/// Starts a plan's task in the background.
pub fn start(directory: &Path, args: &RunArgs) -> Result<u8> {
    let mut project = open(directory, args.json)?;
    let target = Target::parse(&args.target)?;
    let file = project.plan(&target.plan)?;
    let tasks = tasks_to_run(&project, &file, target.task.as_deref(), true)?;
    let Some(task) = tasks.first() else {
        tell_all_done(&project, &file, args.json)?;
        return Ok(exit::DONE);
    };
    let key = file.key(task);
    let Some(lock) = lock_of(&mut project, &file, task, args)? else {
        return settled(&project, &key, args.json);
    };
    detach(&project, lock)?;
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
    let repository = alfine_engine::git::Repository::discover(directory)?;
    let layout = alfine_engine::layout::Layout::of_common_dir(repository.common_dir());
    let lock = LoopLock::from_stdin(&layout, &id)?;
    let mut project = Project::open(directory)?;
    let display = Display::new();
    let status = run_loop(&mut project, lock, &mut |news| display.show(news))?;
    let key = project.store.loop_(&id)?.map(|row| row.task);
    if let (TaskStatus::Done, Some(key)) = (status, key)
        && let Some(done) = finish::when_done(&mut project, &key)?
    {
        display.line(Mark::Good, &done);
    }
    Ok(exit_status(status))
}

/// Hands a loop over to a background process.
pub fn detach(project: &Project, lock: LoopLock) -> Result<()> {
    let id = lock.loop_id().clone();
    let log = project.layout.runner_log(id.as_str());
    let arguments =
        ["-C".into(), project.directory().as_os_str().to_owned(), "runner".into(), id.as_str().into()];
    let program = program()?;
    let environment: Vec<_> = std::env::vars_os().collect();
    let stdin = lock.into_stdin();
    process::detach(
        &program,
        program.as_os_str(),
        &arguments,
        &environment,
        project.directory(),
        stdin,
        &log,
    )?;
    Ok(())
}

/// Alfine's own binary: the guard of every agent, and what runs in the background.
pub fn program() -> Result<PathBuf> {
    std::env::current_exe().map_err(|error| {
        Error::new(ErrorKind::Internal, format!("the path of alfine's own program is not known: {error}"))
    })
}

/// Opens the project and tells what the opening found.
pub fn open(directory: &Path, json: bool) -> Result<Project> {
    let project = Project::open(directory)?;
    for notice in &project.notices {
        if json {
            tracing::warn!("{notice}");
        } else {
            Display::new().line(Mark::Notice, notice);
        }
    }
    Ok(project)
}

fn run_one(
    project: &mut Project,
    file: &PlanFile,
    task: &Task,
    args: &RunArgs,
    display: Option<&Display>,
) -> Result<u8> {
    let key = file.key(task);
    let Some(lock) = lock_of(project, file, task, args)? else { return settled(project, &key, args.json) };
    foreground(project, &key, lock, display)
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
        match finish::when_done(project, key) {
            Ok(words) => done = words,
            Err(error) => report_unfinished(&error, display),
        }
        status = runner::loop_of(&project.store, key)?.map_or(status, |row| row.status);
    }
    match display {
        None => print_task(project, key)?,
        Some(display) => tell_end(project, key, display, done)?,
    }
    Ok(exit_status(status))
}

/// Tells that a task is done, and what its settings say to do then could not be done.
fn report_unfinished(error: &Error, display: Option<&Display>) {
    let hint = error.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
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
        program()?,
        observe,
    )?;
    let interrupter = runner.interrupter();
    let signals = signals::forward(move || interrupter.interrupt())?;
    let status = runner.run();
    signals.close();
    status
}

/// The tasks that are to be run, in the order of the chain.
fn tasks_to_run(project: &Project, file: &PlanFile, named: Option<&str>, one: bool) -> Result<Vec<Task>> {
    if let Some(id) = named {
        let task = file.plan.tasks.iter().find(|task| task.id.0 == id);
        let task = task.ok_or_else(|| project::no_such_task(file, id))?;
        return Ok(vec![task.clone()]);
    }
    if file.plan.tasks.is_empty() {
        return Err(Error::user(format!("{} has no task", file.name))
            .hint("write a heading such as “### US-001: Add coupon table”, or a list of checkboxes"));
    }
    let order = chain::order(&file.plan).map_err(|cycle| {
        let path: Vec<&str> = cycle.path.iter().map(|id| id.0.as_str()).collect();
        Error::user(format!("the tasks of {} wait for each other: {}", file.name, path.join(" → ")))
            .hint("take one `Depends on` of them away")
    })?;
    let mut tasks = Vec::new();
    for task in order.into_iter().filter_map(|at| file.plan.tasks.get(at)) {
        let row = project.store.task(&file.key(task))?;
        let settled = row.is_some_and(|row| row.status.satisfies_dependents());
        if !task.done && !settled {
            tasks.push(task.clone());
        }
    }
    if one {
        tasks.truncate(1);
    }
    Ok(tasks)
}

/// The right to run a task's loop: of the one there is, if it can go on, else of a new one. None where there is nothing to
/// run, because the task is done or rests until the user says more.
fn lock_of(project: &mut Project, file: &PlanFile, task: &Task, args: &RunArgs) -> Result<Option<LoopLock>> {
    let key = file.key(task);
    task_spec::check_iterations(args.max_iterations)?;
    if let Some(row) = project.store.current_loop(&key)? {
        if runner::is_running(&project.layout, &row.id)? {
            return Err(held(project, &key));
        }
        return match row.status {
            TaskStatus::Interrupted | TaskStatus::Paused => {
                let spec = finish::spec_of(&row)?;
                asking::trust(project, &key.plan, &spec, args.trust, args.json)?;
                warn_of_no_effect(args);
                let lock = runner::claim(project, &row.id)?;
                // A loop whose runner died is only taken over, unless the user says more.
                let says_more = args.max_iterations.is_some() || args.max_cost.is_some();
                if row.status == TaskStatus::Paused || says_more {
                    let go_on = alfine_core::machine::Command::Continue {
                        max_iterations: args.max_iterations,
                        reset_breaker: false,
                        max_cost_usd: args.max_cost,
                    };
                    alfine_engine::control::leave(project, &key, &go_on)?;
                }
                Ok(Some(lock))
            }
            _ => Ok(None),
        };
    }
    if task.done {
        return Ok(None);
    }
    let open = runner::open_dependencies(&project.store, file, task)?;
    if !open.is_empty() {
        return Err(Error::user(format!("{key} waits for {}", open.join(", ")))
            .hint(format!("run the whole plan: alfine run {}", file.name)));
    }
    let loaded = settings(project, file, task, args)?;
    for problem in &loaded.problems {
        tracing::warn!("{problem}");
    }
    let start = project.repository.preflight(loaded.config.isolation)?;
    let folder = project.repository.workdir();
    let spec = TaskSpec::new(&key, &file.plan, task, &loaded, args.single_task, folder)?;
    asking::trust(project, &key.plan, &spec, args.trust, args.json)?;
    let include =
        args.include_uncommitted || ask_about_uncommitted(file, &start.dirty, args, spec.isolation)?;
    let options = BeginOptions { include_uncommitted: include, fork: None };
    match runner::begin(project, file, &spec, &options) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) => {
            // Somebody else may have begun it since this process looked.
            let now = project.store.current_loop(&key)?;
            let running =
                now.is_some_and(|row| runner::is_running(&project.layout, &row.id).unwrap_or(false));
            Err(if running { held(project, &key) } else { error })
        }
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

fn settings(
    project: &Project,
    file: &PlanFile,
    task: &Task,
    args: &RunArgs,
) -> Result<alfine_engine::config::Loaded> {
    let mut flags = Partial::default();
    if let Some(limit) = args.max_iterations {
        flags.set("limits.iterations", limit);
    }
    if let Some(agent) = &args.agent {
        flags.set("agent", agent.clone());
    }
    if let Some(model) = &args.model {
        flags.set("model", model.clone());
    }
    if args.in_place {
        flags.set("isolation", "in-place");
    }
    if let Some(context) = args.context {
        flags.set(
            "context",
            match context {
                Context::Resume => "resume",
                Context::Fresh => "fresh",
            },
        );
    }
    if let Some(cost) = args.max_cost {
        flags.set("limits.cost_usd", cost);
    }
    if let Some(permissions) = &args.permissions {
        flags.set("permissions", permissions.clone());
    }
    // A flag that cannot be is told as such, once.
    project.settings(flags.clone(), Vec::new())?;
    let fields = [&file.plan.defaults, &task.fields].map(Partial::from);
    let mut fields = fields.to_vec();
    // What is typed now is meant now: a flag goes before what the plan says.
    fields.push(flags.clone());
    project.settings(flags, fields)
}

fn ask_about_uncommitted(
    file: &PlanFile,
    dirty: &[PathBuf],
    args: &RunArgs,
    isolation: alfine_core::plan::Isolation,
) -> Result<bool> {
    let others: Vec<String> = dirty
        .iter()
        .filter(|path| {
            path.as_os_str() != file.name.as_str()
                && path.as_os_str() != "alfine.toml"
                && !path.starts_with(".alfine")
        })
        .map(|path| trust::printable(&path.display().to_string()))
        .collect();
    if others.is_empty() || isolation == alfine_core::plan::Isolation::InPlace {
        return Ok(false);
    }
    const SHOWN: usize = 10;
    let more =
        if others.len() > SHOWN { format!(" and {} more", others.len() - SHOWN) } else { String::new() };
    let list = others.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    let notice = format!("uncommitted, and so not in what the agent works on: {list}{more}");
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

fn held(project: &Project, key: &TaskKey) -> Error {
    let row = project.store.current_loop(key).ok().flatten();
    let who = row.and_then(|row| match LoopLock::acquire(&project.layout, &row.id) {
        Err(error) => Some(error.to_string()),
        Ok(_) => None,
    });
    Error::user(format!("{key} is running already: {}", who.unwrap_or_default()))
        .hint(format!("watch it: alfine log {key} --follow; stop it: alfine stop {key}"))
}

/// Tells what a task that is not run now is waiting for.
fn settled(project: &Project, key: &TaskKey, json: bool) -> Result<u8> {
    let row = runner::loop_of(&project.store, key)?;
    let status = row.as_ref().map_or(TaskStatus::Done, |row| row.status);
    if json {
        print_task(project, key)?;
    } else {
        tell_end(project, key, &Display::new(), None)?;
    }
    Ok(exit_status(status))
}

fn tell_end(project: &Project, key: &TaskKey, display: &Display, done: Option<String>) -> Result<()> {
    let Some(row) = runner::loop_of(&project.store, key)? else {
        display.line(Mark::Good, &format!("{key} is done already"));
        return Ok(());
    };
    let mark = match row.status {
        TaskStatus::Done | TaskStatus::Merged => Mark::Good,
        TaskStatus::Failed => Mark::Bad,
        _ => Mark::Notice,
    };
    let reason = row.reason.as_deref().filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!(": {}", trust::printable(reason))).unwrap_or_default();
    let is = match row.status {
        TaskStatus::NeedsInput => "needs your input".to_owned(),
        TaskStatus::Failed => "failed".to_owned(),
        status => format!("is {status}"),
    };
    display.line(mark, &format!("{key} {is}{reason}"));
    let cost = match (row.cost_usd, row.tokens) {
        (Some(cost), _) => format!("{} · ", alfine_core::breaker::dollars(cost)),
        (None, 0) => String::new(),
        (None, tokens) => format!("cost unknown, {tokens} tokens · "),
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
    let asks = views::open_question(project, &row.id)?;
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
pub fn exit_status(status: TaskStatus) -> u8 {
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
