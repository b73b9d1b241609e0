//! The tree that was checked is the one that lands.

use super::*;
use std::{fs, path::Path};

#[test]
fn work_that_no_commit_can_hold_is_not_done() {
    let plan = "# P\n\n### US-001: An app\n\n- [ ] it is there: `test -f app/main.py`\n";
    let sandbox = with_plan(
        plan,
        json!([
            [{"shell": "mkdir app; git init -q app; echo 1 > app/main.py"}, ready()],
            [{"shell": "rm -rf app/.git"}, ready()],
        ]),
    );
    let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(2)));
    let runs = sandbox.agent_runs();
    assert!(prompt(&runs[1]).contains("remove app/.git"), "{}", prompt(&runs[1]));
    let branch = task["branch"].as_str().unwrap();
    assert_eq!(sandbox.git(&["show", &format!("{branch}:app/main.py")]), "1");
}

#[test]
fn what_the_setup_brings_that_no_commit_can_hold_is_no_work() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] it is there: `test -f a -a -f vendor/lib`\n";
    let sandbox = with_plan(plan, json!([[write("a", "1"), ready()]]));
    sandbox.settings("[worktree]\nsetup = \"git init -q vendor && touch vendor/lib\"\n");
    let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(1)));
}

#[test]
fn a_check_that_passes_by_what_another_one_left_behind_does_not_pass() {
    let plan =
        "# P\n\n### US-001: Work\n\n- [ ] gen: `echo ok > gen.txt`\n- [ ] proven: `grep -q ok gen.txt`\n";
    let played = |settings: &str| {
        let runs = json!([[write("x.txt", "1"), ready()], [write("gen.txt", "ok\n"), ready()]]);
        let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan), ("alfine.toml", settings)]);
        sandbox.fake_agent(&json!({"runs": runs}));
        let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0).task();
        assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(2)));
        prompt(&sandbox.agent_runs()[1]).to_owned()
    };
    let told = played("");
    assert!(told.contains("grep -q ok gen.txt"), "{told}");
    // Where all run in the agent's own tree, it is said what one had from the other.
    let told = played("[proof]\ncontrol = \"off\"\n");
    assert!(told.contains("left in gen.txt, which are not part of the work"), "{told}");
}

#[test]
fn a_check_that_leaves_files_behind_passes_on_its_own() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] one: `test -f x.txt && date > stamp.txt`\n- [ ] two: `test -f x.txt`\n";
    let sandbox = with_plan(plan, json!([[write("x.txt", "1"), ready()]]));
    let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0).task();
    assert_eq!((task["status"].as_str(), task["iteration"].as_u64()), (Some("done"), Some(1)));
    let branch = task["branch"].as_str().unwrap();
    assert_eq!(sandbox.git(&["ls-tree", "--name-only", branch]), "PLAN.md\nx.txt");
}

/// The states of a task's criteria.
fn states(task: &Value) -> Vec<&str> {
    task["criteria"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect()
}

#[test]
fn each_criterion_says_what_it_rests_on_until_the_work_changes() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] it is there: `test -f work.txt`\n- [ ] history: `git rev-parse HEAD`\n- [ ] It is nice\n";
    let sandbox = with_plan(plan, json!([done()]));
    let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0).task();
    assert_eq!(states(&task), ["proven", "guard", "open"], "{task:#}");
    assert_eq!(task["proof"], "proven");
    assert!(task["summary"].as_str().unwrap().starts_with("done, proven · "), "{}", task["summary"]);
    let branch = task["branch"].as_str().unwrap();
    let tree = |of: &str| sandbox.git(&["rev-parse", &format!("{of}^{{tree}}")]);
    let (proof, work) = (&task["criteria"][0]["proof"], tree(branch));
    let [red, green] = [&proof["red"], &proof["green"]];
    assert_eq!(
        (&red["tree"], &red["exit"], &red["answer"]),
        (&json!(tree("main")), &json!(1), &json!("failed"))
    );
    assert_eq!(
        (&green["tree"], &green["exit"], &green["answer"]),
        (&json!(work), &json!(0), &json!("passed"))
    );
    assert_eq!(proof["why"], format!("proven: red at the base, green in {}", &work[..7]));
    assert_eq!(task["criteria"][1]["proof"]["red"]["answer"], "passed", "a guard was green before");
    let shown = sandbox.alfine(&["status", TASK]).expect(0).stdout;
    assert!(shown.contains("done, proven") && shown.contains("[guard] history"), "{shown}");

    let worktree = Path::new(task["worktree"].as_str().unwrap());
    fs::write(worktree.join("work.txt"), "something else").unwrap();
    let changed = sandbox.task(TASK);
    assert_eq!((states(&changed), &changed["proof"]), (vec!["stale", "stale", "open"], &json!("stale")));
    // Set back, it is what was proven; committed, it is not.
    let there = worktree.to_str().unwrap();
    sandbox.git(&["-C", there, "checkout", "-q", "--", "work.txt"]);
    assert_eq!(sandbox.task(TASK)["proof"], "proven");
    fs::write(worktree.join("more.txt"), "more").unwrap();
    sandbox.git(&["-C", there, "add", "-A"]);
    sandbox.git(&["-C", there, "commit", "-q", "-m", "more"]);
    assert_eq!(sandbox.task(TASK)["proof"], "stale");
}

#[test]
fn what_the_user_took_is_approved_as_long_as_it_stays_so() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] history: `git rev-parse HEAD`\n- [ ] It is nice\n";
    let sandbox = with_plan(plan, json!([done()]));
    sandbox.settings("autonomy = \"manual\"\n");
    sandbox.git(&["config", "user.name", "Ada"]);
    sandbox.git(&["config", "user.email", "ada@example.com"]);
    let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(4).task();
    assert_eq!(states(&task), ["guard", "open"], "{task:#}");
    assert_eq!(task.get("proof"), None, "it is not done");
    sandbox.alfine(&["answer", TASK, "--approve"]).expect(0);
    wait_for_status(&sandbox, "done");
    let task = sandbox.task(TASK);
    assert_eq!((states(&task), &task["proof"]), (vec!["guard", "approved"], &json!("approved")));
    assert!(task["summary"].as_str().unwrap().starts_with("done, approved by you"), "{}", task["summary"]);
    let given = &task["criteria"][1]["proof"]["approved"];
    assert_eq!(given["by"], "Ada");
    assert_eq!(
        given["tree"],
        sandbox.git(&["rev-parse", &format!("{}^{{tree}}", task["branch"].as_str().unwrap())])
    );
    assert!(given["at"].as_i64().unwrap() > 0);

    let worktree = Path::new(task["worktree"].as_str().unwrap());
    fs::write(worktree.join("more.txt"), "more").unwrap();
    let changed = sandbox.task(TASK);
    assert_eq!((states(&changed), &changed["proof"]), (vec!["stale", "stale"], &json!("stale")));
}

#[test]
fn a_task_whose_checks_nobody_controlled_says_so() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] it is there: `test -f work.txt`\n";
    let mut sandbox =
        Sandbox::with_repository(&[("PLAN.md", plan), ("alfine.toml", "[proof]\ncontrol = \"off\"\n")]);
    sandbox.fake_agent(&json!({"runs": [done()]}));
    let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0).task();
    assert_eq!((states(&task), &task["proof"]), (vec!["unproven"], &json!("uncontrolled")));
    assert!(task["summary"].as_str().unwrap().starts_with("done, not controlled"), "{}", task["summary"]);
}

#[test]
fn the_proof_of_a_task_is_shown_and_lands_with_it() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] it is there: `test -f work.txt`\n- [ ] history: `git rev-parse HEAD`\n- [ ] It is nice\n";
    let sandbox = with_plan(plan, json!([done()]));
    let untouched = sandbox.alfine(&["proof", TASK]).expect(2);
    assert!(untouched.stderr.contains("US-001"), "{}", untouched.stderr);
    let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0).task();
    let branch = task["branch"].as_str().unwrap();
    let base = sandbox.git(&["rev-parse", "main^{tree}"]);

    let shown = sandbox.alfine(&["proof", TASK]).expect(0).stdout;
    assert!(shown.contains("done, proven, 1 of 3 proven, 1 guard"), "{shown}");
    assert!(shown.contains("[proven] it is there") && shown.contains("[open] It is nice"), "{shown}");
    assert!(shown.contains(&format!("base: failed in {}, exit status 1", &base[..7])), "{shown}");
    let json = sandbox.alfine(&["proof", TASK, "--json"]).expect(0);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    let first = &json["lines"][0];
    assert_eq!((&json["proof"], &first["state"]), (&json!("proven"), &json!("proven")));
    assert_eq!(
        (&first["check"], &first["controls"][0]["control"]),
        (&json!("test -f work.txt"), &json!("base"))
    );
    assert_eq!(first["controls"][0]["tree"], base);
    let markdown = sandbox.alfine(&["proof", TASK, "--markdown"]).expect(0).stdout;
    assert!(markdown.starts_with("## Proof: 1 of 3 proven, 1 guard\n\n| criterion |"), "{markdown}");

    let trailer = |of: &str, what: &str| {
        sandbox.git(&["log", "-1", what, "--format=%(trailers:key=Alfine-Proof,valueonly)", of])
    };
    assert_eq!(trailer(branch, "--no-merges"), "1 of 3 proven, 1 guard");
    sandbox.write("other.txt", "other");
    sandbox.git(&["add", "other.txt"]);
    sandbox.git(&["commit", "-q", "-m", "meanwhile"]);
    sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!(trailer("main", "--merges"), "1 of 3 proven, 1 guard");
    let merged = sandbox.task(TASK);
    assert!(merged["summary"].as_str().unwrap().starts_with("merged, proven"), "{}", merged["summary"]);
}

#[test]
fn checks_are_run_when_the_user_wants_to_know_what_they_say() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] it is there: `test -f work.txt`\n- [ ] history: `git rev-parse HEAD`\n- [ ] It is nice\n";
    let sandbox = with_plan(plan, json!([done()]));
    let refused = sandbox.alfine(&["check", "PLAN.md"]).expect(2);
    assert!(refused.stderr.contains("alfine trust"), "{}", refused.stderr);
    sandbox.alfine(&["trust", "PLAN.md", "--yes"]).expect(0);
    let answers = |arguments: &[&str]| -> Vec<String> {
        let ran = sandbox.alfine(arguments).expect(0);
        let json: Value = serde_json::from_str(&ran.stdout).unwrap();
        let checks = json["checks"].as_array().unwrap().iter();
        checks.map(|one| one["run"]["answer"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(answers(&["check", "PLAN.md", "--json"]), ["failed", "passed"]);
    let shown = sandbox.alfine(&["check", TASK]).expect(0).stdout;
    assert!(shown.contains("1 of 2 pass already"), "{shown}");
    // What is not committed counts, unless the base is asked.
    sandbox.write("work.txt", "there");
    assert_eq!(answers(&["check", "PLAN.md", "--json"]), ["passed", "passed"]);
    assert_eq!(answers(&["check", "PLAN.md", "--base", "--json"]), ["failed", "passed"]);
}

#[test]
fn what_checks_need_is_made_ready_before_each_run() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] it is there: `sh check.sh`\n";
    let mut sandbox = Sandbox::with_repository(&[
        ("PLAN.md", plan),
        (
            "alfine.toml",
            "[proof]\nbefore = \"rm -f $DB/$ALFINE_BENCH.used; echo $ALFINE_BENCH >> $DB/log\"\n[safety]\npass_env = [\"DB\"]\n",
        ),
        // The services are beside the tree: what a run leaves there is there for the next one.
        (
            "check.sh",
            "test ! -e \"$DB/$ALFINE_BENCH.used\" && touch \"$DB/$ALFINE_BENCH.used\" && test -f work.txt\n",
        ),
    ]);
    let db = sandbox.path().join("db");
    fs::create_dir(&db).unwrap();
    sandbox.fake_agent(&json!({"runs": [done()]}));
    let run = |sandbox: &Sandbox| {
        let mut command = sandbox.command(alfine_tests::sandbox::alfine());
        Ran::from(command.args(["run", TASK, "--trust", "--json"]).env("DB", &db).output().unwrap())
    };
    let task = run(&sandbox).expect(0).task();
    assert_eq!((states(&task), &task["iteration"]), (vec!["proven"], &json!(1)), "{task:#}");
    let runs = fs::read_to_string(db.join("log")).unwrap();
    assert!(runs.lines().count() >= 2 && runs.lines().all(|bench| bench == "1"), "{runs}");
}

#[test]
fn a_check_is_not_run_where_what_it_needs_cannot_be_made_ready() {
    let plan = "# P\n\n### US-001: Work\n\n- [ ] it is there: `test -f work.txt`\n";
    let settings = "[proof]\nbefore = \"echo no docker here; exit 3\"\n";
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", plan), ("alfine.toml", settings)]);
    sandbox.fake_agent(&json!({"runs": [done()]}));
    let ran = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(4);
    let said = ran.stdout;
    let words = "cannot run here: `proof.before` fails: `echo no docker here; exit 3`: exit status 3";
    assert!(said.contains(words), "{said}");
}

#[test]
fn checks_that_use_the_same_thing_wait_for_each_other() {
    let plan = "# P\n\n### US-001: One\n\n- [ ] it is there: `sh check.sh one.txt`\n\n### US-002: Two\n\n- [ ] it is there: `sh check.sh two.txt`\n";
    let mut sandbox = Sandbox::with_repository(&[
        ("PLAN.md", plan),
        ("alfine.toml", "[proof]\nuses = [\"db\"]\n[safety]\npass_env = [\"DB\"]\n"),
        ("check.sh", "mkdir \"$DB/db\" || exit 7; sleep 0.2; rmdir \"$DB/db\"; test -f $1\n"),
    ]);
    let part = |task: &str, file: &str| json!({"prompt": task, "runs": [[write(file, "1"), ready()]]});
    sandbox.fake_agent(&json!({"parts": [part("US-001", "one.txt"), part("US-002", "two.txt")]}));
    let beside = sandbox.path().join("beside");
    fs::create_dir(&beside).unwrap();
    let tasks = ["PLAN.md#US-001", "PLAN.md#US-002"];
    let running = tasks.map(|task| {
        let mut command = sandbox.command(alfine_tests::sandbox::alfine());
        command.args(["run", task, "--trust", "--json"]).env("DB", &beside);
        std::thread::spawn(move || Ran::from(command.output().unwrap()))
    });
    for running in running {
        let task = running.join().unwrap().expect(0).task();
        assert_eq!((states(&task), &task["iteration"]), (vec!["proven"], &json!(1)), "{task:#}");
    }
}

#[test]
fn a_bench_that_nobody_uses_any_more_is_removed_and_made_again() {
    let sandbox =
        with_plan("# P\n\n### US-001: Work\n\n- [ ] it is there: `test -f work.txt`\n", json!([done()]));
    sandbox.alfine(&["run", TASK, "--trust"]).expect(0);
    let benches =
        fs::read_dir(sandbox.path().join("home/data/alfine/benches")).unwrap().next().unwrap().unwrap();
    let bench = benches.path().join("1");
    assert!(bench.is_dir());
    let said = |arguments: &[&str]| sandbox.alfine(arguments).expect(0).stdout;
    assert!(!said(&["gc", "--remove"]).contains("bench 1"), "it is of use");
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(15 * 24);
    fs::File::options()
        .write(true)
        .open(benches.path().join("1.lock"))
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    assert!(said(&["gc"]).contains("found bench 1"));
    assert!(bench.is_dir());
    assert!(said(&["gc", "--remove"]).contains("removed bench 1"));
    assert!(!bench.exists() && !benches.path().join("1.setup").exists());
    assert!(!sandbox.git(&["worktree", "list"]).contains("benches"));
    sandbox.alfine(&["check", "PLAN.md"]).expect(0);
    assert!(bench.is_dir());
}

#[test]
fn a_loop_waits_for_a_bench_that_others_have() {
    let plan: String = (1..=3)
        .map(|n| format!("### US-00{n}: Work\n\n- [ ] it is there: `sleep 0.3; test -f {n}.txt`\n\n"))
        .collect();
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", &format!("# P\n\n{plan}"))]);
    let part = |n: usize| {
        let file = format!("{n}.txt");
        json!({"prompt": format!("US-00{n}"), "runs": [[write(&file, "1"), ready()]]})
    };
    sandbox.fake_agent(&json!({"parts": [part(1), part(2), part(3)]}));
    sandbox.settings("[limits]\niterations = 3\n");
    let running =
        [1, 2, 3].map(|n| sandbox.start(&["run", &format!("PLAN.md#US-00{n}"), "--trust", "--json"]));
    let mut waited = 0;
    for running in running {
        let ran = running.finish().expect(0);
        waited += ran.events("bench_awaited").len();
        let task = ran.task();
        assert_eq!((states(&task), &task["iteration"]), (vec!["proven"], &json!(1)), "{task:#}");
    }
    assert!(waited > 0, "three loops have two benches");
    let log = |n: usize| sandbox.alfine(&["log", &format!("PLAN.md#US-00{n}")]).expect(0).stdout;
    assert!((1..=3).any(|n| log(n).contains("waiting for other loops whose checks run")), "{}", log(3));
}

/// A task with a check that is green already and one that is red; each run of the red one, and of the check of the settings,
/// writes a line beside the repository.
fn counted() -> (Sandbox, impl Fn(&Sandbox) -> [usize; 2]) {
    let mut sandbox = Sandbox::new();
    let [red, suite] = ["red", "suite"].map(|name| sandbox.path().join(name));
    let plan = format!(
        "# P\n\n### US-001: Work\n\n- [ ] there: `echo x >> {} && test -f work.txt`\n- [ ] history: `git rev-parse HEAD`\n",
        red.display()
    );
    let settings = format!("[[verifiers]]\nname = \"suite\"\ncommand = \"echo x >> {}\"\n", suite.display());
    for (path, text) in [("PLAN.md", &plan), ("alfine.toml", &settings)] {
        sandbox.write(path, text);
    }
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-q", "-m", "base"]);
    sandbox.fake_agent(&json!({"runs": [done()]}));
    let runs = move |_: &Sandbox| {
        [&red, &suite].map(|path| fs::read_to_string(path).unwrap_or_default().lines().count())
    };
    (sandbox, runs)
}

/// The criteria that a lint says are green already.
fn green_already(sandbox: &Sandbox) -> Vec<String> {
    let ran = sandbox.alfine(&["lint", "PLAN.md", "--json"]).expect(0);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let found = json["findings"].as_array().unwrap().iter();
    let found = found.filter(|finding| finding["code"] == "criterion-green-already");
    found.map(|finding| format!("{}:{}", finding["line"], finding["severity"].as_str().unwrap())).collect()
}

#[test]
fn what_checks_answered_on_demand_costs_the_next_loop_nothing_and_is_a_finding() {
    let (sandbox, runs) = counted();
    assert_eq!(green_already(&sandbox), [] as [&str; 0]);
    sandbox.alfine(&["trust", "PLAN.md", "--yes"]).expect(0);
    let ran = sandbox.alfine(&["check", "PLAN.md", "--base", "--json"]).expect(0);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let said: Vec<_> = (json["checks"].as_array().unwrap().iter())
        .map(|one| (one["criterion"].as_str().map(|it| &it[..5]), one["run"]["answer"].as_str().unwrap()))
        .collect();
    assert_eq!(said, [(Some("there"), "failed"), (Some("histo"), "passed"), (None, "passed")], "{json:#}");
    assert_eq!(json["findings"][0]["code"], "criterion-green-already");
    assert_eq!(runs(&sandbox), [1, 1]);

    // A plan is no part of what is known; anything else is.
    let plan = sandbox.read("PLAN.md");
    sandbox.write("PLAN.md", &plan.replace("# P\n", "# P\n\nWords.\n"));
    assert_eq!(green_already(&sandbox), ["8:information"]);
    sandbox.git(&["commit", "-qam", "words"]);
    assert_eq!(green_already(&sandbox), ["8:information"]);
    sandbox.alfine(&["check", TASK, "--base"]).expect(0);
    assert_eq!(runs(&sandbox), [1, 1], "from memory");

    let task = sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0).task();
    assert_eq!(states(&task), ["proven", "guard"]);
    // On the work, and what was red without a test's name once more before it proves.
    assert_eq!(runs(&sandbox), [3, 2]);

    sandbox.write("other.txt", "other");
    sandbox.git(&["add", "other.txt"]);
    sandbox.git(&["commit", "-q", "-m", "other"]);
    assert_eq!(green_already(&sandbox), [] as [&str; 0]);
}

#[test]
fn a_loop_leaves_what_its_controls_said_to_lints() {
    let (sandbox, _) = counted();
    sandbox.alfine(&["run", TASK, "--trust", "--json"]).expect(0);
    assert_eq!(green_already(&sandbox), ["6:information"]);
    sandbox.alfine(&["merge", TASK]).expect(0);
    // Now its own work is there, and its task is ticked.
    assert_eq!(green_already(&sandbox), [] as [&str; 0]);
    let plan = sandbox.read("PLAN.md");
    sandbox.write("PLAN.md", &plan.replace("[x]", "[ ]"));
    assert_eq!(green_already(&sandbox), ["5:warning", "6:warning"]);
}

#[test]
fn checks_that_run_on_demand_end_at_a_signal_and_what_they_found_is_kept() {
    let sandbox = Sandbox::new();
    let sign = sandbox.path().join("running");
    sandbox.write(
        "PLAN.md",
        &format!(
            "# P\n\n### US-001: Work\n\n- [ ] history: `git rev-parse HEAD`\n- [ ] slow: `touch {}; sleep 600`\n",
            sign.display()
        ),
    );
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-q", "-m", "base"]);
    sandbox.alfine(&["trust", "PLAN.md", "--yes"]).expect(0);
    let running = sandbox.start(&["check", "PLAN.md", "--base"]);
    alfine_tests::sandbox::wait_until(alfine_tests::sandbox::PATIENCE, "the slow check runs", || {
        sign.exists()
    });
    let pid = rustix::process::Pid::from_raw(i32::try_from(running.pid()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ran = running.finish().expect(3);
    assert!(ran.stdout.contains("stopped: 1 of 2 checks ran"), "{}", ran.stdout);
    assert_eq!(green_already(&sandbox), ["5:information"]);
}
