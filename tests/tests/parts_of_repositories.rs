//! Clones that do not hold all objects, and working trees that do not hold all files: the whole course of a loop in each
//! kind, with an upstream on the same disk.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use alfine_tests::sandbox::Sandbox;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

const KEY: &str = "PLAN.md#US-001";
const PLAN: &str = "# Shop\n\n### US-001: Greet\n\nWrite it.\n\n**Acceptance Criteria:**\n\n- [ ] It greets: `test -f src/greeting.txt`\n";
const RUN: [&str; 4] = ["run", KEY, "--trust", "--json"];
/// What is outside of the part that a sparse checkout holds.
const OUTSIDE: &str = "big/deep/x.txt";

fn gate(ready: bool) -> [Value; 2] {
    [
        json!({"gate": {"ready": ready, "progress": "worked"}}),
        json!({"result": {"input": 1, "output": 1, "cost": 0.01}}),
    ]
}

/// A clone of an upstream with a history of two commits and a branch beside it, and an agent that plays these runs.
fn clone(arguments: &[&str], runs: &[&[Value]]) -> Sandbox {
    let mut sandbox = Sandbox::new();
    let configuration = sandbox.path().join("gitconfig");
    let before = fs::read_to_string(&configuration).unwrap();
    fs::write(&configuration, format!("{before}[protocol]\n\tallow = always\n")).unwrap();
    let up = upstream(&sandbox);
    let up = up.to_str().unwrap();
    sandbox.git(&["init", "-q", up]);
    sandbox.git(&["-C", up, "config", "uploadpack.allowFilter", "true"]);
    let put = |path: &str, text: &str| {
        let path = upstream(&sandbox).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let commit = |message: &str| {
        sandbox.git(&["-C", up, "add", "-A"]);
        sandbox.git(&["-C", up, "commit", "-qm", message]);
    };
    put("PLAN.md", PLAN);
    put("src/a.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    put("docs/d.txt", "d\n");
    put("big/y.txt", "y\n");
    put(OUTSIDE, "old\n");
    commit("first");
    put(OUTSIDE, "new\n");
    commit("second");
    sandbox.git(&["-C", up, "checkout", "-qb", "release"]);
    put("src/a.txt", "1 of the release\n2\n3\n4\n5\n6\n7\n8\n9\n");
    put("far/away/z.txt", "z\n");
    commit("release");
    sandbox.git(&["-C", up, "checkout", "-q", "main"]);
    let from = match arguments.contains(&"--shared") {
        true => up.to_owned(),
        false => format!("file://{up}"),
    };
    let line: Vec<&str> =
        ["clone", "-q"].iter().chain(arguments).copied().chain([from.as_str(), "."]).collect();
    sandbox.git(&line);
    sandbox.settings("[limits]\nretry_backoff = \"50ms\"\n");
    let runs: Vec<Vec<Value>> = runs.iter().map(|run| run.to_vec()).collect();
    sandbox.fake_agent(&json!({ "runs": runs }));
    sandbox
}

fn upstream(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join("upstream")
}

fn with_gate(steps: &[Value], ready: bool) -> Vec<Value> {
    steps.iter().cloned().chain(gate(ready)).collect()
}

/// Start, iterations, checkpoints, rewind, a worktree that is gone, merge, gc: nothing outside of the part that is there
/// counts as changed, and nothing of it is lost.
fn course(arguments: &[&str], narrow: &[&str]) {
    let is_sparse = !narrow.is_empty();
    let outside =
        json!({"shell": format!("mkdir -p big/deep && echo changed > {OUTSIDE} && echo n > big/new.txt")});
    let first = with_gate(&[outside, json!({"write": {"path": "src/one.txt", "content": "1\n"}})], false);
    let second = with_gate(&[json!({"write": {"path": "src/greeting.txt", "content": "hello\n"}})], true);
    let sandbox = clone(arguments, &[&first, &second, &second]);
    if is_sparse {
        sandbox.git(narrow);
        assert!(!sandbox.repo().join(OUTSIDE).exists());
    }
    let clean = |when: &str| assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "{when}");
    let ran = sandbox.alfine(&RUN).expect(0);
    assert!(!ran.stderr.contains("uncommitted"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("your checkout"), "{}", ran.stderr);
    let task = ran.task();
    assert_eq!(task["status"], "done", "{task}");
    clean("after the run");
    let worktree = PathBuf::from(task["worktree"].as_str().unwrap());
    assert_eq!(worktree.join("docs").exists(), !is_sparse, "the worktree holds what the checkout holds");
    let diff = sandbox.alfine(&["diff", KEY]).expect(0).stdout;
    assert!(diff.contains("-new") && diff.contains("+changed"), "{diff}");
    assert!(!diff.contains("docs/d.txt"), "{diff}");

    sandbox.alfine(&["rewind", KEY, "1"]).expect(0);
    assert_eq!(fs::read_to_string(worktree.join(OUTSIDE)).unwrap(), "changed\n");
    fs::remove_dir_all(&worktree).unwrap();
    let task = sandbox.alfine(&["continue", KEY, "--trust", "--json"]).expect(0).task();
    assert_eq!(task["status"], "done", "{task}");
    let branch = task["branch"].as_str().unwrap();
    assert_eq!(sandbox.git(&["show", &format!("{branch}:{OUTSIDE}")]), "changed");
    clean("after the second run");

    sandbox.write("src/mine.txt", "mine\n");
    sandbox.git(&["add", "src/mine.txt"]);
    sandbox.git(&["commit", "-qm", "mine"]);
    sandbox.alfine(&["merge", KEY]).expect(0);
    clean("after the merge");
    let files = sandbox.git(&["ls-tree", "-r", "--name-only", "HEAD"]);
    let files: Vec<&str> = files.lines().collect();
    assert_eq!(
        files,
        [
            "PLAN.md",
            OUTSIDE,
            "big/new.txt",
            "big/y.txt",
            "docs/d.txt",
            "src/a.txt",
            "src/greeting.txt",
            "src/mine.txt",
            "src/one.txt"
        ]
    );
    assert_eq!(sandbox.git(&["show", &format!("HEAD:{OUTSIDE}")]), "changed");
    assert_eq!(sandbox.repo().join("docs").exists(), !is_sparse);
    assert_eq!(sandbox.read("src/greeting.txt"), "hello\n");
    sandbox.alfine(&["gc", "--remove"]).expect(0);
    sandbox.git(&["fsck", "--connectivity-only"]);
    sandbox.git(&["checkout", "-q", "HEAD~1"]);
    sandbox.git(&["checkout", "-q", "main"]);
    clean("after all");
}

const CONE: [&str; 3] = ["sparse-checkout", "set", "src"];
const NO_CONE: [&str; 6] = ["sparse-checkout", "set", "--no-cone", "/src/", "/PLAN.md", "!/big/"];
const SPARSE_INDEX: [&str; 4] = ["sparse-checkout", "set", "--sparse-index", "src"];

#[test]
fn a_clone_without_contents_goes_the_whole_course() {
    course(&["--filter=blob:none"], &[]);
}

#[test]
fn a_clone_without_folders_goes_the_whole_course() {
    course(&["--filter=tree:0"], &[]);
}

#[test]
fn a_shallow_clone_goes_the_whole_course() {
    course(&["--depth=1"], &[]);
}

#[test]
fn a_clone_that_borrows_objects_goes_the_whole_course() {
    course(&["--shared"], &[]);
}

#[test]
fn a_sparse_checkout_of_folders_goes_the_whole_course() {
    course(&[], &CONE);
}

#[test]
fn a_sparse_checkout_of_patterns_goes_the_whole_course() {
    course(&[], &NO_CONE);
}

#[test]
fn a_sparse_index_goes_the_whole_course() {
    course(&[], &SPARSE_INDEX);
}

#[test]
fn a_sparse_checkout_of_a_clone_without_contents_goes_the_whole_course() {
    course(&["--filter=blob:none", "--sparse"], &CONE);
}

#[test]
fn a_sparse_checkout_of_a_clone_without_folders_goes_the_whole_course() {
    course(&["--filter=tree:0", "--sparse"], &SPARSE_INDEX);
}

/// A task whose branch changes a file that the release, which was never checked out here, changes too.
fn beside_the_release(filter: &str, shell: &str) -> Sandbox {
    let steps = [
        json!({"shell": shell}),
        json!({"shell": "sed -i 's/9/9 of the task/' src/a.txt"}),
        json!({"write": {"path": "src/greeting.txt", "content": "hello\n"}}),
    ];
    let sandbox = clone(&[filter], &[&with_gate(&steps, true)]);
    sandbox.git(&["branch", "release", "origin/release"]);
    sandbox.alfine(&RUN).expect(0);
    sandbox
}

#[test]
fn what_a_merge_needs_is_fetched() {
    for filter in ["--filter=blob:none", "--filter=tree:0"] {
        let sandbox = beside_the_release(filter, "true");
        sandbox.alfine(&["merge", KEY, "--into", "release"]).expect(0);
        let merged = sandbox.git(&["show", "release:src/a.txt"]);
        assert_eq!(merged, "1 of the release\n2\n3\n4\n5\n6\n7\n8\n9 of the task", "{filter}");
        assert!(sandbox.git(&["show", "release:PLAN.md"]).contains("- [x] It greets"));
        assert_eq!(sandbox.git(&["show", "release:far/away/z.txt"]), "z");
    }
}

#[test]
fn what_cannot_be_fetched_is_called_that_and_nothing_is_touched() {
    let sandbox = beside_the_release("--filter=blob:none", "true");
    let release = sandbox.git(&["rev-parse", "release"]);
    fs::rename(upstream(&sandbox), sandbox.path().join("gone")).unwrap();
    let ran = sandbox.alfine(&["merge", KEY, "--into", "release"]);
    assert_ne!(ran.code(), 0);
    assert!(ran.stderr.contains("could not be fetched from origin"), "{}", ran.stderr);
    assert!(ran.stderr.contains("git fetch origin"), "{}", ran.stderr);
    assert_eq!(sandbox.git(&["rev-parse", "release"]), release);
    fs::rename(sandbox.path().join("gone"), upstream(&sandbox)).unwrap();
    sandbox.alfine(&["merge", KEY, "--into", "release"]).expect(0);
}

#[test]
fn a_command_that_an_agent_wrote_into_the_settings_of_a_remote_is_not_run() {
    let sandbox = beside_the_release(
        "--filter=blob:none",
        "git config remote.origin.uploadpack 'touch \"$HOME/stolen\"; git-upload-pack'",
    );
    let ran = sandbox.alfine(&["merge", KEY, "--into", "release"]);
    assert_ne!(ran.code(), 0);
    assert!(ran.stderr.contains("changed since the loop began"), "{}", ran.stderr);
    assert!(!sandbox.path().join("home/stolen").exists());
}

#[test]
fn a_history_that_is_cut_off_is_called_that() {
    let sandbox = clone(
        &["--depth=1"],
        &[&with_gate(&[json!({"write": {"path": "src/greeting.txt", "content": "hello\n"}})], true)],
    );
    sandbox.git(&["fetch", "-q", "--depth=1", "origin", "release:release"]);
    sandbox.alfine(&RUN).expect(0);
    let ran = sandbox.alfine(&["merge", KEY, "--into", "release"]);
    assert!(ran.stderr.contains("cut off (a shallow clone)"), "{}", ran.stderr);
    assert!(ran.stderr.contains("git fetch --unshallow"), "{}", ran.stderr);
    sandbox.git(&["fetch", "-q", "--unshallow", "origin"]);
    sandbox.alfine(&["merge", KEY, "--into", "release"]).expect(0);
}

#[test]
fn objects_that_were_borrowed_from_a_folder_that_is_gone_are_called_that() {
    let sandbox = clone(&["--shared"], &[]);
    fs::rename(upstream(&sandbox), sandbox.path().join("gone")).unwrap();
    let ran = sandbox.alfine(&RUN);
    assert!(
        ran.stderr.contains("borrows objects from") && ran.stderr.contains("which is gone"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("put it back"), "{}", ran.stderr);
}

#[test]
fn what_an_agent_changes_in_a_sparse_checkout_of_the_user_is_named_and_comes_back() {
    for arguments in [&[][..], &["--filter=blob:none", "--sparse"]] {
        let sandbox = clone(arguments, &[]);
        sandbox.git(&CONE);
        let reach = format!("echo bad > '{}'", sandbox.repo().join("src/a.txt").display());
        let greet = json!({"write": {"path": "src/greeting.txt", "content": "hello\n"}});
        let run = with_gate(&[json!({"shell": reach}), greet], true);
        fs::write(sandbox.path().join("scenario.json"), json!({"runs": [run]}).to_string()).unwrap();
        let ran = sandbox.alfine(&["run", KEY, "--trust"]);
        assert!(ran.stdout.contains("src/a.txt") || ran.stderr.contains("src/a.txt"), "{}", ran.stdout);
        assert!(!ran.stdout.contains(OUTSIDE), "{}", ran.stdout);
        sandbox.alfine(&["restore", KEY, "--yes"]).expect(0);
        assert!(sandbox.read("src/a.txt").starts_with("1\n2\n"));
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
        assert!(!sandbox.repo().join(OUTSIDE).exists());
        sandbox.alfine(&["discard", KEY, "--yes"]).expect(0);
        let listed = sandbox.git(&["worktree", "list"]);
        assert_eq!(listed.lines().filter(|line| !line.contains("/benches/")).count(), 1, "{listed}");
    }
}
