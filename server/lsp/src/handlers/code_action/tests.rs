use super::*;
use crate::protocol::lsp_types::{
    CodeActionContext, DiagnosticSeverity, DocumentChanges, Position, Range, TextDocumentIdentifier, Url,
};
use crate::protocol::lsp_types::{CodeActionTriggerKind, Diagnostic, NumberOrString};
use crate::{
    client::ClientView,
    fixtures::{PLAN, World, able_client, situation, situations, uri},
    snapshot::RunPicture,
};
use alfine_core::{
    breaker::Rule,
    budget::{Budget, Short},
    plan_run::{RunMoney, RunState},
};
use serde_json::json;

/// On the title of `US-001`.
const TITLE: Range = at(4, 3);

const fn at(line: u32, character: u32) -> Range {
    let at = Position { line, character };
    Range { start: at, end: at }
}

fn lines(from: u32, to: u32) -> Range {
    Range::new(Position::new(from, 0), Position::new(to, 0))
}

fn params(uri: &Url, range: Range) -> CodeActionParams {
    CodeActionParams {
        text_document: TextDocumentIdentifier::new(uri.clone()),
        range,
        context: CodeActionContext::default(),
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
    }
}

fn in_plan(world: World, range: Range) -> Vec<CodeActionOrCommand> {
    code_action(&world.picture(), &params(&uri("PLAN.md"), range))
}

fn with_diagnostics(
    world: World,
    name: &str,
    range: Range,
    found: &[Diagnostic],
) -> Vec<CodeActionOrCommand> {
    let mut params = params(&uri(name), range);
    params.context.diagnostics = found.to_vec();
    code_action(&world.picture(), &params)
}

fn diagnostic(source: &str, code: &str, range: Range) -> Diagnostic {
    Diagnostic {
        range,
        severity: Some(DiagnosticSeverity::ERROR),
        code: Some(NumberOrString::String(code.to_owned())),
        source: Some(source.to_owned()),
        message: "what is wrong".to_owned(),
        ..Diagnostic::default()
    }
}

/// Each action on a line: `!` before a preferred one, `x` before one that is not possible.
fn shown(actions: &[CodeActionOrCommand]) -> String {
    let line = |action: &CodeActionOrCommand| match action {
        CodeActionOrCommand::Command(command) => format!("  {}  ({})\n", command.title, command.command),
        CodeActionOrCommand::CodeAction(action) => {
            let mark = match (&action.disabled, action.is_preferred) {
                (Some(_), _) => 'x',
                (None, Some(true)) => '!',
                _ => ' ',
            };
            let kind = action.kind.as_ref().unwrap().as_str();
            let does = match (&action.disabled, &action.command, &action.edit) {
                (Some(disabled), None, None) => disabled.reason.clone(),
                (None, Some(command), None) => command.command.clone(),
                (None, None, Some(_)) => "edit".to_owned(),
                other => panic!("does not do one thing: {other:?}"),
            };
            format!("{mark} {}  ({kind}: {does})\n", action.title)
        }
    };
    actions.iter().map(line).collect()
}

fn title(action: &CodeActionOrCommand) -> &str {
    match action {
        CodeActionOrCommand::Command(command) => &command.title,
        CodeActionOrCommand::CodeAction(action) => &action.title,
    }
}

fn titles(actions: &[CodeActionOrCommand]) -> Vec<&str> {
    actions.iter().map(title).collect()
}

fn literal<'a>(actions: &'a [CodeActionOrCommand], title: &str) -> &'a CodeAction {
    let found = actions.iter().find_map(|action| match action {
        CodeActionOrCommand::CodeAction(action) if action.title == title => Some(action),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no “{title}” among:\n{}", shown(actions)))
}

fn argument(actions: &[CodeActionOrCommand], title: &str) -> serde_json::Value {
    let arguments = literal(actions, title).command.as_ref().unwrap().arguments.as_ref().unwrap();
    assert_eq!(arguments.len(), 1);
    arguments[0].clone()
}

#[test]
fn each_situation_offers_all_that_is_possible_in_it() {
    let all: String = situations()
        .iter()
        .map(|one| format!("{}\n{}\n", one.name, shown(&in_plan(World::of(one), TITLE))))
        .collect();
    insta::assert_snapshot!(all);
}

#[test]
fn each_diagnostic_has_what_solves_it() {
    let of = |code: &str, name: &str| {
        let found = [diagnostic("alfine", code, TITLE)];
        let mut params = params(&uri("PLAN.md"), TITLE);
        params.context.diagnostics = found.to_vec();
        params.context.only = Some(vec![CodeActionKind::QUICKFIX]);
        let actions = code_action(&World::of(&situation(name)).picture(), &params);
        for action in &actions {
            let CodeActionOrCommand::CodeAction(action) = action else { panic!("{action:?}") };
            assert_eq!(action.diagnostics.as_deref(), Some(&found[..]));
        }
        format!("{code} · {name}\n{}\n", shown(&actions))
    };
    let all = [
        of("breaker-iterations", "stopped, the limit of iterations"),
        of("breaker-no-change", "stopped, no change"),
        of("breaker-cost", "stopped, the limit of cost"),
        of("gate-missing", "paused"),
        of("verify-failed", "rework"),
        of("approval-needed", "needs_input, an approval"),
        of("question", "needs_input, a question"),
        of("rate-limited", "waiting for a usage limit"),
        of("outage", "waiting for the service"),
        of("agent-auth", "needs_input, a login"),
        of("interrupted", "interrupted"),
        of("config-untrusted", "needs_input, commands to allow"),
        of("what-comes-later", "running"),
    ];
    insta::assert_snapshot!(all.concat());
}

#[test]
fn what_mends_several_diagnostics_is_offered_once_for_all_of_them() {
    let found =
        [diagnostic("alfine", "gate-not-ready", TITLE), diagnostic("alfine", "breaker-no-change", TITLE)];
    let actions = with_diagnostics(World::of(&situation("stopped, no change")), "PLAN.md", TITLE, &found);
    let mut offered = titles(&actions);
    offered.sort_unstable();
    offered.dedup();
    assert_eq!(offered.len(), actions.len());
    let both = literal(&actions, "Show transcript");
    assert_eq!(both.diagnostics.as_deref(), Some(&found[..]));
    assert_eq!(both.kind, Some(CodeActionKind::QUICKFIX));
}

#[test]
fn a_new_limit_is_the_limit_and_what_was_asked_for_but_never_above_the_hard_limit() {
    let offered = |limit: u32| {
        let mut task = situation("paused").task.unwrap();
        task.last.as_mut().unwrap().state.as_mut().unwrap().settings.limits[Rule::Iterations] =
            Some(limit.into());
        in_plan(World::new().open("PLAN.md", PLAN).with(task), TITLE)
    };
    let title = "Continue with 5 more iterations, 15 in all";
    assert_eq!(
        argument(&offered(10), title),
        json!({ "task": "PLAN.md#US-001", "uri": "file:///r/PLAN.md", "maxIterations": 15 })
    );
    let near = offered(48);
    assert_eq!(
        argument(&near, "Continue with 2 more iterations, 50 in all"),
        json!({ "task": "PLAN.md#US-001", "uri": "file:///r/PLAN.md", "maxIterations": 50 })
    );
    assert_eq!(titles(&near).iter().filter(|title| title.starts_with("Continue with")).count(), 1);
    let reached = offered(50);
    let disabled = literal(&reached, "Continue with 5 more iterations, 50 in all").disabled.clone().unwrap();
    assert_eq!(disabled.reason, "The limit is 50, and 50 is the hard limit: split the task.");
}

#[test]
fn only_the_kinds_that_are_asked_for_are_answered() {
    let text = "### T1: Add it\nDepends on: T2\n\n### T2: Add more\n- [ ] c\n";
    let of = |only: &[&'static str]| {
        let mut params = params(&uri("PLAN.md"), at(0, 0));
        params.context.only = Some(only.iter().map(|kind| CodeActionKind::from(*kind)).collect());
        shown(&code_action(&World::new().open("PLAN.md", text).picture(), &params))
    };
    let fix_all = "  Fix all findings on this plan that need no answer  (source.fixAll.alfine: edit)\n";
    for only in ["source", "source.fixAll", "source.fixAll.alfine"] {
        assert_eq!(of(&[only]), fix_all, "{only}");
    }
    assert_eq!(of(&["quickfix"]), "! Add the standard acceptance criteria  (quickfix: edit)\n");
    assert!(of(&["alfine"]).contains("Start loop"));
    assert_eq!(of(&["", "refactor"]), of(&["quickfix", "alfine", "source"]));
    for only in
        ["source.fixAllother", "sour", "quickfix.alfine", "alfine.task", "source.fixAll.alfine.x", "é"]
    {
        assert_eq!(of(&[only]), "", "{only}");
    }
    assert_eq!(of(&[]), "");
}

#[test]
fn a_client_gets_only_what_it_can_take() {
    let of =
        |client: ClientView| in_plan(World::of(&situation("stopped, the hard limit")).client(client), TITLE);
    let able = of(able_client());
    assert!(shown(&able).contains("x Continue  (alfine: 50 iterations are the most"), "{}", shown(&able));
    let plain = of(ClientView::default());
    assert!(plain.iter().all(|action| matches!(action, CodeActionOrCommand::Command(_))));
    assert_eq!(titles(&plain)[0], "Show diff");
    let old = of(ClientView { disabled_code_actions: false, ..able_client() });
    assert_eq!(old.len() + 1, able.len());

    let mut automatic = params(&uri("PLAN.md"), TITLE);
    automatic.context.trigger_kind = Some(CodeActionTriggerKind::AUTOMATIC);
    let picture = World::of(&situation("stopped, the hard limit")).picture();
    assert!(!shown(&code_action(&picture, &automatic)).contains("x "));
}

#[test]
fn commands_that_nobody_allowed_can_be_allowed_before_the_start() {
    let world = World::new().plan("PLAN.md", PLAN).untrusted("PLAN.md", &["sqlx migrate run"]);
    let actions = in_plan(world, TITLE);
    assert_eq!(titles(&actions), ["Start loop", "Allow the commands of this plan", "Run the checks now"]);
    assert_eq!(argument(&actions, "Allow the commands of this plan"), json!({ "uri": "file:///r/PLAN.md" }));
}

#[test]
fn edits_are_for_the_version_they_were_made_from() {
    let text = "### T1: Add it\nPriorty: 2\n- [ ] c\n";
    let edit_for = |client: ClientView| {
        let actions = in_plan(World::new().open("PLAN.md", text).client(client), at(1, 0));
        literal(&actions, "Write “Priority”").edit.clone().unwrap()
    };
    assert_eq!(
        serde_json::to_value(edit_for(able_client())).unwrap(),
        json!({ "documentChanges": [{
            "textDocument": { "uri": "file:///r/PLAN.md", "version": 1 },
            "edits": [{ "range": { "start": { "line": 1, "character": 0 }, "end": { "line": 1, "character": 7 } }, "newText": "Priority" }],
        }] })
    );
    assert_eq!(
        serde_json::to_value(edit_for(ClientView { versioned_edits: false, ..able_client() })).unwrap(),
        json!({ "changes": { "file:///r/PLAN.md": [
            { "range": { "start": { "line": 1, "character": 0 }, "end": { "line": 1, "character": 7 } }, "newText": "Priority" },
        ] } })
    );
}

#[test]
fn fixing_all_takes_each_place_once_and_leaves_what_a_person_must_fill_in() {
    let text = "### T1: Add it\nPriorty: 2\n- [ ] Works correctly\n\n### T2: Add more\nAgnt: x\n";
    let actions = in_plan(World::new().open("PLAN.md", text), at(0, 0));
    let action = literal(&actions, "Fix all findings on this plan that need no answer");
    let Some(DocumentChanges::Edits(documents)) = action.edit.clone().unwrap().document_changes else {
        panic!()
    };
    let new: Vec<String> = documents[0]
        .edits
        .iter()
        .map(|edit| match edit {
            crate::protocol::lsp_types::OneOf::Left(edit) => {
                edit.new_text.lines().next().unwrap_or("").to_owned()
            }
            crate::protocol::lsp_types::OneOf::Right(_) => panic!(),
        })
        .collect();
    assert_eq!(new, ["Priority", "", "Agent"]);
}

#[test]
fn a_task_that_is_too_large_can_be_split_by_the_agent() {
    let text = "### T1: Refactor the entire shop\n- [ ] c: `make`\n";
    let found =
        [diagnostic("alfine", "task-too-large", Range::new(Position::new(0, 0), Position::new(0, 32)))];
    let actions = with_diagnostics(World::new().open("PLAN.md", text), "PLAN.md", at(0, 0), &found);
    let argument = argument(&actions, "Ask the agent to split this task");
    assert_eq!(argument["uri"], "file:///r/PLAN.md");
    assert!(
        argument["prompt"].as_str().unwrap().starts_with("Ask the agent to split this task. "),
        "{argument}"
    );
}

#[test]
fn settings_are_written_as_they_were_probably_meant() {
    let text = "\u{feff}agnet = \"claude\"\ncontext = \"resum\"\n[limits]\niteratons = 3\n";
    let of = |line: u32| {
        shown(&with_diagnostics(World::new().open("alfine.toml", text), "alfine.toml", at(line, 3), &[]))
    };
    assert_eq!(of(0), "! Write “agent”  (quickfix: edit)\n");
    assert_eq!(of(1), "");
    assert_eq!(
        shown(&with_diagnostics(World::new().open("alfine.toml", text), "alfine.toml", at(1, 12), &[])),
        "! Write “\"resume\"”  (quickfix: edit)\n"
    );
    assert_eq!(of(3), "! Write “iterations”  (quickfix: edit)\n");
    let actions = with_diagnostics(World::new().open("alfine.toml", text), "alfine.toml", at(0, 3), &[]);
    let edit = serde_json::to_value(literal(&actions, "Write “agent”").edit.clone().unwrap()).unwrap();
    assert_eq!(
        edit["documentChanges"][0]["edits"][0]["range"],
        json!({ "start": { "line": 0, "character": 1 }, "end": { "line": 0, "character": 6 } }),
        "a byte order mark counts in the client's document"
    );
}

#[test]
fn a_loop_is_started_on_what_another_server_says() {
    let world = || World::new().open("src/a.rs", "fn a() {\n    b(); // TODO: call c\n}\n");
    let found = [diagnostic("rustc", "E0425", lines(1, 1)), diagnostic("clippy", "x", lines(2, 2))];
    let actions = with_diagnostics(world(), "src/a.rs", at(1, 4), &found);
    assert_eq!(
        shown(&actions),
        "  Start a loop on this error: what is wrong  (quickfix: alfine.startHere)\n  Start a loop on this error: what is wrong  (quickfix: alfine.startHere)\n  Start a loop on these 2 problems  (quickfix: alfine.startHere)\n  Start a loop on this TODO  (alfine: alfine.startHere)\n"
    );
    assert_eq!(
        argument(&actions, "Start a loop on this error: what is wrong")["diagnostic"],
        serde_json::to_value(&found[0]).unwrap()
    );
    assert_eq!(
        argument(&actions, "Start a loop on this TODO"),
        json!({
            "uri": "file:///r/src/a.rs",
            "range": { "start": { "line": 1, "character": 12 }, "end": { "line": 1, "character": 24 } },
            "prompt": "Do what this comment asks for, then take the comment away: TODO: call c",
        })
    );
    assert_eq!(
        shown(&with_diagnostics(world(), "src/a.rs", lines(0, 1), &[])),
        "  Start a loop on this selection  (alfine: alfine.startHere)\n"
    );
    assert_eq!(shown(&with_diagnostics(world(), "src/a.rs", at(0, 0), &[])), "");
}

#[test]
fn a_file_in_no_repository_says_why_no_loop_can_start() {
    let elsewhere = Url::parse("file:///elsewhere/a.rs").unwrap();
    let picture = World::new().open_outside(elsewhere.as_str(), "abc\n").picture();
    let selected = Range::new(Position::new(0, 0), Position::new(0, 2));
    assert_eq!(
        shown(&code_action(&picture, &params(&elsewhere, selected))),
        "x Start a loop on this selection  (alfine: The file lies in no git repository.)\n"
    );
    let plan = Url::parse("file:///elsewhere/PLAN.md").unwrap();
    let picture = World::new().open_outside(plan.as_str(), PLAN).picture();
    assert!(
        shown(&code_action(&picture, &params(&plan, TITLE)))
            .contains("x Start loop  (alfine: The plan lies in no git repository.)")
    );
}

#[test]
fn a_blocker_on_a_source_line_leads_to_its_task() {
    let world = World::of(&situation("rework")).open("src/coupon.rs", "\n".repeat(9).as_str());
    let mut found = diagnostic("alfine", "finding", lines(6, 6));
    found.message = "cargo test expired: assertion `left == right` failed".to_owned();
    let actions = with_diagnostics(world, "src/coupon.rs", at(6, 0), &[found.clone()]);
    assert_eq!(
        argument(&actions, "Show diff"),
        json!({ "task": "PLAN.md#US-001", "uri": "file:///r/PLAN.md" })
    );
    let unknown = with_diagnostics(
        World::of(&situation("rework")).open("src/b.rs", "\n\n\n"),
        "src/b.rs",
        at(1, 0),
        &[found.clone()],
    );
    assert_eq!(shown(&unknown), "");
    found.data = Some(json!({ "task": "PLAN.md#US-001" }));
    let named = with_diagnostics(
        World::of(&situation("rework")).open("src/b.rs", "\n\n\n"),
        "src/b.rs",
        at(1, 0),
        &[found],
    );
    assert_eq!(
        argument(&named, "Show transcript"),
        json!({ "task": "PLAN.md#US-001", "uri": "file:///r/PLAN.md" })
    );
}

#[test]
fn a_markdown_file_becomes_a_plan() {
    let title = "Treat this file as a plan";
    let edit = |world: World| {
        let actions = with_diagnostics(world, "docs/ideas.md", at(0, 0), &[]);
        serde_json::to_value(literal(&actions, title).edit.clone().unwrap()).unwrap()
    };
    let ideas = || World::new().open("docs/ideas.md", "# Ideas\n");
    assert_eq!(
        edit(ideas().settings("agent = \"claude\"\n")),
        json!({ "documentChanges": [{
            "textDocument": { "uri": "file:///r/alfine.toml", "version": null },
            "edits": [{ "range": { "start": { "line": 1, "character": 0 }, "end": { "line": 1, "character": 0 } }, "newText": "plans = [\"docs/ideas.md\"]\n" }],
        }] })
    );
    assert_eq!(
        edit(ideas()),
        json!({ "documentChanges": [
            { "kind": "create", "uri": "file:///r/alfine.toml", "options": { "ignoreIfExists": true } },
            {
                "textDocument": { "uri": "file:///r/alfine.toml", "version": null },
                "edits": [{ "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } }, "newText": "plans = [\"docs/ideas.md\"]\n" }],
            },
        ] })
    );
    let cannot = ideas().client(ClientView { creates_files: false, ..able_client() });
    assert_eq!(shown(&with_diagnostics(cannot, "docs/ideas.md", at(0, 0), &[])), "");
    let broken = with_diagnostics(ideas().settings("plans = ["), "docs/ideas.md", at(0, 0), &[]);
    assert!(literal(&broken, title).disabled.is_some());
}

#[test]
fn what_is_selected_in_a_task_is_told_to_its_agent() {
    let line = Range::new(Position::new(5, 0), Position::new(5, 17));
    let asked = in_plan(World::of(&situation("needs_input, a question")), line);
    assert_eq!(
        argument(&asked, "Answer with the selected text"),
        json!({ "task": "PLAN.md#US-001", "uri": "file:///r/PLAN.md", "approval": 7, "text": "Stores code, perc" })
    );
    let claimed = in_plan(World::of(&situation("needs_input, an approval")), line);
    assert_eq!(
        argument(&claimed, "Reject with the selected text"),
        json!({ "task": "PLAN.md#US-001", "uri": "file:///r/PLAN.md", "approval": 7, "approved": false, "text": "Stores code, perc" })
    );
    let running = in_plan(World::of(&situation("running")), line);
    assert_eq!(
        argument(&running, "Tell the agent the selected text"),
        json!({ "task": "PLAN.md#US-001", "uri": "file:///r/PLAN.md", "text": "Stores code, perc" })
    );
    assert!(
        !titles(&in_plan(World::of(&situation("merged")), line))
            .iter()
            .any(|title| title.contains("selected"))
    );
}

#[test]
fn what_is_selected_in_any_file_is_told_to_the_loops_that_hear_it() {
    let titles_in = |name: &str, line: u32| {
        let world = World::of(&situation("stopped, no change")).open("notes.txt", "use the Money type\n");
        let range = Range::new(Position::new(line, 0), Position::new(line, 7));
        let actions = with_diagnostics(world, name, range, &[]);
        shown(&actions)
    };
    insta::assert_snapshot!(titles_in("notes.txt", 0), @r"
      US-001: Tell the agent the selected text  (alfine: alfine.steer)
      Start a loop on this selection  (alfine: alfine.startHere)
    ");
    assert!(titles_in("PLAN.md", 0).contains("US-001: Tell the agent the selected text"));
}

#[test]
fn a_loop_that_spent_its_money_is_offered_as_much_again() {
    let actions = in_plan(World::of(&situation("stopped, the limit of cost")), TITLE);
    assert_eq!(
        argument(&actions, "Continue with $0.50 more, $1.20 in all"),
        json!({ "task": "PLAN.md#US-001", "uri": "file:///r/PLAN.md", "maxCost": 1.2 })
    );
}

#[test]
fn nothing_that_a_client_sends_is_too_strange() {
    let far = Range::new(Position::new(u32::MAX, u32::MAX), Position::new(3, 9));
    let odd = [
        Diagnostic {
            code: Some(NumberOrString::Number(7)),
            source: Some("alfine".to_owned()),
            range: far,
            ..Diagnostic::default()
        },
        Diagnostic {
            source: Some("alfine".to_owned()),
            data: Some(json!({ "task": 3 })),
            ..Diagnostic::default()
        },
        Diagnostic {
            source: Some("alfine".to_owned()),
            data: Some(json!(["PLAN.md#x"])),
            ..Diagnostic::default()
        },
        Diagnostic { range: far, ..Diagnostic::default() },
    ];
    for one in situations() {
        for name in ["PLAN.md", "alfine.toml", "a.md", "src/é.rs", "unknown"] {
            for range in [far, at(0, 0), lines(0, u32::MAX)] {
                let world = World::of(&one).open("alfine.toml", "a").open("a.md", "").open("src/é.rs", "𝄞");
                with_diagnostics(world, name, range, &odd);
            }
        }
    }
    let world = World::new().open("PLAN.md", "");
    assert_eq!(shown(&in_plan(world, far)), "");
    let nowhere = Url::parse("untitled:Untitled-1").unwrap();
    assert_eq!(code_action(&World::new().picture(), &params(&nowhere, far)), []);
}

/// What the actions at the second task of a plan make of it, by their titles.
fn answered_of(name: &str, text: &str, line: u32) -> Vec<(String, String)> {
    let world = World::new().open(name, text);
    let actions = code_action(&world.picture(), &params(&uri(name), at(line, 6)));
    let edited = |action: &CodeActionOrCommand| {
        let CodeActionOrCommand::CodeAction(action) = action else { return None };
        let title = action.title.clone();
        let title = title
            .starts_with("Write it down")
            .then_some(title)
            .or_else(|| action.title.starts_with("Not so").then(|| action.title.clone()))?;
        let edit = serde_json::to_value(action.edit.as_ref()?).unwrap();
        Some((title, edit["documentChanges"][0]["edits"][0]["newText"].as_str().unwrap().to_owned()))
    };
    actions.iter().filter_map(edited).collect()
}

#[test]
fn a_dependency_that_was_found_is_written_down_or_refused_in_the_words_of_the_format() {
    let owned = |answers: &[(&str, &str)]| -> Vec<(String, String)> {
        answers.iter().map(|(title, edit)| ((*title).to_owned(), (*edit).to_owned())).collect()
    };
    let one = "### T1: Add the `coupons` table\n\n### T2: Void\n\nReads `coupons`.\n";
    assert_eq!(
        answered_of("PLAN.md", one, 2),
        owned(&[
            ("Write it down: T2 depends on T1", "\nDepends on: T1"),
            ("Not so: T2 does not depend on T1", "\nDepends on: none")
        ])
    );
    let two = "- [ ] T1: Add the `coupons` table\n- [ ] T2: Define the `Void` type\n- [ ] T3: Tell a `Void` of `coupons`\n";
    assert_eq!(
        answered_of("PLAN.md", two, 2),
        owned(&[
            ("Write it down: T3 depends on T1 and T2", "\n  Depends on: T1, T2"),
            ("Not so: T3 does not depend on T1, only on T2", "\n  Depends on: T2"),
            ("Not so: T3 does not depend on T2, only on T1", "\n  Depends on: T1")
        ])
    );
    let json = "{\"userStories\": [\n {\"id\": 1, \"title\": \"Add the `coupons` table\", \"passes\": false},\n {\"id\": 2, \"title\": \"Read `coupons`\", \"passes\": false}\n]}\n";
    assert_eq!(
        answered_of("prd.json", json, 2),
        owned(&[
            ("Write it down: 2 depends on 1", ", \"dependsOn\": [1]"),
            ("Not so: 2 does not depend on 1", ", \"dependsOn\": []")
        ])
    );
    assert_eq!(answered_of("PLAN.md", &one.replace("Void\n", "Void\nDepends on: none\n"), 2), []);
}

#[test]
fn a_budget_is_raised_or_the_plan_stopped_by_its_fixes() {
    for (budget, first) in
        [(Budget::PlanUsd, "Raise the budget to $2.00 and continue"), (Budget::DayUsd, "Continue all")]
    {
        let short = Short { budget, limit: 1.0, spent: 0.9, next: Some(0.3) };
        let money = RunMoney { cost_usd: Some(0.9), budget_usd: Some(1.0), short: Some(short) };
        let world = World::new()
            .open("PLAN.md", PLAN)
            .with(situation("paused").task.unwrap())
            .run_of("PLAN.md", RunPicture { state: RunState::NeedsInput, money, branch: None });
        let said = diagnostic("alfine", "budget", at(0, 0));
        let actions = with_diagnostics(world, "PLAN.md", at(0, 0), &[said]);
        let fixes: Vec<&CodeAction> = actions
            .iter()
            .filter_map(|action| match action {
                CodeActionOrCommand::CodeAction(action) if action.diagnostics.is_some() => Some(action),
                _ => None,
            })
            .collect();
        let titles: Vec<&str> = fixes.iter().map(|action| action.title.as_str()).collect();
        assert_eq!(titles, [first, "Stop all"]);
        let command = fixes[0].command.as_ref().unwrap();
        assert_eq!(command.command, "alfine.continuePlan");
        let raised = command.arguments.as_ref().unwrap()[0].get("budget").cloned();
        assert_eq!(raised, (budget == Budget::PlanUsd).then(|| json!(2.0)));
    }
}
