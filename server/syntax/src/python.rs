//! Python: examples in docstrings, and tests that stand in a module of the work.

use super::{
    grammar::{children, comments, essence, is_comment},
    part::{DOCSTRING, Parts, Piece, Slot, Stub, at, indent_of, words},
};
use tree_sitter::Node;

pub(crate) fn take(root: Node<'_>, text: &str) -> Parts {
    let mut parts = Parts { comments: comments(root, text), ..Parts::default() };
    let mut tests_end = text.len();
    docstring(root, text, "", None, &mut parts);
    let mut stack = vec![(root, String::new())];
    while let Some((node, scope)) = stack.pop() {
        for child in children(node) {
            let defined = match child.kind() {
                "decorated_definition" => child.child_by_field_name("definition").unwrap_or(child),
                _ => child,
            };
            match defined.kind() {
                "function_definition" | "class_definition" => {
                    let name = name_of(defined, text);
                    if scope.is_empty() && is_test(defined, name, text) {
                        let said = essence(&[child], text);
                        parts.pieces.push(Piece {
                            range: child.byte_range(),
                            place: String::new(),
                            key: name.to_owned(),
                            cores: vec![said.clone()],
                            essence: said,
                            reaches: false,
                            without: "",
                            stub: None,
                        });
                        continue;
                    }
                    let scope = format!("{scope}{name}/");
                    if let Some(body) = defined.child_by_field_name("body") {
                        docstring(body, text, &scope, Some((defined, name)), &mut parts);
                        stack.push((body, scope));
                    }
                }
                // `if __name__ == "__main__":` runs what stands before it.
                "if_statement" if node == root && at(text, &child.byte_range()).contains("__main__") => {
                    tests_end = tests_end.min(child.start_byte());
                }
                "expression_statement" if sets_examples(child, text) => {
                    parts.statements.push(child.byte_range());
                }
                "comment" | "expression_statement" | "string" => {}
                _ => stack.push((child, scope.clone())),
            }
        }
    }
    parts.put_at(String::new(), Slot::at_end(text, tests_end, "\n\n\n"));
    let tests: Vec<&str> =
        parts.pieces.iter().filter(|piece| piece.place.is_empty()).map(|piece| &*piece.key).collect();
    // `AddTest.test_it = None`
    let is_about = |node: &Node<'_>| words(at(text, &node.byte_range())).any(|word| tests.contains(&word));
    let is_statement = |node: &Node<'_>| matches!(node.kind(), "expression_statement" | "delete_statement");
    let about = children(root).into_iter().filter(is_statement).filter(is_about);
    let about: Vec<_> = about.map(|node| node.byte_range()).collect();
    parts.statements.extend(about);
    parts
}

/// Whether a statement gives something another docstring, or names other examples.
fn sets_examples(statement: Node<'_>, text: &str) -> bool {
    let said = at(text, &statement.byte_range());
    let sets = children(statement).into_iter().next().is_some_and(|inner| match inner.kind() {
        "assignment" | "augmented_assignment" => true,
        "call" => said.starts_with("setattr") || said.starts_with("delattr"),
        _ => false,
    });
    sets && (said.contains("__doc__") || said.contains("__test__"))
}

fn name_of<'t>(defined: Node<'_>, text: &'t str) -> &'t str {
    defined.child_by_field_name("name").map_or("", |name| at(text, &name.byte_range()))
}

/// Whether a definition is a test: a class of `unittest`'s, or a function that is called one and asserts something.
fn is_test(defined: Node<'_>, name: &str, text: &str) -> bool {
    if defined.kind() == "class_definition" {
        let above = defined.child_by_field_name("superclasses");
        return above.is_some_and(|above| at(text, &above.byte_range()).contains("TestCase"));
    }
    let body = defined.child_by_field_name("body");
    name.starts_with("test_")
        && body
            .is_some_and(|body| children(body).iter().any(|statement| statement.kind() == "assert_statement"))
}

/// Reads the docstring of a module, a class or a function, or where it would stand.
fn docstring(body: Node<'_>, text: &str, scope: &str, item: Option<(Node<'_>, &str)>, parts: &mut Parts) {
    let place = format!("{scope}{DOCSTRING}");
    let Some(first) = children(body).into_iter().find(|child| !is_comment(*child)) else { return };
    let string = match first.kind() {
        "string" => Some(first),
        "expression_statement" => children(first).into_iter().next().filter(|inner| inner.kind() == "string"),
        _ => None,
    };
    let Some(string) = string else {
        let at = first.start_byte();
        let is_beside = item.is_some_and(|(defined, _)| {
            let head = text.get(defined.start_byte()..at).unwrap_or_default();
            head.trim_end_matches([' ', '\t']).ends_with(':')
        });
        let after = match is_beside {
            true => "; ".to_owned(),
            false => format!("\n{}", indent_of(text, at)),
        };
        parts.put_at(place, Slot { range: at..at, before: String::new(), after });
        return;
    };
    let range = string.byte_range();
    let examples = examples(at(text, &range));
    parts.put_at(place.clone(), Slot { range: range.clone(), before: String::new(), after: String::new() });
    if examples.is_empty() {
        return;
    }
    let stub = item.map(|(defined, name)| {
        let before = match defined.kind() {
            "class_definition" => format!("\n\nclass {name}:\n    "),
            _ => format!("\n\ndef {name}(*arguments, **named):\n    "),
        };
        Stub { before, after: "\n".to_owned() }
    });
    parts.pieces.push(Piece {
        range,
        place,
        key: "examples".to_owned(),
        cores: vec![examples.clone()],
        essence: examples,
        reaches: false,
        without: "\"\"",
        stub,
    });
}

/// The examples of a docstring: what is typed, and what is to come, up to an empty line.
fn examples(docstring: &str) -> String {
    let mut found: Vec<&str> = Vec::new();
    let mut is_in = false;
    let begin = docstring.find(['"', '\'']).unwrap_or_default();
    for line in docstring.get(begin..).unwrap_or_default().lines() {
        let line = line.trim_start_matches(['"', '\'']).trim();
        is_in = line.starts_with(">>>") || (is_in && !line.is_empty());
        if is_in {
            found.push(line.trim_end_matches(['"', '\'']).trim_end());
        }
    }
    found.join("\n").trim_end().to_owned()
}
