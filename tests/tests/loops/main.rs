//! Loops as a user runs them: the real binary, real git, a fake agent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

mod archive;
mod breakers;
mod browser;
mod budgets;
mod built_on;
mod checkout;
mod checks;
mod commands;
mod control;
mod course;
mod demands;
mod diagnostics;
mod ends;
mod gates;
mod goals;
mod handoff;
mod judge;
mod landing;
mod learning;
mod merging;
mod messages;
mod plan_runs;
mod planning;
mod plans;
mod proof;
mod run_branches;
mod safety;
mod state;
mod unusual;
mod waiting;
mod worktrees;

use alfine_tests::{
    sandbox::{Ran, Sandbox},
    scenario::{done, not_ready, ready, with_plan, write},
};
use serde_json::{Value, json};

/// A plan of one task that no command proves.
const PLAN: &str = "# Plan\n\n### US-001: Add a table\n\nWrite it.\n";
/// Its task.
const TASK: &str = "PLAN.md#US-001";

/// A repository with [`PLAN`], and an agent that plays these runs.
fn playing(runs: Value) -> Sandbox {
    with_plan(PLAN, runs)
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
