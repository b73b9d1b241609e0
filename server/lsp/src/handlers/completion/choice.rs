//! One thing that can be written, and the item that a client shows for it.

use crate::protocol::lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, InsertTextFormat, MarkupContent,
    MarkupKind, TextEdit,
};
use crate::{document::Document, picture::Picture};
use alfine_core::text::Span;

/// One thing that can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) label: String,
    pub(super) kind: CompletionItemKind,
    /// Shown beside the label.
    pub(super) detail: String,
    /// What it means, in Markdown as Alfine writes it.
    pub(super) meaning: String,
    /// What it replaces, on the cursor's line.
    pub(super) replaces: Span,
    /// What is written.
    pub(super) text: String,
    /// The same with places to fill in.
    pub(super) snippet: Option<String>,
}

impl Choice {
    pub(super) fn new(
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

    pub(super) fn item(self, picture: &Picture, document: &Document, at: usize, of: usize) -> CompletionItem {
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
pub(super) fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}")
}

/// The line of a byte, without its end.
pub(super) fn line_of(text: &str, offset: usize) -> Span {
    let before = text.get(..offset).unwrap_or_default();
    let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let rest = text.get(start..).unwrap_or_default();
    Span::new(start, start + rest.find(['\n', '\r']).unwrap_or(rest.len()))
}
