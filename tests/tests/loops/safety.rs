//! What a repository may run, and what is kept from the agent and from the logs.

use super::*;
use std::path::Path;

const CHECKED: &str =
    "# Plan\n\n### US-001: Add a table\n\nAcceptance criteria:\n- [ ] It is there: `test -e work.txt`\n";

#[test]
fn commands_that_nobody_allowed_are_listed_and_nothing_is_made() {
    let mut sandbox = Sandbox::with_repository(&[
        ("PLAN.md", CHECKED),
        (
            "alfine.toml",
            "[worktree]\nsetup = \"touch set-up\"\n[[verifiers]]\nname = \"mine\"\ncommand = \"true # mine\"\n",
        ),
    ]);
    sandbox.fake_agent(&json!({"runs": [done()]}));
    for command in ["run", "start"] {
        let ran = sandbox.alfine(&[command, TASK]).expect(2);
        for words in ["test -e work.txt", "touch set-up", "true # mine", "alfine trust PLAN.md", "--trust"] {
            assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
        }
    }
    assert_eq!(sandbox.agent_runs().len(), 0);
    assert_eq!(sandbox.task(TASK)["status"], "ready");
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
}

#[test]
fn what_is_trusted_runs_and_a_changed_command_asks_again() {
    let sandbox = with_plan(CHECKED, json!([done()]));
    let listed = sandbox.alfine(&["trust", "PLAN.md", "--list"]).expect(0).stdout;
    assert!(listed.contains("not allowed") && listed.contains("test -e work.txt"), "{listed}");
    sandbox.alfine(&["run", TASK]).expect(2);
    sandbox.alfine(&["trust", "PLAN.md", "--yes"]).expect(0);
    sandbox.alfine(&["run", TASK, "--json"]).expect(0);
    sandbox.alfine(&["discard", TASK, "--yes"]).expect(0);

    sandbox.write("PLAN.md", &CHECKED.replace("test -e work.txt", "test -e work.txt; true"));
    let ran = sandbox.alfine(&["run", TASK]).expect(2);
    assert!(ran.stderr.contains("test -e work.txt; true"), "{}", ran.stderr);
    sandbox.write("PLAN.md", CHECKED);
    sandbox.alfine(&["run", TASK]).expect(0);
    sandbox.alfine(&["trust", "--revoke"]).expect(0);
    sandbox.alfine(&["discard", TASK, "--yes"]).expect(0);
    sandbox.alfine(&["run", TASK]).expect(2);
}

#[test]
fn a_whole_plan_begins_when_all_that_it_would_run_is_allowed() {
    let plan = "# P\n\n### T1: One\n\n- [ ] a: `test -e a`\n\n### T2: Two\n\nDepends on: T1\n\n- [ ] b: `test -e b`\n";
    for command in ["run", "start"] {
        let sandbox = with_plan(plan, json!([[write("a", "1"), ready()], [write("b", "1"), ready()]]));
        let ran = sandbox.alfine(&[command, "PLAN.md"]).expect(2);
        assert!(ran.stderr.contains("test -e a") && ran.stderr.contains("test -e b"), "{}", ran.stderr);
        assert_eq!(sandbox.agent_runs().len(), 0);
    }
    let sandbox = with_plan(plan, json!([[write("a", "1"), ready()], [write("b", "1"), ready()]]));
    let ran = sandbox.alfine(&["run", "PLAN.md#T1"]).expect(2);
    assert!(!ran.stderr.contains("test -e b"), "{}", ran.stderr);
    sandbox.alfine(&["run", "PLAN.md", "--trust"]).expect(0);
    assert_eq!(sandbox.task("PLAN.md#T2")["status"], "done");
}

#[test]
fn an_agent_may_look_at_loops_and_steer_none() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    let alfine = alfine_tests::sandbox::alfine();
    let commands = [
        "continue PLAN.md#US-001 -i 50",
        "answer PLAN.md#US-001 yes",
        "trust PLAN.md --yes",
        "run PLAN.md",
        "status",
    ];
    let shell: Vec<String> = commands
        .iter()
        .map(|command| format!("{} {command} >>said.txt 2>&1; echo \"$?\" >>said.txt", alfine.display()))
        .collect();
    sandbox.fake_agent(&json!({"runs": [[{"shell": shell.join("; ")}, ready()]]}));
    let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0).task();
    assert_eq!((task["status"].as_str(), task["maxIterations"].as_u64()), (Some("done"), Some(10)));
    let said =
        std::fs::read_to_string(Path::new(task["worktree"].as_str().unwrap()).join("said.txt")).unwrap();
    let refusals = said.matches("may not steer its own or another loop").count();
    let statuses: Vec<&str> = said.lines().filter(|line| line.len() == 1).collect();
    assert_eq!((refusals, statuses), (4, vec!["2", "2", "2", "2", "0"]), "{said}");
}

/// Whether a text stands in any file that Alfine wrote.
fn is_written(sandbox: &Sandbox, text: &str) -> Option<std::path::PathBuf> {
    let mut folders = vec![sandbox.repo().join(".git/alfine"), sandbox.path().join("home")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if std::fs::read(entry.path())
                .unwrap_or_default()
                .windows(text.len())
                .any(|window| window == text.as_bytes())
            {
                return Some(entry.path());
            }
        }
    }
    None
}

#[test]
fn a_secret_of_the_environment_reaches_neither_the_agent_nor_what_is_kept() {
    const SECRET: &str = "hunter2-very-secret-value";
    let mut sandbox = Sandbox::with_repository(&[(
        "PLAN.md",
        "# Plan\n\n### US-001: Add a table\n\nAcceptance criteria:\n- [ ] Fails once: `cat leak.txt; test -e fixed`\n",
    )]);
    sandbox.env.push(("MY_API_TOKEN".into(), SECRET.into()));
    sandbox.env.push(("ANTHROPIC_API_KEY".into(), "sk-ant-of-the-agent-0123456789".into()));
    let leak = format!("the token is {SECRET}");
    sandbox.fake_agent(&json!({"record_env": ["MY_API_TOKEN"], "runs": [
        [{"text": leak}, {"thinking": leak}, {"shell": "echo \"env: $MY_API_TOKEN.\""},
            {"shell": format!("echo hunter2-very-; echo {SECRET}")},
            {"gate": {"ready": true, "reason": leak, "progress": leak}}, {"stderr": leak}],
        [{"shell": "touch fixed"}, {"gate": {"ready": true, "reason": leak}}],
    ]}));
    // A check that prints it: the worktree has the file by the repository, not by the agent.
    sandbox.write("leak.txt", &leak);
    sandbox.git(&["add", "leak.txt"]);
    sandbox.git(&["commit", "-qm", "second"]);
    let ran = run(&sandbox).expect(0);
    assert!(!ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET), "{}", ran.stdout);

    let runs = sandbox.agent_runs();
    assert_eq!(runs[0]["env"].get("MY_API_TOKEN"), None);
    assert_eq!(runs[0]["env"]["ANTHROPIC_API_KEY"], "sk-ant-of-the-agent-0123456789");
    assert!(prompt(&runs[1]).contains("the token is"), "{}", prompt(&runs[1]));
    assert!(!prompt(&runs[1]).contains(SECRET), "{}", prompt(&runs[1]));
    let transcript = sandbox.alfine(&["log", TASK, "--transcript"]).stdout;
    assert!(
        transcript.contains("the token is") && transcript.contains("env: .") && !transcript.contains(SECRET)
    );
    assert!(!sandbox.alfine(&["log", TASK, "--json"]).stdout.contains(SECRET));
    std::fs::remove_file(std::path::Path::new(ran.task()["worktree"].as_str().unwrap()).join("leak.txt"))
        .unwrap();
    std::fs::remove_dir_all(sandbox.path().join("home/data/alfine/benches")).unwrap();
    assert_eq!(is_written(&sandbox, SECRET), None);
    let message = sandbox.git(&["log", "--all", "--format=%B"]);
    assert!(!message.contains(SECRET), "{message}");
}

#[test]
fn no_command_goes_on_with_a_loop_whose_commands_are_not_allowed_any_more() {
    let sandbox = with_plan(
        &format!("{CHECKED}- [ ] Enough\n"),
        json!([[write("work.txt", "x"), {"gate": {"ready": false, "reason": "stuck", "question": "Which?"}}]]),
    );
    sandbox.write("alfine.toml", "[worktree]\nsetup = \"touch set-up\"\n");
    sandbox.alfine(&["run", TASK, "--trust", "-i", "1"]);
    let before = sandbox.task(TASK)["status"].clone();
    assert_eq!(before, "needs_input");
    sandbox.alfine(&["trust", "--revoke"]).expect(0);
    for arguments in [&["answer", TASK, "the first"][..], &["continue", TASK], &["fork", TASK, "0"]] {
        let ran = sandbox.alfine(arguments).expect(2);
        assert!(
            ran.stderr.contains("test -e work.txt") && ran.stderr.contains("touch set-up"),
            "{arguments:?}: {}",
            ran.stderr
        );
        assert_eq!(sandbox.task(TASK)["status"], before);
    }
    assert_eq!(sandbox.agent_runs().len(), 1);
}

#[test]
fn nothing_is_allowed_where_nobody_can_read_it() {
    let sandbox = with_plan(CHECKED, json!([done()]));
    let ran = sandbox.alfine(&["trust", "PLAN.md"]).expect(2);
    assert!(
        ran.stdout.contains("test -e work.txt") && ran.stderr.contains("--yes"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    sandbox.alfine(&["run", TASK]).expect(2);
}

#[test]
fn the_users_own_checks_need_no_approval_and_a_repository_that_merges_by_itself_does() {
    let sandbox = playing(json!([done()]));
    sandbox.settings("[[verifiers]]\nname = \"mine\"\ncommand = \"test -e work.txt\"\n");
    sandbox.write("alfine.toml", "on_done = \"merge\"\n");
    let ran = sandbox.alfine(&["run", TASK]).expect(2);
    assert!(
        ran.stderr.contains("on_done = \"merge\"") && !ran.stderr.contains("test -e work.txt"),
        "{}",
        ran.stderr
    );
    std::fs::remove_file(sandbox.repo().join("alfine.toml")).unwrap();
    assert_eq!(sandbox.alfine(&["run", TASK, "--json"]).expect(0).task()["status"], "done");
}

#[test]
fn checks_and_the_setup_do_not_get_the_agents_keys() {
    let mut sandbox = Sandbox::with_repository(&[(
        "PLAN.md",
        "# Plan\n\n### US-001: Add a table\n\nAcceptance criteria:\n- [ ] Clean: `test -z \"$ANTHROPIC_API_KEY\"`\n",
    )]);
    sandbox.env.push(("ANTHROPIC_API_KEY".into(), "sk-ant-of-the-agent-0123456789".into()));
    sandbox.fake_agent(&json!({"runs": [done()]}));
    sandbox.settings("[worktree]\nsetup = \"test -z \\\"$ANTHROPIC_API_KEY\\\"\"\n");
    run(&sandbox).expect(0);
    assert_eq!(sandbox.agent_runs()[0]["env"]["ANTHROPIC_API_KEY"], "sk-ant-of-the-agent-0123456789");
}

#[test]
fn a_filter_gets_no_secret_and_one_that_the_agent_configures_does_not_run() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    sandbox.env.push(("MY_API_TOKEN".into(), "hunter2-very-secret-value".into()));
    let (environment, ran) = (sandbox.path().join("environment"), sandbox.path().join("ran"));
    sandbox.git(&["config", "filter.users.clean", &format!("env > '{}'; cat", environment.display())]);
    let agents = format!("git config filter.agents.clean \"touch '{}'; cat\"", ran.display());
    sandbox.fake_agent(&json!({"runs": [[
        {"shell": agents},
        write(".gitattributes", "*.big filter=users\n*.txt filter=agents\n"),
        write("x.big", "big\n"),
        write("work.txt", "work\n"),
        ready(),
    ], done()]}));
    let ran_loop = run(&sandbox).expect(0);
    let skipped = ran_loop.events("checkpoint_skipped");
    assert!(
        skipped.iter().any(|event| event.to_string().contains("work.txt (only its filter")),
        "{skipped:?}"
    );
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!(sandbox.read("work.txt"), "work\n");
    let environment = std::fs::read_to_string(environment).unwrap();
    assert!(environment.contains("PATH=") && !environment.contains("hunter2"), "{environment}");
    assert!(!ran.exists());

    // The user's word makes it one that runs, and says which it is.
    sandbox.write("OTHER.md", PLAN);
    let next = sandbox.alfine(&["run", "OTHER.md#US-001", "--trust"]).expect(0);
    assert!(next.stderr.contains("git's filter agents is new or changed"), "{}", next.stderr);
    assert!(!next.stderr.contains("filter users"), "{}", next.stderr);
    assert!(ran.exists());
}

#[test]
fn a_repository_or_a_plan_raises_no_limit_of_the_users_unasked() {
    let theirs = "[limits]\ncost_usd = 100000.0\n";
    let plan = "# Plan\n\n### US-001: Add a table\n\nMax iterations: 20\n\nWrite it.\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan), ("alfine.toml", theirs)]);
    sandbox.fake_agent(&json!({"runs": [done()]}));
    sandbox.settings("[limits]\ncost_usd = 1.0\niterations = 5\n");
    let asked = sandbox.alfine(&["run", TASK]).expect(2).stderr;
    for words in ["limits.cost_usd = 100000", "alfine.toml", "limits.iterations = 20", "PLAN.md#US-001"] {
        assert!(asked.contains(words), "{words}: {asked}");
    }
    let asked = sandbox.alfine(&["run", TASK, "--max-cost", "3"]).expect(2).stderr;
    assert!(!asked.contains("cost_usd") && asked.contains("limits.iterations = 20"), "{asked}");
    assert_eq!(sandbox.agent_runs().len(), 0);
    sandbox.alfine(&["run", TASK, "--max-cost", "3", "-i", "7", "--json"]).expect(0);

    sandbox.alfine(&["discard", TASK, "--yes"]).expect(0);
    sandbox.alfine(&["trust", "PLAN.md", "--yes"]).expect(0);
    let task = sandbox.alfine(&["run", TASK, "--json"]).expect(0).task();
    assert_eq!(rule(&task, "cost")["limit"], 100_000.0);
}

#[test]
fn a_limit_that_says_nothing_starts_nothing() {
    for (field, told) in [
        ("Max cost: five", "PLAN.md:5:11: “five” is not a valid value for Max cost"),
        ("Max cost: 1,50", "PLAN.md:5:11: “1,50” is not a valid value for Max cost"),
        ("Max cost: -1", "PLAN.md:5:11: “-1” is not a valid value for Max cost"),
        ("Max cost: nan", "PLAN.md:5:11: “nan” is not a valid value for Max cost"),
        ("Max cost: 0", "PLAN.md:5:11: “0” is not a valid value for Max cost"),
        ("Max iterations: x", "PLAN.md:5:17: “x” is not a valid value for Max iterations"),
    ] {
        let plan =
            format!("# Plan\n\n### US-001: Add a table\n\n{field}\n\nWrite it.\n\n### US-002: Add a page\n");
        let sandbox = with_plan(&plan, json!([done()]));
        for command in [["run", TASK], ["start", TASK]] {
            let ran = sandbox.alfine(&command).expect(2);
            assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
        }
        assert_eq!(sandbox.agent_runs().len(), 0);
        sandbox.alfine(&["run", "PLAN.md#US-002"]).expect(0);
    }
    let front = "---\nmax_cost: five\n---\n# Plan\n\n### US-001: Add a table\n";
    let sandbox = with_plan(front, json!([done()]));
    let ran = sandbox.alfine(&["run", TASK]).expect(2);
    assert!(ran.stderr.contains("PLAN.md:2:11: “five” is not a valid value for Max cost"), "{}", ran.stderr);

    let sandbox = playing(json!([done()]));
    sandbox.settings("[limits]\nmax_cost = 1.0\n");
    let ran = sandbox.alfine(&["run", TASK]).expect(2);
    assert!(ran.stderr.contains("`limits.max_cost`; did you mean limits.cost_usd?"), "{}", ran.stderr);
}

#[test]
fn no_mask_reaches_what_a_loop_is_read_back_by() {
    const CARD: &str = "4111111111111111";
    for password in ["iteration", "cost_usd", "breaker."] {
        let told = json!({"gate": {"ready": false, "reason": format!("paid with {CARD}")}});
        let mut sandbox =
            playing(json!([[write("a", "1"), told, {"result": {"cost": 0.25, "input": 1}}], done()]));
        sandbox.settings("[safety]\nmask = ['\\b[0-9]{13,16}\\b']\n");
        sandbox.env.push(("DB_PASSWORD".into(), password.into()));
        sandbox.alfine(&["run", TASK, "--json", "-i", "1"]).expect(3);
        let state: String =
            sandbox.database().query_row("SELECT state FROM loop", [], |row| row.get(0)).unwrap();
        assert!(state.contains("paid with [masked]") && !state.contains(CARD), "{state}");
        let task = sandbox.alfine(&["continue", TASK, "--json", "-i", "3"]).expect(0).task();
        assert_eq!(
            (task["status"].as_str(), rule(&task, "cost")["count"].as_f64()),
            (Some("done"), Some(0.25))
        );
    }
}
