//! State that is true in the editor: of starts that fail, and of plans that were edited, replaced and renumbered.

use super::*;
use std::fs;

const TWO: &str = "# Plan\n\n### T1: Add the coupon table\n\n- [ ] There is a table\n\n### T2: Reject expired coupons\n\n- [ ] They are rejected\n";

/// The tasks as the editor is told of them, each with its status.
fn told(editor: &mut Editor) -> Vec<String> {
    let answer = editor.ask("alfine/tasks", json!({})).unwrap();
    let tasks = answer["tasks"].as_array().unwrap();
    tasks
        .iter()
        .map(|task| format!("{} {}", task["task"].as_str().unwrap(), task["status"].as_str().unwrap()))
        .collect()
}

/// Waits until the editor is told so of the tasks.
#[track_caller]
fn until_told(editor: &mut Editor, expected: &[&str]) {
    let came = editor.until_or("the tasks are told so", |editor| (told(editor) == expected).then_some(()));
    if let Err(why) = came {
        panic!("{:?} instead of {expected:?}; {why}", told(editor));
    }
}

fn commit_all(sandbox: &Sandbox) {
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "edit"]);
}

#[test]
fn a_start_that_fails_while_the_worktree_is_made_leaves_a_task_that_can_be_started() {
    let sandbox = playing(json!([done()]));
    let occupied = sandbox.path().join("home/data/alfine/worktrees");
    fs::create_dir_all(occupied.parent().unwrap()).unwrap();
    fs::write(&occupied, "a file").unwrap();
    let mut editor = reading(&sandbox);
    editor.click("PLAN.md", "Start loop").unwrap_err();
    until_told(&mut editor, &["PLAN.md#US-001 ready"]);
    fs::remove_file(&occupied).unwrap();
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "done");
}

#[test]
fn another_plan_with_the_same_ids_is_not_done_in_the_editor() {
    let sandbox = with_plan(TWO, json!([[{"shell": "date +%N >work.txt"}, ready()]]));
    sandbox.settings("on_done = \"merge\"\n");
    sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(0);
    let mut editor = Editor::open(&sandbox);
    until_told(&mut editor, &["PLAN.md#T1 merged", "PLAN.md#T2 ready"]);
    let other =
        TWO.replace("Add the coupon table", "Draw the login page").replace("There is a table", "Drawn");
    sandbox.write("PLAN.md", &other);
    commit_all(&sandbox);
    until_told(&mut editor, &["PLAN.md#T1 ready", "PLAN.md#T2 ready"]);
    let uri = editor.uri("PLAN.md");
    editor.execute("alfine.start", json!({"uri": uri, "task": "T1"})).unwrap();
    until_told(&mut editor, &["PLAN.md#T1 merged", "PLAN.md#T2 ready"]);
    assert_eq!(sandbox.agent_runs().len(), 2);
}

#[test]
fn a_renumbered_loop_is_steered_by_the_id_that_it_has_now() {
    let held = Held::new(TWO, vec![write("1.txt", "1"), not_ready()], vec![]);
    let sandbox = &held.sandbox;
    let mut editor = Editor::open(sandbox);
    let uri = editor.uri("PLAN.md");
    editor.execute("alfine.start", json!({"uri": uri, "task": "T1"})).unwrap();
    held.wait();
    let edited = TWO
        .replace("### T2:", "### T3:")
        .replace("### T1:", "### T1: Draw the login page\n\n- [ ] It is drawn\n\n### T2:");
    sandbox.write("PLAN.md", &edited);
    until_told(&mut editor, &["PLAN.md#T1 ready", "PLAN.md#T2 running", "PLAN.md#T3 ready"]);
    editor.execute("alfine.stop", json!({"task": "PLAN.md#T2"})).unwrap();
    until_told(&mut editor, &["PLAN.md#T1 ready", "PLAN.md#T2 stopped", "PLAN.md#T3 ready"]);
}

#[test]
fn work_of_a_task_that_the_plan_replaced_is_merged_without_a_tick() {
    let sandbox = with_plan(TWO, json!([done()]));
    sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(0);
    let other =
        TWO.replace("Add the coupon table", "Draw the login page").replace("There is a table", "Drawn");
    sandbox.write("PLAN.md", &other);
    commit_all(&sandbox);
    let mut editor = Editor::open(&sandbox);
    until_told(&mut editor, &["PLAN.md#T1 ready", "PLAN.md#T2 ready", "PLAN.md#T1@1 done"]);
    editor.execute("alfine.merge", json!({"task": "PLAN.md#T1@1"})).unwrap();
    editor.message("nothing was ticked");
    assert_eq!(sandbox.read("PLAN.md"), other);
}

#[test]
fn a_merged_task_whose_box_is_open_is_run_again_after_a_question() {
    let sandbox = with_plan(TWO, json!([[write("1.txt", "1"), ready()], [write("1.txt", "2"), ready()]]));
    sandbox.settings("on_done = \"merge\"\n");
    sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(0);
    sandbox.write("PLAN.md", TWO);
    commit_all(&sandbox);
    let mut editor = Editor::open(&sandbox);
    until_told(&mut editor, &["PLAN.md#T1 merged", "PLAN.md#T2 ready"]);
    let uri = editor.uri("PLAN.md");
    editor.chooses("Run it again?", "Run again");
    editor.execute("alfine.start", json!({"uri": uri, "task": "T1"})).unwrap();
    alfine_tests::sandbox::wait_until(PATIENCE, "it is merged again", || sandbox.agent_runs().len() == 2);
    until_told(&mut editor, &["PLAN.md#T1 merged", "PLAN.md#T2 ready"]);
}

#[test]
fn a_loop_goes_on_in_the_editor_with_its_plan_as_it_is_now_or_keeps_the_old_text() {
    for keep in [false, true] {
        let sandbox = playing(json!([[write("a", "1"), not_ready()], done()]));
        sandbox.settings("[limits]\niterations = 1\n");
        sandbox.alfine(&["run", TASK, "--json"]).expect(3);
        sandbox.write("PLAN.md", &(PLAN.to_owned() + "- [ ] There is an index\n"));
        let mut editor = reading(&sandbox);
        until_told(&mut editor, &["PLAN.md#US-001 stopped"]);
        let argument = json!({"task": TASK, "maxIterations": 3, "keepPlan": keep});
        editor.execute("alfine.continue", argument).unwrap();
        editor.lens("PLAN.md", "done");
        let prompt = sandbox.agent_runs()[1]["prompt"].as_str().unwrap().to_owned();
        assert_eq!(prompt.contains("There is an index"), !keep, "{prompt}");
        if !keep {
            editor.message("the plan was edited meanwhile");
        }
    }
}

#[test]
fn a_plan_behind_a_link_has_the_key_of_its_file_and_one_outside_is_refused() {
    let sandbox = Sandbox::with_repository(&[("docs/work.md", PLAN)]);
    std::os::unix::fs::symlink("docs/work.md", sandbox.repo().join("PLAN.md")).unwrap();
    let outside = sandbox.path().join("outside.md");
    fs::write(&outside, PLAN).unwrap();
    std::os::unix::fs::symlink(&outside, sandbox.repo().join("TODO.md")).unwrap();
    let mut editor = reading(&sandbox);
    until_told(&mut editor, &["docs/work.md#US-001 ready"]);
    editor.open_file("TODO.md");
    let uri = editor.uri("TODO.md");
    let said = refused(editor.execute("alfine.start", json!({"uri": uri, "task": "US-001"})));
    assert!(said.contains("TODO.md lies outside the repository"), "{said}");
}
