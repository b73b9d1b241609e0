//! What happens before a loop runs: which tasks of a plan, with which settings, what must be asked first; then the
//! loop's beginning, or its taking over, and its runner in the background.
//!
//! Asks nobody itself: it says what has to be asked, and the front end asks.

mod begin;
mod waiting;

pub use crate::start_options::StartOptions;
pub(crate) use begin::{Fork, begin_loop, claim};
pub use waiting::Waiting;

use crate::{
    Error, ErrorKind, Result, checks, control, loops, project, project::PlanFile, project::Project,
    task_spec, task_spec::TaskSpec,
};
use alfine_config::{Layers, Loaded, Partial, trust::TrustItem};
use alfine_core::{
    breaker::{HARD_LIMIT, Rule, dollars},
    chain,
    hint::Hint,
    machine::{AskKind, Command},
    plan::{ContextMode, FieldName, Isolation, Plan, ProblemKind, Task},
    printable::printable,
    task::{TaskKey, TaskStatus},
    text::LineIndex,
};
use alfine_store::{LoopLock, LoopRow, Store};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// What a loop gets when it is continued.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct More {
    /// The new limit of iterations.
    pub max_iterations: Option<u32>,
    /// Whether all counters start at zero.
    pub reset_breaker: bool,
    /// The new limit of cost, in US dollars.
    pub max_cost_usd: Option<f64>,
}

impl More {
    /// The command that says it.
    pub fn command(self) -> Command {
        Command::Continue {
            max_iterations: self.max_iterations,
            reset_breaker: self.reset_breaker,
            max_cost_usd: self.max_cost_usd,
        }
    }
}

/// What stands before a loop of a task.
#[derive(Debug, Clone)]
pub enum Prepared {
    /// There is nothing to run: the task is done, or its loop waits for something from the user.
    Settled,
    /// Its loop can be taken over.
    GoOn {
        /// That loop.
        row: Box<LoopRow>,
        /// What it was begun with.
        spec: Box<TaskSpec>,
    },
    /// A loop can begin.
    Begin {
        /// What it is run with.
        spec: Box<TaskSpec>,
        /// The state of the repository's HEAD, as it was found.
        start: alfine_git::Start,
        /// The uncommitted paths from the root. The agent would work without them.
        uncommitted: Vec<PathBuf>,
        /// Warnings about settings that are ignored.
        problems: Vec<String>,
    },
}

/// The tasks that are to be run: all open tasks of a plan in the order of the chain, or the named task alone.
pub(crate) fn tasks_to_run(project: &Project, file: &PlanFile, named: Option<&str>) -> Result<Vec<Task>> {
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
            .hint("remove one of these `Depends on` lines")
    })?;
    let waiting = Waiting::new(&project.store, file)?;
    let in_order = order.into_iter().filter_map(|at| file.plan.tasks.get(at));
    Ok(in_order.filter(|task| !task.done && !waiting.is_satisfied(task)).cloned().collect())
}

/// Finds out what a loop of a task needs before it can begin, and refuses a task that cannot be run. Changes nothing.
pub fn prepare(project: &Project, file: &PlanFile, task: &Task, options: &StartOptions) -> Result<Prepared> {
    let key = file.key(task);
    task_spec::check_iterations(options.max_iterations)?;
    if let Some(row) = project.store.current_loop(&key)? {
        if loops::is_running(&project.layout, &row.id)? {
            return Err(held(project, &key));
        }
        if !matches!(row.status, TaskStatus::Interrupted | TaskStatus::Paused) {
            return Ok(Prepared::Settled);
        }
        let spec = Box::new(TaskSpec::of(&row)?);
        return Ok(Prepared::GoOn { row: Box::new(row), spec });
    }
    if task.done {
        return Ok(Prepared::Settled);
    }
    let open: Vec<String> = Waiting::new(&project.store, file)?.of(task).into_iter().map(|id| id.0).collect();
    if !open.is_empty() {
        return Err(Error::user(format!("{key} waits for {}", open.join(", ")))
            .hint(Hint::StartAll { plan: file.name.clone() }));
    }
    let loaded = settings(&project.layers(), file, task, options)?;
    let start = project.repository.preflight(loaded.config.isolation)?;
    let mut repository = checks::Repository::look(project.repository.workdir());
    let spec = TaskSpec::new(&key, &file.plan, task, &loaded, options.single_task, &mut repository)?;
    let uncommitted = match spec.isolation {
        Isolation::InPlace => Vec::new(),
        Isolation::Worktree => {
            start.dirty.iter().filter(|path| is_of_the_agent(file, path)).cloned().collect()
        }
    };
    let problems = loaded.problems.iter().map(ToString::to_string).collect();
    Ok(Prepared::Begin { spec: Box::new(spec), start, uncommitted, problems })
}

/// Whether a loop may change this path: it is not the plan, the settings, or one of Alfine's own files.
fn is_of_the_agent(file: &PlanFile, path: &Path) -> bool {
    path.as_os_str() != file.name.as_str()
        && path.as_os_str() != "alfine.toml"
        && !path.starts_with(".alfine")
}

/// Begins a loop, from where the repository stood when its task was prepared. The lock is the right to run it.
pub fn begin(
    project: &mut Project,
    file: &PlanFile,
    spec: &TaskSpec,
    start: alfine_git::Start,
    include_uncommitted: bool,
) -> Result<LoopLock> {
    begin_loop(project, file, spec, start, include_uncommitted, None).or_else(|error| {
        // Another process may have begun a loop since this one looked.
        let key = file.key(&spec.task);
        let now = project.store.current_loop(&key)?;
        let running = now.is_some_and(|row| loops::is_running(&project.layout, &row.id).unwrap_or(false));
        Err(if running { held(project, &key) } else { error })
    })
}

/// Takes a loop over that rests or whose runner died. One whose runner died goes on as it is, unless there is more to
/// say.
pub fn take_over(project: &mut Project, row: &LoopRow, more: &More) -> Result<LoopLock> {
    let lock = claim(project, &row.id)?;
    if row.status != TaskStatus::Interrupted || *more != More::default() {
        control::leave(project, &row.task, &more.command())?;
    }
    Ok(lock)
}

/// Refuses to continue a loop for the reasons that the loop itself would give, but before a process is started.
pub(crate) fn check_continue(project: &Project, row: &LoopRow, more: &More) -> Result<()> {
    let key = &row.task;
    task_spec::check_iterations(more.max_iterations)?;
    if row.status == TaskStatus::Done {
        return Err(Error::user(format!("{key} is done: there is nothing to continue"))
            .hint(Hint::Merge { task: key.clone() }));
    }
    if row.status == TaskStatus::NeedsInput
        && loops::open_question(&project.store, &row.id)?.is_some_and(|asked| asked.kind == AskKind::Approval)
    {
        return Err(Error::user(format!("{key} asks for your approval first"))
            .hint(Hint::Approve { task: key.clone() }));
    }
    let counted = |rule| row.summary.line(rule).map_or(0.0, |line| line.count);
    if let Some(limit) = more.max_cost_usd {
        if !limit.is_finite() || limit <= 0.0 {
            return Err(Error::user(format!(
                "a limit of cost must be a positive number of US dollars, not {limit}"
            )));
        }
        let spent = counted(Rule::Cost);
        if !more.reset_breaker && limit <= spent {
            return Err(Error::user(format!(
                "a limit of {} is already reached: the loop cost {} so far",
                dollars(limit),
                dollars(spent)
            ))
            .hint(Hint::RaiseCost));
        }
    }
    let judged = counted(Rule::Iterations);
    match more.max_iterations {
        Some(limit) if !more.reset_breaker && f64::from(limit) <= judged => Err(Error::user(format!(
            "a limit of {limit} iterations is already reached: {judged} were judged"
        ))
        .hint(Hint::RaiseIterations { from: judged as u32 + 1, to: HARD_LIMIT })),
        _ => Ok(()),
    }
}

/// Why a task that is settled is not started: it is done, or its loop waits for the user.
pub fn settled(store: &Store, key: &TaskKey) -> Result<Error> {
    let status = loops::loop_of(store, key)?.map_or(TaskStatus::Done, |row| row.status);
    let hint = match status {
        TaskStatus::Done => Hint::AnyOf(vec![
            Hint::Merge { task: key.clone() },
            Hint::Discard { task: key.clone() },
            Hint::advice("to have it done again, remove the tick and give it another id"),
        ]),
        TaskStatus::NeedsInput => Hint::advice("answer what it asks; then it goes on"),
        _ => loops::go_on_or_discard(key),
    };
    let is = match status {
        TaskStatus::NeedsInput => "waits for your answer".to_owned(),
        status => format!("is {status}"),
    };
    Ok(Error::user(format!("{key} {is}: there is nothing to start")).hint(hint))
}

/// Hands a loop over to a background process. `program` is Alfine's own binary.
pub fn detach(project: &Project, lock: LoopLock, program: &Path) -> Result<()> {
    let id = lock.loop_id().clone();
    let log = project.layout.runner_log(id.as_str());
    let arguments =
        ["-C".into(), project.directory().as_os_str().to_owned(), "runner".into(), id.as_str().into()];
    let environment: Vec<_> = std::env::vars_os().collect();
    let stdin = lock.into_stdin();
    alfine_process::detach(
        program,
        program.as_os_str(),
        &arguments,
        &environment,
        project.directory(),
        stdin,
        &log,
    )?;
    Ok(())
}

/// The error of a task whose loop runs already, with who runs it.
pub(crate) fn held(project: &Project, key: &TaskKey) -> Error {
    let row = project.store.current_loop(key).ok().flatten();
    let runner = row.and_then(|row| LoopLock::acquire(&project.layout, &row.id).err());
    let runner = runner.map(|error| error.to_string()).unwrap_or_default();
    let (watch, stop) = (Hint::Watch { task: key.clone() }, Hint::Stop { task: key.clone() });
    Error::running(Some(key.clone()), runner).hint(Hint::AnyOf(vec![watch, stop]))
}

/// Everything that these tasks would run, each text once. Invalid settings of a task are reported when it is started.
pub fn commands_of<'a>(
    project: &Project,
    tasks: impl IntoIterator<Item = (&'a PlanFile, &'a Task)>,
    options: &StartOptions,
) -> Vec<TrustItem> {
    let mut repository = checks::Repository::look(project.repository.workdir());
    let layers = project.layers();
    let mut seen = BTreeSet::new();
    let mut items = Vec::new();
    for (file, task) in tasks {
        if let Ok(loaded) = settings(&layers, file, task, options) {
            let (key, plan) = (file.key(task), &file.plan);
            let commands = task_spec::commands_of(&key, plan, task, &loaded, &mut repository);
            items.extend(commands.into_iter().filter(|item| seen.insert(item.command.clone())));
        }
    }
    items
}

fn settings(layers: &Layers, file: &PlanFile, task: &Task, options: &StartOptions) -> Result<Loaded> {
    check_limit_fields(file, task)?;
    let fields = [&file.plan.defaults, &task.fields].map(Partial::from).to_vec();
    Ok(alfine_config::load(&Layers { command_line: flags(options), task: fields, ..layers.clone() })?)
}

fn flags(options: &StartOptions) -> Partial {
    let mut flags = Partial::default();
    flags.set("limits.iterations", options.max_iterations);
    flags.set("agent", options.agent.clone());
    flags.set("model", options.model.clone());
    flags.set("isolation", options.in_place.then_some("in-place"));
    let context = options.context.map(|context| match context {
        ContextMode::Resume => "resume",
        ContextMode::Fresh => "fresh",
    });
    flags.set("context", context);
    flags.set("limits.cost_usd", options.max_cost);
    flags.set("permissions", options.permissions.clone());
    flags
}

/// Refuses a task whose own limits, or those of its plan, are written so that they say nothing: it would run without
/// them.
fn check_limit_fields(file: &PlanFile, task: &Task) -> Result<()> {
    let PlanFile { name: plan, text, plan: Plan { tasks, problems, .. }, .. } = file;
    let limits = [FieldName::MaxIterations, FieldName::MaxCost];
    let bad = problems.iter().find_map(|problem| {
        let ProblemKind::InvalidField { name, expected, .. } = &problem.kind else { return None };
        let holds = |task: &&Task| (task.span.start..task.span.end).contains(&problem.span.start);
        // A field outside every task applies to all tasks.
        let concerns = tasks.iter().rfind(holds).is_none_or(|owner| owner.id == task.id);
        let is_limit = limits.iter().any(|limit| limit.as_str() == name);
        (is_limit && concerns).then_some((problem.span, name, expected))
    });
    let Some((span, name, expected)) = bad else { return Ok(()) };
    let (line, column) = LineIndex::new(text).line_column(text, span.start);
    let written: String = span.of(text).chars().take(80).collect();
    Err(Error::new(
        ErrorKind::Config,
        format!(
            "{plan}:{line}:{column}: “{}” is not a valid value for {name}, so there would be no limit",
            printable(&written)
        ),
    )
    .hint(format!("write {expected}, or remove the line")))
}
