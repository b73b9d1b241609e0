//! The keeper with real repositories, a real database and a real file system.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use alfine_core::{
    plan::Isolation,
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{
    layout::{Layout, UserDirs},
    store::{LoopId, LoopLock, LoopNew, LoopSummary, Store},
};
use alfine_lsp::{keeper::Keeper, snapshot::Snapshot};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::watch};
use tower_lsp::lsp_types::Url;

/// The longest anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(10);

const PLAN: &str = "# Shop\n\n### US-001: Add a table\n\n- [ ] it is there\n";

/// Folders of a user, and a keeper that looks at some of them.
struct Place {
    runtime: Runtime,
    keeper: Option<Keeper>,
    published: watch::Receiver<Arc<Snapshot>>,
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (publish, published) = watch::channel(Arc::default());
        let at = |name: &str| folder.path().join("user").join(name);
        let user = UserDirs { config: at("config"), data: at("data"), state: at("state") };
        let keeper = Some(Keeper::start(publish, user).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, keeper, published, folder }
    }

    fn keeper(&self) -> &Keeper {
        self.keeper.as_ref().unwrap()
    }

    /// The folder's path, without links.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A repository with a plan.
    fn repository(&self, name: &str) -> PathBuf {
        self.write(&format!("{name}/PLAN.md"), PLAN);
        git(&self.path(name), &["init", "-q"]);
        self.path(name)
    }

    fn open_folders(&self, names: &[&str]) {
        self.keeper().set_folders(names.iter().map(|name| self.path(name)).collect());
    }

    /// Waits for a snapshot that fulfils a condition.
    fn until(&mut self, what: &str, mut condition: impl FnMut(&Snapshot) -> bool) -> Arc<Snapshot> {
        let waiting = async {
            let waiting = self.published.wait_for(|snapshot| condition(snapshot));
            tokio::time::timeout(PATIENCE, waiting).await.ok().map(|found| found.unwrap().clone())
        };
        let found = self.runtime.block_on(waiting);
        found.unwrap_or_else(|| panic!("never seen: {what}\n{:#?}", self.published.borrow()))
    }

    fn look(&self) -> Arc<Snapshot> {
        let told = self.keeper().look();
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, told).await }).unwrap().unwrap();
        self.published.borrow().clone()
    }
}

fn git(folder: &Path, args: &[&str]) {
    let done = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn layout(root: &Path) -> Layout {
    Layout::of_common_dir(&root.join(".git"))
}

fn store(root: &Path) -> Store {
    Store::open(&layout(root)).unwrap().store
}

fn key(id: &str) -> TaskKey {
    TaskKey::new("PLAN.md", id)
}

/// Begins a loop of a task, and keeps its lock.
fn start(store: &mut Store, id: &str) -> LoopLock {
    let lock = LoopLock::acquire(store.layout(), &LoopId::generate()).unwrap();
    let task = key(id);
    store
        .write(|tx| {
            tx.put_task(&task, "Add a table", 1, TaskStatus::Ready)?;
            tx.create_loop(
                &lock,
                &LoopNew {
                    task: &task,
                    agent: "claude",
                    model: None,
                    isolation: Isolation::Worktree,
                    settings: &json!({ "large": "settings" }),
                    state: "{}",
                    summary: &LoopSummary::default(),
                    forked_from: None,
                },
            )
        })
        .unwrap();
    lock
}

fn status(snapshot: &Snapshot, id: &str) -> Option<TaskStatus> {
    let store = &snapshot.checkouts.first()?.store;
    store.task(&key(id)).map(|task| task.row.status)
}

fn plans(snapshot: &Snapshot) -> Vec<String> {
    snapshot.checkouts.iter().flat_map(|checkout| checkout.plans.keys().cloned()).collect()
}

fn uri(path: &Path) -> Url {
    Url::from_file_path(path).unwrap()
}

#[test]
fn a_folder_shows_its_plans_and_what_the_database_says() {
    let mut place = Place::new();
    let root = place.repository("shop");
    let mut store = store(&root);
    let _lock = start(&mut store, "US-001");
    place.open_folders(&["shop"]);
    let seen = place.until("the checkout", |seen| !seen.checkouts.is_empty());
    // Never for a moment as if the loop was not there.
    assert_eq!(status(&seen, "US-001"), Some(TaskStatus::Running));
    let checkout = &seen.checkouts[0];
    assert_eq!((&checkout.root, &checkout.real_root), (&root, &root));
    assert_eq!(checkout.common_dir, root.join(".git"));
    assert_eq!(checkout.plans["PLAN.md"].text, PLAN);
    let task = checkout.store.task(&key("US-001")).unwrap();
    let last = task.live().unwrap();
    assert_eq!((last.row.settings.is_null(), last.row.state.as_str()), (true, ""));
}

#[test]
fn a_change_by_somebody_else_is_seen_at_once() {
    let mut place = Place::new();
    let root = place.repository("shop");
    let mut store = store(&root);
    let lock = start(&mut store, "US-001");
    place.open_folders(&["shop"]);
    place.until("the loop", |seen| status(seen, "US-001") == Some(TaskStatus::Running));
    let mut delays: Vec<Duration> = (0..11)
        .map(|n| {
            let to = if n % 2 == 0 { TaskStatus::Paused } else { TaskStatus::Running };
            store.write(|tx| tx.set_loop_status(&lock, to, None, false)).unwrap();
            let began = Instant::now();
            place.until("the status", |seen| status(seen, "US-001") == Some(to));
            began.elapsed()
        })
        .collect();
    delays.sort_unstable();
    // The middle one, since a busy machine may hold up any single one of them.
    assert!(delays[5] < Duration::from_millis(200), "{delays:?}");
}

#[test]
fn folders_come_and_go() {
    let mut place = Place::new();
    place.repository("shop");
    place.repository("lab");
    place.open_folders(&["shop"]);
    place.until("one", |seen| seen.checkouts.len() == 1);
    place.open_folders(&["shop", "lab"]);
    place.until("two", |seen| seen.checkouts.len() == 2);
    place.open_folders(&["lab"]);
    let lab = place.path("lab");
    place.until("the other", |seen| seen.checkouts.len() == 1 && seen.checkouts[0].root == lab);
    place.open_folders(&[]);
    place.until("none", |seen| seen.checkouts.is_empty());
}

#[test]
fn a_plan_that_is_edited_made_or_removed_is_seen() {
    let mut place = Place::new();
    let root = place.repository("shop");
    place.open_folders(&["shop"]);
    place.until("the plan", |seen| plans(seen) == ["PLAN.md"]);
    fs::write(root.join("PLAN.md"), "# Other\n").unwrap();
    place.until("the text", |seen| seen.checkouts[0].plans["PLAN.md"].text == "# Other\n");
    place.write("shop/.alfine/plans/inbox.md", PLAN);
    place.until("the new one", |seen| plans(seen) == [".alfine/plans/inbox.md", "PLAN.md"]);
    place.write("shop/.alfine/plans/a/b.md", PLAN);
    place.until("one deeper", |seen| plans(seen).len() == 3);
    fs::remove_file(root.join("PLAN.md")).unwrap();
    place.until("one less", |seen| plans(seen) == [".alfine/plans/a/b.md", ".alfine/plans/inbox.md"]);
}

#[test]
fn a_look_shows_what_was_committed_before() {
    let mut place = Place::new();
    let root = place.repository("shop");
    place.open_folders(&["shop"]);
    place.until("the checkout", |seen| !seen.checkouts.is_empty());
    let mut store = store(&root);
    let lock = start(&mut store, "US-001");
    assert_eq!(status(&place.look(), "US-001"), Some(TaskStatus::Running));
    for to in [TaskStatus::Paused, TaskStatus::Stopped, TaskStatus::Paused] {
        store.write(|tx| tx.set_loop_status(&lock, to, None, false)).unwrap();
        assert_eq!(status(&place.look(), "US-001"), Some(to));
    }
    fs::write(root.join("PLAN.md"), "# Other\n").unwrap();
    assert_eq!(place.look().checkouts[0].plans["PLAN.md"].text, "# Other\n");
    assert!(place.published.has_changed().is_ok());
    assert_eq!(place.look().place(&uri(&root.join("PLAN.md"))).unwrap().1, "PLAN.md");
}
