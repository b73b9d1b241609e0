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

/// A criterion that holds already, and one that only work turns green.
const HELD: &str =
    "# Plan\n\n### US-001: Work\n\n- [ ] history: `git rev-parse HEAD`\n- [ ] there: `test -f work.txt`\n";

fn hints(editor: &mut Editor) -> Vec<String> {
    let uri = editor.uri("PLAN.md");
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}});
    let asked = json!({"textDocument": {"uri": uri}, "range": range});
    let hints = editor.ask("textDocument/inlayHint", asked).unwrap();
    hints.as_array().unwrap().iter().map(|hint| hint["label"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn checks_run_on_demand_and_are_shown_at_their_criteria() {
    let sandbox = with_plan(HELD, json!([done()]));
    let mut editor = reading(&sandbox);
    assert_eq!(hints(&mut editor), [] as [&str; 0]);
    editor.chooses("git rev-parse HEAD", "Allow");
    let action = editor.action("PLAN.md", TITLE, "Run the checks now");
    let answer = editor.perform(&action).unwrap();
    let said: Vec<_> = answer["checks"].as_array().unwrap().iter().map(|one| &one["run"]["answer"]).collect();
    assert_eq!(said, [&json!("passed"), &json!("failed")], "{answer}");
    editor.message("1 of 2 pass already");
    let told = editor.diagnostic("PLAN.md", "criterion-green-already");
    assert_eq!((&told["range"]["start"]["line"], &told["severity"]), (&json!(4), &json!(3)), "{told}");
    let shown = ["green already at the last commit", "red at the last commit, exit status 1"];
    assert_eq!(hints(&mut editor), shown);
    assert!(editor.hover("PLAN.md", 5, 8).contains(shown[1]));
    let progress: Vec<_> = editor.progress.values().collect();
    assert!(progress.iter().all(|one| one.is_over && one.values[0]["cancellable"] == true), "{progress:?}");

    // Without the other one, nothing would prove the work.
    editor.retype("PLAN.md", &HELD.replace("- [ ] there: `test -f work.txt`\n", ""));
    editor.until("a warning", |editor| {
        let told = editor.published("PLAN.md").iter().find(|one| one["code"] == "criterion-green-already")?;
        (told["severity"] == 2).then_some(())
    });
    let marks = editor.action("PLAN.md", 4, "Mark the task as a guard: all only has to stay as it is");
    editor.perform(&marks).unwrap();
    assert!(
        editor.text("PLAN.md").contains("### US-001: Work\nProof: guard\n"),
        "{}",
        editor.text("PLAN.md")
    );
    editor.no_diagnostic("PLAN.md", "criterion-green-already");

    // What was answered on another tree says nothing of this one.
    editor.retype("PLAN.md", HELD);
    editor.diagnostic("PLAN.md", "criterion-green-already");
    sandbox.write("other.txt", "other");
    sandbox.git(&["add", "other.txt"]);
    sandbox.git(&["commit", "-q", "-m", "other"]);
    editor.until("nothing is known", |editor| hints(editor).is_empty().then_some(()));
    editor.no_diagnostic("PLAN.md", "criterion-green-already");
}

#[test]
fn checks_that_run_on_demand_are_called_off_with_their_progress() {
    let plan = "# Plan\n\n### US-001: Work\n\n- [ ] slow: `sleep 600`\n";
    let sandbox = with_plan(plan, json!([done()]));
    sandbox.alfine(&["trust", "PLAN.md", "--yes"]).expect(0);
    let mut editor = reading(&sandbox);
    let uri = editor.uri("PLAN.md");
    let check = json!({"command": "alfine.check", "arguments": [{"task": TASK, "uri": uri}]});
    let id = editor.request("workspace/executeCommand", check);
    let token = editor.until("a progress", |editor| {
        let begun = editor.progress.iter().find(|(_, progress)| !progress.values.is_empty());
        begun.map(|(token, _)| serde_json::from_str::<Value>(token).unwrap())
    });
    editor.notify("window/workDoneProgress/cancel", json!({"token": token}));
    let answer = editor.response(id).unwrap();
    assert_eq!(answer["cancelled"], true, "{answer}");
    editor.message("stopped: 0 of 1 check ran");
    editor.until("the progress ends", |editor| editor.progress.values().all(|it| it.is_over).then_some(()));
}
