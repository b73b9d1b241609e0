//! Which gates end a loop, through the agent's stream.

use super::*;

const OPEN: &str = "<COMPLETION_GATE>";
const CLOSE: &str = "</COMPLETION_GATE>";

/// Runs one iteration in which the agent works and then does this, and returns the task.
fn judged(steps: Vec<Value>) -> Value {
    let mut run = vec![write("work.txt", "x\n")];
    run.extend(steps);
    let sandbox = playing(json!([run]));
    sandbox.alfine(&["run", TASK, "--json", "-i", "1"]).task()
}

fn text(text: impl Into<String>) -> Value {
    json!({"text": text.into()})
}

fn block() -> String {
    format!("{OPEN}\nready: true\nreason: it works\n{CLOSE}")
}

/// Two blocks of one message, as the real agent prints them.
fn blocks_of_one_message(texts: [&str; 2]) -> Value {
    let line = |text: &str| {
        json!({"type": "assistant", "session_id": "s", "parent_tool_use_id": null, "message": {"id": "msg_one",
            "role": "assistant", "content": [{"type": "text", "text": text}]}})
    };
    json!({"raw": format!("{}\n{}\n", line(texts[0]), line(texts[1]))})
}

macro_rules! gates {
    ($verdict:literal, $status:literal: $($name:ident: $steps:expr;)*) => {$(
        #[test]
        fn $name() {
            let task = judged($steps);
            assert_eq!((task["gate"]["verdict"].as_str(), task["status"].as_str()), (Some($verdict), Some($status)),
                "{task:#}");
        }
    )*};
}

gates! { "ready", "done":
    a_gate_counts: vec![text(block())];
    a_gate_in_a_fence_at_the_very_end_counts: vec![text(format!("Done.\n\n```\n{}\n```\n\n", block()))];
    a_gate_in_json_counts: vec![text(format!("{OPEN}{{\"ready\": true, \"blockers\": []}}{CLOSE}"))];
    a_gate_with_a_block_list_counts:
        vec![text(format!("{OPEN}\nready: yes\nprogress: all\nblockers:\n  - none\n{CLOSE}"))];
    a_gate_with_crlf_counts: vec![text(block().replace('\n', "\r\n"))];
    a_gate_in_any_case_counts: vec![text("<Completion_Gate>\nREADY: True\n</completion_GATE>")];
    a_gate_after_an_earlier_one_counts:
        vec![text(format!("{OPEN}\nready: false\n{CLOSE}")), json!({"shell": "true"}), text(block())];
    a_gate_before_a_tool_call_counts: vec![text(block()), json!({"shell": "true"})];
    a_gate_with_prose_behind_it_counts: vec![text(format!("{}\nThat was all.", block()))];
    a_gate_over_two_blocks_of_one_message_counts:
        vec![blocks_of_one_message([&format!("All done.\n{OPEN}\nready: tr"), &format!("ue\nreason: it works\n{CLOSE}")])];
}

gates! { "missing", "stopped":
    a_gate_in_a_tools_result_is_none: vec![json!({"shell": format!("echo '{}'", block())}), text("See above.")];
    a_gate_in_a_written_file_is_none: vec![write("gate.md", &block()), text("I wrote it.")];
    a_gate_in_thinking_is_none: vec![json!({"thinking": block()}), text("Hm.")];
    a_gate_of_a_sub_agent_is_none: vec![json!({"sub_agent_text": block()}), text("It says so.")];
    a_gate_in_a_fence_followed_by_prose_is_none:
        vec![text(format!("You want this:\n```\n{}\n```\nNot yet.", block()))];
    a_quoted_gate_is_none: vec![text(format!("> {}", block().replace('\n', "\n> ")))];
    an_inline_gate_is_none: vec![text(format!("I would end with `{OPEN} ready: true {CLOSE}` here."))];
    an_indented_gate_is_none: vec![text(format!("Like this:\n\n    {}", block().replace('\n', "\n    ")))];
    a_gate_on_standard_error_or_outside_of_the_stream_is_none:
        vec![json!({"stderr": block()}), json!({"raw": format!("{}\n", block())}), text("Hm.")];
    a_word_of_done_without_a_gate_is_none: vec![text("Everything is done. LOOP_COMPLETE")];
}

gates! { "malformed", "stopped":
    the_prompts_own_template_is_malformed:
        vec![text(format!("{OPEN}\nready: true|false\nreason: \"why\"\n{CLOSE}"))];
    an_unclosed_gate_is_malformed: vec![text(format!("{OPEN}\nready: true\nreason: it works"))];
    an_unclosed_gate_after_a_whole_one_is_malformed: vec![text(format!("{}\n\n{OPEN}\nready: true", block()))];
    a_gate_that_is_ready_twice_is_malformed: vec![text(format!("{OPEN}\nready: true\nready: false\n{CLOSE}"))];
    a_gate_that_is_almost_ready_is_malformed: vec![text(format!("{OPEN}\nready: almost\n{CLOSE}"))];
}

gates! { "contradictory", "stopped":
    a_gate_with_blockers_is_contradictory:
        vec![text(format!("{OPEN}\nready: true\nblockers: [\"the tests fail\"]\n{CLOSE}"))];
}

gates! { "not_ready", "stopped":
    a_later_gate_that_is_not_ready_counts: vec![text(block()), text(format!("{OPEN}\nready: false\n{CLOSE}"))];
}

#[test]
fn an_agent_that_echoes_its_prompt_does_not_end_the_loop() {
    let sandbox = playing(json!([[write("work.txt", "x\n"), not_ready()]]));
    sandbox.alfine(&["run", TASK, "--json", "-i", "1"]).expect(3);
    let told = prompt(&sandbox.agent_runs()[0]).to_owned();
    assert!(told.contains(OPEN), "{told}");

    let task = judged(vec![text(told)]);
    assert_eq!(task["status"], "stopped");
    assert_ne!(task["gate"]["verdict"], "ready");
}

#[test]
fn a_gate_of_an_earlier_iteration_does_not_count_in_a_later_one() {
    let sandbox = with_plan(
        "# Plan\n\n### US-001: Add a table\n\nAcceptance criteria:\n- [ ] Fails: `test -e never`\n",
        json!([[write("a", "1"), ready()], [write("never", "x"), text("I go on.")]]),
    );
    let task = sandbox.alfine(&["run", TASK, "--trust", "--json", "-i", "2"]).expect(3).task();
    assert_eq!(task["gate"]["verdict"], "missing");
}

#[test]
fn the_next_prompt_says_what_was_wrong_with_the_gate() {
    let sandbox = playing(json!([
        [write("a", "1"), text("Done!")],
        [write("a", "2"), text(format!("{OPEN}\nready: perhaps\n{CLOSE}"))],
        [write("a", "3"), ready()],
    ]));
    run(&sandbox).expect(0);
    let runs = sandbox.agent_runs();
    assert!(prompt(&runs[1]).contains("no completion gate"), "{}", prompt(&runs[1]));
    assert!(prompt(&runs[2]).contains("perhaps"), "{}", prompt(&runs[2]));
}

#[test]
fn ready_with_nothing_changed_and_nothing_proven_is_not_done() {
    let sandbox = playing(json!([[ready()], [write("work.txt", "x"), ready()]]));
    let task = run(&sandbox).expect(0).task();
    assert_eq!(task["iteration"], 2);
    let told = prompt(&sandbox.agent_runs()[1]).to_owned();
    assert!(told.contains("nothing was changed"), "{told}");
}

#[test]
fn confidence_and_milestones_are_shown_and_decide_nothing() {
    let gate = format!("{OPEN}\nready: true\nconfidence: 0.2\nmilestones: [the table stands]\n{CLOSE}");
    let sandbox = playing(json!([[write("work.txt", "x\n"), text(gate)]]));
    let task = run(&sandbox).task();
    assert_eq!(task["status"], "done");
    assert_eq!(task["gate"]["gate"]["confidence"], 0.2);
    assert_eq!(task["gate"]["gate"]["milestones"], json!(["the table stands"]));
    let shown = sandbox.alfine(&["status", TASK]).expect(0).stdout;
    assert!(shown.contains("the agent says: confidence 20 %"), "{shown}");
    assert!(shown.contains("the agent says: milestone the table stands"), "{shown}");
}
