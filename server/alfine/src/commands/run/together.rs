//! Several loops in this process, each in a thread of its own. One thread shows what all of them tell.

use super::told::{show, tell_ended};
use crate::{
    commands::{opening, signals},
    display::Display,
};
use alfine_core::{
    news::Told,
    plan_run::RunState,
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{
    Error, ErrorKind, Result,
    foreground::{self, Ended, Interrupter},
    plan_run,
    plan_run::Advanced,
    project::Project,
};
use alfine_git::WorkingCopies;
use alfine_store::{LoopId, LoopLock};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Sender},
    },
    thread,
};

/// How a loop that was run in the foreground ended.
pub(super) struct End {
    /// The loop.
    pub id: LoopId,
    /// Its task.
    pub task: TaskKey,
    /// Where the task is then.
    pub status: TaskStatus,
}

/// What came of loops that were run in the foreground.
pub(super) struct Ran {
    /// How each ended, in that order.
    pub ends: Vec<End>,
    /// The tasks that could have been begun but were not, each with the reason.
    pub left: Vec<(TaskKey, Error)>,
    /// Whether what is left waits for the last of them, which rests.
    pub is_held: bool,
}

enum Heard {
    Told(Box<Told>),
    Ended(Box<Result<Ended>>),
}

/// Runs one loop until it rests, and no other.
pub(super) fn run_alone(project: &mut Project, lock: LoopLock, display: Option<&Display>) -> Result<Ran> {
    run_all(project, vec![lock], Vec::new(), display, |_, _| Ok(Advanced::default()))
}

/// Runs the loops that the run of a plan has begun, and those that it begins when one of them rests, until nothing more can
/// begin. Ctrl-C holds the run. `left` are the tasks that could not be begun until now.
pub(super) fn run(
    project: &mut Project,
    locks: Vec<LoopLock>,
    left: Vec<(TaskKey, Error)>,
    display: Option<&Display>,
) -> Result<Ran> {
    run_all(project, locks, left, display, plan_run::after)
}

fn run_all(
    project: &mut Project,
    locks: Vec<LoopLock>,
    left: Vec<(TaskKey, Error)>,
    display: Option<&Display>,
    next: impl Fn(&mut Project, &LoopId) -> Result<Advanced>,
) -> Result<Ran> {
    let mut ran = Ran { ends: Vec::new(), left, is_held: false };
    let mut failed = None;
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    let listening = signals::forward(move || flag.store(true, Ordering::Relaxed))?;
    let (told, heard) = mpsc::channel();
    let directory = project.directory().to_owned();
    let mut at_work = 0;
    let begin = |locks: Vec<LoopLock>, at_work: &mut usize| {
        for lock in locks {
            *at_work += 1;
            let (directory, told) = (directory.clone(), told.clone());
            thread::spawn(move || loop_in_thread(&directory, lock, &told));
        }
        if let Some(display) = display.filter(|_| *at_work > 1) {
            display.of_several();
        }
    };
    begin(locks, &mut at_work);
    while at_work > 0 {
        // Somebody of those at work always holds the other end.
        let Ok(heard) = heard.recv() else { break };
        let ended = match heard {
            Heard::Told(told) => {
                show(&told, display);
                continue;
            }
            Heard::Ended(ended) => *ended,
        };
        at_work -= 1;
        let ended = match ended {
            Ok(ended) => ended,
            Err(error) => {
                failed.get_or_insert(error);
                continue;
            }
        };
        tell_ended(project, &ended, display)?;
        let id = ended.id.clone();
        ran.ends.push(End { id: ended.id, task: ended.task, status: ended.status });
        if interrupted.load(Ordering::Relaxed) {
            ran.is_held = true;
            if let Some(row) = project.store.loop_(&id)? {
                plan_run::hold(project, &row.task.plan, RunState::Paused)?;
            }
            continue;
        }
        ran.is_held = plan_run::keeps_its_place(project, &id)?;
        let advanced = next(project, &id)?;
        ran.left = advanced.left;
        begin(advanced.begun.into_iter().map(|(_, lock)| lock).collect(), &mut at_work);
    }
    listening.close();
    match failed {
        Some(error) => Err(error),
        None => Ok(ran),
    }
}

fn loop_in_thread(directory: &Path, lock: LoopLock, told: &Sender<Heard>) {
    // Who hears it is gone only if this process ends.
    let mut observe = |news: &Told| drop(told.send(Heard::Told(Box::new(news.clone()))));
    let run = || {
        let mut project = Project::open(directory)?;
        run_loop(&mut project, lock, WorkingCopies::All, &mut observe)
    };
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Internal, "the thread of a loop has died")
            .hint("report this with what is printed above; the loop is kept: `alfine status`"))
    });
    let _ = told.send(Heard::Ended(Box::new(ended)));
}

/// Runs a loop until it rests.
pub(super) fn run_loop(
    project: &mut Project,
    lock: LoopLock,
    tick: WorkingCopies<'_>,
    observe: &mut dyn FnMut(&Told),
) -> Result<Ended> {
    let listen = |interrupter: Interrupter| -> Result<Box<dyn FnOnce()>> {
        let signals = signals::forward(move || interrupter.interrupt())?;
        Ok(Box::new(move || signals.close()))
    };
    foreground::run(project, lock, &opening::program()?, tick, observe, listen)
}
