//! Python's `unittest`, and what prints like it.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, named, number},
};
use std::collections::HashSet;

/// How many failures are told apart.
const FAILURES: usize = 20_000;

/// Reads the runs of `unittest`.
#[derive(Debug, Default)]
pub(super) struct Unittest {
    first: Option<usize>,
    cases: Cases,
    /// The test whose outcome comes after its first line of documentation, or after what it prints.
    pending: Option<String>,
    /// The names above what is shown of failures; one may have failed in several parts.
    failures: HashSet<String>,
    /// How many failures are of no test that ran: more than one of a test, or what is done around tests.
    besides: u64,
    /// How many tests ran, as `Ran 3 tests in 0.001s` says.
    ran: Option<u64>,
}

impl Reader for Unittest {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if runs.took(self.first) {
            *self = Self::default();
        }
        if let Some(ran) = ran(text) {
            self.ran = Some(ran);
            self.first.get_or_insert(line.number);
            return;
        }
        if let Some(ran) = self.ran.filter(|_| !text.is_empty()) {
            self.ran = None;
            if let Some(counts) = summary(text, ran.saturating_add(self.besides)) {
                let Self { first, cases, .. } = std::mem::take(self);
                let first = first.unwrap_or(line.number);
                runs.add(Run::new(TestRunner::Unittest, (first, line.number), Some(counts), cases));
                return;
            }
        }
        self.case_line(line);
    }

    fn end(&mut self, _: usize, _: &mut Runs) {}
}

impl Unittest {
    fn case_line(&mut self, line: Line<'_>) {
        let text = line.text;
        let headings = ["ERROR: ", "FAIL: ", "UNEXPECTED SUCCESS: "];
        if let Some(name) = headings.iter().find_map(|heading| text.strip_prefix(heading)) {
            if let Some(name) = test_name(name) {
                self.first.get_or_insert(line.number);
                self.cases.note(&name, TestOutcome::Failed);
                let around = [".setUpClass", ".tearDownClass", ".setUpModule", ".tearDownModule"];
                let is_around = around.iter().any(|fixture| name.ends_with(fixture));
                if self.failures.len() < FAILURES && !self.failures.insert(name) || is_around {
                    self.besides += 1;
                }
            }
            return;
        }
        // A part of a test is told by itself, further in.
        let (told, rest) = match text.rsplit_once(" ... ") {
            Some((told, rest)) => (told, Some(rest)),
            None => (text.strip_suffix(" ...").unwrap_or(text), None),
        };
        if let Some(name) = test_name(told.trim_start()) {
            self.first.get_or_insert(line.number);
            match rest.and_then(outcome) {
                Some(outcome) => self.cases.note(&name, outcome),
                None => self.pending = Some(name),
            }
            return;
        }
        let Some(name) = &self.pending else { return };
        if let Some(outcome) = rest.and_then(outcome).or_else(|| outcome(text)) {
            self.cases.note(name, outcome);
            self.pending = None;
        }
    }
}

/// Reads `Ran 3 tests in 0.001s`.
fn ran(text: &str) -> Option<u64> {
    let (count, rest) = number(text.strip_prefix("Ran ")?)?;
    let time = rest.strip_prefix(" tests in ").or_else(|| rest.strip_prefix(" test in "))?;
    super::text::is_duration(time).then_some(count)
}

/// Reads `OK (skipped=1)`, `FAILED (failures=1, errors=1)`, `NO TESTS RAN`.
fn summary(text: &str, ran: u64) -> Option<Counts> {
    let (word, told) = text.split_once(" (").unwrap_or((text, ""));
    if !matches!(word, "OK" | "FAILED" | "NO TESTS RAN") {
        return None;
    }
    let mut counts = Counts::default();
    if let Some(told) = told.strip_suffix(')') {
        for (count, name) in named(told, ",")? {
            match name {
                "failures" | "errors" | "unexpected successes" => counts.add(TestOutcome::Failed, count),
                // Nothing is expected of a test that is expected to fail.
                "skipped" | "expected failures" => counts.add(TestOutcome::Skipped, count),
                _ => return None,
            }
        }
    }
    counts.passed = ran.saturating_sub(counts.failed.saturating_add(counts.skipped));
    Some(counts)
}

/// Reads `test_a (tests.test_x.TestX.test_a)`, as older versions print it `test_a (tests.test_x.TestX)`; both come out as
/// `tests.test_x.TestX.test_a`.
fn test_name(text: &str) -> Option<String> {
    let (method, rest) = text.split_once(" (")?;
    let (place, _) = rest.split_once(')')?;
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '<' | '>'))
    };
    if !is_name(method) || !is_name(place) || !place.contains('.') && method == place {
        return None;
    }
    let place = place.strip_prefix("unittest.loader._FailedTest.").unwrap_or(place);
    let place = place.strip_prefix("unittest.loader._FailedTest").unwrap_or(place);
    if place.is_empty() || place == method || place.ends_with(&format!(".{method}")) {
        return Some(if place.is_empty() { method } else { place }.to_owned());
    }
    Some(format!("{place}.{method}"))
}

fn outcome(text: &str) -> Option<TestOutcome> {
    match text {
        "ok" => Some(TestOutcome::Passed),
        "FAIL" | "ERROR" | "unexpected success" => Some(TestOutcome::Failed),
        "expected failure" => Some(TestOutcome::Skipped),
        text if text == "skipped" || text.starts_with("skipped ") => Some(TestOutcome::Skipped),
        _ => None,
    }
}
