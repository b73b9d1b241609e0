//! How long the handlers take for a plan of a thousand tasks. Limits hold where the optimiser is on.

use crate::protocol::lsp_types::{CodeActionContext, CodeActionParams, HoverParams, Position, Range};
use crate::{
    diagnostics,
    fixtures::{thousand, uri},
    handlers::{code_action::code_action, code_lens::code_lens, hover},
    picture::Picture,
};
use std::time::{Duration, Instant};

/// The shortest of several runs: what else the machine does is not measured.
fn least(what: &str, most: Duration, mut run: impl FnMut() -> usize) {
    let mut shortest = Duration::MAX;
    for _ in 0..20 {
        let begin = Instant::now();
        assert!(run() > 0, "{what} answered nothing");
        shortest = shortest.min(begin.elapsed());
    }
    eprintln!("{what}: {shortest:?}");
    assert!(cfg!(debug_assertions) || shortest < most, "{what} took {shortest:?}");
}

fn on(range: Range) -> CodeActionParams {
    let params = serde_json::json!({ "textDocument": { "uri": uri("PLAN.md") }, "range": range, "context": { "diagnostics": [] } });
    serde_json::from_value(params).unwrap()
}

fn hover_at(picture: &Picture, position: Position) -> usize {
    let params = serde_json::json!({ "textDocument": { "uri": uri("PLAN.md") }, "position": position });
    let params: HoverParams = serde_json::from_value(params).unwrap();
    usize::from(hover::handle(picture, &params).is_some())
}

#[test]
fn a_thousand_tasks_are_answered_for_in_time() {
    let picture = thousand();
    let most = Duration::from_millis(2);
    let plan = picture.plan(&uri("PLAN.md")).unwrap();
    least("tasks", most, || plan.tasks().len());
    least("diagnostics", most, || diagnostics::all(&picture).len());
    least("lenses", most, || code_lens(&picture, &uri("PLAN.md")).len());
    let title = Position::new(3002, 5);
    let found = diagnostics::all(&picture).remove(&uri("PLAN.md")).unwrap();
    let there = found.into_iter().filter(|one| one.range.start.line == 3002).collect();
    let context = CodeActionContext { diagnostics: there, ..CodeActionContext::default() };
    let params = CodeActionParams { context, ..on(Range::new(title, title)) };
    least("code actions", most, || code_action(&picture, &params).len());
    least("hover", most, || hover_at(&picture, title));
}
