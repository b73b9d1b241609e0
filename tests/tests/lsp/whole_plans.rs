//! A plan that is run as a whole on a branch of its own, in an editor.

use super::*;

const TWO: &str = "# Shop\n\n### US-001: Add a table\n\n### US-002: Fill it\n\nDepends on: US-001\n";

#[test]
fn a_plan_on_a_branch_of_its_own_is_merged_by_its_first_line() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", TWO)]);
    let part = |prompt: &str, file: &str| json!({"prompt": prompt, "runs": [[write(file, "x\n"), ready()]]});
    sandbox.fake_agent(&json!({"parts": [part("Add a table\n", "a.txt"), part("Fill it\n", "b.txt")]}));
    let mut editor = reading(&sandbox);
    let uri = editor.uri("PLAN.md");
    editor.execute("alfine.start", json!({"uri": uri, "options": {"branch": true}})).unwrap();
    editor.lens("PLAN.md", "2 of 2 done · on alfine-runs/PLAN");
    assert!(!sandbox.path().join("repo/a.txt").exists());
    editor.click("PLAN.md", "Merge the plan").unwrap();
    assert_eq!((sandbox.read("a.txt"), sandbox.read("b.txt")), ("x\n".to_owned(), "x\n".to_owned()));
    editor.message("PLAN.md is merged into main: 2 tasks.");
    let again = editor.execute("alfine.mergePlan", json!({"uri": uri})).unwrap_err();
    assert!(again["message"].as_str().unwrap().contains("no branch of its own"), "{again}");
}
