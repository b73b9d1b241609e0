//! From our words to the protocol's.

use crate::protocol::lsp_types::{
    self as lsp, CreateFile, CreateFileOptions, DocumentChangeOperation, DocumentChanges, OneOf,
    OptionalVersionedTextDocumentIdentifier, Position, Range, ResourceOp, TextDocumentEdit, Url,
    WorkspaceEdit,
};
use crate::{client::ClientView, document::Document};
use alfine_core::text::{Span, TextEdit};
use std::collections::HashMap;

/// Cuts a range at the end of its first line: lenses must not be longer.
pub(crate) fn one_line(range: Range) -> Range {
    if range.start.line == range.end.line { range } else { Range::new(range.start, range.start) }
}

/// Makes an edit of one document, for the version that it was made from where the client tells versions apart.
pub(crate) fn workspace_edit(client: &ClientView, document: &Document, edits: &[TextEdit]) -> WorkspaceEdit {
    let edits: Vec<lsp::TextEdit> = edits
        .iter()
        .map(|edit| lsp::TextEdit::new(document.range(edit.span, client.encoding), edit.new_text.clone()))
        .collect();
    if !client.versioned_edits {
        let changes = HashMap::from([(document.uri.clone(), edits)]);
        return WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() };
    }
    let of = TextDocumentEdit {
        text_document: OptionalVersionedTextDocumentIdentifier {
            uri: document.uri.clone(),
            version: document.version,
        },
        edits: edits.into_iter().map(OneOf::Left).collect(),
    };
    WorkspaceEdit { document_changes: Some(DocumentChanges::Edits(vec![of])), ..WorkspaceEdit::default() }
}

/// Makes an edit that makes a file with this text.
pub(crate) fn new_file(uri: Url, text: String) -> WorkspaceEdit {
    let create = CreateFile {
        uri: uri.clone(),
        options: Some(CreateFileOptions { overwrite: None, ignore_if_exists: Some(true) }),
        annotation_id: None,
    };
    let fill = TextDocumentEdit {
        text_document: OptionalVersionedTextDocumentIdentifier { uri, version: None },
        edits: vec![OneOf::Left(lsp::TextEdit::new(Range::default(), text))],
    };
    let operations =
        vec![DocumentChangeOperation::Op(ResourceOp::Create(create)), DocumentChangeOperation::Edit(fill)];
    WorkspaceEdit {
        document_changes: Some(DocumentChanges::Operations(operations)),
        ..WorkspaceEdit::default()
    }
}

/// The one replacement that makes `new` of `old`, as short as it can be.
pub(crate) fn replacement(old: &str, new: &str) -> TextEdit {
    let same = |a: &mut dyn Iterator<Item = char>, b: &mut dyn Iterator<Item = char>| -> usize {
        a.zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    let start = same(&mut old.chars(), &mut new.chars());
    let (old_rest, new_rest) = (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let end = same(&mut old_rest.chars().rev(), &mut new_rest.chars().rev());
    let new_text = new_rest.get(..new_rest.len() - end).unwrap_or_default().to_owned();
    TextEdit { span: Span::new(start, old.len() - end), new_text }
}

/// Says whether two ranges share a place; where one ends and the other begins counts.
pub(crate) fn touch(a: Range, b: Range) -> bool {
    let not_after = |a: Position, b: Position| (a.line, a.character) <= (b.line, b.character);
    not_after(a.start, b.end) && not_after(b.start, a.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_replacement_makes_the_new_text(old in "[aä\n]{0,12}", new in "[aä\n]{0,12}") {
            let edit = replacement(&old, &new);
            let mut made = old.clone();
            made.replace_range(edit.span.start..edit.span.end, &edit.new_text);
            prop_assert_eq!(made, new);
        }
    }
}
