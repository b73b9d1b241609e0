//! The repository's commands run only when the user says so.

use super::*;
use alfine_tests::editor::Choice;

const CHECKED: &str =
    "# Plan\n\n### US-001: Light the lamp\n\nAcceptance criteria:\n- [ ] It shines: `test -f work.txt`\n";

fn checked() -> Sandbox {
    with_plan(CHECKED, json!([done()]))
}

#[test]
fn allowing_starts_the_loop_and_is_kept() {
    let sandbox = checked();
    let mut editor = reading(&sandbox);
    let told = editor.diagnostic("PLAN.md", "config-untrusted");
    assert!(told["message"].as_str().unwrap().contains("test -f work.txt"), "{told}");
    assert_eq!(editor.questions, [] as [Value; 0], "opening a plan asks nothing");
    editor.chooses("test -f work.txt", "Allow");
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "done");
    editor.no_diagnostic("PLAN.md", "config-untrusted");
    assert_eq!(editor.questions.len(), 1);
    assert_eq!(sandbox.alfine(&["merge", TASK]).code(), 0);
}

#[test]
fn cancelling_and_dismissing_start_nothing_and_say_why() {
    let sandbox = checked();
    let mut editor = reading(&sandbox);
    for choice in [Choice::Title("Cancel".into()), Choice::Dismiss] {
        editor.answers("test -f work.txt", choice);
        let why = refused(editor.click("PLAN.md", "Start loop"));
        assert!(why.contains("test -f work.txt") && why.to_lowercase().contains("allow"), "{why}");
    }
    assert_eq!(sandbox.task(TASK)["status"], "ready");
    assert!(editor.codes("PLAN.md").contains(&"config-untrusted"));
    assert_eq!(sandbox.agent_runs().len(), 0);
}

#[test]
fn showing_opens_the_commands_and_asks_again() {
    let sandbox = checked();
    let mut editor = reading(&sandbox);
    editor.chooses("test -f work.txt", "Show");
    let start = json!({"uri": editor.uri("PLAN.md"), "task": TASK});
    let params = json!({"command": "alfine.start", "arguments": [start]});
    let id = editor.request("workspace/executeCommand", params);
    let shown = editor.until("the commands are shown", |editor| {
        let shown = editor.shown.first().cloned()?;
        editor.chooses("test -f work.txt", "Allow");
        Some(shown)
    });
    let path = alfine_tests::editor::path_of(shown["uri"].as_str().unwrap());
    assert!(std::fs::read_to_string(path).unwrap().contains("test -f work.txt"));
    editor.response(id).unwrap();
    assert!(editor.questions.len() >= 2);
    editor.lens("PLAN.md", "done");
}

#[test]
fn a_question_that_is_never_answered_holds_nothing_else_up() {
    let sandbox = checked();
    let mut editor = reading(&sandbox);
    editor.answers("test -f work.txt", Choice::Never);
    let start = json!({"uri": editor.uri("PLAN.md"), "task": TASK});
    let params = json!({"command": "alfine.start", "arguments": [start]});
    let waiting = editor.request("workspace/executeCommand", params.clone());
    editor.until("the question", |editor| (!editor.questions.is_empty()).then_some(()));
    assert!(editor.lens_titles("PLAN.md").iter().any(|title| title == "Start loop"));
    // A second click does not ask twice.
    let why = refused(editor.ask("workspace/executeCommand", params));
    assert!(why.contains("asked") || why.contains("question"), "{why}");
    assert_eq!(editor.questions.len(), 1);
    editor.notify("$/cancelRequest", json!({"id": waiting}));
    assert_eq!(editor.response(waiting).unwrap_err()["code"], -32800);
    assert_eq!(sandbox.task(TASK)["status"], "ready");
}

#[test]
fn opening_a_repository_runs_nothing_of_it() {
    let sandbox = checked();
    sandbox.write(
        "alfine.toml",
        "[worktree]\nsetup = \"touch ran-setup\"\n[[verifiers]]\nname = \"v\"\ncommand = \"touch ran\"\n",
    );
    let mut editor = reading(&sandbox);
    editor.open_file("alfine.toml");
    editor.diagnostic("PLAN.md", "config-untrusted");
    editor.lenses("PLAN.md");
    let files = sandbox.git(&["status", "--porcelain"]);
    assert_eq!(files, "?? alfine.toml");
}
