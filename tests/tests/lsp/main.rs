//! The language server as editors have it: `alfine lsp` over its standard streams, real git, a fake agent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

mod buffers;
mod checkout;
mod commands;
mod course;
mod deaths;
mod folders;
mod hostile;
mod load;
mod ranges;
mod several;
mod state;
mod trust;
mod whole_plans;

use alfine_tests::{
    editor::{Editor, Setup},
    held::Held,
    sandbox::{PATIENCE, Sandbox, wait_until},
    scenario::{done, not_ready, ready, with_plan, write},
};
use serde_json::{Value, json};

/// A plan of one task that no command proves.
const PLAN: &str = "# Plan\n\n### US-001: Add a table\n\nAcceptance criteria:\n- [ ] There is a table\n";
/// Its task.
const TASK: &str = "PLAN.md#US-001";
/// The line of its task's title.
const TITLE: u64 = 2;

/// A repository with [`PLAN`], and an agent that plays these runs.
fn playing(runs: Value) -> Sandbox {
    with_plan(PLAN, runs)
}

/// An editor with [`PLAN`] open.
fn reading(sandbox: &Sandbox) -> Editor {
    let mut editor = Editor::open(sandbox);
    editor.open_file("PLAN.md");
    editor
}

/// What an error says.
#[track_caller]
fn refused(answer: Result<Value, Value>) -> String {
    let error = answer.expect_err("a refusal");
    error["message"].as_str().expect("a message").to_owned()
}

/// The argument that names the task.
fn of_task() -> Value {
    json!({"task": TASK})
}
