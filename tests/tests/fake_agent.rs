//! The fake agent is to Alfine what the real one is: called by the adapter, understood by its decoder.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use alfine_agents::{Decoder, Exit, PriorSession, Request, adapter};
use alfine_core::agent::{AgentEvent, Outcome, SessionId, Usage};
use alfine_tests::fake_agent::{
    Invocation, LOG_VARIABLE, RunResult, SCENARIO_VARIABLE, Scenario, Sessions, Step,
};
use alfine_tests::sandbox::{PATIENCE, wait_until};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

struct Stage {
    folder: tempfile::TempDir,
}

struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    decoder: Box<dyn Decoder>,
    events: Vec<AgentEvent>,
}

impl Stage {
    fn new(scenario: &Scenario) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("tree")).unwrap();
        fs::write(folder.path().join("scenario.json"), serde_json::to_vec(scenario).unwrap()).unwrap();
        Self { folder }
    }

    fn of_runs(runs: impl IntoIterator<Item = Vec<Step>>) -> Self {
        Self::new(&Scenario { runs: runs.into_iter().collect(), ..Scenario::default() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, prompt: &str, session: Option<&SessionId>, prior: Option<f64>) -> Running {
        let adapter = adapter("claude").unwrap();
        let request = Request {
            prompt: prompt.to_owned(),
            session: session.cloned(),
            command: Some(format!("'{}'", env!("CARGO_BIN_EXE_fake-agent"))),
            ..Request::default()
        };
        let invocation = adapter.invocation(&request).unwrap();
        let mut child = Command::new(&invocation.program)
            .args(&invocation.args)
            .envs(invocation.env)
            .env(SCENARIO_VARIABLE, self.path("scenario.json"))
            .env(LOG_VARIABLE, self.path("log"))
            .current_dir(self.path("tree"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&invocation.stdin).unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let decoder = adapter.decoder(&PriorSession { total_cost_usd: prior });
        Running { child, stdout, decoder, events: Vec::new() }
    }

    fn run(&self, prompt: &str) -> Vec<AgentEvent> {
        self.start(prompt, None, None).finish().0
    }

    fn log(&self) -> Vec<Invocation> {
        let log = fs::read_to_string(self.path("log")).unwrap();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Running {
    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Reads lines until an event is there that `is` wants.
    fn read_until(&mut self, is: impl Fn(&AgentEvent) -> bool) {
        let mut line = Vec::new();
        while !self.events.iter().any(&is) {
            line.clear();
            assert_ne!(self.stdout.read_until(b'\n', &mut line).unwrap(), 0, "{:?}", self.events);
            self.decoder.push(&line, &mut |event| keep(&mut self.events, event));
        }
    }

    fn finish(mut self) -> (Vec<AgentEvent>, Exit, Option<f64>) {
        let mut chunk = vec![0; 64 << 10];
        loop {
            match self.stdout.read(&mut chunk).unwrap() {
                0 => break,
                length => self.decoder.push(&chunk[..length], &mut |event| keep(&mut self.events, event)),
            }
        }
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let exit = Exit::from(self.child.wait().unwrap());
        self.decoder.finish(exit, &stderr, &mut |event| self.events.push(event));
        (self.events, exit, self.decoder.session_total_cost())
    }
}

/// How full its context is comes with every message, and is looked at elsewhere.
fn keep(events: &mut Vec<AgentEvent>, event: AgentEvent) {
    if !matches!(event, AgentEvent::Context { .. }) {
        events.push(event);
    }
}

fn text(text: &str) -> AgentEvent {
    AgentEvent::Text { text: text.to_owned() }
}

fn end(events: &[AgentEvent]) -> &Outcome {
    match events.last() {
        Some(AgentEvent::Ended { outcome, .. }) => outcome,
        other => panic!("{other:?}"),
    }
}

fn session(events: &[AgentEvent]) -> &SessionId {
    match events.first() {
        Some(AgentEvent::SessionStarted { id, .. }) => id,
        other => panic!("{other:?}"),
    }
}

/// Waits until a file of another process is there.
fn wait_for(path: &Path) -> String {
    let mut text = None;
    wait_until(PATIENCE, &format!("{} is there", path.display()), || {
        text = fs::read_to_string(path).ok();
        text.is_some()
    });
    text.unwrap_or_default()
}

#[test]
fn a_run_speaks_works_and_ends_as_its_scenario_says() {
    let stage = Stage::of_runs([vec![
        Step::Thinking("hm".to_owned()),
        Step::Text("I work.".to_owned()),
        Step::Write { path: "src/a.txt".into(), content: "x".to_owned() },
        Step::Shell("cat src/a.txt > b.txt".to_owned()),
        Step::Shell("exit 3".to_owned()),
        Step::SubAgentText("not mine".to_owned()),
        Step::PermissionDenied { tool: "Bash".to_owned(), input: json!({"command": "git push"}) },
        Step::RateLimit { status: "allowed_warning".to_owned(), resets_at: None, utilization: Some(0.9) },
        Step::Text("Done.".to_owned()),
        Step::Result(RunResult { input: 10, output: 2, cost: 0.25, ..RunResult::default() }),
    ]]);
    let events = stage.run("go");
    let tool = |name: &str, summary: &str| AgentEvent::ToolStarted {
        name: name.to_owned(),
        summary: summary.to_owned(),
    };
    let ended = |command: &str, ok| AgentEvent::CommandEnded { command: command.to_owned(), ok };
    let model = Some("claude-opus-5-5".to_owned());
    assert_eq!(
        events,
        [
            AgentEvent::SessionStarted { id: session(&events).clone(), model },
            AgentEvent::Thinking { text: "hm".to_owned() },
            text("I work."),
            tool("Write", "src/a.txt"),
            AgentEvent::ToolFinished { ok: true },
            AgentEvent::FileTouched { path: "src/a.txt".to_owned() },
            tool("Bash", "cat src/a.txt > b.txt"),
            AgentEvent::ToolFinished { ok: true },
            ended("cat src/a.txt > b.txt", true),
            tool("Bash", "exit 3"),
            AgentEvent::ToolFinished { ok: false },
            ended("exit 3", false),
            AgentEvent::Thinking { text: "not mine".to_owned() },
            tool("Bash", "git push"),
            AgentEvent::ToolFinished { ok: false },
            ended("git push", false),
            AgentEvent::LimitWarning { utilization: 0.9 },
            text("Done."),
            AgentEvent::PermissionDenied { tool: "Bash(git push)".to_owned() },
            AgentEvent::Usage(Usage { input: 10, output: 2, cost_usd: Some(0.25), ..Usage::default() }),
            AgentEvent::Concluded { waits: false },
            AgentEvent::Ended { outcome: Outcome::Ok, message: String::new() },
        ]
    );
    assert_eq!(fs::read_to_string(stage.path("tree/b.txt")).unwrap(), "x");
    let log = stage.log();
    let [invocation] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!((invocation.prompt.as_str(), invocation.run), ("go", Some(0)));
    assert_eq!(invocation.cwd, stage.path("tree").canonicalize().unwrap());
    assert_eq!(invocation.env.get("DISABLE_AUTOUPDATER").map(String::as_str), Some("1"));
    assert!(invocation.env_names.contains(&"PATH".to_owned()));
    assert!(invocation.args.contains(&"--verbose".to_owned()));
}

#[test]
fn runs_follow_each_other_and_the_last_one_is_repeated() {
    let say = |text: &str| vec![Step::Text(text.to_owned())];
    let part = alfine_tests::fake_agent::Part { prompt: "other".to_owned(), runs: vec![say("o")] };
    let stage =
        Stage::new(&Scenario { runs: vec![say("1"), say("2")], parts: vec![part], ..Scenario::default() });
    for (prompt, said) in [("go", "1"), ("the other task", "o"), ("go", "2"), ("go", "2")] {
        assert!(stage.run(prompt).contains(&text(said)), "{prompt} {said}");
    }
}

#[test]
fn a_line_that_a_killed_run_left_half_is_no_run() {
    let stage = Stage::of_runs([vec![Step::Text("first".to_owned())], vec![Step::Text("second".to_owned())]]);
    stage.run("p");
    let whole = fs::read_to_string(stage.path("log")).unwrap();
    fs::write(stage.path("log"), format!("{whole}{}", &whole[..whole.len() / 2])).unwrap();
    assert_eq!(stage.run("p")[1], text("second"));
    // The line feed alone is missing: the run was played.
    fs::write(stage.path("log"), whole.trim_end()).unwrap();
    assert_eq!(stage.run("p")[1], text("second"));
    assert_eq!(stage.log().len(), 2);
}

#[test]
fn the_cost_of_a_resumed_run_is_its_own_in_both_dialects() {
    for total_only in [false, true] {
        let paid =
            |cost| vec![Step::Result(RunResult { input: 5, cost, total_only, ..RunResult::default() })];
        let stage = Stage::of_runs([paid(0.25), paid(0.5)]);
        let (first, _, total) = stage.start("go", None, None).finish();
        assert_eq!(total, Some(0.25));
        let (second, _, total) = stage.start("go", Some(session(&first)), total).finish();
        assert_eq!((session(&second), total), (session(&first), Some(0.75)));
        let cost = second.iter().find_map(|event| match event {
            AgentEvent::Usage(usage) => usage.cost_usd,
            _ => None,
        });
        assert_eq!(cost, Some(0.5), "total_only: {total_only}");
    }
}

#[test]
fn a_session_that_is_gone_is_told_and_plays_no_run() {
    let scenario = Scenario {
        runs: vec![vec![Step::Text("1".to_owned())], vec![Step::Text("2".to_owned())]],
        sessions: Sessions::Known,
        ..Scenario::default()
    };
    let stage = Stage::new(&scenario);
    let (events, exit, _) = stage.start("go", Some(&SessionId("nobody".to_owned())), None).finish();
    assert_eq!((end(&events), exit), (&Outcome::SessionNotFound, Exit::with_code(1)));
    let first = stage.run("go");
    assert!(first.contains(&text("1")));
    assert!(stage.start("go", Some(session(&first)), None).finish().0.contains(&text("2")));
}

#[test]
fn each_failure_has_its_outcome() {
    let result = |result: RunResult| vec![Step::Result(result)];
    let api = |status: u16, error: &str| {
        result(RunResult { status: Some(status), error: Some(error.to_owned()), ..RunResult::default() })
    };
    let subtype = |subtype: &str| {
        result(RunResult {
            subtype: Some(subtype.to_owned()),
            text: "limit".to_owned(),
            ..RunResult::default()
        })
    };
    let refusal = result(RunResult { stop_reason: Some("refusal".to_owned()), ..RunResult::default() });
    let rejected = json!({"rate_limit": {"status": "rejected", "resets_at": 1_900_000_000}});
    let mut limited = vec![serde_json::from_value(rejected).unwrap()];
    limited.extend(api(429, "rate_limit"));
    let retry = Step::ApiRetry {
        status: 401,
        error: "authentication_failed".to_owned(),
        attempt: 1,
        max_retries: 10,
    };
    let runs = [
        (limited, Outcome::RateLimit { reset_at: Some(1_900_000_000) }, 1),
        (api(529, "server_error"), Outcome::Server, 1),
        (api(400, "billing_error"), Outcome::Billing, 1),
        (subtype("error_max_turns"), Outcome::TurnLimit, 1),
        (subtype("error_max_budget_usd"), Outcome::Budget, 1),
        (refusal, Outcome::Refusal, 1),
        (api(400, "invalid_request"), Outcome::Rejected, 1),
        (vec![Step::Stderr("boom".to_owned()), Step::Exit(7)], Outcome::Crashed, 7),
    ];
    let stage = Stage::of_runs(runs.iter().map(|(run, ..)| run.clone()));
    for (_, outcome, code) in &runs {
        let (events, exit, _) = stage.start("go", None, None).finish();
        assert_eq!((end(&events), exit), (outcome, Exit::with_code(*code)));
    }
    let stage = Stage::of_runs([vec![retry, Step::Hang]]);
    let mut running = stage.start("go", None, None);
    running.read_until(|event| matches!(event, AgentEvent::Ended { outcome: Outcome::Auth { .. }, .. }));
    running.child.kill().unwrap();
    let (events, exit, _) = running.finish();
    assert_eq!((end(&events), exit.signal), (&Outcome::Auth { cloud: false }, Some(9)));
}

#[test]
fn junk_and_endless_lines_do_no_harm() {
    let stage = Stage::of_runs([vec![
        Step::Raw("not json\n{\"type\":".to_owned()),
        Step::Bytes(vec![0xff, 0, b'\n']),
        Step::Flood { megabytes: 20, tool_result: false },
        Step::Flood { megabytes: 2, tool_result: true },
        Step::Flood { megabytes: 20, tool_result: true },
        Step::Text("here".to_owned()),
    ]]);
    let events = stage.run("go");
    assert_eq!(events[1..3], [AgentEvent::ToolFinished { ok: true }, text("here")]);
    assert_eq!(end(&events), &Outcome::Ok);
}

#[test]
fn signals_end_it_as_they_end_the_real_one() {
    let started = |event: &AgentEvent| *event == text("started");
    let hanging = vec![Step::Text("started".to_owned()), Step::Thinking("on".to_owned()), Step::Hang];
    for (signal, exit) in [
        (Signal::TERM, Exit::with_code(143)),
        (Signal::INT, Exit::with_code(0)),
        (Signal::KILL, Exit { signal: Some(9), ..Exit::default() }),
    ] {
        let stage = Stage::of_runs([hanging.clone()]);
        let mut running = stage.start("go", None, None);
        running.read_until(started);
        kill_process(running.pid(), signal).unwrap();
        let (events, ended, _) = running.finish();
        assert_eq!((end(&events), ended), (&Outcome::Interrupted, exit));
    }
    let stage = Stage::of_runs([vec![Step::Signal(9)]]);
    assert_eq!(stage.start("go", None, None).finish().1, Exit { signal: Some(9), ..Exit::default() });
}

#[test]
fn a_signal_in_a_tool_ends_the_tool_first() {
    let stage =
        Stage::of_runs([vec![Step::Shell("echo $$ > pid.half; mv pid.half pid; exec sleep 100".to_owned())]]);
    let running = stage.start("go", None, None);
    let tool = Pid::from_raw(wait_for(&stage.path("tree/pid")).trim().parse().unwrap()).unwrap();
    test_kill_process(tool).unwrap();
    kill_process(running.pid(), Signal::TERM).unwrap();
    let (events, exit, _) = running.finish();
    assert_eq!((end(&events), exit), (&Outcome::Interrupted, Exit::with_code(143)));
    assert!(events.contains(&AgentEvent::ToolFinished { ok: false }));
    assert!(test_kill_process(tool).is_err(), "the tool was waited for");
}

#[test]
fn what_ignores_sigterm_and_what_it_left_in_the_background_live_on() {
    let stage = Stage::of_runs([vec![
        Step::Background { pid_file: "child".into(), ignore_sigterm: true },
        Step::IgnoreSigterm,
        Step::Touch("ready".into()),
        Step::WaitFor("go".into()),
        Step::Text("alive".to_owned()),
    ]]);
    let running = stage.start("go", None, None);
    wait_for(&stage.path("tree/ready"));
    let child = Pid::from_raw(wait_for(&stage.path("tree/child")).parse().unwrap()).unwrap();
    kill_process(running.pid(), Signal::TERM).unwrap();
    kill_process(child, Signal::TERM).unwrap();
    fs::write(stage.path("tree/go"), "").unwrap();
    let (events, exit, _) = running.finish();
    assert!(events.contains(&text("alive")));
    assert_eq!((end(&events), exit), (&Outcome::Ok, Exit::with_code(0)));
    test_kill_process(child).unwrap();
    assert_eq!(rustix::process::getsid(Some(child)).unwrap(), child);
    kill_process(child, Signal::KILL).unwrap();
}

#[test]
fn it_tells_its_version_and_refuses_what_the_real_one_refuses() {
    let stage = Stage::of_runs([vec![]]);
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fake-agent"));
        command
            .args(args)
            .env(SCENARIO_VARIABLE, stage.path("scenario.json"))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    assert_eq!(run(&["--version"]).stdout, b"2.1.329 (Claude Code)\n");
    let refused = run(&["-p", "--output-format", "stream-json"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("requires --verbose"));
}
