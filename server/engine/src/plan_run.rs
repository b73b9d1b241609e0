//! A plan that is run as a whole: its tasks begin by themselves, so many at a time, when what they wait for is done.
//!
//! No process supervises a run. Whoever ran one of its loops to the end begins what can begin now, and so does a command of
//! the user; looking begins nothing. It asks nobody: a task that would need a question to the user stays ready.

pub use crate::start_options::RunOptions;

use crate::{
    Error, ErrorKind, Result, budget, finish, known::Known, loops, project::PlanFile, project::Project,
    start, start::Prepared, task_settings, task_spec::TaskSpec,
};
use alfine_config::Config;
use alfine_core::{
    breaker::Rule,
    budget::Short,
    machine::{AskKind, Phase, StopReason},
    plan::Task,
    plan_run::{RunMoney, RunProgress, RunState},
    reason::Reason,
    task::{TaskKey, TaskStatus},
    text::shell_word,
};
use alfine_store::{LoopId, LoopLock, LoopRow, PlanRunRow, Reader, StoreError};
use serde_json::Value;
use std::{
    fs::{self, File},
    path::Path,
};

/// What a run of a plan has begun just now.
#[derive(Debug, Default)]
pub struct Advanced {
    /// The tasks, each with the right to run its loop.
    pub begun: Vec<(TaskKey, LoopLock)>,
    /// The tasks that could have been started but were not, each with the reason.
    pub left: Vec<(TaskKey, Error)>,
}

/// Begins the run of a plan, or goes on with the one that is not over, and returns its number. From now on its tasks are
/// begun as `options` say.
pub(crate) fn enter(project: &mut Project, plan: &str, options: &RunOptions) -> Result<i64> {
    let how = written(options)?;
    let last = project.store.last_plan_run(plan)?.filter(|run| run.state != RunState::Over);
    Ok(project.store.write(|tx| match &last {
        Some(run) => tx.set_plan_run(run.id, RunState::Active, Some(&how)).map(|()| run.id),
        None => tx.begin_plan_run(plan, &how),
    })?)
}

/// The same, for a loop that was begun just now. The lock is the right to run it.
pub(crate) fn begin_with(
    project: &mut Project,
    lock: &LoopLock,
    plan: &str,
    options: &RunOptions,
) -> Result<i64> {
    let run = enter(project, plan, options)?;
    project.store.write(|tx| tx.join_plan_run(lock, run))?;
    Ok(run)
}

/// Begins what can begin now that a loop has come to rest. Begins nothing if the loop belongs to no run.
pub fn after(project: &mut Project, over: &LoopId) -> Result<Advanced> {
    let Some(row) = project.store.loop_(over)? else { return Ok(Advanced::default()) };
    match run_of(project, &row)? {
        Some(run) => advance(project, run),
        None => Ok(Advanced::default()),
    }
}

/// The run that a loop belongs to. Older versions kept with each loop how the next one begins, and wrote down no run.
fn run_of(project: &mut Project, row: &LoopRow) -> Result<Option<i64>> {
    match (row.plan_run, TaskSpec::of(row)?.chain) {
        (None, Some(chain)) => enter(project, &row.task.plan, &chain).map(Some),
        (run, _) => Ok(run),
    }
}

/// The same in the background: each loop gets a process of its own. `program` is Alfine's own binary.
pub fn after_in_background(project: &mut Project, over: &LoopId, program: &Path) -> Result<Vec<TaskKey>> {
    let advanced = after(project, over)?;
    detach(project, advanced, program)
}

/// Goes on with the run of a plan whose runners may have died, in the background, unless it is held.
pub fn tend(project: &mut Project, plan: &str, program: &Path) -> Result<Vec<TaskKey>> {
    let active = project.store.last_plan_run(plan)?.filter(|run| run.state == RunState::Active);
    let Some(run) = active else { return Ok(Vec::new()) };
    let advanced = advance(project, run.id)?;
    detach(project, advanced, program)
}

fn detach(project: &Project, Advanced { begun, left }: Advanced, program: &Path) -> Result<Vec<TaskKey>> {
    for (key, error) in left {
        tracing::info!("{key} does not start by itself: {}", error.message);
    }
    begun.into_iter().map(|(key, lock)| start::detach(project, lock, program).map(|()| key)).collect()
}

/// Writes down that the user holds or stops the run of a plan. Says whether there is one.
pub fn hold(project: &mut Project, plan: &str, state: RunState) -> Result<bool> {
    let _alone = alone(project)?;
    let run = project.store.last_plan_run(plan)?.filter(|run| run.state != RunState::Over);
    if let Some(run) = &run {
        project.store.write(|tx| tx.set_plan_run(run.id, state, None))?;
    }
    Ok(run.is_some())
}

/// Writes down that a run goes on that the user held or stopped, and that its finished work may be tried to be merged again.
/// `budget` is what it may cost from now on, in US dollars, if that was said.
pub(crate) fn resume(project: &mut Project, run: &PlanRunRow, budget: Option<f64>) -> Result<()> {
    let mut options = RunOptions::of(run)?;
    options.options.plan_budget = budget.or(options.options.plan_budget);
    let how = written(&options)?;
    let run = run.id;
    for row in project.store.live_loops()? {
        if row.plan_run == Some(run) && row.status == TaskStatus::Done {
            finish::note_tried(project, &row.id, false)?;
        }
    }
    Ok(project.store.write(|tx| tx.set_plan_run(run, RunState::Active, Some(&how)))?)
}

/// Writes down how far a run is, and how its tasks begin from now on.
pub(crate) fn rewrite(project: &mut Project, run: i64, state: RunState, how: &RunOptions) -> Result<()> {
    let how = written(how)?;
    Ok(project.store.write(|tx| tx.set_plan_run(run, state, Some(&how)))?)
}

/// Writes down that a run is over that is being stopped, if nobody works for it any more.
pub(crate) fn settle(project: &mut Project, plan: &str) -> Result<()> {
    let stopping = project.store.last_plan_run(plan)?.filter(|run| run.state == RunState::Stopping);
    stopping.map_or(Ok(()), |run| advance(project, run.id).map(drop))
}

/// Whether a loop rests because of the user, of a budget, or because its runner died: it goes on with the run of its plan.
pub(crate) fn is_held(row: &LoopRow) -> bool {
    match row.status {
        TaskStatus::Paused | TaskStatus::Interrupted => true,
        TaskStatus::Stopped => is_stopped_by_user(row),
        TaskStatus::NeedsInput => matches!(row.reason, Some(Reason::Asks { ask: AskKind::Budget, .. })),
        _ => false,
    }
}

/// Whether a loop that rests keeps its place in the run: because of the user, or because what it waits for would stop every
/// other task, too.
pub fn keeps_its_place(project: &Project, id: &LoopId) -> Result<bool> {
    match project.store.loop_(id)? {
        Some(row) => Ok(turn_of(project, &row)? == Turn::Kept),
        None => Ok(false),
    }
}

fn is_stopped_by_user(row: &LoopRow) -> bool {
    loops::state_of(row).is_ok_and(|state| matches!(state.phase, Phase::Stopped { reason: StopReason::User }))
}

/// Begins as many tasks of a run as can begin now, and goes on with loops of it whose runner died, also if that was just before
/// the finished work was merged. Writes down how far the run is then.
pub(crate) fn advance(project: &mut Project, run: i64) -> Result<Advanced> {
    let mut advanced = Advanced::default();
    // Two loops that end at the same moment could both begin the same task, or too many.
    let _alone = alone(project)?;
    let Some(run) = project.store.plan_run(run)? else { return Ok(advanced) };
    project.end_leftovers()?;
    let loops = loops_at(project, &run)?;
    match run.state {
        RunState::Active | RunState::NeedsInput => {}
        RunState::Stopping if !loops.iter().any(|(_, turn)| *turn == Turn::Works) => {
            project.store.write(|tx| tx.set_plan_run(run.id, RunState::Over, None))?;
            return Ok(advanced);
        }
        RunState::Stopping | RunState::Paused | RunState::Over => return Ok(advanced),
    }
    let options = RunOptions::of(&run)?;
    project.editor = options.editor.clone();
    let file = project.plan_named(&run.plan)?;
    project.align(&file)?;
    let config = task_settings::of_plan(&project.layers(), &file, &options.options)?.config;
    let most = at_a_time(&config, &options);
    // What waits for the sums of others goes first.
    let awaits_sums = loops
        .iter()
        .any(|(row, turn)| *turn == Turn::Works && matches!(row.reason, Some(Reason::AwaitsSums)));
    let short = look_at_money(project, &run, &config)?;
    let count = |of: Turn| loops.iter().filter(|(_, turn)| *turn == of).count();
    let (works, kept) = (count(Turn::Works), count(Turn::Kept));
    let is_full = |advanced: &Advanced| works + kept + advanced.begun.len() >= most;
    for (row, _) in loops.iter().filter(|(_, turn)| *turn == Turn::CutOff) {
        if is_full(&advanced) {
            break;
        }
        match go_on(project, row) {
            Ok(lock) => advanced.begun.push((row.task.clone(), lock)),
            Err(error) => advanced.left.push((row.task.clone(), error)),
        }
    }
    for (row, _) in &loops {
        if is_full(&advanced) {
            break;
        }
        // An error must not drop the locks of what is begun already.
        match land(project, row) {
            Ok(None) => {}
            Ok(Some(lock)) => advanced.begun.push((row.task.clone(), lock)),
            Err(error) => advanced.left.push((row.task.clone(), error)),
        }
    }
    let known = start::known_for_run(project, &file)?;
    let tasks = start::tasks_to_run(&file, &known, None)?;
    let lost = lost_branch(project, &run.plan, &options)?;
    for task in &tasks {
        if let Some(lost) = &lost {
            advanced.left.push((file.key(task), lost.clone()));
            continue;
        }
        if is_full(&advanced) || short.is_some() || awaits_sums {
            break;
        }
        let key = file.key(task);
        match begin(project, &file, &known, task, &options, run.id) {
            Ok(None) => {}
            Ok(Some(lock)) => advanced.begun.push((key, lock)),
            // A later task may still be possible.
            Err(error) => advanced.left.push((key, error)),
        }
    }
    let state = match () {
        () if works + advanced.begun.len() > 0 => RunState::Active,
        () if tasks.is_empty() => RunState::Over,
        () => RunState::NeedsInput,
    };
    project.store.write(|tx| tx.set_plan_run(run.id, state, None))?;
    Ok(advanced)
}

/// Why no task of a run begins any more: somebody removed the branch of its own that it lands on.
pub(crate) fn lost_branch(project: &Project, plan: &str, options: &RunOptions) -> Result<Option<Error>> {
    let Some(branch) = &options.options.onto else { return Ok(None) };
    Ok(match project.repository.branch_commit(branch)? {
        Some(_) => None,
        None => Some(Error::user(format!("the branch {branch} that {plan} lands on is gone")).hint(format!(
            "bring it back with git at the last commit that landed there (`alfine log` names it), or end the run: alfine stop {}",
            shell_word(plan)
        ))),
    })
}

/// Writes down what a run may cost, and why no other run of an agent may begin for it, if that is so.
fn look_at_money(project: &mut Project, run: &PlanRunRow, config: &Config) -> Result<Option<Short>> {
    let budgets = config.budget.of_rules();
    let short = match budgets.is_empty() {
        true => None,
        false => budget::shortage(project, run, &budgets, &config.agent)?,
    };
    project.store.write(|tx| tx.set_plan_run_money(run.id, budgets.plan_usd, short.as_ref()))?;
    Ok(short)
}

/// How many tasks are worked on at a time.
fn at_a_time(config: &Config, options: &RunOptions) -> usize {
    usize::try_from(options.max_parallel.unwrap_or(config.max_parallel)).unwrap_or(1).max(1)
}

/// Whether a loop takes one of the places of its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It is worked on.
    Works,
    /// Its runner died, and the run may go on with it.
    CutOff,
    /// The user holds it, or what it waits for would stop every other task, too.
    Kept,
    /// It has ended, or asks something about its own work alone.
    Free,
}

fn loops_at(project: &Project, run: &PlanRunRow) -> Result<Vec<(LoopRow, Turn)>> {
    let live = project.store.live_loops()?;
    let of_run = live.into_iter().filter(|row| row.plan_run == Some(run.id));
    of_run.map(|row| turn_of(project, &row).map(|turn| (row, turn))).collect()
}

fn turn_of(project: &Project, row: &LoopRow) -> Result<Turn> {
    Ok(match row.status {
        _ if row.needs_runner() => Turn::Works,
        TaskStatus::Interrupted => {
            let tried = TaskSpec::of(row)?.gone_on_at;
            if tried == Some(row.summary.iteration) { Turn::Free } else { Turn::CutOff }
        }
        TaskStatus::Paused => Turn::Kept,
        TaskStatus::NeedsInput => match loops::open_question(&project.store, &row.id)? {
            Some(asked) if asked.kind.concerns_others() => Turn::Kept,
            _ => Turn::Free,
        },
        TaskStatus::Stopped => loops::state_of(row).map_or(Turn::Free, |state| match state.phase {
            Phase::Stopped { reason: StopReason::User } => Turn::Kept,
            // It would stop the next task as well, which has done nothing for it.
            Phase::Stopped { reason: StopReason::Breaker(trip) } if trip.rule == Rule::Outage => Turn::Kept,
            _ => Turn::Free,
        }),
        _ => Turn::Free,
    })
}

/// Goes on with a loop whose runner died. Should that happen in the same iteration again, the loop waits for the user.
fn go_on(project: &mut Project, row: &LoopRow) -> Result<LoopLock> {
    let lock = start::take_over_as_it_is(project, row)?;
    let Some(taken) = project.store.loop_(&row.id)? else { return Ok(lock) };
    let mut spec = TaskSpec::of(&taken)?;
    spec.gone_on_at = Some(row.summary.iteration);
    spec.save(&mut project.store, &lock)?;
    Ok(lock)
}

/// Has the work land of a loop that is done and whose runner died before it did that. It is tried once.
fn land(project: &mut Project, row: &LoopRow) -> Result<Option<LoopLock>> {
    let Some(landing) = finish::landing_left(project, row)? else { return Ok(None) };
    finish::note_tried(project, &row.id, true)?;
    finish::begin_landing(project, &row.task, landing).map(Some)
}

/// Begins a task, unless that needs a question to the user.
fn begin(
    project: &mut Project,
    file: &PlanFile,
    known: &Known<'_>,
    task: &Task,
    options: &RunOptions,
    run: i64,
) -> Result<Option<LoopLock>> {
    let thrown_away =
        project.store.task(&file.key(task))?.is_some_and(|known| known.status == TaskStatus::Discarded);
    if thrown_away {
        return Ok(None);
    }
    let (mut spec, from) = match start::prepare(project, file, task, &options.options)? {
        Prepared::Begin { spec, start, .. } => (spec, start),
        Prepared::Settled | Prepared::GoOn { .. } | Prepared::RunAgain { .. } => return Ok(None),
        Prepared::Perhaps { row } => return Err(start::in_doubt(&file.key(task), &row)),
    };
    if let Some(by) = known.held_back_by(task) {
        return Err(start::held_back(&file.key(task), by));
    }
    spec.also_after = known.detected(task).iter().map(|detected| detected.on.clone()).collect();
    let items = project.untrusted(&spec.commands)?;
    if !items.is_empty() {
        let kind = ErrorKind::Untrusted { items };
        return Err(Error::new(kind, "some of its commands are not allowed yet"));
    }
    start::begin(project, file, &spec, from, options.include_uncommitted, Some(run)).map(Some)
}

/// How far the last run of a plan is, by where its tasks are and whether each needs the user; `None` if it was never run as
/// a whole.
pub fn progress(
    reader: &Reader,
    plan: &str,
    tasks: impl IntoIterator<Item = (TaskStatus, bool)>,
) -> Result<Option<RunProgress>> {
    let Some(run) = reader.last_plan_run(plan)? else { return Ok(None) };
    let branch = RunOptions::branch_of(&run);
    Ok(Some(RunProgress::new(plan, run.state, tasks, money(reader, &run)?).on(branch)))
}

/// What the run of a plan costs, and may cost.
pub fn money(reader: &Reader, run: &PlanRunRow) -> std::result::Result<RunMoney, StoreError> {
    Ok(RunMoney { cost_usd: reader.cost_of_run(run.id)?, budget_usd: run.budget_usd, short: run.short })
}

fn written(options: &RunOptions) -> Result<Value> {
    serde_json::to_value(options).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("how a plan is run cannot be written: {error}"))
    })
}

/// Waits until no other process is about to begin a task of a run in this repository. Keeps others waiting for as long
/// as the file is open.
fn alone(project: &Project) -> Result<File> {
    let path = project.layout.chain_lock();
    let open = || {
        fs::create_dir_all(project.layout.root())?;
        let file = File::options().create(true).truncate(false).write(true).open(&path)?;
        file.lock()?;
        Ok(file)
    };
    open().map_err(|error: std::io::Error| {
        Error::new(ErrorKind::Store, format!("cannot lock {}: {error}", path.display()))
    })
}
