//! `textDocument/foldingRange`: tasks, lists of criteria, the front matter.

use crate::protocol::lsp_types::{FoldingRange, FoldingRangeKind, FoldingRangeParams};
use crate::{document::Document, picture::Picture};
use alfine_core::{plan::Task, text::Span};

/// Answers with what folds in a plan.
pub(crate) fn handle(picture: &Picture, params: &FoldingRangeParams) -> Option<Vec<FoldingRange>> {
    let plan = picture.plan(&params.text_document.uri)?;
    let document = plan.document;
    let tasks =
        plan.plan().tasks.iter().flat_map(|task| [Some(task_span(task)), criteria_span(document, task)]);
    let spans = std::iter::once(plan.plan().format.defaults(&document.text)).chain(tasks).flatten();
    let fold = |span| fold(document, span, picture);
    Some(spans.filter_map(fold).collect())
}

fn task_span(task: &Task) -> Span {
    Span::new(task.title_span.start, task.span.end)
}

/// All criteria, with the line above them that says what they are.
fn criteria_span(document: &Document, task: &Task) -> Option<Span> {
    let (first, last) = (task.criteria.first()?, task.criteria.last()?);
    let before = document.text.get(task.title_span.end..first.span.start).unwrap_or_default().trim_end();
    let label = before.rsplit(['\n', '\r']).next().unwrap_or_default();
    let is_label = label.trim_end_matches(['*', '_']).ends_with(':') || label.starts_with('#');
    let start = match is_label && !label.is_empty() {
        true => task.title_span.end + before.len() - label.len(),
        false => first.span.start,
    };
    Some(Span::new(start, last.span.end))
}

/// What folds has more than one line; blank lines at its end stay.
fn fold(document: &Document, span: Span, picture: &Picture) -> Option<FoldingRange> {
    let shown = span.of(&document.text).trim_end().len();
    let range = document.range(Span::new(span.start, span.start + shown), picture.client.encoding);
    if range.start.line >= range.end.line {
        return None;
    }
    let characters = !picture.client.folds_lines_only;
    let line = usize::try_from(range.start.line).unwrap_or(usize::MAX);
    let first = document.lines.line(&document.text, line);
    let width = u32::try_from(picture.client.encoding.units(first)).unwrap_or(u32::MAX);
    Some(FoldingRange {
        start_line: range.start.line,
        start_character: characters.then_some(width),
        end_line: range.end.line,
        end_character: characters.then_some(range.end.character),
        kind: Some(FoldingRangeKind::Region),
        collapsed_text: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::lsp_types::TextDocumentIdentifier;
    use crate::{
        client::ClientView,
        fixtures::{PLAN, World, able_client, uri},
    };

    fn folds(text: &str, client: ClientView) -> Vec<FoldingRange> {
        let params = FoldingRangeParams {
            text_document: TextDocumentIdentifier { uri: uri("PLAN.md") },
            work_done_progress_params: Default::default(),
            partial_result_params: Default::default(),
        };
        handle(&World::new().open("PLAN.md", text).client(client).picture(), &params).unwrap()
    }

    #[test]
    fn tasks_their_criteria_and_the_front_matter_fold() {
        let text = format!("---\r\nagent: claude\r\n---\r\n{PLAN}");
        let found = folds(&text, able_client());
        let lines: Vec<_> = found.iter().map(|fold| (fold.start_line, fold.end_line)).collect();
        assert_eq!(lines, [(0, 2), (7, 13), (10, 13), (15, 18)]);
        assert_eq!((found[0].start_character, found[0].end_character), (Some(3), Some(3)));
    }

    #[test]
    fn a_client_that_folds_lines_gets_lines() {
        let client = ClientView { folds_lines_only: true, ..able_client() };
        for fold in folds(PLAN, client) {
            assert_eq!((fold.start_character, fold.end_character), (None, None));
        }
    }

    #[test]
    fn what_has_one_line_does_not_fold() {
        assert_eq!(folds("", able_client()), []);
        assert_eq!(folds("- [ ] a\n\n\n- [ ] b\n", able_client()), []);
    }
}
