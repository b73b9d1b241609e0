//! Actions that fix `alfine.toml`.

use super::proposed::{Asked, Proposed};
use crate::protocol::lsp_types::CodeActionKind;
use crate::{
    document::Document,
    settings_file,
    to_proto::{touch, workspace_edit},
};
use alfine_config::ConfigProblem;
use alfine_core::text::TextEdit;

pub(super) fn propose(asked: &Asked<'_>, out: &mut Vec<Proposed>) {
    let place = asked.picture.snapshot.place(&asked.params.text_document.uri);
    if place.is_none_or(|(_, name)| name != "alfine.toml") {
        return;
    }
    let problems = settings_file::problems(asked.document);
    for problem in &problems {
        let Some(edit) = mended(asked.document, problem, problems.len()) else { continue };
        let range = asked.document.range(edit.span, asked.client().encoding);
        let diagnostic =
            asked.ours().map(|(diagnostic, _)| diagnostic).find(|diagnostic| diagnostic.range == range);
        if diagnostic.is_none() && !touch(range, asked.params.range) {
            continue;
        }
        let title = format!("Write “{}”", edit.new_text);
        let edit = workspace_edit(asked.client(), asked.document, &[edit]);
        let action = Proposed::edit(CodeActionKind::QUICKFIX, title, edit);
        out.push(action.mends(diagnostic).preferred(problem.lint.is_none()));
    }
}

/// The edit that writes what was probably meant. `None` if there is no likely correction, or if applying it would leave
/// the file with more problems.
fn mended(document: &Document, problem: &ConfigProblem, problems: usize) -> Option<TextEdit> {
    let suggestion = problem.suggestion.as_deref()?;
    let span = settings_file::span_of(document, problem)?;
    // A setting of the same table is named by its last part, as the key that it replaces is.
    let table = problem.key.rfind('.').map_or("", |at| problem.key.get(..=at).unwrap_or_default());
    let new_text = suggestion.strip_prefix(table).unwrap_or(suggestion).to_owned();
    let edit = TextEdit { span, new_text };
    let mut text = document.text.clone();
    text.get(edit.span.start..edit.span.end)?;
    text.replace_range(edit.span.start..edit.span.end, &edit.new_text);
    let after = Document::new(document.uri.clone(), None, text);
    (settings_file::problems(&after).len() < problems).then_some(edit)
}
