//! Steering a loop from another terminal.

use super::*;
use alfine_core::breaker::Rule;
use alfine_tests::{
    held::Held,
    sandbox::{PATIENCE, wait_until},
};
use std::path::{Path, PathBuf};

#[test]
fn pause_holds_after_the_iteration_and_continue_goes_on() {
    let held = Held::new(PLAN, vec![write("a", "1"), not_ready()], vec![done()]);
    let running = held.sandbox.start(&["run", TASK, "--json"]);
    held.wait();
    let ran = held.sandbox.alfine(&["pause", TASK]).expect(0);
    assert!(ran.stdout.contains("pauses after this iteration"), "{}", ran.stdout);
    held.release();
    let task = running.finish().expect(3).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("paused"), Some(1)));
    assert_eq!(held.sandbox.agent_runs().len(), 1);
    let task = held.sandbox.alfine(&["continue", TASK, "--json"]).expect(0).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(2)));
}

#[test]
fn pause_now_ends_the_agent_and_the_iteration_is_done_over() {
    let held = Held::new(PLAN, vec![], vec![done()]);
    let running = held.sandbox.start(&["run", TASK, "--json"]);
    held.wait();
    held.sandbox.alfine(&["pause", TASK, "--now"]).expect(0);
    let task = running.finish().expect(3).task();
    assert_eq!(
        (task["status"].as_str(), rule(&task, "iterations")["count"].as_f64()),
        (Some("paused"), Some(0.0))
    );
    assert_eq!(held.sandbox.agent_processes(), []);
    let task = held.sandbox.alfine(&["run", TASK, "--json"]).expect(0).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(1)));
}

#[test]
fn stop_ends_the_agent_and_keeps_the_work() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    let pid_file = sandbox.path().join("tool.pid");
    sandbox.fake_agent(&json!({"runs": [
        [write("half.txt", "half"), {"background": {"pid_file": pid_file}}, "hang"], done()
    ]}));
    let running = sandbox.start(&["run", TASK, "--json"]);
    wait_until(PATIENCE, "the tool runs", || pid_file.exists());
    sandbox.alfine(&["stop", TASK]).expect(0);
    let task = running.finish().expect(3).task();
    assert_eq!(task["status"], "stopped");
    assert!(Path::new(task["worktree"].as_str().unwrap()).join("half.txt").exists());
    assert_eq!(sandbox.agent_processes(), []);
    let tool = std::fs::read_to_string(&pid_file).unwrap();
    assert!(!Path::new("/proc").join(tool.trim()).exists(), "the tool {tool} lives");
    let again = sandbox.alfine(&["stop", TASK]).expect(2);
    assert!(again.stderr.contains("stopped"), "{}", again.stderr);
    sandbox.alfine(&["continue", TASK, "--json"]).expect(0);
}

#[test]
fn a_note_reaches_the_next_prompt_once() {
    let held = Held::new(
        PLAN,
        vec![write("a", "1"), not_ready()],
        vec![json!([write("a", "2"), not_ready()]), done()],
    );
    let running = held.sandbox.start(&["run", TASK, "--json"]);
    held.wait();
    held.sandbox.alfine(&["steer", TASK, "use the existing Money type"]).expect(0);
    held.release();
    running.finish().expect(0);
    let told: Vec<bool> =
        held.sandbox.agent_runs().iter().map(|run| prompt(run).contains("the existing Money type")).collect();
    assert_eq!(told, [false, true, false]);
}

#[test]
fn a_note_for_a_loop_that_rests_is_kept_for_its_next_prompt() {
    let sandbox = playing(json!([[write("a", "1"), not_ready()], done()]));
    sandbox.alfine(&["run", TASK, "-i", "1"]).expect(3);
    sandbox.alfine(&["steer", TASK, "mind the gap"]).expect(0);
    assert_eq!(sandbox.agent_runs().len(), 1);
    sandbox.alfine(&["continue", TASK, "-i", "2"]).expect(0);
    assert!(prompt(&sandbox.agent_runs()[1]).contains("mind the gap"));
}

#[test]
fn a_question_needs_an_answer_and_the_answer_goes_into_the_prompt() {
    let sandbox = playing(json!([
        [write("a", "1"), {"gate": {"ready": false, "question": "Which database do you want?"}}], done()
    ]));
    let ran = sandbox.alfine(&["run", TASK]).expect(4);
    assert!(
        ran.stdout.contains("Which database do you want?")
            && ran.stdout.contains("alfine answer PLAN.md#US-001"),
        "{}",
        ran.stdout
    );
    assert_eq!(sandbox.task(TASK)["status"], "needs_input");
    let refused = sandbox.alfine(&["continue", TASK]);
    assert!(
        refused.code() != 0 && format!("{}{}", refused.stdout, refused.stderr).contains("alfine answer"),
        "{refused:?}"
    );
    assert_eq!(sandbox.agent_runs().len(), 1);

    sandbox.alfine(&["answer", TASK, "  "]).expect(2);
    let ran = sandbox.alfine(&["answer", TASK, "SQLite, please"]).expect(0);
    assert!(ran.stdout.contains("alfine log PLAN.md#US-001 --follow"), "{}", ran.stdout);
    wait_for_status(&sandbox, "done");
    let told = prompt(&sandbox.agent_runs()[1]).to_owned();
    assert!(told.contains("Which database do you want?") && told.contains("SQLite, please"), "{told}");
    let ran = sandbox.alfine(&["answer", TASK, "again"]).expect(2);
    assert!(ran.stderr.contains("asks nothing"), "{}", ran.stderr);
}

#[test]
fn under_manual_the_user_rejects_with_words_and_approves() {
    let sandbox = playing(json!([done(), [write("work.txt", "with an index"), ready()]]));
    sandbox.settings("autonomy = \"manual\"\n");
    let ran = sandbox.alfine(&["run", TASK]).expect(4);
    assert!(ran.stdout.contains("Is it done?") && ran.stdout.contains("--approve"), "{}", ran.stdout);
    sandbox.alfine(&["continue", TASK]).expect(2);
    sandbox.alfine(&["answer", TASK, "--reject", "add an index"]).expect(0);
    wait_until(PATIENCE, "it asks again", || {
        sandbox.agent_runs().len() == 2 && sandbox.task(TASK)["status"] == "needs_input"
    });
    assert!(prompt(&sandbox.agent_runs()[1]).contains("add an index"));
    sandbox.alfine(&["answer", TASK, "--approve"]).expect(0);
    wait_for_status(&sandbox, "done");
    assert_eq!(sandbox.agent_runs().len(), 2);
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!(sandbox.read("work.txt"), "with an index");
}

/// A loop that stopped after two iterations, the second of which added a file.
fn two_iterations() -> Sandbox {
    let sandbox = playing(json!([
        [write("a.txt", "one\n"), not_ready()],
        [write("a.txt", "two\n"), write("b.txt", "two\n"), not_ready()],
        [write("c.txt", "three\n"), ready()],
    ]));
    sandbox.alfine(&["run", TASK, "-i", "2"]).expect(3);
    sandbox
}

#[test]
fn rewind_sets_the_tree_back_and_the_agent_is_told() {
    let sandbox = two_iterations();
    let worktree = PathBuf::from(sandbox.task(TASK)["worktree"].as_str().unwrap());
    let ran = sandbox.alfine(&["rewind", TASK, "9"]).expect(2);
    assert!(ran.stderr.contains("0, 1, 2"), "{}", ran.stderr);
    sandbox.alfine(&["rewind", TASK, "1"]).expect(0);
    assert_eq!(std::fs::read_to_string(worktree.join("a.txt")).unwrap(), "one\n");
    assert!(!worktree.join("b.txt").exists());
    sandbox.alfine(&["continue", TASK, "-i", "3"]).expect(0);
    let third = &sandbox.agent_runs()[2];
    assert_eq!(resumed(third), None);
    assert!(prompt(third).contains("set this tree back"), "{}", prompt(third));
    let diff = sandbox.alfine(&["diff", TASK]).expect(0).stdout;
    assert!(diff.contains("+one") && diff.contains("c.txt") && !diff.contains("b.txt"), "{diff}");
}

#[test]
fn rewind_to_before_the_first_iteration_leaves_nothing_of_the_loop() {
    let sandbox = two_iterations();
    sandbox.alfine(&["rewind", TASK, "0"]).expect(0);
    let worktree = PathBuf::from(sandbox.task(TASK)["worktree"].as_str().unwrap());
    assert!(!worktree.join("a.txt").exists() && worktree.join("PLAN.md").exists());
}

#[test]
fn fork_begins_a_new_loop_from_an_earlier_tree_and_keeps_the_old_ones_checkpoints() {
    let sandbox = two_iterations();
    let old = sandbox.task(TASK)["loopId"].clone();
    let kept = sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/alfine/checkpoints"]);
    sandbox.alfine(&["fork", TASK, "1"]).expect(0);
    wait_for_status(&sandbox, "done");
    let task = sandbox.task(TASK);
    assert_ne!(task["loopId"], old);
    // It goes on counting where the old one was.
    assert_eq!(task["iteration"], 3);
    let worktree = PathBuf::from(task["worktree"].as_str().unwrap());
    assert_eq!(std::fs::read_to_string(worktree.join("a.txt")).unwrap(), "one\n");
    assert!(!worktree.join("b.txt").exists() && worktree.join("c.txt").exists());
    let now = sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/alfine/checkpoints"]);
    assert!(kept.lines().all(|name| now.lines().any(|other| other == name)), "{kept}\n--\n{now}");
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!((sandbox.read("a.txt"), sandbox.read("c.txt")), ("one\n".into(), "three\n".into()));
    assert_eq!(sandbox.git(&["log", "--format=%s"]), "feat: [US-001] Add a table\nfirst");
}

#[test]
fn discard_asks_and_removes_the_worktree_and_keeps_the_checkpoints() {
    let sandbox = two_iterations();
    let worktree = PathBuf::from(sandbox.task(TASK)["worktree"].as_str().unwrap());
    let ran = sandbox.alfine(&["discard", TASK]).expect(2);
    assert!(ran.stderr.contains("--yes") && worktree.exists(), "{}", ran.stderr);
    sandbox.alfine(&["discard", TASK, "--yes"]).expect(0);
    assert!(!worktree.exists());
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/heads"]), "refs/heads/main");
    let refs = sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/alfine/checkpoints"]);
    assert!(refs.lines().count() >= 4, "{refs}");
    assert_eq!(sandbox.task(TASK)["status"], "discarded");
    let task = run(&sandbox).expect(0).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(1)));
}

#[test]
fn diff_shows_the_loop_or_one_iteration_and_never_alfines_own_files() {
    let sandbox = two_iterations();
    let whole = sandbox.alfine(&["diff", TASK]).expect(0).stdout;
    assert!(whole.contains("+two") && !whole.contains("one") && !whole.contains(".alfine"), "{whole}");
    let second = sandbox.alfine(&["diff", TASK, "--iteration", "2"]).expect(0).stdout;
    assert!(second.contains("-one") && second.contains("+two"), "{second}");
    let stat = sandbox.alfine(&["diff", TASK, "--stat"]).expect(0).stdout;
    let files: Vec<&str> = stat.lines().filter_map(|line| line.split_whitespace().last()).collect();
    assert_eq!(files, ["a.txt", "b.txt"]);
    let json = sandbox.alfine(&["diff", TASK, "--iteration", "2", "--json"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["files"][0]["path"], "a.txt");
    let commit = json["to"].as_str().unwrap();
    assert_eq!(sandbox.git(&["show", &format!("{commit}:a.txt")]), "two");
    sandbox.alfine(&["diff", TASK, "--iteration", "7"]).expect(2);
}

#[test]
fn log_tells_what_happened_and_the_transcript_what_the_agent_printed() {
    let sandbox = two_iterations();
    let log = sandbox.alfine(&["log", TASK]).expect(0).stdout;
    assert!(log.contains("iteration 1") && log.contains("iteration 2"), "{log}");
    let events = sandbox.alfine(&["log", TASK, "--json"]).expect(0).json();
    assert!(events.iter().all(|event| event["seq"].is_i64() && event["task"] == TASK), "{events:?}");
    let order: Vec<i64> = events.iter().filter_map(|event| event["seq"].as_i64()).collect();
    assert!(order.is_sorted());
    assert_eq!(events.iter().filter(|event| event["kind"] == "iteration_judged").count(), 2);
    let transcript = sandbox.alfine(&["log", TASK, "--transcript", "--iteration", "2"]).expect(0);
    assert!(
        transcript.stdout.contains("b.txt") && !transcript.stdout.contains("one\\n"),
        "{}",
        transcript.stdout
    );
    assert_eq!(transcript.json().last().unwrap()["type"], "result");
}

#[test]
fn log_follow_ends_when_the_loop_rests() {
    let held = Held::new(PLAN, vec![write("work.txt", "x"), ready()], vec![]);
    held.sandbox.alfine(&["start", TASK]).expect(0);
    held.wait();
    let follow = held.sandbox.start(&["log", TASK, "--follow", "--json"]);
    held.release();
    let ran = follow.finish().expect(0);
    assert_eq!(ran.events("iteration_judged").len(), 1);
    assert_eq!(ran.events("rests").len(), 1, "{}", ran.stdout);
    assert_eq!(held.sandbox.task(TASK)["status"], "done");
}

#[test]
fn status_has_every_field_of_a_task() {
    let sandbox = two_iterations();
    let task = sandbox.task(TASK);
    let mut names: Vec<&str> = task.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "agent",
            "branch",
            "breaker",
            "cause",
            "costUsd",
            "counters",
            "criteria",
            "filesChanged",
            "format",
            "gate",
            "id",
            "iteration",
            "loopId",
            "maxIterations",
            "needsYou",
            "offers",
            "plan",
            "range",
            "reason",
            "status",
            "summary",
            "task",
            "title",
            "updatedAt",
            "uri",
            "worktree"
        ]
    );
    assert_eq!(task["task"], TASK);
    assert_eq!(
        task["range"],
        json!({"start": {"line": 2, "character": 0}, "end": {"line": 2, "character": 23}})
    );
    assert_eq!(
        (&task["agent"], &task["filesChanged"], &task["maxIterations"]),
        (&json!("claude"), &json!(2), &json!(2))
    );
    assert_eq!((&task["needsYou"], &task["offers"][0]["next"]), (&json!(true), &json!(true)));
    assert_eq!(task["offers"][0]["command"], format!("alfine continue {TASK} -i 12"));
    let rules: Vec<&str> =
        task["breaker"].as_array().unwrap().iter().filter_map(|line| line["rule"].as_str()).collect();
    assert_eq!(rules, Rule::ALL.map(|rule| rule.info().name));
    let words = sandbox.alfine(&["status", TASK]).expect(0).stdout;
    assert!(words.contains("stopped") && words.contains("alfine continue PLAN.md#US-001"), "{words}");
    assert!(words.contains(" of 4h") && !words.contains("14400"), "{words}");
}

#[test]
fn a_started_loop_survives_the_shell_that_started_it_and_stop_ends_it_and_its_agent() {
    let held = Held::new(PLAN, vec![], vec![]);
    let shell = held
        .sandbox
        .command("sh")
        .args(["-c", "\"$0\" start \"$1\" && kill -9 $$"])
        .arg(alfine_tests::sandbox::alfine())
        .arg(TASK)
        .output()
        .unwrap();
    assert!(shell.status.code().is_none(), "{shell:?}");
    assert!(String::from_utf8_lossy(&shell.stdout).contains("alfine stop PLAN.md#US-001"), "{shell:?}");
    held.wait();
    assert_eq!(held.sandbox.task(TASK)["status"], "running");
    assert!(!held.sandbox.agent_processes().is_empty());
    held.sandbox.alfine(&["stop", TASK]).expect(0);
    wait_for_status(&held.sandbox, "stopped");
    wait_until(PATIENCE, "the agent is gone", || held.sandbox.agent_processes().is_empty());
}

#[test]
fn a_second_run_of_a_task_is_refused_and_told_who_has_it() {
    let held = Held::new(PLAN, vec![write("work.txt", "x"), ready()], vec![]);
    let first = held.sandbox.start(&["run", TASK, "--json"]);
    held.wait();
    for command in ["run", "start"] {
        let ran = held.sandbox.alfine(&[command, TASK]).expect(2);
        assert!(
            ran.stderr.contains("running already") && ran.stderr.contains(&first.pid().to_string()),
            "{}",
            ran.stderr
        );
    }
    for command in ["merge", "rewind", "fork"] {
        let mut arguments = vec![command, TASK];
        arguments.extend((command != "merge").then_some("0"));
        let ran = held.sandbox.alfine(&arguments).expect(2);
        assert!(ran.stderr.contains("is running"), "{command}: {}", ran.stderr);
    }
    held.release();
    first.finish().expect(0);
    assert_eq!(held.sandbox.agent_runs().len(), 1);
}

#[test]
fn ctrl_c_ends_the_agent_and_holds_the_loop() {
    let held = Held::new(PLAN, vec![], vec![done()]);
    let running = held.sandbox.start(&["run", TASK, "--json"]);
    held.wait();
    let pid = running.pid().to_string();
    held.sandbox.command("kill").args(["-INT", &pid]).status().unwrap();
    assert_eq!(running.finish().expect(3).task()["status"], "paused");
    assert_eq!(held.sandbox.agent_processes(), []);
    held.sandbox.alfine(&["continue", TASK]).expect(0);
}

#[test]
fn continue_in_the_background_returns_at_once() {
    let held = Held::new(PLAN, vec![write("a", "1"), not_ready()], vec![done()]);
    held.release();
    held.sandbox.alfine(&["run", TASK, "-i", "1"]).expect(3);
    held.sandbox.alfine(&["continue", TASK, "-i", "2", "--background"]).expect(0);
    wait_for_status(&held.sandbox, "done");
}

#[test]
fn a_second_loop_in_the_users_own_tree_is_refused_while_the_first_one_runs() {
    const SECOND: &str = "PLAN.md#US-002";
    let held = Held::new(PLAN, vec![], vec![vec![write("index.txt", "x"), ready()].into()]);
    held.sandbox.write("PLAN.md", &format!("{PLAN}\n### US-002: Add an index\n\nWrite it.\n"));
    held.sandbox.alfine(&["start", TASK, "--in-place"]).expect(0);
    held.wait();
    for command in ["run", "start"] {
        let ran = held.sandbox.alfine(&[command, SECOND, "--in-place"]).expect(2);
        assert!(ran.stderr.contains(TASK) && ran.stderr.contains("own tree"), "{}", ran.stderr);
    }
    assert_eq!(held.sandbox.task(SECOND)["status"], "ready");
    held.sandbox.alfine(&["stop", TASK]).expect(0);
    wait_for_status(&held.sandbox, "stopped");
    held.sandbox.alfine(&["run", SECOND, "--in-place"]).expect(0);
}

#[test]
fn an_answer_that_was_held_is_taken_when_the_loop_goes_on() {
    let sandbox = playing(json!([done()]));
    sandbox.settings("autonomy = \"manual\"\n");
    sandbox.alfine(&["run", TASK]).expect(4);
    sandbox.alfine(&["answer", TASK, "--approve", "--hold"]).expect(0);
    let shown = sandbox.alfine(&["status", TASK]).expect(0).stdout;
    assert!(shown.contains("it has your answer"), "{shown}");
    assert_eq!(sandbox.alfine(&["continue", TASK, "--json"]).expect(0).task()["status"], "done");
    assert_eq!(sandbox.agent_runs().len(), 1);
}

#[test]
fn run_of_a_paused_loop_takes_new_limits_and_names_the_flags_that_change_nothing() {
    let held = Held::new(PLAN, vec![], vec![json!([write("a", "1"), not_ready()]), done()]);
    let running = held.sandbox.start(&["run", TASK, "-i", "1"]);
    held.wait();
    held.sandbox.alfine(&["pause", TASK, "--now"]).expect(0);
    running.finish().expect(3);
    let ran = held.sandbox.alfine(&["run", TASK, "-i", "2", "--model", "other", "--json"]).expect(0);
    assert!(ran.stderr.contains("--model changes nothing"), "{}", ran.stderr);
    assert_eq!(ran.task()["maxIterations"], 2);
    let nothing = held.sandbox.alfine(&["run", "PLAN.md", "--json"]).expect(0).json();
    assert_eq!(nothing.last().unwrap()["tasks"][0]["status"], "done");
}

#[test]
fn the_transcript_has_what_an_agent_said_last_while_it_is_silent() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    let [say, end] = ["say", "end"].map(|name| sandbox.path().join(name));
    sandbox.fake_agent(&json!({"runs": [
        [{"wait_for": say}, {"text": "I think about it."}, {"wait_for": end}, write("a", "1"), ready()]
    ]}));
    let running = sandbox.start(&["run", TASK, "--trust", "--json"]);
    let says = |what: &str| {
        wait_until(PATIENCE, what, || sandbox.alfine(&["log", TASK, "--transcript"]).stdout.contains(what));
    };
    says("\"init\"");
    std::fs::write(say, "").unwrap();
    says("I think about it.");
    std::fs::write(end, "").unwrap();
    assert_eq!(running.finish().expect(0).task()["status"], "done");
}
