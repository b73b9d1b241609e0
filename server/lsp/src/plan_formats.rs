//! Every feature of the editor works on what any format returns, not on Markdown alone.

#[path = "../../core/src/plan/sketch.rs"]
mod sketch;

use crate::protocol::lsp_types::{
    CodeActionOrCommand, DocumentSymbolResponse, HoverContents, NumberOrString, Position,
};
use crate::{
    diagnostics,
    fixtures::{World, uri},
    handlers::{code_action, code_lens, document_symbol, folding_range, hover},
    picture::Picture,
};
use alfine_core::plan;
use sketch::{SKETCH, Sketch};

const NAME: &str = "sketch.json";

fn picture() -> Picture {
    World::new().open_in(&Sketch, NAME, SKETCH).picture()
}

fn params<T: serde::de::DeserializeOwned>(more: &serde_json::Value) -> T {
    let mut params = serde_json::json!({ "textDocument": { "uri": uri(NAME) } });
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(params).unwrap()
}

#[test]
fn the_editors_attach_to_documents_of_every_format() {
    let neovim = include_str!("../../../editors/neovim/lua/alfine/lenses.lua");
    let types = neovim.lines().find(|line| line.starts_with("local FILETYPES = ")).unwrap();
    for format in plan::formats() {
        assert!(types.contains(&format!(" {} = true", format.language())), "{types}");
    }
    let vscode = include_str!("../../../editors/vscode/src/language_client.ts");
    assert!(vscode.contains("documentSelector: [{ scheme: 'file' }]"), "VS Code attaches to any language");
}

/// Where a text first stands in the document.
fn position(text: &str) -> Position {
    let at = SKETCH.find(text).unwrap();
    let line_start = SKETCH[..at].rfind('\n').map_or(0, |at| at + 1);
    let line = SKETCH[..at].matches('\n').count();
    Position::new(u32::try_from(line).unwrap(), u32::try_from(at - line_start).unwrap())
}

fn hovered(text: &str) -> String {
    let hover =
        hover::handle(&picture(), &params(&serde_json::json!({ "position": position(text) }))).unwrap();
    let HoverContents::Markup(content) = hover.contents else { panic!("no markup") };
    content.value
}

#[test]
fn lenses_stand_above_the_tasks_of_any_format() {
    let lenses = code_lens::code_lens(&picture(), &uri(NAME));
    let shown: Vec<_> =
        lenses.into_iter().map(|lens| (lens.range.start.line, lens.command.unwrap().title)).collect();
    assert_eq!(shown, [(4, "pending: waits for T9".to_owned())]);
}

#[test]
fn a_task_and_a_field_of_any_format_are_explained() {
    assert!(hovered("Pay with coupon").contains("Pay with coupon"));
    assert!(hovered("after").contains("Takes ids of other tasks"));
    assert!(hovered("Migration runs").contains("Migration runs"));
}

#[test]
fn findings_fixes_and_symbols_are_at_the_places_of_any_format() {
    let picture = picture();
    let found = diagnostics::all(&picture);
    let codes: Vec<_> = found
        .iter()
        .filter(|(at, _)| **at == uri(NAME))
        .flat_map(|(_, all)| all)
        .map(|diagnostic| (diagnostic.code.clone(), diagnostic.range.start))
        .collect();
    let code = |code: &str| Some(NumberOrString::String(code.to_owned()));
    assert!(codes.contains(&(code("dependency-unknown"), position("T9"))), "{codes:?}");
    let at = position("T9");
    let actions = code_action::code_action(
        &picture,
        &params(
            &serde_json::json!({ "range": { "start": at, "end": at }, "context": { "diagnostics": [] } }),
        ),
    );
    let titles: Vec<_> = actions
        .iter()
        .map(|action| match action {
            CodeActionOrCommand::CodeAction(action) => action.title.clone(),
            CodeActionOrCommand::Command(command) => command.title.clone(),
        })
        .collect();
    assert!(titles.contains(&"Write “T1”".to_owned()), "{titles:?}");
    let symbols = document_symbol::handle(&picture, &params(&serde_json::json!({})));
    let Some(DocumentSymbolResponse::Nested(symbols)) = symbols else { panic!("{symbols:?}") };
    assert_eq!(symbols[0].children.as_ref().unwrap().len(), 2);
    assert_eq!(folding_range::handle(&picture, &params(&serde_json::json!({}))), Some(Vec::new()));
}

/// A plan that another tool wrote, as it lies there.
const STORIES: &str = r#"{
  "project": "Coupons",
  "userStories": [
    {
      "id": "US-001",
      "title": "Add table",
      "acceptanceCriteria": ["It migrates: `make migrate`"],
      "passes": true
    },
    {
      "id": "US-002",
      "title": "Pay with coupon",
      "acceptanceCriteria": [],
      "priority": "hihg",
      "passes": false,
      "dependsOn": ["US-01"]
    }
  ]
}
"#;

#[test]
fn stories_in_json_have_all_that_a_plan_has() {
    let picture = World::new().open("prd.json", STORIES).picture();
    let at = uri("prd.json");
    let of = |more: serde_json::Value| {
        let mut params = serde_json::json!({ "textDocument": { "uri": at } });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    let lenses = code_lens::code_lens(&picture, &at);
    let lines: Vec<_> = lenses.iter().map(|lens| lens.range.start.line).collect();
    assert!(lines.contains(&11) && !lines.is_empty(), "{lenses:?}");
    let position = |word: &str| {
        let before = &STORIES[..STORIES.find(word).unwrap()];
        let line = before.rsplit('\n').next().unwrap();
        Position::new(before.matches('\n').count() as u32, line.len() as u32)
    };
    let hover = |word: &str| {
        let params = of(serde_json::json!({ "position": position(word) }));
        let hover = hover::handle(&picture, &serde_json::from_value(params).unwrap()).unwrap();
        let HoverContents::Markup(content) = hover.contents else { panic!("no markup") };
        content.value
    };
    assert!(hover("Pay with coupon").contains("Pay with coupon"));
    assert!(hover("dependsOn").contains("Takes ids of other tasks"));
    assert!(hover("It migrates").contains("make migrate"));
    let found = diagnostics::all(&picture);
    let found: Vec<_> = found.iter().filter(|(uri, _)| **uri == at).flat_map(|(_, all)| all).collect();
    for (code, word) in [
        ("criterion-missing", "\"Pay with coupon\""),
        ("field-invalid", "hihg"),
        ("dependency-unknown", "US-01\"]"),
    ] {
        let code = Some(NumberOrString::String(code.to_owned()));
        let places: Vec<_> = found.iter().filter(|one| one.code == code).map(|one| one.range.start).collect();
        assert_eq!(places, [position(word)], "{code:?}");
    }
    let actions = |word: &str| -> Vec<String> {
        let (range, context) = (position(word), serde_json::json!({ "diagnostics": [] }));
        let params = of(serde_json::json!({ "range": { "start": range, "end": range }, "context": context }));
        let actions = code_action::code_action(&picture, &serde_json::from_value(params).unwrap());
        let edit = |action: &CodeActionOrCommand| Some(serde_json::to_string(action).unwrap());
        actions.iter().filter_map(edit).collect()
    };
    assert!(actions("hihg").iter().any(|action| action.contains("“high”")));
    assert!(actions("US-01\"]").iter().any(|action| action.contains("\"newText\":\"US-001\"")));
    let folds = folding_range::handle(&picture, &serde_json::from_value(of(serde_json::json!({}))).unwrap());
    let folds: Vec<_> = folds.unwrap().iter().map(|fold| (fold.start_line, fold.end_line)).collect();
    assert_eq!(folds, [(5, 8), (11, 16)]);
    let symbols =
        document_symbol::handle(&picture, &serde_json::from_value(of(serde_json::json!({}))).unwrap());
    let Some(DocumentSymbolResponse::Nested(symbols)) = symbols else { panic!("{symbols:?}") };
    assert_eq!(symbols[0].children.as_ref().unwrap().len(), 2);
}

#[test]
fn no_other_json_is_touched() {
    for (name, text) in [
        ("package.json", STORIES),
        ("prd.json", "{ \"name\": \"prd\" }"),
        (".vscode/tasks.json", "{ \"tasks\": [ { \"label\": \"x\" } ] }"),
        ("tasks/tasks.json", "{ \"tasks\": [ { \"label\": \"x\" } ] }"),
    ] {
        let picture = World::new().open(name, text).picture();
        assert!(picture.plan(&uri(name)).is_none(), "{name}");
        assert_eq!(code_lens::code_lens(&picture, &uri(name)), [], "{name}");
        assert!(diagnostics::all(&picture).iter().all(|(_, found)| found.is_empty()), "{name}");
    }
}
