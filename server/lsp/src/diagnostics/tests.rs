use super::*;
use crate::client::ClientView;
use crate::fixtures::{self, Looped, PLAN, World, key, row_only, situation, situations, uri};
use crate::protocol::lsp_types::NumberOrString;
use crate::snapshot::{LoopPicture, RunPicture, TaskPicture};
use alfine_core::{
    breaker::{Line, Rule},
    budget::{Budget, Short},
    gate::{self, Dialects},
    machine::{Ask, AskKind, LastIteration, Phase, StopReason},
    plan_run::{RunMoney, RunState},
    reason::{Color, Proof, Reason},
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

/// What a client gets for one document.
fn of_document(picture: &Picture, uri: &Url) -> Vec<Diagnostic> {
    all(picture).remove(uri).unwrap_or_default()
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
    insta::assert_snapshot!(shown(&all[&uri("src/coupon.rs")]), @r"
6:4-6:27 Error finding
    assertion `left == right` failed. [expired] The check “cargo test expired” of PLAN.md#US-001 found this; the agent is told to fix it.
    -> /r/PLAN.md:4:0 The task PLAN.md#US-001.
    ");
}

#[test]
fn a_finding_of_a_loop_that_rests_says_that_the_loop_must_go_on() {
    let task = Looped::after(3).refused().at(Phase::Stopped { reason: StopReason::User });
    let picture = World::new().open("PLAN.md", PLAN).with(task).picture();
    let found = of_document(&picture, &uri("src/coupon.rs"));
    assert_eq!(
        found[0].message,
        "assertion `left == right` failed. [expired] The check “cargo test expired” of PLAN.md#US-001 found this; once \
         its loop continues, the agent is told to fix it."
    );
}

#[test]
fn each_rule_says_why_the_loop_stopped_and_what_to_do() {
    let mut text = String::new();
    for rule in Rule::ALL {
        let trip =
            Line { rule, count: 3.0, limit: Some(3.0), evidence: "what fed it".to_owned(), partial: false };
        let task = Looped::after(3).at(Phase::Stopped { reason: StopReason::Breaker(trip) });
        let picture = World::new().open("PLAN.md", PLAN).with(task).picture();
        let _ = writeln!(text, "{}", shown(&plan_diagnostics(&picture)));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn each_question_says_what_is_asked_and_how_to_answer_and_nothing_else_is_said() {
    let mut text = String::new();
    for kind in [
        AskKind::Question,
        AskKind::Blocked,
        AskKind::Approval,
        AskKind::Unproven,
        AskKind::ChecksChanged,
        AskKind::Baseline,
        AskKind::AlreadyGreen,
        AskKind::Login,
        AskKind::Billing,
        AskKind::Budget,
        AskKind::Config,
        AskKind::Context,
        AskKind::Check,
        AskKind::Refusal,
    ] {
        let ask = Ask { kind, text: "which way".to_owned() };
        let body = "<COMPLETION_GATE>\nready: false\nreason: \"the index is missing\"\n</COMPLETION_GATE>";
        let picture = with_gate(body, Phase::NeedsInput { ask });
        let found = plan_diagnostics(&picture);
        assert_eq!(found.len(), 1, "{found:?}");
        let _ = writeln!(text, "{}", shown(&found));
    }
    insta::assert_snapshot!(text);
}

/// A loop whose last iteration said this in its gate, whose check failed, and that rests in one of all the ways in which
/// a loop can rest; each with how bad that is alone.
fn stuck(message: &str) -> Vec<(TaskPicture, DiagnosticSeverity)> {
    let reason = "the index is missing".to_owned();
    let trip = |rule| Line { rule, count: 3.0, limit: Some(3.0), evidence: reason.clone(), partial: false };
    let stopped = |reason| Phase::Stopped { reason };
    let ask = |kind| Phase::NeedsInput { ask: Ask { kind, text: reason.clone() } };
    let rules = Rule::ALL.into_iter().map(|rule| stopped(StopReason::Breaker(trip(rule))));
    let (error, warning) = (DiagnosticSeverity::ERROR, DiagnosticSeverity::WARNING);
    let mut phases: Vec<_> = rules.map(|phase| (phase, warning)).collect();
    phases.extend([(Phase::Failed { message: reason.clone() }, error), (Phase::Paused, warning)]);
    phases.extend([(stopped(StopReason::HardLimit), warning), (stopped(StopReason::User), warning)]);
    for kind in [AskKind::Login, AskKind::Billing, AskKind::Config, AskKind::Context, AskKind::Check] {
        phases.push((ask(kind), error));
    }
    for kind in [AskKind::Question, AskKind::Blocked, AskKind::Approval, AskKind::Refusal] {
        phases.push((ask(kind), warning));
    }
    phases.push((Phase::Before, warning));
    let task = |(phase, severity)| {
        let mut looped = Looped::after(3).refused();
        looped.evidence[1].output = reason.clone();
        looped.marks.clear();
        looped.state.last = Some(LastIteration {
            iteration: 4,
            reading: gate::read(message, &Dialects::default()),
            changed: true,
            files_changed: Some(1),
            verdict: reason.clone(),
            denials: Vec::new(),
        });
        (looped.at(phase), severity)
    };
    phases.into_iter().map(task).collect()
}

#[test]
fn one_cause_is_one_diagnostic_and_is_said_once() {
    let gate = |body: &str| format!("<COMPLETION_GATE>\n{body}\n</COMPLETION_GATE>");
    let blind = ClientView { related_information: false, ..fixtures::able_client() };
    for message in [
        gate("ready: true"),
        gate("ready: false"),
        gate("ready: false\nreason: \"the index is missing\""),
        gate("ready: false\nreason: \"the index is missing\"\nblockers: [\"the index is missing\"]"),
        gate("ready: false\nblockers: [\"no key\"]"),
        gate("ready: maybe"),
        gate("ready: true\nblockers: [\"no key\"]"),
        "I am done.".to_owned(),
    ] {
        for (task, severity) in stuck(&message) {
            for client in [fixtures::able_client(), blind.clone()] {
                let world = World::new().open("PLAN.md", PLAN).with(task.clone()).client(client.clone());
                let found = plan_diagnostics(&world.picture());
                let [one] = &found[..] else { panic!("{message}: {}", shown(&found)) };
                assert_eq!(one.severity, Some(severity), "{message}: {}", shown(&found));
                let related = one.related_information.iter().flatten().map(|it| it.message.clone());
                let said: Vec<String> = std::iter::once(one.message.clone()).chain(related).collect();
                assert_eq!(fixtures::said_twice(&said), [""; 0], "{message}: {}", shown(&found));
            }
        }
    }
}

#[test]
fn what_explains_a_diagnostic_is_beside_it_or_in_it() {
    let body = "<COMPLETION_GATE>\nready: false\nreason: \"the index is missing\"\n</COMPLETION_GATE>";
    let (mut task, _) = stuck(body).remove(1);
    task.last.as_mut().unwrap().evidence[1].output = "1 failed".to_owned();
    let of = |client| {
        let picture = World::new().open("PLAN.md", PLAN).with(task.clone()).client(client).picture();
        shown(&plan_diagnostics(&picture))
    };
    insta::assert_snapshot!(of(fixtures::able_client()), @r"
    4:0-4:28 Warning breaker-no-change
        The loop stopped because 3 iterations in a row changed nothing (limit 3): the index is missing. Look at the transcript and tell the agent what to do differently: select your words in any file and choose the code action “Tell the agent the selected text”. Then continue, or discard the loop.
        -> /r/PLAN.md:9:0 A check fails on the work of iteration 3: “cargo test expired” (exit status 1). It says: 1 failed
    ");
    insta::assert_snapshot!(of(ClientView { related_information: false, ..fixtures::able_client() }), @r"
    4:0-4:28 Warning breaker-no-change
        The loop stopped because 3 iterations in a row changed nothing (limit 3): the index is missing. Look at the transcript and tell the agent what to do differently: select your words in any file and choose the code action “Tell the agent the selected text”. Then continue, or discard the loop.
        A check fails on the work of iteration 3: “cargo test expired” (exit status 1). It says:
        1 failed
    ");
}

#[test]
fn several_changes_of_a_checkout_are_one_diagnostic() {
    let mut task = situation("done, and the user's checkout changed").task.unwrap();
    let changes = &mut task.last.as_mut().unwrap().checkout;
    let mut other = changes[0].clone();
    (other.id, other.iteration, other.named) = (2, 3, false);
    changes.insert(0, other);
    let found = plan_diagnostics(&World::new().open("PLAN.md", PLAN).with(task).picture());
    let [one] = &found[..] else { panic!("{}", shown(&found)) };
    assert_eq!((codes(&found), one.severity), (vec!["checkout-changed"], Some(DiagnosticSeverity::WARNING)));
    assert_eq!(one.related_information.as_ref().unwrap().len(), 1);
}

#[test]
fn a_loop_that_asks_to_run_commands_names_them_and_nothing_else_does() {
    let task = situation("needs_input, commands to allow").task.unwrap();
    let picture =
        World::new().open("PLAN.md", PLAN).with(task).untrusted("PLAN.md", &["sqlx migrate run"]).picture();
    let found = plan_diagnostics(&picture);
    assert_eq!(codes(&found), ["config-untrusted"]);
    assert!(found[0].message.contains("\n  sqlx migrate run  (PLAN.md: US-001)"), "{}", found[0].message);
    assert_eq!(found[0].severity, Some(DiagnosticSeverity::WARNING));
}

#[test]
fn a_plan_that_cannot_be_read_says_why_on_its_first_line() {
    let picture = World::new().unreadable("PLAN.md", "it is not UTF-8 text; save it as UTF-8").picture();
    insta::assert_snapshot!(shown(&of_document(&picture, &uri("PLAN.md"))), @r"
0:0-0:0 Error plan-unreadable
    This plan cannot be read, so none of its tasks can start: it is not UTF-8 text; save it as UTF-8.
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
        assert_eq!((diagnostic.related_information, diagnostic.data), (None, None));
    }
    let able = all(&World::of(&situation("rework")).picture());
    let found = &able[&uri("PLAN.md")][0];
    assert_eq!(found.data, Some(json!({ "task": "PLAN.md#US-001", "uri": uri("PLAN.md") })));
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
    A loop that needs one of these 2 commands cannot start before you allow it on this machine:
      sqlx migrate run  (PLAN.md: US-001)
      curl x⟨U+202E⟩ | sh⏎rm -rf ~  (PLAN.md: US-001)
    Read first, then allow with the code action on this line, or with `alfine trust`.
    ");
}

#[test]
fn commands_of_one_task_are_named_where_they_are_needed() {
    let text = "### T1: One\n- [ ] a: `make a`\n\n### T2: Two\n- [ ] b: `make b`\n\n### T3: Three\n- [ ] b: `make b`\n";
    let lines = |commands: &[&str]| -> Vec<u32> {
        let picture = World::new().open("PLAN.md", text).untrusted("PLAN.md", commands).picture();
        plan_diagnostics(&picture).iter().map(|diagnostic| diagnostic.range.start.line).collect()
    };
    assert_eq!(lines(&["make b"]), [3]);
    assert_eq!(lines(&["make a", "make b"]), [0]);
    assert_eq!(lines(&["make b", "setup of the repository"]), [0]);
}

#[test]
fn a_task_whose_heading_is_gone_is_told_on_the_first_line() {
    let task = situation("running").task.unwrap();
    let picture = World::new().open("PLAN.md", "# Ä𝄞 plan\n\n### T1: Other\n- [ ] x\n").with(task).picture();
    insta::assert_snapshot!(shown(&plan_diagnostics(&picture)), @r"
0:0-0:10 Warning task-gone
    The heading of US-001 (“Add coupon table”) is not in this plan any more, but the task still has a loop, which is running. Put the heading back, or stop or discard the loop.
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
    unknown setting `agnet`. Did you mean `agent`? It has no effect as it is: fix it, or remove it.
2:13-2:15 Error config-invalid
    `limits.iterations` is 51, above the hard limit of 50. No loop can start with it: fix it, or remove it.
    ");
    assert!(all(&World::new().open("alfine.toml", "").picture()).is_empty());
    let weak = "[[verifiers]]\nname = \"tests\"\ncommand = \"cargo test || true\"\n";
    let picture = World::new().open("alfine.toml", weak).picture();
    insta::assert_snapshot!(shown(&all(&picture)[&uri("alfine.toml")]), @r#"
2:10-2:30 Warning criterion-always-passes
    With “|| true” this check passes whatever the work is, so it proves nothing: drop it. Did you mean `"cargo test"`?
    "#);
}

#[test]
fn what_a_tool_or_an_agent_says_cannot_hide_or_flood() {
    let message = format!("\u{1b}]0;title\u{7}\u{202e}{}", "x\n".repeat(100_000));
    let task = Looped::after(3).at(Phase::Failed { message });
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
fn a_plan_in_which_no_task_is_found_says_why_at_its_place() {
    for (text, line) in
        [("", 0), ("# Garden\n\n- seed\n- water\n", 2), ("| ID | Task |\n|---|---|\n| G-1 | Seed |\n", 0)]
    {
        let picture = World::new().open("PLAN.md", text).picture();
        let [found] = &plan_diagnostics(&picture)[..] else { panic!("{text}") };
        assert_eq!(codes(std::slice::from_ref(found)), ["plan-without-tasks"]);
        assert_eq!(found.range.start.line, line, "{text}");
    }
}

#[test]
fn nothing_is_said_of_what_is_no_plan() {
    let picture =
        World::new().open("README.md", "### US-001: x\n").open_outside("untitled:Untitled-1", "x").picture();
    assert!(all(&picture).is_empty());
    for name in ["README.md", "nothing.md"] {
        assert_eq!(of_document(&picture, &uri(name)), []);
    }
    assert_eq!(of_document(&picture, &Url::parse("untitled:Untitled-1").unwrap()), []);
}

#[test]
fn the_key_of_a_task_is_what_its_actions_need() {
    let picture = World::of(&situation("interrupted")).picture();
    assert_eq!(plan_diagnostics(&picture)[0].data, Some(json!({ "task": key(), "uri": uri("PLAN.md") })));
}

#[test]
fn ten_times_as_many_findings_take_ten_times_as_long_and_not_a_hundred_times() {
    let quickest = |loops: usize| {
        let mut world = World::new();
        for n in 0..loops {
            let mut task = situation("rework").task.unwrap();
            task.row.key = TaskKey::new("PLAN.md", format!("US-{n:04}"));
            let last = task.last.as_mut().unwrap();
            last.row.task = task.row.key.clone();
            let mark = last.marks.remove(0);
            last.marks = (0..50).map(|line| Mark { line, ..mark.clone() }).collect();
            world = world.with(task);
        }
        let picture = world.open("PLAN.md", PLAN).picture();
        let time = || {
            let begun = std::time::Instant::now();
            assert_eq!(all(&picture)[&uri("src/coupon.rs")].len(), 50 * loops);
            begun.elapsed()
        };
        (0..3).map(|_| time()).min().unwrap()
    };
    // What else the machine does may fall on one of the two; a cost of the square shows each time.
    let tries: Vec<_> = (0..5).map(|_| (quickest(20), quickest(200))).collect();
    assert!(tries.iter().any(|(once, tenfold)| *tenfold < 20 * *once), "{tries:?} for ten times as many");
}

#[test]
fn each_of_a_thousand_tasks_is_told() {
    let picture = fixtures::thousand();
    assert_eq!(
        all(&picture)[&uri("PLAN.md")]
            .iter()
            .filter(|found| found.severity == Some(DiagnosticSeverity::WARNING))
            .count(),
        400
    );
}

#[test]
fn a_done_task_that_nothing_proves_says_so_until_it_is_merged() {
    let found = |status: TaskStatus, change: fn(&mut LoopPicture)| {
        let mut done = situation(if status == TaskStatus::Merged { "merged" } else { "done" });
        change(done.task.as_mut().and_then(|task| task.last.as_mut()).unwrap());
        plan_diagnostics(&World::of(&done).picture())
    };
    let unproven = |last: &mut LoopPicture| {
        last.evidence.clear();
        let proof = Proof {
            color: Color::Green,
            checks: 0,
            failed: Vec::new(),
            unusual: Vec::new(),
            proven: Some(0),
            guard: false,
        };
        last.state.as_mut().unwrap().outcome = Some(Reason::Proven { proof });
    };
    assert_eq!(codes(&found(TaskStatus::Done, |_| {})), [""; 0], "it is proven");
    let told = found(TaskStatus::Done, unproven);
    assert_eq!(codes(&told), ["unproven"]);
    assert!(told[0].message.contains("nothing proves it"), "{}", told[0].message);
    let stale = found(TaskStatus::Done, |last| last.changed = true);
    assert_eq!((codes(&stale), stale[0].severity), (vec!["unproven"], Some(DiagnosticSeverity::WARNING)));
    assert_eq!(codes(&found(TaskStatus::Merged, unproven)), [""; 0]);
}

#[test]
fn a_budget_that_holds_a_plan_up_is_said_once_on_its_first_line() {
    let short = Short { budget: Budget::PlanUsd, limit: 1.0, spent: 0.9, next: Some(0.3) };
    let ask = Ask { kind: AskKind::Budget, text: short.to_string() };
    let run = |state, short| RunPicture {
        state,
        money: RunMoney { cost_usd: Some(0.9), budget_usd: Some(1.0), short },
        branch: None,
    };
    let found = |run| {
        let task = Looped::after(1).at(Phase::NeedsInput { ask: ask.clone() });
        plan_diagnostics(&World::new().open("PLAN.md", PLAN).with(task).run_of("PLAN.md", run).picture())
    };
    let said = found(run(RunState::NeedsInput, Some(short)));
    assert_eq!(
        shown(&said),
        "0:0-0:9 Warning budget\n    Nothing more is begun: the plan's budget of $1.00 is not enough for another run: $0.90 is \
         spent, and a run costs about $0.30. Raise it, or stop the plan.\n"
    );
    // Where nothing of the plan is held up, the task says it itself.
    let of_task = found(run(RunState::Active, None));
    assert_eq!(codes(&of_task), ["budget"]);
    assert_ne!(of_task[0].range.start.line, 0);
}
