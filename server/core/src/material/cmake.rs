//! What a text of CMake says of tests, beside what it says of how the work is built.

use std::ops::Range;

/// Commands that say which tests there are, and what they take for passed.
const TESTS: &[&str] = &[
    "add_test",
    "set_tests_properties",
    "enable_testing",
    "gtest_discover_tests",
    "gtest_add_tests",
    "catch_discover_tests",
    "doctest_discover_tests",
];

/// What `include` brings that has tests in it.
const TEST_MODULES: &[&str] = &["CTest", "GoogleTest", "Catch", "doctest"];

/// Commands that open a block, and those that close one. What stands in a block cannot be put elsewhere.
const BLOCKS: &[(&str, &str)] = &[
    ("if", "endif"),
    ("foreach", "endforeach"),
    ("while", "endwhile"),
    ("function", "endfunction"),
    ("macro", "endmacro"),
    ("block", "endblock"),
];

/// A command about tests.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OfTests {
    /// What it is about: two of the same kind about the same test say it in two ways.
    key: String,
    /// Its words, without comments.
    words: Vec<String>,
    /// Where it stands.
    span: Range<usize>,
    is_in_block: bool,
}

/// The text `work` with what `checks` says of tests. `None` if that cannot be told apart.
pub(super) fn joined(checks: &str, work: &str) -> Option<String> {
    let (mut wanted, found) = (of_tests(checks)?, of_tests(work)?);
    let mut text = String::new();
    let mut at = 0;
    for own in found {
        text.push_str(work.get(at..own.span.start)?);
        at = own.span.end;
        if let Some(position) = wanted.iter().position(|one| one.key == own.key) {
            text.push_str(checks.get(wanted.remove(position).span)?);
        }
    }
    text.push_str(work.get(at..)?);
    for missing in wanted {
        if missing.is_in_block {
            return None;
        }
        text.push('\n');
        text.push_str(checks.get(missing.span)?);
    }
    text.push('\n');
    Some(text)
}

/// Whether two texts say the same of tests.
pub(super) fn alike(a: &str, b: &str) -> bool {
    let of = |text: &str| {
        let commands = of_tests(text)?.into_iter();
        Some(commands.map(|one| (one.words, one.is_in_block)).collect::<Vec<_>>())
    };
    match (of(a), of(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// The commands of a text that are about tests. `None` if it is not CMake.
fn of_tests(text: &str) -> Option<Vec<OfTests>> {
    let mut found = Vec::new();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some((span, words)) = command(text, at)? {
        at = span.end;
        let name = words.first()?.to_lowercase();
        depth += usize::from(BLOCKS.iter().any(|(begin, _)| *begin == name));
        depth = depth.saturating_sub(usize::from(BLOCKS.iter().any(|(_, end)| *end == name)));
        let first = words.get(1).map(String::as_str).unwrap_or_default();
        let is_of_tests = match name.as_str() {
            "include" => TEST_MODULES.contains(&first),
            "set_property" => first == "TEST",
            "set" => first.starts_with("CTEST_") || first.starts_with("CMAKE_CTEST_"),
            name => TESTS.contains(&name),
        };
        if is_of_tests {
            let about = match (first, words.get(2)) {
                ("NAME" | "TEST", Some(test)) => test,
                (first, _) => first,
            };
            found.push(OfTests { key: format!("{name} {about}"), words, span, is_in_block: depth > 0 });
        }
    }
    Some(found)
}

/// The next command from a place on: where it stands, its name and its arguments. `None` if the text is not CMake; within it
/// `None` at the end.
#[expect(clippy::option_option, reason = "the end of a text is no fault of it")]
fn command(text: &str, from: usize) -> Option<Option<(Range<usize>, Vec<String>)>> {
    let start = blank(text, from)?;
    let rest = text.get(start..)?;
    if rest.is_empty() {
        return Some(None);
    }
    let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let mut at = blank(text, start + name.len())?;
    if name.is_empty() || !text.get(at..)?.starts_with('(') {
        return None;
    }
    at += 1;
    let mut words = vec![name];
    let mut open = 1_usize;
    while open > 0 {
        at = blank(text, at)?;
        let rest = text.get(at..)?;
        let first = rest.chars().next()?;
        match first {
            '(' | ')' => {
                open = if first == '(' { open + 1 } else { open - 1 };
                at += 1;
                if open > 0 {
                    words.push(first.to_string());
                }
            }
            _ => {
                let length = argument(rest)?;
                words.push(rest.get(..length)?.to_owned());
                at += length;
            }
        }
    }
    Some(Some((start..at, words)))
}

/// How long an argument is that a text begins with.
fn argument(text: &str) -> Option<usize> {
    if let Some(length) = bracketed(text)? {
        return Some(length);
    }
    let mut is_quoted = false;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => is_quoted = !is_quoted,
            '(' | ')' | '#' if !is_quoted => return Some(at),
            c if c.is_whitespace() && !is_quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// How long what stands in brackets is that a text begins with, `[[...]]` or `[=[...]=]`; within `None` if it begins with
/// none. `None` if it has no end.
#[expect(clippy::option_option, reason = "what has no end is another thing than what is not there")]
fn bracketed(text: &str) -> Option<Option<usize>> {
    let Some(rest) = text.strip_prefix('[') else { return Some(None) };
    let equals = rest.len() - rest.trim_start_matches('=').len();
    if !rest.get(equals..)?.starts_with('[') {
        return Some(None);
    }
    let end = format!("]{}]", "=".repeat(equals));
    text.find(&end).map(|at| Some(at + end.len()))
}

/// Where blanks and comments end.
fn blank(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = text.get(at..)?;
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        let Some(comment) = trimmed.strip_prefix('#') else { return Some(at) };
        at += 1 + match bracketed(comment)? {
            Some(length) => length,
            None => comment.find('\n').unwrap_or(comment.len()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAS: &str = "cmake_minimum_required(VERSION 3.5)\nproject(calc C) # a \"name\"\nenable_testing()\n\
        add_executable(t t.c calc.c)\nadd_test(NAME adds COMMAND t)\n";

    #[test]
    fn how_the_work_is_built_is_work_and_how_it_is_tested_is_not() {
        let built = WAS.replace("calc.c)", "calc.c more.c)\nadd_library(m m.c)");
        assert!(alike(WAS, &built));
        assert!(alike(
            WAS,
            &WAS.replace("add_test(NAME adds COMMAND t)", "add_test(NAME adds # why\n  COMMAND t)")
        ));
        for other in [
            WAS.replace("COMMAND t", "COMMAND true"),
            WAS.replace("add_test(NAME adds COMMAND t)", ""),
            WAS.replace("enable_testing()", ""),
            WAS.replace("add_test(", "if(FALSE)\nadd_test(") + "endif()\n",
            format!("{WAS}set_tests_properties(adds PROPERTIES WILL_FAIL TRUE)\n"),
            format!("{WAS}set_property(TEST adds PROPERTY DISABLED TRUE)\n"),
            format!("{WAS}SET_TESTS_PROPERTIES(adds PROPERTIES PASS_REGULAR_EXPRESSION [=[a)]=])\n"),
            format!("{WAS}set(CTEST_CUSTOM_TESTS_IGNORE adds)\n"),
            "not cmake".to_owned(),
            format!("{WAS}add_test(\"\n"),
        ] {
            assert!(!alike(WAS, &other), "{other}");
        }
    }

    #[test]
    fn what_one_says_of_tests_is_joined_with_what_the_other_builds() {
        let game = WAS.replace("t.c calc.c", "t.c calc.c more.c").replace("COMMAND t)", "COMMAND true)")
            + "set_tests_properties(adds PROPERTIES WILL_FAIL TRUE)\n";
        let back = joined(WAS, &game).unwrap();
        assert!(
            back.contains("more.c") && back.contains("COMMAND t)") && !back.contains("WILL_FAIL"),
            "{back}"
        );
        assert!(alike(WAS, &back));
        let without = joined(&game, WAS).unwrap();
        assert!(!without.contains("more.c") && alike(&game, &without), "{without}");
        // A test that comes along without its program, and one that is gone and comes back.
        let honest = format!("{WAS}add_executable(m m.c)\nadd_test(NAME multiplies COMMAND m)\n");
        assert!(joined(&honest, WAS).unwrap().ends_with("\nadd_test(NAME multiplies COMMAND m)\n"));
        assert!(!joined(WAS, &honest).unwrap().contains("multiplies"));
        assert!(
            joined(WAS, &WAS.replace("add_test(NAME adds COMMAND t)\n", "")).unwrap().contains("NAME adds")
        );
        // What stands in a loop or a function cannot be put elsewhere.
        let each = format!("{WAS}foreach(n a b)\n  add_test(NAME ${{n}} COMMAND t ${{n}})\nendforeach()\n");
        assert_eq!(joined(&each, WAS), None);
        let changed = each.replace("COMMAND t ${", "COMMAND true ${").replace("t.c calc.c", "t.c more.c");
        let kept = joined(&each, &changed).unwrap();
        assert!(kept.contains("COMMAND t ${") && kept.contains("more.c"), "{kept}");
        assert_eq!(joined("(", WAS), None);
    }
}
