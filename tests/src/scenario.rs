//! The runs that most tests have their fake agent play.

use crate::sandbox::Sandbox;
use serde_json::{Value, json};

/// A claim of ready.
pub fn ready() -> Value {
    json!({"gate": {"ready": true, "reason": "it works"}})
}

/// No claim of ready.
pub fn not_ready() -> Value {
    json!({"gate": {"ready": false, "reason": "more to do"}})
}

/// Work in a file.
pub fn write(path: &str, content: &str) -> Value {
    json!({"write": {"path": path, "content": content}})
}

/// A run with work in a file, and a claim of ready.
pub fn done() -> Value {
    json!([write("work.txt", "done\n"), ready()])
}

/// A repository with this plan, and an agent that plays these runs.
pub fn with_plan(plan: &str, runs: Value) -> Sandbox {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan)]);
    sandbox.fake_agent(&json!({"runs": runs}));
    sandbox
}
