//! Takes a text apart, by the grammar of its language if there is one.

use super::{
    comments,
    grammar::Grammar,
    part::{LONGEST, Parts, at},
    python, rust, script,
};

/// Whether files of this name are taken apart.
pub fn is_read(path: &str) -> bool {
    Grammar::of(path).is_some() || comments::are_known(path)
}

/// Takes a text apart. One that is too long is all work.
pub(crate) fn take(path: &str, text: &str) -> Parts {
    if text.len() > LONGEST {
        return Parts::default();
    }
    let Some(grammar) = Grammar::of(path) else {
        return Parts { comments: comments::of(path, text), ..Parts::default() };
    };
    let Some(tree) = grammar.parse(text) else { return Parts::default() };
    let root = tree.root_node();
    let parts = match grammar {
        Grammar::Rust => rust::take(root, text),
        Grammar::Python => python::take(root, text),
        Grammar::TypeScript | Grammar::Tsx => script::take(root, text),
    };
    parts.ordered()
}

/// A text in two: what of it is the work, and the tests and examples in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// The work.
    pub work: String,
    /// The tests and examples.
    pub tests: String,
}

/// Takes the tests and examples out of a text.
pub fn apart(path: &str, text: &str) -> Apart {
    let (mut work, mut tests, mut end) = (String::new(), String::new(), 0);
    for piece in take(path, text).pieces {
        work.push_str(text.get(end..piece.range.start).unwrap_or_default());
        tests.push_str(at(text, &piece.range));
        tests.push('\n');
        end = piece.range.end;
    }
    work.push_str(text.get(end..).unwrap_or_default());
    Apart { work, tests }
}
