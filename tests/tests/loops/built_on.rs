//! What a task is built on, and what lands with it.

use super::*;

const FIRST: &str = "PLAN.md#T1";
const SECOND: &str = "PLAN.md#T2";
const TWO: &str = "# Plan\n\n### T1: Write the parser\n\n- [ ] parser: `test -f parser.txt`\n\n### T2: Use the parser\n\nDepends on: T1\n\n- [ ] used: `test -f used.txt`\n";

fn runs() -> Value {
    json!([[write("parser.txt", "1"), ready()], [{"shell": "ls > used.txt"}, ready()]])
}

/// A plan of two tasks, of which both are done, and the second was built on the first.
fn both_done() -> Sandbox {
    let sandbox = with_plan(TWO, runs());
    sandbox.alfine(&["run", "PLAN.md", "--trust"]).expect(0);
    assert_eq!(statuses(&sandbox), ["done", "done"]);
    sandbox
}

fn statuses(sandbox: &Sandbox) -> [String; 2] {
    [FIRST, SECOND].map(|task| sandbox.task(task)["status"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn work_that_was_discarded_lands_with_what_was_built_on_it_only_when_that_is_said() {
    let sandbox = both_done();
    sandbox.alfine(&["discard", FIRST, "--yes"]).expect(0);
    let refused = sandbox.alfine(&["merge", SECOND]).expect(2).stderr;
    assert!(refused.contains("PLAN.md#T1 (discarded): parser.txt"), "{refused}");
    assert!(refused.contains("discard PLAN.md#T2 and start it again"), "{refused}");
    assert_eq!(sandbox.git(&["log", "--format=%s", "main"]), "first");
    sandbox.alfine(&["merge", SECOND, "--with-dependencies"]).expect(0);
    assert_eq!(
        (sandbox.read("parser.txt"), statuses(&sandbox)),
        ("1".into(), ["discarded".into(), "merged".into()])
    );
}

#[test]
fn a_task_builds_on_unmerged_work_also_if_the_tick_came_before_the_merge() {
    // A landing writes the tick before it moves the branch.
    let sandbox = with_plan(TWO, runs());
    sandbox.alfine(&["run", FIRST, "--trust"]).expect(0);
    sandbox.write("PLAN.md", &TWO.replace("- [ ] parser", "- [x] parser"));
    sandbox.alfine(&["run", SECOND, "--trust"]).expect(0);
    let task = sandbox.task(SECOND);
    let listed = sandbox.git(&["show", &format!("{}:used.txt", task["branch"].as_str().unwrap())]);
    assert!(listed.contains("parser.txt"), "{listed}");
}

#[test]
fn unmerged_work_does_not_land_with_a_task_that_is_merged_by_itself() {
    let sandbox = with_plan(TWO, runs());
    sandbox.alfine(&["run", FIRST, "--trust"]).expect(0);
    sandbox.settings("on_done = \"merge\"\n");
    let ran = sandbox.alfine(&["run", SECOND, "--trust"]).expect(0);
    assert!(ran.stdout.contains("`on_done` failed") && ran.stdout.contains("PLAN.md#T1"), "{}", ran.stdout);
    assert_eq!(
        (statuses(&sandbox), sandbox.git(&["log", "--format=%s", "main"])),
        (["done".into(), "done".into()], "first".into())
    );
}

#[test]
fn a_task_that_is_done_lands_before_what_was_built_on_it_under_its_own_name() {
    let sandbox = both_done();
    let refused = sandbox.alfine(&["merge", SECOND]).expect(2).stderr;
    assert!(refused.contains("PLAN.md#T1 (done and not merged): parser.txt"), "{refused}");
    assert!(refused.contains("alfine merge PLAN.md#T1"), "{refused}");
    sandbox.alfine(&["merge", SECOND, "--with-dependencies"]).expect(0);
    assert_eq!(statuses(&sandbox), ["merged", "merged"]);
    assert_eq!(sandbox.read("PLAN.md").matches("[x]").count(), 2);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn in_their_order_or_where_the_work_is_there_already_nothing_is_asked() {
    let sandbox = both_done();
    sandbox.alfine(&["merge", FIRST]).expect(0);
    sandbox.alfine(&["merge", SECOND]).expect(0);
    // Squashed by a forge, or by hand.
    let sandbox = both_done();
    sandbox.git(&["merge", "-q", "--squash", "alfine/PLAN/T1"]);
    sandbox.git(&["commit", "-qm", "squashed"]);
    sandbox.alfine(&["merge", SECOND]).expect(0);
}

#[test]
fn a_task_does_not_start_without_the_work_that_it_depends_on() {
    let sandbox = with_plan(TWO, runs());
    sandbox.git(&["switch", "-qc", "feat"]);
    sandbox.alfine(&["run", FIRST, "--trust"]).expect(0);
    sandbox.alfine(&["merge", FIRST]).expect(0);
    sandbox.git(&["switch", "-q", "main"]);
    assert_eq!(statuses(&sandbox), ["merged", "pending"]);
    for plan in [SECOND, "PLAN.md"] {
        let refused = sandbox.alfine(&["run", plan, "--trust"]).expect(2).stderr;
        assert!(refused.contains("merged into feat and is not in main"), "{refused}");
        assert!(refused.contains("alfine run PLAN.md#T1 --again"), "{refused}");
    }
    sandbox.git(&["merge", "-q", "feat"]);
    sandbox.alfine(&["run", SECOND, "--trust"]).expect(0);
    assert!(sandbox.git(&["show", "alfine/PLAN/T2:used.txt"]).contains("parser.txt"));
}

#[test]
fn work_that_was_taken_back_is_no_met_dependency() {
    for back in [&["reset", "-q", "--hard", "HEAD~1"][..], &["revert", "--no-edit", "HEAD"]] {
        let sandbox = with_plan(TWO, runs());
        sandbox.alfine(&["run", FIRST, "--trust"]).expect(0);
        sandbox.alfine(&["merge", FIRST]).expect(0);
        sandbox.git(back);
        let refused = sandbox.alfine(&["run", SECOND, "--trust"]).expect(2).stderr;
        assert!(refused.contains("was merged into main and is not there any more"), "{back:?}: {refused}");
    }
}

#[test]
fn a_branch_that_was_deleted_is_made_again_for_its_merge() {
    let sandbox = both_done();
    let worktree = sandbox.task(FIRST)["worktree"].as_str().unwrap().to_owned();
    sandbox.git(&["worktree", "remove", "--force", &worktree]);
    sandbox.git(&["branch", "-qD", "alfine/PLAN/T1"]);
    sandbox.alfine(&["merge", FIRST]).expect(0);
    assert_eq!(
        (sandbox.read("parser.txt"), statuses(&sandbox)),
        ("1".into(), ["merged".into(), "done".into()])
    );
}

#[test]
fn a_git_folder_that_lies_elsewhere_is_merged_into() {
    let mut sandbox = Sandbox::new();
    let git = sandbox.path().join("git").display().to_string();
    sandbox.git(&["init", "-q", "--separate-git-dir", &git]);
    sandbox.write("PLAN.md", PLAN);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "first"]);
    sandbox.fake_agent(&json!({"runs": [done()]}));
    run(&sandbox).expect(0);
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!(
        (sandbox.read("work.txt"), sandbox.git(&["status", "--porcelain"])),
        ("done\n".into(), String::new())
    );
}

#[test]
fn a_merge_from_inside_of_the_worktree_that_goes_says_what_one_from_outside_says() {
    let sandbox = with_plan(TWO, runs());
    let ran = sandbox.alfine(&["run", FIRST, "--trust"]).expect(0);
    assert_eq!(sandbox.git(&["log", "-1", "--format=%an", "alfine/PLAN/T1"]), "Tester", "{}", ran.stdout);
    let worktree = sandbox.task(FIRST)["worktree"].as_str().unwrap().to_owned();
    let merged = sandbox.alfine(&["-C", &worktree, "merge", FIRST]).expect(0);
    assert!(
        merged.stdout.contains("ticked in") && !merged.stdout.contains("uncommitted"),
        "{}",
        merged.stdout
    );
    assert_eq!(merged.stderr, "");
    assert!(!std::path::Path::new(&worktree).exists());
}

#[test]
fn a_tick_that_is_left_uncommitted_is_said() {
    let sandbox = with_plan(TWO, runs());
    sandbox.alfine(&["run", FIRST, "--trust"]).expect(0);
    sandbox.git(&["merge", "-q", "alfine/PLAN/T1"]);
    let merged = sandbox.alfine(&["merge", FIRST]).expect(0).stdout;
    assert!(merged.contains("PLAN.md, uncommitted"), "{merged}");
    // Gone from the plan as it lies here, though not from what is committed.
    let sandbox = with_plan(TWO, runs());
    sandbox.alfine(&["run", FIRST, "--trust"]).expect(0);
    sandbox.write("PLAN.md", "# Plan\n\n### T2: Use the parser\n");
    let merged = sandbox.alfine(&["merge", FIRST]).expect(0).stdout;
    assert!(merged.contains("has no “Write the parser” any more"), "{merged}");
}
