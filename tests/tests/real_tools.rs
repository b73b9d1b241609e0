//! Verifiers that drive a program of somebody else, with the real one.
//!
//! Ignored by a plain `cargo test`; `tests/run` gets the programs, runs these, and counts them as skipped where it cannot.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use alfine_tests::{
    sandbox::Sandbox,
    scenario::{ready, write},
};
use serde_json::json;

const TASK: &str = "PLAN.md#US-001";
const PLAN: &str = "# P\n\n### US-001: Work\n\nDo it.\n";

#[test]
#[ignore = "needs a real tool"]
fn a_real_language_server_finds_the_new_error_and_not_the_old_one() {
    let named = std::env::var("ALFINE_REAL_CLANGD");
    let clangd = named.expect("ALFINE_REAL_CLANGD has to name clangd; tests/run --full sets it");
    let old = "int old(void) { return missing; }\n";
    let bad = format!("/* \u{1f600} */ int added(void) {{ return absent; }}\n{old}");
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("a.c", old)]);
    sandbox.fake_agent(&json!({"runs": [
        [write("a.c", &bad), ready()],
        [write("a.c", &bad.replace("absent", "1")), ready()],
    ]}));
    sandbox.settings(&format!("[[verifiers]]\nname = \"c\"\nkind = \"diagnostics\"\nserver = {clangd:?}\n"));
    let ran = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0);
    let task = ran.task();
    assert_eq!(
        (task["status"].as_str(), task["iteration"].as_u64()),
        (Some("done"), Some(2)),
        "{}",
        ran.stdout
    );
    let found: String = sandbox
        .database()
        .query_row(
            "SELECT group_concat(severity || ' ' || file || ':' || line || ' ' || code || ' ' || message, '|') FROM finding",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(found.contains("error a.c:1 undeclared_var_use") && found.contains("absent"), "{found}");
    assert!(!found.contains("error a.c:2"), "{found}");
    assert_eq!(sandbox.agent_processes(), []);
}
