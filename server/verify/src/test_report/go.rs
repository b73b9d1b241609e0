//! `go test`, plain, verbose and as JSON, and gotestsum.

use super::{
    report::{TestOutcome, TestReport, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, is_duration, parts},
};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

/// How many packages are read side by side, and how many tests of one are remembered until its end.
const PACKAGES: usize = 2000;
const WAITING: usize = 20_000;

/// Reads the runs of Go's tests. Each package is one.
#[derive(Debug, Default)]
pub(super) struct Go {
    /// The package that is being printed, whose name comes at its end.
    text: Package,
    /// The packages of which events were read.
    events: HashMap<String, Package>,
}

#[derive(Debug, Default)]
struct Package {
    first: Option<usize>,
    /// The tests that ended, without the package's name.
    tests: Vec<(String, TestOutcome)>,
    /// The tests that began and did not end. Known only where each is told.
    running: HashSet<String>,
    is_verbose: bool,
}

impl Package {
    fn begin(&mut self, line: usize, test: &str) {
        self.first.get_or_insert(line);
        self.is_verbose = true;
        if self.running.len() < WAITING {
            self.running.insert(test.to_owned());
        }
    }

    fn ended(&mut self, line: usize, test: &str, outcome: TestOutcome) {
        // What did not begin is something that a test printed; and only failures are told where not all is.
        let is_own = if self.is_verbose { self.running.remove(test) } else { outcome == TestOutcome::Failed };
        if !is_own {
            return;
        }
        self.first.get_or_insert(line);
        if self.tests.len() < WAITING {
            self.tests.push((test.to_owned(), outcome));
        }
    }

    /// Ends the package; without tests it is what passed or failed itself.
    fn finish(self, last: usize, name: &str, outcome: Option<TestOutcome>, runs: &mut Runs) {
        let mut cases = Cases::default();
        for (test, outcome) in &self.tests {
            cases.another(&format!("{name} {test}"), *outcome);
        }
        let has_failed = self.tests.iter().any(|(_, outcome)| *outcome == TestOutcome::Failed);
        match outcome {
            // Only failures are told, so nobody knows which others ran.
            Some(_) if !self.is_verbose => {
                cases.leave_out();
                if !has_failed {
                    cases.note(name, outcome.unwrap_or(TestOutcome::Passed));
                }
            }
            // It failed without a test that failed: in its own beginning or end, or it was ended.
            Some(TestOutcome::Failed) if !has_failed => cases.note(name, TestOutcome::Failed),
            Some(TestOutcome::Passed | TestOutcome::Failed | TestOutcome::Skipped) | None => {}
        }
        let counts = cases.told();
        runs.add(Run::new(TestRunner::Go, (self.first.unwrap_or(last), last), Some(counts), cases));
    }
}

/// Where each test is told, a package of which none was is told as if it were a test that passed.
pub(super) fn forget_packages(report: &mut TestReport) {
    if report.runners != [TestRunner::Go] {
        return;
    }
    for case in &mut report.cases {
        let is_package = !case.name.contains(' ');
        if is_package && case.outcome == TestOutcome::Passed {
            case.outcome = TestOutcome::Skipped;
            report.passed = report.passed.saturating_sub(1);
            report.skipped = report.skipped.saturating_add(1);
        }
    }
}

impl Reader for Go {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if text.starts_with('{') {
            return self.event(line, runs);
        }
        if runs.took(self.text.first) {
            self.text = Package::default();
        }
        if let Some(test) = text.strip_prefix("=== RUN   ") {
            self.text.begin(line.number, test.trim());
        } else if let Some((test, outcome)) = test(text) {
            self.text.ended(line.number, test, outcome);
        } else if let Some((name, outcome)) = package(text) {
            // What is told while a test runs is printed by it. A package that failed may have been ended in a test.
            if self.text.running.is_empty() || outcome == Some(TestOutcome::Failed) {
                std::mem::take(&mut self.text).finish(line.number, name, outcome, runs);
            }
        } else if let Some(counts) = text.strip_prefix("DONE ").and_then(gotestsum) {
            let run = Run::new(TestRunner::Go, (line.number, line.number), Some(counts), Cases::default());
            runs.add(run);
        }
    }

    fn end(&mut self, _: usize, _: &mut Runs) {}
}

/// A line of `go test -json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
    package: String,
    #[serde(default)]
    test: Option<String>,
}

impl Go {
    fn event(&mut self, line: Line<'_>, runs: &mut Runs) {
        if !line.text.contains("\"Action\":") {
            return;
        }
        let Ok(Event { action, package, test }) = serde_json::from_str(line.text) else { return };
        let outcome = match action.as_str() {
            "pass" => TestOutcome::Passed,
            "fail" => TestOutcome::Failed,
            "skip" => TestOutcome::Skipped,
            "run" => {
                let has_room = self.events.len() < PACKAGES || self.events.contains_key(&package);
                if let Some(test) = test.filter(|_| has_room) {
                    self.events.entry(package).or_default().begin(line.number, &test);
                }
                return;
            }
            _ => return,
        };
        match test {
            Some(test) => {
                if let Some(package) = self.events.get_mut(&package) {
                    package.ended(line.number, &test, outcome);
                }
            }
            None => {
                let mut ended = self.events.remove(&package).unwrap_or_default();
                // Each of its tests would have been told.
                ended.is_verbose = true;
                // Packages that are tested side by side lie in one another, and are no less packages.
                ended.first = None;
                ended.finish(line.number, &package, Some(outcome), runs);
            }
        }
    }
}

/// Reads `--- PASS: TestAdds (0.00s)`, behind what the test printed without a newline.
fn test(text: &str) -> Option<(&str, TestOutcome)> {
    let at = text.find("--- ")?;
    let told = text.get(at + "--- ".len()..)?;
    let (word, rest) = told.split_once(": ")?;
    let outcome = match word {
        "PASS" => TestOutcome::Passed,
        "FAIL" => TestOutcome::Failed,
        "SKIP" => TestOutcome::Skipped,
        _ => return None,
    };
    let (name, time) = rest.strip_suffix(')')?.rsplit_once(" (")?;
    (is_duration(time) && !name.contains(' ')).then_some((name, outcome))
}

/// Reads `ok  \tpackage\t0.1s`, `FAIL\tpackage [build failed]`, `?   \tpackage\t[no test files]`: the package, and how it
/// ended if a test of it ran.
fn package(text: &str) -> Option<(&str, Option<TestOutcome>)> {
    let (word, rest) = text.split_once('\t')?;
    let is_name = |name: &str| !name.is_empty() && !name.contains(' ');
    match word.trim_end() {
        "ok" => {
            let (name, rest) = rest.split_once('\t')?;
            let time = rest.split(['\t', ' ']).next()?;
            let outcome = (!rest.contains("[no tests to run]")).then_some(TestOutcome::Passed);
            (is_name(name) && (is_duration(time) || time == "(cached)")).then_some((name, outcome))
        }
        "FAIL" => {
            let name = rest.split(['\t', ' ']).next()?;
            let rest = rest.get(name.len()..)?.trim_start();
            (is_name(name) && (rest.starts_with('[') || is_duration(rest)))
                .then_some((name, Some(TestOutcome::Failed)))
        }
        "?" => {
            let name = rest.strip_suffix("\t[no test files]")?;
            is_name(name).then_some((name, None))
        }
        // Without tests, where their coverage is asked for.
        "" => {
            let (name, rest) = rest.split_once('\t')?;
            (is_name(name) && rest.trim_start().starts_with("coverage: ")).then_some((name, None))
        }
        _ => None,
    }
}

/// Reads gotestsum's `5 tests, 1 skipped, 1 failure in 0.512s`. It shows the packages in its own way.
fn gotestsum(text: &str) -> Option<Counts> {
    let (told, time) = text.rsplit_once(" in ")?;
    if !is_duration(time) {
        return None;
    }
    let mut counts = Counts::default();
    let mut total = 0;
    for (count, word) in parts(told, ",")? {
        match word {
            "test" | "tests" => total = count,
            "skipped" => counts.skipped = count,
            "failure" | "failures" | "error" | "errors" => counts.add(TestOutcome::Failed, count),
            _ => return None,
        }
    }
    counts.passed = total.saturating_sub(counts.failed.saturating_add(counts.skipped));
    Some(counts)
}
