//! Starting a loop on a place in any file: a selection, a comment that asks for work, another server's diagnostic.

use super::proposed::{ALFINE, Asked, Does, Proposed};
use crate::protocol::lsp_types::{CodeActionKind, Diagnostic, DiagnosticSeverity, Position, Range};
use crate::{
    commands::{EditorCommand, arguments::StartHere},
    wording,
};
use alfine_core::text::Span;
use alfine_engine::inbox::note_in;

/// The longest part of somebody's words in a title, in characters.
const LONGEST: usize = 60;
/// The most diagnostics that are offered one by one.
const MOST_ALONE: usize = 5;
/// The most diagnostics that one task is about.
const MOST_TOGETHER: usize = 50;

pub(super) fn propose(asked: &Asked<'_>, out: &mut Vec<Proposed>) {
    let uri = &asked.params.text_document.uri;
    // A plan's own text is what loops are started from.
    if asked.picture.plan(uri).is_some() {
        return;
    }
    let selected = !asked.selected().trim().is_empty();
    if asked.picture.snapshot.place(uri).is_none() {
        if selected {
            let why = "the file lies in no git repository".to_owned();
            out.push(Proposed::new(ALFINE, "Start a loop on this selection", Does::Nothing(why)));
        }
        return;
    }
    of_diagnostics(asked, out);
    if let Some((word, span)) = note_at(asked) {
        let note = cut(span.of(&asked.document.text));
        let range = asked.document.range(span, asked.client().encoding);
        let prompt = format!("Do what this comment asks for, then take the comment away: {note}");
        out.push(start(asked, ALFINE, format!("Start a loop on this {word}"), range, None, Some(prompt)));
    }
    if selected {
        let title = "Start a loop on this selection".to_owned();
        out.push(start(asked, ALFINE, title, asked.params.range, None, None));
    }
}

fn start(
    asked: &Asked<'_>,
    kind: CodeActionKind,
    title: String,
    range: Range,
    diagnostic: Option<&Diagnostic>,
    prompt: Option<String>,
) -> Proposed {
    let uri = asked.params.text_document.uri.clone();
    let argument = StartHere { uri, range, diagnostic: diagnostic.cloned(), prompt };
    Proposed::command(kind, EditorCommand::StartHere(argument).titled(title), None).mends(diagnostic)
}

fn of_diagnostics(asked: &Asked<'_>, out: &mut Vec<Proposed>) {
    let others: Vec<&Diagnostic> = asked.others().take(MOST_TOGETHER).collect();
    for diagnostic in others.iter().take(MOST_ALONE) {
        let kind = match diagnostic.severity {
            Some(DiagnosticSeverity::ERROR) => "error",
            Some(DiagnosticSeverity::WARNING) => "warning",
            _ => "problem",
        };
        let title = format!("Start a loop on this {kind}: {}", cut(&diagnostic.message));
        out.push(start(asked, CodeActionKind::QUICKFIX, title, diagnostic.range, Some(diagnostic), None));
    }
    let ([first, ..], true) = (others.as_slice(), others.len() > 1) else { return };
    let range = others.iter().fold(first.range, |range, other| {
        Range::new(range.start.min(other.range.start), range.end.max(other.range.end))
    });
    let list: Vec<String> = others
        .iter()
        .map(|other| format!("- line {}: {}", other.range.start.line.saturating_add(1), cut(&other.message)))
        .collect();
    let prompt = format!("Solve these problems:\n{}", list.join("\n"));
    let title = format!("Start a loop on these {} problems", others.len());
    out.push(start(asked, CodeActionKind::QUICKFIX, title, range, None, Some(prompt)));
}

/// The note of work to do on the line of the cursor: its word, and the span from there to the end of the line.
fn note_at(asked: &Asked<'_>) -> Option<(&'static str, Span)> {
    let lines = &asked.document.lines;
    let text = &asked.document.text;
    let at = asked.document.offset(asked.params.range.start, asked.client().encoding);
    let number = lines.position(text, at, asked.client().encoding).line;
    let line = lines.line(text, usize::try_from(number).ok()?);
    let start = lines.offset(text, Position::new(number, 0), asked.client().encoding);
    let (word, found) = note_in(line)?;
    Some((word, Span::new(start + found, start + line.trim_end().len())))
}

fn cut(text: &str) -> String {
    wording::line(text, LONGEST)
}
