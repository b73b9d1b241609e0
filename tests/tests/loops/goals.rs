//! A goal in words: from nothing to merged work in one command.

use super::*;

const KEY: &str = ".alfine/plans/inbox.md#GOAL-001";

fn agent() -> Value {
    json!({"runs": [[write("hello.txt", "hello\n"), ready()]]})
}

#[test]
fn a_goal_with_a_check_is_worked_on_proven_and_merged() {
    let mut sandbox = Sandbox::with_repository(&[("README.md", "# Shop\n")]);
    sandbox.fake_agent(&agent());
    let ran = sandbox
        .alfine(&["run", "Write hello into hello.txt", "--check", "grep -q hello hello.txt", "--trust"])
        .expect(0);
    assert!(ran.stdout.contains("GOAL-001"), "{}", ran.stdout);
    assert_eq!(sandbox.read("hello.txt"), "hello\n");
    let task = sandbox.task(KEY);
    assert_eq!(
        (task["status"].as_str(), task["proof"].as_str()),
        (Some("merged"), Some("proven")),
        "{task:#}"
    );
    assert!(sandbox.read(".alfine/plans/inbox.md").contains("- [x] `grep -q hello hello.txt` passes"));
    let runs = sandbox.agent_runs();
    let prompt = runs[0]["prompt"].as_str().unwrap();
    assert!(prompt.contains("Write hello into hello.txt"), "{prompt}");
}

#[test]
fn a_repository_without_a_commit_gets_its_first_one() {
    let mut sandbox = Sandbox::new();
    sandbox.git(&["init", "-q"]);
    for (path, text) in [("notes.txt", "mine\n"), (".gitignore", "secret\n"), ("secret", "do not commit\n")] {
        sandbox.write(path, text);
    }
    sandbox.fake_agent(&agent());
    sandbox.alfine(&["run", "Write hello", "--check", "test -f hello.txt", "--trust"]).expect(0);
    assert_eq!(sandbox.read("hello.txt"), "hello\n");
    let first = sandbox.git(&["rev-list", "--max-parents=0", "HEAD"]);
    let files = sandbox.git(&["ls-tree", "-r", "--name-only", first.trim()]);
    assert_eq!(files.lines().collect::<Vec<_>>(), [".gitignore", "notes.txt"]);
}

#[test]
fn what_is_no_goal_or_no_check_is_refused_and_nothing_is_written() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", "# Plan\n\n### T1: First\n")]);
    sandbox.fake_agent(&agent());
    for (arguments, said) in [
        (vec!["run", "PLAN.md", "--check", "true"], "--check belongs to a goal in words"),
        (vec!["run", "docs/my plan.md"], "cannot read the plan"),
        (vec!["run", "Do it now", "--check", "a\nb", "--trust"], "a check is one line"),
        (vec!["run", "Do it now", "--check", "no-such-program-here x", "--trust"], "reads like no command"),
        (vec!["run", "Do it now", "--budget", "3", "--trust"], "is about plans"),
        (vec!["run", "Do it now", "--check", "test -f a"], "may not run on this machine yet"),
    ] {
        let ran = sandbox.alfine(&arguments);
        assert_eq!(ran.code(), 2, "{arguments:?} {ran:?}");
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
    }
    assert!(!sandbox.repo().join(".alfine/plans/inbox.md").exists());
    assert_eq!(sandbox.agent_runs().len(), 0);
}

#[test]
fn a_goal_stays_on_its_branch_if_that_is_wanted_and_runs_in_the_background() {
    let mut sandbox = Sandbox::with_repository(&[("README.md", "# Shop\n")]);
    sandbox.fake_agent(&agent());
    let goal = ["start", "Write hello", "--check", "test -f hello.txt", "--trust", "--on-done", "ask"];
    let ran = sandbox.alfine(&goal).expect(0);
    assert!(ran.stdout.contains("runs in the background"), "{}", ran.stdout);
    alfine_tests::sandbox::wait_until(crate::plans::PATIENCE, "it is done", || {
        sandbox.task(KEY)["status"] == "done"
    });
    assert!(!sandbox.repo().join("hello.txt").exists());
}
