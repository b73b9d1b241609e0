//! A plan that was started as a whole: when one of its tasks is over, the process that ran it begins the next one.
//!
//! No process supervises a chain, and it asks nobody: a task that would need a question to the user stays ready.

pub use crate::start_options::Chain;

use crate::{
    Error, ErrorKind, Result, loops, project::PlanFile, project::Project, start, start::Prepared,
    task_spec::TaskSpec,
};
use alfine_core::{
    breaker::Rule,
    machine::{Phase, StopReason},
    plan::Task,
    task::{TaskKey, TaskStatus},
};
use alfine_store::{LoopId, LoopLock, LoopRow};
use std::{
    fs::{self, File},
    path::Path,
};

/// How many tasks of one plan a chain works on at a time.
const AT_A_TIME: usize = 1;

/// Adds a loop that was started alone to its plan's chain. The lock is the right to run the loop.
pub(crate) fn join(project: &mut Project, lock: &LoopLock, chain: Chain) -> Result<()> {
    let Some(row) = project.store.loop_(lock.loop_id())? else { return Ok(()) };
    let mut spec = TaskSpec::of(&row)?;
    spec.chain = Some(chain);
    let settings = spec.to_settings()?;
    Ok(project.store.write(|tx| tx.set_loop_settings(lock, &settings))?)
}

/// What comes after a loop of a chain.
#[derive(Debug, Default)]
pub struct Next {
    /// The task that was begun, with the right to run its loop.
    pub begun: Option<(TaskKey, LoopLock)>,
    /// The earlier tasks that could have been started but were not, each with the reason.
    pub left: Vec<(TaskKey, Error)>,
}

/// Starts the next task of a loop's chain. Starts nothing if the loop belongs to no chain or has not ended by itself,
/// or if no task can start without a question to the user.
pub fn next(project: &mut Project, over: &LoopId) -> Result<Next> {
    let mut next = Next::default();
    let Some(row) = project.store.loop_(over)? else { return Ok(next) };
    let Some(chain) = TaskSpec::of(&row)?.chain.filter(|_| is_over(&row)) else { return Ok(next) };
    // Two loops that end at the same moment could both start the same task, or start two at once.
    let _alone = alone(project)?;
    let file = project.plan_named(&row.task.plan)?;
    project.align(&file)?;
    if at_work(project, &file)? >= AT_A_TIME {
        return Ok(next);
    }
    project.editor = chain.editor.clone();
    for task in start::tasks_to_run(project, &file, None)? {
        let key = file.key(&task);
        match begin(project, &file, &task, &chain) {
            Ok(None) => {}
            Ok(Some(lock)) => {
                next.begun = Some((key, lock));
                break;
            }
            // A later task may still be possible.
            Err(error) => next.left.push((key, error)),
        }
    }
    Ok(next)
}

/// Begins the next task of a loop's chain in the background, and returns its key. `program` is Alfine's own binary.
pub fn advance(project: &mut Project, over: &LoopId, program: &Path) -> Result<Option<TaskKey>> {
    let Next { begun, left } = next(project, over)?;
    for (key, error) in left {
        tracing::info!("{key} does not start by itself: {}", error.message);
    }
    let Some((key, lock)) = begun else { return Ok(None) };
    start::detach(project, lock, program)?;
    Ok(Some(key))
}

/// Whether a loop has ended by itself. A loop that the user stopped or paused, that asks something, or whose agent's
/// service fails, keeps its turn in the chain.
pub fn is_over(row: &LoopRow) -> bool {
    match row.status {
        TaskStatus::Done | TaskStatus::Merged | TaskStatus::Failed => true,
        TaskStatus::Stopped => loops::state_of(row).is_ok_and(|state| match state.phase {
            Phase::Stopped { reason: StopReason::User } => false,
            // It would stop the next task as well, which has done nothing for it.
            Phase::Stopped { reason: StopReason::Breaker(trip) } => trip.rule != Rule::Outage,
            _ => true,
        }),
        _ => false,
    }
}

/// Starts a task, unless that needs a question to the user.
fn begin(project: &mut Project, file: &PlanFile, task: &Task, chain: &Chain) -> Result<Option<LoopLock>> {
    let thrown_away =
        project.store.task(&file.key(task))?.is_some_and(|known| known.status == TaskStatus::Discarded);
    if thrown_away {
        return Ok(None);
    }
    let (mut spec, from) = match start::prepare(project, file, task, &chain.options)? {
        Prepared::Begin { spec, start, .. } => (spec, start),
        Prepared::Settled | Prepared::GoOn { .. } | Prepared::RunAgain { .. } => return Ok(None),
        Prepared::Perhaps { row } => return Err(start::in_doubt(&file.key(task), &row)),
    };
    let items = project.untrusted(&spec.commands)?;
    if !items.is_empty() {
        let kind = ErrorKind::Untrusted { items };
        return Err(Error::new(kind, "some of its commands are not allowed yet"));
    }
    spec.chain = Some(chain.clone());
    start::begin(project, file, &spec, from, chain.include_uncommitted).map(Some)
}

/// How many tasks of a plan's chain are worked on.
fn at_work(project: &Project, file: &PlanFile) -> Result<usize> {
    let mut count = 0;
    for row in project.store.live_loops()? {
        let is_of_it = row.task.plan == file.name && row.summary.chained;
        if is_of_it && !is_over(&row) && loops::is_running(&project.layout, &row.id)? {
            count += 1;
        }
    }
    Ok(count)
}

/// Waits until no other process is about to begin a task of a chain in this repository. Keeps others waiting for as
/// long as the file is open.
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
