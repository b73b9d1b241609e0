//! Whole plans: the order of their tasks.

use super::*;
use alfine_tests::sandbox::wait_until;
use std::time::Duration;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const CHAIN: &str = "# Plan\n\n### US-003: Third\nDepends on: US-002\n\n### US-001: First\n\n### US-002: Second\nDepends on: US-001\n";

fn chain(parts: &[(&str, Value)]) -> Sandbox {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", CHAIN)]);
    let parts: Vec<Value> =
        parts.iter().map(|(title, run)| json!({"prompt": format!("{title}\n"), "runs": [run]})).collect();
    sandbox.fake_agent(&json!({"parts": parts}));
    sandbox.settings("on_done = \"merge\"\n");
    sandbox
}

#[test]
fn a_plans_tasks_are_run_in_the_order_of_their_dependencies_each_on_the_merge_of_the_one_before() {
    let sandbox = chain(&[
        ("First", json!([write("1.txt", "1"), ready()])),
        ("Second", json!([{"shell": "cp 1.txt 2.txt"}, ready()])),
        ("Third", json!([{"shell": "cp 2.txt 3.txt"}, ready()])),
    ]);
    sandbox.alfine(&["run", "PLAN.md", "--json"]).expect(0);
    assert_eq!(
        sandbox.git(&["log", "--first-parent", "--format=%s"]),
        "feat: [US-003] Third\nfeat: [US-002] Second\nfeat: [US-001] First\nfirst"
    );
    assert_eq!(sandbox.read("3.txt"), "1");
    let ran = sandbox.alfine(&["run", "PLAN.md"]).expect(0);
    assert!(ran.stdout.contains("every task is done"), "{}", ran.stdout);
    assert_eq!(sandbox.agent_runs().len(), 3);
}

#[test]
fn where_no_plan_is_known_those_that_look_like_one_are_named() {
    let sandbox =
        Sandbox::with_repository(&[("prd.json", "{}"), ("docs/plans/a b.md", "# P\n\n### T1: A\n")]);
    let said = sandbox.alfine(&["status"]).expect(0).stdout;
    for part in ["  prd.json\n", "  docs/plans/a b.md\n", "alfine lint prd.json\n", "plans = [\"prd.json\"]"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let none = Sandbox::with_repository(&[("README.md", "# R\n")]).alfine(&["status"]).expect(0).stdout;
    assert!(none.contains("`alfine init` writes a first one"), "{none}");
}

#[test]
fn plans_lie_at_any_depth_and_an_agent_is_told_of_the_files_of_their_tool() {
    let path = "apps/shop/.kiro/specs/beds/tasks.md";
    let mut sandbox = Sandbox::with_repository(&[
        (path, "# Implementation Plan\n\n- [ ] 1. Write the type\n  - _Requirements: 1.2_\n"),
        ("apps/shop/.kiro/specs/beds/requirements.md", "# Requirements\n"),
        ("apps/shop/.kiro/specs/beds/notes.md", "# Notes\n"),
        ("apps/shop/PLAN.md", "# Plan\n\n- [ ] a\n"),
        ("build/PLAN.md", "# Plan\n\n- [ ] b\n"),
        (".gitignore", "build\n"),
    ]);
    let said = sandbox.alfine(&["status"]).expect(0).stdout;
    assert!(said.contains(&format!("{path}  (kiro)\n")) && said.contains("apps/shop/PLAN.md\n"), "{said}");
    assert!(!said.contains("build/PLAN.md"), "{said}");
    sandbox.fake_agent(&json!({"runs": [[write("1.txt", "1"), ready()]]}));
    sandbox.alfine(&["run", &format!("{path}#1"), "--json"]);
    let runs = sandbox.agent_runs();
    let told = prompt(&runs[0]);
    assert!(told.contains("- `apps/shop/.kiro/specs/beds/requirements.md`\n"), "{told}");
    assert!(
        told.contains("_Requirements: 1.2_") && !told.contains("design.md") && !told.contains("notes.md"),
        "{told}"
    );
}

#[test]
fn a_task_that_stops_blocks_what_depends_on_it() {
    let sandbox =
        chain(&[("First", json!([write("1.txt", "1"), ready()])), ("Second", json!([not_ready()]))]);
    sandbox.alfine(&["run", "PLAN.md", "--json"]).expect(3);
    let all = sandbox.alfine(&["status", "--json"]).json();
    let statuses: Vec<&str> =
        all[0]["tasks"].as_array().unwrap().iter().filter_map(|task| task["status"].as_str()).collect();
    assert_eq!(statuses, ["pending", "merged", "stopped"]);
}

#[test]
fn a_task_that_waits_for_another_is_not_started_alone() {
    let sandbox = chain(&[("First", done())]);
    let ran = sandbox.alfine(&["run", "PLAN.md#US-002"]).expect(2);
    assert!(
        ran.stderr.contains("waits for US-001") && ran.stderr.contains("alfine run PLAN.md"),
        "{}",
        ran.stderr
    );
    assert_eq!(sandbox.agent_runs().len(), 0);
}

#[test]
fn a_single_task_of_a_plan_is_the_first_that_is_ready() {
    let sandbox = chain(&[("First", json!([write("1.txt", "1"), ready()]))]);
    let task = sandbox.alfine(&["run", "PLAN.md", "--single-task", "--json"]).expect(0).task();
    assert_eq!((task["id"].as_str(), sandbox.agent_runs().len()), (Some("US-001"), 1));
}

#[test]
fn a_cycle_is_told_with_its_path() {
    let plan = "# Plan\n\n### A1: One\nDepends on: B1\n\n### B1: Two\nDepends on: A1\n";
    let sandbox = with_plan(plan, json!([done()]));
    let ran = sandbox.alfine(&["run", "PLAN.md"]).expect(2);
    assert!(ran.stderr.contains("A1 → B1") || ran.stderr.contains("B1 → A1"), "{}", ran.stderr);
}

#[test]
fn a_tasks_own_fields_hold_for_it() {
    let sandbox = with_plan(
        "# Plan\n\n### US-001: Add a table\nMax iterations: 2\nModel: small\n\nWrite it.\n",
        json!([[write("a", "1"), not_ready()], [write("a", "2"), not_ready()], done()]),
    );
    let task = run(&sandbox).expect(3).task();
    assert_eq!((task["maxIterations"].as_u64(), task["iteration"].as_u64()), (Some(2), Some(2)));
    let runs = sandbox.agent_runs();
    let args = args(&runs[0]);
    assert!(args.windows(2).any(|pair| pair == ["--model", "small"]), "{args:?}");
}

/// Waits until no runner lives that could begin another task.
fn until_no_runner_lives(sandbox: &Sandbox) {
    let repo = sandbox.repo().display().to_string();
    let is_runner = |line: &[u8]| {
        let words: Vec<&[u8]> = line.split(|&byte| byte == 0).collect();
        words.contains(&repo.as_bytes()) && words.contains(&b"runner".as_slice())
    };
    wait_until(PATIENCE, "no runner lives", || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        !processes
            .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
            .any(|line| is_runner(&line))
    });
}

pub(crate) fn status_of(sandbox: &Sandbox, id: &str) -> String {
    sandbox.task(&format!("PLAN.md#{id}"))["status"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_plan_that_is_started_as_a_whole_goes_on_by_itself_in_the_background() {
    let sandbox = chain(&[
        ("First", json!([write("1.txt", "1"), ready()])),
        ("Second", json!([{"shell": "cp 1.txt 2.txt"}, ready()])),
        ("Third", json!([{"shell": "cp 2.txt 3.txt"}, ready()])),
    ]);
    sandbox.alfine(&["start", "PLAN.md"]).expect(0);
    wait_until(PATIENCE, "the last task is merged", || status_of(&sandbox, "US-003") == "merged");
    assert_eq!(
        sandbox.git(&["log", "--first-parent", "--format=%s"]),
        "feat: [US-003] Third\nfeat: [US-002] Second\nfeat: [US-001] First\nfirst"
    );
}

#[test]
fn what_an_agent_writes_into_the_plan_is_not_what_its_next_task_is() {
    const PLAN: &str = "# Plan\n\n### US-001: First\n\n- [ ] a: `test -f 1.txt`\n\n### US-002: Second\n\n- [ ] b: `test -f 2.txt`\n";
    for own_commit in ["true", "git commit -qam mine"] {
        let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
        let edit = "sed -i -e 's/- .* b:.*/- [x] b/' PLAN.md; printf '\\n### US-003: More\\n' >>PLAN.md";
        sandbox.fake_agent(&json!({"parts": [
            {"prompt": "First\n", "runs": [[{"shell": format!("{edit}; {own_commit}")}, write("1.txt", "1"), ready()]]},
            {"prompt": "Second\n", "runs": [[write("2.txt", "2"), ready()]]},
        ]}));
        sandbox.settings("on_done = \"merge\"\n");
        sandbox.alfine(&["start", "PLAN.md", "--trust"]).expect(0);
        wait_until(PATIENCE, "the second is merged", || status_of(&sandbox, "US-002") == "merged");
        until_no_runner_lives(&sandbox);
        assert_eq!((sandbox.read("PLAN.md"), sandbox.agent_runs().len()), (PLAN.replace("[ ]", "[x]"), 2));
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    }
}

#[test]
fn a_task_that_is_started_alone_starts_no_other() {
    let sandbox = chain(&[("First", done()), ("Second", done())]);
    sandbox.alfine(&["start", "PLAN.md#US-001"]).expect(0);
    wait_until(PATIENCE, "it is merged", || status_of(&sandbox, "US-001") == "merged");
    until_no_runner_lives(&sandbox);
    assert_eq!(sandbox.agent_runs().len(), 1);
}

#[test]
fn a_task_that_stops_or_must_be_asked_about_blocks_only_what_depends_on_it() {
    const PLAN: &str = "# Plan\n\n### US-001: First\n\n### US-002: Second\n\n- [ ] It is there: `test -f 2.txt`\n\n### US-003: Third\n\n### US-004: Fourth\nDepends on: US-001\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    let [begun, go] = ["begun", "go"].map(|name| sandbox.path().join(name));
    sandbox.fake_agent(&json!({"parts": [
        {"prompt": "First\n", "runs": [[{"touch": begun}, {"wait_for": go}, not_ready()]]},
        {"prompt": "Third\n", "runs": [[write("3.txt", "3"), ready()]]},
    ]}));
    sandbox.alfine(&["start", "PLAN.md", "-i", "1", "--trust"]).expect(0);
    wait_until(PATIENCE, "its agent works", || begun.exists());
    sandbox.write("PLAN.md", &PLAN.replace("test -f 2.txt", "test -f 2.txt # another one"));
    std::fs::write(go, "").unwrap();
    wait_until(PATIENCE, "the third is done", || status_of(&sandbox, "US-003") == "done");
    until_no_runner_lives(&sandbox);
    let statuses = ["US-001", "US-002", "US-004"].map(|id| status_of(&sandbox, id));
    assert_eq!(statuses, ["stopped", "ready", "pending"]);
    assert_eq!(sandbox.task("PLAN.md#US-003")["maxIterations"], 1, "what was given holds for all of them");
}

#[test]
fn a_plan_that_is_run_goes_on_with_what_does_not_depend_on_a_task_that_stops() {
    const PLAN: &str =
        "# Plan\n\n### US-001: First\n\n### US-002: Second\nDepends on: US-001\n\n### US-003: Third\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    sandbox.fake_agent(&json!({"parts": [
        {"prompt": "First\n", "runs": [[not_ready()]]},
        {"prompt": "Third\n", "runs": [[write("3.txt", "3"), ready()]]},
    ]}));
    let ran = sandbox.alfine(&["run", "PLAN.md", "-i", "1"]).expect(3);
    assert!(ran.stdout.contains("PLAN.md#US-002 waits for US-001"), "{}", ran.stdout);
    let statuses = ["US-001", "US-002", "US-003"].map(|id| status_of(&sandbox, id));
    assert_eq!(statuses, ["stopped", "pending", "done"]);
    // Run again, the one that is stopped says so, and still waits for the user's word.
    let again = sandbox.alfine(&["run", "PLAN.md"]).expect(3);
    assert!(again.stdout.contains("PLAN.md#US-001 is stopped"), "{}", again.stdout);
    assert_eq!(sandbox.agent_runs().len(), 2);
}

#[test]
fn a_plan_whose_task_the_user_stops_does_not_go_on() {
    const PLAN: &str = "# Plan\n\n### US-001: First\n\n### US-002: Second\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    let begun = sandbox.path().join("begun");
    sandbox.fake_agent(&json!({"runs": [[{"touch": begun}, {"wait_for": sandbox.path().join("never")}]]}));
    sandbox.alfine(&["start", "PLAN.md"]).expect(0);
    wait_until(PATIENCE, "its agent works", || begun.exists());
    sandbox.alfine(&["stop", "PLAN.md#US-001"]).expect(0);
    until_no_runner_lives(&sandbox);
    assert_eq!((status_of(&sandbox, "US-001").as_str(), sandbox.agent_runs().len()), ("stopped", 1));
    assert_eq!(status_of(&sandbox, "US-002"), "ready");
}
