//! What of a plan is run as a check, and where and how.

use super::*;
use alfine_tests::sandbox::{PATIENCE, wait_until};
use std::{fs, os::unix::fs::PermissionsExt};

/// Runs a task to its rest and returns it.
fn ends(sandbox: &Sandbox, task: &str, status: &str) -> Value {
    let task = sandbox.alfine(&["run", task, "--trust", "--json"]).task();
    assert_eq!(task["status"], status, "{task:#}");
    task
}

#[test]
fn only_what_reads_like_a_command_is_run() {
    let plan = "# P\n\n### US-001: Work\n\nAcceptance criteria:\n- [ ] new file: `internal/report/quiet.go`\n- [ ] Route: `POST /api/x`\n\
                - [ ] Returns: `Result<Job, Error>`\n- [ ] validation: `--quiet needs a terminal`\n- [ ] order: `a > b`\n- [ ] set: `FOO=bar`\n\
                - [ ] header: `Content-Type: application/json`\n- [ ] column: `created_at timestamp`\n- [ ] says: `file not found`\n- [ ] status: `404`\n\
                - [ ] type: `string | null`\n- [ ] `docs/api.md`\n- [ ] it is there: `test -e work.txt`\n";
    let sandbox = with_plan(plan, json!([done()]));
    let listed = sandbox.alfine(&["trust", "PLAN.md", "--list"]).expect(0).stdout;
    let asked = listed.lines().filter(|line| line.contains("criterion")).count();
    assert_eq!(asked, 1, "{listed}");
    let found = sandbox.alfine(&["lint", "PLAN.md", "--json"]);
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    let findings = found["findings"].as_array().unwrap();
    let no_commands = findings.iter().filter(|finding| finding["code"] == "criterion-no-command").count();
    assert_eq!(no_commands, 12, "what nobody is asked about is what the findings say");
    let task = ends(&sandbox, TASK, "done");
    assert_eq!(task["criteria"][12]["state"], "proven");
    assert_eq!(task["criteria"][5]["state"], "open");
    let branch = task["branch"].as_str().unwrap();
    assert_eq!(sandbox.git(&["ls-tree", "--name-only", branch]), "PLAN.md\nwork.txt");
    assert!(prompt(&sandbox.agent_runs()[0]).contains("judged by what you changed"));
}

#[test]
fn words_below_verify_are_criteria_and_never_run() {
    let plan = "# P\n\n### US-001: Work\n\nVerify:\n- touch the button > the menu opens\n- kill all sessions; sign in again\n\
                - test -e work.txt\n\n- [ ] it is said: `test -s work.txt` passes\n";
    let sandbox = with_plan(plan, json!([done()]));
    let task = ends(&sandbox, TASK, "done");
    let branch = task["branch"].as_str().unwrap();
    assert_eq!(sandbox.git(&["ls-tree", "--name-only", branch]), "PLAN.md\nwork.txt");
    let states: Vec<_> = task["criteria"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["open", "open", "proven"]);
    let listed = sandbox.alfine(&["trust", "PLAN.md", "--list"]).expect(0).stdout;
    assert!(listed.contains("test -e work.txt") && !listed.contains("touch"), "{listed}");
}

#[test]
fn a_check_whose_program_is_missing_asks_the_user_and_runs_once_it_is_there() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] migrates: `sqlx-of-a-test migrate run`\n";
    let sandbox = with_plan(plan, json!([done()]));
    let found = sandbox.alfine(&["lint", "PLAN.md"]);
    assert!(
        found.stdout.contains("[program-missing] “sqlx-of-a-test” is not on this machine"),
        "{}",
        found.stdout
    );
    let task = ends(&sandbox, TASK, "needs_input");
    assert_eq!(
        (task["cause"]["kind"].as_str(), task["cause"]["ask"].as_str()),
        (Some("asks"), Some("check")),
        "{task:#}"
    );

    let programs = sandbox.path().join("programs");
    fs::create_dir(&programs).unwrap();
    let program = programs.join("sqlx-of-a-test");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let went_on = sandbox
        .command(alfine_tests::sandbox::alfine())
        .args(["continue", TASK])
        .env("PATH", path)
        .output()
        .unwrap();
    assert!(went_on.status.success(), "{}", String::from_utf8_lossy(&went_on.stderr));
    wait_until(PATIENCE, "done", || sandbox.task(TASK)["status"] == "done");
    assert_eq!(sandbox.agent_runs().len(), 1, "the agent had nothing to do for it");
}

#[test]
fn a_script_that_the_work_may_still_make_is_rework_and_another_127_is_not() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] checks: `./check.sh`\n";
    let sandbox = with_plan(
        plan,
        json!([done(), [{"shell": "printf '#!/bin/sh\\n' > check.sh; chmod +x check.sh"}, ready()]]),
    );
    // It was made, and it is no work of its own: a script that only says yes would pass as well.
    let task = ends(&sandbox, TASK, "needs_input");
    assert_eq!((&task["iteration"], &task["cause"]["ask"]), (&json!(2), &json!("checks_changed")));

    let plan = "# P\n\n### US-001: Work\n\n- [ ] checks: `sh -c no-such-program`\n";
    let sandbox = with_plan(plan, json!([done()]));
    let task = ends(&sandbox, TASK, "needs_input");
    assert_eq!(task["cause"]["ask"], "check");
    assert_eq!(sandbox.agent_runs().len(), 1);
}

#[test]
fn a_line_that_says_what_to_run_is_a_check() {
    let plan = "# P\n\n### US-001: Work\n\nRun: `test -e second.txt`\n\nAcceptance criteria:\n- It works\n";
    let sandbox = with_plan(plan, json!([done(), [write("second.txt", "x"), ready()]]));
    sandbox.alfine(&["run", TASK]).expect(2);
    assert_eq!(ends(&sandbox, TASK, "done")["iteration"], 2);
}

#[test]
fn checks_run_in_the_plan_s_folder_or_where_it_says() {
    let checks = "- [ ] a: `test -e here.txt`\n";
    for (plan, fields, file) in [
        ("services/api/PLAN.md", "", "services/api/here.txt"),
        ("docs/plans/api.plan.md", "", "here.txt"),
        ("services/api/PLAN.md", "Checks run in: .\n", "here.txt"),
        ("PLAN.md", "Checks run in: web/app\n", "web/app/here.txt"),
    ] {
        let text = format!("# P\n\n### US-001: Work\n{fields}\n{checks}");
        let mut sandbox =
            Sandbox::with_repository(&[(plan, &text), ("alfine.toml", "plans = [\"docs/plans/*.md\"]\n")]);
        sandbox.fake_agent(&json!({"runs": [[write(file, "x"), ready()]]}));
        ends(&sandbox, &format!("{plan}#US-001"), "done");
        let folder = file.strip_suffix("here.txt").unwrap().trim_end_matches('/');
        let said = prompt(&sandbox.agent_runs()[0]).contains(&format!("`test -e here.txt` in `{folder}`"));
        assert_eq!(said, !folder.is_empty(), "{plan}");
    }
}

#[test]
fn a_setting_says_where_checks_run() {
    let text = "# P\n\n### US-001: Work\n\n- [ ] a: `test -e here.txt`\n";
    let mut sandbox = Sandbox::with_repository(&[
        ("services/api/PLAN.md", text),
        ("alfine.toml", "[verification]\nfolder = \"web\"\n"),
    ]);
    sandbox.fake_agent(&json!({"runs": [[write("web/here.txt", "x"), ready()]]}));
    ends(&sandbox, "services/api/PLAN.md#US-001", "done");
}

#[test]
fn checks_are_told_that_nobody_watches_and_agents_and_setups_are_not() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] a: `test \"$CI\" = true`\n- [ ] b: `test -e agent-without -a -e setup-without`\n";
    let note = |name: &str| format!("test -z \"$CI\" && touch {name}");
    let sandbox = with_plan(plan, json!([[{"shell": note("agent-without")}, ready()]]));
    sandbox.settings(&format!("[worktree]\nsetup = {:?}\n", note("setup-without")));
    ends(&sandbox, TASK, "done");

    let plan = "# P\n\n### US-001: Work\n\n- [ ] a: `test -z \"$CI\"`\n";
    let sandbox = with_plan(plan, json!([done()]));
    sandbox.settings("[verification]\nci = false\n");
    ends(&sandbox, TASK, "done");
}

#[test]
fn a_manifest_where_the_loop_worked_has_checks_that_the_user_allows() {
    let mut sandbox =
        Sandbox::with_repository(&[("PLAN.md", PLAN), ("web/Makefile", "test:\n\ttest -e made.txt\n")]);
    sandbox.fake_agent(&json!({"runs": [[write("web/made.txt", "x"), ready()]]}));
    let task = ends(&sandbox, TASK, "needs_input");
    assert_eq!(task["cause"]["ask"], "check");
    assert!(task["cause"]["text"].as_str().unwrap().contains("cd web && make test"), "{task:#}");
    let refused = sandbox.alfine(&["continue", TASK]).expect(2);
    assert!(refused.stderr.contains("cd web && make test"), "{}", refused.stderr);
    sandbox.alfine(&["continue", TASK, "--trust"]).expect(0);
    wait_for_status(&sandbox, "done");
    assert_eq!(sandbox.agent_runs().len(), 1);
}

#[test]
fn a_manifest_of_a_file_that_the_task_names_is_asked_about_at_the_start() {
    let plan = "# P\n\n### US-001: Work\n\nChange `web/made.txt`.\n";
    let mut sandbox =
        Sandbox::with_repository(&[("PLAN.md", plan), ("web/Makefile", "test:\n\ttest -e made.txt\n")]);
    sandbox.fake_agent(&json!({"runs": [[write("web/made.txt", "x"), ready()]]}));
    let refused = sandbox.alfine(&["run", TASK]).expect(2);
    assert!(refused.stderr.contains("cd web && make test"), "{}", refused.stderr);
    ends(&sandbox, TASK, "done");
}

#[test]
fn a_clean_tree_does_not_want_the_agent_to_commit() {
    let sandbox = playing(json!([done()]));
    sandbox.settings("[[verifiers]]\nname = \"clean\"\nkind = \"clean-tree\"\n");
    let task = ends(&sandbox, TASK, "done");
    assert_eq!(task["iteration"], 1);
    assert!(prompt(&sandbox.agent_runs()[0]).contains("Do not commit"));
}

#[test]
fn what_a_manifest_names_beside_the_repository_is_told_and_can_be_linked() {
    let manifest = "[package]\nname = \"a\"\n[dependencies]\nlib = { path = \"../lib\" }\n";
    let plan = "# P\n\n### US-001: Work\n\n- [ ] a: `test -e ../lib/Cargo.toml`\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan), ("Cargo.toml", manifest)]);
    fs::create_dir(sandbox.path().join("lib")).unwrap();
    fs::write(sandbox.path().join("lib/Cargo.toml"), "").unwrap();
    sandbox.fake_agent(&json!({"runs": [done(), done()]}));
    sandbox.settings("[verification]\nauto = false\n");
    let ran = sandbox.alfine(&["run", TASK, "--trust", "-i", "1"]);
    let words = "Cargo.toml names ../lib, which lies beside the repository";
    assert!(ran.stdout.contains(words) || ran.stderr.contains(words), "{}{}", ran.stdout, ran.stderr);
    sandbox.alfine(&["discard", TASK, "--yes"]).expect(0);

    sandbox.settings("[worktree]\nlink = [\"../lib\"]\n");
    let ran = sandbox.alfine(&["run", TASK, "--trust"]).expect(0);
    assert!(!ran.stdout.contains(words) && !ran.stderr.contains(words), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_repository_may_link_what_lies_beside_it_only_with_the_user_s_leave() {
    let sandbox = playing(json!([done()]));
    sandbox.write("alfine.toml", "[worktree]\nlink = [\"../lib\"]\n");
    let refused = sandbox.alfine(&["run", TASK]).expect(2);
    assert!(refused.stderr.contains("worktree.link = \"../lib\""), "{}", refused.stderr);
}

#[test]
fn a_folder_of_checks_that_is_not_there_is_asked_about_and_no_rework() {
    let plan = "# Plan\n\n### US-001: Add a table\n\nChecks run in: frontned\n\n- [ ] There is one: `test -f one.txt`\n";
    let sandbox = with_plan(plan, json!([[write("frontend/one.txt", "1"), ready()]]));
    let task = run(&sandbox).expect(4).task();
    let reason = task["reason"].as_str().unwrap();
    assert!(reason.contains("no folder “frontned”") && reason.contains("“frontend”"), "{reason}");
    assert_eq!(sandbox.agent_runs().len(), 1);
    // Once the plan says it rightly, the checks run again, and no agent.
    sandbox.write("PLAN.md", &plan.replace("frontned", "frontend"));
    sandbox.alfine(&["continue", TASK, "--trust"]).expect(0);
    assert_eq!((sandbox.agent_runs().len(), sandbox.task(TASK)["status"].as_str()), (1, Some("done")));
}

#[test]
fn one_script_is_run_once_however_the_plan_writes_it() {
    let package = r#"{"scripts":{"test":"test -f work.txt"}}"#;
    let plan = "# Plan\n\n### US-001: Add a table\n\n- [ ] Tests pass: `npm test`\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan), ("package.json", package)]);
    sandbox.fake_agent(&json!({"runs": [done()]}));
    let ran = run(&sandbox);
    let checks: Vec<Value> = ran.events("verifier").iter().map(|news| news["name"].clone()).collect();
    assert_eq!(checks, ["npm test"], "{}", ran.stdout);
}
