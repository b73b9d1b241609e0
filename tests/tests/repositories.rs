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

#[test]
fn a_plan_in_a_folder_with_a_number_sign_is_named_as_it_is_and_advice_can_be_pasted() {
    let mut sandbox = Sandbox::new();
    sandbox.git(&["init", "-q"]);
    for plan in ["c#/PLAN.md", "my plans/it's #1.plan.md"] {
        sandbox.write(plan, PLAN);
    }
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "first"]);
    // Checks run in the plan's folder.
    let greet = |folder: &str| {
        let path = format!("{folder}/greeting.txt");
        greet_after(&[json!({"write": {"path": path, "content": "hello\n"}})])
    };
    sandbox.fake_agent(&json!({"runs": [greet("c#"), greet("my plans")]}));
    let tasks = sandbox.alfine(&["status", "c#/PLAN.md", "--json"]).expect(0).stdout;
    assert!(tasks.contains("\"c#/PLAN.md\"") && tasks.contains("US-001"), "{tasks}");
    sandbox.alfine(&["trust", "c#/PLAN.md", "--yes"]).expect(0);
    let task = sandbox.alfine(&["run", "c#/PLAN.md", "--trust", "--json"]).expect(0).task();
    assert_eq!((&task["task"], &task["status"]), (&json!("c#/PLAN.md#US-001"), &json!("done")));

    let key = "my plans/it's #1.plan.md#US-001";
    let ran = sandbox.alfine(&["run", key, "--trust"]).expect(0);
    let advised = ran.stdout.lines().find_map(|line| line.split_once("merge it:")).expect(&ran.stdout).1;
    assert_eq!(advised.trim(), r"alfine merge 'my plans/it'\''s #1.plan.md#US-001'");
    let line = advised.trim().replacen("alfine", alfine_tests::sandbox::alfine().to_str().unwrap(), 1);
    let merged = sandbox.command("sh").args(["-c", &line]).output().unwrap();
    assert!(merged.status.success(), "{}", String::from_utf8_lossy(&merged.stderr));
    assert!(sandbox.read("my plans/it's #1.plan.md").contains("- [x] It greets"));
}

#[test]
fn an_agent_is_found_where_users_have_it_and_a_tilde_is_the_home() {
    for (place, settings) in [
        (".local/bin/claude", ""),
        (".nvm/versions/node/v22.1.0/bin/claude", ""),
        ("tools/my claude", "[agents.claude]\ncommand = \"'~/tools/my claude'\"\n"),
    ] {
        let mut sandbox = without_agent();
        fs::write(sandbox.path().join("home/scenario.json"), json!({"runs": [greet_after(&[])]}).to_string())
            .unwrap();
        let claude = sandbox.path().join("home").join(place);
        fs::create_dir_all(claude.parent().unwrap()).unwrap();
        fs::copy(alfine_tests::sandbox::sibling("fake-agent"), &claude).unwrap();
        sandbox.settings(&format!(
            "{settings}[agents.claude.env]\nFAKE_AGENT_SCENARIO = \"~/scenario.json\"\nFAKE_AGENT_LOG = \"~/log\"\n"
        ));
        sandbox.env.push(("PATH".to_owned(), "/usr/bin:/bin".to_owned()));
        assert_eq!(done(&sandbox)["status"], "done", "{place}");
        assert!(sandbox.path().join("home/log").exists());
    }
}

#[test]
fn a_check_finds_the_programs_that_a_short_path_does_not_name() {
    let mut sandbox = sandbox();
    sandbox.write("PLAN.md", &PLAN.replace("test -f", "is-there"));
    sandbox.git(&["commit", "-qam", "plan"]);
    let tool = sandbox.path().join("home/.local/bin/is-there");
    fs::create_dir_all(tool.parent().unwrap()).unwrap();
    fs::write(&tool, "#!/bin/sh\ntest -f \"$1\"\n").unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.env.push(("PATH".to_owned(), "/usr/bin:/bin".to_owned()));
    done(&sandbox);
}

/// Has the program run on a file system that refuses what is named: `flock` as a network share without locks does, `fcntl`
/// as one that has some of them.
fn without_locks(sandbox: &mut Sandbox, refused: &str) {
    let code = match refused {
        "flock" => "int flock(int fd, int how) { errno = ENOLCK; return -1; }",
        _ => {
            "static int refuse(int how) { return how == F_SETLK || how == F_GETLK; }
             int fcntl64(int fd, int how, ...) {
                 va_list more; va_start(more, how); void *what = va_arg(more, void *); va_end(more);
                 if (refuse(how)) { errno = EIO; return -1; }
                 return ((int (*)(int, int, void *))dlsym(RTLD_NEXT, \"fcntl64\"))(fd, how, what);
             }
             int fcntl(int fd, int how, ...) {
                 va_list more; va_start(more, how); void *what = va_arg(more, void *); va_end(more);
                 if (refuse(how)) { errno = EIO; return -1; }
                 return ((int (*)(int, int, void *))dlsym(RTLD_NEXT, \"fcntl\"))(fd, how, what);
             }"
        }
    };
    let source = sandbox.path().join("share.c");
    let include = "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <errno.h>\n#include <stdarg.h>\n\
                   #define fcntl theirs\n#define fcntl64 theirs64\n#include <fcntl.h>\n#undef fcntl\n#undef fcntl64\n";
    fs::write(&source, format!("{include}{code}\n")).unwrap();
    let library = sandbox.path().join("share.so");
    // The linker of Rust needs a C compiler, too.
    let mut compiler = std::process::Command::new("cc");
    compiler.args(["-w", "-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl");
    assert!(compiler.status().unwrap().success());
    sandbox.env.push(("LD_PRELOAD".to_owned(), library.to_str().unwrap().to_owned()));
}

#[test]
fn a_file_system_without_locks_is_called_that() {
    for (refused, words) in [("flock", "No locks available"), ("fcntl", "disk I/O error")] {
        let mut sandbox = sandbox();
        without_locks(&mut sandbox, refused);
        let ran = sandbox.alfine(&RUN);
        assert_ne!(ran.code(), 0, "{refused}");
        assert!(ran.stderr.contains("keeps no locks between processes"), "{refused}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{refused}: {}", ran.stderr);
        assert!(ran.stderr.contains("put the repository on a local disk"), "{refused}: {}", ran.stderr);
    }
}

#[test]
fn plans_of_other_tools_are_run_and_ticked_where_they_lie() {
    let stories = "{\r\n  \"project\": \"Shop\", // größer\r\n  \"userStories\": [\r\n    { \"passes\": false, \"id\": 1, \"title\": \"Greet\", \"acceptance\": [\"It greets: `test -f greeting.txt`\"], \"x\": {} }\r\n  ]\r\n}";
    let kiro = "# Shop\n\n- [-] 1. Ground\n  - [x] 1.1 Dig\n  - [ ] 1.2 Greet\n    - _Requirements: 1.1_\n    - Done when:\n      - It greets: `test -f greeting.txt`\n  - [ ]* 1.3 Sing\n";
    for (plan, text, id, ticked) in [
        ("scripts/ralph/prd.json", stories, "1", stories.replace("false", "true")),
        (".kiro/specs/shop/tasks.md", kiro, "1.2", kiro.replace("[-]", "[x]").replace("[ ] 1.2", "[x] 1.2")),
    ] {
        let mut sandbox = Sandbox::with_repository(&[(plan, text), ("package.json", "{ \"tasks\": [] }\n")]);
        // Checks run in the plan's folder, unless it is one of documents.
        let folder = if plan.ends_with("json") { "scripts/ralph/" } else { "" };
        let path = format!("{folder}greeting.txt");
        sandbox.fake_agent(
            &json!({"runs": [greet_after(&[json!({"write": {"path": path, "content": "hello\n"}})])]}),
        );
        let shown = sandbox.alfine(&["status"]).expect(0).stdout;
        let format = if plan.ends_with("json") { "prd" } else { "kiro" };
        assert!(shown.contains(&format!("{plan}  ({format})\n")), "{shown}");
        let key = format!("{plan}#{id}");
        let task = sandbox.alfine(&["run", &key, "--trust", "--json"]).expect(0).task();
        assert_eq!((&task["status"], &task["format"]), (&json!("done"), &json!(format)), "{task}");
        sandbox.alfine(&["merge", &key]).expect(0);
        assert_eq!(sandbox.read(plan), ticked);
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
        assert_eq!(sandbox.task(&key)["status"], "merged");
    }
}
