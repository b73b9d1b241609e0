//! Repositories of every kind: a loop works in them, or says clearly why not before anything was made.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use alfine_tests::sandbox::{Ran, Sandbox};
use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
    time::Instant,
};

const KEY: &str = "PLAN.md#US-001";
const PLAN: &str = "# Shop\n\n### US-001: Greet\n\nWrite it.\n\n**Acceptance Criteria:**\n\n- [ ] It greets: `test -f greeting.txt`\n";
const RUN: [&str; 4] = ["run", KEY, "--trust", "--json"];

fn greet_after(steps: &[Value]) -> Value {
    let mut run = steps.to_vec();
    run.extend([
        json!({"write": {"path": "greeting.txt", "content": "hello\n"}}),
        json!({"gate": {"ready": true, "progress": "wrote it"}}),
        json!({"result": {"input": 1, "output": 1, "cost": 0.01}}),
    ]);
    json!(run)
}

fn greeter(sandbox: &mut Sandbox) {
    sandbox.fake_agent(&json!({"runs": [greet_after(&[])]}));
}

fn without_agent() -> Sandbox {
    let sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    sandbox.settings("[limits]\nretry_backoff = \"50ms\"\n");
    sandbox
}

fn sandbox() -> Sandbox {
    let mut sandbox = without_agent();
    greeter(&mut sandbox);
    sandbox
}

#[track_caller]
fn done(sandbox: &Sandbox) -> Value {
    let task = sandbox.alfine(&RUN).expect(0).task();
    assert_eq!(task["status"], "done", "{task}");
    assert_eq!(
        sandbox.git(&["show", &format!("{}:greeting.txt", task["branch"].as_str().unwrap())]),
        "hello"
    );
    task
}

/// Fails unless the run was refused with words and a hint, and made nothing.
#[track_caller]
fn refused(sandbox: &Sandbox, ran: Ran, words: &str) {
    let ran = ran.expect(2);
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
    assert!(ran.stderr.contains('→'), "no hint: {}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    let worktrees = sandbox.path().join("home/data/alfine/worktrees");
    assert!(!worktrees.exists(), "a worktree was made");
    if sandbox.repo().join(".git/alfine/state.db").exists() {
        let loops: i64 =
            sandbox.database().query_row("SELECT count(*) FROM loop", [], |row| row.get(0)).unwrap();
        assert_eq!(loops, 0);
    }
}

#[test]
fn a_repository_without_a_commit_is_refused() {
    let mut sandbox = Sandbox::new();
    sandbox.git(&["init", "-q"]);
    sandbox.write("PLAN.md", PLAN);
    greeter(&mut sandbox);
    refused(&sandbox, sandbox.alfine(&RUN), "commit");
}

#[test]
fn a_folder_without_a_repository_is_refused() {
    let mut sandbox = Sandbox::new();
    sandbox.write("PLAN.md", PLAN);
    greeter(&mut sandbox);
    refused(&sandbox, sandbox.alfine(&RUN), "repository");
}

#[test]
fn a_bare_repository_is_refused() {
    let mut sandbox = Sandbox::new();
    sandbox.git(&["init", "-q", "--bare"]);
    greeter(&mut sandbox);
    refused(&sandbox, sandbox.alfine(&RUN), "bare");
}

#[test]
fn a_detached_head_is_worked_from_and_merging_asks_for_the_branch() {
    let sandbox = sandbox();
    sandbox.git(&["checkout", "-q", "--detach"]);
    done(&sandbox);
    let ran = sandbox.alfine(&["merge", KEY]).expect(2);
    assert!(ran.stderr.contains("--into"), "{}", ran.stderr);
    sandbox.alfine(&["merge", KEY, "--into", "main"]).expect(0);
    assert_eq!(sandbox.git(&["show", "main:greeting.txt"]), "hello");
}

#[test]
fn a_rebase_under_way_is_refused_in_place_and_a_worktree_works() {
    let sandbox = sandbox();
    sandbox.git(&["checkout", "-qb", "other"]);
    sandbox.write("file", "other\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "other"]);
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("file", "main\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "main"]);
    let rebased = sandbox.command("git").args(["rebase", "other"]).output().unwrap();
    assert!(!rebased.status.success());
    let before = sandbox.git(&["status", "--porcelain"]);
    let ran = sandbox.alfine(&RUN);
    assert!([0, 2].contains(&ran.code()), "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), before);
    refused_or_done(&ran);
}

#[track_caller]
fn refused_or_done(ran: &Ran) {
    match ran.code() {
        0 => assert_eq!(ran.task()["status"], "done"),
        _ => assert!(ran.stderr.contains('→'), "no hint: {}", ran.stderr),
    }
}

#[test]
fn odd_files_come_through_a_loop_and_its_merge() {
    let sandbox = sandbox();
    sandbox.write("tool.sh", "#!/bin/sh\n");
    fs::set_permissions(sandbox.repo().join("tool.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("loop-b", sandbox.repo().join("loop-a")).unwrap();
    symlink("loop-a", sandbox.repo().join("loop-b")).unwrap();
    symlink("nowhere", sandbox.repo().join("dangling")).unwrap();
    fs::write(sandbox.repo().join(OsStr::from_bytes(b"odd-\xff\xfe.txt")), "odd\n").unwrap();
    sandbox.write("with space/ünïcödé \u{1f600}.txt", "fine\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "odd"]);
    let before = sandbox.git(&["ls-files", "-s"]);
    let task = done(&sandbox);
    sandbox.alfine(&["merge", KEY]).expect(0);
    let after: Vec<String> = sandbox.git(&["ls-files", "-s"]).lines().map(str::to_owned).collect();
    for line in before.lines().filter(|line| !line.ends_with("PLAN.md")) {
        assert!(after.iter().any(|kept| kept == line), "{line} of {task}");
    }
    // The commit that landed has the tick, so that nothing is left to commit.
    assert!(sandbox.git(&["show", "main:PLAN.md"]).contains("- [x] It greets"));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_submodule_does_not_stand_in_the_way() {
    let sandbox = sandbox();
    let inner = sandbox.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let at = inner.to_str().unwrap();
    sandbox.git(&["init", "-q", at]);
    sandbox.git(&["-C", at, "commit", "-q", "--allow-empty", "-m", "inner"]);
    sandbox.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", at, "sub"]);
    sandbox.git(&["commit", "-qm", "submodule"]);
    done(&sandbox);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn an_iteration_over_ten_thousand_files_is_quick_enough() {
    let sandbox = sandbox();
    for folder in 0..100 {
        fs::create_dir(sandbox.repo().join(format!("d{folder}"))).unwrap();
        for file in 0..100 {
            fs::write(sandbox.repo().join(format!("d{folder}/f{file}")), format!("{folder} {file}\n"))
                .unwrap();
        }
    }
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "many"]);
    let begun = Instant::now();
    done(&sandbox);
    println!("a whole loop over 10,000 files: {:?}", begun.elapsed());
}

#[test]
fn what_the_user_has_not_committed_survives_everything() {
    let sandbox = sandbox();
    sandbox.write(".gitignore", "ignored.txt\n");
    sandbox.write("tracked.txt", "old\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "files"]);
    sandbox.write("tracked.txt", "mine\n");
    sandbox.write("staged.txt", "staged\n");
    sandbox.git(&["add", "staged.txt"]);
    sandbox.write("untracked.txt", "untracked\n");
    sandbox.write("ignored.txt", "ignored\n");
    let check = || {
        for (name, text) in [
            ("tracked.txt", "mine\n"),
            ("staged.txt", "staged\n"),
            ("untracked.txt", "untracked\n"),
            ("ignored.txt", "ignored\n"),
        ] {
            assert_eq!(sandbox.read(name), text, "{name}");
        }
        assert_eq!(sandbox.git(&["diff", "--cached", "--name-only"]), "staged.txt");
    };
    done(&sandbox);
    check();
    // The merge would have to overwrite this one.
    sandbox.write("greeting.txt", "mine\n");
    let ran = sandbox.alfine(&["merge", KEY]).expect(2);
    assert!(ran.stderr.contains("greeting.txt"), "{}", ran.stderr);
    assert_eq!(sandbox.read("greeting.txt"), "mine\n");
    check();
    fs::remove_file(sandbox.repo().join("greeting.txt")).unwrap();
    sandbox.alfine(&["merge", KEY]).expect(0);
    assert_eq!(sandbox.read("greeting.txt"), "hello\n");
    check();
    sandbox.alfine(&["gc"]);
    check();
}

#[test]
fn a_plan_in_a_subfolder_is_found_from_there_and_paths_may_be_odd() {
    let mut sandbox = Sandbox::new();
    let odd = sandbox.path().join("répo with space");
    fs::create_dir_all(odd.join("docs")).unwrap();
    let at = odd.to_str().unwrap().to_owned();
    sandbox.git(&["init", "-q", &at]);
    fs::write(odd.join("docs/PLAN.md"), PLAN).unwrap();
    sandbox.git(&["-C", &at, "add", "-A"]);
    sandbox.git(&["-C", &at, "commit", "-qm", "first"]);
    greeter(&mut sandbox);
    let docs = odd.join("docs");
    let ran = sandbox.alfine(&["-C", docs.to_str().unwrap(), "run", KEY, "--trust", "--json"]).expect(0);
    assert_eq!(ran.task()["task"], "docs/PLAN.md#US-001");
    assert_eq!(ran.task()["status"], "done");
}

#[test]
fn a_linked_worktree_of_the_user_works_as_the_folder() {
    let sandbox = sandbox();
    let linked = sandbox.path().join("linked");
    let at = linked.to_str().unwrap();
    sandbox.git(&["worktree", "add", "-q", at, "-b", "linked"]);
    sandbox.alfine(&["-C", at, "run", KEY, "--trust", "--json"]).expect(0);
    sandbox.alfine(&["-C", at, "merge", KEY]).expect(0);
    assert_eq!(sandbox.git(&["show", "linked:greeting.txt"]), "hello");
}

#[test]
fn a_worktree_deleted_between_iterations_is_made_again() {
    let mut sandbox = without_agent();
    sandbox.fake_agent(&json!({"runs": [
        [{"write": {"path": "one.txt", "content": "1\n"}}, {"gate": {"ready": false, "question": "Which colour?"}}],
        greet_after(&[])]}));
    let task = sandbox.alfine(&RUN).expect(4).task();
    fs::remove_dir_all(task["worktree"].as_str().unwrap()).unwrap();
    sandbox.alfine(&["answer", KEY, "Blue", "--hold"]).expect(0);
    let task = sandbox.alfine(&["continue", KEY, "--trust", "--json"]).expect(0).task();
    assert_eq!(task["status"], "done");
    assert_eq!(sandbox.git(&["show", &format!("{}:one.txt", task["branch"].as_str().unwrap())]), "1");
}

/// Runs an agent that does something bad first and goes on then, and returns where the loop rests.
fn after(shell: &str) -> (Sandbox, Value) {
    let mut sandbox = without_agent();
    sandbox.write("kept.txt", "kept\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "kept"]);
    sandbox.fake_agent(&json!({"runs": [[{"shell": shell}, {"gate": {"ready": false, "progress": "oops"}}], greet_after(&[])]}));
    let main = sandbox.git(&["rev-parse", "main"]);
    let ran = sandbox.alfine(&RUN);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    let task = ran.task();
    assert_eq!(sandbox.git(&["rev-parse", "main"]), main, "the user's branch moved after {shell}");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "the user's tree was touched by {shell}");
    (sandbox, task)
}

#[test]
fn an_agent_that_plays_havoc_with_git_harms_nobody_and_the_loop_ends_well() {
    for shell in [
        "git reset -q --hard",
        "echo x > x.txt; git add x.txt; git stash -q",
        "git checkout -q --detach",
        "git checkout -q -b elsewhere && git commit -q --allow-empty -m elsewhere",
        "b=$(git branch --show-current); git checkout -q --detach; git branch -q -D $b",
        "touch $(git rev-parse --git-path index.lock)",
        "rm -f .git",
        "rm -rf ./* ./.git",
    ] {
        let (sandbox, task) = after(shell);
        println!("{shell}: {} {}", task["status"], task["reason"]);
        assert_eq!(task["status"], "done", "{shell}: {task}");
        let branch = task["branch"].as_str().unwrap();
        assert_eq!(sandbox.git(&["show", &format!("{branch}:greeting.txt")]), "hello", "{shell}");
    }
}

#[test]
fn an_agent_that_removes_its_worktree_harms_nobody_and_the_loop_can_go_on() {
    for shell in ["git worktree remove --force \"$PWD\"", "rm -rf \"$PWD\""] {
        let (sandbox, task) = after(shell);
        println!("{shell}: {} {}", task["status"], task["reason"]);
        if task["status"] != "done" {
            let task = sandbox.alfine(&["continue", KEY, "--trust", "--json"]).expect(0).task();
            assert_eq!(task["status"], "done", "{task}");
        }
    }
}
