//! Runs a loop in this process until it rests. When the task is done, does what the settings say about that.

pub use crate::runner::Interrupter;
use crate::{
    Error, Result,
    finish::{self, WhenDone},
    landing::Care,
    project::Project,
    runner::Runner,
};
use alfine_core::{
    news::Told,
    task::{TaskKey, TaskStatus},
};
use alfine_git::WorkingCopies;
use alfine_store::{LoopId, LoopLock};
use std::path::Path;

/// How a loop came to rest.
#[derive(Debug)]
pub struct Ended {
    /// The loop.
    pub id: LoopId,
    /// Its task.
    pub task: TaskKey,
    /// Where the task is.
    pub status: TaskStatus,
    /// What was done with the finished work, in words.
    pub done: Option<String>,
    /// Why nothing could be done with the finished work. It is on its branch all the same.
    pub unfinished: Option<Error>,
}

/// Runs a loop until it rests. When it is done, what the user or the settings want is done with its work. `program` is
/// Alfine's own binary, `tick` are the working copies of the plan that may be changed by a merge, `observe` gets the news, and
/// `listen` what interrupts the loop, before it runs.
///
/// # Errors
///
/// The loop cannot be run, or its state cannot be saved.
pub fn run(
    project: &mut Project,
    mut lock: LoopLock,
    program: &Path,
    tick: WorkingCopies<'_>,
    observe: &mut dyn FnMut(&Told),
    mut listen: impl FnMut(Interrupter) -> Result<Box<dyn FnOnce()>>,
) -> Result<Ended> {
    let id = lock.loop_id().clone();
    let _care = Care::of(&project.layout, &id)?;
    let mut ended = loop {
        let runner = Runner::new(project, lock, program.to_owned(), observe)?;
        let task = runner.task().clone();
        let stop_listening = listen(runner.interrupter())?;
        let ran = runner.run();
        stop_listening();
        let (status, turn) = ran?;
        let mut ended = Ended { id: id.clone(), task, status, done: None, unfinished: None };
        if ended.status == TaskStatus::Done {
            // The plan may have been edited meanwhile, so that its task has another key now.
            if let Some(row) = project.store.loop_(&ended.id)? {
                ended.task = row.task;
            }
            match finish::when_done(project, &ended.task, tick, turn) {
                Ok(WhenDone::Nothing) => {}
                Ok(WhenDone::Did(done)) => ended.done = Some(done),
                Ok(WhenDone::Lands(landing)) => {
                    lock = finish::begin_landing(project, &ended.task, landing)?;
                    continue;
                }
                Err(error) => {
                    ended.unfinished = Some(error);
                    // It says why already; that nobody may try again at once can be missed.
                    if let Err(error) = finish::note_tried(project, &id, true) {
                        tracing::warn!("{}", error.message);
                    }
                }
            }
        }
        break ended;
    };
    // The work itself may have moved the plan.
    if let Some(row) = project.store.loop_(&ended.id)? {
        (ended.task, ended.status) = (row.task, row.status);
    }
    Ok(ended)
}
