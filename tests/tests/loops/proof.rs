//! The tree that was checked is the one that lands.

use super::*;

#[test]
fn work_that_no_commit_can_hold_is_not_done() {
    let plan = "# P\n\n### US-001: An app\n\n- [ ] it is there: `test -f app/main.py`\n";
    let sandbox = with_plan(
        plan,
        json!([
            [{"shell": "mkdir app; git init -q app; echo 1 > app/main.py"}, ready()],
            [{"shell": "rm -rf app/.git"}, ready()],
        ]),
    );
    let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(2)));
    let runs = sandbox.agent_runs();
    assert!(prompt(&runs[1]).contains("remove app/.git"), "{}", prompt(&runs[1]));
    let branch = task["branch"].as_str().unwrap();
    assert_eq!(sandbox.git(&["show", &format!("{branch}:app/main.py")]), "1");
}

#[test]
fn what_the_setup_brings_that_no_commit_can_hold_is_no_work() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] it is there: `test -f a -a -f vendor/lib`\n";
    let sandbox = with_plan(plan, json!([[write("a", "1"), ready()]]));
    sandbox.settings("[worktree]\nsetup = \"git init -q vendor && touch vendor/lib\"\n");
    let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(1)));
}

#[test]
fn a_check_that_passes_by_what_another_one_left_behind_does_not_pass() {
    let plan =
        "# P\n\n### US-001: Work\n\n- [ ] gen: `echo ok > gen.txt`\n- [ ] proven: `grep -q ok gen.txt`\n";
    let played = |settings: &str| {
        let runs = json!([[write("x.txt", "1"), ready()], [write("gen.txt", "ok\n"), ready()]]);
        let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan), ("alfine.toml", settings)]);
        sandbox.fake_agent(&json!({"runs": runs}));
        let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0).task();
        assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(2)));
        prompt(&sandbox.agent_runs()[1]).to_owned()
    };
    let told = played("");
    assert!(told.contains("grep -q ok gen.txt"), "{told}");
    // Where all run in the agent's own tree, it is said what one had from the other.
    let told = played("[proof]\ncontrol = \"off\"\n");
    assert!(told.contains("left in gen.txt, which are not part of the work"), "{told}");
}

#[test]
fn a_check_that_leaves_files_behind_passes_on_its_own() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] one: `test -f x.txt && date > stamp.txt`\n- [ ] two: `test -f x.txt`\n";
    let sandbox = with_plan(plan, json!([[write("x.txt", "1"), ready()]]));
    let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(1)));
    let branch = task["branch"].as_str().unwrap();
    assert_eq!(sandbox.git(&["ls-tree", "--name-only", branch]), "PLAN.md\nx.txt");
}
