//! Minitest, `rails test`, and test-unit.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, number, parts},
};

/// Reads the runs of Minitest.
#[derive(Debug, Default)]
pub(super) struct Minitest {
    open: Option<Open>,
}

#[derive(Debug, Default)]
struct Open {
    first: usize,
    cases: Cases,
    /// Whether its tests have run, so that its counts come.
    is_through: bool,
    /// Whether the name of what failed comes next.
    fails: bool,
    /// The test whose outcome comes after what it prints.
    pending: Option<String>,
}

impl Reader for Minitest {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if (text.starts_with("Run options: ") && text.contains("--seed ")) || text == "Started" {
            self.finish(line.number.saturating_sub(1), None, runs);
            self.open = Some(Open { first: line.number, ..Open::default() });
            return;
        }
        let Some(open) = &mut self.open else { return };
        if text.starts_with("Finished in ") {
            open.is_through = true;
        } else if let Some(counts) = summary(text).filter(|_| open.is_through) {
            self.finish(line.number, Some(counts), runs);
        } else {
            open.line(text);
        }
    }

    fn end(&mut self, at: usize, runs: &mut Runs) {
        self.finish(at.saturating_sub(1), None, runs);
    }
}

impl Minitest {
    fn finish(&mut self, last: usize, counts: Option<Counts>, runs: &mut Runs) {
        let Some(Open { first, cases, is_through, .. }) = self.open.take() else { return };
        // `Started` alone is a word of many programs.
        if counts.is_some() || is_through || !cases.told().is_nothing() {
            runs.add(Run::new(TestRunner::Minitest, (first, last), counts, cases));
        }
    }
}

impl Open {
    fn line(&mut self, text: &str) {
        if std::mem::take(&mut self.fails) {
            // `MathTest#test_fails [test/math_test.rb:8]:`
            let name = text.split_once(" [").map_or(text, |(name, _)| name);
            self.cases.note(name.trim_end_matches(':'), TestOutcome::Failed);
            return;
        }
        if let Some((name, rest)) = text.split_once(" = ").filter(|(name, _)| is_name(name)) {
            self.pending = Some(name.to_owned());
            self.outcome(rest);
            return;
        }
        self.outcome(text);
        // Test-unit has the name on the same line: `Failure: test_fails(UnitTest)`.
        if let Some(name) = text.strip_prefix("Failure: ").or_else(|| text.strip_prefix("Error: ")) {
            if let Some((method, class)) = name.split_once('(') {
                let class = class.split_once(')').map_or(class, |(class, _)| class);
                self.cases.note(&format!("{class}#{method}"), TestOutcome::Failed);
            }
            return;
        }
        let heading = text.trim_start();
        let heading = number(heading).and_then(|(_, rest)| rest.strip_prefix(") ")).unwrap_or(heading);
        self.fails = matches!(heading, "Failure:" | "Error:");
    }

    /// Reads `0.00 s = F` at the end of a line.
    fn outcome(&mut self, text: &str) {
        let Some((time, mark)) = text.rsplit_once(" s = ") else { return };
        if !time.ends_with(|c: char| c.is_ascii_digit()) {
            return;
        }
        let outcome = match mark {
            "." => TestOutcome::Passed,
            "F" | "E" => TestOutcome::Failed,
            "S" => TestOutcome::Skipped,
            _ => return,
        };
        if let Some(name) = self.pending.take() {
            self.cases.note(&name, outcome);
        }
    }
}

/// Whether a text is the name of a test: `MathTest#test_adds`.
fn is_name(text: &str) -> bool {
    text.split_once('#').is_some_and(|(class, method)| !class.is_empty() && method.starts_with("test_"))
}

/// Reads `5 runs, 3 assertions, 1 failures, 1 errors, 1 skips`.
fn summary(text: &str) -> Option<Counts> {
    let mut counts = Counts::default();
    let mut runs = None;
    let mut assertions = None;
    for (count, word) in parts(text, ",")? {
        match word {
            "runs" | "run" | "tests" | "test" => runs = Some(count),
            "assertions" | "assertion" => assertions = Some(count),
            "failures" | "failure" | "errors" | "error" => counts.add(TestOutcome::Failed, count),
            "skips" | "skip" | "pendings" | "omissions" => counts.add(TestOutcome::Skipped, count),
            "notifications" => {}
            _ => return None,
        }
    }
    counts.passed = runs.zip(assertions)?.0.saturating_sub(counts.failed.saturating_add(counts.skipped));
    Some(counts)
}
