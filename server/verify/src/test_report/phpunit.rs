//! `PHPUnit`, and what runs it side by side.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, named, number, parts},
};

/// Reads the runs of `PHPUnit`.
#[derive(Debug, Default)]
pub(super) struct Phpunit {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    first: usize,
    /// Before version 10 a warning was how a test ended.
    is_old: bool,
    cases: Cases,
    /// What is listed: the tests that ended so.
    listed: Option<TestOutcome>,
    summary: Option<(usize, Counts)>,
}

impl Reader for Phpunit {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if let Some(major) = beginning(text) {
            self.finish(line.number, runs);
            let (cases, first) = (Cases::default(), line.number);
            self.open = Some(Open { first, is_old: major < 10, cases, listed: None, summary: None });
            return;
        }
        let Some(open) = &mut self.open else { return };
        if text == "No tests executed!" {
            open.summary = Some((line.number, Counts::default()));
        } else if let Some(counts) = all_well(text).or_else(|| counts(text, open.is_old)) {
            open.summary = Some((line.number, counts));
        } else if let Some(listed) = list(text) {
            open.listed = listed;
        } else if let Some((outcome, name)) = open.listed.zip(numbered(text)) {
            open.cases.note(name, outcome);
        }
    }

    fn end(&mut self, at: usize, runs: &mut Runs) {
        self.finish(at, runs);
    }
}

impl Phpunit {
    fn finish(&mut self, at: usize, runs: &mut Runs) {
        let Some(Open { first, cases, summary, .. }) = self.open.take() else { return };
        let (last, counts) = match summary {
            Some((last, counts)) => (last, Some(counts)),
            None => (at.saturating_sub(1), None),
        };
        runs.add(Run::new(TestRunner::Phpunit, (first, last), counts, cases));
    }
}

/// Reads the major version of `PHPUnit 9.6.7 by Sebastian Bergmann and contributors.`
fn beginning(text: &str) -> Option<u64> {
    let (major, rest) = number(text.strip_prefix("PHPUnit ")?)?;
    rest.contains(" by Sebastian Bergmann").then_some(major)
}

/// Reads `OK (2 tests, 2 assertions)`.
fn all_well(text: &str) -> Option<Counts> {
    let told = text.strip_prefix("OK (")?.strip_suffix(')')?;
    match parts(told, ",")?[..] {
        [(passed, "test" | "tests"), (_, "assertion" | "assertions")] => {
            Some(Counts { passed, ..Counts::default() })
        }
        _ => None,
    }
}

/// Reads `Tests: 11, Assertions: 7, Errors: 1, Failures: 2, Skipped: 1, Incomplete: 1, Risky: 1.`
fn counts(text: &str, is_old: bool) -> Option<Counts> {
    let mut counts = Counts::default();
    let mut tests = None;
    for (count, name) in named(text.strip_prefix("Tests: ").map(|_| text)?.strip_suffix('.')?, ",")? {
        match name {
            "Tests" => tests = Some(count),
            "Errors" | "Failures" => counts.add(TestOutcome::Failed, count),
            "Skipped" | "Incomplete" => counts.add(TestOutcome::Skipped, count),
            // A class without a test, for one.
            "Warnings" if is_old => counts.add(TestOutcome::Skipped, count),
            // More about tests that passed: assertions, warnings, deprecations, notices, risky ones.
            _ => {}
        }
    }
    counts.passed = tests?.saturating_sub(counts.failed.saturating_add(counts.skipped));
    Some(counts)
}

/// Reads `There was 1 failure:`, `There were 2 skipped tests:`: what is listed below, if that is how tests ended.
fn list(text: &str) -> Option<Option<TestOutcome>> {
    let rest = text.strip_prefix("There was ").or_else(|| text.strip_prefix("There were "))?;
    let (_, rest) = number(rest)?;
    Some(match rest.strip_suffix(':')? {
        " error" | " errors" | " failure" | " failures" => Some(TestOutcome::Failed),
        " skipped test" | " skipped tests" | " incomplete test" | " incomplete tests" => {
            Some(TestOutcome::Skipped)
        }
        _ => None,
    })
}

/// Reads `1) MathTest::testPairs with data set "two" (2)`: the name of the test with that of its data.
fn numbered(text: &str) -> Option<&str> {
    let (_, rest) = number(text)?;
    let name = rest.strip_prefix(") ").filter(|name| name.contains("::"))?;
    let Some((_, data)) = name.split_once(" with data set ") else { return Some(name) };
    // The data itself follows its name.
    let named = match data.strip_prefix('"').and_then(|data| data.find("\" (")) {
        Some(end) => end + 2,
        None => data.find(" (").unwrap_or(data.len()),
    };
    name.get(..name.len() - data.len() + named)
}
