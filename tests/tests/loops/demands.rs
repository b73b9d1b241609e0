//! What settings and flags demand of every task beside what its plan says.

use super::*;

const PROVEN: &str = "# Plan\n\n### US-001: Fix the table\n\n- [ ] it is there: `test -e work.txt`\n";
const TAP: &str = "echo TAP version 13; echo 1..1; echo ok 1 - it works";

fn with_settings(plan: &str, settings: &str, runs: Value) -> Sandbox {
    let sandbox = with_plan(plan, runs);
    sandbox.settings(settings);
    sandbox
}

#[test]
fn a_task_is_not_done_without_a_test_where_tests_are_required() {
    let flags = ["run", TASK, "--trust", "--json", "--tests"];
    let sandbox = with_plan(PROVEN, json!([done()]));
    let task = sandbox.alfine(&flags).expect(4).task();
    assert_eq!((&task["status"], &task["cause"]["ask"]), (&json!("needs_input"), &json!("check")));
    let reason = task["reason"].as_str().unwrap();
    assert!(reason.contains("quality_gates.test_command"), "{reason}");

    // The settings mend it, without another run of the agent.
    sandbox.settings(&format!("[quality_gates]\ntest_command = \"{TAP}\"\n"));
    sandbox.alfine(&["continue", TASK, "--trust"]).expect(0);
    assert_eq!((&sandbox.task(TASK)["status"], sandbox.agent_runs().len()), (&json!("done"), 1));

    for (command, status) in [(TAP, "done"), ("make test", "stopped")] {
        let settings = format!("[quality_gates]\ntest_command = \"{command}\"\n");
        let sandbox = with_settings(PROVEN, &settings, json!([done(), done()]));
        sandbox.write("Makefile", "test:\n\ttrue\n");
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-qm", "Tests"]);
        let task = sandbox.alfine(&["run", TASK, "--trust", "--json", "--require-tests", "-i", "2"]).task();
        assert_eq!(task["status"], status, "{command}: {task:#}");
        if status == "stopped" {
            let told = prompt(&sandbox.agent_runs()[1]).to_owned();
            assert!(told.contains("required tests: did not run: no check ran a test"), "{told}");
        }
    }
}

#[test]
fn standard_checks_are_added_to_each_task_and_shown_as_that() {
    let settings = format!(
        "[acceptance_criteria]\nauto_append_standard = [\"no_uncommitted_changes\", \"tests_pass\", \"lint_passes\"]\n\
         [quality_gates]\ntest_command = \"{TAP}\"\n[[verifiers]]\nname = \"own\"\ncommand = \"true\"\n"
    );
    let sandbox = with_settings(PROVEN, &settings, json!([done()]));
    sandbox.write("package.json", "{\"scripts\": {\"lint\": \"true\", \"test\": \"exit 1\"}}");
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "Scripts"]);
    let ran = run(&sandbox);
    let names: Vec<String> =
        ran.events("verifier").iter().map(|event| event["name"].as_str().unwrap().to_owned()).collect();
    for name in ["no_uncommitted_changes", "tests_pass", "lint_passes", "own"] {
        assert!(names.iter().any(|named| named == name), "{name}: {names:?}");
    }
    assert!(
        !names.iter().any(|name| name.contains("npm run test")),
        "the settings name another command: {names:?}"
    );
    assert_eq!(ran.expect(0).task()["status"], "done");
}

#[test]
fn a_task_with_a_criterion_that_nothing_decides_does_not_start_where_that_is_required() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] a: `test -e work.txt`\n- [ ] It is nice\n- [ ] It is fast\n";
    let settings = "[acceptance_criteria]\nrequire_verifiable = true\n";
    let sandbox = with_settings(plan, settings, json!([done()]));
    let refused = sandbox.alfine(&["run", TASK, "--trust"]).expect(2).stderr;
    assert!(
        refused.contains("nothing can decide a criterion of PLAN.md#US-001: “It is nice”, and 1 more"),
        "{refused}"
    );
    assert!(refused.contains("alfine run PLAN.md#US-001 --anyway"), "{refused}");
    assert_eq!(sandbox.agent_runs().len(), 0);
    sandbox.alfine(&["run", TASK, "--trust", "--anyway"]).expect(0);

    let sandbox = with_settings(PLAN, settings, json!([done()]));
    let refused = sandbox.alfine(&["run", TASK, "--trust"]).expect(2).stderr;
    assert!(refused.contains("nothing can decide whether PLAN.md#US-001 is done"), "{refused}");
}

#[test]
fn a_linter_is_demanded_and_the_commit_reads_as_the_settings_say() {
    let settings =
        "[commit_discipline]\nrequire_lint = true\nmessage_format = \"simple\"\nco_author = true\n";
    let sandbox = with_settings(PROVEN, settings, json!([done()]));
    let task = run(&sandbox).expect(4).task();
    assert!(task["reason"].as_str().unwrap().contains("required linter"), "{task:#}");
    sandbox.settings("[[verifiers]]\nname = \"types\"\ncommand = \"true || tsc\"\n");
    sandbox.alfine(&["continue", TASK, "--trust"]).expect(0);
    let branch = sandbox.task(TASK)["branch"].as_str().unwrap().to_owned();
    let message = sandbox.git(&["log", "-1", "--format=%B", &branch]);
    assert!(message.starts_with("[US-001] Fix the table\n"), "{message}");
    assert!(message.contains("Co-authored-by: Claude <noreply@anthropic.com>"), "{message}");

    let sandbox = with_plan(PROVEN, json!([done()]));
    let task = run(&sandbox).expect(0).task();
    let message = sandbox.git(&["log", "-1", "--format=%B", task["branch"].as_str().unwrap()]);
    assert!(message.starts_with("fix: [US-001] Fix the table\n"), "{message}");
    assert!(!message.contains("Co-authored-by"), "{message}");
}

#[test]
fn pages_are_looked_at_for_tasks_that_concern_them_or_where_it_is_demanded() {
    let settings = "[browser_verify]\nenabled = true\ndev_server_command = \"echo no; exit 3\"\n";
    let looked = |title: &str, flags: &[&str]| {
        let mut sandbox =
            with_settings(&PROVEN.replace("Fix the table", title), settings, json!([done(), done()]));
        // It is there, and is not come to.
        sandbox.env.push(("CHROME_PATH".to_owned(), "/bin/sh".to_owned()));
        let ran = sandbox.alfine(&[&["run", TASK, "--trust", "--json", "-i", "1"], flags].concat());
        ran.events("verifier").iter().any(|event| event["name"] == "browser_verify")
    };
    assert!(looked("Add a button", &[]));
    assert!(!looked("Fix the table", &[]));
    assert!(looked("Fix the table", &["--ui"]));
    let sandbox = with_plan(PROVEN, json!([done()]));
    let refused = sandbox.alfine(&["run", TASK, "--trust", "--browser-verify"]).expect(2).stderr;
    assert!(
        refused.contains("`browser_verify.enabled` needs `browser_verify.dev_server_command`"),
        "{refused}"
    );
}

#[test]
fn a_plan_stops_after_one_task_and_no_loop_has_more_iterations_where_the_settings_say_so() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] a: `test -e work.txt`\n\n### US-002: More\n\n- [ ] b: `test -e more.txt`\n";
    let settings = "[execution]\nsingle_task_mode = true\n[autonomous_loop]\nhard_limit = 4\n";
    let sandbox = with_settings(plan, settings, json!([done()]));
    let refused = sandbox.alfine(&["run", "PLAN.md", "--trust", "-i", "5"]).expect(2).stderr;
    assert!(refused.contains("`limits.iterations` is 5, above `limits.hard_limit`, 4"), "{refused}");
    sandbox.alfine(&["run", "PLAN.md", "--trust"]).expect(0);
    assert_eq!(sandbox.agent_runs().len(), 1);
    let told = prompt(&sandbox.agent_runs()[0]).to_owned();
    assert!(told.contains("Do this task only.") && told.contains("iteration 1 of at most 4"), "{told}");
    assert_eq!(sandbox.task("PLAN.md#US-002")["status"], "ready");
}

#[test]
fn a_session_that_takes_the_place_of_another_is_told_what_the_settings_say() {
    let told = |settings: &str| {
        let sandbox = with_settings(PROVEN, settings, json!([[write("a.txt", "x"), not_ready()], done()]));
        sandbox.alfine(&["run", TASK, "--trust", "--context", "fresh"]).expect(0);
        prompt(&sandbox.agent_runs()[1]).to_owned()
    };
    let (status, progress) = ("`git status", "## Progress so far");
    let all = told("");
    assert!(all.contains("- `git status --short`") && all.contains(progress), "{all}");
    let without = told("[context_recovery]\ninclude_git_status = false\n");
    assert!(!without.contains(&format!("- {status}")) && without.contains(progress), "{without}");
    let without = told("[context_recovery]\nenabled = false\n");
    assert!(!without.contains(&format!("- {status}")) && !without.contains(progress), "{without}");
}
