//! Reads findings out of what compilers, linters and test runners print.
//!
//! Output is hostile: it is read line by line in linear time, and what it yields is bounded. What is not surely a
//! problem at a place (an address, a time, a stack frame) does not count. Never runs anything, and looks at the disk
//! only to tell which folder a bare file name belongs to.

mod collected;
mod eslint;
mod generic;
mod go;
mod javascript_tests;
mod parser;
mod pytest;
mod rust;
mod tsc;

use super::output::plain;
use alfine_core::{finding::Finding, text::start_of};
use collected::Collected;
use parser::LineParser;
use std::path::{Component, Path, PathBuf};

/// How much of a line is read, unless it is JSON. Bytes; no tool's message needs more.
const LINE_LIMIT: usize = 8 << 10;

/// Reads the findings of an output, each line by the first parser that knows it, of a tool that ran in `folder` of
/// `root`. Paths inside of `root` come out relative to it. At most 200, each once; the worse ones if there are more.
pub(super) fn parse(output: &str, root: &Path, folder: &str) -> Vec<Finding> {
    let mut parsers: [Box<dyn LineParser>; 7] = [
        Box::<rust::Parser>::default(),
        Box::<pytest::Parser>::default(),
        Box::<go::Parser>::default(),
        Box::<eslint::Parser>::default(),
        Box::new(tsc::Parser),
        Box::<javascript_tests::Parser>::default(),
        Box::new(generic::Parser),
    ];
    let mut found = Collected::new(root);
    for line in plain(output).lines() {
        let line = if line.starts_with(['{', '[']) { line } else { start_of(line, LINE_LIMIT) };
        let _ = parsers.iter_mut().any(|parser| parser.line(line, &mut found));
    }
    for parser in &mut parsers {
        parser.end(&mut found);
    }
    let mut findings = found.into_findings();
    if !folder.is_empty() {
        for finding in &mut findings {
            finding.file = finding.file.take().map(|file| from_root(file, root, folder));
        }
    }
    findings
}

/// A path of a tool that ran in a folder of the root. Some tools name paths from where they run, others from what they
/// take for the root; which file is there tells.
fn from_root(file: String, root: &Path, folder: &str) -> String {
    let mut from_folder = PathBuf::from(folder);
    for part in Path::new(&file).components() {
        match part {
            Component::ParentDir => drop(from_folder.pop()),
            Component::CurDir => {}
            part => from_folder.push(part),
        }
    }
    let is_from_root =
        file.starts_with('/') || (!root.join(&from_folder).exists() && root.join(&file).exists());
    if is_from_root { file } else { from_folder.to_string_lossy().into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Findings as lines `severity file:line:column code message`.
    pub(super) fn read(output: &str) -> Vec<String> {
        read_in(output, Path::new("/home/me/app"))
    }

    pub(super) fn read_in(output: &str, root: &Path) -> Vec<String> {
        let show = |finding: Finding| {
            let number = |n: Option<u32>| n.map_or("-".to_owned(), |n| n.to_string());
            format!(
                "{} {}:{}:{} [{}] {}",
                serde_json::to_value(finding.severity).unwrap().as_str().unwrap(),
                finding.file.as_deref().unwrap_or("-"),
                number(finding.line),
                number(finding.column),
                finding.code.as_deref().unwrap_or("-"),
                finding.message
            )
        };
        parse(output, root, "").into_iter().map(show).collect()
    }

    #[test]
    fn what_only_looks_like_a_place_is_none() {
        let output = "\
http://host:80: refused
https://example.com:8443/a.js:12: x
Listening on http://localhost:3000: ok
12:30:45 INFO started
12:30:45: INFO started
2024-01-01T12:30:45.123Z: started
2024-01-01 12:30:45: started
10.0.0.1:8080: connection refused
example.com:443: connection refused
localhost:8080: connection refused
[::1]:80: refused
v1.2.3:4: x
    at Object.<anonymous> (/home/me/app/src/a.js:12:5)
    at /home/me/app/src/a.js:12:5
/home/me/app/src/a.js:12
        throw new Error('x')
\t/home/me/app/main.go:12 +0x1d
  File \"/home/me/app/a.py\", line 3, in f
             at ./src/lib.rs:3:5
\tat com.example.Main.run(Main.java:12)
\tfrom lib/a.rb:3:in `call'
src/a.rs:0:0: nothing is on line 0
src/a.rs:99999999999:1: no such line
a.rs:1:1:
";
        assert_eq!(read(output), Vec::<String>::new());
    }

    #[test]
    fn an_output_of_several_tools_is_read_by_each_ones_parser() {
        let output = "\
cc -c a.c
a.c:3:5: error: unknown type name 'foo'
error[E0308]: mismatched types
 --> src/lib.rs:3:5
  |
src/a.ts(12,5): error TS2322: Type 'a' is not assignable.
--- FAIL: TestX (0.00s)
    a_test.go:12: got 1
FAIL\texample.com/m\t0.1s
";
        assert_eq!(
            read(output),
            [
                "error a.c:3:5 [-] unknown type name 'foo'",
                "error src/a.ts:12:5 [TS2322] Type 'a' is not assignable.",
                "error a_test.go:12:- [TestX] got 1",
                "error src/lib.rs:3:5 [E0308] mismatched types",
            ]
        );
    }

    #[test]
    fn colours_do_not_hide_a_finding() {
        let output = "\u{1b}[0m\u{1b}[1m\u{1b}[38;5;9merror[E0425]\u{1b}[0m\u{1b}[1m: no `x`\u{1b}[0m\n\u{1b}[0m \u{1b}[1m--> \u{1b}[0msrc/main.rs:2:5\n";
        assert_eq!(read(output), ["error src/main.rs:2:5 [E0425] no `x`"]);
    }

    /// Shapes that feed every state of every parser.
    const PIECES: [&str; 28] = [
        "error: ",
        "error[E1]: x",
        " --> ",
        "thread 'a' panicked at ",
        "---- a stdout ----",
        "a.rs:1:2",
        ":",
        "\n",
        "E   x",
        "____ t ____",
        "t.py:1: E",
        "FAILED t.py::t - ",
        "--- FAIL: T (0s)",
        "    a.go:1: ",
        "FAIL\tm/../x",
        "  1:2  error  m  r",
        "a.ts(1,2): error TS1: m",
        "{\"reason\":\"compiler-message\"",
        "[{\"filePath\":",
        "]}",
        " FAIL  a.ts > b",
        "  ● a › b",
        "    at x (a.ts:1:2)",
        " ❯ a.ts:1:2",
        "é",
        "\u{1b}[",
        "\r",
        "    ",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_output_panics_and_every_finding_is_bounded(
            pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60), any in any::<String>()
        ) {
            for output in [pieces.concat(), pieces.join("\n"), any] {
                for finding in parse(&output, Path::new("/home/me/app"), "") {
                    prop_assert!(finding.line != Some(0));
                    prop_assert!(finding.message.len() <= 2000 && !finding.message.is_empty());
                }
            }
        }
    }

    #[test]
    fn hostile_outputs_take_linear_time() {
        let repeated = |piece: &str, bytes: usize| piece.repeat(bytes / piece.len());
        let one_line = ["a", "[", "{", " ", "a:1:1: b "].into_iter().chain(PIECES);
        let lines = PIECES.map(|piece| format!("{piece}\n"));
        let outputs = one_line
            .map(|piece| repeated(piece, 1 << 20))
            .chain(lines.iter().map(|piece| repeated(piece, 128 << 10)));
        // Quadratic time would be hours: a hang, which ends the test.
        for output in outputs {
            assert!(parse(&output, Path::new("/home/me/app"), "").len() <= 200);
        }
    }
}
