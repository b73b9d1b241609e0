//! The commands around a loop.

use super::*;

fn last(ran: &Ran) -> Value {
    ran.json().pop().unwrap_or_default()
}

#[test]
fn lint_tells_findings_at_their_places_and_fails_on_errors() {
    let sandbox = Sandbox::with_repository(&[
        (
            "PLAN.md",
            "# Plan\n\n### US-001: Add a table\nDepends on: US-009\n\nAcceptance criteria:\n- [ ] works correctly\n",
        ),
        ("good.plan.md", "# Plan\n\n### US-001: Add a table\n\nAcceptance criteria:\n- [ ] Builds: `make`\n"),
    ]);
    let ran = sandbox.alfine(&["lint", "PLAN.md", "--json"]).expect(1);
    let told = last(&ran);
    let findings = told["findings"].as_array().unwrap();
    let unknown = findings.iter().find(|finding| finding["code"] == "dependency-unknown").expect(&ran.stdout);
    assert_eq!((unknown["severity"].as_str(), unknown["line"].as_u64()), (Some("error"), Some(4)));
    assert!(findings.iter().any(|finding| finding["code"] == "criterion-vague"), "{told}");
    let words = sandbox.alfine(&["lint", "PLAN.md"]).expect(1).stdout;
    assert!(words.contains("PLAN.md:4:") && words.contains("[dependency-unknown]"), "{words}");
    sandbox.alfine(&["lint", "good.plan.md"]).expect(0);
}

#[test]
fn gate_says_how_a_message_is_read() {
    let sandbox = Sandbox::with_repository(&[]);
    for (message, verdict) in [
        ("<COMPLETION_GATE>\nready: true\n</COMPLETION_GATE>", "ready"),
        ("<COMPLETION_GATE>\nready: false\n</COMPLETION_GATE>", "not_ready"),
        ("<COMPLETION_GATE>\nready: true\nquestion: \"which?\"\n</COMPLETION_GATE>", "contradictory"),
        ("<COMPLETION_GATE>\nready: true|false\n</COMPLETION_GATE>", "malformed"),
        ("I am done.", "missing"),
    ] {
        sandbox.write("message.txt", message);
        let told = last(&sandbox.alfine(&["gate", "message.txt", "--json"]).expect(0));
        assert_eq!(told["verdict"], verdict, "{told}");
        assert!(!told["why"].as_str().unwrap().is_empty());
        let words = sandbox.alfine(&["gate", "message.txt"]).expect(0).stdout;
        assert!(words.starts_with(&format!("{verdict}: ")), "{words}");
    }
    sandbox.alfine(&["gate", "no-such.txt"]).expect(2);
}

#[test]
fn init_writes_settings_and_a_plan_that_can_be_run_and_keeps_what_is_there() {
    let mut sandbox = Sandbox::with_repository(&[("package.json", "{\"scripts\": {\"test\": \"true\"}}\n")]);
    let ran = sandbox.alfine(&["init"]).expect(0);
    assert!(ran.stdout.contains("alfine.toml") && ran.stdout.contains("PLAN.md"), "{}", ran.stdout);
    let settings = sandbox.read("alfine.toml");
    assert!(settings.lines().count() < 20 && settings.contains("npm test"), "{settings}");
    sandbox.alfine(&["lint", "PLAN.md"]).expect(0);
    let again = sandbox.alfine(&["init"]).expect(0).stdout;
    assert!(again.contains("kept"), "{again}");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "init"]);
    sandbox.fake_agent(&json!({"runs": [done()]}));
    sandbox.write("package.json", "{}\n");
    sandbox.git(&["commit", "-qam", "no test"]);
    sandbox.alfine(&["run", "PLAN.md", "--trust", "--json"]).expect(0);
}

#[test]
fn doctor_tells_what_it_checked_with_remedies() {
    let sandbox = playing(json!([done()]));
    let ran = sandbox.alfine(&["doctor", "--json"]);
    assert!(ran.code() <= 1 && !ran.json().is_empty(), "{ran:?}");
    sandbox.settings("[agents.claude.env]\nNO = 1\n");
    let broken = sandbox.alfine(&["doctor"]);
    assert!(
        broken.code() != 0 && format!("{}{}", broken.stdout, broken.stderr).contains("config.toml"),
        "{broken:?}"
    );
}

#[test]
fn gc_lists_what_is_left_and_removes_it_only_when_told() {
    let sandbox = playing(json!([[write("a", "1"), not_ready()], done()]));
    assert!(sandbox.alfine(&["gc"]).expect(0).stdout.contains("nothing is left"));
    sandbox.alfine(&["run", TASK, "-i", "1"]).expect(3);
    let branch = sandbox.task(TASK)["branch"].as_str().unwrap().to_owned();
    let kept = sandbox.alfine(&["gc", "--remove"]).expect(0).stdout;
    assert!(!kept.contains("removed"), "a loop that can go on is not left over: {kept}");
    sandbox.alfine(&["continue", TASK, "-i", "2"]).expect(0);
    sandbox.alfine(&["merge", TASK]).expect(0);
    sandbox.git(&["branch", &branch]);
    let listed = sandbox.alfine(&["gc"]).expect(0).stdout;
    assert!(listed.contains(&branch) && listed.contains("gc --remove"), "{listed}");
    sandbox.alfine(&["gc", "--remove"]).expect(0);
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/heads"]), "refs/heads/main");
    assert!(!sandbox.git(&["for-each-ref", "refs/alfine"]).is_empty());
}

#[test]
fn gc_goes_on_after_what_it_cannot_remove_and_says_so() {
    let sandbox = playing(json!([done()]));
    run(&sandbox).expect(0);
    let folder = sandbox.path().join("home/data/alfine/worktrees");
    let task = sandbox.task(TASK);
    let worktree = std::path::PathBuf::from(task["worktree"].as_str().unwrap());
    assert!(worktree.starts_with(&folder));
    std::fs::create_dir(worktree.join("nested")).unwrap();
    let mut git = sandbox.command("git");
    assert!(git.current_dir(worktree.join("nested")).args(["init", "-q"]).status().unwrap().success());
    sandbox.git(&["branch", "alfine/PLAN/US-999"]);
    std::fs::remove_file(sandbox.repo().join(".git/alfine/state.db")).unwrap();

    let ran = sandbox.alfine(&["gc", "--remove"]).expect(1);
    assert!(ran.stdout.contains("could not remove PLAN/US-001 (unknown): worktree"), "{ran:?}");
    assert!(ran.stderr.contains("nested (a repository of its own)"), "{ran:?}");
    assert!(ran.stdout.contains("removed PLAN/US-999 (unknown): branch"), "{ran:?}");
    assert!(worktree.join("work.txt").exists());
}

#[test]
fn completions_and_settings_are_printed() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(sandbox.alfine(&["completions", shell]).expect(0).stdout.contains("alfine"));
    }
    assert!(sandbox.alfine(&["settings"]).expect(0).stdout.contains("| `iterations` | `10` |"));
    let schema = sandbox.alfine(&["settings", "--schema"]).expect(0).stdout;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert!(schema["properties"]["limits"].is_object());

    let one = sandbox.alfine(&["settings", "limits.iterations"]).expect(0).stdout;
    let lines: Vec<&str> = one.lines().collect();
    assert_eq!(
        lines,
        [
            "limits.iterations",
            "  How many iterations a loop may have. Only iterations that are judged count. The hard limit is 50.",
            "  Takes a whole number from 1 to 50. Default: 10."
        ]
    );
    let told = |arguments: &[&str]| {
        let settings = sandbox.alfine(arguments).expect(0).json().remove(0)["settings"].take();
        settings.as_array().unwrap().clone()
    };
    let limits = told(&["settings", "limits", "--json"]);
    assert!(limits.iter().all(|setting| setting["name"].as_str().unwrap().starts_with("limits.")));
    assert_eq!((&limits[0]["name"], &limits[0]["default"]), (&json!("limits.iterations"), &json!(10)));
    let all = told(&["settings", "--json"]);
    assert!(all.len() > limits.len() && all.iter().any(|setting| setting["name"] == "agents.<name>.model"));
    let refused = sandbox.alfine(&["settings", "limits.iteration"]).expect(2).stderr;
    assert!(refused.contains("did you mean limits.iterations?"), "{refused}");
}

#[test]
fn doctor_names_a_missing_agent_with_its_remedy_and_the_place_of_a_broken_setting() {
    let sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    let check = |name: &str| {
        let checks = sandbox.alfine(&["doctor", "--json"]).expect(1).json().remove(0)["checks"].take();
        checks.as_array().unwrap().iter().find(|check| check["name"] == name).expect("the check").clone()
    };
    sandbox.settings("[agents.claude]\ncommand = \"/nowhere/claude\"\n");
    let agent = check("claude");
    assert_eq!(agent["state"], "error");
    assert!(agent["found"].as_str().unwrap().contains("/nowhere/claude"), "{agent}");
    assert!(agent["remedy"].as_str().unwrap().starts_with("install it: "), "{agent}");

    sandbox.write("alfine.toml", "permissions = \"edits\"\n[limits\n");
    let settings = check("settings");
    assert_eq!(settings["state"], "error");
    assert!(settings["found"].as_str().unwrap().contains("alfine.toml:2:"), "{settings}");
}
