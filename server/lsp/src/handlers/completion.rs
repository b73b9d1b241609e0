//! `textDocument/completion`: fields, values and ids in plans; tables, keys and values in `alfine.toml`.
//!
//! Each item brings the exact range it replaces, so that no client has to guess what a word is.

mod plan;
mod settings;

use crate::{document::Document, picture::Picture};
use alfine_core::text::Span;
use tower_lsp::lsp_types::{
    CompletionItem, CompletionItemKind, CompletionParams, CompletionResponse, CompletionTextEdit,
    Documentation, InsertTextFormat, MarkupContent, MarkupKind, TextEdit,
};

/// The characters after which a client asks by itself.
pub const TRIGGERS: [&str; 6] = [":", ",", "[", "=", "\"", "."];

/// Answers with what can be written at a position.
pub fn handle(picture: &Picture, params: &CompletionParams) -> Option<CompletionResponse> {
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

/// One thing that can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    label: String,
    kind: CompletionItemKind,
    /// Shown beside the label.
    detail: String,
    /// What it means, in Markdown as Alfine writes it.
    meaning: String,
    /// What it replaces, on the cursor's line.
    replaces: Span,
    /// What is written.
    text: String,
    /// The same with places to fill in.
    snippet: Option<String>,
}

impl Choice {
    fn new(
        label: impl Into<String>,
        kind: CompletionItemKind,
        replaces: Span,
        text: impl Into<String>,
    ) -> Self {
        Self {
            label: label.into(),
            kind,
            detail: String::new(),
            meaning: String::new(),
            replaces,
            text: text.into(),
            snippet: None,
        }
    }

    fn item(self, picture: &Picture, document: &Document, at: usize, of: usize) -> CompletionItem {
        let snippet = self.snippet.filter(|_| picture.client.snippets);
        let format = if snippet.is_some() { InsertTextFormat::SNIPPET } else { InsertTextFormat::PLAIN_TEXT };
        let width = of.to_string().len();
        let meaning = |value: String| match picture.client.markdown {
            true => Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value }),
            false => Documentation::String(value),
        };
        CompletionItem {
            label: self.label,
            kind: Some(self.kind),
            detail: Some(self.detail).filter(|detail| !detail.is_empty()),
            documentation: Some(self.meaning).filter(|meaning| !meaning.is_empty()).map(meaning),
            sort_text: Some(format!("{at:0width$}")),
            // Clients compare it with the text in the range.
            filter_text: Some(self.text.clone()),
            insert_text_format: Some(format),
            text_edit: Some(CompletionTextEdit::Edit(TextEdit {
                range: document.range(self.replaces, picture.client.encoding),
                new_text: snippet.unwrap_or(self.text),
            })),
            ..CompletionItem::default()
        }
    }
}

/// A text as a snippet writes it.
fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}")
}

/// The line of a byte, without its end.
fn line_of(text: &str, offset: usize) -> Span {
    let before = text.get(..offset).unwrap_or_default();
    let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let rest = text.get(start..).unwrap_or_default();
    Span::new(start, start + rest.find(['\n', '\r']).unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests;
