//! The grammars, and what is asked of their trees. The one file that names tree-sitter's library besides those that walk.

use super::part::LONGEST;
use std::ops::{ControlFlow, Range};
use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

/// A language with a grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grammar {
    Rust,
    Python,
    TypeScript,
    /// With elements in it; plain JavaScript is read so, too.
    Tsx,
}

/// How often a parser reports before it is stopped: a text that was written by hand takes a fraction of it.
const MOST_STEPS: u32 = 200_000;

impl Grammar {
    /// The grammar of a file, by its name.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "rs" => Some(Self::Rust),
            "py" | "pyi" => Some(Self::Python),
            "ts" | "mts" | "cts" => Some(Self::TypeScript),
            "js" | "mjs" | "cjs" | "jsx" | "tsx" => Some(Self::Tsx),
            _ => None,
        }
    }

    /// Parses a text. `None` if that is too much work.
    pub(crate) fn parse(self, text: &str) -> Option<Tree> {
        if text.len() > LONGEST {
            return None;
        }
        let language = match self {
            Self::Rust => tree_sitter_rust::LANGUAGE,
            Self::Python => tree_sitter_python::LANGUAGE,
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX,
        };
        let mut parser = Parser::new();
        parser.set_language(&language.into()).ok()?;
        let mut steps = 0;
        let mut watch = |_: &ParseState| {
            steps += 1;
            if steps > MOST_STEPS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut rest = |from: usize, _| text.as_bytes().get(from..).unwrap_or_default();
        parser.parse_with_options(&mut rest, None, Some(ParseOptions::new().progress_callback(&mut watch)))
    }
}

/// The children of a node.
pub(crate) fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    node.children(&mut node.walk()).collect()
}

/// What is written in a range, token by token, without comments and layout.
pub(crate) fn essence(nodes: &[Node<'_>], text: &str) -> String {
    let mut words = Vec::new();
    let mut stack: Vec<Node<'_>> = nodes.iter().rev().copied().collect();
    while let Some(node) = stack.pop() {
        if is_comment(node) {
            continue;
        }
        let inner = children(node);
        if inner.is_empty() {
            words.push(text.get(node.byte_range()).unwrap_or_default().trim());
        } else if node.kind().contains("string") {
            // Blanks count in one.
            words.push(text.get(node.byte_range()).unwrap_or_default());
        } else {
            stack.extend(inner.into_iter().rev());
        }
    }
    words.join(" ")
}

/// Whether a node is a comment of any kind.
pub(crate) fn is_comment(node: Node<'_>) -> bool {
    matches!(node.kind(), "comment" | "line_comment" | "block_comment" | "html_comment")
}

/// A node's range without the end of its last line, which some comments have.
pub(crate) fn trimmed(node: Node<'_>, text: &str) -> Range<usize> {
    let range = node.byte_range();
    let held = text.get(range.clone()).unwrap_or_default();
    range.start..range.start + held.trim_end_matches(['\n', '\r']).len()
}

/// Every comment below a node.
pub(crate) fn comments(root: Node<'_>, text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut stack = vec![root];
    while let Some(node) = stack.pop() {
        if is_comment(node) {
            found.push(trimmed(node, text));
            continue;
        }
        stack.extend(children(node));
    }
    found.sort_by_key(|range| range.start);
    found
}
