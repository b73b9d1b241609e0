//! A fresh session takes over from one that grew too long.

use super::*;
use alfine_tests::sandbox::{PATIENCE, wait_until};

/// A tool and its result, in a conversation of so many tokens.
fn full(tokens: u64) -> [Value; 2] {
    [
        json!({"line": {"type": "assistant", "parent_tool_use_id": null, "message": {"id": "msg_full", "role": "assistant",
            "model": "claude-opus-5-5", "content": [{"type": "tool_use", "id": "t_full", "name": "Bash", "input": {"command": "ls"}}],
            "usage": {"input_tokens": 100, "cache_read_input_tokens": tokens - 110, "output_tokens": 10}}}}),
        json!({"line": {"type": "user", "parent_tool_use_id": null, "message": {"role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t_full", "content": "a.txt"}]}}}),
    ]
}

fn growing(before: Vec<Value>, tokens: u64) -> Value {
    let hang = [json!("hang")];
    before.into_iter().chain([write("a.txt", "x")]).chain(full(tokens)).chain(hang).collect()
}

const WINDOW: &str = "[agents.claude.price]\ninput = 1.0\ncached_input = 1.0\noutput = 1.0\n";

#[test]
fn a_fresh_session_goes_on_in_the_same_iteration_and_what_both_cost_is_counted() {
    let last = json!([write("work.txt", "x"), ready(), {"result": {"cost": 0.5, "input": 5}}]);
    let sandbox = playing(json!([growing(vec![], 950_000), last]));
    sandbox.settings(WINDOW);
    let ran = sandbox.alfine(&["run", TASK, "--trust", "--json", "--auto-handoff"]).expect(0);
    let task = ran.task();
    assert_eq!((&task["status"], &task["iteration"]), (&json!("done"), &json!(1)));
    let runs = sandbox.agent_runs();
    assert_eq!((runs.len(), resumed(&runs[1])), (2, None));
    let told = prompt(&runs[1]);
    assert!(told.contains("grew long, and was ended between two steps") && told.contains("a.txt"), "{told}");
    // 950 000 tokens of the session that was ended, two of its first request, and what the other one said.
    let cost = task["costUsd"].as_f64().unwrap();
    assert!((cost - (0.950_002 + 0.5)).abs() < 1e-9, "{cost}");
    let recoveries: Vec<_> =
        ran.events("agent_started").iter().map(|event| event["recovery"].clone()).collect();
    assert_eq!(recoveries.last(), Some(&json!("handed_off")), "{}", ran.stdout);
}

#[test]
fn without_the_flag_or_below_the_share_a_session_goes_on() {
    for flags in [&["-i", "1"][..], &["-i", "1", "--auto-handoff=96"]] {
        let run: Vec<Value> = full(950_000).into_iter().chain([write("work.txt", "x"), ready()]).collect();
        let sandbox = playing(json!([run]));
        let ran = sandbox.alfine(&[&["run", TASK, "--trust", "--json"], flags].concat()).expect(0);
        assert_eq!((&ran.task()["status"], sandbox.agent_runs().len()), (&json!("done"), 1));
    }
}

#[test]
fn a_runner_that_is_killed_while_it_hands_over_goes_on_with_a_fresh_session() {
    let stays = growing(vec![json!("ignore_sigterm")], 950_000);
    let sandbox = playing(json!([stays, [write("work.txt", "x"), ready()]]));
    let runner = sandbox.start(&["run", TASK, "--trust", "--json", "--auto-handoff=90"]);
    let is_ending = || {
        let log = sandbox.alfine(&["log", TASK]).stdout;
        log.contains("a fresh one takes over")
    };
    wait_until(PATIENCE, "the end of the session", is_ending);
    runner.kill_9();
    sandbox.alfine(&["continue", TASK, "--trust"]).expect(0);
    let runs = sandbox.agent_runs();
    assert_eq!((runs.len(), resumed(&runs[1])), (2, None));
    assert!(prompt(&runs[1]).contains("grew long, and was ended"), "{}", prompt(&runs[1]));
    assert_eq!(
        (&sandbox.task(TASK)["status"], &sandbox.task(TASK)["iteration"]),
        (&json!("done"), &json!(1))
    );
    assert_eq!(sandbox.agent_processes(), []);
}
