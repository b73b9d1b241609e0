use super::*;
use crate::odd;
use alfine_core::{
    agent::Question,
    breaker::{Rule, Trip},
    checkout::CheckoutChange,
    gate::{Gate, Reading, Verdict},
    machine::AskKind,
    proof::ControlKind,
    task::{TaskKey, TaskStatus},
};
use insta::assert_snapshot;
use jiff::tz::TimeZone;
use serde_json::Value;

fn now() -> Zoned {
    "2026-03-04T10:00:00Z".parse::<Timestamp>().unwrap().to_zoned(TimeZone::UTC)
}

fn told(news: News) -> Told {
    Told { at: Moment(0), task: TaskKey::new("PLAN.md", "US-001"), status: TaskStatus::Running, news }
}

/// The line of each piece of news, with its mark. However odd the data of its kind are, it reads well. Each comes back from
/// its columns as it was.
fn lines(all: impl IntoIterator<Item = News>) -> String {
    let all: Vec<News> = all.into_iter().collect();
    for news in &all {
        let row = serde_json::to_value(news).unwrap();
        let (kind, payload) = (row["kind"].as_str().expect("a kind"), row.get("payload").expect("a payload"));
        assert_eq!(News::read(kind, payload.clone()), *news);
    }
    let variants = all.iter().filter(|news| !is_others_words(news)).flat_map(odd::variants);
    for odd in variants.filter(|news| !is_of_odd_names(news)) {
        let lines = [news(&told(odd.clone()), &now()).map(|line| line.text), moving(&odd)];
        for line in lines.into_iter().flatten().filter(|line| !line.ends_with("so it is:")) {
            odd::assert_reads_well(&line, &odd);
        }
    }
    let line = |told: News| match news(&self::told(told), &now()) {
        Some(Line { mark, text }) => format!("{mark:?}: {text}\n"),
        None => "(no line)\n".to_owned(),
    };
    all.into_iter().map(line).collect()
}

/// Whether the line is what somebody else said, and nothing beside it.
fn is_others_words(news: &News) -> bool {
    matches!(news, News::Agent(AgentEvent::Text { .. }) | News::SetupOutput { .. } | News::Error { .. })
}

/// Branches and files have names.
fn is_of_odd_names(news: &News) -> bool {
    let text = serde_json::to_string(news).unwrap();
    matches!(news, News::CheckoutChanged { .. })
        && ["\"\"", " \\n", "so it is"].iter().any(|odd| text.contains(odd))
}

fn files(count: u64) -> CheckoutChange {
    let paths = (0..count).map(|n| format!("file-{n}")).collect();
    CheckoutChange::Files { paths, count }
}

fn changed(changes: Vec<CheckoutChange>, tasks: &[&str], named: bool) -> News {
    let tasks = tasks.iter().map(|task| TaskKey::new("PLAN.md", *task)).collect();
    News::CheckoutChanged { changes, tasks, named }
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn the_agents_starts_and_ends() {
    let started = |resumes, recovery| News::AgentStarted {
        iteration: 1,
        agent: text("claude"),
        resumes,
        fresh: false,
        recovery,
    };
    let ended = |outcome, message: &str, login: Option<&str>| News::AgentEnded {
        outcome,
        message: text(message),
        usage: None,
        login: login.map(text),
    };
    let ending = |reason| News::AgentEnding { reason };
    assert_snapshot!(lines([
        News::IterationStarted { iteration: 2, max_iterations: 10 },
        started(false, None),
        started(true, None),
        started(false, Some(Recovery::SessionLost)),
        started(false, Some(Recovery::ContextFull)),
        started(false, Some(Recovery::RunnerDied)),
        started(true, Some(Recovery::Rewound)),
        started(false, Some(Recovery::SessionRejected)),
        started(false, Some(Recovery::SessionFailing)),
        started(true, Some(Recovery::Compacted)),
        ending(KillReason::Stop),
        ending(KillReason::Pause),
        ending(KillReason::Stall),
        ending(KillReason::Startup),
        ending(KillReason::WallTime),
        ending(KillReason::Decided),
        ending(KillReason::Concluded),
        ended(Outcome::Ok, "", None),
        ended(Outcome::Server, "", None),
        ended(Outcome::Auth { cloud: false }, "Invalid API key\nsecond line", Some("claude /login")),
    ]));
}

#[test]
fn what_an_agent_says() {
    let said = |text: &str| News::Agent(AgentEvent::Text { text: text.to_owned() });
    assert_snapshot!(lines([
        said("\n\n  I look at the tests.\nThen more."),
        said("<COMPLETION_GATE>ready: true"),
        said(&"long ".repeat(40)),
        said("\u{1b}[2Jcleared"),
        News::Agent(AgentEvent::ToolStarted { name: text("Bash"), summary: text("cargo test") }),
        News::Agent(AgentEvent::PermissionDenied { tool: text("Bash(rm)") }),
        News::Agent(AgentEvent::Retrying { reason: text("overloaded") }),
        News::Agent(AgentEvent::Asked(Question {
            text: text("Which?\nmore"),
            options: Vec::new(),
            plan: false
        })),
        News::Agent(AgentEvent::Compacted),
        News::Agent(AgentEvent::Concluded { waits: true }),
        News::Agent(AgentEvent::WorkLost { what: vec![text("make slow"), text("npm run dev")] }),
        News::Agent(AgentEvent::LimitWarning { utilization: 0.914 }),
        News::Agent(AgentEvent::Thinking { text: text("hm") }),
        News::Agent(AgentEvent::ToolFinished { ok: true }),
        News::Agent(AgentEvent::FileTouched { path: text("a") }),
        News::Agent(AgentEvent::Ended { outcome: Outcome::Ok, message: text("") }),
    ]));
}

#[test]
fn checks_and_what_comes_of_them() {
    let check =
        |passed, exit: &str| News::Verifier { name: text("tests"), passed, exit: text(exit), seconds: 1.5 };
    let judged = |verdict, changed, cost_usd| News::IterationJudged {
        iteration: 1,
        changed,
        gate: Box::new(Reading { verdict, gate: Some(Gate::default()), why: text("") }),
        verdict: text("tests said no"),
        failed: None,
        cost_usd,
        tokens: 12,
    };
    assert_snapshot!(lines([
        News::Verifying { checks: vec![text("tests")] },
        News::Lands { into: text("main"), checks: vec![text("tests")] },
        News::LandingAwaited { into: text("main") },
        News::BroughtUp { from: text("main"), conflicts: vec![] },
        News::BroughtUp { from: text("main"), conflicts: vec![text("a.txt")] },
        News::BenchAwaited {},
        News::BenchSetup { command: text("npm ci") },
        News::TriedAgain { check: text("tests"), tests: vec![text("adds")] },
        News::JudgeAsked { by: text("claude (opus)"), questions: 2, control: false },
        News::JudgeAsked { by: text("claude (opus)"), questions: 1, control: true },
        News::Control { control: ControlKind::Base, check: text("tests") },
        News::Control { control: ControlKind::MaterialAlone, check: text("tests") },
        News::Control { control: ControlKind::WorkAlone, check: text("tests") },
        check(true, "exit status 0"),
        check(false, "exit status 1"),
        judged(Verdict::NotReady, true, None),
        judged(Verdict::Ready, false, Some(0.12)),
        News::Committed { commit: Some(text("0123456789abcdef")) },
        News::Committed { commit: None },
        News::PlanChanged { changes: vec![alfine_core::news::Mend::Details] },
        News::SetBack { files: Vec::new(), kept: text("refs/alfine/x/3") },
        News::SetBack { files: ["a", "b", "c", "d"].map(text).to_vec(), kept: text("refs/alfine/x/3") },
    ]));
}

#[test]
fn waits_questions_and_ends() {
    let waiting = |minutes: i64| News::Waiting {
        until: Moment(now().timestamp().as_millisecond() + minutes * 60_000),
        reason: text("usage limit"),
        since: (minutes == 5).then(|| Moment(now().timestamp().as_millisecond() - 60_000)),
    };
    assert_snapshot!(lines([
        waiting(5),
        waiting(60 * 24),
        waiting(-5),
        News::Asks { kind: AskKind::Question, text: text("Which table?\nmore") },
        News::Refused { why: text("it is done: there is nothing to continue") },
        News::Error { message: text("the disk is full"), hint: None },
        News::Rests { reason: text("paused"), cost_usd: None },
        News::Other { kind: text("a_kind_to_come"), payload: Value::Null },
    ]));
}

#[test]
fn the_worktree_and_its_checkpoints() {
    assert_snapshot!(lines([
        News::Provisioned { copied: 2, linked: 1 },
        News::Beside { manifest: text("api/Cargo.toml"), path: text("../lib") },
        News::Setup { command: text("npm ci") },
        News::SetupOutput { line: text("added 3 packages") },
        News::WorktreeRestored { worktree: text("/w") },
        News::CheckpointFailed { message: text("the disk is full"), hint: Some(text("make room")) },
        changed(
            vec![CheckoutChange::Head { was: text("main"), is: text("other") }, files(1)],
            &["US-001"],
            true
        ),
        changed(vec![files(5)], &["US-001", "US-002"], true),
        changed(
            vec![
                CheckoutChange::Ref {
                    name: text("refs/heads/main"),
                    was: Some("a".repeat(40)),
                    is: Some("b".repeat(40)),
                },
                CheckoutChange::Ref { name: text("refs/heads/mine"), was: Some("a".repeat(40)), is: None },
                CheckoutChange::Ref { name: text("refs/tags/v1"), was: None, is: Some("a".repeat(40)) },
                CheckoutChange::Staged { paths: vec![text("a.txt")], count: 1 },
            ],
            &[],
            false,
        ),
        changed(
            vec![
                CheckoutChange::Stash { gone: 1, new: 0 },
                CheckoutChange::Stash { gone: 0, new: 2 },
                CheckoutChange::Stash { gone: 2, new: 1 },
                CheckoutChange::Config { file: text("config") },
                CheckoutChange::Hook { name: text("pre-commit") },
                CheckoutChange::Worktree { path: text("/tmp/inner") },
                CheckoutChange::InWorktree { path: text("/w/feature"), change: Box::new(files(1)) },
                CheckoutChange::WorktreeGone { path: text("/w/old") },
            ],
            &["US-001"],
            true,
        ),
        News::CheckoutNotWatched { message: text("the index cannot be read") },
        News::CheckpointSkipped { what: text("vendor (a repository of its own)") },
        News::ProgressNotLogged { message: text("progress.md: permission denied") },
    ]));
}

#[test]
fn notes() {
    let trip =
        Trip { rule: Rule::NoChange, count: 3.0, limit: Some(3.0), evidence: text(""), partial: false };
    assert_snapshot!(lines(
        [
            Note::SlowStart { seconds: 60 },
            Note::AgentSilent { rule: Rule::Stall, seconds: 300 },
            Note::FreshSession { recovery: Recovery::SessionLost },
            Note::Retry { class: text("server"), message: text("overloaded"), at: Moment(0) },
            Note::Tripped(trip),
            Note::HalfOpened { rule: Rule::NoChange },
            Note::BreakerReset,
            Note::LimitRaised { max_iterations: 20 },
            Note::Steered { text: text("use the new table") },
            Note::PauseAsked,
            Note::Rewound { iteration: 2 },
        ]
        .map(News::Note)
    ));
}

#[test]
fn what_the_moving_line_says() {
    let moves = [
        News::AgentStarted {
            iteration: 1,
            agent: text("claude"),
            resumes: false,
            fresh: false,
            recovery: None,
        },
        News::Agent(AgentEvent::Thinking { text: text("hm") }),
        News::Agent(AgentEvent::ToolStarted { name: text("Bash"), summary: text("ls\nrm") }),
        News::Agent(AgentEvent::Text { text: text("I look.") }),
        News::Verifying { checks: Vec::new() },
        News::Waiting { until: Moment(0), reason: text(""), since: None },
    ];
    let moves: Vec<String> = moves.iter().filter_map(moving).collect();
    assert_eq!(moves, ["the agent works", "thinking", "Bash ls", "I look.", "running the checks", "waiting"]);
    assert_eq!(moving(&News::Committed { commit: None }), None);
}
