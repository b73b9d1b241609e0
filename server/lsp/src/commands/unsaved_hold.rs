//! Pauses a loop that works in the user's own tree while a file there is not saved: saving the file would undo the
//! agent's work, or be mistaken for it. The present iteration is not cut off; the loop pauses after it.
//!
//! A loop that this server paused goes on by itself once the file is saved; a loop that the user paused stays paused.
//! If the server ends first, the loop stays paused, says why, and goes on when the user continues it.

use super::{Commands, unsaved::unsaved_in};
use crate::lock::lock;
use crate::protocol::lsp_types::MessageType;
use crate::snapshot::Place;
use alfine_core::printable::printable;
use alfine_core::{
    machine::Command,
    plan::Isolation,
    reason::Reason,
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{Result, control, finish, loops, project::Project, start as engine, start::More};
use alfine_store::LoopRow;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// Which loops are held, and why.
type Held = HashMap<(PathBuf, TaskKey), Reason>;

/// Holds loops, and lets go of them.
#[derive(Debug)]
pub(crate) struct Holder {
    commands: Arc<Commands>,
    held: Arc<Mutex<Held>>,
    changed: AtomicBool,
    busy: AtomicBool,
}

impl Holder {
    /// Creates a holder that holds no loop.
    pub(crate) fn new(commands: Arc<Commands>) -> Self {
        Self { commands, held: Arc::default(), changed: AtomicBool::new(false), busy: AtomicBool::new(false) }
    }

    /// Takes note that a document was opened, changed, saved or closed, or that a loop began. Costs nothing if no loop
    /// works in a tree of the user. Otherwise the loops are looked at soon, once for many changes. Needs a tokio runtime.
    pub(crate) fn documents_changed(self: &Arc<Self>) {
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
            // A change that came in between found this task busy and left it to this task to look again.
            let goes_on = self.changed.load(Ordering::Acquire) && !self.busy.swap(true, Ordering::AcqRel);
            if !goes_on {
                return;
            }
        }
    }

    /// Pauses the loops that must be paused now, reports each pause once, and releases those that need not be paused
    /// any more.
    pub(crate) async fn look(&self) {
        for place in self.places() {
            let (held, commands) = (Arc::clone(&self.held), Arc::clone(&self.commands));
            let (pictures, program, root) =
                (commands.pictures.clone(), commands.program.clone(), place.root.clone());
            let done = self
                .commands
                .queues
                .run(&place, move |project| {
                    let unsaved = unsaved_in(project, &pictures())?;
                    let mut held = lock(&held);
                    settle(project, &root, unsaved.as_deref(), &mut held, &program)
                })
                .await;
            match done {
                Ok(now_held) => self.tell(&now_held).await,
                Err(error) => {
                    tracing::warn!("a loop in the user's tree cannot be held or let go: {error}");
                }
            }
        }
    }

    async fn tell(&self, held: &[(TaskKey, Reason)]) {
        for (key, why) in held {
            let why = printable(&alfine_words::reason(why));
            let words = format!(
                "{key} pauses when its iteration is over: {why}, and its agent works in the same tree. It goes on by \
                 itself when the file is saved."
            );
            self.commands.editor.tell(MessageType::INFO, &words).await;
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
            .map(|checkout| checkout.place.clone())
            .collect()
    }
}

/// Says whether a loop in place works in this tree of the repository.
fn works_here(project: &Project, row: &LoopRow) -> Result<bool> {
    let (tree, here) = (finish::worktree_of(project, row)?, project.repository.workdir());
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    Ok(tree == here || real(&tree) == real(here))
}

/// Pauses the loops in a working tree, or lets them go on. Returns the loops that are paused from now on, and why.
fn settle(
    project: &mut Project,
    root: &Path,
    unsaved: Option<&Path>,
    held: &mut Held,
    program: &Path,
) -> Result<Vec<(TaskKey, Reason)>> {
    let live = project.store.live_loops()?;
    held.retain(|(place, key), _| place != root || live.iter().any(|row| row.task == *key));
    let mut now_held = Vec::new();
    for row in live {
        if row.isolation != Isolation::InPlace || !works_here(project, &row)? {
            continue;
        }
        let key = (root.to_owned(), row.task.clone());
        match (unsaved, held.get(&key).cloned()) {
            (Some(file), None) if row.status.needs_runner() => {
                let why = Reason::Unsaved { file: file.display().to_string() };
                let pause = Command::Pause { now: false, reason: Some(why.clone()) };
                control::leave(project, &row.task, &pause)?;
                now_held.push((row.task.clone(), why.clone()));
                held.insert(key, why);
            }
            (None, Some(why)) => {
                held.remove(&key);
                let is_ours = row.summary.held_by.as_ref() == Some(&why);
                if row.status == TaskStatus::Paused && is_ours {
                    loops::until_unrun(project, &row.task)?;
                    let lock = engine::take_over_as_it_is(project, &row)?;
                    engine::detach(project, lock, program)?;
                } else if row.status.needs_runner() && loops::is_running(&project.layout, &row.id)? {
                    // What the user wants held stays so.
                    if !row.summary.pauses || is_ours {
                        control::leave(project, &row.task, &More::default().command())?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(now_held)
}
