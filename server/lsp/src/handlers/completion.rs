//! `textDocument/completion`: fields, values and ids in plans; tables, keys and values in `alfine.toml`.
//!
//! Each item brings the exact range it replaces, so that no client has to guess what a word is.

mod choice;
mod plan;
mod settings;

use crate::picture::Picture;
use crate::protocol::lsp_types::{CompletionParams, CompletionResponse};

/// The characters after which a client asks by itself.
pub(crate) const TRIGGERS: [&str; 6] = [":", ",", "[", "=", "\"", "."];

/// Answers with what can be written at a position.
pub(crate) fn handle(picture: &Picture, params: &CompletionParams) -> Option<CompletionResponse> {
    let at = &params.text_document_position;
    let uri = &at.text_document.uri;
    let document = picture.document(uri)?;
    if usize::try_from(at.position.line).ok()? >= document.lines.count() {
        return None;
    }
    let offset = document.offset(at.position, picture.client.encoding);
    let choices = match picture.plan(uri) {
        Some(plan) => plan::choices(&plan, offset),
        None if picture.is_settings(uri) => settings::choices(document, offset),
        None => return None,
    };
    let number = choices.len();
    let items =
        choices.into_iter().enumerate().map(|(at, choice)| choice.item(picture, document, at, number));
    Some(CompletionResponse::Array(items.collect()))
}

#[cfg(test)]
mod tests;
