//! `cargo test`: Rust's own harness, and the doc tests of rustdoc.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, number, parts, without_duration},
};
use std::collections::HashSet;

/// How many runs may lie in one another: a test can print what a harness prints.
const DEPTH: usize = 8;

/// How many names of one binary are remembered.
const TOLD: usize = 20_000;

/// Reads the runs of Rust's harness.
#[derive(Debug, Default)]
pub(super) struct Libtest {
    /// The binary whose run comes next, as cargo announced it.
    binary: Option<String>,
    /// The runs that have begun and not ended, each inside of the one before it.
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    first: usize,
    binary: Option<String>,
    /// How many tests it says that it has.
    expected: u64,
    cases: Cases,
    /// The names that were told, as they were.
    told: HashSet<String>,
    /// The doc tests: item, line, outcome.
    doc_tests: Vec<(String, u64, TestOutcome)>,
    /// The test whose outcome comes after what it prints, and what may have been it.
    pending: Option<(String, Option<TestOutcome>)>,
    section: Section,
}

/// What is being printed of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    /// Tests, as they end.
    Tests,
    /// The names of those that failed, or nothing yet, after `failures:`.
    Failures,
    /// What a test printed.
    Output,
}

impl Reader for Libtest {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if let Some(binary) = binary(text) {
            self.give_up(line.number, runs);
            self.binary = Some(binary);
        } else if let Some(expected) = beginning(text) {
            self.begin(line.number, expected);
        } else if let Some((counts, filtered)) = text.strip_prefix("test result: ").and_then(summary) {
            self.sum_up(line.number, counts, filtered, runs);
        } else if let Some(open) = self.open.last_mut() {
            open.line(text);
        }
    }

    fn end(&mut self, at: usize, runs: &mut Runs) {
        self.give_up(at, runs);
    }
}

impl Libtest {
    fn begin(&mut self, first: usize, expected: u64) {
        // Of runs in runs only the outermost can be the harness's own.
        if self.open.len() >= DEPTH {
            return;
        }
        self.open.push(Open {
            first,
            binary: self.binary.take(),
            expected,
            cases: Cases::default(),
            told: HashSet::new(),
            doc_tests: Vec::new(),
            pending: None,
            section: Section::Tests,
        });
    }

    /// A summary is that of the innermost run which has as many tests.
    fn sum_up(&mut self, last: usize, counts: Counts, measured: u64, runs: &mut Runs) {
        let total = counts.total().saturating_add(measured);
        let Some(place) = self.open.iter().rposition(|open| open.expected == total) else { return };
        let mut inner = self.open.split_off(place).into_iter();
        let Some(mut own) = inner.next() else { return };
        for mut noise in inner {
            noise.settle();
            own.doc_tests.append(&mut noise.doc_tests);
            own.cases.append(noise.cases);
        }
        let mut counts = counts;
        counts.add(TestOutcome::Passed, measured);
        own.finish(last, Some(counts), runs);
    }

    /// Ends the runs that came to no summary.
    fn give_up(&mut self, at: usize, runs: &mut Runs) {
        let mut open = std::mem::take(&mut self.open).into_iter();
        let Some(outer) = open.next() else { return };
        // Without a header and a test it is a line that only looks like a beginning.
        if outer.binary.is_some() || !outer.told.is_empty() {
            outer.finish(at.saturating_sub(1), None, runs);
        }
    }
}

impl Open {
    fn line(&mut self, text: &str) {
        match text {
            "failures:" => {
                self.settle();
                self.section = Section::Failures;
            }
            text if text.starts_with("---- ") && text.ends_with(" ----") => self.section = Section::Output,
            text => match self.section {
                Section::Tests => self.test_line(text),
                // What is deeper is of a panic's message.
                Section::Failures => {
                    if let Some(name) = text.strip_prefix("    ").filter(|name| !name.starts_with(' ')) {
                        self.note(name, TestOutcome::Failed);
                    }
                }
                Section::Output => {}
            },
        }
    }

    fn test_line(&mut self, text: &str) {
        if let Some(name) = text.strip_suffix(" --- FAILED") {
            return self.note(name, TestOutcome::Failed);
        }
        // What a test prints without a newline stands before it.
        let told = text.find("test ").and_then(|at| text.get(at..)?.strip_prefix("test "));
        let told = told.and_then(|told| told.split_once(" ..."));
        let outcome_told = told.and_then(|(_, rest)| outcome(rest.strip_prefix(' ')?));
        match (told, outcome_told) {
            (Some((name, _)), Some(outcome)) => {
                self.settle();
                self.note(name, outcome);
            }
            // Its line goes on with what the test prints, or ends there.
            (Some((name, rest)), None) if text.starts_with("test ") => {
                self.settle();
                self.pending = Some((name.to_owned(), outcome_at_end(rest)));
            }
            _ => {
                if let Some((_, pending)) = &mut self.pending {
                    *pending = outcome_at_end(text).or(*pending);
                }
                if matches!(text, "ok" | "FAILED") {
                    self.settle();
                }
            }
        }
    }

    /// Takes what the last line that could be it says of a test that printed.
    fn settle(&mut self) {
        if let Some((name, Some(outcome))) = self.pending.take() {
            self.note(&name, outcome);
        }
    }

    fn note(&mut self, name: &str, outcome: TestOutcome) {
        let name = [" - should panic", " - compile fail", " - compile"]
            .into_iter()
            .find_map(|note| name.strip_suffix(note))
            .unwrap_or(name)
            .trim();
        // Those that failed are told once more at the end.
        if self.told.len() >= TOLD || !self.told.insert(name.to_owned()) {
            return;
        }
        // Where a doc test stands changes with every line above it, so its item and its place among the others tell it.
        match name.strip_suffix(')').and_then(|name| name.rsplit_once(" (line ")) {
            Some((item, line)) if line.bytes().all(|byte| byte.is_ascii_digit()) => {
                let name = self.name(item.trim_end_matches(" -"));
                self.doc_tests.push((name, line.parse().unwrap_or(0), outcome));
            }
            _ => self.cases.another(&self.name(name), outcome),
        }
    }

    /// A test's name with its binary's.
    fn name(&self, name: &str) -> String {
        match &self.binary {
            Some(binary) => format!("{binary}: {name}"),
            None => name.to_owned(),
        }
    }

    fn finish(mut self, last: usize, counts: Option<Counts>, runs: &mut Runs) {
        self.settle();
        self.doc_tests.sort();
        for (name, _, outcome) in &self.doc_tests {
            self.cases.another(name, *outcome);
        }
        runs.add(Run::new(TestRunner::CargoTest, (self.first, last), counts, self.cases));
    }
}

/// Reads cargo's announcement of a binary: `Running unittests src/lib.rs (target/debug/deps/app-0123456789abcdef)`.
fn binary(text: &str) -> Option<String> {
    let text = text.strip_prefix("     Running ").or_else(|| text.strip_prefix("   Doc-tests "))?;
    let Some((target, path)) = text.strip_suffix(')').and_then(|text| text.split_once(" (")) else {
        // A doc test's name begins with its file, so the package adds nothing but what tells two of them apart.
        return Some(text.trim().to_owned()).filter(|package| !package.contains(' '));
    };
    let file = path.rsplit(['/', '\\']).next()?.trim_end_matches(".exe");
    let name = match file.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => file,
    };
    Some(format!("{name} {}", target.strip_prefix("unittests ").unwrap_or(target)))
}

/// Reads `running 3 tests`.
fn beginning(text: &str) -> Option<u64> {
    let (count, rest) = number(text.strip_prefix("running ")?)?;
    matches!(rest, " tests" | " test").then_some(count)
}

/// Reads `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s`: what is counted, and how
/// much was measured, which is no test that could fail.
fn summary(text: &str) -> Option<(Counts, u64)> {
    let text = text.strip_prefix("ok. ").or_else(|| text.strip_prefix("FAILED. "))?;
    let text = text.split_once("; finished in ").map_or(text, |(counts, _)| counts);
    let mut counts = Counts::default();
    let mut measured = 0;
    for (count, word) in parts(text, ";")? {
        match word {
            "passed" => counts.passed = count,
            "failed" => counts.failed = count,
            "ignored" => counts.skipped = count,
            "measured" => measured = count,
            "filtered out" => {}
            _ => return None,
        }
    }
    Some((counts, measured))
}

fn outcome(text: &str) -> Option<TestOutcome> {
    // With the time that it took, where that is asked for: `ok <0.001s>`.
    let text = text.split_once(" <").map_or(text, |(outcome, _)| outcome);
    match without_duration(text) {
        "ok" => Some(TestOutcome::Passed),
        "FAILED" => Some(TestOutcome::Failed),
        "ignored" => Some(TestOutcome::Skipped),
        text if text.starts_with("ignored, ") => Some(TestOutcome::Skipped),
        text if text.starts_with("bench: ") => Some(TestOutcome::Passed),
        text if text.starts_with("FAILED (") => Some(TestOutcome::Failed),
        _ => None,
    }
}

/// The outcome of a test that prints without a newline at its end: `half a lineok`.
fn outcome_at_end(text: &str) -> Option<TestOutcome> {
    if text.ends_with("FAILED") {
        return Some(TestOutcome::Failed);
    }
    text.ends_with("ok").then_some(TestOutcome::Passed)
}
