//! What stops a loop that no longer makes sense, with what it counted.

use super::*;
use alfine_tests::sandbox::{PATIENCE, wait_until};
use std::os::unix::fs::PermissionsExt;

/// Checks that a rule stopped the loop, and returns the task.
#[track_caller]
fn stopped_by(ran: Ran, name: &str, count: f64, limit: f64, evidence: &str) -> Value {
    let task = ran.expect(3).task();
    assert_eq!(task["status"], "stopped", "{task:#}");
    let line = rule(&task, name);
    assert_eq!((&task["cause"]["kind"], &task["cause"]["trip"]), (&json!("breaker"), line), "{task:#}");
    assert_eq!((line["count"].as_f64(), line["limit"].as_f64()), (Some(count), Some(limit)), "{line}");
    let told = line["evidence"].as_str().unwrap_or_default();
    assert!(told.contains(evidence), "{line}");
    task
}

fn blocked(file: &str, blocker: &str) -> Value {
    json!([write("work.txt", file), {"gate": {"ready": false, "blockers": [blocker]}}])
}

#[test]
fn iterations_without_a_change_stop_it() {
    let sandbox = playing(json!([[write("a", "1"), not_ready()], [not_ready()]]));
    stopped_by(run(&sandbox), "no-change", 3.0, 3.0, "iterations 2, 3 and 4 left tree ");
    assert_eq!(sandbox.agent_runs().len(), 4);
}

#[test]
fn the_agents_own_commit_is_a_change_and_its_own_word_is_none() {
    let commit = "git -c user.name=B -c user.email=b@b commit -q --allow-empty -m more";
    let sandbox = playing(json!([[{"shell": commit}, not_ready()]]));
    let task = sandbox.alfine(&["run", TASK, "--json", "-i", "5"]).expect(3).task();
    assert_eq!(task["reason"], "all 5 iterations are used");
    assert_eq!(rule(&task, "no-change")["count"], 0.0);

    let claims = json!({"gate": {"ready": false, "progress": "I changed many files"}});
    let sandbox = playing(json!([[claims]]));
    stopped_by(run(&sandbox), "no-change", 3.0, 3.0, "iterations 1, 2 and 3");
}

#[test]
fn the_same_error_stops_it_although_its_numbers_differ() {
    let sandbox = playing(json!([
        blocked("1", "timeout after 31 s at 0x7f01"),
        blocked("2", "timeout after 62 s at 0x7f02"),
        blocked("3", "timeout after 93 s at 0x7f03"),
    ]));
    sandbox.settings("[limits]\nsame_error = 3\n");
    stopped_by(run(&sandbox), "same-error", 3.0, 3.0, "timeout after 93 s");
}

#[test]
fn another_error_starts_the_count_again() {
    let sandbox =
        playing(json!([blocked("1", "no disk"), blocked("2", "no disk"), blocked("3", "no route")]));
    sandbox.settings("[limits]\nsame_error = 3\n");
    let task = sandbox.alfine(&["run", TASK, "--json", "-i", "3"]).expect(3).task();
    assert_eq!(task["reason"], "all 3 iterations are used");
    assert_eq!(rule(&task, "same-error")["count"], 1.0);
}

#[test]
fn claims_that_the_checks_refuse_stop_it() {
    let sandbox = with_plan(
        "# Plan\n\n### US-001: Add a table\n\nAcceptance criteria:\n- [ ] Right: `cat work.txt; test -e never`\n",
        json!([
            [write("work.txt", "alpha broke"), ready()],
            [write("work.txt", "beta broke"), ready()],
            [write("work.txt", "gamma broke"), ready()]
        ]),
    );
    stopped_by(run(&sandbox), "rework", 3.0, 3.0, "iterations 1, 2 and 3 claimed ready");
}

#[test]
fn cost_and_tokens_stop_it_before_the_next_iteration() {
    let spends = |file: &str| json!([write("a", file), not_ready(), {"result": {"cost": 0.75, "input": 60, "output": 15}}]);
    let runs = || json!([spends("1"), spends("2"), spends("3")]);
    let sandbox = playing(runs());
    let ran = sandbox.alfine(&["run", TASK, "--json", "--max-cost", "1"]);
    let task = stopped_by(ran, "cost", 1.5, 1.0, "");
    assert_eq!((task["costUsd"].as_f64(), sandbox.agent_runs().len()), (Some(1.5), 2));

    let sandbox = playing(runs());
    sandbox.settings("[limits]\ntokens = 100\n");
    stopped_by(run(&sandbox), "tokens", 150.0, 100.0, "");
}

#[test]
fn each_run_may_cost_what_is_left_and_a_trial_one_more_limit() {
    let spends = |file: &str, cost: f64| json!([write("a", file), not_ready(), {"result": {"cost": cost, "input": 1}}]);
    let sandbox = playing(json!([spends("1", 0.75), spends("2", 1.25), spends("3", 0.5)]));
    sandbox.settings("[limits]\ncost_usd = 1.0\n");
    stopped_by(run(&sandbox), "cost", 2.0, 1.0, "");
    stopped_by(sandbox.alfine(&["continue", TASK, "--json"]), "cost", 2.5, 1.0, "");
    let runs = sandbox.agent_runs();
    let budgets: Vec<_> = runs
        .iter()
        .map(|run| {
            let args = args(run);
            let at = args.iter().position(|arg| *arg == "--max-budget-usd").unwrap();
            args[at + 1].to_owned()
        })
        .collect();
    assert_eq!(budgets, ["1", "0.25", "1"]);
}

#[test]
fn what_an_agent_cost_that_was_ended_is_not_known() {
    let sandbox = playing(json!([[write("a", "1"), "hang"], [write("a", "2"), "hang"]]));
    sandbox.settings("[limits]\nstall = \"500ms\"\ncost_usd = 1.0\niterations = 2\n");
    let task = run(&sandbox).expect(3).task();
    assert!(rule(&task, "cost")["evidence"].as_str().unwrap().starts_with("unknown in part"), "{task:#}");
    let status = sandbox.alfine(&["status", TASK]).stdout;
    assert!(status.contains("cost unknown"), "{status}");
}

#[test]
fn running_time_ends_the_agent_and_stops_it() {
    let sandbox = playing(json!([[write("a", "1"), "hang"]]));
    sandbox.settings("[limits]\nwall_time = \"1s\"\n");
    let task = run(&sandbox).expect(3).task();
    assert_eq!(task["cause"]["trip"]["rule"], "wall-time", "{task:#}");
    assert!(rule(&task, "wall-time")["count"].as_f64().unwrap() >= 1.0);
    assert_eq!(sandbox.agent_processes(), []);
}

#[test]
fn a_silent_agent_is_ended_with_its_children_and_the_loop_goes_on() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    let pid_file = sandbox.path().join("tool.pid");
    sandbox.fake_agent(&json!({"runs": [
        [write("a", "1"), {"background": {"pid_file": pid_file}}, {"wait_for": pid_file}, "hang"],
        [write("a", "2"), ready()],
    ]}));
    sandbox.settings("[limits]\nstall = \"700ms\"\n");
    let ran = run(&sandbox).expect(0);
    let notes = ran.events("note");
    assert!(notes.iter().any(|note| note["note"] == "agent_silent" && note["rule"] == "stall"), "{notes:?}");
    let judged = ran.events("iteration_judged");
    assert!(judged[0]["verdict"].as_str().unwrap().contains("no output for"), "{}", judged[0]);
    assert_eq!(ran.task()["iteration"], 2);
    let tool = std::fs::read_to_string(&pid_file).unwrap();
    assert!(!std::path::Path::new("/proc").join(tool.trim()).exists(), "the tool {tool} lives");
    assert_eq!(sandbox.agent_processes(), []);
}

#[test]
fn an_agent_that_never_speaks_is_ended_and_told_of_and_is_no_iteration() {
    let sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    let mute = sandbox.path().join("mute");
    std::fs::write(&mute, "#!/bin/sh\nexec sleep 60\n").unwrap();
    std::fs::set_permissions(&mute, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.settings(&format!(
        "[agents.claude]\ncommand = {:?}\n[limits]\nstartup = \"400ms\"\nstartup_warning = \"100ms\"\n\
         agent_failing = 2\nretry_backoff = \"10ms\"\n",
        mute.display().to_string()
    ));
    let ran = run(&sandbox);
    let notes = ran.events("note");
    assert!(notes.iter().any(|note| note["note"] == "slow_start"), "{notes:?}\n{}", ran.stderr);
    let task = stopped_by(ran, "agent-failing", 2.0, 2.0, "no first event within");
    assert_eq!(rule(&task, "iterations")["count"], 0.0);
    assert_eq!(sandbox.agent_processes(), []);
}

#[test]
fn an_agent_that_crashes_again_and_again_stops_it_and_no_crash_is_an_iteration() {
    let sandbox =
        playing(json!([[{"signal": 6}], [{"exit": 7}], [{"result": {"failed": true, "text": "it broke"}}]]));
    sandbox.settings("[limits]\nretry_backoff = \"20ms\"\n");
    let task = stopped_by(run(&sandbox), "agent-failing", 3.0, 3.0, "");
    assert_eq!(rule(&task, "iterations")["count"], 0.0);
    assert_eq!(sandbox.agent_runs().len(), 3);
}

#[test]
fn one_crash_is_tried_again() {
    let sandbox = playing(json!([[{"signal": 9}], done()]));
    sandbox.settings("[limits]\nretry_backoff = \"20ms\"\n");
    let ran = run(&sandbox).expect(0);
    assert_eq!(ran.task()["iteration"], 1);
    assert!(ran.events("note").iter().any(|note| note["note"] == "retry"));
}

#[test]
fn a_tool_that_is_denied_twice_stops_it_and_is_named() {
    let denied = |file: &str| json!([{"permission_denied": {"tool": "WebFetch", "input": {}}}, write("a", file), not_ready()]);
    let sandbox = playing(json!([denied("1"), denied("2"), denied("3")]));
    stopped_by(run(&sandbox), "permission", 2.0, 2.0, "WebFetch");
    assert!(prompt(&sandbox.agent_runs()[1]).contains("WebFetch"));
}

#[test]
fn a_tree_that_goes_back_and_forth_stops_it() {
    let leaves = |content: &str| json!([write("a", content), not_ready()]);
    let sandbox = playing(json!([leaves("A"), leaves("B"), leaves("A"), leaves("B"), leaves("C")]));
    stopped_by(run(&sandbox), "oscillation", 2.0, 2.0, "went back to an earlier tree");
    assert_eq!(sandbox.agent_runs().len(), 4);
}

#[test]
fn continue_lets_one_iteration_through_and_the_same_rule_stops_it_again_at_once() {
    let sandbox = playing(json!([[write("a", "1"), not_ready()], [not_ready()]]));
    run(&sandbox).expect(3);
    let ran = sandbox.alfine(&["continue", TASK, "--json"]);
    stopped_by(ran, "no-change", 4.0, 3.0, "iterations 2, 3, 4 and 5");
    assert_eq!(sandbox.agent_runs().len(), 5);
}

#[test]
fn continue_after_a_trip_closes_the_breaker_when_the_iteration_is_well() {
    let sandbox =
        playing(json!([[not_ready()], [not_ready()], [not_ready()], [write("a", "1"), not_ready()], done()]));
    run(&sandbox).expect(3);
    let task = sandbox.alfine(&["continue", TASK, "--json"]).expect(0).task();
    assert_eq!(
        (task["iteration"].as_u64(), rule(&task, "iterations")["count"].as_f64()),
        (Some(5), Some(5.0))
    );
}

#[test]
fn continue_with_a_higher_limit_goes_on_and_keeps_the_counters() {
    let sandbox = playing(json!([
        [write("a", "1"), not_ready()],
        [write("a", "2"), not_ready()],
        [write("a", "3"), not_ready()]
    ]));
    sandbox.alfine(&["run", TASK, "-i", "2"]).expect(3);
    for (limit, word) in [("51", "50"), ("2", "already reached"), ("0", "1 to 50")] {
        let ran = sandbox.alfine(&["continue", TASK, "-i", limit]).expect(2);
        assert!(ran.stderr.contains(word), "{}", ran.stderr);
    }
    assert_eq!(sandbox.agent_runs().len(), 2);
    let task = sandbox.alfine(&["continue", TASK, "-i", "3", "--json"]).expect(3).task();
    assert_eq!(task["reason"], "all 3 iterations are used");
    assert_eq!((task["iteration"].as_u64(), task["maxIterations"].as_u64()), (Some(3), Some(3)));
}

#[test]
fn reset_breaker_sets_the_counters_to_zero_and_says_so() {
    let sandbox = playing(json!([[write("a", "1"), not_ready()], [not_ready()]]));
    run(&sandbox).expect(3);
    let ran = sandbox.alfine(&["continue", TASK, "--reset-breaker", "--json"]).expect(3);
    assert!(ran.events("note").iter().any(|note| note["note"] == "breaker_reset"));
    let task = ran.task();
    assert_eq!(rule(&task, "no-change")["count"], 3.0);
    assert_eq!(rule(&task, "iterations")["count"], 3.0);
    assert_eq!(sandbox.agent_runs().len(), 7);
}

#[test]
fn a_stopped_loop_leaves_no_process_and_no_lock() {
    let sandbox = playing(json!([[not_ready()]]));
    run(&sandbox).expect(3);
    wait_until(PATIENCE, "no process is left", || sandbox.agent_processes().is_empty());
    sandbox.alfine(&["discard", TASK, "--yes"]).expect(0);
}
