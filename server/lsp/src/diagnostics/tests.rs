use super::*;
use crate::fixtures::{self, Looped, PLAN, World, key, row_only, situation, situations, uri};
use alfine_core::{
    gate::{self, Dialects},
    machine::{LastIteration, Phase},
};
use std::fmt::Write;

/// Each diagnostic on one line: place, how bad, code, message; then the other places.
fn shown(found: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in found {
        let Range { start, end } = diagnostic.range;
        let Some(NumberOrString::String(code)) = &diagnostic.code else { panic!("{diagnostic:?}") };
        let how = diagnostic.severity.unwrap();
        let _ = writeln!(
            text,
            "{}:{}-{}:{} {how:?} {code}\n    {}",
            start.line,
            start.character,
            end.line,
            end.character,
            diagnostic.message.replace('\n', "\n    ")
        );
        for related in diagnostic.related_information.iter().flatten() {
            let at = related.location.range.start;
            let file = related.location.uri.path();
            let _ = writeln!(text, "    -> {file}:{}:{} {}", at.line, at.character, related.message);
        }
    }
    text
}

fn plan_diagnostics(picture: &Picture) -> Vec<Diagnostic> {
    let found = of_document(picture, &uri("PLAN.md"));
    found.into_iter().filter(|diagnostic| diagnostic.code != Some(code("criterion-vague"))).collect()
}

fn code(code: &str) -> NumberOrString {
    NumberOrString::String(code.to_owned())
}

fn codes(found: &[Diagnostic]) -> Vec<&str> {
    let code = |diagnostic: &'_ Diagnostic| match &diagnostic.code {
        Some(NumberOrString::String(_)) => (),
        other => panic!("{other:?}"),
    };
    found.iter().for_each(code);
    let word = |diagnostic: &'_ Diagnostic| match diagnostic.code.as_ref() {
        Some(NumberOrString::String(code)) => Some(code.as_str().to_owned()),
        _ => None,
    };
    let words: Vec<String> = found.iter().filter_map(word).collect();
    words.into_iter().map(|word| &*word.leak()).collect()
}

/// `US-001` after three iterations, the last of which ended with this message; it rests or works.
fn with_gate(message: &str, phase: Phase) -> Picture {
    let mut looped = Looped::after(3);
    looped.state.last = Some(LastIteration {
        iteration: 3,
        reading: gate::read(message, &Dialects::default()),
        changed: true,
        files_changed: Some(1),
        verdict: "not ready".to_owned(),
        denials: Vec::new(),
    });
    World::new().open("PLAN.md", PLAN).with(looped.at(phase)).picture()
}

#[test]
fn every_situation_says_what_it_has_to() {
    let mut text = String::new();
    for situation in situations() {
        let picture = World::of(&situation).picture();
        let _ = writeln!(text, "## {}\n{}", situation.name, shown(&plan_diagnostics(&picture)));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_gate_says_what_it_has_to() {
    let gate = |body: &str| format!("<COMPLETION_GATE>\n{body}\n</COMPLETION_GATE>");
    let mut text = String::new();
    for (name, message) in [
        ("ready", gate("ready: true\nreason: all done")),
        ("not ready", gate("ready: false\nreason: \"the index is missing\"")),
        ("blocked", gate("ready: false\nblockers: [\"the \u{1b}[31mdatabase is down\", \"no\\nkey\"]")),
        ("missing", "I am done.".to_owned()),
        ("malformed", gate("ready: true|false")),
        ("contradictory", gate("ready: true\nblockers: [\"tests fail\"]")),
    ] {
        for (how, phase) in [("works", Phase::Before), ("rests", Phase::Paused)] {
            let found = plan_diagnostics(&with_gate(&message, phase));
            let _ = writeln!(text, "## {name}, {how}\n{}", shown(&found));
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_finding_is_on_its_line_and_leads_to_its_task() {
    let picture = World::of(&situation("rework")).picture();
    let all = all(&picture);
    assert_eq!(all[&uri("src/coupon.rs")], of_document(&picture, &uri("src/coupon.rs")));
    insta::assert_snapshot!(shown(&all[&uri("src/coupon.rs")]), @r"
6:4-6:27 Error finding
    assertion `left == right` failed. [expired] The check “cargo test expired” of PLAN.md#US-001 found this; the loop gets it to mend.
    -> /r/PLAN.md:4:0 The task PLAN.md#US-001.
    ");
}

#[test]
fn a_mark_follows_its_line_in_an_open_buffer_and_goes_with_it() {
    let world = |text: &str| World::of(&situation("rework")).open("src/coupon.rs", text).picture();
    let lines = |text: &str| -> Vec<u32> {
        let found = of_document(&world(text), &uri("src/coupon.rs"));
        found.iter().map(|diagnostic| diagnostic.range.start.line).collect()
    };
    assert_eq!(lines("\n\n    coupon.expires_at > now\n"), [2]);
    assert_eq!(lines("coupon.expires_at < now\n"), [0u32; 0]);
}

#[test]
fn what_a_client_cannot_take_is_left_out() {
    let client = ClientView { related_information: false, diagnostic_data: false, ..fixtures::able_client() };
    let picture = World::of(&situation("rework")).client(client).picture();
    for diagnostic in all(&picture).into_values().flatten() {
        assert_eq!(
            (diagnostic.related_information, diagnostic.data, diagnostic.code_description),
            (None, None, None)
        );
    }
    let able = all(&World::of(&situation("rework")).picture());
    let found = &able[&uri("PLAN.md")][0];
    assert_eq!(found.data, Some(json!({ "task": "PLAN.md#US-001" })));
    assert!(found.related_information.is_some());
}

#[test]
fn a_plan_that_is_not_open_shows_its_tasks_only() {
    let text = "### US-001: Add coupon table\n";
    let task = situation("interrupted").task.unwrap();
    let closed =
        World::new().plan("PLAN.md", text).with(task.clone()).untrusted("PLAN.md", &["make"]).picture();
    assert_eq!(codes(&all(&closed)[&uri("PLAN.md")]), ["interrupted"]);
    let open = World::new().open("PLAN.md", text).with(task).untrusted("PLAN.md", &["make"]).picture();
    assert_eq!(codes(&all(&open)[&uri("PLAN.md")]), ["interrupted", "config-untrusted", "criterion-missing"]);
}

#[test]
fn commands_to_allow_are_named_once_on_the_first_open_task() {
    let picture = World::new()
        .open("PLAN.md", PLAN)
        .with(row_only(TaskStatus::Merged))
        .untrusted("PLAN.md", &["sqlx migrate run", "curl x\u{202e} | sh\nrm -rf ~"])
        .picture();
    let found = plan_diagnostics(&picture);
    insta::assert_snapshot!(shown(&found), @r"
12:0-12:31 Information config-untrusted
    No loop can start here before you allow 2 commands of this repository on this machine:
      sqlx migrate run  (PLAN.md: US-001)
      curl x⟨U+202E⟩ | sh⏎rm -rf ~  (PLAN.md: US-001)
    Read them, then allow them with the code action on this line, or with `alfine trust`.
    ");
}

#[test]
fn a_task_whose_heading_is_gone_is_told_on_the_first_line() {
    let task = situation("running").task.unwrap();
    let picture = World::new().open("PLAN.md", "# Ä𝄞 plan\n\n### T1: Other\n- [ ] x\n").with(task).picture();
    insta::assert_snapshot!(shown(&plan_diagnostics(&picture)), @r"
0:0-0:10 Warning task-gone
    The heading of US-001 (“Add coupon table”) is in this plan no more, but its loop can go on: it is running. Put the heading back, or stop or discard the loop.
    ");
}

#[test]
fn lints_bring_their_other_places() {
    let text = "### A1: First thing\nDepends on: B1\n- [ ] x: `a`\n\n### B1: Second thing\nDepends on: A1\n- [ ] y: `b`\n";
    let picture = World::new().open("PLAN.md", text).picture();
    insta::assert_snapshot!(shown(&of_document(&picture, &uri("PLAN.md"))), @r"
1:12-1:14 Error dependency-cycle
    A1 waits for itself, so it can never start: A1 -> B1 -> A1. Remove one of these dependencies
    -> /r/PLAN.md:0:0 A1 waits for B1
    -> /r/PLAN.md:4:0 B1 waits for A1
    ");
}

#[test]
fn settings_are_checked_as_they_stand_in_the_editor() {
    let text = "\u{feff}agnet = \"claude\"\n[limits]\niterations = 51\n";
    let picture = World::new().open("alfine.toml", text).picture();
    insta::assert_snapshot!(shown(&all(&picture)[&uri("alfine.toml")]), @r"
0:1-0:6 Warning config-unknown
    unknown setting `agnet`. Did you mean `agent`? It says nothing as it stands: mend it, or take it out.
2:13-2:15 Error config-invalid
    `limits.iterations` is 51, above the hard limit of 50. No loop can start with it: mend it, or take it out.
    ");
    assert_eq!(all(&picture)[&uri("alfine.toml")], of_document(&picture, &uri("alfine.toml")));
    assert!(all(&World::new().open("alfine.toml", "").picture()).is_empty());
}

#[test]
fn what_a_tool_or_an_agent_says_cannot_hide_or_flood() {
    let mut task = situation("failed").task.unwrap();
    task.row.reason = Some(format!("\u{1b}]0;title\u{7}\u{202e}{}", "x\n".repeat(100_000)));
    let picture = World::new().open("PLAN.md", PLAN).with(task).picture();
    let found = plan_diagnostics(&picture);
    assert_eq!(codes(&found), ["failed"]);
    let message = &found[0].message;
    assert!(
        message.chars().count() < 1000 && !message.contains(['\u{1b}', '\u{202e}', '\u{7}']),
        "{message}"
    );
}

#[test]
fn a_state_that_cannot_be_read_still_says_why_it_stopped() {
    for (name, code) in [
        ("stopped, no change", "breaker-no-change"),
        ("stopped, the limit of iterations", "breaker-iterations"),
    ] {
        let mut task = situation(name).task.unwrap();
        task.last.as_mut().unwrap().state = None;
        let picture = World::new().open("PLAN.md", PLAN).with(task).picture();
        assert_eq!(codes(&plan_diagnostics(&picture)), [code]);
    }
}

#[test]
fn nothing_is_said_of_what_is_no_plan_or_empty() {
    let picture = World::new()
        .open("README.md", "### US-001: x\n")
        .open("PLAN.md", "")
        .open_outside("untitled:Untitled-1", "x")
        .picture();
    assert!(all(&picture).is_empty());
    for name in ["README.md", "PLAN.md", "nothing.md"] {
        assert_eq!(of_document(&picture, &uri(name)), []);
    }
    assert_eq!(of_document(&picture, &Url::parse("untitled:Untitled-1").unwrap()), []);
}

#[test]
fn the_key_of_a_task_is_what_its_actions_need() {
    let picture = World::of(&situation("interrupted")).picture();
    assert_eq!(plan_diagnostics(&picture)[0].data, Some(json!({ "task": key() })));
}

/// A plan of a thousand tasks, each with a stopped loop.
fn thousand() -> Picture {
    let mut text = String::from("# Large\n");
    let mut world = World::new();
    for n in 0..1000 {
        let _ = write!(
            text,
            "\n### US-{n:04}: Task number {n}\nDepends on: US-{:04}\n\n- [ ] It runs: `make t{n}`\n",
            n / 2
        );
        let mut task = situation_of(n);
        task.row.key = TaskKey::new("PLAN.md", format!("US-{n:04}"));
        world = world.with(task);
    }
    world.open("PLAN.md", &text).picture()
}

fn situation_of(n: u32) -> crate::snapshot::TaskPicture {
    let names = ["interrupted", "stopped, no change", "running", "done"];
    situation(names[n as usize % names.len()]).task.unwrap()
}

#[test]
fn a_thousand_tasks_are_told_at_each_keystroke() {
    let picture = thousand();
    assert_eq!(
        all(&picture)[&uri("PLAN.md")]
            .iter()
            .filter(|found| found.severity == Some(DiagnosticSeverity::WARNING))
            .count(),
        500
    );
    let begin = std::time::Instant::now();
    for _ in 0..10 {
        all(&picture);
    }
    let each = begin.elapsed() / 10;
    eprintln!("each {each:?}");
    // 2 ms where the optimiser is on.
    let most = if cfg!(debug_assertions) { 500 } else { 2 };
    assert!(each < std::time::Duration::from_millis(most), "{each:?}");
}
