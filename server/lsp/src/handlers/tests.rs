//! A plan of a thousand tasks is answered for as one of three is. How long that takes is measured in the bench.

use crate::protocol::lsp_types::{CodeActionContext, CodeActionParams, HoverParams, Position, Range};
use crate::{
    diagnostics,
    fixtures::{thousand, uri},
    handlers::{code_action::code_action, code_lens::code_lens, hover},
    picture::Picture,
};

fn on(range: Range) -> CodeActionParams {
    let params = serde_json::json!({ "textDocument": { "uri": uri("PLAN.md") }, "range": range, "context": { "diagnostics": [] } });
    serde_json::from_value(params).unwrap()
}

fn hover_at(picture: &Picture, position: Position) -> bool {
    let params = serde_json::json!({ "textDocument": { "uri": uri("PLAN.md") }, "position": position });
    let params: HoverParams = serde_json::from_value(params).unwrap();
    hover::handle(picture, &params).is_some()
}

#[test]
fn a_thousand_tasks_are_answered_for() {
    let picture = thousand();
    let plan = picture.plan(&uri("PLAN.md")).unwrap();
    assert_eq!(plan.tasks().len(), 1000);
    assert!(code_lens(&picture, &uri("PLAN.md")).len() >= 1000);
    let title = Position::new(3002, 5);
    let found = diagnostics::all(&picture).remove(&uri("PLAN.md")).unwrap();
    let there = found.into_iter().filter(|one| one.range.start.line == 3002).collect();
    let context = CodeActionContext { diagnostics: there, ..CodeActionContext::default() };
    let params = CodeActionParams { context, ..on(Range::new(title, title)) };
    assert!(!code_action(&picture, &params).is_empty());
    assert!(hover_at(&picture, title));
}
