//! State that is true: of starts that fail, of plans that were edited, replaced, renumbered and moved.

use super::*;
use alfine_tests::{held::Held, sandbox::wait_until};
use std::{fs, time::Duration};

const PATIENCE: Duration = Duration::from_secs(60);

/// Two tasks with boxes, in a plan that is worked off by itself.
const TWO: &str = "# Plan\n\n### T1: Add the coupon table\n\n- [ ] There is a table\n\n### T2: Reject expired coupons\n\n- [ ] They are rejected\n";

/// A repository with this plan, whose agent does whatever it is told, and whose work is merged.
fn merging(plan: &str) -> Sandbox {
    let sandbox = with_plan(plan, json!([[{"shell": "date +%N > work.txt"}, ready()]]));
    sandbox.settings("on_done = \"merge\"\n");
    sandbox
}

/// The tasks that `alfine status` shows, each with its status.
fn statuses(sandbox: &Sandbox) -> Vec<String> {
    let status = sandbox.alfine(&["status", "--json"]).expect(0).json();
    let tasks = status[0]["tasks"].as_array().unwrap();
    tasks
        .iter()
        .map(|task| format!("{} {}", task["task"].as_str().unwrap(), task["status"].as_str().unwrap()))
        .collect()
}

fn commit_all(sandbox: &Sandbox) {
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "edit"]);
}

#[test]
fn a_start_that_fails_while_the_worktree_is_made_leaves_the_task_as_it_was() {
    for detached in ["run", "start"] {
        let sandbox = playing(json!([done()]));
        let occupied = sandbox.path().join("home/data/alfine/worktrees");
        fs::create_dir_all(occupied.parent().unwrap()).unwrap();
        fs::write(&occupied, "a file").unwrap();
        let ran = sandbox.alfine(&[detached, TASK]);
        assert_ne!(ran.code(), 0, "{}", ran.stdout);
        assert_eq!(statuses(&sandbox), ["PLAN.md#US-001 ready"]);
        fs::remove_file(&occupied).unwrap();
        run(&sandbox).expect(0);
        assert_eq!(statuses(&sandbox), ["PLAN.md#US-001 done"]);
    }
}

#[test]
fn a_start_that_fails_keeps_what_an_earlier_loop_of_the_task_came_to() {
    let sandbox = playing(json!([done(), done()]));
    run(&sandbox).expect(0);
    sandbox.alfine(&["discard", TASK, "--yes"]).expect(0);
    let worktrees = sandbox.path().join("home/data/alfine/worktrees");
    fs::remove_dir_all(&worktrees).unwrap();
    fs::write(&worktrees, "a file").unwrap();
    assert_ne!(run(&sandbox).code(), 0);
    assert_eq!(statuses(&sandbox), ["PLAN.md#US-001 discarded"]);
}

#[test]
fn a_loop_whose_runner_cannot_be_started_is_interrupted_at_once_and_can_be_stopped_and_continued() {
    let sandbox = playing(json!([done()]));
    sandbox.alfine(&["status"]).expect(0);
    let logs = sandbox.repo().join(".git/alfine/logs");
    let _ = fs::remove_dir_all(&logs);
    fs::write(&logs, "a file").unwrap();
    let ran = sandbox.alfine(&["start", TASK]);
    assert_ne!(ran.code(), 0, "{}", ran.stdout);
    let status: String =
        sandbox.database().query_row("SELECT status FROM loop", [], |row| row.get(0)).unwrap();
    assert_eq!(status, "interrupted");
    sandbox.alfine(&["stop", TASK]).expect(0);
    fs::remove_file(&logs).unwrap();
    sandbox.alfine(&["continue", TASK, "--json"]).expect(0);
    assert_eq!(sandbox.task(TASK)["status"], "done");
}

#[test]
fn a_starter_that_dies_while_the_worktree_is_made_leaves_an_interrupted_loop() {
    let sandbox = playing(json!([done()]));
    sandbox.write("large.bin", &"x".repeat(8 << 20));
    commit_all(&sandbox);
    // The checkout of the large file ends the process where it stands.
    let alfine = alfine_tests::sandbox::alfine();
    let line = format!("ulimit -f 4096; exec {} start {TASK}", alfine.display());
    let died = sandbox.command("sh").args(["-c", &line]).output().unwrap();
    assert!(!died.status.success());
    let shown = statuses(&sandbox);
    assert!(
        shown == ["PLAN.md#US-001 interrupted"] || shown == ["PLAN.md#US-001 ready"],
        "{shown:?}: {}",
        String::from_utf8_lossy(&died.stderr)
    );
    let verb = if shown[0].ends_with("interrupted") { "continue" } else { "run" };
    sandbox.alfine(&[verb, TASK, "--json"]).expect(0);
}

#[test]
fn another_plan_with_the_same_ids_is_run_and_owes_nothing_to_the_one_before() {
    let sandbox = merging(TWO);
    sandbox.alfine(&["run", "PLAN.md", "--json"]).expect(0);
    assert_eq!(statuses(&sandbox), ["PLAN.md#T1 merged", "PLAN.md#T2 merged"]);
    let other = "# Other\n\n### T1: Draw the login page\n\n- [ ] It is drawn\n\n### T2: Send a mail\nDepends on: T1\n\n- [ ] It is sent\n";
    sandbox.write("PLAN.md", other);
    commit_all(&sandbox);
    assert_eq!(statuses(&sandbox), ["PLAN.md#T1 ready", "PLAN.md#T2 pending"]);
    sandbox.alfine(&["run", "PLAN.md", "--json"]).expect(0);
    assert_eq!(sandbox.agent_runs().len(), 4);
    assert_eq!(statuses(&sandbox), ["PLAN.md#T1 merged", "PLAN.md#T2 merged"]);
    assert_eq!(sandbox.read("PLAN.md"), other.replace("[ ]", "[x]"));
    let titles: Vec<String> = {
        let database = sandbox.database();
        let mut rows = database.prepare("SELECT key || ' ' || title FROM task ORDER BY key").unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(
        titles,
        [
            "PLAN.md#T1 Draw the login page",
            "PLAN.md#T1@1 Add the coupon table",
            "PLAN.md#T2 Send a mail",
            "PLAN.md#T2@1 Reject expired coupons"
        ]
    );
}

#[test]
fn work_of_a_task_that_the_plan_replaced_ticks_nothing_and_says_so() {
    let sandbox = with_plan(TWO, json!([done()]));
    sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(0);
    let other =
        TWO.replace("Add the coupon table", "Draw the login page").replace("There is a table", "Drawn");
    sandbox.write("PLAN.md", &other);
    commit_all(&sandbox);
    assert_eq!(statuses(&sandbox), ["PLAN.md#T1 ready", "PLAN.md#T2 ready", "PLAN.md#T1@1 done"]);
    let refused = sandbox.alfine(&["merge", "PLAN.md#T1"]).expect(2);
    assert!(refused.stderr.contains("never started"), "{}", refused.stderr);
    let merged = sandbox.alfine(&["merge", "PLAN.md#T1@1"]).expect(0);
    assert!(merged.stdout.contains("nothing was ticked"), "{}", merged.stdout);
    assert_eq!((sandbox.read("PLAN.md"), sandbox.read("work.txt")), (other, "done\n".to_owned()));
}

#[test]
fn inserted_and_renumbered_tasks_keep_their_own_state_and_no_work_is_done_twice() {
    let sandbox = merging(TWO);
    sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(0);
    let ticked = sandbox.read("PLAN.md");
    let edited = ticked
        .replace("### T2:", "### T3:")
        .replace("### T1:", "### T1: Draw the login page\n\n- [ ] It is drawn\n\n### T2:");
    sandbox.write("PLAN.md", &edited);
    commit_all(&sandbox);
    assert_eq!(statuses(&sandbox), ["PLAN.md#T1 ready", "PLAN.md#T2 merged", "PLAN.md#T3 ready"]);
    sandbox.alfine(&["run", "PLAN.md", "--json"]).expect(0);
    assert_eq!(sandbox.agent_runs().len(), 3);
    assert_eq!(sandbox.read("PLAN.md"), edited.replace("[ ]", "[x]"));
}

#[test]
fn a_loop_that_runs_is_steered_by_the_id_that_its_task_has_now() {
    let held = Held::new(TWO, vec![write("work.txt", "1"), not_ready()], vec![done()]);
    let sandbox = &held.sandbox;
    sandbox.alfine(&["start", "PLAN.md#T1"]).expect(0);
    held.wait();
    let edited = TWO
        .replace("### T2:", "### T3:")
        .replace("### T1:", "### T1: Draw the login page\n\n- [ ] It is drawn\n\n### T2:");
    sandbox.write("PLAN.md", &edited);
    commit_all(sandbox);
    assert_eq!(statuses(sandbox), ["PLAN.md#T1 ready", "PLAN.md#T2 running", "PLAN.md#T3 ready"]);
    // The new task has a worktree of its own beside that of the one that had its id before.
    sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(0);
    sandbox.alfine(&["stop", "PLAN.md#T2"]).expect(0);
    wait_until(PATIENCE, "it is stopped", || sandbox.task("PLAN.md#T2")["status"] == "stopped");
    assert_eq!(sandbox.task("PLAN.md#T1")["status"], "done");
    assert_ne!(sandbox.task("PLAN.md#T1")["worktree"], sandbox.task("PLAN.md#T2")["worktree"]);
}

#[test]
fn a_mended_typo_is_no_new_task() {
    let sandbox = merging(&TWO.replace("coupon table", "cuopon table"));
    sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(0);
    let mended = sandbox.read("PLAN.md").replace("cuopon table", "coupon table");
    sandbox.write("PLAN.md", &mended);
    assert_eq!(statuses(&sandbox), ["PLAN.md#T1 merged", "PLAN.md#T2 ready"]);
    let title = sandbox.task("PLAN.md#T1")["title"].clone();
    assert_eq!(title, "Add the coupon table");
}

#[test]
fn a_plan_that_was_moved_takes_its_state_along() {
    let sandbox = merging(TWO);
    sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(0);
    fs::create_dir(sandbox.repo().join("docs")).unwrap();
    sandbox.git(&["mv", "PLAN.md", "docs/PLAN.md"]);
    assert_eq!(statuses(&sandbox), ["docs/PLAN.md#T1 merged", "docs/PLAN.md#T2 ready"]);
    commit_all(&sandbox);
    sandbox.alfine(&["run", "docs/PLAN.md", "--json"]).expect(0);
    assert_eq!(sandbox.agent_runs().len(), 2);
    assert_eq!(sandbox.read("docs/PLAN.md"), TWO.replace("[ ]", "[x]"));
}

#[test]
fn an_unticked_box_of_a_merged_task_asks() {
    let sandbox = merging(TWO);
    sandbox.alfine(&["run", "PLAN.md", "--json"]).expect(0);
    let head = sandbox.git(&["log", "-1", "--format=%h", "--abbrev=7", "--grep=T1"]);
    sandbox.write("PLAN.md", TWO);
    commit_all(&sandbox);
    let refused = sandbox.alfine(&["run", "PLAN.md#T1"]).expect(2);
    assert!(
        refused.stderr.contains("was merged on 20")
            && refused.stderr.contains(&format!("as {head}"))
            && refused.stderr.contains("alfine run PLAN.md#T1 --again"),
        "{}",
        refused.stderr
    );
    let all = sandbox.alfine(&["run", "PLAN.md"]).expect(0);
    assert!(all.stdout.contains("--again"), "{}", all.stdout);
    assert_eq!(sandbox.agent_runs().len(), 2);
    sandbox.alfine(&["run", "PLAN.md#T1", "--again", "--json"]).expect(0);
    assert_eq!(sandbox.agent_runs().len(), 3);
    assert_eq!(sandbox.read("PLAN.md"), TWO.replacen("[ ]", "[x]", 1));
}

#[test]
fn a_task_that_may_be_another_one_is_asked_about() {
    let plan = "# Plan\n\n### T1: Add endpoint version 1\n\n- [ ] It answers\n";
    let sandbox = merging(plan);
    sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(0);
    sandbox.write("PLAN.md", &plan.replace("version 1", "version 2"));
    commit_all(&sandbox);
    assert_eq!(statuses(&sandbox), ["PLAN.md#T1 ready"]);
    let refused = sandbox.alfine(&["run", "PLAN.md#T1"]).expect(2);
    assert!(
        refused.stderr.contains("Add endpoint version 1") && refused.stderr.contains("--again"),
        "{}",
        refused.stderr
    );
    sandbox.alfine(&["run", "PLAN.md#T1", "--again", "--json"]).expect(0);
    assert_eq!(sandbox.agent_runs().len(), 2);
}

/// A plan of one task with a check.
const CHECKED: &str =
    "# Plan\n\n### US-001: Add a table\n\nWrite it.\n\n- [ ] There is one: `test -f one.txt`\n";

/// A repository whose loop of [`CHECKED`] stopped after an iteration, before its plan was edited.
fn edited_while_it_rests() -> Sandbox {
    let sandbox = with_plan(
        CHECKED,
        json!([[write("one.txt", "1"), not_ready()], [write("two.txt", "2"), ready()], done()]),
    );
    sandbox.settings("[limits]\niterations = 1\n");
    sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(3);
    let edited = CHECKED.replace("Write it.", "Write both.") + "- [ ] There is another: `test -f two.txt`\n";
    sandbox.write("PLAN.md", &edited);
    commit_all(&sandbox);
    sandbox
}

#[test]
fn a_loop_goes_on_with_its_plan_as_it_is_now_and_says_what_changed() {
    let sandbox = edited_while_it_rests();
    let untrusted = sandbox.alfine(&["continue", TASK, "-i", "3"]).expect(2);
    assert!(untrusted.stderr.contains("test -f two.txt"), "{}", untrusted.stderr);
    let ran = sandbox.alfine(&["continue", TASK, "-i", "3", "--trust"]).expect(0);
    assert!(
        ran.stdout.contains("the plan was edited meanwhile") && ran.stdout.contains("1 new criterion"),
        "{}",
        ran.stdout
    );
    let runs = sandbox.agent_runs();
    assert!(prompt(&runs[1]).contains("Write both.") && prompt(&runs[1]).contains("There is another"));
    let task = sandbox.task(TASK);
    let states: Vec<_> = task["criteria"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["proven", "proven"]);
}

#[test]
fn a_loop_that_is_told_to_keep_its_plan_goes_on_with_the_old_text() {
    let sandbox = edited_while_it_rests();
    let ran = sandbox.alfine(&["continue", TASK, "-i", "3", "--keep-plan"]).expect(0);
    assert!(!ran.stdout.contains("edited meanwhile"), "{}", ran.stdout);
    let runs = sandbox.agent_runs();
    assert!(!prompt(&runs[1]).contains("Write both.") && !prompt(&runs[1]).contains("There is another"));
}

#[test]
fn a_fork_and_a_rewind_take_the_plan_as_it_is_now() {
    for verb in ["fork", "rewind"] {
        let sandbox = edited_while_it_rests();
        sandbox.alfine(&["trust", "PLAN.md", "--yes"]).expect(0);
        let ran = sandbox.alfine(&[verb, TASK, "1"]).expect(0);
        assert!(ran.stdout.contains("the plan was edited meanwhile"), "{verb}: {}", ran.stdout);
        let settings: String = sandbox
            .database()
            .query_row("SELECT settings FROM loop ORDER BY started_at DESC LIMIT 1", [], |row| row.get(0))
            .unwrap();
        assert!(settings.contains("Write both.") && settings.contains("test -f two.txt"), "{verb}");
    }
}

#[test]
fn a_plan_that_the_work_itself_moves_lands_moved_and_ticked_once() {
    for own_commit in ["true", "git add -A && git commit -qm moved"] {
        let mut sandbox = Sandbox::with_repository(&[("PLAN.md", TWO)]);
        let shell = format!(
            "mkdir -p done && git mv PLAN.md done/PLAN.md && echo '- [x] more' >>done/PLAN.md; {own_commit}"
        );
        sandbox.fake_agent(&json!({"parts": [
            {"prompt": "Add the coupon table\n", "runs": [[write("1.txt", "1"), {"shell": shell}, ready()]]},
            {"prompt": "Reject expired coupons\n", "runs": [[write("2.txt", "2"), ready()]]},
        ]}));
        sandbox.settings("on_done = \"merge\"\n");
        sandbox.alfine(&["run", "PLAN.md", "--json"]).expect(0);
        assert!(!sandbox.repo().join("PLAN.md").exists(), "{own_commit}");
        assert_eq!(sandbox.read("done/PLAN.md"), TWO.replace("[ ]", "[x]"), "{own_commit}");
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
        assert_eq!(statuses(&sandbox), ["done/PLAN.md#T1 merged", "done/PLAN.md#T2 merged"]);
        assert_eq!(sandbox.agent_runs().len(), 2);
    }
}

#[test]
fn a_plan_that_the_work_moves_while_the_user_writes_it_stays_and_is_one() {
    let sandbox =
        with_plan(TWO, json!([[{"shell": "mkdir -p done && git mv PLAN.md done/PLAN.md"}, ready()]]));
    sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(0);
    let written = TWO.replace("# Plan", "# Our plan");
    sandbox.write("PLAN.md", &written);
    sandbox.alfine(&["merge", "PLAN.md#T1"]).expect(0);
    assert_eq!(sandbox.read("PLAN.md"), written.replacen("[ ]", "[x]", 1));
    assert!(!sandbox.repo().join("done/PLAN.md").exists());
}

#[test]
fn a_plan_that_the_work_deletes_stays_and_is_ticked() {
    let sandbox = with_plan(TWO, json!([[write("1.txt", "1"), {"shell": "git rm -q PLAN.md"}, ready()]]));
    sandbox.settings("on_done = \"merge\"\n");
    sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(0);
    assert_eq!(sandbox.read("PLAN.md"), TWO.replacen("[ ]", "[x]", 1));
}

#[test]
fn a_plan_behind_a_link_is_the_file_that_the_link_leads_to_and_one_outside_is_refused() {
    let sandbox = Sandbox::with_repository(&[("docs/work.md", PLAN)]);
    std::os::unix::fs::symlink("docs/work.md", sandbox.repo().join("PLAN.md")).unwrap();
    assert_eq!(statuses(&sandbox), ["docs/work.md#US-001 ready"]);
    let outside = sandbox.path().join("outside.md");
    fs::write(&outside, PLAN).unwrap();
    std::os::unix::fs::symlink(&outside, sandbox.repo().join("TODO.md")).unwrap();
    let refused = sandbox.alfine(&["run", "TODO.md#US-001"]).expect(2);
    assert!(
        refused.stderr.contains("TODO.md lies outside the repository")
            && refused.stderr.contains("put the plan itself into the repository"),
        "{}",
        refused.stderr
    );
    assert_eq!(statuses(&sandbox), ["docs/work.md#US-001 ready"]);
}

/// A repository with two tasks, whose loop of the first stopped after an iteration.
fn resting() -> Sandbox {
    let plan = "# Plan\n\n### T1: Write the parser\n\nRead.\n\n- [ ] parser: `test -f a.txt`\n\n### T2: Use it\n\nText.\n";
    let sandbox =
        with_plan(plan, json!([[write("b.txt", "1"), not_ready()], [write("a.txt", "1"), ready()]]));
    sandbox.alfine(&["run", "PLAN.md#T1", "-i", "1", "--trust"]).expect(3);
    sandbox
}

#[test]
fn a_loop_does_not_go_on_with_what_its_plan_gave_up_or_lets_wait() {
    for (line, said) in [
        ("Status: dropped", "PLAN.md#T1 is dropped in PLAN.md by now"),
        ("Status: done", "PLAN.md#T1 is ticked in PLAN.md by now"),
        ("Depends on: T2", "PLAN.md#T1 waits for T2 by now"),
    ] {
        let sandbox = resting();
        sandbox.write("PLAN.md", &sandbox.read("PLAN.md").replace("Read.", line));
        let refused = sandbox.alfine(&["continue", "PLAN.md#T1", "-i", "3"]).expect(2).stderr;
        assert!(refused.contains(said) && refused.contains("--keep-plan"), "{line}: {refused}");
        assert_eq!(sandbox.agent_runs().len(), 1, "{line}");
        sandbox.alfine(&["continue", "PLAN.md#T1", "-i", "3", "--keep-plan"]).expect(0);
    }
    // What it waits for is done.
    let sandbox = resting();
    let plan = sandbox.read("PLAN.md").replace("Read.", "Depends on: T2").replace("Text.", "Status: done");
    sandbox.write("PLAN.md", &plan);
    let ran = sandbox.alfine(&["continue", "PLAN.md#T1", "-i", "3"]).expect(0).stdout;
    assert!(ran.contains("what the task depends on"), "{ran}");
}

#[test]
fn settings_that_were_mended_while_a_loop_rests_are_what_it_goes_on_with() {
    let sandbox = with_plan(CHECKED, json!([[write("one.txt", "1"), ready()]]));
    let path = sandbox.path().join("home/config/alfine/config.toml");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, good.replace("fake-agent\"", "no-such-agent\"")).unwrap();
    sandbox.alfine(&["run", TASK, "--trust"]).expect(4);
    fs::write(&path, &good).unwrap();
    let ran = sandbox.alfine(&["continue", TASK]).expect(0).stdout;
    assert!(ran.contains("it goes on with other settings: agents.claude"), "{ran}");
    assert_eq!(sandbox.task(TASK)["status"], "done");
}

#[test]
fn a_merge_ticks_only_what_was_checked() {
    let sandbox = with_plan(CHECKED, json!([[write("one.txt", "1"), ready()]]));
    sandbox.alfine(&["run", TASK, "--trust"]).expect(0);
    sandbox.write("PLAN.md", &(CHECKED.to_owned() + "- [ ] It is documented\n"));
    commit_all(&sandbox);
    let merged = sandbox.alfine(&["merge", TASK]).expect(0).stdout;
    assert!(merged.contains("It is documented"), "{merged}");
    let plan = sandbox.read("PLAN.md");
    assert!(plan.contains("- [x] There is one") && plan.contains("- [ ] It is documented"), "{plan}");
}

/// What `alfine status` says of the tasks that are in no plan any more.
fn former(sandbox: &Sandbox) -> Vec<String> {
    let status = sandbox.alfine(&["status", "--json"]).expect(0).json();
    let former = status[0]["former"].as_array().unwrap();
    let told = |task: &Value| {
        format!(
            "{} {} {}",
            task["task"].as_str().unwrap(),
            task["status"].as_str().unwrap(),
            task["title"].as_str().unwrap()
        )
    };
    former.iter().map(told).collect()
}

/// The plan with another task in the place of the first.
fn replaced() -> String {
    TWO.replace("Add the coupon table", "Draw the login page").replace("There is a table", "It is drawn")
}

#[test]
fn a_new_task_of_an_old_id_is_run_whatever_became_of_the_old_one() {
    // What the first task's loop does, the settings, and where it is then.
    let cases = [
        ("merged", "on_done = \"merge\"\n", vec![write("1.txt", "1"), ready()]),
        ("done", "", vec![write("1.txt", "1"), ready()]),
        ("stopped", "[limits]\niterations = 1\n", vec![write("1.txt", "1"), not_ready()]),
        ("needs_input", "", vec![json!({"gate": {"ready": false, "question": "Which?"}})]),
        ("discarded", "", vec![write("1.txt", "1"), ready()]),
        ("failed", "", vec![write("1.txt", "1"), ready()]),
    ];
    for (status, settings, first) in cases {
        let sandbox = with_plan(TWO, json!([first, [write("2.txt", "2"), ready()]]));
        sandbox.settings(settings);
        sandbox.alfine(&["run", "PLAN.md#T1", "--json"]);
        match status {
            "discarded" => drop(sandbox.alfine(&["discard", "PLAN.md#T1", "--yes"]).expect(0)),
            // No work of an agent fails a loop: only what Alfine itself could not do.
            "failed" => {
                sandbox
                    .database()
                    .execute_batch("UPDATE loop SET status = 'failed'; UPDATE task SET status = 'failed'")
                    .unwrap();
            }
            _ => {}
        }
        assert_eq!(sandbox.task("PLAN.md#T1")["status"], status);
        let before = sandbox.git(&["for-each-ref", "refs/heads/alfine/"]);
        sandbox.write("PLAN.md", &replaced());
        commit_all(&sandbox);
        let is = |sandbox: &Sandbox| sandbox.task("PLAN.md#T1")["status"].clone();
        assert_eq!(
            (is(&sandbox), sandbox.task("PLAN.md#T1")["loopId"].clone()),
            ("ready".into(), Value::Null)
        );
        sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(0);
        assert_eq!(is(&sandbox), if status == "merged" { "merged" } else { "done" }, "{status}");
        assert_eq!(sandbox.agent_runs().len(), 2, "{status}");
        // The old one is kept with its branch, and can be looked at.
        for line in before.lines() {
            assert!(
                sandbox.git(&["for-each-ref", "refs/heads/alfine/"]).contains(line),
                "{status}: {before}"
            );
        }
        let told = format!("PLAN.md#T1@1 {status} Add the coupon table");
        let is_live = statuses(&sandbox).contains(&format!("PLAN.md#T1@1 {status}"));
        assert!(is_live != former(&sandbox).contains(&told), "{status}: {:?}", former(&sandbox));
        let log = sandbox.alfine(&["log", "PLAN.md#T1@1"]).expect(0);
        assert!(!log.stdout.is_empty(), "{status}");
        let shown = sandbox.alfine(&["status", "PLAN.md#T1@1"]).expect(0);
        assert!(shown.stdout.contains("Add the coupon table"), "{status}: {}", shown.stdout);
    }
}

#[test]
fn a_new_task_of_an_old_id_is_run_beside_the_old_one_that_still_runs() {
    let held =
        Held::new(TWO, vec![write("1.txt", "1"), ready()], vec![json!([write("2.txt", "2"), ready()])]);
    let sandbox = &held.sandbox;
    sandbox.alfine(&["start", "PLAN.md#T1"]).expect(0);
    held.wait();
    sandbox.write("PLAN.md", &replaced());
    commit_all(sandbox);
    assert_eq!(statuses(sandbox), ["PLAN.md#T1 ready", "PLAN.md#T2 ready", "PLAN.md#T1@1 running"]);
    sandbox.alfine(&["run", "PLAN.md#T1", "--json"]).expect(0);
    assert_eq!(statuses(sandbox), ["PLAN.md#T1 done", "PLAN.md#T2 ready", "PLAN.md#T1@1 running"]);
    held.release();
    wait_until(PATIENCE, "it is done", || {
        statuses(sandbox) == ["PLAN.md#T1 done", "PLAN.md#T2 ready", "PLAN.md#T1@1 done"]
    });
    sandbox.alfine(&["merge", "PLAN.md#T1@1"]).expect(0);
    assert_eq!((sandbox.read("1.txt"), sandbox.read("PLAN.md")), ("1".to_owned(), replaced()));
}

#[test]
fn two_tasks_that_swap_their_ids_keep_their_own_state() {
    let held = Held::new(TWO, vec![write("1.txt", "1"), ready()], vec![]);
    let sandbox = &held.sandbox;
    sandbox.alfine(&["start", "PLAN.md#T1"]).expect(0);
    held.wait();
    let swapped =
        TWO.replace("### T1:", "### T9:").replace("### T2:", "### T1:").replace("### T9:", "### T2:");
    sandbox.write("PLAN.md", &swapped);
    commit_all(sandbox);
    assert_eq!(statuses(sandbox), ["PLAN.md#T2 running", "PLAN.md#T1 ready"]);
    held.release();
    wait_until(PATIENCE, "it is done", || sandbox.task("PLAN.md#T2")["status"] == "done");
    sandbox.alfine(&["merge", "PLAN.md#T2"]).expect(0);
    assert_eq!(sandbox.read("PLAN.md"), swapped.replacen("[ ]", "[x]", 1));
    sandbox.write("PLAN.md", &TWO.replacen("[ ]", "[x]", 1));
    assert_eq!(statuses(sandbox), ["PLAN.md#T1 merged", "PLAN.md#T2 ready"]);
    assert_eq!(former(sandbox), Vec::<String>::new());
}

#[test]
fn all_ids_are_given_anew_and_no_task_is_done_twice() {
    let sandbox = merging(TWO);
    sandbox.alfine(&["run", "PLAN.md", "--json"]).expect(0);
    let renumbered =
        sandbox.read("PLAN.md").replace("### T1:", "### US-010:").replace("### T2:", "### US-020:");
    sandbox.write("PLAN.md", &renumbered);
    commit_all(&sandbox);
    assert_eq!(statuses(&sandbox), ["PLAN.md#US-010 merged", "PLAN.md#US-020 merged"]);
    let ran = sandbox.alfine(&["run", "PLAN.md"]).expect(0);
    assert!(ran.stdout.contains("every task is done"), "{}", ran.stdout);
    assert_eq!((sandbox.agent_runs().len(), former(&sandbox)), (2, Vec::new()));
}

#[test]
fn nothing_is_said_to_be_done_of_a_text_that_nobody_worked_on() {
    let sandbox = merging(TWO);
    sandbox.alfine(&["run", "PLAN.md", "--json"]).expect(0);
    sandbox.write("PLAN.md", "# Next\n\n### T1: Draw the login page\n\n### T2: Send a mail\n");
    commit_all(&sandbox);
    assert_eq!(statuses(&sandbox), ["PLAN.md#T1 ready", "PLAN.md#T2 ready"]);
    let shown = sandbox.alfine(&["status", "PLAN.md"]).expect(0);
    assert!(
        shown.stdout.contains("T1@1  Add the coupon table · no longer in the plan, merged"),
        "{}",
        shown.stdout
    );
    let ran = sandbox.alfine(&["run", "PLAN.md"]).expect(0);
    assert!(!ran.stdout.contains("every task is done"), "{}", ran.stdout);
    assert_eq!(sandbox.agent_runs().len(), 4);
}
