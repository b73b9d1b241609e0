//! The course of one loop, from its start to its end.

use super::*;

const PROVABLE: &str = "# Plan\n\n### US-001: Add a table\n\nWrite it.\n\nAcceptance criteria:\n\
                        - [ ] The table is right: `cat table.txt && grep -qx right table.txt`\n";

/// Not ready; then ready and wrong; then ready and right.
fn three_runs() -> Value {
    json!([
        [{"text": "I look around."}, write("notes.txt", "a\n"), not_ready(), {"result": {"cost": 0.25, "input": 10}}],
        [write("table.txt", "it is wrong-42\n"), ready(), {"result": {"cost": 0.5, "input": 10}}],
        [write("table.txt", "right\n"), ready(), {"result": {"cost": 0.25, "input": 10}}],
    ])
}

#[test]
fn a_task_is_done_when_its_criterion_is_proven_and_a_failure_goes_into_the_next_prompt() {
    let sandbox = with_plan(PROVABLE, three_runs());
    let ran = run(&sandbox).expect(0);
    let task = ran.task();
    assert_eq!(task["status"], "done");
    assert_eq!(task["iteration"], 3);
    assert_eq!(task["criteria"][0]["state"], "proven");
    let verdicts: Vec<Value> =
        ran.events("iteration_judged").iter().map(|judged| judged["gate"]["verdict"].clone()).collect();
    assert_eq!(verdicts, ["not_ready", "ready", "ready"]);

    let runs = sandbox.agent_runs();
    assert_eq!(runs.len(), 3);
    assert!(!prompt(&runs[1]).contains("wrong-42"), "{}", prompt(&runs[1]));
    assert!(prompt(&runs[2]).contains("it is wrong-42"), "{}", prompt(&runs[2]));
    assert!(prompt(&runs[2]).contains("grep -qx right table.txt"), "{}", prompt(&runs[2]));
}

#[test]
fn all_iterations_are_one_session() {
    let sandbox = with_plan(PROVABLE, three_runs());
    run(&sandbox).expect(0);
    let runs = sandbox.agent_runs();
    let session = runs[0]["session"].as_str().unwrap();
    assert_eq!(runs.iter().map(resumed).collect::<Vec<_>>(), [None, Some(session), Some(session)]);
}

#[test]
fn fresh_context_resumes_no_session() {
    let sandbox = with_plan(PROVABLE, three_runs());
    sandbox.alfine(&["run", TASK, "--trust", "--json", "--context", "fresh"]).expect(0);
    let runs = sandbox.agent_runs();
    assert_eq!(runs.iter().map(resumed).collect::<Vec<_>>(), [None, None, None]);
    assert!(prompt(&runs[1]).contains("Add a table") && prompt(&runs[2]).contains("wrong-42"));
}

#[test]
fn the_cost_is_the_sum_of_the_runs_although_the_agent_reports_totals_of_its_session() {
    let sandbox = with_plan(PROVABLE, three_runs());
    assert_eq!(run(&sandbox).expect(0).task()["costUsd"], 1.0);

    let total_only = |cost: f64| json!({"result": {"cost": cost, "total_only": true, "input": 10}});
    let sandbox = playing(json!([
        [write("a", "1"), not_ready(), total_only(0.25)],
        [write("a", "2"), not_ready(), total_only(0.5)],
        [write("a", "3"), ready(), total_only(0.25)],
    ]));
    let task = run(&sandbox).expect(0).task();
    assert_eq!(task["costUsd"], 1.0);
    assert_eq!(rule(&task, "cost")["count"], 1.0);
}

#[test]
fn the_users_tree_index_and_head_are_untouched_until_the_merge() {
    let sandbox = with_plan(PROVABLE, three_runs());
    sandbox.write("mine.txt", "staged\n");
    sandbox.git(&["add", "mine.txt"]);
    sandbox.write("mine.txt", "and edited\n");
    sandbox.write("new.txt", "untracked\n");
    let index = std::fs::read(sandbox.repo().join(".git/index")).unwrap();
    let before = (sandbox.git(&["status", "--porcelain"]), sandbox.git(&["rev-parse", "HEAD"]));
    run(&sandbox).expect(0);
    assert_eq!((sandbox.git(&["status", "--porcelain"]), sandbox.git(&["rev-parse", "HEAD"])), before);
    assert_eq!(std::fs::read(sandbox.repo().join(".git/index")).unwrap(), index);
    assert_eq!(sandbox.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert_eq!(sandbox.git(&["stash", "list"]), "");
    assert!(!sandbox.repo().join("table.txt").exists() && !sandbox.repo().join(".alfine").exists());
}

#[test]
fn a_limit_above_the_hard_limit_is_refused_with_both_numbers_before_anything_is_made() {
    let sandbox = playing(json!([done()]));
    for command in ["run", "start"] {
        let ran = sandbox.alfine(&[command, TASK, "--trust", "-i", "51"]).expect(2);
        assert!(ran.stderr.contains("51") && ran.stderr.contains("50"), "{}", ran.stderr);
    }
    let ran = sandbox.alfine(&["run", TASK, "-i", "0"]).expect(2);
    assert!(ran.stderr.contains("1 to 50"), "{}", ran.stderr);
    assert_eq!(sandbox.agent_runs().len(), 0);
    assert_eq!(sandbox.task(TASK)["status"], "ready");
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
}

#[test]
fn one_iteration_is_enough_for_a_task_that_is_done_in_it_and_stops_one_that_is_not() {
    let sandbox = playing(json!([done()]));
    sandbox.alfine(&["run", TASK, "--json", "-i", "1"]).expect(0);

    let sandbox = playing(json!([[write("a", "1"), not_ready()]]));
    let task = sandbox.alfine(&["run", TASK, "--json", "-i", "1"]).expect(3).task();
    assert_eq!(task["status"], "stopped");
    assert_eq!(task["reason"], "its only iteration is used");
    assert_eq!(task["cause"]["trip"]["rule"], "iterations");
    assert_eq!(sandbox.agent_runs().len(), 1);
}

#[test]
fn a_task_that_is_done_is_not_run_again() {
    let sandbox = playing(json!([done()]));
    run(&sandbox).expect(0);
    run(&sandbox).expect(0);
    assert_eq!(sandbox.agent_runs().len(), 1);
    let ran = sandbox.alfine(&["continue", TASK]).expect(2);
    assert!(
        ran.stderr.contains("is done") && ran.stderr.contains("alfine merge PLAN.md#US-001"),
        "{}",
        ran.stderr
    );
}

#[test]
fn in_place_the_users_uncommitted_changes_survive_and_no_commit_is_made() {
    let sandbox = playing(json!([done()]));
    sandbox.write("mine.txt", "mine\n");
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let task = sandbox.alfine(&["run", TASK, "--json", "--in-place"]).expect(0).task();
    assert_eq!((task["status"].as_str(), task["branch"].as_str()), (Some("done"), None));
    assert_eq!((sandbox.read("mine.txt"), sandbox.read("work.txt")), ("mine\n".into(), "done\n".into()));
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), head);
    let diff = sandbox.alfine(&["diff", TASK]).expect(0).stdout;
    assert!(diff.contains("work.txt") && !diff.contains("mine.txt"), "{diff}");
    let ran = sandbox.alfine(&["merge", TASK]).expect(2);
    assert!(ran.stderr.contains("your own tree"), "{}", ran.stderr);
}

#[test]
fn uncommitted_changes_are_left_out_and_named_or_taken_along() {
    let sandbox = playing(json!([[{"shell": "cat mine.txt > seen.txt"}, write("work.txt", "x"), ready()]]));
    sandbox.write("mine.txt", "mine\n");
    let ran = run(&sandbox).expect(0);
    assert!(
        ran.stderr.contains("mine.txt") && ran.stderr.contains("--include-uncommitted"),
        "{}",
        ran.stderr
    );
    assert!(!sandbox.alfine(&["diff", TASK]).stdout.contains("+mine"));

    let sandbox = playing(json!([[{"shell": "cat mine.txt > seen.txt"}, ready()]]));
    sandbox.write("mine.txt", "mine\n");
    sandbox.alfine(&["run", TASK, "--json", "--include-uncommitted"]).expect(0);
    let diff = sandbox.alfine(&["diff", TASK]).expect(0).stdout;
    assert!(diff.contains("+++ b/seen.txt") && diff.contains("+mine"), "{diff}");
    assert!(!diff.contains("b/mine.txt"), "{diff}");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "?? mine.txt");
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!((sandbox.read("mine.txt"), sandbox.read("seen.txt")), ("mine\n".into(), "mine\n".into()));
}

#[test]
fn a_loop_goes_on_where_its_checkpoints_were_removed_and_git_pruned() {
    let sandbox = playing(json!([[write("a", "1"), not_ready()], done()]));
    sandbox.alfine(&["run", TASK, "-i", "1"]).expect(3);
    for name in sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/alfine"]).lines() {
        sandbox.git(&["update-ref", "-d", name]);
    }
    sandbox.git(&["gc", "-q", "--prune=now"]);
    let task = sandbox.alfine(&["continue", TASK, "-i", "2", "--json"]).expect(0).task();
    assert_eq!(task["status"], "done");
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!(sandbox.read("a"), "1");
}
