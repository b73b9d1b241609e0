//! What is open and not saved is nobody's to overwrite.

use super::*;

#[test]
fn a_merge_never_ticks_a_box_over_an_unsaved_buffer() {
    let sandbox = playing(json!([done()]));
    let mut editor = reading(&sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "done");
    let end = json!({"line": 6, "character": 0});
    editor.edit("PLAN.md", &json!({"start": end, "end": end}), "\nMine, and not saved.\n");
    let mine = editor.text("PLAN.md").to_owned();
    let answer = editor.execute("alfine.merge", of_task()).unwrap();
    assert_eq!(answer["status"], "merged");
    let told = editor.message("was not ticked");
    assert!(told.contains("not saved") && told.contains(TASK), "{told}");
    assert_eq!((editor.text("PLAN.md"), editor.edits.len()), (mine.as_str(), 0));
    assert_eq!(sandbox.read("PLAN.md"), PLAN);
    assert_eq!(sandbox.read("work.txt"), "done\n");
}

#[test]
fn an_editor_that_refuses_the_tick_is_told_of_it() {
    let sandbox = playing(json!([done()]));
    let mut editor = reading(&sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "done");
    editor.refuses_edits = true;
    editor.click("PLAN.md", "Merge").unwrap();
    let told = editor.message("was not ticked");
    assert!(told.contains("the editor is busy"), "{told}");
}

#[test]
fn a_start_from_a_plan_that_is_not_saved_is_refused() {
    let sandbox = playing(json!([done()]));
    let mut editor = reading(&sandbox);
    let start = json!({"line": 4, "character": 0});
    editor.edit("PLAN.md", &json!({"start": start, "end": start}), "Another sentence.\n\n");
    let why = refused(editor.click("PLAN.md", "Start loop"));
    assert!(why.contains("not saved") && why.contains("Save it"), "{why}");
    assert_eq!(sandbox.agent_runs().len(), 0);
}

#[test]
fn a_loop_in_the_users_own_tree_holds_while_something_there_is_not_saved() {
    let held = Held::new(PLAN, vec![write("a.txt", "1"), not_ready()], vec![done()]);
    held.sandbox.write("src.txt", "mine\n");
    held.sandbox.git(&["add", "-A"]);
    held.sandbox.git(&["commit", "-qm", "a file"]);
    let mut editor = reading(&held.sandbox);
    editor.open_file("src.txt");
    let start = json!({"uri": editor.uri("PLAN.md"), "task": TASK, "options": {"inPlace": true}});
    let zero = json!({"line": 0, "character": 0});
    editor.edit("src.txt", &json!({"start": zero, "end": zero}), "not yet saved, ");
    let why = refused(editor.execute("alfine.start", start.clone()));
    assert!(why.contains("src.txt") && why.contains("not saved"), "{why}");

    editor.save("src.txt");
    editor
        .execute("alfine.start", {
            let mut start = start;
            start["options"]["includeUncommitted"] = json!(true);
            start
        })
        .unwrap();
    held.wait();
    editor.edit("src.txt", &json!({"start": zero, "end": zero}), "again, ");
    editor.until("it is told to hold", |editor| {
        editor.hover("PLAN.md", TITLE, 8).contains("src.txt").then_some(())
    });
    editor.message("pauses when its iteration is over: src.txt is not saved in an editor");
    held.release();
    editor.lens("PLAN.md", "paused: src.txt is not saved in an editor");
    let hover = editor.hover("PLAN.md", TITLE, 8);
    assert!(hover.contains("src.txt is not saved"), "{hover}");
    assert_eq!(held.sandbox.agent_runs().len(), 1);
    editor.save("src.txt");
    editor.lens("PLAN.md", "done");
    assert_eq!(held.sandbox.read("src.txt"), "again, not yet saved, mine\n");
    assert_eq!(held.sandbox.agent_runs().len(), 2);
}
