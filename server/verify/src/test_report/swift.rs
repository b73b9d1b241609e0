//! `swift test`: `XCTest` and Swift Testing, of which each prints its own report.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, number},
};

/// Reads the runs of Swift's tests.
#[derive(Debug, Default)]
pub(super) struct Swift {
    /// The outermost suite of `XCTest`, and where it began.
    xctest: Option<(usize, String)>,
    /// Whether that suite has ended, so that its counts come.
    has_ended: bool,
    xctest_cases: Cases,
    testing: Option<usize>,
    testing_cases: Cases,
}

impl Reader for Swift {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text.trim_start();
        if let Some(rest) = text.strip_prefix("Test Suite '") {
            let Some((name, rest)) = rest.split_once('\'') else { return };
            match &self.xctest {
                None if rest.starts_with(" started") => self.xctest = Some((line.number, name.to_owned())),
                Some((_, outer)) => {
                    self.has_ended =
                        name == outer && (rest.starts_with(" passed") || rest.starts_with(" failed"));
                }
                None => {}
            }
        } else if let Some((executed, skipped)) = text.strip_prefix("Executed ").and_then(executed) {
            if std::mem::take(&mut self.has_ended) {
                self.finish_xctest(line.number, executed, skipped, runs);
            }
        } else if let Some((name, outcome)) = text.strip_prefix("Test Case '").and_then(xctest) {
            if self.xctest.is_some() {
                self.xctest_cases.note(&name, outcome);
            }
        } else if let Some(told) = text.split_once(' ').map(|(_, told)| told) {
            self.testing_line(line.number, told, runs);
        }
    }

    fn end(&mut self, at: usize, runs: &mut Runs) {
        let last = at.saturating_sub(1);
        if let Some((first, _)) = self.xctest.take().filter(|_| !self.xctest_cases.told().is_nothing()) {
            let cases = std::mem::take(&mut self.xctest_cases);
            runs.add(Run::new(TestRunner::Swift, (first, last), None, cases));
        }
        if let Some(first) = self.testing.take() {
            let cases = std::mem::take(&mut self.testing_cases);
            runs.add(Run::new(TestRunner::Swift, (first, last), None, cases));
        }
    }
}

impl Swift {
    fn finish_xctest(&mut self, last: usize, executed: u64, skipped: u64, runs: &mut Runs) {
        let Some((first, _)) = self.xctest.take() else { return };
        let cases = std::mem::take(&mut self.xctest_cases);
        // It counts failures, of which one test may have several.
        let failed = cases.told().failed;
        let passed = executed.saturating_sub(failed.saturating_add(skipped));
        let counts = Some(Counts { passed, failed, skipped });
        runs.add(Run::new(TestRunner::Swift, (first, last), counts, cases));
    }

    /// Reads a line of Swift Testing, behind its symbol, which differs by system.
    fn testing_line(&mut self, number: usize, told: &str, runs: &mut Runs) {
        if told == "Test run started." {
            self.testing = Some(number);
            self.testing_cases = Cases::default();
            return;
        }
        let Some(first) = self.testing else { return };
        if let Some(rest) = told.strip_prefix("Test run with ") {
            if rest.contains(" passed after ") || rest.contains(" failed after ") {
                self.testing = None;
                // It tells each test, and counts only all of them.
                let cases = std::mem::take(&mut self.testing_cases);
                let counts = Some(cases.told());
                runs.add(Run::new(TestRunner::Swift, (first, number), counts, cases));
            }
        } else if let Some((name, outcome)) = told.strip_prefix("Test ").and_then(testing) {
            self.testing_cases.another(name, outcome);
        }
    }
}

/// Reads `3 tests, with 1 test skipped and 1 failure (0 unexpected) in 0.004 (0.004) seconds`: tests, and skipped ones.
fn executed(text: &str) -> Option<(u64, u64)> {
    let (executed, rest) = number(text)?;
    let rest = rest.strip_prefix(" tests, with ").or_else(|| rest.strip_prefix(" test, with "))?;
    let (count, word) = number(rest)?;
    let is_skipped = word.starts_with(" test skipped") || word.starts_with(" tests skipped");
    Some((executed, if is_skipped { count } else { 0 }))
}

/// Reads `MathTests.testAdds' passed (0.001 seconds)`, as macOS prints it `-[AppTests.MathTests testAdds]' passed ...`.
fn xctest(text: &str) -> Option<(String, TestOutcome)> {
    let (name, rest) = text.split_once("' ")?;
    let outcome = match rest.split_once(' ')? {
        ("passed", _) => TestOutcome::Passed,
        ("failed", _) => TestOutcome::Failed,
        ("skipped", _) => TestOutcome::Skipped,
        _ => return None,
    };
    let name = match name.strip_prefix("-[").and_then(|name| name.strip_suffix(']')) {
        Some(name) => name.replacen(' ', ".", 1),
        None => name.to_owned(),
    };
    Some((name, outcome))
}

/// Reads `adds() passed after 0.001 seconds.`, `fails() failed after ...`, `skipped() skipped: "later"`.
fn testing(text: &str) -> Option<(&str, TestOutcome)> {
    for (words, outcome) in [(" passed after ", TestOutcome::Passed), (" failed after ", TestOutcome::Failed)]
    {
        if let Some((name, rest)) = text.split_once(words) {
            return rest.contains(" second").then_some((without_cases(name), outcome));
        }
    }
    let name = text.strip_suffix(" skipped.").or_else(|| Some(text.split_once(" skipped: ")?.0))?;
    Some((without_cases(name), TestOutcome::Skipped))
}

/// Takes ` with 3 test cases` away, which says how often one test ran.
fn without_cases(name: &str) -> &str {
    name.rsplit_once(" with ").filter(|(_, rest)| rest.contains(" test case")).map_or(name, |(name, _)| name)
}
