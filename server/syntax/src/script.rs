//! JavaScript and TypeScript: vitest's tests in the source.

use super::{
    grammar::{children, comments, essence},
    part::{Parts, Piece, Slot},
};
use tree_sitter::Node;

pub(crate) fn take(root: Node<'_>, text: &str) -> Parts {
    let mut parts = Parts { comments: comments(root, text), ..Parts::default() };
    for node in children(root) {
        let condition = node.child_by_field_name("condition").filter(|_| node.kind() == "if_statement");
        let Some(condition) = condition else { continue };
        if essence(&[condition], text).replace(' ', "").contains("import.meta.vitest") {
            let essence = essence(&[node], text);
            parts.pieces.push(Piece {
                range: node.byte_range(),
                place: String::new(),
                key: "vitest".to_owned(),
                cores: vec![essence.clone()],
                essence,
                reaches: false,
                without: "",
                stub: None,
            });
        }
    }
    parts.put_at(String::new(), Slot::at_end(text, text.len(), "\n\n"));
    parts
}
