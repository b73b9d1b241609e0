//! The store seen from outside, by several threads and processes.

mod feed;
mod growth;
mod ledger;
mod locks;
mod memory;
mod opening;
mod processes;
mod rows;
mod schema;

use super::*;
use alfine_core::{
    news::News,
    plan::Isolation,
    task::{TaskKey, TaskStatus},
};
use alfine_files::Layout;
use serde_json::{Value, json};
use std::{thread, time::Duration};
use tempfile::TempDir;

/// A repository's data in a folder of its own.
struct Place {
    folder: TempDir,
    layout: Layout,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::of_common_dir(folder.path());
        Self { folder, layout }
    }

    fn store(&self) -> Store {
        Store::open(&self.layout).unwrap().store
    }

    fn lock(&self) -> LoopLock {
        LoopLock::acquire(&self.layout, &LoopId::generate()).unwrap()
    }

    /// Begins a loop of a task, and keeps its lock.
    fn start(&self, store: &mut Store, task: &TaskKey) -> LoopLock {
        let lock = self.lock();
        store.write(|tx| begin(tx, &lock, task)).unwrap();
        lock
    }
}

fn key(id: &str) -> TaskKey {
    TaskKey::new("PLAN.md", id)
}

fn begin(tx: &Tx<'_>, lock: &LoopLock, task: &TaskKey) -> Result<(), StoreError> {
    tx.put_task(task, "Add coupon table", 1, TaskStatus::Ready)?;
    let new = LoopNew {
        task,
        agent: "claude",
        model: None,
        isolation: Isolation::Worktree,
        settings: &json!({ "maxIterations": 10 }),
        state: "{}",
        summary: &LoopSummary::default(),
        forked_from: None,
        plan_run: None,
    };
    tx.create_loop(lock, &new)
}

fn append(tx: &Tx<'_>, payload: &Value) -> Result<i64, StoreError> {
    let news = News::Other { kind: "test".to_owned(), payload: payload.clone() };
    tx.append_event(NewEvent { loop_id: None, task: None, news: &news })
}
