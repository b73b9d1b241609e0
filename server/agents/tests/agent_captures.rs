//! Replays what the real CLIs printed, in success and in every kind of failure.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use alfine_agents::{Exit, PriorSession, adapter};
use alfine_core::agent::{AgentEvent, Outcome, Usage};
use std::{fs, path::PathBuf};

/// What a capture must decode into. Tokens are input, output, cache read, cache write.
struct Expected {
    folder: &'static str,
    capture: &'static str,
    outcome: Outcome,
    session: Option<&'static str>,
    tokens: [u64; 4],
    cost: Option<f64>,
    texts: &'static [&'static str],
    tools: &'static [(&'static str, bool)],
    retries: usize,
}

const OLD: &str = "claude-2.1.197";
const NEW: &str = "claude-2.1.329";
const GATE: &str = "Done.\n<COMPLETION_GATE>\nstatus: complete\n</COMPLETION_GATE>\n";
const AUTH: Outcome = Outcome::Auth { cloud: false };
const NONE: [u64; 4] = [0, 0, 0, 0];

const fn limit(reset_at: Option<i64>) -> Outcome {
    Outcome::RateLimit { reset_at }
}

/// Makes the row of a run that used nothing and said nothing.
const fn failed(capture: &'static str, outcome: Outcome, session: &'static str) -> Expected {
    row(capture, outcome, session, NONE, 0.0, &[])
}

const fn row(
    capture: &'static str,
    outcome: Outcome,
    session: &'static str,
    tokens: [u64; 4],
    cost: f64,
    texts: &'static [&'static str],
) -> Expected {
    let session = Some(session);
    Expected {
        folder: NEW,
        capture,
        outcome,
        session,
        tokens,
        cost: Some(cost),
        texts,
        tools: &[],
        retries: 0,
    }
}

#[rustfmt::skip]
fn table() -> Vec<Expected> {
    use Outcome::{
        Billing, Budget, Config, Context, Interrupted, Ok, Refusal, Server, SessionNotFound, TurnLimit,
    };
    vec![
        Expected { tools: &[("Write", true)], ..row("two-turn-success", Ok, "bd5890f5", [2500, 80, 700, 300], 0.01324, &["I'll write the file.", GATE]) },
        row("resume-cost-1", Ok, "6fd33ddd", [1000, 100, 0, 0], 0.006, &["ok"]),
        row("resume-cost-2", Ok, "6fd33ddd", [1000, 100, 0, 0], 0.006, &["ok"]),
        Expected { folder: OLD, ..row("resume-cost-1", Ok, "1a07bbb3", [1000, 100, 0, 0], 0.0075, &["ok"]) },
        Expected { folder: OLD, ..row("resume-cost-2", Ok, "1a07bbb3", [1000, 100, 0, 0], 0.0075, &["ok"]) },
        Expected { cost: None, ..failed("401-after-retry", AUTH, "82c68114") },
        Expected { cost: None, ..failed("401-retrying-forever", AUTH, "0edb37b4") },
        Expected { cost: None, ..failed("401-oauth-expired", AUTH, "e5c9d921") },
        failed("not-logged-in", AUTH, "479b8c9d"),
        failed("400-credit-balance", Billing, "a6fef47c"),
        Expected { retries: 2, ..failed("429-api-key", limit(None), "3d7013d0") },
        Expected { retries: 2, ..row("429-then-recovered", Ok, "d5d1b48a", [100, 20, 0, 0], 0.0008, &["recovered"]) },
        failed("429-five-hour", limit(Some(1_900_000_000)), "bc544bf8"),
        failed("429-weekly", limit(Some(1_795_255_200)), "b180de25"),
        row("rate-limit-warning", Ok, "dab22d6f", [100, 20, 0, 0], 0.0004, &["fine"]),
        Expected { folder: OLD, ..failed("429-session-limit", limit(Some(1_795_255_200)), "98571a23") },
        Expected { retries: 2, ..failed("529-overloaded", Server, "534364d4") },
        Expected { retries: 2, ..failed("500", Server, "e1012731") },
        failed("model-not-found", Config, "b77fe58b"),
        failed("prompt-too-long", Context, "65ce0f04"),
        Expected { tools: &[("Bash", true), ("Bash", true)], ..row("max-turns", TurnLimit, "f939dd46", [200, 40, 0, 0], 0.0016, &[]) },
        Expected { tools: &[("Bash", false)], ..row("max-budget", Budget, "77724af5", [100_000, 5000, 0, 0], 0.5, &[]) },
        row("refusal", Refusal, "38818a8f", [200, 40, 0, 0], 0.0016, &["no", "no"]),
        Expected { session: None, ..failed("resume-unknown-id", SessionNotFound, "") },
        Expected { session: None, cost: None, ..failed("session-id-in-use", Config, "") },
        Expected { tools: &[("Write", true)], ..row("permission-mode", Ok, "7b9d8ca5", [2500, 80, 700, 300], 0.01324, &["I'll write the file.", GATE]) },
        row("sigint-streaming", Interrupted, "202b0219", [100, 8, 0, 0], 0.00056, &["streaming text that hangs"]),
        Expected { cost: None, ..failed("sigterm-streaming", Interrupted, "5796376e") },
        Expected { cost: None, tools: &[("Bash", false)], ..row("sigterm-in-tool", Interrupted, "6eec47a5", [100, 1, 0, 0], 0.0, &["a"]) },
        Expected { tools: &[("Bash", false)], ..row("tool-error", Ok, "be43cdc8", [200, 40, 0, 0], 0.0016, &["a", "end"]) },
        Expected { tools: &[("Bash", true)], ..row("thinking", Ok, "95d70f2b", [200, 40, 0, 0], 0.0016, &["gate in first\n<COMPLETION_GATE>x</COMPLETION_GATE>", "end"]) },
        row("empty-result", Ok, "9a532fa8", [200, 40, 0, 0], 0.0016, &[]),
    ]
}

/// Returns the rows of the index: folder, capture, exit status, class.
fn index() -> Vec<(String, String, i32, String)> {
    let text = fs::read_to_string(captures().join("index.tsv")).unwrap();
    let row = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        let mut cell = || cells.next().unwrap();
        (cell(), cell(), cell().parse().unwrap(), cell())
    };
    text.lines().skip(1).filter(|line| line.starts_with("claude-")).map(row).collect()
}

fn captures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/captures")
}

/// Returns stdout and stderr of a capture.
fn stream_of(folder: &str, capture: &str) -> (Vec<u8>, String) {
    let folder = captures().join(folder);
    let stream = fs::read(folder.join(format!("{capture}.jsonl"))).unwrap();
    (stream, fs::read_to_string(folder.join(format!("{capture}.stderr"))).unwrap_or_default())
}

/// Decodes a capture in chunks whose sizes `next` says; returns its events and the session's total.
fn decode(
    (stream, stderr): &(Vec<u8>, String),
    exit: i32,
    prior: Option<f64>,
    mut next: impl FnMut() -> usize,
) -> (Vec<AgentEvent>, Option<f64>) {
    let mut decoder = adapter("claude").unwrap().decoder(&PriorSession { total_cost_usd: prior });
    let mut events = Vec::new();
    let mut rest = stream.as_slice();
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(next().clamp(1, rest.len()));
        decoder.push(chunk, &mut |event| events.push(event));
        rest = after;
    }
    decoder.finish(Exit::with_code(exit), stderr, &mut |event| events.push(event));
    (events, decoder.session_total_cost())
}

fn decode_whole(folder: &str, capture: &str, exit: i32) -> Vec<AgentEvent> {
    decode(&stream_of(folder, capture), exit, prior(folder, capture), || usize::MAX).0
}

/// Returns what the session's total was before a capture that resumes it.
fn prior(folder: &str, capture: &str) -> Option<f64> {
    if capture != "resume-cost-2" {
        return None;
    }
    decode(&stream_of(folder, "resume-cost-1"), 0, None, || usize::MAX).1
}

fn texts(events: &[AgentEvent]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| match event {
            AgentEvent::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

fn count(events: &[AgentEvent], is: impl Fn(&AgentEvent) -> bool) -> usize {
    events.iter().filter(|event| is(event)).count()
}

#[test]
fn every_capture_decodes_into_its_outcome_session_usage_and_texts() {
    let table = table();
    let index = index();
    assert_eq!(index.len(), table.len());
    for (folder, capture, exit, class) in index {
        let row = table.iter().find(|row| row.folder == folder && row.capture == capture);
        let row = row.unwrap_or_else(|| panic!("{folder}/{capture} is not in the table"));
        let events = decode_whole(&folder, &capture, exit);
        let name = format!("{folder}/{capture}: {events:#?}");

        let Some(AgentEvent::Ended { outcome, message }) = events.last() else { panic!("{name}") };
        assert_eq!(count(&events, |event| matches!(event, AgentEvent::Ended { .. })), 1, "{name}");
        assert_eq!(outcome, &row.outcome, "{name}");
        assert_eq!(outcome.class(), class, "{name}");
        assert_eq!(message.is_empty(), *outcome == Outcome::Ok, "{name}");

        let session = events.iter().find_map(|event| match event {
            AgentEvent::SessionStarted { id, model: Some(_) } => id.0.split('-').next(),
            _ => None,
        });
        assert_eq!(session, row.session, "{name}");

        let usage = events.iter().rev().find_map(|event| match event {
            AgentEvent::Usage(usage) => Some(*usage),
            _ => None,
        });
        let Usage { input, output, cache_read, cache_write, cost_usd } = usage.unwrap_or_default();
        assert_eq!([input, output, cache_read, cache_write], row.tokens, "{name}");
        let near = match (cost_usd, row.cost) {
            (Some(cost), Some(expected)) => (cost - expected).abs() < 1e-9,
            (cost, expected) => cost == expected,
        };
        assert!(near, "{name}");

        assert_eq!(texts(&events), row.texts, "{name}");
        let tools: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                AgentEvent::ToolStarted { name, summary } if !summary.is_empty() => Some(name.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(tools, row.tools.iter().map(|(tool, _)| *tool).collect::<Vec<_>>(), "{name}");
        let worked = count(&events, |event| *event == AgentEvent::ToolFinished { ok: true });
        assert_eq!(worked, row.tools.iter().filter(|(_, ok)| *ok).count(), "{name}");
        let retries = count(&events, |event| matches!(event, AgentEvent::Retrying { .. }));
        assert_eq!(retries, row.retries, "{name}");
        assert_eq!(count(&events, |event| matches!(event, AgentEvent::PermissionDenied { .. })), 0, "{name}");
    }
}

#[test]
fn how_a_capture_is_chunked_does_not_change_its_events() {
    let mut seed = 7_u32;
    for (folder, capture, exit, _) in index() {
        let stream = stream_of(&folder, &capture);
        let prior = prior(&folder, &capture);
        let whole = decode(&stream, exit, prior, || usize::MAX);
        assert_eq!(decode(&stream, exit, prior, || 1), whole, "{folder}/{capture}, byte by byte");
        for _ in 0..5 {
            let random = || {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 21) as usize
            };
            assert_eq!(decode(&stream, exit, prior, random), whole, "{folder}/{capture}, in random chunks");
        }
    }
}

#[test]
fn a_capture_cut_off_anywhere_still_ends_exactly_once() {
    for (folder, capture, exit, _) in index() {
        let (stream, stderr) = stream_of(&folder, &capture);
        for end in (0..stream.len()).step_by(61) {
            let part = (stream[..end].to_vec(), stderr.clone());
            let (events, _) = decode(&part, exit, None, || usize::MAX);
            let ends = count(&events, |event| matches!(event, AgentEvent::Ended { .. }));
            assert_eq!(ends, 1, "{folder}/{capture} up to byte {end}");
        }
    }
}

#[test]
fn thinking_is_shown_but_is_no_text() {
    let events = decode_whole(NEW, "thinking", 0);
    assert!(events.contains(&AgentEvent::Thinking { text: "hmm".to_owned() }));
    assert!(!texts(&events).contains(&"hmm"));
}

#[test]
fn a_limit_that_comes_near_is_told_and_stops_nothing() {
    let events = decode_whole(NEW, "rate-limit-warning", 0);
    assert!(events.contains(&AgentEvent::LimitWarning { utilization: 0.92 }));
}

#[test]
fn a_written_file_is_touched_once_its_tool_worked_and_text_comes_before_the_tool() {
    let events = decode_whole(NEW, "two-turn-success", 0);
    let path = "/home/dev/work/repo1/hello.txt".to_owned();
    let at = |wanted: &AgentEvent| events.iter().position(|event| event == wanted).unwrap();
    let touched = at(&AgentEvent::FileTouched { path: path.clone() });
    let text = at(&AgentEvent::Text { text: "I'll write the file.".to_owned() });
    let started = at(&AgentEvent::ToolStarted { name: "Write".to_owned(), summary: path });
    assert!(text < started && started < touched);
}

#[test]
fn a_bad_key_is_told_at_the_first_retry_and_nothing_comes_after_it() {
    let (stream, _) = stream_of(NEW, "401-retrying-forever");
    let second_line = stream.split_inclusive(|byte| *byte == b'\n').take(2).map(<[u8]>::len).sum();
    let (start, rest) = stream.split_at(second_line);
    let mut decoder = adapter("claude").unwrap().decoder(&PriorSession::default());
    let mut events = Vec::new();
    decoder.push(start, &mut |event| events.push(event));
    let end = AgentEvent::Ended { outcome: AUTH, message: "authentication_failed (401)".to_owned() };
    assert_eq!(events.last(), Some(&end));
    let before = events.len();
    decoder.push(rest, &mut |event| events.push(event));
    decoder.finish(Exit { signal: Some(9), ..Exit::default() }, "", &mut |event| events.push(event));
    assert_eq!(events.len(), before);
}
