//! Each refusal of a command is an error that says why and what to do, and changes nothing.

use super::*;
use std::fmt::Write;

/// What a command answered, on one line: `code message`, or the answer.
fn told(answer: Result<Value, Value>) -> String {
    match answer {
        Ok(answer) => format!("done: {answer}"),
        Err(error) => format!("{} {}", error["code"], error["message"].as_str().unwrap_or("no message")),
    }
}

/// What these calls are answered, a line each, with nothing of this machine in it.
fn all_told(sandbox: &Sandbox, editor: &mut Editor, calls: &[(&str, Value)]) -> String {
    let mut lines = String::new();
    for (command, argument) in calls {
        let told = told(editor.execute(command, argument.clone()));
        writeln!(lines, "{command} {argument}\n  {}", told.replace('\n', "\n  ")).unwrap();
    }
    lines.replace(&sandbox.path().display().to_string(), "SANDBOX")
}

const TWO: &str =
    "# Plan\n\n### US-001: Add a table\n\nWrite it.\n\n### US-002: Fill it\n\nDepends on: US-001\n";

#[test]
fn arguments_that_no_command_takes_are_named() {
    let sandbox = playing(json!([done()]));
    let mut editor = reading(&sandbox);
    let uri = editor.uri("PLAN.md");
    let calls = [
        ("alfine.start", json!({})),
        ("alfine.start", json!({"uri": 1})),
        ("alfine.start", json!({"uri": "no uri"})),
        ("alfine.start", json!({"uri": uri, "option": {}})),
        ("alfine.start", json!({"uri": uri, "options": {"maxIteration": 3}})),
        ("alfine.start", json!({"uri": uri, "options": {"maxIterations": -1}})),
        ("alfine.start", json!({"uri": uri, "options": {"context": "old"}})),
        ("alfine.pause", json!({})),
        ("alfine.pause", json!({"task": "US-001"})),
        ("alfine.pause", json!({"task": ["PLAN.md#US-001"]})),
        ("alfine.pause", json!("PLAN.md#US-001")),
        ("alfine.continue", json!({"task": TASK, "maxIterations": "5"})),
        ("alfine.steer", json!({"task": TASK})),
        ("alfine.steer", json!({"task": TASK, "text": " "})),
        ("alfine.rewind", json!({"task": TASK})),
        ("alfine.trust", json!({})),
        ("alfine.unheardOf", json!({})),
    ];
    let lines = all_told(&sandbox, &mut editor, &calls);
    insta::assert_snapshot!(lines);
    for method in [json!([]), json!([{"task": TASK}, {}])] {
        let error =
            editor.ask("workspace/executeCommand", json!({"command": "alfine.pause", "arguments": method}));
        assert_eq!(error.unwrap_err()["code"], -32602);
    }
    assert_eq!(sandbox.task(TASK)["status"], "ready");
}

#[test]
fn what_cannot_be_done_now_says_what_can() {
    let sandbox = with_plan(TWO, json!([[write("a.txt", "1\n"), not_ready()]]));
    sandbox.settings("[limits]\niterations = 1\n");
    let mut editor = reading(&sandbox);
    let uri = editor.uri("PLAN.md");
    let second = "PLAN.md#US-002";
    let never = [
        ("alfine.start", json!({"uri": uri, "task": "PLAN.md#US-009"})),
        ("alfine.start", json!({"uri": uri, "task": second})),
        ("alfine.start", json!({"uri": editor.uri("README.md")})),
        ("alfine.start", json!({"uri": uri, "task": TASK, "options": {"maxIterations": 51}})),
        ("alfine.start", json!({"uri": uri, "task": TASK, "options": {"agent": "nobody"}})),
        ("alfine.pause", of_task()),
        ("alfine.stop", of_task()),
        ("alfine.continue", of_task()),
        ("alfine.steer", json!({"task": TASK, "text": "hello"})),
        ("alfine.answer", json!({"task": TASK, "text": "yes"})),
        ("alfine.rewind", json!({"task": TASK, "iteration": 1})),
        ("alfine.fork", json!({"task": TASK, "iteration": 1})),
        ("alfine.merge", of_task()),
        ("alfine.discard", of_task()),
        ("alfine.showTranscript", of_task()),
        ("alfine.showDiff", of_task()),
        ("alfine.openWorktree", of_task()),
        ("alfine.pause", json!({"task": "PLAN.md#US-009"})),
        ("alfine.pause", json!({"task": "other.md#US-001"})),
    ];
    let lines = all_told(&sandbox, &mut editor, &never);
    insta::assert_snapshot!("of_a_task_that_was_never_started", lines);
    assert_eq!(sandbox.task(TASK)["status"], "ready");

    editor.execute("alfine.start", json!({"uri": uri, "task": TASK})).unwrap();
    editor.lens("PLAN.md", "stopped");
    let stopped = [
        ("alfine.stop", of_task()),
        ("alfine.pause", of_task()),
        ("alfine.continue", json!({"task": TASK, "maxIterations": 51})),
        ("alfine.answer", json!({"task": TASK, "approved": true})),
        ("alfine.rewind", json!({"task": TASK, "iteration": 9})),
        ("alfine.fork", json!({"task": TASK, "iteration": 9})),
        ("alfine.merge", of_task()),
        ("alfine.showDiff", json!({"task": TASK, "iteration": 9})),
        ("alfine.showTranscript", json!({"task": TASK, "iteration": 9})),
    ];
    let lines = all_told(&sandbox, &mut editor, &stopped);
    insta::assert_snapshot!("of_a_loop_that_is_stopped", lines);
    assert_eq!(sandbox.task(TASK)["status"], "stopped");
}

#[test]
fn what_cannot_be_done_while_a_loop_runs_says_so() {
    let held = Held::new(PLAN, vec![], vec![]);
    let mut editor = reading(&held.sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    held.wait();
    let start = json!({"uri": editor.uri("PLAN.md"), "task": TASK});
    let calls = [
        ("alfine.start", start),
        ("alfine.merge", of_task()),
        ("alfine.rewind", json!({"task": TASK, "iteration": 0})),
        ("alfine.fork", json!({"task": TASK, "iteration": 0})),
        ("alfine.answer", json!({"task": TASK, "text": "yes"})),
    ];
    let lines = all_told(&held.sandbox, &mut editor, &calls);
    insta::assert_snapshot!(lines);
    assert_eq!(held.sandbox.task(TASK)["status"], "running");
    editor.execute("alfine.stop", of_task()).unwrap();
    editor.lens("PLAN.md", "stopped");
}

#[test]
fn a_merge_that_conflicts_names_the_files_and_changes_nothing() {
    let sandbox = playing(json!([done()]));
    let mut editor = reading(&sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "done");
    sandbox.write("work.txt", "mine\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "mine"]);
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let answer = editor.execute("alfine.merge", of_task()).unwrap();
    assert_eq!(answer, json!({"task": TASK, "status": "done", "conflicts": ["work.txt"]}));
    editor.message("conflicts in work.txt");
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), head);
    assert_eq!(sandbox.read("work.txt"), "mine\n");
}

#[test]
fn a_loop_is_started_on_any_place_of_any_file() {
    let sandbox = playing(json!([done()]));
    sandbox.write("src/lamp.rs", "fn lamp() {\n    // TODO: light it\n}\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "a lamp"]);
    let mut editor = reading(&sandbox);
    editor.open_file("src/lamp.rs");
    let range = json!({"start": {"line": 1, "character": 8}, "end": {"line": 1, "character": 8}});
    let actions = editor.actions("src/lamp.rs", &range);
    let start = actions.iter().find(|action| action["title"].as_str().unwrap().contains("Start a loop"));
    let answer = editor.perform(start.unwrap_or_else(|| panic!("{actions:?}"))).unwrap();
    let key = answer["task"].as_str().unwrap().to_owned();
    assert!(key.starts_with(".alfine/plans/inbox.md#"), "{key}");
    assert!(sandbox.read(".alfine/plans/inbox.md").contains("light it"));
    wait_until(PATIENCE, "the task is done", || sandbox.task(&key)["status"] == "done");
}
