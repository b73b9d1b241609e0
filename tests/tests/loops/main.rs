//! Loops as a user runs them: the real binary, real git, a fake agent.

mod breakers;
mod commands;
mod control;
mod course;
mod gates;
mod merging;
mod messages;
mod plans;
mod safety;
mod waiting;
mod worktrees;

use alfine_tests::sandbox::{Ran, Sandbox};
use serde_json::{Value, json};

/// A plan of one task that no command proves.
const PLAN: &str = "# Plan\n\n### US-001: Add a table\n\nWrite it.\n";
/// Its task.
const TASK: &str = "PLAN.md#US-001";

/// A claim of ready.
fn ready() -> Value {
    json!({"gate": {"ready": true, "reason": "it works"}})
}

/// No claim of ready.
fn not_ready() -> Value {
    json!({"gate": {"ready": false, "reason": "more to do"}})
}

/// Work in a file.
fn write(path: &str, content: &str) -> Value {
    json!({"write": {"path": path, "content": content}})
}

/// A run with work in a file, and a claim of ready.
fn done() -> Value {
    json!([write("work.txt", "done\n"), ready()])
}

/// A repository with [`PLAN`], and an agent that plays these runs.
fn playing(runs: Value) -> Sandbox {
    with_plan(PLAN, runs)
}

/// A repository with this plan, and an agent that plays these runs.
fn with_plan(plan: &str, runs: Value) -> Sandbox {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan)]);
    sandbox.fake_agent(&json!({"runs": runs}));
    sandbox
}

/// Runs the one task to its rest.
fn run(sandbox: &Sandbox) -> Ran {
    sandbox.alfine(&["run", TASK, "--trust", "--json"])
}

/// The line of a rule in a task's breaker.
#[track_caller]
fn rule<'a>(task: &'a Value, name: &str) -> &'a Value {
    let lines = task["breaker"].as_array().expect("the breaker's lines");
    lines.iter().find(|line| line["rule"] == name).expect("the rule's line")
}

/// The arguments of a run of the agent.
fn args(run: &Value) -> Vec<&str> {
    run["args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The session that a run resumed.
fn resumed(run: &Value) -> Option<&str> {
    let args = args(run);
    let at = args.iter().position(|arg| *arg == "--resume")?;
    args.get(at + 1).copied()
}

/// The prompt of a run.
fn prompt(run: &Value) -> &str {
    run["prompt"].as_str().unwrap_or_default()
}

/// Waits until the task is in this status.
#[track_caller]
fn wait_for_status(sandbox: &Sandbox, status: &str) {
    alfine_tests::sandbox::wait_until(alfine_tests::sandbox::PATIENCE, status, || {
        sandbox.task(TASK)["status"] == status
    });
}
