//! The real Claude Code CLI, through `alfine` and its language server, against a scripted model on loopback: what no
//! imitation of it can prove.
//!
//! Ignored by a plain `cargo test`, for they need the CLI and python3; `tests/run` gets the one, runs them, and counts
//! them as skipped where it cannot. `ALFINE_REAL_CLAUDE` names the CLI.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use alfine_tests::{
    editor::Editor,
    model_stub::ModelStub,
    sandbox::{PATIENCE, Ran, Sandbox, wait_until},
};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

const TASK: &str = "PLAN.md#US-001";
const PLAN: &str =
    "# Lighthouse\n\n### US-001: Light the lamp\n\nAcceptance criteria:\n- [ ] It shines: `sh check.sh`\n";
/// Says what is wrong in words that stand nowhere before it runs.
const CHECK: &str = "test -f lamp.txt || { echo \"the lamp is dark: $((6 * 7))\"; exit 1; }\n";
const WITH_A_KEY: [(&str, &str); 2] =
    [("ANTHROPIC_API_KEY", "sk-fake-key"), ("CLAUDE_CODE_MAX_RETRIES", "1")];
const DARK: &str = "the lamp is dark: 42";

fn claude() -> PathBuf {
    let named = std::env::var_os("ALFINE_REAL_CLAUDE");
    PathBuf::from(named.expect("ALFINE_REAL_CLAUDE has to name the CLI; tests/run --full sets it"))
}

/// A repository whose user works with the real CLI, and the model behind it.
struct Scene {
    sandbox: Sandbox,
    model: ModelStub,
}

impl Scene {
    fn new(check: &str, steps: &Value) -> Self {
        Self::with(check, steps, &WITH_A_KEY)
    }

    fn with(check: &str, steps: &Value, more_env: &[(&str, &str)]) -> Self {
        Self::of(&[("PLAN.md", PLAN), ("check.sh", check)], steps, more_env)
    }

    fn of(files: &[(&str, &str)], steps: &Value, more_env: &[(&str, &str)]) -> Self {
        let sandbox = Sandbox::with_repository(files);
        let model = ModelStub::start(&json!({ "steps": steps, "after": "error" }));
        let config = sandbox.path().join("home/claude").display().to_string();
        let url = model.url();
        let mut env = vec![
            ("ANTHROPIC_BASE_URL", url.as_str()),
            ("CLAUDE_CONFIG_DIR", &config),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            ("DISABLE_TELEMETRY", "1"),
            ("IS_SANDBOX", "1"),
        ];
        env.extend(more_env);
        let env: String = env.iter().map(|(name, value)| format!("{name} = {value:?}\n")).collect();
        let command = claude().display().to_string();
        sandbox.settings("[proof]\nunproven = \"take\"\n");
        sandbox.settings(&format!("[agents.claude]\ncommand = {command:?}\n[agents.claude.env]\n{env}"));
        Self { sandbox, model }
    }

    fn run(&self) -> Ran {
        self.sandbox.alfine(&["run", TASK, "--trust", "--json"])
    }

    /// What the user has: the branch's commit, the index, everything that differs from them.
    fn users_own(&self) -> [String; 3] {
        [&["rev-parse", "HEAD"][..], &["ls-files", "--stage"], &["status", "--porcelain"]]
            .map(|arguments| self.sandbox.git(arguments))
    }

    /// The last `result` that the CLI printed.
    fn last_result(&self) -> Value {
        let folder = self.sandbox.repo().join(".git/alfine/transcripts");
        let of_loop = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
        let mut runs: Vec<PathBuf> =
            fs::read_dir(of_loop).unwrap().map(|entry| entry.unwrap().path()).collect();
        runs.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        let text = fs::read_to_string(runs.iter().max().unwrap()).unwrap();
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.rfind(|line| line["type"] == "result").unwrap()
    }
}

fn gate(ready: bool) -> String {
    format!("I looked.\n\n<COMPLETION_GATE>\nready: {ready}\nreason: \"as scripted\"\n</COMPLETION_GATE>")
}

/// What the model is told last: the prompt of the run, where no tool was used yet.
fn prompt(request: &Value) -> String {
    let last =
        request["messages"].as_array().unwrap().iter().rfind(|message| message["role"] == "user").unwrap();
    match &last["content"] {
        Value::String(text) => text.clone(),
        blocks => blocks.as_array().unwrap().iter().filter_map(|block| block["text"].as_str()).collect(),
    }
}

fn verdicts(ran: &Ran) -> Vec<String> {
    let verdict = |judged: Value| judged["gate"]["verdict"].as_str().unwrap_or_default().to_owned();
    ran.events("iteration_judged").into_iter().map(verdict).collect()
}

fn sessions(ran: &Ran) -> Vec<String> {
    let started = ran.events("agent").into_iter().filter(|event| event["event"] == "session_started");
    started.filter_map(|event| Some(event["id"].as_str()?.to_owned())).collect()
}

#[test]
#[ignore = "needs the real Claude CLI"]
fn a_task_is_done_in_one_session_when_its_check_passes_and_reaches_the_user_by_a_merge() {
    let scene = Scene::new(
        CHECK,
        &json!([
            { "text": gate(false) },
            { "text": gate(true) },
            { "text": "I write it.", "write": { "path": "lamp.txt", "content": "light\n" } },
            { "text": gate(true) },
        ]),
    );
    let before = scene.users_own();
    let ran = scene.run().expect(0);
    let task = ran.task();
    assert_eq!((&task["status"], &task["iteration"]), (&json!("done"), &json!(3)));
    assert_eq!(task["criteria"][0]["state"], "proven");
    assert_eq!(verdicts(&ran), ["not_ready", "ready", "ready"]);

    let sessions = sessions(&ran);
    assert_eq!(sessions.len(), 3);
    assert!(sessions.iter().all(|session| *session == sessions[0]), "{sessions:?}");

    let requests = scene.model.requests();
    let dark: Vec<bool> = requests.iter().map(|request| prompt(request).contains(DARK)).collect();
    assert_eq!(dark, [false, false, true, false]);

    let total = scene.last_result()["total_cost_usd"].as_f64().unwrap();
    let told = task["costUsd"].as_f64().unwrap();
    assert!(total > 0.0 && (total - told).abs() < 1e-9, "the CLI says {total}, alfine {told}");

    assert_eq!(scene.users_own(), before);
    assert!(!scene.sandbox.repo().join("lamp.txt").exists());
    scene.sandbox.alfine(&["merge", TASK]).expect(0);
    assert_eq!(scene.sandbox.read("lamp.txt"), "light\n");
    let subjects = scene.sandbox.git(&["log", "--format=%s"]);
    assert!(subjects.lines().any(|subject| subject.contains("[US-001]")), "{subjects}");
}

#[test]
#[ignore = "needs the real Claude CLI"]
fn a_five_hour_limit_is_waited_for_until_the_moment_the_cli_tells() {
    // Only to a subscriber, who has a token and no key, does the CLI tell the moment.
    let scene = Scene::with(
        CHECK,
        &json!([
            {
                "status": 429,
                "headers": {
                    "anthropic-ratelimit-unified-status": "rejected",
                    "anthropic-ratelimit-unified-representative-claim": "five_hour",
                    "anthropic-ratelimit-unified-reset": "now+6",
                },
                "error": { "type": "rate_limit_error", "message": "This request would exceed your account's rate limit." },
            },
            { "write": { "path": "lamp.txt", "content": "light\n" } },
            { "text": gate(true) },
        ]),
        &[("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-fake"), ("CLAUDE_CODE_MAX_RETRIES", "1")],
    );
    let ran = scene.run().expect(0);
    let task = ran.task();
    assert_eq!((&task["status"], &task["iteration"]), (&json!("done"), &json!(1)));

    let limited = &ran.events("agent_ended")[0]["outcome"];
    assert_eq!(limited["class"], "rate_limit");
    let [waiting] = &ran.events("waiting")[..] else { panic!("waited more than once: {}", ran.stdout) };
    assert_eq!(waiting["until"].as_i64(), limited["reset_at"].as_i64().map(|seconds| seconds * 1000));
    let began_again = ran.json().into_iter().filter(|line| line["kind"] == "agent_started").nth(1).unwrap();
    assert!(began_again["at"].as_i64() >= waiting["until"].as_i64(), "{began_again} after {waiting}");
    assert_eq!(verdicts(&ran), ["ready"]);
}

#[test]
#[ignore = "needs the real Claude CLI"]
fn a_refused_key_asks_at_once_for_a_login_with_a_command_that_the_cli_has() {
    // As many retries as the CLI itself sees fit: that they are not waited for is what is tested.
    let scene = Scene::with(
        CHECK,
        &json!([{
            "status": 401,
            "error": { "type": "authentication_error", "message": "invalid x-api-key" },
            "times": 100,
        }]),
        &[("ANTHROPIC_API_KEY", "sk-fake-key")],
    );
    let ran = scene.sandbox.alfine(&["run", TASK, "--trust"]).expect(4);
    assert!(ran.stdout.contains("claude auth login"), "{}", ran.stdout);
    assert!(scene.model.requests().len() < 5, "{} requests", scene.model.requests().len());
    let task = scene.sandbox.task(TASK);
    assert_eq!(task["status"], "needs_input");
    let iterations =
        task["breaker"].as_array().unwrap().iter().find(|line| line["rule"] == "iterations").unwrap();
    assert_eq!(iterations["count"], 0.0);

    let help = scene.sandbox.command(claude()).args(["auth", "login", "--help"]).output().unwrap();
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.contains("Usage: claude auth login"), "{help}");
}

#[test]
#[ignore = "needs the real Claude CLI"]
fn a_session_that_the_cli_lost_is_followed_by_a_fresh_one() {
    let forget = format!("rm -rf \"$HOME/claude/projects\"\n{CHECK}");
    let scene = Scene::new(
        &forget,
        &json!([
            { "text": gate(true) },
            { "write": { "path": "lamp.txt", "content": "light\n" } },
            { "text": gate(true) },
        ]),
    );
    let ran = scene.run().expect(0);
    let task = ran.task();
    assert_eq!((&task["status"], &task["iteration"]), (&json!("done"), &json!(2)));
    let starts: Vec<_> = ran
        .events("agent_started")
        .into_iter()
        .map(|start| {
            (start["iteration"].as_u64().unwrap(), start["resumes"] == true, start["recovery"].clone())
        })
        .collect();
    let lost = json!("session_lost");
    assert_eq!(starts, [(1, false, Value::Null), (2, true, Value::Null), (2, false, lost.clone())]);
    assert_eq!(ran.events("note"), [json!({ "note": "fresh_session", "recovery": lost })]);
    let sessions = sessions(&ran);
    assert_ne!(sessions.first(), sessions.last());
    // The fresh session knows what it has to from the prompt.
    let again = prompt(&scene.model.requests()[1]);
    assert!(again.contains("Light the lamp") && again.contains(DARK), "{again}");
}

#[test]
#[ignore = "needs the real Claude CLI"]
fn a_gate_that_the_assistant_did_not_say_itself_is_no_gate() {
    let trap = gate(true);
    let scene = Scene::new(
        "test -f lamp.txt",
        &json!([
            { "text": "I read.", "shell": "cat gate.txt" },
            { "text": "There is something in that file." },
            { "text": "I write.", "write": { "path": "lamp.txt", "content": &trap } },
            { "text": "Written." },
            { "thinking": &trap, "text": "I thought about it." },
            { "text": &trap },
        ]),
    );
    scene.sandbox.write("gate.txt", &trap);
    scene.sandbox.git(&["add", "-A"]);
    scene.sandbox.git(&["commit", "-q", "-m", "a trap"]);
    let ran = scene.run().expect(0);
    assert_eq!(verdicts(&ran), ["missing", "missing", "missing", "ready"]);
    assert_eq!(ran.task()["status"], "done");
    // Each trap was really laid.
    let requests: Vec<String> = scene.model.requests().iter().map(Value::to_string).collect();
    let [_, after_reading, ..] = &requests[..] else { panic!("{} requests", requests.len()) };
    assert!(after_reading.contains("tool_result") && after_reading.contains("as scripted"));
    assert!(ran.events("agent").iter().any(|event| {
        event["event"] == "thinking"
            && event["text"].as_str().is_some_and(|text| text.contains("ready: true"))
    }));
}

#[test]
#[ignore = "needs the real Claude CLI"]
fn a_killed_run_leaves_no_process_and_continues() {
    let scene = Scene::new(
        CHECK,
        &json!([{ "shell": "python3 -c 'import os, time; open(os.environ[\"HOME\"] + \"/asleep\", \"w\"); time.sleep(300)'" }]),
    );
    let running = scene.sandbox.start(&["run", TASK, "--trust", "--json"]);
    let asleep = scene.sandbox.path().join("home/asleep");
    wait_until(PATIENCE, "the CLI's shell tool sleeps", || asleep.exists());
    let processes = scene.sandbox.agent_processes();
    assert!(processes.iter().any(|(_, line)| line.contains("time.sleep")), "{processes:?}");
    running.kill_9();

    assert_eq!(scene.sandbox.task(TASK)["status"], "interrupted");
    wait_until(PATIENCE, "nothing of the agent is left", || scene.sandbox.agent_processes().is_empty());

    scene.model.script(&json!({ "steps": [
        { "write": { "path": "lamp.txt", "content": "light\n" } },
        { "text": gate(true) },
    ], "after": "error" }));
    let ran = scene.sandbox.alfine(&["continue", TASK, "--json"]).expect(0);
    assert_eq!(ran.task()["status"], "done");
    assert_eq!(ran.events("agent_started")[0]["recovery"], "runner_died");
}

#[test]
#[ignore = "needs the real Claude CLI"]
fn a_shell_command_is_denied_where_only_edits_are_allowed() {
    let command = "python3 -c 'print(1)'";
    let scene = Scene::new(
        CHECK,
        &json!([
            { "shell": command },
            { "write": { "path": "lamp.txt", "content": "light\n" } },
            { "text": gate(false) },
            { "shell": command },
            { "text": gate(false) },
        ]),
    );
    scene.sandbox.settings("permissions = \"edits\"\n");
    let ran = scene.run().expect(3);
    let task = ran.task();
    assert_eq!((&task["status"], &task["iteration"]), (&json!("stopped"), &json!(2)));
    assert_eq!(task["cause"]["trip"]["rule"], "permission", "{task}");
    let denials: Vec<_> =
        ran.events("agent").into_iter().filter(|event| event["event"] == "permission_denied").collect();
    assert_eq!(denials.len(), 2, "{denials:?}");
    for denial in &denials {
        assert!(denial["tool"].as_str().is_some_and(|tool| tool.starts_with("Bash")), "{denial}");
    }
    // Its file tools are its own nevertheless.
    assert_eq!(task["filesChanged"], 1);
}

#[test]
#[ignore = "needs the real Claude CLI"]
fn a_task_goes_from_its_lens_to_its_merge_through_an_editor_alone() {
    let scene = Scene::new(
        CHECK,
        &json!([
            { "text": gate(true) },
            { "text": "I write it.", "write": { "path": "lamp.txt", "content": "light\n" } },
            { "text": gate(true) },
        ]),
    );
    let mut editor = Editor::open(&scene.sandbox);
    editor.open_file("PLAN.md");
    editor.patience = PATIENCE;
    editor.chooses("sh check.sh", "Allow");
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "done");
    let hover = editor.hover("PLAN.md", 2, 8);
    assert!(hover.contains("sh check.sh") && hover.contains('$'), "{hover}");
    editor.execute("alfine.showTranscript", json!({"task": TASK})).unwrap();
    let shown = editor.shown[0]["uri"].as_str().unwrap().to_owned();
    let transcript = fs::read_to_string(alfine_tests::editor::path_of(&shown)).unwrap();
    assert!(transcript.contains("I write it."), "{transcript}");
    editor.click("PLAN.md", "Merge").unwrap();
    editor.message("US-001 is ticked in PLAN.md; save it.");
    editor.lens("PLAN.md", "merged");
    assert_eq!(scene.sandbox.read("lamp.txt"), "light\n");
    editor.until("the box is ticked", |editor| {
        editor.text("PLAN.md").contains("- [x] It shines").then_some(())
    });
    editor.save("PLAN.md");
    assert!(prompt(&scene.model.requests()[1]).contains(DARK));
}

#[test]
#[ignore = "needs the real Claude CLI"]
fn a_loop_is_stopped_from_an_editor_while_the_cli_works() {
    let scene = Scene::new(
        CHECK,
        &json!([{ "shell": "python3 -c 'import os, time; open(os.environ[\"HOME\"] + \"/asleep\", \"w\"); time.sleep(300)'" }]),
    );
    let mut editor = Editor::open(&scene.sandbox);
    editor.open_file("PLAN.md");
    editor.chooses("sh check.sh", "Allow");
    editor.click("PLAN.md", "Start loop").unwrap();
    let asleep = scene.sandbox.path().join("home/asleep");
    wait_until(PATIENCE, "the CLI's shell tool sleeps", || asleep.exists());
    editor.execute("alfine.stop", json!({"task": TASK})).unwrap();
    editor.lens("PLAN.md", "stopped");
    wait_until(PATIENCE, "nothing of the agent is left", || scene.sandbox.agent_processes().is_empty());
}

const LAMP_TESTS: &str = "import unittest\n\nimport lamp\n\n\nclass Lamp(unittest.TestCase):\n    def test_is_there(self):\n        self.assertTrue(lamp)\n\n\n    def test_shines(self):\n        self.assertTrue(lamp.shines())\n";

#[test]
#[ignore = "needs the real Claude CLI"]
fn an_agent_that_deletes_the_failing_test_is_told_which_and_then_does_the_work() {
    let check = "python3 -m unittest discover -v";
    let plan = PLAN.replace("sh check.sh", check);
    let files = [
        ("PLAN.md", plan.as_str()),
        ("lamp.py", "def shines():\n    return False\n"),
        ("test_lamp.py", LAMP_TESTS),
        (
            "test_other.py",
            "import unittest\n\n\nclass Other(unittest.TestCase):\n    def test_it(self):\n        pass\n",
        ),
    ];
    let scene = Scene::of(
        &files,
        &json!([
            { "shell": "rm test_lamp.py" },
            { "text": gate(true) },
            { "shell": "until [ -e \"$HOME/seen\" ]; do sleep 0.05; done; git checkout -q HEAD -- test_lamp.py; sed -i s/False/True/ lamp.py" },
            { "text": gate(true) },
        ]),
        &WITH_A_KEY,
    );
    let mut editor = Editor::open(&scene.sandbox);
    editor.open_file("PLAN.md");
    editor.patience = PATIENCE;
    editor.chooses(check, "Allow");
    editor.click("PLAN.md", "Start loop").unwrap();
    // The file is gone where the agent works: it is shown where the user still has it.
    let squiggle = editor.diagnostic("test_lamp.py", "check-weakened");
    let said = squiggle["message"].as_str().unwrap().to_owned();
    assert!(said.contains("test_shines"), "{said}");
    editor.open_file("test_lamp.py");
    let titles = editor.actions("test_lamp.py", &squiggle["range"]);
    let titles: Vec<&str> = titles.iter().filter_map(|action| action["title"].as_str()).collect();
    assert!(titles.contains(&"Show diff"), "{titles:?}");
    fs::write(scene.sandbox.path().join("home/seen"), "").unwrap();
    editor.lens("PLAN.md", "done, proven");
    editor.no_diagnostic("test_lamp.py", "check-weakened");
    let told = prompt(&scene.model.requests()[2]);
    assert!(told.contains("test_lamp.py") && told.contains("test_shines"), "{told}");
    let task = scene.sandbox.task(TASK);
    assert_eq!((&task["iteration"], &task["criteria"][0]["state"]), (&json!(2), &json!("proven")));
    let branch = task["branch"].as_str().unwrap();
    assert_eq!(scene.sandbox.git(&["show", &format!("{branch}:test_lamp.py")]), LAMP_TESTS.trim_end());
}

const QUESTION: &str = "The lamp says that it shines";

/// What a judge prints who verifies the only question by this quote of `lamp.txt`.
fn verified(quote: &str) -> Value {
    let evidence = json!([{ "path": "lamp.txt", "line": 1, "quote": quote }]);
    let answer = json!({ "n": 1, "verdict": "verified", "reason": "I read it", "evidence": evidence });
    json!({ "text": format!("I looked.\n\n{}", json!({ "answers": [answer] })) })
}

/// A task that no command decides, and a judge: the same CLI, which answers so when it is asked of the work, and then of the
/// tree before.
fn judged(answers: &[Value]) -> Scene {
    let plan = PLAN.replace("It shines: `sh check.sh`", QUESTION);
    let mut steps = vec![
        json!({ "write": { "path": "lamp.txt", "content": "light\n" } }),
        json!({ "text": gate(true) }),
        // It can write nothing: the CLI refuses, and tells it so.
        json!({ "write": { "path": "lamp.txt", "content": "by the judge\n" } }),
    ];
    steps.extend_from_slice(answers);
    let scene = Scene::of(&[("PLAN.md", &plan)], &Value::Array(steps), &WITH_A_KEY);
    scene.sandbox.settings("[judge]\nagent = \"claude\"\n");
    scene
}

/// What was asked of the judge: the requests whose session began with a question to one.
fn asked_of_judge(scene: &Scene) -> Vec<Value> {
    let is_judge = |request: &Value| request["messages"].to_string().contains("You are a judge");
    scene.model.requests().into_iter().filter(is_judge).collect()
}

#[test]
#[ignore = "needs the real Claude CLI"]
fn a_judge_that_quotes_what_stands_there_proves_what_no_command_decides() {
    let cannot = json!({ "answers": [{ "n": 1, "verdict": "cannot_tell", "reason": "no lamp" }] });
    let scene = judged(&[verified("light"), json!({ "text": cannot.to_string() })]);
    let ran = scene.run().expect(0);
    let task = ran.task();
    assert_eq!((&task["status"], &task["proof"]), (&json!("done"), &json!("proven")), "{task:#}");
    let criterion = &task["criteria"][0];
    assert_eq!(criterion["state"], "proven");
    let why = criterion["proof"]["why"].as_str().unwrap();
    assert!(why.starts_with("proven: verified by claude at lamp.txt:1 in "), "{why}");

    let requests = asked_of_judge(&scene);
    let [begun, refused, before] = &requests[..] else { panic!("{} requests", requests.len()) };
    for request in &requests {
        let tools: Vec<&str> =
            request["tools"].as_array().unwrap().iter().filter_map(|tool| tool["name"].as_str()).collect();
        assert!(tools.contains(&"Read"), "{tools:?}");
        assert!(!["Write", "Edit", "Bash"].iter().any(|tool| tools.contains(tool)), "{tools:?}");
    }
    assert!(prompt(begun).contains(QUESTION) && prompt(begun).contains("+light"), "{}", prompt(begun));
    assert!(!prompt(begun).contains("as scripted"), "it knows nothing of what the worker says");
    assert!(refused["messages"].to_string().contains("is_error"), "{:#}", refused["messages"]);
    assert!(prompt(before).contains("Nothing was changed yet."), "{}", prompt(before));

    let branch = task["branch"].as_str().unwrap();
    assert_eq!(scene.sandbox.git(&["show", &format!("{branch}:lamp.txt")]), "light");
    // Its money is the loop's: three sessions, and the last result is of one alone.
    let total = scene.last_result()["total_cost_usd"].as_f64().unwrap();
    assert!(total > 0.0 && task["costUsd"].as_f64().unwrap() > total, "{task:#}");
}

#[test]
#[ignore = "needs the real Claude CLI"]
fn a_judge_that_quotes_what_does_not_stand_there_proves_nothing() {
    let scene = judged(&[verified("it glows in the dark")]);
    let ran = scene.run().expect(0);
    let task = ran.task();
    assert_eq!((&task["status"], &task["proof"]), (&json!("done"), &json!("unproven")), "{task:#}");
    let criterion = &task["criteria"][0];
    assert_eq!(criterion["state"], "unproven");
    let why = criterion["proof"]["why"].as_str().unwrap();
    assert!(why.contains("its quote is not at lamp.txt:1"), "{why}");
    assert_eq!(asked_of_judge(&scene).len(), 2, "what it cannot tell needs no control");
}

#[test]
#[ignore = "needs the real Claude CLI"]
fn a_goal_in_a_fresh_repository_is_merged_by_one_command_and_one_yes() {
    let scene = Scene::of(
        &[("notes.txt", "mine\n")],
        &json!([
            { "text": "I write it.", "write": { "path": "lamp.txt", "content": "light\n" } },
            { "text": gate(true) },
        ]),
        &WITH_A_KEY,
    );
    fs::remove_dir_all(scene.sandbox.repo().join(".git")).unwrap();
    scene.sandbox.git(&["init", "-q"]);
    let goal = ["run", "Light the lamp", "--check", "grep -q light lamp.txt", "--trust"];
    let ran = scene.sandbox.alfine(&goal).expect(0);
    assert!(ran.stdout.contains("is merged"), "{}", ran.stdout);
    assert_eq!(scene.sandbox.read("lamp.txt"), "light\n");
    let total = scene.last_result()["total_cost_usd"].as_f64().unwrap();
    let ledger = scene.sandbox.alfine(&["cost", "--json"]).expect(0).json()[0]["costUsd"].as_f64().unwrap();
    assert!(total > 0.0 && (total - ledger).abs() < 1e-9, "the CLI says {total}, the ledger {ledger}");
}

#[test]
#[ignore = "needs the real Claude CLI"]
fn an_idea_becomes_a_plan_that_the_cli_wrote_without_writing_a_file() {
    let asked = json!({ "questions": [{ "question": "Which lamp?", "options": ["oil", "gas"] }] });
    let plan = json!({ "title": "Lighthouse", "goal": "Ships see it.", "tasks": [{ "id": "T1", "title": "Light the lamp",
        "criteria": [{ "text": "It shines", "command": "sh check.sh" }] }] });
    let steps = json!([
        { "text": asked.to_string() },
        // It can write nothing: the CLI refuses, and tells it so.
        { "write": { "path": "lamp.txt", "content": "light\n" } },
        { "text": format!("I looked.\n\n{plan}") },
    ]);
    let scene = Scene::of(&[("check.sh", CHECK)], &steps, &WITH_A_KEY);
    let new = ["plan", "new", "light the lamp", "--answers", "1B", "--out", "a.plan.md"];
    let ran = scene.sandbox.alfine(&new).expect(0);
    assert!(ran.stderr.contains("B. gas") && ran.stderr.contains("cost $"), "{}", ran.stderr);
    assert!(!scene.sandbox.repo().join("lamp.txt").exists(), "{}", ran.stderr);
    let text = scene.sandbox.read("a.plan.md");
    assert!(
        text.contains("### [ ] T1: Light the lamp") && text.contains("- [ ] It shines: `sh check.sh`"),
        "{text}"
    );
    let requests = scene.model.requests();
    assert_eq!(requests.len(), 3);
    assert!(
        prompt(&requests[1]).contains("Which lamp?") && prompt(&requests[1]).contains("gas"),
        "{}",
        prompt(&requests[1])
    );
}
