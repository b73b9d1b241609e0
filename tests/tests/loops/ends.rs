//! How a run of the agent ends: refused sessions, results without an end, full contexts, questions, outages, limits.

use super::*;
use alfine_tests::sandbox::{PATIENCE, wait_until};

/// A first iteration that leaves a session to resume.
fn first() -> Value {
    json!([write("a", "1"), not_ready()])
}

/// A failed result, with more about it.
fn fails(more: Value) -> Value {
    let mut result = json!({"failed": true});
    result.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "result": result })
}

fn overloaded() -> Value {
    json!([{"result": {"status": 529, "error": "overloaded", "text": "API Error: 529 overloaded"}}])
}

fn uses_tool(name: &str, input: Value) -> Value {
    json!({"line": {"type": "assistant", "parent_tool_use_id": null, "message": {"id": "t", "role": "assistant",
        "content": [{"type": "tool_use", "id": "tu_1", "name": name, "input": input}]}}})
}

/// Which runs resumed a session.
fn resumes(sandbox: &Sandbox) -> Vec<bool> {
    sandbox.agent_runs().iter().map(|run| resumed(run).is_some()).collect()
}

fn fresh_sessions(ran: &Ran, why: &str) -> usize {
    let notes = ran.events("note");
    notes.iter().filter(|note| note["note"] == "fresh_session" && note["recovery"] == why).count()
}

/// The run of the two tests below: how a session is refused for good.
fn refused(status: u16) -> Value {
    let text = format!("API Error: {status} this conversation holds a tool call without its result");
    json!([{"result": {"status": status, "error": "invalid_request", "text": text}}])
}

#[test]
fn a_session_that_the_service_refuses_for_good_is_left_for_a_fresh_one_in_the_same_iteration() {
    for status in [400, 404, 422] {
        let sandbox = playing(json!([first(), refused(status), done()]));
        let ran = run(&sandbox).expect(0);
        assert_eq!(resumes(&sandbox), [false, true, false]);
        assert_eq!(
            (ran.task()["iteration"].as_u64(), fresh_sessions(&ran, "session_rejected")),
            (Some(2), 1)
        );
        let told = prompt(&sandbox.agent_runs()[2]).to_owned();
        assert!(told.contains("Write it.") && told.contains("not taken any more"), "{told}");
        let log = sandbox.alfine(&["log", TASK]).expect(0).stdout;
        assert!(log.contains("the service refuses the old one for good"), "{log}");
    }
}

#[test]
fn continue_never_resumes_a_session_that_was_refused_for_good() {
    let sandbox = playing(json!([first(), refused(400), refused(400), done()]));
    let ran = sandbox.alfine(&["run", TASK]).expect(4);
    assert!(ran.stdout.contains("without its result"), "{}", ran.stdout);
    assert_eq!(rule(&sandbox.task(TASK), "iterations")["count"], 1.0);
    let task = sandbox.alfine(&["continue", TASK, "--json"]).expect(0).task();
    assert_eq!((resumes(&sandbox), task["iteration"].as_u64()), (vec![false, true, false, false], Some(2)));
}

#[test]
fn an_agent_that_stays_after_its_result_is_ended_soon_and_judged() {
    let stays = json!({"result": {"stays": true}});
    let sandbox = playing(json!([[write("work.txt", "x"), ready(), stays, "hang"]]));
    let ran = run(&sandbox).expect(0);
    let ending: Vec<Value> = ran.events("agent_ending");
    assert_eq!(ending, [json!({"reason": "concluded"})]);
    assert_eq!((ran.events("note"), ran.task()["iteration"].as_u64()), (vec![], Some(1)));
    assert_eq!(sandbox.agent_processes(), []);
}

#[test]
fn work_in_the_background_that_outlives_the_result_is_no_error_and_its_loss_is_told() {
    let slow = uses_tool("Bash", json!({"command": "make slow-check", "run_in_background": true}));
    let stays = json!({"result": {"stays": true}});
    let sandbox = playing(json!([[slow, {"text": "I come back when it reports."}, stays, "hang"], done()]));
    sandbox.settings("[limits]\nstall = \"700ms\"\n");
    let ran = run(&sandbox).expect(0);
    let judged = ran.events("iteration_judged");
    assert!(!judged[0]["verdict"].as_str().unwrap().contains("no output"), "{}", judged[0]);
    assert_eq!(rule(&ran.task(), "same-error")["count"], 0.0);
    let told = prompt(&sandbox.agent_runs()[1]).to_owned();
    assert!(told.contains("Lost with your last run") && told.contains("`make slow-check`"), "{told}");
    let log = sandbox.alfine(&["log", TASK]).expect(0).stdout;
    assert!(log.contains("lost with the agent's run") && log.contains("make slow-check"), "{log}");
}

#[test]
fn work_in_the_background_that_is_lost_with_a_good_run_is_told_once() {
    let slow = uses_tool("Bash", json!({"command": "make slow-check", "run_in_background": true}));
    let sandbox = playing(json!([[slow, {"text": "I come back."}], first(), done()]));
    run(&sandbox).expect(0);
    let told: Vec<bool> =
        sandbox.agent_runs().iter().map(|run| prompt(run).contains("make slow-check")).collect();
    assert_eq!(told, [false, true, false]);
}

#[test]
fn a_ready_claim_counts_although_no_result_follows_it() {
    for end in [json!({"exit": 0}), json!({"exit": 1}), json!({"signal": 9}), overloaded()[0].clone()] {
        let sandbox = playing(json!([[write("work.txt", "x"), ready(), end]]));
        let ran = run(&sandbox).expect(0);
        assert_eq!((ran.task()["iteration"].as_u64(), sandbox.agent_runs().len()), (Some(1), 1), "{end}");
    }
    let sandbox = playing(json!([[write("work.txt", "x"), ready(), "hang"]]));
    sandbox.settings("[limits]\nstall = \"700ms\"\n");
    assert_eq!(run(&sandbox).expect(0).task()["iteration"], 1);
}

#[test]
fn an_end_for_a_full_context_begins_a_fresh_session() {
    for reason in ["rapid_refill_breaker", "blocking_limit", "context_of_next_year"] {
        let full = json!([{"text": "I look."}, fails(json!({"terminal_reason": reason}))]);
        let sandbox = playing(json!([first(), full, done()]));
        let ran = run(&sandbox).expect(0);
        assert_eq!((resumes(&sandbox), fresh_sessions(&ran, "context_full")), (vec![false, true, false], 1));
        assert_eq!(ran.task()["iteration"], 2, "{reason}");
    }
}

#[test]
fn a_context_that_is_full_in_a_fresh_session_is_said_with_what_fills_it() {
    let full = json!([fails(json!({"terminal_reason": "prompt_too_long", "text": "Prompt is too long"}))]);
    let sandbox = playing(json!([full, full, done()]));
    sandbox.write("CLAUDE.md", &"rules\n".repeat(50_000));
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "rules"]);
    let ran = sandbox.alfine(&["run", TASK]).expect(4);
    for words in ["full even in a fresh session", "CLAUDE.md (300 kB)", "the prompt ("] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    assert_eq!(
        (resumes(&sandbox), rule(&sandbox.task(TASK), "iterations")["count"].as_f64()),
        (vec![false, false], Some(0.0))
    );
    sandbox.alfine(&["continue", TASK]).expect(0);
    assert_eq!(resumes(&sandbox), [false, false, false]);
}

#[test]
fn an_end_that_is_not_known_is_shown_in_its_own_words_and_no_session_is_paid_for_three_times() {
    let odd =
        json!([{"text": "I look."}, fails(json!({"terminal_reason": "moon_phase", "text": "not tonight"}))]);
    let sandbox = playing(json!([first(), odd]));
    sandbox.settings("[limits]\nretry_backoff = \"20ms\"\n");
    let task = run(&sandbox).expect(3).task();
    assert_eq!(task["cause"]["trip"]["rule"], "agent-failing");
    let reason = task["reason"].as_str().unwrap();
    assert!(reason.contains("not tonight") && reason.contains("moon_phase"), "{reason}");
    assert_eq!(resumes(&sandbox), [false, true, true, false]);
    sandbox.alfine(&["continue", TASK]).expect(3);
    let sessions: Vec<Value> = sandbox.agent_runs().iter().map(|run| run["session"].clone()).collect();
    assert!(
        sessions[1..].windows(3).all(|three| three[0] != three[1] || three[1] != three[2]),
        "{sessions:?}"
    );
}

#[test]
fn after_a_compaction_the_next_prompt_repeats_goal_and_details() {
    let compacted = json!({"line": {"type": "system", "subtype": "compact_boundary",
        "compact_metadata": {"trigger": "auto", "pre_tokens": 170_000}}});
    let sandbox =
        playing(json!([[write("a", "1"), compacted, not_ready()], [write("a", "2"), not_ready()], done()]));
    run(&sandbox).expect(0);
    assert_eq!(resumes(&sandbox), [false, true, true]);
    let told: Vec<bool> = sandbox.agent_runs().iter().map(|run| prompt(run).contains("Write it.")).collect();
    assert_eq!(told, [true, true, false]);
    let log = sandbox.alfine(&["log", TASK]).expect(0).stdout;
    assert!(log.contains("cut down to a summary"), "{log}");
}

#[test]
fn a_question_of_a_tool_needs_an_answer_at_the_first_time() {
    let questions = json!({"questions": [{"question": "Shall old entries be kept?", "header": "Old entries",
        "options": [{"label": "Keep", "description": "nothing is lost"}, {"label": "Drop", "description": "smaller"}]}]});
    let asks = json!([write("a", "1"), {"permission_denied": {"tool": "AskUserQuestion", "input": questions}},
        {"text": "I cannot go on before this is answered."}]);
    let sandbox = playing(json!([asks, done()]));
    let ran = sandbox.alfine(&["run", TASK]).expect(4);
    assert!(ran.stdout.contains("Shall old entries be kept?"), "{}", ran.stdout);
    let task = sandbox.task(TASK);
    assert_eq!(
        (task["status"].as_str(), rule(&task, "permission")["count"].as_f64()),
        (Some("needs_input"), Some(0.0))
    );
    let reason = task["reason"].as_str().unwrap();
    assert!(reason.contains("- Keep: nothing is lost\n- Drop: smaller"), "{reason}");
    sandbox.alfine(&["answer", TASK, "Drop"]).expect(0);
    wait_for_status(&sandbox, "done");
    let runs = sandbox.agent_runs();
    assert!(prompt(&runs[1]).contains("The user answers: Drop"), "{}", prompt(&runs[1]));
    let taken_away = args(&runs[0]).windows(2).any(|pair| {
        pair[0] == "--disallowedTools"
            && ["AskUserQuestion", "ExitPlanMode"].iter().all(|tool| pair[1].contains(tool))
    });
    assert!(taken_away, "{:?}", args(&runs[0]));
}

#[test]
fn a_plan_that_waits_for_leave_is_a_question() {
    let sandbox =
        playing(json!([[uses_tool("ExitPlanMode", json!({"plan": "1. Read it\n2. Write it"}))], done()]));
    let ran = sandbox.alfine(&["run", TASK]).expect(4);
    assert!(ran.stdout.contains("May the agent carry out its plan?"), "{}", ran.stdout);
    sandbox.alfine(&["answer", TASK, "--approve"]).expect(0);
    wait_for_status(&sandbox, "done");
    assert!(prompt(&sandbox.agent_runs()[1]).contains("The user says: yes."));
}

#[test]
fn an_outage_is_waited_out_and_burns_no_iteration() {
    let unreachable = json!([fails(json!({"text": "API Error: Connection error."}))]);
    let interrupted = json!([{"text": "I look."}, {"signal": 15}]);
    let sandbox =
        playing(json!([first(), overloaded(), unreachable, interrupted, overloaded(), overloaded(), done()]));
    sandbox.settings("[limits]\nretry_backoff = \"20ms\"\n");
    let ran = run(&sandbox).expect(0);
    let task = ran.task();
    assert_eq!(
        (task["iteration"].as_u64(), rule(&task, "agent-failing")["count"].as_f64()),
        (Some(2), Some(0.0))
    );
    let waits = ran.events("waiting");
    assert_eq!(waits.len(), 5);
    assert!(
        waits[0]["since"].is_i64() && waits.iter().all(|wait| wait["since"] == waits[0]["since"]),
        "{waits:?}"
    );
    assert_eq!(resumes(&sandbox)[1..], [true; 6], "it costs no session");
}

#[test]
fn an_outage_is_shown_with_the_moment_since_when_it_lasts() {
    let sandbox = playing(json!([overloaded(), done()]));
    sandbox.settings("[limits]\nretry_backoff = \"5m\"\n");
    let running = sandbox.start(&["run", TASK, "--json"]);
    wait_for_status(&sandbox, "waiting");
    let task = sandbox.task(TASK);
    assert_eq!(task["cause"]["kind"], "outage");
    assert!(task["cause"]["since"].is_i64(), "{}", task["cause"]);
    let status = sandbox.alfine(&["status", TASK]).expect(0).stdout;
    assert!(
        status.contains("waiting · iteration 1 of 10 · since ") && status.contains("529 overloaded"),
        "{status}"
    );
    sandbox.alfine(&["continue", TASK]).expect(0);
    assert_eq!(running.finish().expect(0).task()["status"], "done");
}

#[test]
fn an_outage_that_lasts_stops_the_loop_but_no_other_task_and_continue_goes_on() {
    let plan = format!("{PLAN}\n### US-002: Add another\n\nWrite it.\n");
    let runs = json!([first(), overloaded()]);
    let sandbox = with_plan(&plan, runs);
    sandbox.settings("[limits]\noutage = \"300ms\"\nretry_backoff = \"50ms\"\n");
    let ran = sandbox.alfine(&["run", "PLAN.md", "--trust"]);
    assert_ne!(ran.code(), 0, "{}", ran.stdout);
    let task = sandbox.task(TASK);
    assert_eq!(
        (task["status"].as_str(), task["cause"]["trip"]["rule"].as_str()),
        (Some("stopped"), Some("outage"))
    );
    let reason = task["reason"].as_str().unwrap();
    assert!(reason.contains("the agent could not work for") && reason.contains("529 overloaded"), "{reason}");
    assert_eq!(rule(&task, "iterations")["count"], 1.0);
    let other = sandbox.task("PLAN.md#US-002");
    assert!(other["loopId"].is_null() && other["iteration"] == 0, "{other:#}");
    let sessions: Vec<Value> = sandbox.agent_runs().iter().map(|run| run["session"].clone()).collect();
    assert!(sessions.iter().all(|session| *session == sessions[0]), "{sessions:?}");
    std::fs::write(sandbox.path().join("scenario.json"), json!({"runs": [done()]}).to_string()).unwrap();
    sandbox.alfine(&["continue", TASK, "--json"]).expect(0);
    let task = sandbox.task(TASK);
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(2)));
    // The run of the plan goes on, too.
    assert_eq!(sandbox.task("PLAN.md#US-002")["status"], "done");
}

#[test]
fn a_login_that_heals_is_tried_once_more() {
    let refused =
        json!([{"result": {"status": 401, "error": "authentication_failed", "text": "Invalid API key"}}]);
    let sandbox = playing(json!([first(), refused, done()]));
    sandbox.settings("[limits]\nretry_backoff = \"20ms\"\n");
    assert_eq!(run(&sandbox).expect(0).task()["iteration"], 2);
    let sandbox = playing(json!([first(), refused, refused, done()]));
    sandbox.settings("[limits]\nretry_backoff = \"20ms\"\n");
    let ran = sandbox.alfine(&["run", TASK]).expect(4);
    assert!(ran.stdout.contains("to log in: claude auth login"), "{}", ran.stdout);
    assert_eq!(sandbox.agent_runs().len(), 3);
}

#[test]
fn a_login_of_a_cloud_has_its_own_remedy_and_is_waited_for() {
    let expired = json!([fails(json!({"text":
        "API Error: the SSO session of this profile has expired; log in again with the cloud's own tool"}))]);
    let mut sandbox = playing(json!([expired, done()]));
    sandbox.settings("[limits]\nretry_backoff = \"5m\"\n");
    let running = sandbox.start(&["run", TASK, "--json"]);
    wait_for_status(&sandbox, "waiting");
    let shown = sandbox.alfine(&["status", TASK]).expect(0).stdout;
    assert!(shown.contains("to log in: aws sso login") && !shown.contains("claude auth login"), "{shown}");
    sandbox.alfine(&["continue", TASK]).expect(0);
    running.finish().expect(0);

    // In the end a person is asked, with the remedy of the provider in use.
    sandbox = playing(json!([expired]));
    sandbox.env.push(("CLAUDE_CODE_USE_VERTEX".to_owned(), "1".to_owned()));
    sandbox.settings("[limits]\noutage = \"100ms\"\nretry_backoff = \"50ms\"\n");
    let ran = sandbox.alfine(&["run", TASK]).expect(4);
    assert!(ran.stdout.contains("to log in: gcloud auth application-default login"), "{}", ran.stdout);
    assert_eq!(rule(&sandbox.task(TASK), "iterations")["count"], 0.0);
}

#[test]
fn a_usage_limit_is_waited_for_in_any_wording() {
    let limit = json!([fails(json!({"text": "5-hour limit reached ∙ resets in 2s"}))]);
    let sandbox = playing(json!([limit, done()]));
    let ran = run(&sandbox).expect(0);
    let waits = ran.events("waiting");
    assert!(waits.len() == 1 && waits[0]["reason"].as_str().unwrap().starts_with("usage limit"), "{waits:?}");
    assert_eq!(rule(&ran.task(), "agent-failing")["count"], 0.0);
}

#[test]
fn what_the_agent_writes_of_limits_and_logins_is_not_waited_for() {
    let words = "The usage limit resets 3pm; please run /login. API Error: 529 overloaded";
    let printed = json!({"shell": "echo 'API Error: 429 usage limit, resets 3pm'"});
    let sandbox = playing(json!([[printed, {"text": words}, fails(json!({"text": words}))], done()]));
    sandbox.settings("[limits]\nretry_backoff = \"20ms\"\n");
    let ran = run(&sandbox).expect(0);
    let waits = ran.events("waiting");
    assert!(waits.len() == 1 && waits[0]["reason"].as_str().unwrap().starts_with("crashed"), "{waits:?}");
    assert_eq!(rule(&ran.task(), "iterations")["count"], 1.0);
}

#[test]
fn an_agent_that_is_a_command_may_reach_its_limit_too() {
    let sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    let script = sandbox.path().join("agent.sh");
    let limited = sandbox.path().join("limited");
    std::fs::write(
        &script,
        format!(
            "cat >/dev/null\nif [ ! -e {limited:?} ]; then touch {limited:?}; \
             echo 'ERROR: usage limit reached, try again in 5 seconds' >&2; exit 1; fi\n\
             echo x > work.txt\nprintf '<COMPLETION_GATE>\\nready: true\\nreason: done\\n</COMPLETION_GATE>\\n'\n"
        ),
    )
    .unwrap();
    sandbox.settings("agent = \"command\"\n");
    sandbox.settings("[proof]\nunproven = \"take\"\n");
    sandbox.settings(&format!("[agents.command]\ncommand = \"sh {}\"\n", script.display()));
    let ran = sandbox.alfine(&["run", TASK, "--trust", "--json"]);
    wait_until(PATIENCE, "no process is left", || sandbox.agent_processes().is_empty());
    let ran = ran.expect(0);
    assert!(
        ran.events("waiting")[0]["reason"].as_str().unwrap().starts_with("usage limit"),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_an_agent_left_that_crashed_again_and_again_is_kept_and_shown() {
    let crashes = json!([{"shell": "echo x >> half.txt"}, {"exit": 139}]);
    let sandbox = playing(json!([crashes]));
    sandbox.settings("[limits]\nretry_backoff = \"1s\"\n");
    let task = run(&sandbox).expect(3).task();
    assert_eq!(
        (task["status"].as_str(), task["filesChanged"].as_u64()),
        (Some("stopped"), Some(1)),
        "{task}"
    );
    assert!(sandbox.alfine(&["diff", TASK]).expect(0).stdout.contains("half.txt"));
}
