//! `textDocument/inlayHint`: behind each criterion that a verifier looked at, what it said; or what its check is known to
//! answer before any work. Behind a task's title, what it was found to depend on.

use crate::protocol::lsp_types::{
    InlayHint, InlayHintLabel, InlayHintParams, InlayHintTooltip, MarkupContent, MarkupKind,
};
use crate::{evidence::Evidence, picture::Picture, wording};
use alfine_core::{detect::Detected, text::Span};

/// The longest hint, in characters.
const LONGEST: usize = 90;

/// What an order is for that was found.
const ABOUT_ORDER: &str = "In a run of the whole plan, it comes after that task. Started alone, it does not wait. \
     Quick fixes write it down, or say that it is not so.";

/// Answers with the hints of the criteria in a range.
pub(crate) fn handle(picture: &Picture, params: &InlayHintParams) -> Option<Vec<InlayHint>> {
    let plan = picture.plan(&params.text_document.uri)?;
    let document = plan.document;
    let asked = document.span(params.range, picture.client.encoding);
    let (checks, detection) = (plan.checks(), plan.detection());
    let mut hints = Vec::new();
    for seen in plan.tasks() {
        let is_asked = seen.task.span.start <= asked.end && asked.start <= seen.task.span.end;
        if !is_asked {
            continue;
        }
        let looped = seen.known.and_then(|known| known.last.as_ref());
        let after = detection.of(&seen.task.id);
        if looped.is_none() && !after.is_empty() {
            let end = seen.task.title_span.end;
            let told = |on: &Detected| format!("after {}: {}", on.on, alfine_words::shared(&on.by));
            let told: Vec<String> = after.iter().map(told).collect();
            hints.push(InlayHint {
                position: document.range(Span::new(end, end), picture.client.encoding).start,
                label: InlayHintLabel::String(wording::line(&told.join(", "), LONGEST)),
                kind: None,
                text_edits: None,
                tooltip: Some(InlayHintTooltip::String(ABOUT_ORDER.to_owned())),
                padding_left: Some(true),
                padding_right: None,
                data: None,
            });
        }
        let folder = seen.task.folder(plan.plan(), &checks.folder);
        for (index, criterion) in seen.task.criteria.iter().enumerate() {
            let evidence = looped.and_then(|looped| Evidence::of(looped, index, &criterion.text));
            let is_open = !seen.task.is_over() && !criterion.checked;
            let known = criterion.command.as_deref().filter(|_| is_open && evidence.is_none());
            let known = known.and_then(|code| checks.at_head.of(code, folder)).map(alfine_words::at_head);
            let Some(label) = evidence.as_ref().map(|evidence| evidence.proof.why.clone()).or(known) else {
                continue;
            };
            let first_line = criterion.span.of(&document.text).lines().next().unwrap_or_default().trim_end();
            let end = criterion.span.start + first_line.len();
            if end < asked.start || asked.end < end {
                continue;
            }
            hints.push(InlayHint {
                position: document.range(Span::new(end, end), picture.client.encoding).start,
                label: InlayHintLabel::String(wording::line(&label, LONGEST)),
                kind: None,
                text_edits: None,
                tooltip: evidence.as_ref().map(|evidence| tooltip(picture, evidence)),
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
    let value = evidence.told(picture, |_| false, markdown).join("\n\n");
    match markdown {
        true => InlayHintTooltip::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value }),
        false => InlayHintTooltip::String(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Situation, World, situation, uri};
    use crate::protocol::lsp_types::{Position, Range, TextDocumentIdentifier};
    use alfine_core::task::TaskStatus;

    fn hints(situation_name: &str, from: u32, to: u32) -> Vec<(u32, u32, String)> {
        hints_of(&situation(situation_name), from, to)
    }

    fn hints_of(situation: &Situation, from: u32, to: u32) -> Vec<(u32, u32, String)> {
        let picture = World::of(situation).picture();
        let params = InlayHintParams {
            text_document: TextDocumentIdentifier { uri: uri("PLAN.md") },
            range: Range::new(Position::new(from, 0), Position::new(to, 0)),
            work_done_progress_params: Default::default(),
        };
        let found = handle(&picture, &params).unwrap().into_iter();
        found
            .map(|hint| {
                let InlayHintLabel::String(label) = hint.label else { panic!() };
                (hint.position.line, hint.position.character, label)
            })
            .collect()
    }

    #[test]
    fn a_criterion_that_was_looked_at_says_what_came_of_it() {
        let expected = [
            (8, 40, "stale: green in old, and the files have changed since".to_owned()),
            (9, 56, "failed: exit status 1 in tree-4".to_owned()),
        ];
        assert_eq!(hints("rework", 0, u32::MAX), expected);
        let states: Vec<_> = hints("done", 0, u32::MAX).into_iter().map(|(.., word)| word).collect();
        assert_eq!(
            states,
            [
                "guard: green at the base and in tree-3, 14 tests",
                "proven: red at the base, green in tree-3, 14 tests"
            ]
        );
    }

    #[test]
    fn what_was_thrown_away_proves_nothing() {
        let mut thrown = situation("done");
        let last = thrown.task.as_mut().and_then(|task| task.last.as_mut()).unwrap();
        last.row.status = TaskStatus::Discarded;
        assert_eq!(hints_of(&thrown, 0, u32::MAX), []);
    }

    #[test]
    fn only_the_range_is_answered_and_nothing_where_all_is_open() {
        assert_eq!(hints("rework", 9, 10), [(9, 56, "failed: exit status 1 in tree-4".to_owned())]);
        assert_eq!(hints("rework", 12, 99), []);
        assert_eq!(hints("running", 0, u32::MAX), []);
    }

    #[test]
    fn what_was_found_to_come_first_stands_behind_the_title() {
        let text = "# P\n\n### T1: Add the `coupons` table\n\n### T2: Void\n\nReads `coupons`.\n";
        let picture = World::new().open("PLAN.md", text).picture();
        let params = InlayHintParams {
            text_document: TextDocumentIdentifier { uri: uri("PLAN.md") },
            range: Range::new(Position::new(0, 0), Position::new(u32::MAX, 0)),
            work_done_progress_params: Default::default(),
        };
        let found = handle(&picture, &params).unwrap();
        let [InlayHint { position, label: InlayHintLabel::String(label), .. }] = &found[..] else { panic!() };
        assert_eq!((position.line, position.character), (4, 12));
        assert_eq!(label, "after T1: both name `coupons`");
    }
}
