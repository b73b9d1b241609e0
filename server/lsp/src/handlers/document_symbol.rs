//! `textDocument/documentSymbol`: a plan, its tasks with their statuses, their criteria.

use crate::{
    picture::{Picture, PlanView, SeenTask},
    position::Encoding,
    wording,
};
use alfine_core::text::Span;
use tower_lsp::lsp_types::{
    DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, Location, Range, SymbolInformation,
    SymbolKind,
};

/// The longest name of a symbol, in characters.
const LONGEST: usize = 200;

/// Answers with a plan's symbols: a tree, or a list for a client that knows no tree.
pub fn handle(picture: &Picture, params: &DocumentSymbolParams) -> Option<DocumentSymbolResponse> {
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
    let tasks: Vec<_> = plan.tasks().iter().map(|seen| of_task(plan, seen, encoding)).collect();
    let settled = plan.tasks().iter().filter(|seen| seen.status.satisfies_dependents()).count();
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
    let name = match (task.explicit_id, task.title.trim()) {
        (true, title) if !title.is_empty() => format!("{}: {title}", task.id),
        (false, title) if !title.is_empty() => title.to_owned(),
        _ => task.id.0.clone(),
    };
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
        &name,
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
