//! A fake agent that waits in its first run until the test lets it go.

use crate::sandbox::{PATIENCE, Sandbox, wait_until};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A repository whose agent waits at the beginning of its first run.
pub struct Held {
    /// The repository.
    pub sandbox: Sandbox,
    started: PathBuf,
    go: PathBuf,
}

impl Held {
    /// Makes a repository with this plan. After the wait the first run plays `first`; later runs play `rest`.
    pub fn new(plan: &str, first: Vec<Value>, rest: Vec<Value>) -> Self {
        let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan)]);
        let (started, go) = (sandbox.path().join("started"), sandbox.path().join("go"));
        let mut run = vec![json!({"touch": started}), json!({"wait_for": go})];
        run.extend(first);
        let mut runs = vec![json!(run)];
        runs.extend(rest);
        sandbox.fake_agent(&json!({"runs": runs}));
        Self { sandbox, started, go }
    }

    /// Waits until the agent runs.
    #[track_caller]
    pub fn wait(&self) {
        wait_until(PATIENCE, "the agent runs", || self.started.exists());
    }

    /// Lets the agent go on.
    pub fn release(&self) {
        std::fs::write(&self.go, "").expect("a file");
    }
}
