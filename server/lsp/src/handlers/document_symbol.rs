//! `textDocument/documentSymbol`: a plan, its tasks with their statuses, their criteria.

use crate::protocol::lsp_types::{
    DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, Location, Range, SymbolInformation,
    SymbolKind,
};
use crate::{
    picture::{Picture, PlanView, SeenTask},
    position::Encoding,
    wording,
};
use alfine_core::text::Span;

/// The longest name of a symbol, in characters.
const LONGEST: usize = 200;

/// Answers with a plan's symbols: a tree, or a list for a client that knows no tree.
pub(crate) fn handle(picture: &Picture, params: &DocumentSymbolParams) -> Option<DocumentSymbolResponse> {
    let plan = picture.plan(&params.text_document.uri)?;
    let root = of_plan(&plan, picture.client.encoding);
    if picture.client.symbol_tree {
        return Some(DocumentSymbolResponse::Nested(vec![root]));
    }
    let mut list = Vec::new();
    flatten(&plan, root, None, &mut list);
    Some(DocumentSymbolResponse::Flat(list))
}

fn of_plan(plan: &PlanView<'_>, encoding: Encoding) -> DocumentSymbol {
    let document = plan.document;
    let title = match plan.plan().title.trim() {
        "" => plan.name.as_str(),
        title => title,
    };
    let seen = plan.tasks();
    let tasks: Vec<_> = seen.iter().map(|seen| of_task(plan, seen, encoding)).collect();
    let settled = seen.iter().filter(|seen| seen.status.satisfies_dependents()).count();
    let first_line = Span::new(0, document.lines.line(&document.text, 0).len());
    symbol(
        title,
        format!("{settled} of {}", wording::count(tasks.len() as u64, "task")),
        SymbolKind::MODULE,
        document.range(Span::new(0, document.text.len()), encoding),
        document.range(first_line, encoding),
        tasks,
    )
}

fn of_task(plan: &PlanView<'_>, seen: &SeenTask<'_>, encoding: Encoding) -> DocumentSymbol {
    let task = seen.task;
    let span = Span::new(task.span.start.min(task.title_span.start), task.span.end.max(task.title_span.end));
    let criteria = task.criteria.iter().enumerate().map(|(index, criterion)| {
        let name = match criterion.text.trim() {
            "" => format!("Criterion {}", index + 1),
            text => text.to_owned(),
        };
        let first_line = criterion.span.of(&plan.document.text).lines().next().unwrap_or_default().len();
        let selection = Span::new(criterion.span.start, criterion.span.start + first_line);
        symbol(
            &name,
            String::new(),
            SymbolKind::BOOLEAN,
            plan.document.range(criterion.span, encoding),
            plan.document.range(selection, encoding),
            Vec::new(),
        )
    });
    symbol(
        &seen.title(),
        detail(seen),
        SymbolKind::EVENT,
        plan.document.range(span, encoding),
        plan.document.range(task.title_span, encoding),
        criteria.collect(),
    )
}

/// A task's status, and what makes it clearer.
fn detail(seen: &SeenTask<'_>) -> String {
    let status = wording::status(seen.status);
    let live = seen.known.and_then(|known| known.live());
    match live.map(|live| &live.row.summary) {
        Some(summary) if summary.iteration > 0 => {
            format!("{status} · iteration {} of {}", summary.iteration, summary.max_iterations)
        }
        None if !seen.waits_for.is_empty() => {
            let ids: Vec<_> = seen.waits_for.iter().map(|id| id.0.clone()).collect();
            format!("{status} · waits for {}", wording::listed(&ids))
        }
        _ => status,
    }
}

fn symbol(
    name: &str,
    detail: String,
    kind: SymbolKind,
    range: Range,
    selection_range: Range,
    children: Vec<DocumentSymbol>,
) -> DocumentSymbol {
    #[allow(deprecated, reason = "the field has no default")]
    DocumentSymbol {
        name: wording::line(name, LONGEST),
        detail: Some(detail).filter(|detail| !detail.is_empty()),
        kind,
        tags: None,
        deprecated: None,
        range,
        selection_range,
        children: Some(children).filter(|children| !children.is_empty()),
    }
}

fn flatten(
    plan: &PlanView<'_>,
    symbol: DocumentSymbol,
    inside: Option<&str>,
    list: &mut Vec<SymbolInformation>,
) {
    #[allow(deprecated, reason = "the field has no default")]
    list.push(SymbolInformation {
        name: symbol.name.clone(),
        kind: symbol.kind,
        tags: None,
        deprecated: None,
        location: Location::new(plan.document.uri.clone(), symbol.range),
        container_name: inside.map(str::to_owned),
    });
    for child in symbol.children.into_iter().flatten() {
        flatten(plan, child, Some(&symbol.name), list);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::lsp_types::TextDocumentIdentifier;
    use crate::{
        client::ClientView,
        fixtures::{World, able_client, situation, uri},
    };
    use proptest::prelude::*;
    use std::fmt::Write;

    fn symbols(picture: &Picture) -> Option<DocumentSymbolResponse> {
        let params = DocumentSymbolParams {
            text_document: TextDocumentIdentifier { uri: uri("PLAN.md") },
            work_done_progress_params: Default::default(),
            partial_result_params: Default::default(),
        };
        handle(picture, &params)
    }

    fn nested(picture: &Picture) -> Vec<DocumentSymbol> {
        let Some(DocumentSymbolResponse::Nested(symbols)) = symbols(picture) else { panic!() };
        symbols
    }

    fn drawn(symbol: &DocumentSymbol, depth: usize, text: &mut String) {
        let detail = symbol.detail.as_deref().unwrap_or_default();
        let (start, end) = (symbol.range.start.line, symbol.range.end.line);
        let _ = writeln!(text, "{:depth$}{} [{detail}] {start}-{end}", "", symbol.name);
        for child in symbol.children.iter().flatten() {
            drawn(child, depth + 2, text);
        }
    }

    #[test]
    fn a_plan_is_a_tree_of_tasks_and_criteria() {
        let picture = World::of(&situation("running")).picture();
        let mut text = String::new();
        drawn(&nested(&picture)[0], 0, &mut text);
        insta::assert_snapshot!(text, @r"
Coupons [0 of 2 tasks] 0-16
  US-001: Add coupon table [running · iteration 4 of 10] 4-10
    Migration runs: `sqlx migrate run` [] 8-8
    Expired coupons are rejected: `cargo test expired` [] 9-9
    The table has an index on the code [] 10-10
  US-002: Show it at checkout [pending · waits for US-001] 12-15
    The total is lower with a coupon: `npm test` [] 15-15
    ");
    }

    #[test]
    fn a_client_that_knows_no_tree_gets_a_list() {
        let client = ClientView { symbol_tree: false, ..able_client() };
        let picture = World::of(&situation("running")).client(client).picture();
        let Some(DocumentSymbolResponse::Flat(list)) = symbols(&picture) else { panic!() };
        let shown: Vec<_> = list
            .iter()
            .map(|symbol| (symbol.name.as_str(), symbol.container_name.as_deref()))
            .take(3)
            .collect();
        assert_eq!(
            shown,
            [
                ("Coupons", None),
                ("US-001: Add coupon table", Some("Coupons")),
                ("Migration runs: `sqlx migrate run`", Some("US-001: Add coupon table")),
            ]
        );
        assert_eq!(list.len(), 7);
    }

    proptest! {
        #[test]
        fn every_symbol_has_a_name_and_selects_within_itself(
            text in "(### T1: A𝄞\n|### \n|#### |- \\[ \\] x\n|  - \\[x\\] \n|- \\[ \\] \n|Criteria:\n|ä|\r\n|\n){0,20}"
        ) {
            fn check(symbol: &DocumentSymbol) {
                assert!(!symbol.name.is_empty());
                assert!(symbol.range.start <= symbol.selection_range.start, "{symbol:?}");
                assert!(symbol.selection_range.end <= symbol.range.end, "{symbol:?}");
                symbol.children.iter().flatten().for_each(check);
            }
            nested(&World::new().open("PLAN.md", &text).picture()).iter().for_each(check);
        }
    }
}
