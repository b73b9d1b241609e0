//! rustc and cargo, as text and as JSON; the tests of cargo and of nextest.

use super::{
    collected::{Collected, Place},
    parser::{LineParser, group, patterns},
};
use alfine_core::finding::Severity;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

patterns! {
    HEADER = r"^(error|warning)(?:\[([A-Za-z]+\d+)\])?: (.+)$";
    ARROW = r"^\s*--> (.+?):(\d+):(\d+)$";
    LINT = r"^\s*= note: (?:`#\[(?:warn|deny|forbid)\(|(?:requested on the command line with )?`-[WDF] )([\w:-]+)";
    // Errors that only count others.
    SUMMARY = r"^(?:could not compile|aborting due to|\d+ targets? failed|test (?:run )?failed|doctest failed|build failed|process didn't exit successfully|`.*` failed|.*\d+ (?:previous )?errors?(?:; \d+ warnings? emitted)?$)";
    PANIC = r"^\s*thread '(.+)'(?: \(\d+\))? panicked at (.+?):(\d+):(\d+):$";
    OLD_PANIC = r"^\s*thread '(.+)' panicked at '(.*)', (.+?):(\d+):(\d+)$";
    SECTION = r"^\s*---- (.+) stdout ----$";
    FAILED = r"^test (.+) \.\.\. FAILED$";
    NEXTEST = r"^\s*(?:TRY \d+ )?(?:FAIL|SIG[A-Z]+|TIMEOUT|ABORT) \[\s*>?\s*[\d.]+s\]\s+(?:\(\s*\d+/\d+\)\s+)?\S+\s+(\S.*)$";
    DOC_TEST = r"^(\S+\.(?:rs|md)) - .*\(line (\d+)\)";
}

/// How many lines of a panic's message are read.
const PANIC_LINES: usize = 6;

/// How many failed tests are remembered.
const TESTS: usize = 500;

#[derive(Debug, Default)]
pub(super) struct Parser {
    diagnostic: Option<Diagnostic>,
    panic: Option<Panic>,
    /// The test whose output is being printed.
    section: Option<String>,
    failed: Vec<String>,
    /// What tests returned that did not panic.
    returned: HashMap<String, String>,
    placed: HashSet<String>,
}

#[derive(Debug)]
struct Diagnostic {
    severity: Severity,
    code: Option<String>,
    message: String,
    place: Option<Place>,
}

#[derive(Debug)]
struct Panic {
    test: Option<String>,
    place: Option<Place>,
    message: Vec<String>,
}

impl LineParser for Parser {
    fn line(&mut self, line: &str, found: &mut Collected) -> bool {
        if self.goes_on_with_panic(line, found) {
            return true;
        }
        if line.starts_with('{') {
            return json(line, found);
        }
        if line.trim().is_empty() {
            self.finish_diagnostic(found);
            return false;
        }
        self.diagnostic_line(line, found) || self.test_line(line, found)
    }

    fn end(&mut self, found: &mut Collected) {
        self.finish_panic(found);
        self.finish_diagnostic(found);
        for test in std::mem::take(&mut self.failed) {
            if !self.placed.insert(test.clone()) {
                continue;
            }
            let place = doc_test(&test);
            let message = self.returned.get(&test).map_or("the test failed", String::as_str);
            found.add(Severity::Error, place, Some(&test), message);
        }
    }
}

impl Parser {
    fn diagnostic_line(&mut self, line: &str, found: &mut Collected) -> bool {
        if let Some(header) = HEADER.captures(line) {
            self.finish_diagnostic(found);
            let severity = if group(&header, 1) == "error" { Severity::Error } else { Severity::Warning };
            self.diagnostic = Some(Diagnostic {
                severity,
                code: header.get(2).map(|code| code.as_str().to_owned()),
                message: group(&header, 3).to_owned(),
                place: None,
            });
            return true;
        }
        let Some(diagnostic) = &mut self.diagnostic else { return false };
        if let Some(arrow) = ARROW.captures(line) {
            // Later arrows point to what the notes speak of.
            if diagnostic.place.is_none() {
                diagnostic.place = Place::new(group(&arrow, 1), group(&arrow, 2), group(&arrow, 3));
            }
            return true;
        }
        if let Some(lint) = LINT.captures(line) {
            // The command line's spelling of a lint has hyphens.
            diagnostic.code.get_or_insert_with(|| group(&lint, 1).replace('-', "_"));
            return true;
        }
        false
    }

    /// An error without a place is one too, unless it only counts others; a warning without one is a summary.
    fn finish_diagnostic(&mut self, found: &mut Collected) {
        let Some(Diagnostic { severity, code, message, place }) = self.diagnostic.take() else { return };
        if place.is_some() || (severity == Severity::Error && !SUMMARY.is_match(&message)) {
            found.add(severity, place, code.as_deref(), &message);
        }
    }

    fn test_line(&mut self, line: &str, found: &mut Collected) -> bool {
        if let Some(panic) = PANIC.captures(line) {
            let place = Place::new(group(&panic, 2), group(&panic, 3), group(&panic, 4));
            self.begin_panic(group(&panic, 1), place, Vec::new());
        } else if let Some(panic) = OLD_PANIC.captures(line) {
            let place = Place::new(group(&panic, 3), group(&panic, 4), group(&panic, 5));
            self.begin_panic(group(&panic, 1), place, vec![group(&panic, 2).to_owned()]);
            self.finish_panic(found);
        } else if let Some(section) = SECTION.captures(line) {
            self.section = Some(group(&section, 1).to_owned());
        } else if let Some(test) = FAILED.captures(line) {
            self.failed(group(&test, 1));
        } else if let Some(test) = NEXTEST.captures(line) {
            self.failed(group(&test, 1));
            // What the test printed follows.
            self.section = Some(group(&test, 1).to_owned());
        } else if let (Some(section), Some(error)) =
            (&self.section, line.trim_start().strip_prefix("Error: "))
        {
            if self.returned.len() < TESTS {
                self.returned.entry(section.clone()).or_insert_with(|| error.to_owned());
            }
        } else {
            return false;
        }
        true
    }

    fn failed(&mut self, test: &str) {
        let test = test.trim_end_matches(" - should panic").to_owned();
        if self.failed.len() < TESTS && !self.failed.contains(&test) {
            self.failed.push(test);
        }
    }

    fn begin_panic(&mut self, thread: &str, place: Option<Place>, message: Vec<String>) {
        // A test's own threads have other names than the test, or none.
        let of_thread = Some(thread).filter(|thread| !matches!(*thread, "main" | "<unnamed>"));
        let test = self.section.clone().or_else(|| of_thread.map(str::to_owned));
        self.panic = Some(Panic { test, place, message });
    }

    /// Reads a panic's message, which goes on to the next empty line or note.
    fn goes_on_with_panic(&mut self, line: &str, found: &mut Collected) -> bool {
        let Some(panic) = &mut self.panic else { return false };
        let text = line.trim();
        let over = text.is_empty()
            || ["note: ", "stack backtrace:", "thread '", "---- ", "test result:"]
                .iter()
                .any(|start| text.starts_with(start));
        if over || panic.message.len() >= PANIC_LINES {
            self.finish_panic(found);
            return false;
        }
        panic.message.push(text.to_owned());
        true
    }

    fn finish_panic(&mut self, found: &mut Collected) {
        let Some(Panic { test, place, message }) = self.panic.take() else { return };
        let message = if message.is_empty() { "panicked".to_owned() } else { message.join("\n") };
        // A doc test runs in a file that nobody wrote.
        let place = test.as_deref().and_then(doc_test).or(place);
        found.add(Severity::Error, place, test.as_deref(), &message);
        if self.placed.len() < TESTS {
            self.placed.extend(test);
        }
    }
}

/// Finds the place that a doc test's name says.
fn doc_test(name: &str) -> Option<Place> {
    let place = DOC_TEST.captures(name)?;
    Place::new(group(&place, 1), group(&place, 2), "")
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    level: String,
    message: String,
    #[serde(default)]
    code: Option<Code>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    column_start: u32,
    is_primary: bool,
}

/// A line of `cargo --message-format json`.
#[derive(Deserialize)]
struct CargoLine {
    reason: String,
    message: Option<Message>,
}

fn json(line: &str, found: &mut Collected) -> bool {
    let message = match serde_json::from_str::<CargoLine>(line) {
        Ok(line) if line.reason == "compiler-message" => line.message,
        // News of the build.
        Ok(_) => return true,
        // `rustc --error-format json` has the message alone.
        Err(_) => serde_json::from_str(line).ok(),
    };
    let Some(message) = message else { return false };
    let severity = match message.level.as_str() {
        "warning" => Severity::Warning,
        level if level.starts_with("error") => Severity::Error,
        _ => return true,
    };
    let primary = message.spans.iter().find(|span| span.is_primary);
    let place = primary.and_then(|span| {
        Place::new(&span.file_name, &span.line_start.to_string(), &span.column_start.to_string())
    });
    if place.is_some() || (severity == Severity::Error && !SUMMARY.is_match(&message.message)) {
        found.add(severity, place, message.code.as_ref().map(|code| code.code.as_str()), &message.message);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn diagnostics_are_read_with_code_and_first_place() {
        let output = "\
   Compiling app v0.1.0 (/home/me/app)
warning: unused variable: `x`
 --> src/main.rs:2:9
  |
2 |     let x = 1;
  |         ^ help: if this is intentional, prefix it with an underscore: `_x`
  |
  = note: `#[warn(unused_variables)]` (part of `#[warn(unused)]`) on by default

error[E0308]: mismatched types
   --> src/main.rs:3:18
    |
3   |     let y: i32 = \"a\";
    |            ---   ^^^ expected `i32`, found `&str`
    |
note: function defined here
   --> src/lib.rs:10:4
    |

For more information about this error, try `rustc --explain E0308`.
warning: `app` (bin \"app\") generated 1 warning
warning: unneeded `return` statement
 --> src/lib.rs:8:5
  |
  = note: `-W clippy::needless-return` implied by `-W clippy::all`
error: could not compile `app` (bin \"app\") due to 1 previous error; 1 warning emitted
";
        assert_eq!(
            read(output),
            [
                "warning src/main.rs:2:9 [unused_variables] unused variable: `x`",
                "error src/main.rs:3:18 [E0308] mismatched types",
                "warning src/lib.rs:8:5 [clippy::needless_return] unneeded `return` statement",
            ]
        );
    }

    #[test]
    fn an_error_without_a_place_is_read_unless_it_only_counts() {
        let output = "\
error: linking with `cc` failed: exit status: 1
error: failed to parse manifest at `/home/me/app/Cargo.toml`

Caused by:
  x
error: aborting due to 2 previous errors
error: test failed, to rerun pass `--lib`
error: 1 target failed:
    `--lib`
error: test run failed
";
        assert_eq!(
            read(output),
            [
                "error -:-:- [-] linking with `cc` failed: exit status: 1",
                "error -:-:- [-] failed to parse manifest at `/home/me/app/Cargo.toml`",
            ]
        );
    }

    #[test]
    fn cargos_json_is_read() {
        let output = r#"{"reason":"compiler-artifact","package_id":"x","target":{"name":"build"},"fresh":true}
{"reason":"compiler-message","package_id":"x","manifest_path":"/home/me/app/Cargo.toml","target":{},"message":{"rendered":"error","$message_type":"diagnostic","children":[],"level":"error","message":"cannot find value `y` in this scope","spans":[{"byte_end":1,"byte_start":0,"column_end":2,"column_start":7,"expansion":null,"file_name":"src/other.rs","is_primary":false,"label":null,"line_end":9,"line_start":9},{"column_start":5,"file_name":"src/main.rs","is_primary":true,"line_start":2}],"code":{"code":"E0425","explanation":"long"}}}
{"reason":"compiler-message","message":{"level":"warning","message":"unused","spans":[{"column_start":1,"file_name":"src/lib.rs","is_primary":true,"line_start":1}],"code":{"code":"unused_imports","explanation":null}}}
{"reason":"compiler-message","message":{"level":"error","message":"aborting due to 1 previous error","spans":[],"code":null}}
{"reason":"compiler-message","message":{"level":"failure-note","message":"For more information","spans":[],"code":null}}
{"reason":"build-finished","success":false}
{"$message_type":"diagnostic","message":"expected `;`","code":null,"level":"error","spans":[{"file_name":"a.rs","line_start":3,"column_start":4,"is_primary":true}],"children":[],"rendered":""}
{"reason":"compiler-message","message":{"lev
"#;
        assert_eq!(
            read(output),
            [
                "error src/main.rs:2:5 [E0425] cannot find value `y` in this scope",
                "warning src/lib.rs:1:1 [unused_imports] unused",
                "error a.rs:3:4 [-] expected `;`",
            ]
        );
    }

    #[test]
    fn failed_tests_are_read_with_the_place_of_the_panic() {
        let output = "\
running 4 tests
test tests::adds ... FAILED
test tests::panics_rightly - should panic ... FAILED
test tests::returns ... FAILED
test tests::works ... ok

failures:

---- tests::adds stdout ----

thread 'tests::adds' (4242) panicked at src/lib.rs:12:9:
assertion `left == right` failed: sums
  left: 4
 right: 5
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

---- tests::panics_rightly stdout ----
note: test did not panic as expected at src/lib.rs:20:8
---- tests::returns stdout ----
Error: ParseIntError { kind: InvalidDigit }


failures:
    tests::adds
    tests::panics_rightly
    tests::returns

test result: FAILED. 1 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

error: test failed, to rerun pass `--lib`
";
        assert_eq!(
            read(output),
            [
                "error src/lib.rs:12:9 [tests::adds] assertion `left == right` failed: sums\nleft: 4\nright: 5",
                "error -:-:- [tests::panics_rightly] the test failed",
                "error -:-:- [tests::returns] ParseIntError { kind: InvalidDigit }",
            ]
        );
    }

    #[test]
    fn a_panic_in_a_tests_own_thread_is_the_tests() {
        let output = "\
---- tests::spawns stdout ----

thread '<unnamed>' panicked at src/lib.rs:7:5:
boom
stack backtrace:
   0: rust_begin_unwind
             at /rustc/abc/library/std/src/panicking.rs:697:5
";
        assert_eq!(read(output), ["error src/lib.rs:7:5 [tests::spawns] boom"]);
        let old = "thread 'tests::a' panicked at 'it is: broken', src/lib.rs:3:9\n";
        assert_eq!(read(old), ["error src/lib.rs:3:9 [tests::a] it is: broken"]);
    }

    #[test]
    fn doc_tests_have_the_place_in_their_name() {
        let output = "\
test src/lib.rs - add (line 3) ... FAILED
test src/lib.rs - sub (line 9) ... FAILED

---- src/lib.rs - sub (line 9) stdout ----
Test executable failed (exit status: 101).

stderr:

thread 'main' (7) panicked at /tmp/rustdoctestsLYL0C/doctest_bundle_2024.rs:6:1:
assertion failed: false
";
        assert_eq!(
            read(output),
            [
                "error src/lib.rs:9:- [src/lib.rs - sub (line 9)] assertion failed: false",
                "error src/lib.rs:3:- [src/lib.rs - add (line 3)] the test failed",
            ]
        );
    }

    #[test]
    fn nextests_failures_are_read() {
        let output = "\
    Starting 2 tests across 1 binary
        FAIL [   0.004s] (1/2) app tests::adds
  stdout ───

    running 1 test
    test tests::adds ... FAILED

  stderr ───

    thread 'tests::adds' (77) panicked at src/lib.rs:12:9:
    assertion failed: false
    note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

        FAIL [   0.047s] (2/3) app tests::returns
  stdout ───

    ---- tests::returns stdout ----

  stderr ───
    Error: ParseIntError { kind: InvalidDigit }

        FAIL [   0.047s] (2/3) app tests::spawns
  stderr ───

    thread '<unnamed>' (78) panicked at src/lib.rs:20:9:
    boom

     SIGABRT [   0.010s] (3/3) app tests::aborts
     Summary [   0.012s] 4 tests run: 0 passed, 4 failed, 0 skipped
        FAIL [   0.004s] (1/2) app tests::adds
error: test run failed
";
        assert_eq!(
            read(output),
            [
                "error src/lib.rs:12:9 [tests::adds] assertion failed: false",
                "error src/lib.rs:20:9 [tests::spawns] boom",
                "error -:-:- [tests::returns] ParseIntError { kind: InvalidDigit }",
                "error -:-:- [tests::aborts] the test failed",
            ]
        );
    }
}
