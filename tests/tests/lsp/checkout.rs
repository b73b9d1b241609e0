//! A change of the user's own checkout: warned of, told once, brought back or kept.

use super::*;

/// A done task whose agent wrote into the user's checkout, in an editor that reads the plan.
fn harmed() -> (Sandbox, Editor) {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("a.txt", "mine\n")]);
    let harm = format!("echo theirs > {}/a.txt", sandbox.repo().display());
    sandbox.fake_agent(&json!({"runs": [[{"shell": harm}, write("work.txt", "1"), ready()]]}));
    let mut editor = reading(&sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "Bring back my checkout");
    let warned = editor.diagnostic("PLAN.md", "checkout-changed");
    let said = "The agent of US-001 changed your checkout: 1 file changed (a.txt).";
    assert!(warned["message"].as_str().unwrap().starts_with(said), "{warned}");
    editor.message(said);
    (sandbox, editor)
}

#[test]
fn it_is_brought_back_after_it_was_shown() {
    let (sandbox, mut editor) = harmed();
    editor.chooses("your checkout changed: 1 file changed (a.txt)", "Cancel");
    let why = refused(editor.click("PLAN.md", "Bring back my checkout"));
    assert!(why.contains("nothing was brought back"), "{why}");
    assert_eq!(sandbox.read("a.txt"), "theirs\n");

    editor.chooses("your checkout changed: 1 file changed (a.txt)", "Bring back");
    editor.click("PLAN.md", "Bring back my checkout").unwrap();
    assert_eq!(sandbox.read("a.txt"), "mine\n");
    editor.message("Your checkout is as it was before.");
    editor.no_diagnostic("PLAN.md", "checkout-changed");
    assert!(!editor.lens_titles("PLAN.md").iter().any(|title| title.contains("checkout")));
}

#[test]
fn a_file_with_unsaved_text_is_not_written_over() {
    let (sandbox, mut editor) = harmed();
    editor.open_file("a.txt");
    editor.retype("a.txt", "the user types\n");
    editor.chooses("your checkout changed", "Bring back");
    let why = refused(editor.click("PLAN.md", "Bring back my checkout"));
    assert!(why.contains("not saved") && why.contains("a.txt"), "{why}");
    assert_eq!(sandbox.read("a.txt"), "theirs\n");
}

#[test]
fn the_user_can_say_that_it_was_they() {
    let (sandbox, mut editor) = harmed();
    editor.execute("alfine.keepCheckout", of_task()).unwrap();
    editor.no_diagnostic("PLAN.md", "checkout-changed");
    assert_eq!(sandbox.read("a.txt"), "theirs\n");
    let why = refused(editor.execute("alfine.keepCheckout", of_task()));
    assert!(why.contains("nothing is known to have changed"), "{why}");
}
