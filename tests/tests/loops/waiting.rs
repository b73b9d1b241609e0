//! Limits, logins and lost sessions: what is no iteration.

use super::*;
use alfine_tests::sandbox::{PATIENCE, wait_until};

fn limited(seconds: u32) -> Value {
    json!([
        {"rate_limit": {"status": "rejected", "resets_at": format!("now+{seconds}")}},
        {"result": {"status": 429, "error": "rate_limit", "text": "You've hit your limit"}},
    ])
}

#[test]
fn a_usage_limit_is_waited_for_until_its_reset_and_is_no_iteration() {
    let sandbox = playing(json!([limited(2), done()]));
    let running = sandbox.start(&["run", TASK, "--json"]);
    let mut until = 0;
    wait_until(PATIENCE, "it waits", || {
        let task = sandbox.task(TASK);
        until = task["waitingUntil"].as_i64().unwrap_or_default();
        task["status"] == "waiting"
    });
    let ran = running.finish().expect(0);
    let started: Vec<i64> = ran
        .json()
        .iter()
        .filter(|line| line["kind"] == "agent_started")
        .filter_map(|line| line["at"].as_i64())
        .collect();
    assert_eq!(started.len(), 2);
    assert!(started[1] >= until && until > started[0], "{started:?} {until}");
    assert_eq!(ran.events("waiting").len(), 1);
    let task = ran.task();
    assert_eq!(
        (task["iteration"].as_u64(), rule(&task, "iterations")["count"].as_f64()),
        (Some(1), Some(1.0))
    );
    assert_eq!(rule(&task, "agent-failing")["count"], 0.0);
    assert!(task["waitingUntil"].is_null());
}

#[test]
fn continue_tries_at_once_what_waits_for_a_limit() {
    let sandbox = playing(json!([limited(3600), done()]));
    let running = sandbox.start(&["run", TASK, "--json"]);
    wait_for_status(&sandbox, "waiting");
    sandbox.alfine(&["continue", TASK]).expect(0);
    assert_eq!(running.finish().expect(0).task()["status"], "done");
}

#[test]
fn a_wait_is_kept_when_its_runner_is_killed() {
    let sandbox = playing(json!([limited(3), done()]));
    let running = sandbox.start(&["run", TASK, "--json"]);
    wait_for_status(&sandbox, "waiting");
    let until = sandbox.task(TASK)["waitingUntil"].as_i64().unwrap();
    running.kill_9();
    assert_eq!(sandbox.task(TASK)["status"], "interrupted");
    let ran = sandbox.alfine(&["continue", TASK, "--json"]).expect(0);
    let started: Vec<i64> = ran
        .json()
        .iter()
        .filter(|line| line["kind"] == "agent_started")
        .filter_map(|line| line["at"].as_i64())
        .collect();
    assert!(started.len() == 1 && started[0] >= until, "{started:?} {until}");
    assert_eq!(rule(&ran.task(), "iterations")["count"], 1.0);
}

#[test]
fn a_limit_that_is_only_talked_about_is_none() {
    let sandbox = playing(json!([[
        {"text": "The API may answer 429: rate limit exceeded, You've hit your limit."},
        {"shell": "echo '429 rate_limit_error'"}, write("work.txt", "x"), ready()
    ]]));
    assert_eq!(run(&sandbox).expect(0).events("waiting").len(), 0);
}

#[test]
fn a_bad_key_asks_for_the_login_and_is_no_iteration() {
    let failure =
        json!({"result": {"status": 401, "error": "authentication_failed", "text": "Invalid API key"}});
    for first in
        [json!([failure]), json!([{"api_retry": {"status": 401, "error": "authentication_failed"}}, "hang"])]
    {
        let sandbox = playing(json!([first, done()]));
        let ran = sandbox.alfine(&["run", TASK]).expect(4);
        assert!(ran.stdout.contains("once that is fixed: alfine continue PLAN.md#US-001"), "{}", ran.stdout);
        let task = sandbox.task(TASK);
        let reason = task["reason"].as_str().unwrap();
        assert!(
            reason.contains("not logged in") && reason.contains("to log in: claude auth login"),
            "{reason}"
        );
        assert_eq!(task["status"], "needs_input");
        assert_eq!(rule(&task, "iterations")["count"], 0.0);
        assert_eq!(sandbox.agent_processes(), []);
        let task = sandbox.alfine(&["continue", TASK, "--json"]).expect(0).task();
        assert_eq!(task["iteration"], 1);
    }
}

#[test]
fn a_lost_session_begins_a_fresh_one_and_says_so() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    sandbox.fake_agent(&json!({"sessions": "gone", "runs": [[write("a", "1"), not_ready()], done()]}));
    let ran = run(&sandbox).expect(0);
    let runs = sandbox.agent_runs();
    assert_eq!(runs.iter().map(|run| resumed(run).is_some()).collect::<Vec<_>>(), [false, true, false]);
    assert!(prompt(&runs[2]).contains("Add a table"));
    let notes = ran.events("note");
    assert!(
        notes.iter().any(|note| note["note"] == "fresh_session" && note["recovery"] == "session_lost"),
        "{notes:?}"
    );
    let task = ran.task();
    assert_eq!(
        (task["iteration"].as_u64(), rule(&task, "agent-failing")["count"].as_f64()),
        (Some(2), Some(0.0))
    );
    let log = sandbox.alfine(&["log", TASK]).expect(0).stdout;
    assert!(log.contains("fresh session"), "{log}");
}

#[test]
fn an_agent_that_is_not_installed_asks_for_it_and_is_no_failure_of_the_task() {
    let sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    sandbox.settings("[agents.claude]\ncommand = \"no-such-agent\"\n");
    let ran = sandbox.alfine(&["run", TASK]).expect(4);
    assert!(ran.stdout.contains("no-such-agent") && ran.stdout.contains("install"), "{}", ran.stdout);
    assert_eq!(rule(&sandbox.task(TASK), "iterations")["count"], 0.0);
}
