use super::*;
use crate::protocol::lsp_types::CompletionTextEdit;
use crate::protocol::lsp_types::{Position, Range, TextDocumentIdentifier, TextDocumentPositionParams};
use crate::{
    client::ClientView,
    fixtures::{World, able_client, uri},
};
use alfine_core::text::Span;

/// What is offered at the `|` of a text: each label with the text that comes of it.
fn offered(name: &str, text: &str, client: ClientView) -> Vec<(String, String)> {
    let at = text.find('|').unwrap();
    let text = text.replacen('|', "", 1);
    let picture = World::new().open(name, &text).client(client).picture();
    let document = picture.document(&uri(name)).unwrap().clone();
    let position = document.range(Span::new(at, at), picture.client.encoding).start;
    let Some(CompletionResponse::Array(items)) = handle(&picture, &params(name, position)) else {
        return Vec::new();
    };
    items
        .into_iter()
        .map(|item| {
            let Some(CompletionTextEdit::Edit(edit)) = item.text_edit else { panic!("{}", item.label) };
            let Range { start, end } = edit.range;
            assert!(
                start <= position && position <= end && start.line == end.line,
                "{} at {:?}",
                item.label,
                edit.range
            );
            let span = document.span(edit.range, picture.client.encoding);
            assert!(item.filter_text.is_some());
            let mut done = text.clone();
            done.replace_range(span.start..span.end, &edit.new_text);
            (item.label, done)
        })
        .collect()
}

fn params(name: &str, position: Position) -> CompletionParams {
    CompletionParams {
        text_document_position: TextDocumentPositionParams {
            text_document: TextDocumentIdentifier { uri: uri(name) },
            position,
        },
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
        context: None,
    }
}

fn labels(name: &str, text: &str) -> Vec<String> {
    offered(name, text, able_client()).into_iter().map(|(label, _)| label).collect()
}

/// The text that comes of choosing one thing, without snippets.
fn chosen(name: &str, text: &str, label: &str) -> String {
    let plain = ClientView { snippets: false, ..able_client() };
    let all = offered(name, text, plain);
    let found = all.iter().find(|(of, _)| of == label);
    found.unwrap_or_else(|| panic!("no {label} in {all:?}")).1.clone()
}

#[test]
fn fields_are_offered_at_the_beginning_of_a_tasks_lines() {
    assert_eq!(
        labels("PLAN.md", "### T1: A\nAgent: claude\nm|\n- [ ] x\n"),
        ["Model", "Max iterations", "Max cost", "May change"]
    );
    assert_eq!(chosen("PLAN.md", "### T1: A\nmax i|\n", "Max iterations"), "### T1: A\nMax iterations: \n");
    assert_eq!(chosen("PLAN.md", "### T1: A\n- **pri|\n", "Priority"), "### T1: A\n- **Priority: \n");
    assert_eq!(
        chosen("PLAN.md", "### T1: A\nIso|lation: in-place\n", "Isolation"),
        "### T1: A\nIsolation: in-place\n"
    );
    for nowhere in
        ["### T1: A|\n", "# Plan\nm|\n", "### T1: A\nThe model m|\n", "### T1: A\n- [ ] x\n- [ ] m|\n"]
    {
        assert_eq!(labels("PLAN.md", nowhere), [""; 0], "{nowhere}");
    }
}

#[test]
fn values_of_fields_replace_what_stands_there() {
    let at = |line: &str| format!("### T1: A\n{line}\n- [ ] x\n");
    assert_eq!(labels("PLAN.md", &at("Agent: |")), ["claude", "command", "rehearsal"]);
    assert_eq!(chosen("PLAN.md", &at("Agent:|"), "claude"), at("Agent: claude"));
    assert_eq!(chosen("PLAN.md", &at("Autonomy: ma|nu"), "guarded"), at("Autonomy: guarded"));
    assert_eq!(chosen("PLAN.md", &at("Isolation: in|"), "in-place"), at("Isolation: in-place"));
    assert_eq!(chosen("PLAN.md", &at("Single task: |"), "true"), at("Single task: true"));
    assert_eq!(chosen("PLAN.md", &at("**Context:** |"), "fresh"), at("**Context:** fresh"));
    assert_eq!(labels("PLAN.md", &at("Model: |")), [""; 0]);
}

#[test]
fn ids_are_those_of_the_other_tasks_that_are_not_listed_yet() {
    let at =
        |line: &str| format!("### US-1: A\n- [ ] x\n### US-2: B\n{line}\n- [ ] x\n### US-3: C\n- [ ] x\n");
    assert_eq!(labels("PLAN.md", &at("Depends on: |")), ["US-1", "US-3"]);
    assert_eq!(chosen("PLAN.md", &at("Depends on: US-1,|"), "US-3"), at("Depends on: US-1, US-3"));
    assert_eq!(chosen("PLAN.md", &at("Depends on: us|, US-1"), "US-3"), at("Depends on: US-3, US-1"));
    assert_eq!(labels("PLAN.md", &at("Depends on: US-1, US-3, |")), [""; 0]);
}

#[test]
fn front_matter_has_its_keys_and_values() {
    let text = "---\nagent: claude\nm|\n---\n### T1: A\n";
    let keys = labels("PLAN.md", text);
    assert!(keys.contains(&"max_iterations".to_owned()) && !keys.contains(&"agent".to_owned()), "{keys:?}");
    assert_eq!(chosen("PLAN.md", text, "max_cost"), "---\nagent: claude\nmax_cost: \n---\n### T1: A\n");
    assert_eq!(chosen("PLAN.md", "---\ncontext: |\n---\n", "resume"), "---\ncontext: resume\n---\n");
    assert_eq!(labels("PLAN.md", "---\nalfine: d|\n---\n"), ["plan", "directive"]);
}

#[test]
fn a_new_task_has_the_id_that_comes_next() {
    let text = "# P\n## US-009: A\n- [ ] x\n\n|";
    let offered = offered("PLAN.md", text, able_client());
    let (label, done) = offered.iter().find(|(label, _)| label.starts_with('#')).unwrap();
    assert_eq!(label, "## US-010: …");
    assert_eq!(
        done.strip_prefix("# P\n## US-009: A\n- [ ] x\n\n").unwrap(),
        "## ${1:US-010}: ${2:Title}\n\n$3\n\nAcceptance criteria:\n- [ ] $0"
    );
    assert_eq!(chosen("PLAN.md", "# P\n##|\n", "### US-001: …"), "# P\n### US-001: \n");
}

#[test]
fn settings_are_offered_where_they_belong() {
    let keys = labels("alfine.toml", "[limits]\niterations = 3\n|\n[worktree]\nsetup = 'x'\n");
    assert!(keys.contains(&"no_change".to_owned()) && keys.contains(&"[gate]".to_owned()), "{keys:?}");
    for not in ["iterations", "[limits]", "[worktree]", "agent", "copy"] {
        assert!(!keys.contains(&not.to_owned()), "{not} in {keys:?}");
    }
    assert_eq!(chosen("alfine.toml", "[limits]\nwall|\n", "wall_time"), "[limits]\nwall_time = \n");
    assert_eq!(chosen("alfine.toml", "limits.it|er = 3\n", "iterations"), "limits.iterations = 3\n");
    assert_eq!(
        chosen("alfine.toml", "[agents.claude]\nper|", "permissions"),
        "[agents.claude]\npermissions = "
    );
    assert_eq!(chosen("alfine.toml", "[ver|]\n", "[[verifiers]]"), "[[verifiers]]\n");
    assert_eq!(chosen("alfine.toml", "[agents.|", "[agents.command]"), "[agents.command]");
    let filled = offered("alfine.toml", "model|", able_client());
    assert!(filled.contains(&("model".to_owned(), "model = \"$0\"".to_owned())), "{filled:?}");
}

#[test]
fn a_settings_values_are_those_it_takes() {
    assert_eq!(labels("alfine.toml", "permissions = |"), ["\"edits\"", "\"commands\"", "\"all\""]);
    assert_eq!(chosen("alfine.toml", "agent = \"cl|\" # x", "\"command\""), "agent = \"command\" # x");
    assert_eq!(labels("alfine.toml", "[verification]\nauto =|"), ["true", "false"]);
    assert_eq!(chosen("alfine.toml", "[limits]\nstall = |", "\"15m\""), "[limits]\nstall = \"15m\"");
    for nowhere in [
        "# agent = |",
        "agent = \"a\" # |",
        "nothing = |",
        "plans = [\n|\n]",
        "plans = [|]",
        "model = \"\"\"\n|",
    ] {
        assert_eq!(labels("alfine.toml", nowhere), [""; 0], "{nowhere}");
    }
}

#[test]
fn outside_of_everything_nothing_is_offered() {
    let picture = World::new().open("PLAN.md", "").open("README.md", "x").open("alfine.toml", "").picture();
    for (name, line, character) in [
        ("PLAN.md", 9, 0),
        ("PLAN.md", u32::MAX, u32::MAX),
        ("README.md", 0, 1),
        ("no.md", 0, 0),
        ("alfine.toml", 3, 3),
    ] {
        assert_eq!(handle(&picture, &params(name, Position::new(line, character))), None, "{name}:{line}");
    }
}

proptest::proptest! {
    #[test]
    fn any_place_of_any_text_is_taken(
        text in "(### T1: A\n|Depends on:|[-#:,\\[\\]='\" a𝄞]|\r?\n|---\n|agent|\\[limits\\]){0,24}", line in 0u32..9, character in 0u32..30
    ) {
        let picture = World::new().open("PLAN.md", &text).open("alfine.toml", &text).picture();
        for name in ["PLAN.md", "alfine.toml"] {
            handle(&picture, &params(name, Position::new(line, character)));
        }
    }
}
