use super::*;
use Verdict::{Contradictory, Malformed, Missing, NotReady, Ready};
use proptest::prelude::*;
use serde_json::{Map, Value};

fn own(message: &str) -> Reading {
    read(message, &Dialects::default())
}

#[track_caller]
fn all(expected: Verdict, messages: &[&str]) {
    for message in messages {
        let reading = own(message);
        assert_eq!(reading.verdict, expected, "{} in:\n{message}", reading.why);
    }
}

/// A block with this body.
fn block(body: &str) -> String {
    format!("<COMPLETION_GATE>\n{body}\n</COMPLETION_GATE>")
}

#[track_caller]
fn gate(body: &str) -> Gate {
    let reading = own(&block(body));
    reading.gate.unwrap_or_else(|| panic!("{}:\n{body}", reading.why))
}

const READY: &str = "<COMPLETION_GATE>\nready: true\nreason: \"all done\"\nblockers: []\n</COMPLETION_GATE>";

#[test]
fn a_gate_that_says_ready_is_ready_wherever_it_begins_a_line() {
    all(
        Ready,
        &[
            READY,
            &format!("All tests pass.\n\n{READY}\n"),
            &format!("All tests pass.\n{READY}"),
            &format!("{READY}\n\nThat was all. Thank you!"),
            &format!("   {READY}"),
            &format!("\u{feff}\u{a0}{READY}"),
            &format!("- Added the table\n- Ran the tests\n{READY}"),
            &format!("1. Added the table\n\n{READY}"),
            &format!("> quoted before\n{READY}"),
            &format!("```rust\nfn main() {{}}\n```\n{READY}"),
            &format!("    indented code\n\n{READY}"),
            &format!("***\n{READY}"),
            &READY.replace('\n', "\r\n"),
            &READY.replace('\n', "\r"),
            &READY.to_lowercase(),
            &READY.replace("COMPLETION_GATE", "Completion_Gate"),
            &READY.replace("<COMPLETION_GATE>", "< COMPLETION_GATE >  ").replace("</C", "< / C"),
            "<COMPLETION_GATE>ready: true</COMPLETION_GATE>",
            "<COMPLETION_GATE> {\"ready\": true} </COMPLETION_GATE>",
            "<COMPLETION_GATE>\nready: true\nreason: x</COMPLETION_GATE>",
            "<COMPLETION_GATE> ready: true\nreason: x\n</COMPLETION_GATE> Bye.",
            "<COMPLETION_GATE>ready: true\n\n\n</COMPLETION_GATE>",
        ],
    );
}

#[test]
fn a_gate_in_a_code_fence_counts_only_at_the_very_end() {
    all(
        Ready,
        &[
            &format!("Done.\n\n```\n{READY}\n```"),
            &format!("Done.\n```yaml\n{READY}\n```\n \n\t\n\u{a0}\n"),
            &format!("~~~xml\n{READY}\n~~~"),
            &format!("````markdown\n```\n{READY}\n```\n````\n"),
            &format!("```\n{READY}"),
            &format!("```\n{READY}\n"),
            &format!("```\nsome output\n\nnever closed\n{READY}\nThat is all."),
            &format!("   ```\n   {}\n   ```", READY.replace('\n', "\n   ")),
            &format!("- The gate:\n  ```\n  {}\n  ```\n", READY.replace('\n', "\n  ")),
            &format!("```\nexample\n```\nSo:\n```\n{READY}\n```"),
            &format!("`````\n```\n{READY}\n`````"),
            // Backticks behind backticks are a code span, not a fence.
            &format!("``` not ` a fence\n{READY}\nprose"),
        ],
    );
    all(
        Missing,
        &[
            &format!("The format is:\n```\n{READY}\n```\nI am not done."),
            &format!("~~~\n{READY}\n~~~\n\nNot yet."),
            &format!("````\n```\n{READY}\n```\n````\nNot yet."),
            &format!("- like this:\n  ```\n{READY}\n  ```\n\nNot yet."),
            &format!("- ```\n  {}\n  ```\n- Not yet.", READY.replace('\n', "\n  ")),
            &format!("```\n{READY}\n```\n```rust\nfn main() {{}}\n```"),
            // A fence is not closed by another character, by a shorter one, or by one with an info string.
            &format!("~~~\n```\n{READY}\n~~~\nNot yet."),
            &format!("````\n{READY}\n```\n````\nNot yet."),
            &format!("```\n{READY}\n```rust\n```\nNot yet."),
        ],
    );
}

#[test]
fn an_example_does_not_hide_the_gate_before_or_after_it() {
    let example = "```\n<COMPLETION_GATE>\nready: false\n</COMPLETION_GATE>\n```\n";
    all(
        Ready,
        &[
            &format!("{example}And now for real:\n{READY}"),
            &format!("{READY}\nAs opposed to:\n{example}which it is not."),
            "```\n<COMPLETION_GATE>\n```\nopens it. Now:\n<COMPLETION_GATE>\nready: true\n</COMPLETION_GATE>",
            "```\n<COMPLETION_GATE>\nready: true|false\n```\nis cut. Now:\n<COMPLETION_GATE>\nready: true\n</COMPLETION_GATE>",
        ],
    );
}

#[test]
fn a_tag_that_is_only_talked_about_is_no_gate() {
    all(
        Missing,
        &[
            "",
            "All done!",
            "ready: true",
            "I will write <COMPLETION_GATE>ready: true</COMPLETION_GATE> when I am done.",
            "Not done: <COMPLETION_GATE>\nready: true\n</COMPLETION_GATE>",
            "`<COMPLETION_GATE>`\nready: true\n`</COMPLETION_GATE>`",
            "<COMPLETION_GATE> comes when the tests pass.",
            &format!("> {}", READY.replace('\n', "\n> ")),
            &format!("  > {}", READY.replace('\n', "\n> ")),
            &format!("- {}", READY.replace('\n', "\n  ")),
            &format!("* {READY}"),
            &format!("12) {READY}"),
            &format!("- - {READY}"),
            &format!("- the gate is\n\n  {}", READY.replace('\n', "\n  ")),
            &format!("10. the gate is\n    {}", READY.replace('\n', "\n    ")),
            &format!("    {}", READY.replace('\n', "\n    ")),
            &format!("\t{}", READY.replace('\n', "\n\t")),
            "<COMPLETION_GATES>\nready: true\n</COMPLETION_GATES>",
            "<COMPLETION>\nready: true\n</COMPLETION>",
            "</COMPLETION_GATE>",
            "&lt;COMPLETION_GATE&gt;\nready: true",
        ],
    );
}

#[test]
fn a_gate_that_cannot_be_read_is_malformed() {
    all(
        Malformed,
        &[
            &block("ready: true|false\nreason: \"why\"\nblockers: [\"what stands in the way\"]"),
            &block("ready: true | false"),
            &block("ready: maybe"),
            &block("ready: 2"),
            &block("ready: 1.0"),
            &block("ready: on"),
            &block("ready: y"),
            &block("ready:"),
            &block("ready: [true]"),
            &block("ready: \"\""),
            &block("ready: not true"),
            &block("reason: done"),
            &block("ready: true\nready: false"),
            &block("ready: true\nReady: true"),
            &block("\tready: true\n\treason: it: is\n\tready: true"),
            &block("{\"ready\": true, \"ready\": true}"),
            &block("{\"ready\": \"true|false\"}"),
            &block("{\"ready\": true"),
            &block("{\"ready\": true} and so on"),
            &block("{}"),
            &block(""),
            &block("all done"),
            &block("- a\n- b"),
            "<COMPLETION_GATE>",
            "<COMPLETION_GATE>\nready: true\n",
            "<COMPLETION_GATE>\nready: true\n<COMPLETION_GATE>",
            "<COMPLETION_GATE>\nready: true\n<COMPLETION_GATE>\nready: true\n</COMPLETION_GATE>",
            "<COMPLETION_GATE><COMPLETION_GATE>\nready: true\n</COMPLETION_GATE>",
            "<COMPLETION_GATE>\n<COMPLETION_GATE>ready: true</COMPLETION_GATE>",
            "```\n<COMPLETION_GATE>\nready: true\n```",
            "<COMPLETION_GATE>\nready: true\n<COMPLETION_GATE/>",
            &block(&format!("ready: true\nreason: {}", "x".repeat(70_000))),
        ],
    );
}

#[test]
fn ready_is_a_strict_boolean_in_any_usual_spelling() {
    for yes in [
        "true",
        "True",
        "TRUE",
        "yes",
        "Yes",
        "1",
        "\"true\"",
        "'yes'",
        "\"1\"",
        "true # all pass",
        "\" true \"",
    ] {
        assert_eq!(own(&block(&format!("ready: {yes}"))).verdict, Ready, "{yes}");
    }
    for no in ["false", "False", "no", "NO", "0", "\"false\"", "'0'", "false   "] {
        assert_eq!(own(&block(&format!("ready: {no}"))).verdict, NotReady, "{no}");
    }
    for json in ["true", "1", "\"true\"", "\"YES\""] {
        assert_eq!(own(&block(&format!("{{\"ready\": {json}}}"))).verdict, Ready, "{json}");
    }
}

#[test]
fn ready_with_a_blocker_or_a_question_contradicts_itself() {
    all(
        Contradictory,
        &[
            &block("ready: true\nblockers: [\"tests fail\"]"),
            &block("ready: true\nblockers:\n- tests fail"),
            &block("ready: true\nblockers:\n  - none\n  - tests fail"),
            &block("ready: true\nblockers: tests fail"),
            &block("ready: true\nblockers: {api: no key}"),
            &block("ready: true\nblockers: |\n  - tests fail"),
            &block("ready: true\nblockers: #12 is open"),
            &block("ready: true\nblockers:\n- #12 is open"),
            &block("ready: true\nblockers: []\nblockers: [tests fail]"),
            &block("ready: true\nquestion: Which database?"),
            &block("{\"ready\": true, \"question\": \"Which database?\"}"),
            &block("{\"READY\": true, \"Blockers\": [\"tests fail\"]}"),
            &block("ready: true\nreason: \"unbalanced\nblockers: [\"tests fail\"]"),
            &block("ready: true\nreason: \"unbalanced\nblockers: tests fail\nprogress: none\""),
            &block("ready: true\nreason: 'it''s\nblockers: tests fail\nprogress: none'"),
        ],
    );
    let quoted = own(&block("ready: false\nblockers:\n- \"see: #a \\\"b\\\"\""));
    assert_eq!(quoted.gate.unwrap().blockers, ["see: #a \"b\""]);
    let reading = own(&block("ready: true\nblockers: [\"tests fail\"]"));
    assert_eq!(reading.why, "line 2: `ready` is true, but a blocker is named: “tests fail”");
}

#[test]
fn blockers_and_questions_that_say_nothing_are_absent() {
    for nothing in [
        "",
        "[]",
        "\"\"",
        "none",
        "None.",
        "null",
        "~",
        "n/a",
        "N/A",
        "\"-\"",
        "[none]",
        "[\"n/a\", '-']",
        "no",
        "\n- none",
        "{}",
    ] {
        let gate = gate(&format!("ready: true\nblockers: {nothing}"));
        assert_eq!(gate, Gate { ready: Some(true), ..Gate::default() }, "{nothing:?}");
        if !nothing.starts_with('\n') {
            assert_eq!(
                own(&block(&format!("ready: true\nquestion: {nothing}"))).verdict,
                Ready,
                "{nothing:?}"
            );
        }
    }
    assert_eq!(own(&block("ready: true\nblockers: -\nquestion: -")).verdict, Ready);
}

#[test]
fn the_last_gate_that_counts_decides() {
    let later = |body: &str| format!("{READY}\nWait.\n{}", block(body));
    assert_eq!(own(&later("ready: false")).verdict, NotReady);
    assert_eq!(own(&later("ready: true|false")).verdict, Malformed);
    assert_eq!(own(&later("ready: true\nblockers: [x]")).verdict, Contradictory);
    assert_eq!(own(&format!("{READY}\nWait.\n<COMPLETION_GATE>\nready: false")).verdict, Malformed);
    assert_eq!(own(&format!("{}\nNow it works.\n{READY}", block("ready: false"))).verdict, Ready);
    assert_eq!(own(&format!("{}\n\n```\n{READY}\n```", block("ready: false"))).verdict, Ready);
    assert_eq!(own(&format!("```\n{}\n{READY}\n```", block("ready: false"))).verdict, Ready);
    // A quote of it afterwards is talk.
    assert_eq!(own(&format!("{READY}\n> {}", block("ready: false").replace('\n', "\n> "))).verdict, Ready);
}

#[test]
fn the_body_may_be_written_in_many_ways() {
    let expected = Gate {
        ready: Some(false),
        reason: Some("two: tests fail".into()),
        progress: Some("added the table".into()),
        blockers: vec!["no key".into(), "no network".into()],
        question: Some("Which database?".into()),
        checks_changed: None,
        confidence: None,
        milestones: Vec::new(),
        extra: Map::new(),
    };
    for body in [
        "ready: false\nreason: \"two: tests fail\"\nprogress: added the table\nblockers: [\"no key\", no network]\nquestion: Which database?",
        "question: 'Which database?'\nblockers:\n  - no key\n  - \"no network\"\nPROGRESS: added the table\nReady: FALSE\nreason: 'two: tests fail'",
        "{\"ready\": false, \"reason\": \"two: tests fail\", \"progress\": \"added the table\", \"blockers\": [\"no key\", \"no network\"], \"question\": \"Which database?\"}",
        "{\n  \"ready\": false,\n  \"reason\": \"two: tests fail\",\n  \"progress\": \"added the table\",\n  \"blockers\": [\"no key\", \"no network\",],\n  \"question\": \"Which database?\",\n}",
        "{ready: no, reason: 'two: tests fail', progress: added the table, blockers: [no key, no network], question: 'Which database?'}",
        "```yaml\nready: false\nreason: \"two: tests fail\"\nprogress: added the table\nblockers: [no key, no network]\nquestion: Which database?\n```",
        "~~~json\n{\"ready\": 0, \"reason\": \"two: tests fail\", \"progress\": \"added the table\", \"blockers\": [\"no key\", \"no network\"], \"question\": \"Which database?\"}\n~~~\n",
        // No YAML from here on: a second colon, an unbalanced quote, tabs, bold keys.
        "ready: false\nreason: two: tests fail\nprogress: added the table\nblockers:\n- no key\n- no network\nquestion: Which database?",
        "ready: false\nreason: \"two: tests fail\nprogress: \"added the table\nblockers: [\"no key\", \"no network\"]\nquestion: \"Which database?",
        "\tready: false\n\treason: two: tests fail\n\tprogress: added\n\t\tthe table\n\tblockers:\n\t\t- no key\n\t\t- no\n\t\t  network\n\tquestion:\tWhich database?",
        "**ready:** false\n**reason**: two: tests fail\n`progress`: added the table\n\"blockers\": [no key, no network]\nquestion: Which database?",
        "---\nready: false\nreason: two: tests fail\nprogress: added the table\nblockers:\n  - no key\n  - no network\nquestion: Which database?\n---",
    ] {
        assert_eq!(gate(body), expected, "{body}");
        assert_eq!(gate(&body.replace('\n', "\r\n")), expected, "{body}");
    }
}

#[test]
fn unknown_keys_are_kept() {
    let gate = gate("ready: true\nMood: 0.9\nfiles: [a.rs, b.rs]\nnote: 0123");
    assert_eq!(
        Value::Object(gate.extra),
        serde_json::json!({"Mood": 0.9, "files": ["a.rs", "b.rs"], "note": "0123"})
    );
}

#[test]
fn confidence_and_milestones_are_kept_and_decide_nothing() {
    for (said, share) in
        [("0.8", Some(0.8)), ("80%", Some(0.8)), ("\"1\"", Some(1.0)), ("0", Some(0.0)), ("n/a", None)]
    {
        let reading = own(&block(&format!("ready: true\nConfidence: {said}\nmilestones: [table, form]")));
        let gate = reading.gate.clone().unwrap();
        assert_eq!((reading.verdict, gate.confidence), (Ready, share), "{said}");
        assert_eq!((gate.milestones, gate.extra.len()), (vec!["table".to_owned(), "form".to_owned()], 0));
    }
    for said in ["7", "-1", "high", "nan", "[1, 2]", "120 %", ".inf"] {
        let reading = own(&block(&format!("ready: true\nconfidence: {said}")));
        assert_eq!((reading.verdict, reading.gate.clone().unwrap().confidence), (Ready, None), "{said}");
        assert!(reading.why.ends_with("not a number from 0 to 1, and ignored"), "{}", reading.why);
        let saved = serde_json::to_value(&reading).unwrap();
        assert_eq!(serde_json::from_value::<Reading>(saved).unwrap(), reading);
    }
    let many: String = (0..50).map(|n| format!("\n- step {n}")).collect();
    assert_eq!(gate(&format!("ready: true\nmilestones:{many}")).milestones.len(), 20);
    assert_eq!(gate("ready: false\nmilestones: none").milestones, [""; 0]);
}

#[test]
fn a_second_tag_named_in_a_value_is_no_second_opening() {
    let reading = own(&block("ready: true\nreason: I end with <COMPLETION_GATE> as asked"));
    assert_eq!(reading.verdict, Ready, "{}", reading.why);
}

#[test]
fn a_reading_says_why_in_one_sentence() {
    let why = |message: &str| own(message).why;
    assert_eq!(why(READY), "line 2: `ready` is true and nothing is said to stand in the way");
    assert_eq!(
        why("Hm.\n\n<COMPLETION_GATE>\nready: true|false\n</COMPLETION_GATE>"),
        "line 4: `ready` is `true|false`, which is neither true nor false"
    );
    assert_eq!(why("<COMPLETION_GATE>\nready: true"), "the gate that begins on line 1 has no closing tag");
    assert_eq!(
        why("\n<COMPLETION_GATE>\n<COMPLETION_GATE>\n</COMPLETION_GATE>"),
        "the gate that begins on line 2 has a second opening tag on line 3"
    );
    assert_eq!(why(&block("reason: x")), "line 1: the gate does not say `ready`");
    assert_eq!(why(&block("ready: true\nready: true")), "line 2: the gate says `ready` more than once");
    assert_eq!(why(&block("done")), "the gate that begins on line 1 has no `key: value` line");
    assert_eq!(why(""), "the agent wrote no completion gate");
    assert_eq!(
        why(&format!("```\n{READY}\n```\nprose")),
        "the gate on line 2 stands in a code fence with more text after it, so it is an example"
    );
    assert_eq!(
        why("x\n- <COMPLETION_GATE>"),
        "the gate's tag on line 2 stands in a list item, so it is only talk"
    );
}

#[test]
fn of_several_messages_the_last_one_with_a_gate_decides() {
    let verdict = |messages: &[&str]| {
        let mut reader = GateReader::new(Dialects { loop_complete: true, ..Dialects::default() });
        for message in messages {
            reader.observe(message);
        }
        reader.reading().verdict
    };
    let no = block("ready: false");
    assert_eq!(verdict(&[]), Missing);
    assert_eq!(verdict(&[READY, "Now I clean up."]), Ready);
    assert_eq!(verdict(&[READY, &no]), NotReady);
    assert_eq!(verdict(&[&no, READY, ""]), Ready);
    assert_eq!(verdict(&[READY, "<COMPLETION_GATE>"]), Malformed);
    assert_eq!(verdict(&["LOOP_COMPLETE", "Bye."]), Ready);
    assert_eq!(verdict(&[&no, "LOOP_COMPLETE"]), NotReady);
    assert_eq!(verdict(&["LOOP_COMPLETE", &no]), NotReady);
}

#[test]
fn a_reader_survives_being_stored() {
    let mut reader = GateReader::new(Dialects { promise: Some("DONE".into()), ..Dialects::default() });
    reader.observe(&block("ready: true\nblockers: [x]\nmood: good"));
    let stored = serde_json::to_string(&reader).unwrap();
    assert_eq!(serde_json::from_str::<GateReader>(&stored).unwrap(), reader);
}

#[test]
fn dialects_are_off_unless_asked_for() {
    all(
        Missing,
        &[
            "<promise>COMPLETE</promise>",
            "---RALPH_STATUS---\nEXIT_SIGNAL: true\n---END_RALPH_STATUS---",
            "LOOP_COMPLETE",
        ],
    );
}

#[test]
fn a_promise_must_have_the_text_that_was_asked_for() {
    let dialects = Dialects { promise: Some("ALL TESTS PASS".into()), ..Dialects::default() };
    for (expected, message) in [
        (Ready, "<promise>ALL TESTS PASS</promise>"),
        (Ready, "Done.\n<PROMISE>\n  ALL TESTS\n  PASS\n</PROMISE>\nBye."),
        (Ready, "```\n<promise>ALL TESTS PASS</promise>\n```"),
        (Missing, "```\n<promise>ALL TESTS PASS</promise>\n```\nis what I will write."),
        (Missing, "I cannot write <promise>ALL TESTS PASS</promise> yet."),
        (Missing, "> <promise>ALL TESTS PASS</promise>"),
        (Missing, "- <promise>ALL TESTS PASS</promise>"),
        (Missing, "<promise>all tests pass</promise>"),
        (Missing, "<promise>ALL TESTS PASS"),
        (Missing, "<promise>ALL TESTS PASS</promise>\n<promise>BLOCKED</promise>"),
        (NotReady, "<promise>ALL TESTS PASS</promise>\n<COMPLETION_GATE>ready: no</COMPLETION_GATE>"),
        (Malformed, "<COMPLETION_GATE>\n<promise>ALL TESTS PASS</promise>"),
    ] {
        assert_eq!(read(message, &dialects).verdict, expected, "{message}");
    }
    let reading = read("<promise>BLOCKED</promise>", &dialects);
    assert_eq!(reading.why, "the promise on line 1 is `BLOCKED`, not `ALL TESTS PASS`");
    let empty = Dialects { promise: Some(" ".into()), ..Dialects::default() };
    assert_eq!(read("<promise></promise>", &empty).verdict, Missing);
}

#[test]
fn a_ralph_status_block_says_ready_by_its_exit_signal() {
    let dialects = Dialects { ralph_status: true, ..Dialects::default() };
    let read =
        |fields: &str| read(&format!("---RALPH_STATUS---\n{fields}\n---END_RALPH_STATUS---"), &dialects);
    let done = read(
        "STATUS: COMPLETE\nTASKS_COMPLETED_THIS_LOOP: 1\nEXIT_SIGNAL: true\nRECOMMENDATION: All done: ship it",
    );
    assert_eq!(done.verdict, Ready);
    let gate = done.gate.unwrap();
    assert_eq!(gate.reason.as_deref(), Some("All done: ship it"));
    assert_eq!(gate.extra["TASKS_COMPLETED_THIS_LOOP"], "1");
    let odd = read("EXIT_SIGNAL: true\nready: maybe");
    assert_eq!(serde_json::from_value::<Reading>(serde_json::to_value(&odd).unwrap()).unwrap(), odd);
    for (expected, fields) in [
        (NotReady, "STATUS: IN_PROGRESS\nEXIT_SIGNAL: false  # not yet"),
        (NotReady, "STATUS: BLOCKED\nEXIT_SIGNAL: false\nRECOMMENDATION: need a key"),
        (Contradictory, "STATUS: BLOCKED\nEXIT_SIGNAL: true"),
        (Contradictory, "STATUS: IN_PROGRESS\nEXIT_SIGNAL: true"),
        (Malformed, "STATUS: IN_PROGRESS | COMPLETE | BLOCKED\nEXIT_SIGNAL: false | true"),
        (Malformed, "STATUS: COMPLETE"),
        (Malformed, "EXIT_SIGNAL: true\n---RALPH_STATUS---"),
        (Malformed, ""),
    ] {
        assert_eq!(read(fields).verdict, expected, "{fields}");
    }
}

#[test]
fn loop_complete_counts_only_bare_as_the_last_line() {
    let dialects = Dialects { loop_complete: true, ..Dialects::default() };
    for (expected, message) in [
        (Ready, "LOOP_COMPLETE"),
        (Ready, "Done.\r\n\r\nLOOP_COMPLETE \r\n\r\n"),
        (Missing, "LOOP_COMPLETE\nJust kidding."),
        (Missing, "I will say LOOP_COMPLETE"),
        (Missing, "- LOOP_COMPLETE"),
        (Missing, "> LOOP_COMPLETE"),
        (Missing, "    LOOP_COMPLETE"),
        (Missing, "`LOOP_COMPLETE`"),
    ] {
        assert_eq!(read(message, &dialects).verdict, expected, "{message}");
    }
}

#[test]
fn hostile_bodies_are_read_without_harm() {
    let laughs: String =
        (0..40).map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}]\n", n.max(1) - 1)).collect();
    all(
        Ready,
        &[
            &block(&format!("ready: true\n{laughs}")),
            &block("ready: true\nreason: *undefined"),
            &block("ready: true\nreason: &anchor text"),
            &block("ready: true\nreason: !!binary ///"),
            &block("ready: true\nreason: \"\\q\""),
        ],
    );
    for deep in ["[", "{a: ", "- ", "{\"a\":", "? ", "!!map "] {
        let deep = deep.repeat(60_000 / deep.len());
        let _ = own(&block(&format!("ready: true\nreason: {deep}")));
        let _ = own(&block(&deep));
        let _ = own(&block(&format!("{{\"ready\": true, \"x\": {deep}")));
    }
}

#[test]
fn reading_takes_linear_time() {
    let megabyte = |text: &str| text.repeat((1 << 20) / text.len());
    let dialects = Dialects { promise: Some("x".into()), ralph_status: true, loop_complete: true };
    // Quadratic time would be hours: a hang, which ends the test.
    for text in [
        megabyte("<COMPLETION_GATE>"),
        megabyte("<COMPLETION_GATE>\n"),
        megabyte("```\n<COMPLETION_GATE>\n"),
        megabyte("```\n<COMPLETION_GATE>\n```\n"),
        megabyte("<COMPLETION_GATE>\n</COMPLETION_GATE>\n"),
        format!("```\n{}", megabyte("<COMPLETION_GATE>\n```\nx\n")),
        megabyte("</COMPLETION_GATE>"),
        megabyte("`"),
        megabyte("```\n"),
        megabyte("- "),
        megabyte("1. "),
        megabyte("<"),
        megabyte("< "),
        megabyte("-"),
        megabyte("---RALPH_STATUS---\n"),
        megabyte("<promise>"),
        megabyte("\r"),
        format!("<COMPLETION_GATE>\n{}\n</COMPLETION_GATE>", "[".repeat(100_000)),
        format!("<COMPLETION_GATE>\nready: {}\n</COMPLETION_GATE>", "[".repeat(60_000)),
        format!("<COMPLETION_GATE>\n{}\n</COMPLETION_GATE>", "a: \"\n".repeat(12_000)),
        format!("<COMPLETION_GATE>\n{}\n</COMPLETION_GATE>", "- - ".repeat(15_000)),
    ] {
        assert_ne!(read(&text, &dialects).verdict, Ready);
    }
}

fn words() -> impl Strategy<Value = String> {
    "[ -~äß€\u{1f600}]{1,40}".prop_filter("says something, and no tag", |text| {
        let bare = text.trim_matches(|c: char| c.is_whitespace() || "\"'`.".contains(c));
        bare.chars().filter(|c| c.is_alphabetic()).count() > 5 && !text.contains('<')
    })
}

prop_compose! {
    fn gates()(
        ready in any::<bool>(),
        reason in proptest::option::of(words()),
        progress in proptest::option::of(words()),
        blockers in proptest::collection::vec(words(), 0..4),
        question in proptest::option::of(words()),
        extra in proptest::option::of(words()),
    ) -> Gate {
        let trimmed = |text: String| text.trim().to_owned();
        Gate {
            ready: Some(ready),
            reason: reason.map(trimmed),
            progress: progress.map(trimmed),
            blockers: blockers.into_iter().map(trimmed).collect(),
            question: question.map(trimmed),
            checks_changed: None,
            confidence: None,
            milestones: Vec::new(),
            extra: extra.map(|text| ("mood".to_owned(), Value::from(text))).into_iter().collect(),
        }
    }
}

fn verdict_of(gate: &Gate) -> Verdict {
    match (gate.ready, gate.blockers.is_empty() && gate.question.is_none()) {
        (Some(true), true) => Ready,
        (Some(true), false) => Contradictory,
        _ => NotReady,
    }
}

proptest! {
    #[test]
    fn no_message_panics(text in ".{0,200}") {
        let dialects = Dialects { promise: Some("x".into()), ralph_status: true, loop_complete: true };
        let _ = read(&text, &dialects);
        let _ = own(&block(&text));
    }

    #[test]
    fn no_arrangement_of_pieces_panics_or_is_ready_without_saying_so(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "<COMPLETION_GATE>", "</COMPLETION_GATE>", "\n", "\r\n", "```", "~~~", "````", "- ", "> ", "   ", "\t",
            "ready: ", "false", "true|false", "blockers: ", "[", "]", "{", "}", "\"", ":", "&a ", "*a", "\u{a0}", "é",
            "<promise>", "</promise>", "---RALPH_STATUS---", "---END_RALPH_STATUS---", "EXIT_SIGNAL: ",
        ]), 0..60),
    ) {
        let dialects = Dialects { promise: Some("x".into()), ralph_status: true, loop_complete: true };
        let reading = read(&pieces.concat(), &dialects);
        prop_assert_ne!(reading.verdict, Ready);
        prop_assert!(!reading.why.contains('\n'));
    }

    #[test]
    fn a_rendered_gate_reads_back(gate in gates()) {
        for body in [
            serde_json::to_string(&gate).unwrap(),
            serde_json::to_string_pretty(&gate).unwrap(),
            serde_saphyr::to_string(&gate).unwrap(),
        ] {
            let reading = own(&block(&body));
            prop_assert_eq!(reading.gate.as_ref(), Some(&gate), "{}: {}", reading.why, body);
            prop_assert_eq!(reading.verdict, verdict_of(&gate));
        }
    }

    #[test]
    fn text_before_a_gate_never_changes_it(
        before in "([ -;=-~\n\t`~>-]|```|~~~|- |\n\n|    |> |```\n){0,40}",
        gate in gates(),
        style in 0..4,
        prose_after in any::<bool>(),
    ) {
        let gate_text = match style {
            0 => block(&serde_json::to_string(&gate).unwrap()),
            1 => block(&serde_saphyr::to_string(&gate).unwrap()),
            2 => block(&format!("```yaml\n{}```", serde_saphyr::to_string(&gate).unwrap())),
            _ => block(&format!("```\n{}```", serde_saphyr::to_string(&gate).unwrap())),
        };
        let after = if prose_after { "\nThat is all." } else { "" };
        let alone = own(&gate_text);
        let reading = own(&format!("{before}\n{gate_text}{after}"));
        prop_assert_eq!(reading.verdict, alone.verdict, "{}", reading.why);
        prop_assert_eq!(reading.gate, alone.gate);
    }
}
