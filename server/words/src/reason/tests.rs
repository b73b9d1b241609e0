//! Every reason and every refusal, for every reader.

use super::*;
use crate::odd;
use alfine_core::{breaker::BadLimit, machine::Color, reason::Proof, task::TaskStatus, time::Moment};
use std::fmt::Write;

const READERS: [(&str, Reader); 3] = [
    ("terminal", Reader::Terminal),
    ("editor", Reader::Editor { has_plugin: false }),
    ("plugin", Reader::Editor { has_plugin: true }),
];

const ASKS: [AskKind; 11] = [
    AskKind::Question,
    AskKind::Blocked,
    AskKind::Approval,
    AskKind::Login,
    AskKind::Billing,
    AskKind::Budget,
    AskKind::Config,
    AskKind::Context,
    AskKind::Check,
    AskKind::Refusal,
    AskKind::Trust,
];

fn trip(rule: Rule, count: f64, evidence: &str) -> Line {
    Line { rule, count, limit: Some(count), evidence: evidence.to_owned(), partial: false }
}

fn reasons() -> Vec<Reason> {
    let words = || "as it was said".to_owned();
    let unsaved = Reason::Unsaved { file: "src/x.rs".to_owned() };
    let proof = |color, checks, failed: &[&str]| Reason::Proven {
        proof: Proof {
            color,
            checks,
            failed: failed.iter().map(|name| (*name).to_owned()).collect(),
            unusual: Vec::new(),
            proven: None,
            guard: false,
        },
    };
    let not_landed = |because| Reason::NotLanded { into: "main".to_owned(), because };
    let mut reasons: Vec<Reason> = Rule::ALL
        .into_iter()
        .map(|rule| Reason::Breaker { trip: trip(rule, 3.0, "iterations 1, 2 and 3 “did it”") })
        .collect();
    reasons.extend(ASKS.map(|ask| Reason::Asks { ask, text: words() }));
    reasons.extend([
        Reason::HardLimit,
        Reason::StoppedByUser,
        Reason::UsageLimit { known: true, message: words() },
        Reason::UsageLimit { known: false, message: String::new() },
        Reason::Retry { message: words() },
        Reason::Outage { since: Moment(0), message: words() },
        Reason::Outage { since: Moment(0), message: String::new() },
        Reason::Failed { message: words() },
        Reason::Failed { message: String::new() },
        proof(Color::Green, 0, &[]),
        proof(Color::Green, 1, &[]),
        proof(Color::Green, 3, &[]),
        proof(Color::Yellow, 3, &["lint", "format"]),
        unsaved.clone(),
        Reason::Pauses { why: None },
        Reason::Pauses { why: Some(Box::new(unsaved)) },
        Reason::Unrun,
        Reason::RunnerDied,
        Reason::Merged { into: "main".to_owned(), commit: None },
        Reason::Merged { into: "main".to_owned(), commit: Some("0123456789".to_owned()) },
        Reason::Lands { into: "main".to_owned() },
        not_landed(NotLanded::Red { failed: vec![words()] }),
        not_landed(NotLanded::Red { failed: vec!["tests".to_owned(), "lint".to_owned()] }),
        not_landed(NotLanded::Conflicts { files: vec![words()] }),
        not_landed(NotLanded::Stopped),
        not_landed(NotLanded::Unknown { message: words() }),
        Reason::BroughtUp { from: "main".to_owned() },
        Reason::Forked,
        Reason::Told { text: words() },
    ]);
    reasons
}

#[test]
fn every_reason_reads_well_however_odd_it_is() {
    let texts = ["14:05", ""];
    for reason in reasons().iter().flat_map(odd::variants) {
        let said = super::reason(&reason);
        // What others said is as it is in the data.
        if !said.trim_end().ends_with("so it is:") {
            odd::assert_reads_well(&said, &reason);
            odd::assert_reads_well(&stopped(Some(&reason)), &reason);
        }
        for (verdict, since) in ["", " ", "so it is.", "so it is:"].iter().zip(texts.iter().cycle()) {
            let about = About { agent: "claude", moment: "14:05", since, verdict };
            for (_, reader) in READERS {
                let Some(told) = explanation(&reason, &about, reader) else { continue };
                odd::assert_reads_well(&told.to_string(), &reason);
                for part in [&told.why, &told.remedy] {
                    assert!(part.ends_with(['.', '?', '!', '…']), "{part}");
                }
            }
        }
    }
}

#[test]
fn every_reason_is_worded() {
    let mut text = String::new();
    for reason in reasons() {
        let _ = writeln!(text, "{}", super::reason(&reason));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_reason_is_explained_to_every_reader() {
    let about = About { agent: "claude", moment: "14:05", since: "13:40", verdict: "the index is missing" };
    let mut text = String::new();
    for reason in reasons() {
        let said = READERS
            .map(|(name, reader)| (name, explanation(&reason, &about, reader).map(|it| it.to_string())));
        let kind = serde_json::to_value(&reason).unwrap();
        let _ = writeln!(text, "## {}", kind["kind"].as_str().unwrap());
        match &said {
            [(_, None), ..] => text.push_str("-\n"),
            [(_, Some(first)), rest @ ..] if rest.iter().all(|(_, said)| said.as_ref() == Some(first)) => {
                let _ = writeln!(text, "{first}");
            }
            differs => {
                for (name, said) in differs {
                    let _ = writeln!(text, "{name}: {}", said.as_deref().unwrap_or("-"));
                }
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_stop_is_said_in_a_few_words() {
    let mut text = format!("{}\n", stopped(None));
    for reason in reasons() {
        if !matches!(reason, Reason::Asks { .. } | Reason::Proven { .. } | Reason::Pauses { .. }) {
            let _ = writeln!(text, "{}", stopped(Some(&reason)));
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_refusal_is_worded() {
    let status = TaskStatus::Running;
    let mut text = String::new();
    for refusal in [
        Refusal::Started { status },
        Refusal::NothingToPause { status: TaskStatus::Stopped },
        Refusal::NothingToStop { status: TaskStatus::Failed },
        Refusal::NothingToContinue { status: TaskStatus::Done },
        Refusal::NothingAsked { status },
        Refusal::AsksFirst { ask: AskKind::Approval },
        Refusal::AsksFirst { ask: AskKind::Question },
        Refusal::NotDone { status: TaskStatus::Running },
        Refusal::Works,
        Refusal::Iterations { bad: BadLimit::Zero },
        Refusal::Iterations { bad: BadLimit::AboveHardLimit(51) },
        Refusal::Iterations { bad: BadLimit::AlreadyReached { limit: 2, judged: 3 } },
        Refusal::NotMoney,
        Refusal::Unreadable { error: "no field".to_owned() },
        Refusal::RunnerEnded,
        Refusal::Told { text: "it was not to be".to_owned() },
    ] {
        let _ = writeln!(text, "{}", super::refusal(&refusal));
        for odd in odd::variants(&refusal) {
            let said = super::refusal(&odd);
            if !said.ends_with("so it is:") {
                odd::assert_reads_well(&said, &odd);
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_rule_of_the_breaker_is_said_in_words() {
    for (rule, count, evidence, words) in [
        (Rule::Iterations, 10.0, "", "all 10 iterations are used"),
        (Rule::Iterations, 1.0, "", "its only iteration is used"),
        (
            Rule::NoChange,
            3.0,
            "iterations 1, 2 and 3 left tree 29a4167",
            "3 iterations in a row changed nothing",
        ),
        (Rule::NoChange, 1.0, "", "the last iteration changed nothing"),
        (
            Rule::SameError,
            2.0,
            "iterations 4 and 5 ended with “cargo test failed: 3 of 9”",
            "2 iterations in a row ended with the same error: “cargo test failed: 3 of 9”",
        ),
        (Rule::Rework, 3.0, "", "the agent said 3 times that it is done, and the checks said no"),
        (Rule::Cost, 1.02, "", "it cost $1.02, and its limit is $1.02"),
        (Rule::WallTime, 14_400.0, "", "it ran for 4h, and its limit is 4h"),
        (
            Rule::Permission,
            2.0,
            "Bash was denied in iterations 1 and 2",
            "Bash was denied in iterations 1 and 2",
        ),
    ] {
        assert_eq!(reason(&Reason::Breaker { trip: trip(rule, count, evidence) }), words);
    }
}

#[test]
fn who_has_a_box_for_text_is_not_sent_to_select_some() {
    for rule in Rule::ALL {
        let says = |has_plugin| remedy(rule, Reader::Editor { has_plugin });
        assert!(!says(true).contains("select"), "{}", says(true));
        assert_eq!(says(false).contains("select"), says(true).contains("send it a note"));
    }
}

#[test]
fn one_iteration_is_not_told_as_several() {
    let said = |count| why_stopped(&trip(Rule::NoChange, count, ""), "");
    assert_eq!(said(1.0), "The loop stopped because the last iteration changed nothing (limit 1).");
    assert_eq!(said(3.0), "The loop stopped because 3 iterations in a row changed nothing (limit 3).");
}
