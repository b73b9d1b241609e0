//! The thread that looks at the disk: finds the working trees of the client's folders and open files, and follows the
//! plans and settings in them.

use super::{
    board::Board,
    follower::Follower,
    ticket::{AtEnd, Ticket},
    tree::Tree,
    watches::Watches,
};
use crate::protocol::lsp_types::Url;
use crate::snapshot::{Checkout, Place};
use alfine_config::Partial;
use alfine_files::UserDirs;
use alfine_git::Repository;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

/// How long changes of files are gathered before they are read.
const GATHER: Duration = Duration::from_millis(50);
/// How often everything is looked at if something cannot be watched.
const POLL: Duration = Duration::from_secs(5);
/// How long a new repository's database has to be read before its plans show without it.
const FIRST_READ: Duration = Duration::from_secs(1);
/// How many times in a row new watches cause another look at everything.
const MOST_ROUNDS: usize = 3;

/// What the thread receives.
#[derive(Debug)]
pub(super) enum Message {
    /// The workspace folders.
    Folders(Vec<PathBuf>),
    /// A document was opened.
    Opened(Url),
    /// A document was closed.
    Closed(Url),
    /// Files changed, as the client says.
    Touched(Vec<Url>),
    /// The editor's settings.
    Settings(Value),
    /// Look at everything.
    Look(Ticket),
    /// Watched files changed.
    Changed,
    /// End the thread.
    Stop,
}

/// The thread's state.
#[derive(Debug)]
pub(super) struct Disk {
    inbox: Receiver<Message>,
    board: Arc<Board>,
    user: UserDirs,
    alive: Sender<()>,
    watches: Watches,
    editor: Partial,
    folders: Vec<PathBuf>,
    open: BTreeSet<Url>,
    /// The working tree of each folder that was asked for; `None` if the folder is in no repository.
    located: HashMap<PathBuf, Option<Place>>,
    trees: BTreeMap<PathBuf, Tree>,
    linked: HashMap<Url, PathBuf>,
    followers: HashMap<PathBuf, Follower>,
}

/// What there is to do.
#[derive(Debug, Default)]
struct Todo {
    locate: bool,
    everything: bool,
    is_told: bool,
    stop: bool,
    paths: HashSet<PathBuf>,
    tickets: Vec<Ticket>,
    /// When the first change of a file was reported.
    heard: Option<Instant>,
}

impl Disk {
    pub(super) fn new(
        inbox: Receiver<Message>,
        outbox: Sender<Message>,
        board: Arc<Board>,
        mut user: UserDirs,
        alive: Sender<()>,
    ) -> Self {
        for folder in [&mut user.config, &mut user.state, &mut user.data] {
            *folder = real(folder);
        }
        let watches = Watches::new(move || {
            let _ = outbox.send(Message::Changed);
        });
        Self {
            inbox,
            board,
            user,
            alive,
            watches,
            editor: Partial::default(),
            folders: Vec::new(),
            open: BTreeSet::new(),
            located: HashMap::new(),
            trees: BTreeMap::new(),
            linked: HashMap::new(),
            followers: HashMap::new(),
        }
    }

    /// Works until it receives `Stop`.
    pub(super) fn run(mut self) {
        let mut todo = Todo::default();
        while !todo.stop {
            self.gather(&mut todo);
            let now = std::mem::take(&mut todo);
            todo.stop = now.stop;
            if !now.stop && catch_unwind(AssertUnwindSafe(|| self.work(now))).is_err() {
                tracing::error!(
                    "looking at the disk failed by a defect of Alfine; it goes on with the next change"
                );
            }
        }
    }

    /// Waits until there is something to do.
    fn gather(&mut self, todo: &mut Todo) {
        loop {
            let due = todo.heard.map(|heard| heard + GATHER);
            let longest = match due {
                Some(due) => Some(due.saturating_duration_since(Instant::now())),
                None => self.watches.is_deaf().then_some(POLL),
            };
            let message = match longest {
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(longest) => self.inbox.recv_timeout(longest),
            };
            match message {
                Ok(message) => self.take(message, todo),
                Err(RecvTimeoutError::Disconnected) => todo.stop = true,
                Err(RecvTimeoutError::Timeout) if due.is_none() => todo.everything = true,
                Err(RecvTimeoutError::Timeout) => return,
            }
            while let Ok(message) = self.inbox.try_recv() {
                self.take(message, todo);
            }
            if todo.stop || todo.is_told || todo.everything {
                return;
            }
        }
    }

    fn take(&mut self, message: Message, todo: &mut Todo) {
        todo.is_told |= !matches!(message, Message::Changed);
        match message {
            Message::Folders(folders) => {
                self.folders = folders;
                todo.locate = true;
            }
            Message::Opened(uri) => {
                self.open.insert(uri);
                todo.locate = true;
            }
            Message::Closed(uri) => {
                self.open.remove(&uri);
                todo.locate = true;
            }
            Message::Touched(uris) => {
                let paths = uris.iter().filter_map(|uri| uri.to_file_path().ok());
                let paths: Vec<PathBuf> = paths.flat_map(|path| [real(&path), path]).collect();
                self.followers.values().for_each(|follower| follower.touched(&paths));
                todo.paths.extend(paths);
            }
            Message::Settings(settings) => self.editor = Partial::of_json(settings),
            Message::Look(ticket) => {
                for follower in self.followers.values() {
                    follower.look(ticket.clone());
                }
                todo.everything = true;
                todo.tickets.push(ticket);
            }
            Message::Changed => {
                todo.heard.get_or_insert_with(Instant::now);
            }
            Message::Stop => todo.stop = true,
        }
    }

    fn work(&mut self, mut todo: Todo) {
        let mut is_other = todo.locate;
        for round in 0..MOST_ROUNDS {
            let changes = self.watches.take();
            todo.everything |= changes.lost;
            todo.paths.extend(changes.paths);
            if todo.everything || round > 0 || todo.paths.iter().any(|path| self.moves_repositories(path)) {
                self.located.clear();
                todo.locate = true;
            }
            if todo.locate {
                is_other |= self.locate(&todo.tickets);
            }
            for tree in self.trees.values_mut() {
                if tree.is_moved_by(&todo.paths)
                    && let Some(follower) = self.followers.get(&tree.place.common_dir)
                {
                    follower.head_moved();
                }
                is_other |= tree.look(&self.user, &self.editor, &todo.paths);
            }
            // No event comes for what changed between the look and the watch.
            if !self.watches.set(&self.wanted()) {
                break;
            }
        }
        if is_other {
            let checkouts = self.trees.values().map(|tree| self.checkout(tree)).collect();
            self.board.put_checkouts(checkouts, self.linked.clone());
        }
    }

    /// Says whether a changed path may make a repository or take one away.
    fn moves_repositories(&self, path: &Path) -> bool {
        let is_git = |path: &Path| path.file_name().is_some_and(|name| name == ".git");
        is_git(path)
            || path.parent().is_some_and(is_git)
            || self.trees.contains_key(path)
            || self.folders.iter().any(|folder| folder.starts_with(path))
            || self.located.keys().any(|folder| folder == path)
    }

    /// Finds the working trees. Says whether there are others now.
    fn locate(&mut self, tickets: &[Ticket]) -> bool {
        let open: Vec<(Url, PathBuf)> =
            self.open.iter().filter_map(|uri| Some((uri.clone(), uri.to_file_path().ok()?))).collect();
        let around = open.iter().filter_map(|(_, path)| Some(path.parent()?.to_owned()));
        let asked: Vec<PathBuf> = self.folders.iter().cloned().chain(around).collect();
        self.located.retain(|folder, _| asked.contains(folder));
        let mut places: BTreeMap<PathBuf, Place> = BTreeMap::new();
        for folder in asked {
            let place = self.located.entry(folder).or_insert_with_key(|folder| place_of(folder));
            if let Some(place) = place {
                places.entry(place.real_root.clone()).or_insert_with(|| place.clone());
            }
        }
        let before: Vec<Place> = self.trees.values().map(|tree| tree.place.clone()).collect();
        self.trees.retain(|root, tree| places.get(root) == Some(&tree.place));
        self.follow(&places, tickets);
        for (root, place) in places {
            let read = || Tree::read(place, &self.user, &self.editor);
            self.trees.entry(root).or_insert_with(read);
        }
        let linked = open.into_iter().filter_map(|(uri, path)| Some((uri, self.link(&path)?))).collect();
        let is_other = linked != self.linked || before != self.places();
        self.linked = linked;
        is_other
    }

    fn checkout(&self, tree: &Tree) -> Checkout {
        let of_folders = self.folders.iter().filter_map(|folder| self.located.get(folder)?.as_ref());
        Checkout {
            is_folder: of_folders.into_iter().any(|place| place.real_root == tree.place.real_root),
            is_loops: tree.place.real_root.starts_with(self.user.data.join("worktrees")),
            ..tree.checkout()
        }
    }

    fn places(&self) -> Vec<Place> {
        self.trees.values().map(|tree| tree.place.clone()).collect()
    }

    /// Follows the databases of these working trees and of no others.
    fn follow(&mut self, places: &BTreeMap<PathBuf, Place>, tickets: &[Ticket]) {
        let mut roots: HashMap<PathBuf, Vec<PathBuf>> = HashMap::new();
        for place in places.values() {
            let of_repository = roots.entry(place.common_dir.clone()).or_default();
            // The user's main working tree comes first.
            of_repository.insert(if place.is_main() { 0 } else { of_repository.len() }, place.root.clone());
        }
        self.followers.retain(|dir, _| roots.contains_key(dir));
        let (read, is_read) = mpsc::channel::<()>();
        let first = AtEnd::new(move || drop(read));
        for (common_dir, roots) in roots {
            if let Some(follower) = self.followers.get(&common_dir) {
                follower.set_roots(roots);
                continue;
            }
            match Follower::start(&common_dir, roots, self.board.clone(), self.alive.clone()) {
                Ok(follower) => {
                    follower.look(first.clone());
                    tickets.iter().for_each(|ticket| follower.look(ticket.clone()));
                    self.followers.insert(common_dir, follower);
                }
                Err(error) => tracing::error!("{} cannot be followed: {error}", common_dir.display()),
            }
        }
        drop(first);
        // Without the database, every task of a plan would look as if it had never been started, if only for a moment.
        let _ = is_read.recv_timeout(FIRST_READ);
    }

    /// The real path of a file that reaches a working tree through a symlink; `None` if its path is inside one already.
    fn link(&self, path: &Path) -> Option<PathBuf> {
        let real = match path.canonicalize() {
            Ok(real) => real,
            // A file that is not saved yet.
            Err(_) => path.parent()?.canonicalize().ok()?.join(path.file_name()?),
        };
        let there = self.find(&real)?;
        (self.find(path) != Some(there)).then_some(real)
    }

    fn find(&self, path: &Path) -> Option<(&Path, String)> {
        let found = self
            .trees
            .values()
            .filter_map(|tree| Some((tree.place.real_root.as_path(), tree.place.name_of(path)?)));
        // Of two trees around the file, the inner one leaves the shorter path.
        found.min_by_key(|(_, name)| name.len())
    }

    /// The folders to watch.
    fn wanted(&self) -> BTreeSet<PathBuf> {
        let mut wanted: BTreeSet<PathBuf> = self.trees.values().flat_map(Tree::folders).collect();
        if !self.folders.is_empty() || !self.trees.is_empty() {
            wanted.insert(self.user.config.clone());
            wanted.insert(self.user.state.join("trust"));
        }
        for folder in &self.folders {
            let folder = real(folder);
            let git = folder.join(".git");
            // A repository in the making.
            if git.is_dir() && !self.trees.contains_key(&folder) {
                wanted.insert(git);
            }
            wanted.insert(folder);
        }
        wanted
    }
}

fn place_of(folder: &Path) -> Option<Place> {
    let repository = Repository::discover(folder).ok()?;
    let (real_root, common_dir) = (repository.workdir().to_owned(), repository.common_dir().to_owned());
    let root = root_as_named(folder, &real_root).unwrap_or_else(|| real_root.clone());
    Some(Place { root, real_root, common_dir })
}

/// The root, spelled as in a path that leads into it.
fn root_as_named(folder: &Path, real_root: &Path) -> Option<PathBuf> {
    let real = folder.canonicalize().ok()?;
    let below = real.strip_prefix(real_root).ok()?.components().count();
    let root = folder.ancestors().nth(below)?;
    (root.canonicalize().ok()? == real_root).then(|| root.to_owned())
}

/// A path without links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    path.ancestors()
        .find_map(|above| Some(above.canonicalize().ok()?.join(path.strip_prefix(above).ok()?)))
        .unwrap_or_else(|| path.to_owned())
}
