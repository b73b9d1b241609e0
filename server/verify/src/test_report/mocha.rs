//! Mocha's reporters that end with counts: `spec`, and those without names such as `dot`.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, indent, is_duration, number, without_duration},
    titles::Titles,
};

/// Between suites and a test.
const SEPARATOR: &str = " > ";

/// Reads the runs of Mocha.
#[derive(Debug, Default)]
pub(super) struct Mocha {
    first: Option<usize>,
    titles: Titles,
    cases: Cases,
    /// The counts that are being read, and the line of the last one.
    summary: Option<(usize, Counts)>,
}

impl Reader for Mocha {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if text.is_empty() {
            return;
        }
        if runs.took(self.first) {
            *self = Self::default();
        }
        if let Some((last, counts)) = &mut self.summary {
            if let Some((outcome, count)) = counted(text) {
                counts.add(outcome, count);
                *last = line.number;
                return;
            }
            self.finish(runs);
        }
        if let Some(passed) = passing(text) {
            self.summary = Some((line.number, Counts { passed, ..Counts::default() }));
        } else if text == "Error: No test files found" || text.starts_with("Error: No test files found: ") {
            let counts = Some(Counts::default());
            runs.add(Run::new(TestRunner::Mocha, (line.number, line.number), counts, Cases::default()));
        } else if text.starts_with("  ") {
            self.listed(line);
        }
    }

    fn end(&mut self, _: usize, runs: &mut Runs) {
        self.finish(runs);
    }
}

impl Mocha {
    fn listed(&mut self, line: Line<'_>) {
        let (indent, text) = (indent(line.text), line.text.trim_start());
        let Some((name, outcome)) = listed(text) else { return self.titles.open(indent, text) };
        self.first.get_or_insert(line.number);
        // The `list` reporter says the time after a colon.
        let name = match without_duration(name) {
            timed if timed.len() < name.len() => timed.strip_suffix(':').unwrap_or(timed),
            name => name,
        };
        let name = self.titles.name(indent, name, SEPARATOR);
        self.cases.another(&name, outcome);
    }

    fn finish(&mut self, runs: &mut Runs) {
        let Some((last, counts)) = self.summary.take() else { return };
        let is_sure = self.cases.agree(counts);
        let first = self.first.unwrap_or(last);
        // What a test prints must not take the tests along.
        let cases = if is_sure { std::mem::take(self).cases } else { Cases::default() };
        runs.add(Run { runner: TestRunner::Mocha, first, last, counts: Some(counts), cases, is_sure });
    }
}

/// Reads `  4 passing (20ms)`.
fn passing(text: &str) -> Option<u64> {
    let (count, rest) = number(text.strip_prefix("  ")?)?;
    let time = rest.strip_prefix(" passing (")?.strip_suffix(')')?;
    is_duration(time).then_some(count)
}

/// Reads `  2 pending`, `  1 failing`.
fn counted(text: &str) -> Option<(TestOutcome, u64)> {
    let (count, rest) = number(text.strip_prefix("  ")?)?;
    match rest {
        " pending" => Some((TestOutcome::Skipped, count)),
        " failing" => Some((TestOutcome::Failed, count)),
        _ => None,
    }
}

/// Reads `✔ adds (75ms)`, `1) fails`, `- is skipped`.
fn listed(text: &str) -> Option<(&str, TestOutcome)> {
    let (mark, name) = text.split_once(' ')?;
    match mark {
        "✔" | "✓" | "√" => Some((name, TestOutcome::Passed)),
        "-" => Some((name, TestOutcome::Skipped)),
        mark => {
            let (_, rest) = number(mark)?;
            (rest == ")").then_some((name, TestOutcome::Failed))
        }
    }
}
