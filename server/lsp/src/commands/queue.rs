//! The threads that do what commands say: one for each repository that changes it, so that the commands of a client are
//! done in their order, one that only reads, so that no look waits for a change, and one in which checks run, which takes
//! long. The async threads never wait for a
//! disk.
//!
//! Work that is queued is done completely, even if nobody waits for its answer any more.

use super::refusal::{defect, refused};
use crate::lock::lock;
use crate::snapshot::Place;
use alfine_config::Partial;
use alfine_engine::{Result, project::Project};
use alfine_files::UserDirs;
use std::{
    collections::{HashMap, hash_map::Entry},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
};
use tokio::sync::oneshot;

/// How many pieces of work may wait in one queue. A client that sends more does not wait for answers.
const LONGEST_QUEUE: usize = 256;
/// How many working trees of a repository a thread keeps open.
const KEPT_OPEN: usize = 4;

type Work = Box<dyn FnOnce(&mut Desk) + Send>;

/// What a thread has at hand.
struct Desk {
    open: Vec<(PathBuf, Project)>,
    user: Option<UserDirs>,
    editor: Arc<Mutex<Partial>>,
}

/// What a thread is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum For {
    Changes,
    Looks,
    Checks,
}

struct Queue {
    sender: Sender<Work>,
    waiting: Arc<AtomicUsize>,
}

/// The queues of all repositories, each with its own thread.
pub(super) struct Queues {
    queues: Mutex<HashMap<(PathBuf, For), Queue>>,
    user: Option<UserDirs>,
    editor: Arc<Mutex<Partial>>,
}

impl Queues {
    /// Starts without any queue. `user` overrides the folders that the environment names.
    pub(super) fn new(user: Option<UserDirs>) -> Self {
        Self { queues: Mutex::new(HashMap::new()), user, editor: Arc::default() }
    }

    /// Takes the editor's settings, for all commands from now on.
    pub(super) fn set_editor(&self, settings: Partial) {
        *lock(&self.editor) = settings;
    }

    /// Runs some work on a repository, after all work that was requested before. The work must not wait for the user or
    /// for another process for long: everything queued behind it waits, too.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        place: &Place,
        work: impl FnOnce(&mut Project) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.put(place, For::Changes, work).await
    }

    /// Has something looked at in a repository, also while something is done there.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        place: &Place,
        look: impl FnOnce(&Project) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.put(place, For::Looks, move |project| look(project)).await
    }

    /// Has checks run in a repository, however long they take: nothing but other checks waits for them.
    pub(super) async fn check<T: Send + 'static>(
        &self,
        place: &Place,
        work: impl FnOnce(&mut Project) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.put(place, For::Checks, work).await
    }

    async fn put<T: Send + 'static>(
        &self,
        place: &Place,
        to: For,
        work: impl FnOnce(&mut Project) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let (root, span) = (place.root.clone(), tracing::Span::current());
        self.queue(
            &place.common_dir,
            to,
            Box::new(move |desk| {
                let _span = span.entered();
                let done = catch_unwind(AssertUnwindSafe(|| work(desk.project(&root)?)));
                let done = done.unwrap_or_else(|_| {
                    // The panic may have left the project half changed, so the next command opens it again.
                    desk.open.clear();
                    Err(defect("the command ended in a defect of Alfine; the log has more"))
                });
                let _ = answer.send(done);
            }),
        )?;
        answered.await.unwrap_or_else(|_| Err(defect("the command was lost")))
    }

    fn queue(&self, common_dir: &Path, to: For, work: Work) -> Result<()> {
        let mut queues = lock(&self.queues);
        let queue = match queues.entry((common_dir.to_owned(), to)) {
            Entry::Occupied(queue) => queue.into_mut(),
            Entry::Vacant(none) => none.insert(start(self.user.clone(), Arc::clone(&self.editor))?),
        };
        if queue.waiting.fetch_add(1, Ordering::Relaxed) >= LONGEST_QUEUE {
            queue.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(refused(
                format!("{LONGEST_QUEUE} commands wait for their turn already"),
                "wait until they are answered",
            ));
        }
        queue.sender.send(work).map_err(|_| defect("the thread that writes is gone"))
    }
}

impl std::fmt::Debug for Queues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queues").finish_non_exhaustive()
    }
}

fn start(user: Option<UserDirs>, editor: Arc<Mutex<Partial>>) -> Result<Queue> {
    let (sender, receiver): (Sender<Work>, Receiver<Work>) = channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let left = Arc::clone(&waiting);
    let thread = std::thread::Builder::new().name("alfine-writer".to_owned()).spawn(move || {
        let mut desk = Desk { open: Vec::new(), user, editor };
        for work in receiver {
            work(&mut desk);
            left.fetch_sub(1, Ordering::Relaxed);
        }
    });
    match thread {
        Ok(_) => Ok(Queue { sender, waiting }),
        Err(error) => Err(defect(&format!("no thread can be started: {error}"))),
    }
}

impl Desk {
    /// Returns the open repository. What dead runners left has been ended.
    fn project(&mut self, root: &Path) -> Result<&mut Project> {
        self.open.retain(|(_, project)| project.store.is_current());
        let at = self.open.iter().position(|(open, _)| open == root);
        let mut project = match at {
            Some(at) => {
                let (_, mut project) = self.open.remove(at);
                project.end_leftovers()?;
                project
            }
            None => {
                let mut project = Project::open(root)?;
                if let Some(user) = &self.user {
                    project.user = user.clone();
                }
                project
            }
        };
        project.editor = lock(&self.editor).clone();
        for notice in project.notices.drain(..) {
            tracing::warn!("{notice}");
        }
        let set_aside = project.set_aside.take();
        self.open.truncate(KEPT_OPEN - 1);
        self.open.insert(0, (root.to_owned(), project));
        if let Some(aside) = set_aside {
            // With an empty database, finished tasks look ready. The user clicked before knowing that, so this request
            // is refused.
            return Err(refused(
                format!(
                    "nothing was done: the database of loops could not be read. It is kept as {}, and a new one \
                     without any loops was created. The work of loops is on their branches (`git branch --list 'alfine/*'`)",
                    aside.display()
                ),
                "look at what is there, then do it again",
            ));
        }
        match self.open.first_mut() {
            Some((_, project)) => Ok(project),
            None => Err(defect("a repository was lost")),
        }
    }
}
