//! Folders of a user in a temporary folder, and a keeper that looks at some of them.

use alfine_core::{
    plan::Isolation,
    task::{TaskKey, TaskStatus},
};
use alfine_files::{Layout, UserDirs};
use alfine_lsp::{keeper::Keeper, snapshot::Snapshot};
use alfine_store::{LoopId, LoopLock, LoopNew, LoopSummary, Store};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::watch};

/// The longest anything may take before the test fails: below the minute after which a keeper looks although it heard
/// nothing, so that what is seen was heard.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) const PLAN: &str = "# Shop\n\n### US-001: Add a table\n\n- [ ] it is there\n";

/// Folders of a user, and a keeper that looks at some of them.
pub(crate) struct Place {
    pub runtime: Runtime,
    pub keeper: Option<Keeper>,
    pub published: watch::Receiver<Arc<Snapshot>>,
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (publish, published) = watch::channel(Arc::default());
        let at = |name: &str| folder.path().join("user").join(name);
        let user = UserDirs { config: at("config"), data: at("data"), state: at("state") };
        let keeper = Some(Keeper::start(publish, user).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, keeper, published, folder }
    }

    pub(crate) fn keeper(&self) -> &Keeper {
        self.keeper.as_ref().unwrap()
    }

    /// The folder's path, without links.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A repository with a plan.
    pub(crate) fn repository(&self, name: &str) -> PathBuf {
        self.write(&format!("{name}/PLAN.md"), PLAN);
        git(&self.path(name), &["init", "-q"]);
        self.path(name)
    }

    pub(crate) fn open_folders(&self, names: &[&str]) {
        self.keeper().set_folders(names.iter().map(|name| self.path(name)).collect());
    }

    /// Waits for a snapshot that fulfils a condition.
    pub(crate) fn until(
        &mut self,
        what: &str,
        mut condition: impl FnMut(&Snapshot) -> bool,
    ) -> Arc<Snapshot> {
        let waiting = async {
            let waiting = self.published.wait_for(|snapshot| condition(snapshot));
            tokio::time::timeout(PATIENCE, waiting).await.ok().map(|found| found.unwrap().clone())
        };
        let found = self.runtime.block_on(waiting);
        found.unwrap_or_else(|| panic!("never seen: {what}\n{:#?}", self.published.borrow()))
    }

    pub(crate) fn look(&self) -> Arc<Snapshot> {
        let told = self.keeper().look();
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, told).await }).unwrap().unwrap();
        self.published.borrow().clone()
    }
}

pub(crate) fn git(folder: &Path, args: &[&str]) {
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

pub(crate) fn layout(root: &Path) -> Layout {
    Layout::of_common_dir(&root.join(".git"))
}

pub(crate) fn store(root: &Path) -> Store {
    Store::open(&layout(root)).unwrap().store
}

pub(crate) fn key(id: &str) -> TaskKey {
    TaskKey::new("PLAN.md", id)
}

/// Begins a loop of a task, and keeps its lock.
pub(crate) fn start(store: &mut Store, id: &str) -> LoopLock {
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
                    plan_run: None,
                },
            )
        })
        .unwrap();
    lock
}
