//! What a user reads who got something wrong: what it was, and what to do next.

use super::*;

/// Every refusal has a hint.
#[track_caller]
fn refused(sandbox: &Sandbox, arguments: &[&str], words: &[&str]) {
    let ran = sandbox.alfine(arguments).expect(2);
    for word in words {
        assert!(ran.stderr.contains(word), "{word:?} is not in\n{}", ran.stderr);
    }
    assert!(ran.stderr.contains('→'), "no hint in\n{}", ran.stderr);
}

#[test]
fn an_unknown_task_names_the_nearest_one_or_all() {
    let sandbox = playing(json!([done()]));
    refused(&sandbox, &["run", "PLAN.md#US-01"], &["has no task US-01", "did you mean PLAN.md#US-001?"]);
    refused(&sandbox, &["run", "PLAN.md#zzz"], &["its tasks are US-001"]);
    refused(&sandbox, &["run", "PLAN.md#"], &["PLAN.md#US-001"]);
    for command in ["log", "diff", "pause", "stop", "continue", "merge"] {
        refused(&sandbox, &[command, "PLAN.md#US-01"], &["US-01", "did you mean PLAN.md#US-001?"]);
        refused(
            &sandbox,
            &[command, TASK],
            &["PLAN.md#US-001", "never started", "alfine run PLAN.md#US-001"],
        );
        let of_plan: &[&str] = match command {
            "pause" | "stop" => &["nothing of PLAN.md is at work", "alfine run PLAN.md"],
            "continue" => &["PLAN.md was not started as a whole", "alfine run PLAN.md"],
            "merge" => &["has no branch of its own", "alfine run PLAN.md --branch"],
            _ => &["is a plan"],
        };
        refused(&sandbox, &[command, "PLAN.md"], of_plan);
    }
    refused(&sandbox, &["status", "PLAN.md#US-01"], &["did you mean PLAN.md#US-001?"]);
}

#[test]
fn a_misspelt_plan_names_the_nearest_one() {
    let sandbox = playing(json!([done()]));
    for command in ["run", "start", "status", "lint"] {
        refused(&sandbox, &[command, "PLNA.md"], &["PLNA.md", "did you mean PLAN.md?"]);
    }
    refused(&sandbox, &["log", "PLNA.md#US-001"], &["did you mean PLAN.md?"]);
    for command in ["run", "status"] {
        refused(&sandbox, &[command, "us-001"], &["did you mean PLAN.md#US-001?"]);
    }
    refused(&sandbox, &["run", "../PLAN.md"], &["outside the repository"]);
}

#[test]
fn no_repository_says_how_to_make_one() {
    let sandbox = Sandbox::new();
    for arguments in [&["run", "PLAN.md"][..], &["status"], &["init"], &["gc"], &["trust"]] {
        refused(&sandbox, arguments, &["is not in a git repository", "git init"]);
    }
    sandbox.git(&["init", "-q"]);
    sandbox.write("PLAN.md", PLAN);
    refused(&sandbox, &["run", "PLAN.md"], &["no commit yet", "git commit"]);
    refused(&sandbox, &["-C", "no-such-folder", "status"], &["no-such-folder"]);
}

#[test]
fn unknown_agents_permissions_and_settings_name_what_is_known() {
    let sandbox = playing(json!([done()]));
    refused(&sandbox, &["run", TASK, "--agent", "cluade"], &["cluade", "claude"]);
    refused(&sandbox, &["run", TASK, "--permissions", "everything"], &["everything", "commands"]);
    refused(&sandbox, &["run", TASK, "--max-cost", "-1"], &["-1"]);
    let ran = sandbox.alfine(&["run", TASK, "--permissions", "everything"]);
    assert_eq!(ran.stderr.matches("everything").count(), 1, "{}", ran.stderr);
    refused(&sandbox, &["init", "--agent", "cluade"], &["cluade", "claude"]);
    sandbox.write("alfine.toml", "[limits\n");
    refused(&sandbox, &["run", TASK], &["alfine.toml"]);
    sandbox.write("alfine.toml", "[limits]\niteratoins = 3\n");
    refused(&sandbox, &["run", TASK], &["iteratoins", "iterations"]);
    sandbox.write("alfine.toml", "[lint]\nmax_fils = 3\n");
    let ran = sandbox.alfine(&["run", TASK, "--json"]).expect(0);
    assert!(ran.stderr.contains("max_fils") && ran.stderr.contains("max_files"), "{}", ran.stderr);
}

#[test]
fn a_plan_without_a_task_says_how_to_write_one() {
    let sandbox = with_plan("# Plan\n\nOnly words.\n", json!([done()]));
    refused(&sandbox, &["run", "PLAN.md"], &["has no task", "there is only text", "### US-001"]);
    let said = sandbox.alfine(&["status"]).expect(0).stdout;
    assert!(said.contains("PLAN.md\n  No task is read in this plan: there is only text"), "{said}");
    sandbox.write("PLAN.md", "# Plan\n\n- one\n- two\n");
    let said = sandbox.alfine(&["lint", "PLAN.md"]).expect(0).stdout;
    assert!(
        said.contains("PLAN.md:3:1: warning [plan-without-tasks]") && said.contains("fix: Make tasks"),
        "{said}"
    );
    // Which of a plan's bullets are its tasks is not decided unasked.
    sandbox.alfine(&["lint", "PLAN.md", "--fix"]).expect(0);
    assert_eq!(sandbox.read("PLAN.md"), "# Plan\n\n- one\n- two\n");
    sandbox.write("prd.json", "{\n  \"userStories\": []\n}\n");
    let said = sandbox.alfine(&["lint", "prd.json"]).expect(0).stdout;
    assert!(said.contains("its list `userStories` is empty"), "{said}");
}

#[test]
fn a_task_that_its_plan_gives_up_is_skipped() {
    let plan = "### T1: A\nStatus: dropped\n\n### ✅ T2: B\n\n### T3: C\nDepends on: T1\n- [ ] c\n";
    let sandbox = with_plan(plan, json!([done()]));
    let said = sandbox.alfine(&["status", "--json"]).expect(0).stdout;
    let tasks = serde_json::from_str::<serde_json::Value>(&said).unwrap()["tasks"].take();
    let of = |key: &str| tasks.as_array().unwrap().iter().map(|task| task[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("status"), ["skipped", "done", "ready"]);
}
