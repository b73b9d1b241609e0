//! Whole plans: the order of their tasks.

use super::*;

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
