//! `textDocument/inlayHint`: behind each criterion that a verifier looked at, what it said.

use crate::{
    evidence::{self, Evidence},
    picture::Picture,
};
use alfine_core::text::Span;
use tower_lsp::lsp_types::{
    InlayHint, InlayHintLabel, InlayHintParams, InlayHintTooltip, MarkupContent, MarkupKind,
};

/// Answers with the hints of the criteria in a range.
pub fn handle(picture: &Picture, params: &InlayHintParams) -> Option<Vec<InlayHint>> {
    let plan = picture.plan(&params.text_document.uri)?;
    let document = plan.document;
    let asked = document.span(params.range, picture.client.encoding);
    let mut hints = Vec::new();
    for seen in plan.tasks() {
        let is_asked = seen.task.span.start <= asked.end && asked.start <= seen.task.span.end;
        let Some(looped) = seen.known.and_then(|known| known.last.as_ref()).filter(|_| is_asked) else {
            continue;
        };
        for (index, criterion) in seen.task.criteria.iter().enumerate() {
            let Some(evidence) = Evidence::of(looped, index, &criterion.text) else { continue };
            let first_line = criterion.span.of(&document.text).lines().next().unwrap_or_default().trim_end();
            let end = criterion.span.start + first_line.len();
            if end < asked.start || asked.end < end {
                continue;
            }
            hints.push(InlayHint {
                position: document.range(Span::new(end, end), picture.client.encoding).start,
                label: InlayHintLabel::String(evidence::word(evidence.state).to_owned()),
                kind: None,
                text_edits: None,
                tooltip: Some(tooltip(picture, &evidence)),
                padding_left: Some(true),
                padding_right: None,
                data: None,
            });
        }
    }
    Some(hints)
}

fn tooltip(picture: &Picture, evidence: &Evidence<'_>) -> InlayHintTooltip {
    let markdown = picture.client.markdown;
    let told = evidence.rows.iter().map(|(row, state)| evidence::told(picture, row, *state, markdown));
    let value = told.collect::<Vec<_>>().join("\n\n");
    match markdown {
        true => InlayHintTooltip::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value }),
        false => InlayHintTooltip::String(value),
    }
}
