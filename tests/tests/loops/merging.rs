//! What becomes of a done task's work in the user's repository.

use super::*;
use std::path::Path;

const CHECKED: &str = "# Plan\n\n### US-001: Add a table\n\nWrite it.\n\nAcceptance criteria:\n- [ ] It is there: `test -e work.txt`\n";

/// All that a merge that is refused must leave alone.
fn state_of(sandbox: &Sandbox) -> [String; 4] {
    [
        sandbox.git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"]),
        sandbox.git(&["status", "--porcelain=v2", "--branch"]),
        sandbox.git(&["diff", "HEAD"]),
        sandbox.git(&["worktree", "list"]),
    ]
}

#[test]
fn merge_names_the_task_in_a_subject_ticks_the_plan_and_removes_the_worktree() {
    let sandbox = with_plan(CHECKED, json!([done()]));
    let worktree = run(&sandbox).expect(0).task()["worktree"].as_str().unwrap().to_owned();
    assert!(Path::new(&worktree).is_dir());
    let ran = sandbox.alfine(&["merge", TASK]).expect(0);
    assert!(ran.stdout.contains("merged into main (fast-forward"), "{}", ran.stdout);
    assert_eq!(sandbox.git(&["log", "--format=%s"]), "feat: [US-001] Add a table\nfirst");
    assert_eq!(sandbox.read("work.txt"), "done\n");
    assert!(sandbox.read("PLAN.md").contains("- [x] It is there"), "{}", sandbox.read("PLAN.md"));
    assert!(!Path::new(&worktree).exists());
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/heads"]), "refs/heads/main");
    assert_eq!(sandbox.task(TASK)["status"], "merged");
    let again = sandbox.alfine(&["merge", TASK]).expect(2);
    assert!(again.stderr.contains("is merged already"), "{}", again.stderr);
}

#[test]
fn a_branch_that_moved_on_gets_a_merge_commit_that_names_the_task() {
    let sandbox = playing(json!([done()]));
    run(&sandbox).expect(0);
    sandbox.write("other.txt", "mine\n");
    sandbox.git(&["add", "other.txt"]);
    sandbox.git(&["commit", "-qm", "meanwhile"]);
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!(sandbox.git(&["log", "-1", "--format=%s %P"]).split(' ').count(), 7, "two parents");
    assert!(sandbox.git(&["log", "-1", "--format=%s"]).contains("[US-001]"));
    assert_eq!((sandbox.read("other.txt"), sandbox.read("work.txt")), ("mine\n".into(), "done\n".into()));
    assert_eq!(sandbox.git(&["status", "--porcelain", "--", "work.txt", "other.txt"]), "");
}

#[test]
fn a_merge_that_conflicts_names_the_files_and_leaves_everything_as_it_was() {
    let sandbox = playing(json!([done()]));
    run(&sandbox).expect(0);
    sandbox.write("work.txt", "mine\n");
    sandbox.git(&["add", "work.txt"]);
    sandbox.git(&["commit", "-qm", "meanwhile"]);
    let before = state_of(&sandbox);
    let ran = sandbox.alfine(&["merge", TASK]).expect(2);
    assert!(ran.stderr.contains("work.txt") && ran.stderr.contains('→'), "{}", ran.stderr);
    let told = sandbox.alfine(&["merge", TASK, "--json"]).expect(2).json();
    assert_eq!(told.last().unwrap()["conflicts"], json!(["work.txt"]));
    assert_eq!(state_of(&sandbox), before);
    assert_eq!(sandbox.task(TASK)["status"], "done");
}

#[test]
fn what_was_mended_by_hand_in_the_worktree_is_not_left_behind_by_a_merge() {
    let sandbox = playing(json!([done()]));
    let task = run(&sandbox).expect(0).task();
    let worktree = task["worktree"].as_str().unwrap();
    std::fs::write(format!("{worktree}/mine.txt"), "by hand\n").unwrap();
    let ran = sandbox.alfine(&["merge", TASK]).expect(2);
    assert!(ran.stderr.contains("mine.txt") && ran.stderr.contains(worktree), "{}", ran.stderr);
    sandbox.git(&["-C", worktree, "add", "mine.txt"]);
    sandbox.git(&["-C", worktree, "commit", "-qm", "by hand"]);
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!(sandbox.read("mine.txt"), "by hand\n");
}

#[test]
fn conflicts_that_were_resolved_by_hand_end_the_task() {
    let sandbox = playing(json!([done()]));
    let task = run(&sandbox).expect(0).task();
    sandbox.write("work.txt", "mine\n");
    sandbox.git(&["add", "work.txt"]);
    sandbox.git(&["commit", "-qm", "meanwhile"]);
    let ran = sandbox.alfine(&["merge", TASK]).expect(2);
    assert!(ran.stderr.contains("git merge alfine/PLAN/US-001, then alfine merge"), "{}", ran.stderr);
    sandbox.git(&["merge", "-q", "-X", "ours", task["branch"].as_str().unwrap()]);
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!(sandbox.task(TASK)["status"], "merged");
}

#[test]
fn a_merge_over_uncommitted_files_names_them_and_leaves_everything_as_it_was() {
    let sandbox = playing(json!([done()]));
    run(&sandbox).expect(0);
    sandbox.write("work.txt", "mine, untracked\n");
    let before = state_of(&sandbox);
    let ran = sandbox.alfine(&["merge", TASK]).expect(2);
    assert!(ran.stderr.contains("uncommitted") && ran.stderr.contains("work.txt"), "{}", ran.stderr);
    assert_eq!(state_of(&sandbox), before);
    assert_eq!(sandbox.read("work.txt"), "mine, untracked\n");

    std::fs::remove_file(sandbox.repo().join("work.txt")).unwrap();
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!(sandbox.read("work.txt"), "done\n");
}

#[test]
fn what_is_not_done_is_not_merged() {
    let sandbox = playing(json!([[write("work.txt", "x"), not_ready()]]));
    sandbox.alfine(&["run", TASK, "-i", "1"]).expect(3);
    let ran = sandbox.alfine(&["merge", TASK]).expect(2);
    assert!(ran.stderr.contains("is not done") && ran.stderr.contains("alfine continue"), "{}", ran.stderr);
    assert_eq!(sandbox.git(&["log", "--format=%s"]), "first");
}

#[test]
fn done_merges_by_itself_where_the_settings_say_so() {
    let sandbox = playing(json!([done()]));
    sandbox.settings("on_done = \"merge\"\n");
    let task = run(&sandbox).expect(0).task();
    assert_eq!(task["status"], "merged");
    assert_eq!(sandbox.git(&["log", "-1", "--format=%s"]), "feat: [US-001] Add a table");
}

#[test]
fn a_merge_by_itself_that_fails_says_so_and_keeps_the_task_done() {
    for json in [true, false] {
        let sandbox = playing(json!([done()]));
        sandbox.settings("on_done = \"merge\"\n");
        sandbox.write("work.txt", "mine, untracked\n");
        let arguments = if json { vec!["run", TASK, "--json"] } else { vec!["run", TASK] };
        let ran = sandbox.alfine(&arguments).expect(0);
        let told = if json { &ran.stderr } else { &ran.stdout };
        assert!(
            told.contains("`on_done` failed") && told.contains("work.txt"),
            "{}\n{}",
            ran.stdout,
            ran.stderr
        );
        assert_eq!(sandbox.task(TASK)["status"], "done");
    }
}

#[test]
fn the_agents_own_commits_stay() {
    let sandbox = playing(json!([[
        write("work.txt", "x"),
        {"shell": "git add work.txt && git -c user.name=Bot -c user.email=b@b commit -qm 'feat: [US-001] my own'"},
        ready()
    ]]));
    run(&sandbox).expect(0);
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!(sandbox.git(&["log", "--format=%s %an"]), "feat: [US-001] my own Bot\nfirst Tester");
}

#[test]
fn a_plan_is_ticked_through_its_link_and_only_on_the_branch_that_was_merged_into() {
    const PLAN: &str = "# Plan\n\n- [ ] US-001: Add a table\n";
    use std::os::unix::fs::PermissionsExt;
    for into in ["main", "other"] {
        let mut sandbox = Sandbox::with_repository(&[("docs/tasks.md", PLAN)]);
        std::os::unix::fs::symlink("docs/tasks.md", sandbox.repo().join("PLAN.md")).unwrap();
        let plan = sandbox.repo().join("docs/tasks.md");
        std::fs::set_permissions(&plan, std::fs::Permissions::from_mode(0o664)).unwrap();
        sandbox.git(&["branch", "other"]);
        sandbox.fake_agent(&json!({"runs": [done()]}));
        let task = "docs/tasks.md#US-001";
        sandbox.alfine(&["run", "PLAN.md#US-001"]).expect(0);
        sandbox.alfine(&["merge", task, "--into", into]).expect(0);
        assert_eq!(sandbox.read("docs/tasks.md").contains("[x]"), into == "main", "{into}");
        assert!(sandbox.repo().join("PLAN.md").is_symlink());
        assert_eq!(plan.metadata().unwrap().permissions().mode() & 0o777, 0o664);
    }
}

/// What is committed on `main`.
fn committed(sandbox: &Sandbox, path: &str) -> String {
    sandbox.git(&["show", &format!("main:{path}")])
}

#[test]
fn the_commit_that_lands_has_the_tick_and_nothing_is_left_to_commit() {
    let sandbox = with_plan(CHECKED, json!([done()]));
    run(&sandbox).expect(0);
    let told = sandbox.alfine(&["merge", TASK, "--json"]).expect(0).json();
    assert_eq!(told.last().unwrap()["committed_tick"], json!(true));
    assert!(told.last().unwrap()["ticked"].as_str().unwrap().ends_with("/PLAN.md"));
    assert!(committed(&sandbox, "PLAN.md").contains("- [x] It is there"));
    assert_eq!(sandbox.git(&["log", "--format=%s"]), "feat: [US-001] Add a table\nfirst");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_plan_that_is_edited_while_its_task_runs_keeps_the_edit_and_gets_the_tick() {
    for on_done in ["ask", "merge"] {
        let sandbox = with_plan(
            CHECKED,
            json!([[
                {"shell": format!("printf '\\n### US-002: More\\n' >> $(dirname $(git rev-parse --git-common-dir))/PLAN.md")},
                write("work.txt", "done\n"),
                ready()
            ]]),
        );
        sandbox.settings(&format!("on_done = \"{on_done}\"\n"));
        run(&sandbox).expect(0);
        if on_done == "ask" {
            sandbox.alfine(&["merge", TASK]).expect(0);
        }
        let ticked = CHECKED.replace("[ ]", "[x]");
        assert_eq!(sandbox.read("PLAN.md"), format!("{ticked}\n### US-002: More\n"), "{on_done}");
        assert_eq!(committed(&sandbox, "PLAN.md"), ticked.trim_end(), "{on_done}");
        assert_eq!(sandbox.git(&["status", "--porcelain"]), " M PLAN.md", "{on_done}");
    }
}

#[test]
fn a_plan_that_is_not_committed_is_ticked_where_it_lies() {
    for ignored in [false, true] {
        let mut sandbox = Sandbox::with_repository(&[("a.txt", "a\n")]);
        if ignored {
            sandbox.write(".git/info/exclude", "PLAN.md\n");
        }
        sandbox.write("PLAN.md", CHECKED);
        sandbox.fake_agent(&json!({"runs": [done()]}));
        run(&sandbox).expect(0);
        let told = sandbox.alfine(&["merge", TASK, "--json"]).expect(0).json();
        assert_eq!(told.last().unwrap()["committed_tick"], json!(false));
        assert_eq!(sandbox.read("PLAN.md"), CHECKED.replace("[ ]", "[x]"), "{ignored}");
        let status = if ignored { "" } else { "?? PLAN.md" };
        assert_eq!(sandbox.git(&["status", "--porcelain"]), status);
    }
}

#[test]
fn a_merge_whose_saving_was_cut_off_is_ended_by_a_second_one() {
    let sandbox = with_plan(CHECKED, json!([done()]));
    run(&sandbox).expect(0);
    let database = ["state.db", "state.db-wal", "state.db-shm"]
        .map(|name| sandbox.repo().join(".git/alfine").join(name))
        .map(|path| (std::fs::read(&path).ok(), path));
    let work = sandbox.git(&["rev-parse", "alfine/PLAN/US-001"]);
    sandbox.alfine(&["merge", TASK]).expect(0);
    let merged = sandbox.git(&["rev-parse", "main"]);
    // The database as it was before the merge was saved; the branch as it was before it was removed.
    for (content, path) in database {
        let _ = std::fs::remove_file(&path);
        content.into_iter().for_each(|content| std::fs::write(&path, content).unwrap());
    }
    sandbox.git(&["branch", "alfine/PLAN/US-001", &work]);
    assert_eq!(sandbox.task(TASK)["status"], "done");
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!(sandbox.git(&["rev-parse", "main"]), merged);
    assert_eq!(sandbox.task(TASK)["status"], "merged");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}
