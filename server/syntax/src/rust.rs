//! Rust: what is compiled only for tests, tests, and the examples of documentation.

use super::{
    grammar::{Grammar, children, comments, essence, is_comment, trimmed},
    part::{Parts, Piece, Slot, Stub, at, indent_of},
};
use std::ops::Range;
use tree_sitter::Node;

/// Attributes, by the last name of their path, that make a function a test or say how one runs.
const OF_TESTS: [&str; 10] = [
    "test",
    "bench",
    "rstest",
    "test_case",
    "test_matrix",
    "wasm_bindgen_test",
    "quickcheck",
    "proptest",
    "should_panic",
    "ignore",
];
/// Macros that make tests out of what they are given.
const MAKE_TESTS: [&str; 2] = ["proptest", "quickcheck"];
/// Attributes by which the compiler, a linter or coverage finds less.
const SUPPRESS: [&str; 4] = ["allow", "expect", "coverage", "automatically_derived"];
/// Attributes of a file or a module by which it finds more.
pub(crate) const DEMAND: [&str; 3] = ["deny", "forbid", "warn"];

pub(crate) fn take(root: Node<'_>, text: &str) -> Parts {
    let mut parts = Parts { comments: comments(root, text), ..Parts::default() };
    let inner = children(root).into_iter().filter(|child| child.kind() == "inner_attribute_item");
    if inner.into_iter().any(|attribute| is_for_tests(attribute, text)) {
        let said = essence(&[root], text);
        parts.pieces.push(Piece {
            range: 0..text.len(),
            place: String::new(),
            key: "file".to_owned(),
            cores: vec![said.clone()],
            essence: said,
            reaches: false,
            without: "",
            stub: None,
        });
        return parts;
    }
    parts.put_at(String::new(), Slot::at_end(text, text.len(), "\n\n"));
    let begin = if text.starts_with("#!/") { text.find('\n').map_or(0, |end| end + 1) } else { 0 };
    let slot = Slot { range: begin..begin, before: String::new(), after: "\n".to_owned() };
    parts.put_at("//!".to_owned(), slot);
    let mut stack = vec![(root, String::new())];
    while let Some((node, scope)) = stack.pop() {
        let mut before: Vec<Node<'_>> = Vec::new();
        let mut about_all: Vec<Node<'_>> = Vec::new();
        let mut inside = children(node).into_iter().peekable();
        while let Some(child) = inside.next() {
            match child.kind() {
                "attribute_item" => {
                    before.push(child);
                    continue;
                }
                "inner_attribute_item" => {
                    if suppresses(child, text) || demands(child, text) {
                        parts.marks.push(child.byte_range());
                    }
                    continue;
                }
                "line_comment" | "block_comment" => {
                    let said = at(text, &child.byte_range());
                    if is_doc(said, ['/', '*']) {
                        before.push(child);
                    } else if is_doc(said, ['!', '!']) {
                        about_all.push(child);
                    }
                    continue;
                }
                "token_tree" | "string_literal" => continue,
                _ => {}
            }
            let before = std::mem::take(&mut before);
            if is_test(child, &before, text) {
                let start = before.first().copied().unwrap_or(child).start_byte();
                let comma = inside.next_if(|next| next.kind() == ",");
                let end = comma.unwrap_or(child).end_byte();
                let nodes: Vec<Node<'_>> = before.iter().copied().chain([child]).collect();
                let said = essence(&nodes, text);
                parts.pieces.push(Piece {
                    range: start..end,
                    place: scope.clone(),
                    key: key_of(child, text),
                    cores: cores(child, &said, text),
                    essence: said,
                    reaches: !is_closed(child, &before, text),
                    without: "",
                    stub: None,
                });
                continue;
            }
            for attribute in before.iter().filter(|attribute| suppresses(**attribute, text)) {
                parts.marks.push(attribute.byte_range());
            }
            let name = name_of(child, text);
            let inner_scope = if name.is_empty() { scope.clone() } else { format!("{scope}{name}/") };
            if !name.is_empty() {
                let start = before.first().copied().unwrap_or(child).start_byte();
                let place = format!("{inner_scope}///");
                let after = format!("\n{}", indent_of(text, start));
                let slot = Slot { range: start..start, before: String::new(), after };
                parts.put_at(place.clone(), slot);
                document(&before, place, stub_of(child, text), text, &mut parts);
            }
            if child.kind() == "macro_invocation" && is_asking_for_tests(child, text) {
                parts.marks.push(child.byte_range());
            }
            if let Some(body) = child.child_by_field_name("body")
                && matches!(child.kind(), "mod_item" | "impl_item" | "trait_item")
            {
                let end = body.end_byte().saturating_sub(1).max(body.start_byte());
                let slot = Slot::at_end(text, end, "\n\n");
                parts.put_at(inner_scope.clone(), slot);
            }
            stack.push((child, inner_scope));
        }
        document(&about_all, format!("{scope}//!"), None, text, &mut parts);
    }
    parts
}

/// Reads the documentation of an item, if it has an example.
fn document(nodes: &[Node<'_>], place: String, stub: Option<Stub>, text: &str, parts: &mut Parts) {
    let docs: Vec<Range<usize>> =
        nodes.iter().filter(|node| is_comment(**node)).map(|node| trimmed(*node, text)).collect();
    let (Some(first), Some(last)) = (docs.first(), docs.last()) else { return };
    let lines = docs.iter().flat_map(|doc| at(text, doc).lines());
    let examples = examples(lines);
    if examples.is_empty() {
        return;
    }
    parts.pieces.push(Piece {
        range: first.start..last.end,
        place,
        key: "examples".to_owned(),
        cores: vec![examples.clone()],
        essence: examples,
        reaches: false,
        without: "",
        stub,
    });
}

/// The examples of a documentation: what is fenced, with what is said of it, and what is indented.
fn examples<'t>(lines: impl Iterator<Item = &'t str>) -> String {
    let mut found: Vec<&str> = Vec::new();
    let (mut fence, mut is_after_gap) = (None, true);
    for line in lines {
        let line = line.trim();
        let line = ["///", "//!", "/**", "/*!", "*/", "*"]
            .iter()
            .find_map(|mark| line.strip_prefix(mark))
            .unwrap_or(line)
            .trim_end_matches("*/");
        let said = line.trim();
        let mark = ["```", "~~~"].into_iter().find(|mark| said.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => {
                fence = Some(mark);
                found.push(said);
            }
            (Some(begun), Some(mark)) if begun == mark => fence = None,
            (Some(_), Some(_) | None) => found.push(said),
            (None, None) => {
                let is_code = is_after_gap && line.starts_with("     ") && !said.is_empty();
                if is_code {
                    found.push(said);
                }
                is_after_gap = said.is_empty() || is_code;
            }
        }
    }
    found.join("\n")
}

/// Whether a comment documents: by its third character, if it is a line or a block.
fn is_doc(comment: &str, [line, block]: [char; 2]) -> bool {
    let mut third = comment.chars().skip(2);
    let (third, fourth) = (third.next(), third.next());
    match comment.starts_with("//") {
        true => third == Some(line) && (line != '/' || fourth != Some('/')),
        false => third == Some(block) && (block != '*' || !matches!(fourth, Some('*' | '/'))),
    }
}

/// What an attribute says, without layout: `cfg(test)`.
fn said<'t>(attribute: Node<'_>, text: &'t str) -> (&'t str, String) {
    let whole = at(text, &attribute.byte_range());
    let said = whole.trim_start_matches(['#', '!', '[', ' ']).trim_end().trim_end_matches(']');
    let path = said.split(['(', '=', '[']).next().unwrap_or_default().trim();
    let name = path.rsplit("::").next().unwrap_or_default().trim();
    (name, said.split_whitespace().collect())
}

/// Whether an attribute says that what it stands at is only compiled for tests.
fn is_for_tests(attribute: Node<'_>, text: &str) -> bool {
    let (name, said) = said(attribute, text);
    let predicate = said.strip_prefix("cfg(").and_then(|rest| rest.strip_suffix(')')).unwrap_or_default();
    name == "cfg" && needs_test(predicate)
}

/// Whether a predicate holds only in tests.
fn needs_test(predicate: &str) -> bool {
    let Some(all) = predicate.strip_prefix("all(").and_then(|rest| rest.strip_suffix(')')) else {
        return predicate == "test";
    };
    let mut depth = 0;
    let is_between = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    };
    all.split(is_between).any(|one| one == "test")
}

/// Whether a node, with what stands before it, is there for tests alone.
fn is_test(node: Node<'_>, before: &[Node<'_>], text: &str) -> bool {
    let makes = |attribute: &Node<'_>| {
        attribute.kind() == "attribute_item"
            && (is_for_tests(*attribute, text) || OF_TESTS.contains(&said(*attribute, text).0))
    };
    match node.kind() {
        "match_arm" => children(node).iter().any(makes),
        "macro_invocation" => {
            let name = node.child_by_field_name("macro").map_or("", |name| at(text, &name.byte_range()));
            MAKE_TESTS.contains(&name.rsplit("::").next().unwrap_or_default()) || before.iter().any(makes)
        }
        _ => before.iter().any(makes),
    }
}

/// Whether nothing of the work can come to what is there for tests alone: it is a module, or a test.
fn is_closed(node: Node<'_>, before: &[Node<'_>], text: &str) -> bool {
    let is_test = |attribute: &Node<'_>| {
        attribute.kind() == "attribute_item" && OF_TESTS.contains(&said(*attribute, text).0)
    };
    matches!(node.kind(), "mod_item" | "macro_invocation") || before.iter().any(is_test)
}

/// Whether an attribute lets a tool find less, or hides the work from tests.
fn suppresses(attribute: Node<'_>, text: &str) -> bool {
    if attribute.kind() == "line_comment" || attribute.kind() == "block_comment" {
        return false;
    }
    let (name, said) = said(attribute, text);
    let is_within = || SUPPRESS.iter().any(|name| said.contains(&format!(",{name}(")));
    SUPPRESS.contains(&name)
        || (name == "cfg_attr" && is_within())
        || ["rustfmt::skip", "cfg(not(test))"].contains(&said.as_str())
}

/// Whether an attribute lets a tool find more.
fn demands(attribute: Node<'_>, text: &str) -> bool {
    DEMAND.contains(&said(attribute, text).0)
}

/// Whether a macro asks whether this is compiled for tests.
fn is_asking_for_tests(node: Node<'_>, text: &str) -> bool {
    let written: String = at(text, &node.byte_range()).split_whitespace().collect();
    written == "cfg!(test)"
}

/// The name by which an item's own parts are known; empty for what is none.
fn name_of(node: Node<'_>, text: &str) -> String {
    match node.kind() {
        "impl_item" => {
            let end = node.child_by_field_name("body").map_or(node.end_byte(), |body| body.start_byte());
            let head = text.get(node.start_byte()..end).unwrap_or_default();
            head.split_whitespace().collect::<Vec<_>>().join(" ")
        }
        "mod_item"
        | "trait_item"
        | "function_item"
        | "function_signature_item"
        | "struct_item"
        | "enum_item"
        | "union_item"
        | "type_item"
        | "const_item"
        | "static_item"
        | "macro_definition"
        | "enum_variant"
        | "field_declaration" => {
            node.child_by_field_name("name").map_or("", |name| at(text, &name.byte_range())).to_owned()
        }
        _ => String::new(),
    }
}

/// By what a piece of a place is known.
fn key_of(node: Node<'_>, text: &str) -> String {
    let name = node.child_by_field_name("name").map_or("", |name| at(text, &name.byte_range()));
    let name = if node.kind() == "impl_item" { name_of(node, text) } else { name.to_owned() };
    format!("{} {name}", node.kind())
}

/// The functions of a module of tests; of anything else what it says.
fn cores(node: Node<'_>, said: &str, text: &str) -> Vec<String> {
    let body = node.child_by_field_name("body").filter(|_| node.kind() == "mod_item");
    let inside = body.map(children).unwrap_or_default();
    let functions = inside.into_iter().filter(|child| child.kind() == "function_item");
    let cores: Vec<String> = functions.map(|function| essence(&[function], text)).collect();
    if cores.is_empty() { vec![said.to_owned()] } else { cores }
}

/// What stands for an item where it is not there.
fn stub_of(node: Node<'_>, text: &str) -> Option<Stub> {
    let name = node.child_by_field_name("name").map(|name| at(text, &name.byte_range()))?;
    let after = format!("\n#[allow(dead_code, non_snake_case)]\nfn {name}() {{}}\n");
    Some(Stub { before: "\n".to_owned(), after })
}

/// Modules in files of their own that a text declares, each with whether that is for tests alone.
fn declared(text: &str) -> Vec<(String, bool, Range<usize>)> {
    let Some(tree) = Grammar::Rust.parse(text) else { return Vec::new() };
    let mut found = Vec::new();
    let mut before: Vec<Node<'_>> = Vec::new();
    for child in children(tree.root_node()) {
        match child.kind() {
            "attribute_item" => before.push(child),
            "line_comment" | "block_comment" => {}
            "mod_item" if child.child_by_field_name("body").is_none() => {
                let attributes = std::mem::take(&mut before);
                let is_test = is_test(child, &attributes, text);
                let start = attributes.first().copied().unwrap_or(child).start_byte();
                let file = attributes.iter().find_map(|attribute| {
                    let (name, said) = said(*attribute, text);
                    let file = said.strip_prefix("path=\"").and_then(|rest| rest.strip_suffix('"'));
                    file.filter(|_| name == "path").map(str::to_owned)
                });
                let name = child.child_by_field_name("name").map_or("", |name| at(text, &name.byte_range()));
                found.push((file.unwrap_or_else(|| name.to_owned()), is_test, start..child.end_byte()));
            }
            _ => before.clear(),
        }
    }
    found
}

/// The modules in files of their own that a text declares for tests alone: each by its name, or by the path that it names.
pub fn modules_for_tests(text: &str) -> Vec<String> {
    declared(text).into_iter().filter(|(_, is_test, _)| *is_test).map(|(name, ..)| name).collect()
}

/// `text`, with those declarations of `from` that bring a file into it which `is_wanted` names, and which it lacks.
pub fn with_modules(text: &str, from: &str, is_wanted: &dyn Fn(&str) -> bool) -> Option<String> {
    let there: Vec<String> = declared(text).into_iter().map(|(name, ..)| name).collect();
    let missing = declared(from).into_iter().filter(|(name, ..)| !there.contains(name) && is_wanted(name));
    let added: Vec<&str> = missing.map(|(_, _, range)| from.get(range).unwrap_or_default()).collect();
    (!added.is_empty()).then(|| format!("{}\n{}\n", text.trim_end(), added.join("\n")))
}
