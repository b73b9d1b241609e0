//! What happens before a loop runs: which tasks of a plan, with which settings, what must be asked first; then the
//! loop's beginning, or its taking over, and its runner in the background.
//!
//! Asks nobody itself: it says what has to be asked, and the front end asks.

mod begin;

pub use crate::start_options::{Demands, More, StartOptions};
pub(crate) use begin::{Fork, base_of, begin_loop, claim};

use crate::{
    Error, Result, checks, control, gates, known::Known, loops, mend, mend::Text, project, project::PlanFile,
    project::Project, task_settings, task_settings::settings, task_spec, task_spec::TaskSpec,
};
use alfine_config::{OnDone, trust::TrustItem};
use alfine_core::{
    breaker::{Rule, dollars},
    detect::Detected,
    hint::Hint,
    plan::{Isolation, Task},
    printable::printable,
    reason::Reason,
    task::{TaskKey, TaskStatus},
    text::{count, shell_word},
    time::Moment,
};
use alfine_store::{LoopLock, LoopRow, Store, TaskRow};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// What stands before a loop of a task.
#[derive(Debug, Clone)]
pub enum Prepared {
    /// There is nothing to run: the task is done, or its loop waits for something from the user.
    Settled,
    /// The user has to say first whether it is the task of this row, in other words.
    Perhaps {
        /// That row.
        row: Box<TaskRow>,
    },
    /// It was merged, and its box is open: the user has to say first whether it is to be run again.
    RunAgain {
        /// Its row.
        row: Box<TaskRow>,
    },
    /// Its loop can be taken over.
    GoOn {
        /// That loop.
        row: Box<LoopRow>,
        /// What it goes on with.
        text: Box<Text>,
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

/// What is known of the tasks of a plan that is run as a whole, with what they were found to depend on.
pub(crate) fn known_for_run<'f>(project: &Project, file: &'f PlanFile) -> Result<Known<'f>> {
    let loaded = task_settings::of_plan(&project.layers(), file, &StartOptions::default())?;
    Ok(Known::new(&project.store, file)?.detecting(file, &loaded.config))
}

/// Whether the settings have a plan that is run as a whole stop after one task.
pub(crate) fn is_one_enough(project: &Project, file: &PlanFile) -> Result<bool> {
    let loaded = task_settings::of_plan(&project.layers(), file, &StartOptions::default())?;
    Ok(loaded.config.execution.single_task_mode)
}

/// The tasks that are to be run: all open tasks of a plan in the order of the chain, or the named task alone.
pub(crate) fn tasks_to_run(file: &PlanFile, known: &Known<'_>, named: Option<&str>) -> Result<Vec<Task>> {
    if let Some(id) = named {
        let task = file.plan.tasks.iter().find(|task| task.id.0 == id);
        let task = task.ok_or_else(|| project::no_such_task(file, id))?;
        return Ok(vec![task.clone()]);
    }
    if file.plan.tasks.is_empty() {
        return Err(Error::user(format!("{} has no task", file.name)).hint(project::how_to_write_tasks(file)));
    }
    known.open_in_order().map_err(|cycle| {
        let path: Vec<&str> = cycle.path.iter().map(|id| id.0.as_str()).collect();
        Error::user(format!("the tasks of {} wait for each other: {}", file.name, path.join(" → ")))
            .hint("remove one of these `Depends on` lines")
    })
}

/// Why a task of a run is not begun yet although the plan does not say that it waits.
pub(crate) fn held_back(key: &TaskKey, by: &Detected) -> Error {
    Error::user(format!("{key} comes after {}: {}", by.on, alfine_words::shared(&by.by))).hint(Hint::AnyOf(
        vec![
            Hint::Start { task: key.clone() },
            Hint::advice("write `Depends on: none` below it, if it waits for nothing"),
        ],
    ))
}

/// Finds out what a loop of a task needs before it can begin, and refuses a task that cannot be run. Changes nothing.
pub fn prepare(project: &Project, file: &PlanFile, task: &Task, options: &StartOptions) -> Result<Prepared> {
    let key = file.key(task);
    task_spec::check_iterations(options.max_iterations)?;
    let onto = options.onto.as_deref();
    let known = Known::for_start(project, file, task, onto)?;
    if let Some(row) = known.perhaps(task) {
        return Ok(Prepared::Perhaps { row: Box::new(row.clone()) });
    }
    if let Some(row) = project.store.current_loop(&key)? {
        if loops::is_running(&project.layout, &row.id)? {
            return Err(held(project, &key));
        }
        if !matches!(row.status, TaskStatus::Interrupted | TaskStatus::Paused) {
            return Ok(Prepared::Settled);
        }
        let text = Box::new(mend::text(project, &row, false)?);
        return Ok(Prepared::GoOn { row: Box::new(row), text });
    }
    if task.is_over() {
        return Ok(Prepared::Settled);
    }
    let merged = known.row(task).filter(|row| row.status == TaskStatus::Merged && !options.again);
    if let Some(row) = merged.filter(|_| file.has_open_box(task)) {
        return Ok(Prepared::RunAgain { row: Box::new(row.clone()) });
    }
    let open = known.waits_for(task);
    if let Some(row) = open.iter().find_map(|id| known.elsewhere(id)) {
        return Err(work_is_elsewhere(project, &key, row));
    }
    let open: Vec<String> = open.into_iter().map(|id| id.0).collect();
    if !open.is_empty() {
        return Err(Error::user(format!("{key} waits for {}", open.join(", ")))
            .hint(Hint::StartAll { plan: file.name.clone() }));
    }
    let loaded = settings(&project.layers(), file, task, options)?;
    let mut start = project.repository.preflight(loaded.config.isolation)?;
    let mut repository = checks::Repository::look(project.repository.workdir());
    let mut spec = TaskSpec::new(&key, &file.plan, task, &loaded, options, &mut repository)?;
    gates::refuse_unverifiable(&key, (&spec.task, &spec.verifiers), &loaded.config, options)?;
    if let Some(branch) = onto {
        refuse_in_place(&key, &spec)?;
        spec.on_done = OnDone::Merge;
        start = match project.repository.branch_commit(branch)? {
            Some(tip) => start.from_branch(branch.to_owned(), tip),
            // It is made before the first loop begins: never does one land on what is checked out instead.
            None => alfine_git::Start { base_branch: Some(branch.to_owned()), ..start },
        };
    }
    let uncommitted = match spec.isolation {
        Isolation::InPlace => Vec::new(),
        Isolation::Worktree => {
            start.dirty.iter().filter(|path| is_of_the_agent(file, path)).cloned().collect()
        }
    };
    let problems = loaded
        .problems
        .iter()
        .map(ToString::to_string)
        .chain(gates::warning(spec.gates, &spec.verifiers))
        .collect();
    Ok(Prepared::Begin { spec: Box::new(spec), start, uncommitted, problems })
}

/// Refuses a task that would work in the user's own tree: that is not the branch of the run.
fn refuse_in_place(key: &TaskKey, spec: &TaskSpec) -> Result<()> {
    match spec.isolation {
        Isolation::Worktree => Ok(()),
        Isolation::InPlace => Err(Error::user(format!(
            "{key} works in your own tree, and its plan lands on a branch of its own"
        ))
        .hint("use `isolation = \"worktree\"`, or `lands = \"target\"`")),
    }
}

/// What a loop of a task would be run with, whatever it waits for.
pub(crate) fn spec_of(project: &Project, file: &PlanFile, task: &Task) -> Result<TaskSpec> {
    spec_with(project, file, task, &StartOptions::default())
}

/// The same with options.
pub(crate) fn spec_with(
    project: &Project,
    file: &PlanFile,
    task: &Task,
    options: &StartOptions,
) -> Result<TaskSpec> {
    task_spec::check_iterations(options.max_iterations)?;
    let loaded = settings(&project.layers(), file, task, options)?;
    let mut repository = checks::Repository::look(project.repository.workdir());
    TaskSpec::new(&file.key(task), &file.plan, task, &loaded, options, &mut repository)
}

/// Why a task is not started that depends on work which is done, and not in what it would start from.
fn work_is_elsewhere(project: &Project, key: &TaskKey, row: &TaskRow) -> Error {
    let on = &row.key;
    let here = match project.repository.head() {
        Ok((_, Some(branch))) => branch,
        Ok((_, None)) | Err(_) => "what is checked out".to_owned(),
    };
    match &row.reason {
        Some(Reason::Merged { into, .. }) if *into != here => Error::user(format!(
            "{key} depends on {on}, whose work was merged into {into} and is not in {here}"
        ))
        .hint(Hint::AnyOf(vec![
            Hint::Advice(format!("bring {} here with git, or start this from there", shell_word(into))),
            Hint::RunAgain { task: on.clone() },
        ])),
        Some(Reason::Merged { .. }) => Error::user(format!(
            "{key} depends on {on}, whose work was merged into {here} and is not there any more"
        ))
        .hint(Hint::AnyOf(vec![
            Hint::advice("bring it back with git, or tick its box if it is not needed"),
            Hint::RunAgain { task: on.clone() },
        ])),
        _ => Error::user(format!(
            "{key} depends on {on}, which is done, but its branch is gone and its work is not in {here}"
        ))
        .hint(Hint::MergeFirst { tasks: vec![on.clone()] }),
    }
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
    plan_run: Option<i64>,
) -> Result<LoopLock> {
    begin_loop(project, file, spec, start, include_uncommitted, None, plan_run).or_else(|error| {
        // Another process may have begun a loop since this one looked.
        let key = file.key(&spec.task);
        let now = project.store.current_loop(&key)?;
        let running = now.is_some_and(|row| loops::is_running(&project.layout, &row.id).unwrap_or(false));
        Err(if running { held(project, &key) } else { error })
    })
}

/// Takes a loop over that rests or whose runner died. One whose runner died goes on as it is, unless there is more to
/// say.
pub(crate) fn take_over(project: &mut Project, row: &LoopRow, text: &Text, more: &More) -> Result<LoopLock> {
    let lock = claim(project, &row.id)?;
    text.take(project, &lock, row)?;
    if row.status != TaskStatus::Interrupted || *more != More::default() {
        control::leave(project, &row.task, &more.command())?;
    }
    Ok(lock)
}

/// Takes a loop over that Alfine itself held, with the text that it had.
pub fn take_over_as_it_is(project: &mut Project, row: &LoopRow) -> Result<LoopLock> {
    let text = mend::text(project, row, true)?;
    take_over(project, row, &text, &More::default())
}

/// Refuses to continue a loop for the reasons that the loop itself would give, but before a process is started.
pub(crate) fn check_continue(project: &Project, row: &LoopRow, more: &More, keep_plan: bool) -> Result<()> {
    let key = &row.task;
    let most = &TaskSpec::of(row)?.machine.limits;
    if let Some(Err(bad)) = more.max_iterations.map(|limit| most.check_iterations(limit)) {
        return Err(Error::user(bad.to_string()));
    }
    if row.status == TaskStatus::Done {
        return Err(Error::user(format!("{key} is done: there is nothing to continue"))
            .hint(Hint::Merge { task: key.clone() }));
    }
    if !keep_plan {
        mend::refuse_by_plan(project, row)?;
    }
    if row.status == TaskStatus::NeedsInput
        && loops::open_question(&project.store, &row.id)?.is_some_and(|asked| asked.kind.is_yes_or_no())
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
            "a limit of {} is already reached: {judged} {} judged",
            count(limit.into(), "iteration"),
            if judged == 1.0 { "was" } else { "were" }
        ))
        .hint(Hint::RaiseIterations { from: judged as u32 + 1, to: most.hard })),
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
            Hint::advice("to have it done again, discard it and remove the tick, then start it"),
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

/// Why a task is not started that may be another one in other words.
pub fn in_doubt(key: &TaskKey, row: &TaskRow) -> Error {
    let was = match row.key == *key {
        true => String::new(),
        false => format!("{}, ", row.key),
    };
    Error::user(format!(
        "{key} may be another task now: before it was {was}“{}”, which is {}",
        printable(&row.title),
        row.status
    ))
    .hint(Hint::BeginAnew { task: key.clone() })
}

/// Why a merged task is not started although its box is open.
pub fn merged_already(key: &TaskKey, row: &TaskRow) -> Error {
    let how = row.reason.as_ref().map(alfine_words::reason).unwrap_or_default();
    Error::user(format!("{key} was merged on {} {how}", alfine_words::day(Moment(row.since.0))))
        .hint(Hint::RunAgain { task: key.clone() })
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
