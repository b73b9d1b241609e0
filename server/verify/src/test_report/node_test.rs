//! Node's own test runner, as its `spec` reporter prints; its `tap` reporter is read as what it is.

use super::{
    report::{TestOutcome, TestReport, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, indent, without_duration},
    titles::Titles,
};

/// Between suites and a test.
pub(super) const SEPARATOR: &str = " > ";

/// What it counts, in this order; older versions leave some out.
const COUNTS: [&str; 8] = ["tests", "suites", "pass", "fail", "cancelled", "skipped", "todo", "duration_ms"];

/// Reads the runs of Node's test runner.
#[derive(Debug, Default)]
pub(super) struct NodeTest {
    first: Option<usize>,
    titles: Titles,
    cases: Cases,
    summary: Summary,
}

/// The lines at the end that count, one after the other.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// Which line is next.
    next: usize,
    counts: Counts,
}

impl Summary {
    /// Reads a line like `pass 4`; the counts at the last one.
    pub(super) fn line(&mut self, text: &str) -> Option<Counts> {
        let Some((name, value)) = text.split_once(' ') else {
            *self = Self::default();
            return None;
        };
        let Some(place) =
            COUNTS.iter().position(|known| *known == name).filter(|place| *place == 0 || *place >= self.next)
        else {
            *self = Self::default();
            return None;
        };
        if place == 0 {
            *self = Self::default();
        } else if self.next == 0 {
            // The first is missing.
            return None;
        }
        self.next = place + 1;
        if name == "duration_ms" {
            return Some(std::mem::take(self).counts);
        }
        let outcome = match name {
            "pass" => TestOutcome::Passed,
            "fail" | "cancelled" => TestOutcome::Failed,
            "skipped" | "todo" => TestOutcome::Skipped,
            _ => return None,
        };
        self.counts.add(outcome, value.parse().unwrap_or(0));
        None
    }
}

impl Reader for NodeTest {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if runs.took(self.first) {
            *self = Self::default();
        }
        if let Some(counted) = text.strip_prefix("ℹ ") {
            if let Some(counts) = self.summary.line(counted) {
                self.finish(line.number, counts, runs);
            }
            return;
        }
        self.summary = Summary::default();
        let (indent, text) = (indent(text), text.trim_start());
        let Some((mark, rest)) = text.split_once(' ') else { return };
        let outcome = match mark {
            "▶" => {
                self.first.get_or_insert(line.number);
                return self.titles.open(indent, without_duration(rest));
            }
            "✔" => TestOutcome::Passed,
            "✖" => TestOutcome::Failed,
            "﹣" => TestOutcome::Skipped,
            _ => return,
        };
        // A directive follows the time.
        let (name, outcome) = match rest.rsplit_once(" # ") {
            Some((name, directive)) if is_directive(directive) => (name, TestOutcome::Skipped),
            _ => (rest, outcome),
        };
        let timed = without_duration(name);
        // Each line of a test has its time, and the list of failures at the end does not begin with one.
        if timed.len() == name.trim_end().len() {
            return;
        }
        self.first.get_or_insert(line.number);
        if self.titles.at(indent) == Some(timed) {
            // The end of a suite.
            return self.titles.close(indent);
        }
        let name = self.titles.name(indent, timed, SEPARATOR);
        self.cases.another(&name, outcome);
    }

    fn end(&mut self, _: usize, _: &mut Runs) {}
}

impl NodeTest {
    fn finish(&mut self, last: usize, counts: Counts, runs: &mut Runs) {
        let is_sure = self.cases.agree(counts);
        let first = self.first.unwrap_or(last);
        // What a test prints must not take the tests along.
        let cases = if is_sure { std::mem::take(self).cases } else { Cases::default() };
        runs.add(Run { runner: TestRunner::NodeTest, first, last, counts: Some(counts), cases, is_sure });
    }
}

/// Where tests are selected by name, a file of which none was is told as if it were a test that passed.
pub(super) fn forget_files(report: &mut TestReport) {
    if report.runners != [TestRunner::NodeTest] {
        return;
    }
    for case in &mut report.cases {
        let ending = case.name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let is_file =
            matches!(ending, "js" | "mjs" | "cjs" | "ts" | "mts" | "cts") && !case.name.contains(SEPARATOR);
        if is_file && case.outcome == TestOutcome::Passed {
            case.outcome = TestOutcome::Skipped;
            report.passed = report.passed.saturating_sub(1);
            report.skipped = report.skipped.saturating_add(1);
        }
    }
}

/// Whether a test with this directive was skipped, or nothing was expected of it.
pub(super) fn is_directive(directive: &str) -> bool {
    let word = directive.split([' ', ':']).next().unwrap_or_default();
    ["SKIP", "TODO", "SKIPPED"].iter().any(|known| word.eq_ignore_ascii_case(known))
}
