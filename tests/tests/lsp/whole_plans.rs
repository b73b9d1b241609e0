//! A plan that is run as a whole on a branch of its own, in an editor.

use super::*;
use rustix::process::{Pid, Signal, kill_process};

const TWO: &str = "# Shop\n\n### US-001: Add a table\n\n### US-002: Fill it\n\nDepends on: US-001\n";

#[test]
fn a_plan_on_a_branch_of_its_own_is_merged_by_its_first_line() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", TWO)]);
    let part = |prompt: &str, file: &str| json!({"prompt": prompt, "runs": [[write(file, "x\n"), ready()]]});
    sandbox.fake_agent(&json!({"parts": [part("Add a table\n", "a.txt"), part("Fill it\n", "b.txt")]}));
    let mut editor = reading(&sandbox);
    let uri = editor.uri("PLAN.md");
    editor.execute("alfine.start", json!({"uri": uri, "options": {"branch": true}})).unwrap();
    editor.lens("PLAN.md", "2 of 2 done · on alfine-runs/PLAN");
    assert!(!sandbox.path().join("repo/a.txt").exists());
    editor.click("PLAN.md", "Merge the plan").unwrap();
    assert_eq!((sandbox.read("a.txt"), sandbox.read("b.txt")), ("x\n".to_owned(), "x\n".to_owned()));
    editor.message("PLAN.md is merged into main: 2 tasks.");
    let again = editor.execute("alfine.mergePlan", json!({"uri": uri})).unwrap_err();
    assert!(again["message"].as_str().unwrap().contains("no branch of its own"), "{again}");
}

#[test]
fn a_plan_that_was_started_here_goes_on_by_itself_after_its_runner_died() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", TWO)]);
    let first = json!({"prompt": "Add a table\n", "runs": [["hang"], [write("a.txt", "x\n"), ready()]]});
    let second = json!({"prompt": "Fill it\n", "runs": [[write("b.txt", "x\n"), ready()]]});
    sandbox.fake_agent(&json!({"parts": [first, second]}));
    let mut editor = reading(&sandbox);
    // Whoever only looks begins nothing.
    let mut onlooker = reading(&sandbox);
    editor.click("PLAN.md", "Start all").unwrap();
    onlooker.lens("PLAN.md", "running");
    wait_until(PATIENCE, "the agent works", || sandbox.agent_runs().len() == 1);
    for runner in sandbox.detached_runners() {
        kill_process(Pid::from_raw(runner.cast_signed()).unwrap(), Signal::KILL).unwrap();
    }
    wait_until(PATIENCE, "both are done", || {
        ["US-001", "US-002"].iter().all(|id| sandbox.task(&format!("PLAN.md#{id}"))["status"] == "done")
    });
    assert_eq!(sandbox.agent_runs().len(), 3);
}

#[test]
fn a_plan_whose_runner_died_rests_where_nobody_started_it() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", TWO)]);
    sandbox.fake_agent(&json!({"runs": [["hang"]]}));
    sandbox.alfine(&["start", "PLAN.md"]).expect(0);
    let mut onlooker = reading(&sandbox);
    wait_until(PATIENCE, "the agent works", || sandbox.agent_runs().len() == 1);
    for runner in sandbox.detached_runners() {
        kill_process(Pid::from_raw(runner.cast_signed()).unwrap(), Signal::KILL).unwrap();
    }
    onlooker.lens("PLAN.md", "Continue all");
    assert_eq!(sandbox.agent_runs().len(), 1);
}
