#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const CALC: &str = "pub fn add(a: i32, b: i32) -> i32 {
    a - b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds() {
        assert_eq!(add(1, 2), 3);
    }
}
";

fn joined(path: &str, work: &str, material: &str) -> String {
    with_material(path, Some(work), Some(material), Missing::Lose, &BTreeSet::new()).text.unwrap()
}

fn inside(path: &str, was: &str, now: &str) -> Inside {
    compare(&[File { path, was: Some(was), now: Some(now) }]).inside.remove(0)
}

fn texts(path: &str, was: &str, now: &str) -> Vec<String> {
    inside(path, was, now).suppressions.into_iter().map(|one| one.text).collect()
}

#[test]
fn the_work_of_one_and_the_tests_of_another_make_a_text() {
    let now = CALC.replace("a - b", "a + b").replace("(1, 2), 3", "(1, 2), -1");
    assert_eq!(joined("a.rs", &now, CALC), CALC.replace("a - b", "a + b"));
    assert_eq!(joined("a.rs", CALC, &now), CALC.replace("(1, 2), 3", "(1, 2), -1"));
    assert_eq!(joined("a.rs", &now, &now), now);
}

#[test]
fn a_text_falls_into_its_work_and_its_tests() {
    let Apart { work, tests } = apart("a.rs", CALC);
    assert!(work.contains("a - b") && !work.contains("assert_eq"));
    assert!(tests.contains("assert_eq") && !tests.contains("a - b"));
    assert_eq!(apart("a.go", CALC), Apart { work: CALC.to_owned(), tests: String::new() });
}

#[test]
fn tests_come_back_where_they_were_and_new_ones_go() {
    let (work, _) = CALC.split_once("\n#[cfg(test)]").unwrap();
    assert_eq!(joined("a.rs", work, CALC), CALC);
    assert_eq!(joined("a.rs", CALC, work), work);
    let nested = "mod a {\n    fn f() {}\n\n    #[test]\n    fn t() {\n        f();\n    }\n}\nmod b {}\n";
    let bare = "mod a {\n    fn f() {}\n}\nmod b {}\n";
    assert_eq!(joined("a.rs", nested, bare), bare);
    assert_eq!(joined("a.rs", bare, nested), nested);
    let renamed = CALC.replace("mod tests", "mod more");
    assert_eq!(joined("a.rs", &renamed, CALC), CALC);
}

#[test]
fn whatever_is_compiled_for_tests_alone_is_no_work() {
    for test in [
        "#[cfg(test)]\nuse std::fmt;",
        "#[cfg(all(test, unix))]\nfn f() {}",
        "#[test]\nfn f() {}",
        "#[tokio::test(flavor = \"multi_thread\")]\nasync fn f() {}",
        "/// It does.\n#[ignore]\n#[test]\nfn f() {}",
        "#[cfg(test)]\nmod tests;",
        "#[cfg(test)]\nimpl A {\n    fn f() {}\n}",
        "#[cfg(test)]\n#[path = \"a.rs\"]\nmod tests;",
        "proptest! {\n    #[test]\n    fn f(a in 0..3) {}\n}",
        "struct A {\n    a: u8,\n    #[cfg(test)]\n    b: u8,\n}",
        "fn f() {\n    #[cfg(test)]\n    return;\n    g();\n}",
        "fn f() {\n    match a {\n        #[cfg(test)]\n        1 => {}\n        _ => {}\n    }\n}",
    ] {
        let found = inside("a.rs", "fn work() {}\n", &format!("fn work() {{}}\n\n{test}\n"));
        assert!(found.tests.is_some(), "{test}");
    }
    for work in
        ["#[cfg(not(test))]\nfn f() {}", "#[cfg(any(test, feature = \"a\"))]\nfn f() {}", "fn test() {}"]
    {
        let found = inside("a.rs", "fn work() {}\n", &format!("fn work() {{}}\n\n{work}\n"));
        assert_eq!(found.tests, None, "{work}");
    }
    let reaches = |test: &str| inside("a.rs", "", test).tests.unwrap().reaches;
    assert!(reaches("#[cfg(test)]\nfn add() {}\n"));
    assert!(!reaches("#[test]\nfn adds() {}\n") && !reaches("#[cfg(test)]\nmod tests {}\n"));
    let field = "struct A {\n    a: u8,\n    #[cfg(test)]\n    b: u8,\n}\n";
    assert_eq!(joined("a.rs", field, "struct A {\n    a: u8,\n}\n"), "struct A {\n    a: u8,\n}\n");
    let returns = "fn f() {\n    #[cfg(test)]\n    return;\n    g();\n}\n";
    assert_eq!(joined("a.rs", returns, ""), "fn f() {\n    g();\n}\n");
    assert_eq!(joined("a.rs", "#![cfg(test)]\nfn f() {}\n", "fn g() {}\n").trim(), "");
}

#[test]
fn layout_and_comments_of_tests_are_no_change() {
    let now =
        CALC.replace("    use super::*;\n\n", "    // All of it.\n    use super::*;\n").replace('\n', "\r\n");
    assert_eq!(inside("a.rs", CALC, &now), Inside::default());
    let now = CALC.replace("a - b", "a + b");
    assert_eq!(inside("a.rs", CALC, &now), Inside::default());
}

#[test]
fn a_change_is_at_its_line() {
    let tests = |now: &str| inside("a.rs", CALC, now).tests;
    let now = format!("// More.\n{}", CALC.replace("(1, 2), 3", "(1, 2), -1"));
    assert_eq!(tests(&now), Some(Tests { was_there: true, reaches: false, line: 12 }));
    let (work, _) = CALC.split_once("\n#[cfg(test)]").unwrap();
    assert!(tests(work).unwrap().was_there);
    assert_eq!(
        tests(&format!("{CALC}\n#[test]\nfn more() {{}}\n")),
        Some(Tests { was_there: false, reaches: false, line: 15 })
    );
}

#[test]
fn examples_of_documentation_are_swapped_with_it() {
    let was = "/// Adds.\n///\n/// ```\n/// assert_eq!(add(1, 2), 3);\n/// ```\npub fn add() {}\n";
    let now =
        was.replace("```\n/// assert", "```ignore\n/// assert").replace("fn add() {}", "fn add() { 1 }");
    assert_eq!(joined("a.rs", &now, was), was.replace("fn add() {}", "fn add() { 1 }"));
    assert_eq!(inside("a.rs", was, &now).tests, Some(Tests { was_there: true, reaches: false, line: 3 }));
    let bare = "pub fn add() { 1 }\n";
    assert_eq!(joined("a.rs", bare, was), was.replace("fn add() {}", "fn add() { 1 }"));
    assert_eq!(inside("a.rs", was, &was.replace("Adds.", "Adds two.")).tests, None, "no example changed");
    // What it is about is gone.
    let lost = with_material("a.rs", Some("fn b() {}\n"), Some(was), Missing::Lose, &BTreeSet::new());
    assert!(!lost.is_whole);
    let stub = with_material("a.rs", Some("fn b() {}\n"), Some(was), Missing::Stub, &BTreeSet::new());
    let text = stub.text.unwrap();
    assert!(text.contains("assert_eq!(add(1, 2), 3)") && text.contains("fn add() {}"), "{text}");
    for block in
        ["/**\nAdds.\n\n```\nadd();\n```\n*/\nfn add() {}\n", "/// Adds.\n///\n///     add();\nfn add() {}\n"]
    {
        assert!(inside("a.rs", block, "fn add() {}\n").tests.is_some(), "{block}");
    }
    let above = "//! ```\n//! a();\n//! ```\n\nfn a() {}\n";
    assert_eq!(joined("a.rs", "fn a() {}\n", above).replace("\n\n", "\n"), above.replace("\n\n", "\n"));
}

#[test]
fn examples_of_docstrings_are_swapped_with_them() {
    let was = "def add(a, b):\n    \"\"\"Adds.\n\n    >>> add(1, 2)\n    3\n    \"\"\"\n    return a - b\n";
    let edited = was.replace("    3\n", "    -1\n");
    assert_eq!(
        inside("calc.py", was, &edited).tests,
        Some(Tests { was_there: true, reaches: false, line: 5 })
    );
    assert_eq!(joined("calc.py", &edited.replace("a - b", "a + b"), was), was.replace("a - b", "a + b"));
    for without in
        ["def add(a, b):\n    return a + b\n", "def add(a, b):\n    \"\"\"Adds.\"\"\"\n    return a + b\n"]
    {
        assert_eq!(joined("calc.py", without, was), was.replace("a - b", "a + b"));
    }
    let line = joined("calc.py", "def add(a, b): return a + b\n", was);
    assert!(line.contains("\"\"\"; return a + b"), "{line}");
    assert_eq!(joined("calc.py", was, "x = 1\n"), "def add(a, b):\n    \"\"\n    return a - b\n");
    let other = "def sub(a, b):\n    return a - b\n";
    let lost = with_material("calc.py", Some(other), Some(was), Missing::Lose, &BTreeSet::new());
    assert!(!lost.is_whole);
    let stub =
        with_material("calc.py", Some(other), Some(was), Missing::Stub, &BTreeSet::new()).text.unwrap();
    assert!(stub.contains("def add(*arguments, **named):\n    \"\"\"Adds."), "{stub}");
    assert_eq!(inside("calc.py", was, &was.replace("Adds.", "It adds.")).tests, None);
    let module = "\"\"\"\n>>> 1 + 1\n2\n\"\"\"\n\nX = 1\n";
    assert_eq!(joined("calc.py", "X = 1\n", module), module.replace("\n\nX", "\nX"));
}

#[test]
fn examples_of_what_is_defined_again_are_those_of_each() {
    let was = "def add(a, b):\n    \"\"\"\n    >>> add(1, 2)\n    3\n    \"\"\"\n    return a - b\n";
    let now = format!("{was}\n\n{}", was.replace("    3\n", "    -1\n"));
    assert_eq!(joined("calc.py", &now, was), format!("{was}\n\n{was}"));
    assert!(inside("calc.py", was, &now).tests.unwrap().was_there);
    let now = format!("{was}\n\ndef add(a, b):\n    return a - b\n");
    assert!(inside("calc.py", was, &now).tests.unwrap().was_there);
    assert_eq!(joined("calc.py", &now, was), format!("{was}\n\n{was}"));
}

#[test]
fn what_takes_tests_of_python_away_elsewhere_is_found() {
    for (was, added) in [
        ("def add(a, b):\n    return 1\n", "add.__doc__ = None"),
        ("def add(a, b):\n    return 1\n", "setattr(add, '__doc__', '')"),
        ("class A(TestCase):\n    pass\n", "A.test_it = None"),
        ("class A(TestCase):\n    pass\n", "del A"),
    ] {
        let now = format!("{was}\n\n{added}\n");
        let found = inside("calc.py", was, &now).suppressions;
        assert_eq!(found.len(), 1, "{added}");
        assert_eq!(without(&now, &found).unwrap(), format!("{was}\n\npass\n"));
    }
    assert_eq!(texts("calc.py", "", "print(__doc__)\n"), Vec::<String>::new());
}

#[test]
fn tests_in_a_module_of_python_are_no_work() {
    let was = "import unittest\n\n\ndef add(a, b):\n    return a - b\n\n\nclass AddTest(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(add(1, 2), 3)\n\n\nif __name__ == \"__main__\":\n    unittest.main()\n";
    let now = was.replace("add(1, 2), 3", "add(1, 2), -1");
    assert_eq!(inside("calc.py", was, &now).tests, Some(Tests { was_there: true, reaches: false, line: 10 }));
    let (before, rest) = was.split_once("class AddTest").unwrap();
    let (_, after) = rest.split_once("\n\n\n").unwrap();
    assert_eq!(joined("calc.py", &format!("{before}{after}"), was), was);
    let function = "def test_add():\n    assert add(1, 2) == 3\n";
    assert!(inside("calc.py", function, "").tests.is_some());
    assert_eq!(inside("calc.py", "def test_connection():\n    return 1\n", "").tests, None);
}

#[test]
fn tests_of_vitest_in_the_source_are_no_work() {
    let was = "export const add = (a: number, b: number) => a - b\n\nif (import.meta.vitest) {\n  const { it } = import.meta.vitest\n  it('adds', () => {})\n}\n";
    let now = was.replace("'adds', () => {}", "'adds', () => { expect(1) }").replace("a - b", "a + b");
    for path in ["a.ts", "a.js", "a.tsx"] {
        assert_eq!(joined(path, &now, was), was.replace("a - b", "a + b"), "{path}");
        assert!(inside(path, was, &now).tests.unwrap().was_there);
    }
}

#[test]
fn tests_that_moved_as_they_were_are_known_where_they_are() {
    let sum = CALC.replace("a - b", "a + b");
    let files = [
        File { path: "src/lib.rs", was: Some(CALC), now: Some("mod sum;\n") },
        File { path: "src/sum.rs", was: None, now: Some(&sum) },
    ];
    let compared = compare(&files);
    assert!(compared.kept.is_empty() && !compared.moved.is_empty());
    assert!(compared.inside.iter().all(|inside| inside.tests.is_some()));
    let gone = [File { path: "src/old.rs", was: Some(CALC), now: None }, files[1]];
    let compared = compare(&gone);
    assert!(!compared.kept.is_empty());
    assert!(compared.inside.iter().all(|inside| inside.tests.is_none()));
    let weaker = sum.replace("(1, 2), 3", "(1, 2), -1");
    let compared = compare(&[gone[0], File { now: Some(&weaker), ..files[1] }]);
    assert!(compared.kept.is_empty());
    assert!(compared.inside[0].tests.unwrap().was_there);
    let lost = with_material("src/old.rs", None, Some(CALC), Missing::Lose, &compared.kept);
    assert_eq!(lost, Joined { text: None, is_whole: false });
}

#[test]
fn modules_of_tests_in_files_of_their_own_are_declared() {
    let text = "mod a;\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\n#[path = \"odd.rs\"]\npub mod b;\n#[cfg(test)]\nmod c {}\n";
    assert_eq!(modules_for_tests(text), ["tests", "odd.rs"]);
    let now = "mod a;\n/// Multiplies.\npub mod mul;\nmod other;\n";
    assert_eq!(with_modules("mod a;\n", now, &|name| name == "mul").unwrap(), "mod a;\npub mod mul;\n");
    assert_eq!(with_modules(now, now, &|_| true), None);
}

#[test]
fn a_suppression_is_found_in_every_language() {
    for (path, work, suppressed) in [
        ("a.py", "import os\n", "import os  # noqa\n"),
        ("a.py", "import os\n", "import os  # noqa: F401\n"),
        ("a.py", "x = f()\n", "x = f()  # type:ignore[arg-type]\n"),
        ("a.py", "x = f()  # why not\n", "x = f()  # why not  # pylint: disable=all\n"),
        ("a.py", "x = f()\n", "# mypy: ignore-errors\nx = f()\n"),
        ("a.py", "if x:\n    pass\n", "if x:  # pragma: no cover\n    pass\n"),
        ("a.py", "def f(): ...\n", "@no_type_check\ndef f(): ...\n"),
        ("a.ts", "f()\n", "// @ts-expect-error it works\nf()\n"),
        ("a.ts", "f()\n", "/* eslint-disable */\nf()\n"),
        ("a.js", "f()\n", "f() // eslint-disable-line no-undef\n"),
        ("a.tsx", "f()\n", "/* istanbul ignore next */\nf()\n"),
        ("a.rs", "fn f() {}\n", "#[allow(dead_code)]\nfn f() {}\n"),
        ("a.rs", "fn f() {}\n", "#![allow(dead_code)]\nfn f() {}\n"),
        ("a.rs", "fn f() {}\n", "#[expect(unused, reason = \"it is\")]\nfn f() {}\n"),
        ("a.rs", "fn f() {}\n", "#[cfg(not(test))]\nfn f() {}\n"),
        ("a.rs", "fn f() {}\n", "#[cfg_attr(all(), allow(unused))]\nfn f() {}\n"),
        ("a.rb", "f\n", "f # rubocop:disable Style/All\n"),
        ("a.go", "f()\n", "f() //nolint:errcheck\n"),
        ("a.java", "int f() {}\n", "@SuppressWarnings(\"all\")\nint f() {}\n"),
        ("a.c", "f();\n", "f(); // NOLINTNEXTLINE(a)\n"),
        ("a.sh", "f\n", "# shellcheck disable=SC2086\nf\n"),
        ("a.cs", "f();\n", "#pragma warning disable CS0168\nf();\n"),
        ("a.php", "f();\n", "/** @phpstan-ignore-next-line */\nf();\n"),
        ("a.vue", "<p/>\n", "<!-- eslint-disable-next-line -->\n<p/>\n"),
        ("Dockerfile", "FROM a\n", "# hadolint ignore=DL3006\nFROM a\n"),
    ] {
        let found = inside(path, work, suppressed).suppressions;
        assert_eq!(found.len(), 1, "{suppressed}");
        assert_eq!(without(suppressed, &found).unwrap(), work, "{suppressed}");
        let new = compare(&[File { path, was: None, now: Some(suppressed) }]).inside.remove(0);
        assert_eq!(new.suppressions, found, "{suppressed}");
    }
    for (path, text) in [
        ("a.py", "x = '# noqa'\n"),
        ("a.py", "# Nobody says noqa here.\n"),
        ("a.py", "# nosecrets\n"),
        ("a.ts", "const a = '// @ts-ignore'\n"),
        ("a.ts", "// Do not use eslint-disable.\n"),
        ("a.rs", "// allow(dead_code)\n#[derive(Debug)]\nstruct A;\n"),
        ("a.go", "s := \"//nolint\"\n"),
    ] {
        assert_eq!(texts(path, "", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_suppression_that_was_there_is_none_that_was_added() {
    let was = "#[allow(dead_code)]\nfn a() {}\n\nfn b() {}\n";
    assert_eq!(texts("a.rs", was, "fn b() {}\n\n#[allow(dead_code)]\nfn a() {}\n"), Vec::<String>::new());
    assert_eq!(texts("a.rs", was, &was.replace("fn a() {}", "fn a(x: u8) {}")), Vec::<String>::new());
    assert_eq!(texts("a.rs", was, "fn a() {}\n\n#[allow(dead_code)]\nfn b() {}\n").len(), 1, "another line");
    let edited = texts("a.py", "x = f(a)  # noqa\ny = 1\n", "x = f(a, b)  # noqa\ny = 1\n");
    assert_eq!(edited, Vec::<String>::new());
    assert_eq!(texts("a.py", "x = f(a)  # noqa\ny = 1\n", "x = f(a)\ny = 1  # noqa\n").len(), 1);
    let files = [
        File { path: "a.rs", was: Some(was), now: Some("fn b() {}\n") },
        File { path: "b.rs", was: None, now: Some("#[allow(dead_code)]\nfn a() {}\n") },
    ];
    assert!(compare(&files).inside.iter().all(|inside| inside.suppressions.is_empty()), "it moved");
    let now = was.replace("dead_code", "dead_code, unused");
    let wider = inside("a.rs", was, &now).suppressions;
    assert_eq!(without(&now, &wider).unwrap(), was);
}

#[test]
fn what_let_a_tool_find_more_comes_back() {
    let was = "#![deny(missing_docs)]\nfn f() {}\n";
    let now = "fn f() {}\n";
    let found = inside("a.rs", was, now).suppressions;
    assert!(found.len() == 1 && found[0].is_gone);
    assert_eq!(without(now, &found).unwrap(), "#![deny(missing_docs)] fn f() {}\n");
    assert_eq!(texts("a.rs", now, was), Vec::<String>::new());
}

#[test]
fn a_question_whether_this_is_a_test_is_answered_with_no() {
    let was = "fn f() -> u8 {\n    2\n}\n";
    let now = "fn f() -> u8 {\n    if cfg!(test) { 3 } else { 2 }\n}\n";
    let found = inside("a.rs", was, now).suppressions;
    assert_eq!(without(now, &found).unwrap(), now.replace("cfg!(test)", "false"));
}

#[test]
fn what_is_broken_very_long_or_deep_is_no_trouble() {
    let broken = "fn f( {\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn a() { assert!(";
    for path in ["a.rs", "a.py", "a.ts", "a.js", "a.go", "a.unknown", "a"] {
        let long = "x ".repeat(part::LONGEST);
        let deep = "(".repeat(50_000);
        for text in [broken, &long, &deep, "\u{feff}\0\r", ""] {
            let _ = compare(&[File { path, was: Some(CALC), now: Some(text) }]);
            let _ = with_material(path, Some(text), Some(CALC), Missing::Stub, &BTreeSet::new());
        }
    }
    let broken = CALC.replace("a - b", "a - ");
    assert_eq!(joined("a.rs", &broken.replace(", 3)", ", 4)"), CALC), broken, "the rest of it is as it was");
}

proptest! {
    #[test]
    fn no_text_makes_a_panic(
        at in 0..CALC.len(),
        to in 0..CALC.len(),
        with in "[a-z#\\[\\](){}\"'/*>!` \n]{0,12}",
        path in prop::sample::select(vec!["a.rs", "a.py", "a.ts", "a.tsx", "a.go", "a.html"]),
    ) {
        let (at, to) = (at.min(to), at.max(to));
        let now = format!("{}{with}{}", &CALC[..at], &CALC[to..]);
        let compared = compare(&[File { path, was: Some(CALC), now: Some(&now) }]);
        let _ = without(&now, &compared.inside[0].suppressions);
        for missing in [Missing::Lose, Missing::Stub] {
            let _ = with_material(path, Some(&now), Some(CALC), missing, &compared.kept);
            let _ = with_material(path, Some(CALC), Some(&now), missing, &compared.kept);
        }
    }
}
