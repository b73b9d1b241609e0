//! A loop whose beginning was cut off never works in the user's tree.

use alfine_tests::sandbox::Sandbox;
use serde_json::json;

#[test]
fn a_loop_without_the_worktree_it_was_to_have_gets_it_before_its_agent_works() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", "# Plan\n\n### T1: Write a file\n")]);
    sandbox.fake_agent(&json!({ "runs": [[{ "write": { "path": "a.txt", "content": "a\n" } },
        { "gate": { "ready": false, "question": "Which?" } }]] }));
    sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(4);
    // What a crash leaves between the loop's row and its place.
    let changed = sandbox
        .database()
        .execute("UPDATE loop SET worktree = NULL, branch = NULL, status = 'running'", ())
        .expect("a change");
    assert_eq!(changed, 1);

    let ran = sandbox.alfine(&["rewind", "PLAN.md#T1", "0"]).expect(2);
    assert!(ran.stderr.contains("alfine continue PLAN.md#T1"), "{}", ran.stderr);
    sandbox.alfine(&["run", "PLAN.md#T1"]).expect(4);
    assert!(sandbox.task("PLAN.md#T1")["worktree"].is_string());
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    sandbox.alfine(&["discard", "PLAN.md#T1", "--yes"]).expect(0);
}
