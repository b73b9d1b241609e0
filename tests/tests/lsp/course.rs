//! A loop from the click that starts it to the merge, and what can stand in its way.

use super::*;
use alfine_tests::editor::Choice;
use std::fs;

#[test]
fn a_click_on_start_and_a_click_on_merge_are_all_a_task_takes() {
    let held = Held::new(PLAN, vec![write("work.txt", "done\n"), ready()], vec![]);
    let mut editor = reading(&held.sandbox);
    let head = held.sandbox.git(&["rev-parse", "HEAD"]);
    assert_eq!(editor.lens_titles("PLAN.md"), ["Start loop"]);
    let answer = editor.click("PLAN.md", "Start loop").unwrap();
    assert_eq!(answer["tasks"][0]["task"], TASK);

    held.wait();
    editor.lens("PLAN.md", "iteration 1 of 10 · running");
    editor.lens("PLAN.md", "Pause");
    held.release();
    editor.lens("PLAN.md", "done");
    assert_eq!(held.sandbox.git(&["rev-parse", "HEAD"]), head);
    assert!(!held.sandbox.repo().join("work.txt").exists());

    let answer = editor.click("PLAN.md", "Merge").unwrap();
    assert_eq!(answer, json!({"task": TASK, "status": "merged"}));
    editor.lens("PLAN.md", "merged");
    assert_ne!(held.sandbox.git(&["rev-parse", "HEAD"]), head);
    assert_eq!(held.sandbox.read("work.txt"), "done\n");
    // The plan is open, so it is the editor that ticks it.
    editor.until("the box is ticked", |editor| {
        editor.text("PLAN.md").contains("- [x] There is a table").then_some(())
    });
    assert_eq!(editor.edits.len(), 1);
    editor.message("US-001 is ticked in PLAN.md; save it.");
    editor.no_diagnostic("PLAN.md", "unproven");
    assert_eq!(editor.published("PLAN.md"), [] as [Value; 0]);
    editor.save("PLAN.md");

    let all: Vec<_> = editor.progress.values().collect();
    let [progress] = &all[..] else { panic!("{all:?}") };
    assert!(progress.is_over, "{progress:?}");
    assert!(progress.values[0]["title"].as_str().unwrap().contains("Add a table"), "{progress:?}");
    assert_eq!(progress.values[0]["cancellable"], true);
}

#[test]
fn a_plan_that_is_closed_is_ticked_in_the_merge_itself() {
    let sandbox = playing(json!([done()]));
    let mut editor = reading(&sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "done");
    editor.close("PLAN.md");
    editor.execute("alfine.merge", of_task()).unwrap();
    assert!(sandbox.git(&["show", "HEAD:PLAN.md"]).contains("- [x] There is a table"));
    assert!(sandbox.read("PLAN.md").contains("- [x] There is a table"));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    assert_eq!(editor.edits, [] as [Value; 0]);
}

#[test]
fn a_stopped_loop_goes_on_by_the_fix_of_its_diagnostic() {
    let sandbox = playing(json!([[write("a", "1"), not_ready()], done()]));
    sandbox.settings("[limits]\niterations = 1\n");
    let mut editor = reading(&sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    let stopped = editor.diagnostic("PLAN.md", "breaker-iterations");
    assert_eq!(stopped["range"]["start"]["line"], TITLE);
    assert_eq!(stopped["source"], "alfine");
    let message = stopped["message"].as_str().unwrap();
    assert!(message.starts_with("The loop stopped after 1 of 1 iteration,"), "{message}");
    editor.lens("PLAN.md", "stopped: limit of 1 iteration");

    let fix = editor.action("PLAN.md", TITLE, "Continue with 5 more iterations");
    assert_eq!(fix["kind"], "quickfix");
    assert_eq!(fix["diagnostics"][0]["code"], "breaker-iterations");
    editor.perform(&fix).unwrap();
    editor.lens("PLAN.md", "done");
    editor.no_diagnostic("PLAN.md", "breaker-iterations");
}

#[test]
fn a_breaker_shows_in_the_hover_what_fed_it() {
    let sandbox = playing(json!([[not_ready()]]));
    sandbox.settings("[limits]\nno_change = 2\n");
    let mut editor = reading(&sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.diagnostic("PLAN.md", "breaker-no-change");
    let hover = editor.hover("PLAN.md", TITLE, 8);
    assert!(hover.contains("no-change") || hover.contains("no change"), "{hover}");
    assert!(hover.contains("2 of 2"), "{hover}");
}

const CHECKED: &str =
    "# Plan\n\n### US-001: Light the lamp\n\nAcceptance criteria:\n- [ ] It shines: `sh check.sh`\n";

#[test]
fn what_a_check_finds_stands_on_its_source_line_until_it_is_mended() {
    let again = json!([write("lamp.txt", "light\n"), ready()]);
    let held = Held::new(CHECKED, vec![write("other.txt", "1"), ready()], vec![again]);
    let check = "test -f lamp.txt && exit 0\necho 'src/lamp.rs:2:5: error: the lamp is dark'\nexit 1\n";
    held.sandbox.write("check.sh", check);
    held.sandbox.write("src/lamp.rs", "fn lamp() {\n    dark();\n}\n");
    held.sandbox.git(&["add", "-A"]);
    held.sandbox.git(&["commit", "-qm", "a check"]);
    let mut editor = reading(&held.sandbox);
    editor.chooses("sh check.sh", "Allow");
    editor.click("PLAN.md", "Start loop").unwrap();
    held.wait();
    editor.execute("alfine.pause", of_task()).unwrap();
    held.release();
    // The file is the same in the user's tree, so that is where it is shown; it need not be open.
    let found = editor.diagnostic("src/lamp.rs", "finding");
    assert_eq!(found["range"]["start"], json!({"line": 1, "character": 4}));
    assert!(found["message"].as_str().unwrap().contains("the lamp is dark"), "{found}");
    let failed = editor.diagnostic("PLAN.md", "verify-failed");
    assert!(failed["message"].as_str().unwrap().contains("sh check.sh"), "{failed}");
    editor.click("PLAN.md", "Continue").unwrap();
    editor.lens("PLAN.md", "done");
    editor.no_diagnostic("src/lamp.rs", "finding");
    editor.no_diagnostic("PLAN.md", "verify-failed");
    let hints = editor.ask(
        "textDocument/inlayHint",
        json!({
            "textDocument": {"uri": editor.uri("PLAN.md")},
            "range": {"start": {"line": 0, "character": 0}, "end": {"line": 6, "character": 0}},
        }),
    );
    let hints = hints.unwrap();
    assert!(hints.to_string().contains("proven: red at the base, green in "), "{hints}");
}

#[test]
fn a_question_is_answered_where_it_is_asked() {
    let asks =
        json!([write("a", "1"), {"gate": {"ready": false, "question": "Which database do you want?"}}]);
    let sandbox = playing(json!([asks, done()]));
    let mut editor = reading(&sandbox);
    editor.answers("Which database do you want?", alfine_tests::editor::Choice::Dismiss);
    editor.click("PLAN.md", "Start loop").unwrap();
    let question = editor.diagnostic("PLAN.md", "question");
    assert!(question["message"].as_str().unwrap().contains("Which database do you want?"), "{question}");
    editor.lens("PLAN.md", "needs input: ");
    let answer = editor.execute("alfine.answer", json!({"task": TASK, "text": "SQLite, please"}));
    assert_eq!(answer.unwrap()["task"], TASK);
    editor.lens("PLAN.md", "done");
    editor.no_diagnostic("PLAN.md", "question");
    let told = sandbox.agent_runs()[1]["prompt"].as_str().unwrap().to_owned();
    assert!(told.contains("Which database do you want?") && told.contains("SQLite, please"), "{told}");
}

#[test]
fn a_loop_is_paused_steered_and_continued() {
    let held = Held::new(PLAN, vec![write("a", "1"), not_ready()], vec![done()]);
    let mut editor = reading(&held.sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    held.wait();
    editor.click("PLAN.md", "Pause").unwrap();
    editor.lens("PLAN.md", "pauses after");
    editor.execute("alfine.steer", json!({"task": TASK, "text": "use the existing Money type"})).unwrap();
    held.release();
    editor.lens("PLAN.md", "paused");
    editor.click("PLAN.md", "Continue").unwrap();
    editor.lens("PLAN.md", "done");
    assert!(held.sandbox.agent_runs()[1]["prompt"].as_str().unwrap().contains("the existing Money type"));
}

#[test]
fn a_cancelled_progress_ends_its_loop() {
    let held = Held::new(PLAN, vec![], vec![]);
    let mut editor = reading(&held.sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    held.wait();
    let token = editor.until("a progress that began", |editor| {
        let begun = editor.progress.iter().find(|(_, progress)| !progress.values.is_empty());
        begun.map(|(token, _)| serde_json::from_str::<Value>(token).unwrap())
    });
    editor.notify("window/workDoneProgress/cancel", json!({"token": token}));
    editor.lens("PLAN.md", "stopped");
    editor.until("the progress ends", |editor| editor.progress.values().all(|it| it.is_over).then_some(()));
    wait_until(PATIENCE, "the agent is gone", || held.sandbox.agent_processes().is_empty());
}

#[test]
fn transcripts_and_diffs_are_files_that_are_opened() {
    let sandbox = playing(json!([[write("a.txt", "one\n"), not_ready()], done()]));
    let mut editor = reading(&sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "done");
    editor.execute("alfine.showDiff", of_task()).unwrap();
    editor.execute("alfine.showTranscript", json!({"task": TASK, "iteration": 1})).unwrap();
    let shown: Vec<_> = editor.shown.iter().map(|it| it["uri"].as_str().unwrap().to_owned()).collect();
    let texts: Vec<String> = shown
        .iter()
        .map(|uri| std::fs::read_to_string(alfine_tests::editor::path_of(uri)).unwrap())
        .collect();
    let [diff, transcript] = &texts[..] else { panic!("{shown:?}") };
    assert!(diff.contains("+one") && diff.contains("+done"), "{diff}");
    assert!(transcript.contains("more to do"), "{transcript}");
}

#[test]
fn a_client_that_asked_is_told_of_tasks_and_no_other_is() {
    let sandbox = playing(json!([done()]));
    let mut editor = Setup::default().with_tasks().open(&sandbox);
    editor.open_file("PLAN.md");
    let tasks = editor.ask("alfine/tasks", Value::Null).unwrap();
    assert_eq!((&tasks["tasks"][0]["task"], &tasks["tasks"][0]["status"]), (&json!(TASK), &json!("ready")));
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.until("the news that it is done", |editor| {
        let told = editor.tasks_changed.iter().flat_map(|it| it["tasks"].as_array().unwrap());
        told.last().filter(|task| task["status"] == "done").map(drop)
    });
    let page = editor.ask("alfine/transcript", json!({"task": TASK})).unwrap();
    assert!(page["events"].to_string().contains("it works"), "{page}");
    // `reading` asks for nothing, and an editor fails the test that is told what it did not ask for.
    let mut other = reading(&sandbox);
    other.lens("PLAN.md", "done");
}

#[test]
fn an_editor_that_can_nothing_still_merges() {
    let sandbox = playing(json!([done()]));
    let mut editor = Setup::bare().open(&sandbox);
    editor.open_file("PLAN.md");
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "done");
    editor.close("PLAN.md");
    editor.click("PLAN.md", "Merge").unwrap();
    assert_eq!(sandbox.read("work.txt"), "done\n");
    assert_eq!((editor.progress.len(), editor.refreshes.len(), editor.registered.len()), (0, 0, 0));
}

#[test]
fn lenses_are_refreshed_where_the_editor_can() {
    let sandbox = playing(json!([done()]));
    let mut editor = reading(&sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "done");
    editor.until("a refresh", |editor| editor.refreshes.get("workspace/codeLens/refresh").map(drop));
    editor.until("a refresh", |editor| editor.refreshes.get("workspace/inlayHint/refresh").map(drop));
    let methods: Vec<&str> = editor.registered.iter().filter_map(|it| it["method"].as_str()).collect();
    assert_eq!(methods, ["workspace/didChangeWatchedFiles", "workspace/didChangeConfiguration"]);
}

/// A repository whose user is asked about the work, with a check that does not hold together with `a.txt`.
fn asking() -> Sandbox {
    let sandbox = playing(json!([done()]));
    let path = sandbox.path().join("home/config/alfine/config.toml");
    let settings = fs::read_to_string(&path).unwrap().replace("unproven = \"take\"", "unproven = \"ask\"");
    fs::write(path, settings).unwrap();
    sandbox.settings(
        "[[verifiers]]\nname = \"together\"\ncommand = \"test ! -e a.txt || test ! -e work.txt\"\n",
    );
    sandbox
}

/// Commits a file on the user's branch.
fn meanwhile(sandbox: &Sandbox, path: &str) {
    sandbox.write(path, "x\n");
    sandbox.git(&["add", path]);
    sandbox.git(&["commit", "-qm", "meanwhile"]);
}

#[test]
fn a_question_about_work_is_answered_with_its_merge_and_its_end_is_told() {
    let sandbox = asking();
    let mut editor = reading(&sandbox);
    editor.answers("asks for your approval", Choice::Dismiss);
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "Approve and merge");
    meanwhile(&sandbox, "other.txt");
    editor.click("PLAN.md", "Approve and merge").unwrap();
    editor.message("PLAN.md#US-001 is merged into main.");
    assert_eq!((sandbox.read("work.txt"), sandbox.read("other.txt")), ("done\n".into(), "x\n".into()));
}

#[test]
fn why_work_does_not_land_is_told_with_what_helps() {
    let sandbox = asking();
    let mut editor = reading(&sandbox);
    editor.chooses("asks for your approval", "Approve and merge");
    editor.answers("was not merged into main", Choice::Dismiss);
    let gate = sandbox.path().join("go");
    sandbox.settings(&format!(
        "[worktree]\nsetup = \"until test -e {}; do sleep 0.02; done\"\n",
        gate.display()
    ));
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "Pause");
    meanwhile(&sandbox, "a.txt");
    fs::write(gate, "").unwrap();
    let told = editor.until("why it was not merged", |editor| {
        let questions = editor.questions.iter().filter_map(|question| question["message"].as_str());
        questions.into_iter().find(|said| said.contains("was not merged into main")).map(str::to_owned)
    });
    assert!(told.contains("this check fails: together. Nothing was changed there."), "{told}");
    assert!(!sandbox.repo().join("work.txt").exists());
}
