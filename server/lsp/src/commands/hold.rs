//! Holds a loop that works in the user's own tree while a file there is not saved: saving it would undo the agent's
//! work, or be taken for it. An iteration that goes on is not cut off; the loop holds when it is over.
//!
//! Only what this server holds goes on by itself; what the user paused stays paused. A hold ends with the server that
//! made it: then the loop stays paused, says why, and goes on when the user says so.

use super::{Commands, refusal::Refusal, saved::unsaved_in, writer::Place};
use alfine_core::{
    machine::Command,
    plan::Isolation,
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{
    control,
    project::Project,
    runner,
    start::{self as engine, More},
    trust::printable,
};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Which loops are held, and why.
type Held = HashMap<(PathBuf, TaskKey), String>;

/// Holds loops, and lets go of them.
#[derive(Debug)]
pub struct Holder {
    commands: Arc<Commands>,
    held: Arc<Mutex<Held>>,
    changed: AtomicBool,
    busy: AtomicBool,
}

impl Holder {
    /// Makes one that holds nothing.
    pub fn new(commands: Arc<Commands>) -> Self {
        Self { commands, held: Arc::default(), changed: AtomicBool::new(false), busy: AtomicBool::new(false) }
    }

    /// Takes note that a document was opened, changed, saved or closed, or that a loop began. Costs nothing where no loop
    /// works in a tree of the user's; else it is looked into soon, once for many changes. Needs a tokio runtime.
    pub fn documents_changed(self: &Arc<Self>) {
        if self.places().is_empty() {
            return;
        }
        self.changed.store(true, Ordering::Release);
        if self.busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let holder = Arc::clone(self);
        tokio::spawn(async move { holder.work_off().await });
    }

    async fn work_off(&self) {
        loop {
            while self.changed.swap(false, Ordering::AcqRel) {
                self.look().await;
            }
            self.busy.store(false, Ordering::Release);
            // One that came in between found this busy.
            let goes_on = self.changed.load(Ordering::Acquire) && !self.busy.swap(true, Ordering::AcqRel);
            if !goes_on {
                return;
            }
        }
    }

    /// Holds what must be held now, and lets go of what need not be.
    pub async fn look(&self) {
        for place in self.places() {
            let (held, commands) = (Arc::clone(&self.held), Arc::clone(&self.commands));
            let (pictures, program, root) =
                (commands.pictures.clone(), commands.program.clone(), place.root.clone());
            let done = self
                .commands
                .writers
                .run(&place, move |project| {
                    let unsaved = unsaved_in(project, &pictures())?;
                    let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
                    settle(project, &root, unsaved.as_deref(), &mut held, &program)
                })
                .await;
            if let Err(refusal) = done {
                tracing::warn!("a loop in the user's tree cannot be held or let go: {refusal:?}");
            }
        }
    }

    /// The working trees with a loop of their own that can go on.
    fn places(&self) -> Vec<Place> {
        let picture = (self.commands.pictures)();
        let own = |loop_: &crate::snapshot::LoopPicture| loop_.row.isolation == Isolation::InPlace;
        picture
            .snapshot
            .checkouts
            .iter()
            .filter(|checkout| checkout.store.all().any(|task| task.live().is_some_and(own)))
            .map(|checkout| Place::of(checkout))
            .collect()
    }
}

/// Holds the loops in a working tree, or lets them go on.
fn settle(
    project: &mut Project,
    root: &Path,
    unsaved: Option<&Path>,
    held: &mut Held,
    program: &Path,
) -> Result<(), Refusal> {
    let live = project.store.live_loops()?;
    held.retain(|(place, key), _| place != root || live.iter().any(|row| row.task == *key));
    for row in live.into_iter().filter(|row| row.isolation == Isolation::InPlace) {
        let key = (root.to_owned(), row.task.clone());
        match (unsaved, held.get(&key).cloned()) {
            (Some(file), None) if row.status.needs_runner() => {
                let why =
                    format!("held: {} is not saved in an editor", printable(&file.display().to_string()));
                let pause = Command::Pause { now: false, reason: Some(why.clone()) };
                control::leave(project, &row.task, &pause)?;
                held.insert(key, why);
            }
            (None, Some(why)) => {
                held.remove(&key);
                let still = row.reason.as_deref().is_some_and(|reason| reason.ends_with(&why));
                if row.status == TaskStatus::Paused && still {
                    super::control::until_unrun(project, &row.task)?;
                    let lock = engine::take_over(project, &row, &More::default())?;
                    engine::detach(project, lock, program)?;
                } else if row.status.needs_runner() && runner::is_running(&project.layout, &row.id)? {
                    let paused_by_user = row.reason.as_deref() == Some("pauses after this iteration");
                    if !paused_by_user {
                        control::leave(project, &row.task, &More::default().command())?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}
