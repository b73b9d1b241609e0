//! `dotnet test`: of each assembly a line, or the longer summaries of other loggers and platforms.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, named, without_duration},
};

/// Reads the runs of `dotnet test`.
#[derive(Debug, Default)]
pub(super) struct Dotnet {
    first: Option<usize>,
    cases: Cases,
    /// A summary of several lines, of which the total came first.
    lines: Option<(u64, Counts)>,
}

impl Reader for Dotnet {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if runs.took(self.first) {
            *self = Self::default();
        }
        if text.starts_with("Test run for ") && text.ends_with(')') {
            self.first.get_or_insert(line.number);
        } else if text.starts_with("No test is available in ")
            || text.starts_with("No test matches the given testcase filter ")
        {
            self.finish(line.number, Counts::default(), runs);
        } else if let Some(counts) =
            of_assembly(text).or_else(|| text.strip_prefix("Test summary: ").and_then(in_one_line))
        {
            self.finish(line.number, counts, runs);
        } else if let Some((outcome, name)) = told(text) {
            self.first.get_or_insert(line.number);
            self.cases.another(name, outcome);
        } else if !self.summary_line(line, runs) {
            self.lines = None;
        }
    }

    fn end(&mut self, _: usize, _: &mut Runs) {}
}

impl Dotnet {
    /// Reads `Total tests: 4` and the lines below, or `total: 4` below `Test run summary:`.
    fn summary_line(&mut self, line: Line<'_>, runs: &mut Runs) -> bool {
        let text = line.text.trim_start();
        if text.starts_with("Test run summary: ") {
            self.lines = Some((0, Counts::default()));
            return true;
        }
        let Some((name, value)) = text.split_once(": ") else { return false };
        let count = value.trim().parse::<u64>();
        if let ("Total tests", Ok(total)) = (name, &count) {
            self.lines = Some((*total, Counts::default()));
            return true;
        }
        let Some((total, counts)) = &mut self.lines else { return false };
        match (name.trim(), count) {
            ("total", Ok(count)) => *total = count,
            ("Passed" | "succeeded", Ok(count)) => counts.passed = count,
            ("Failed" | "failed", Ok(count)) => counts.failed = count,
            ("Skipped" | "skipped", Ok(count)) => counts.skipped = count,
            ("Total time" | "duration", _) => {
                let counts = *counts;
                self.finish(line.number, counts, runs);
            }
            _ => return false,
        }
        true
    }

    fn finish(&mut self, last: usize, counts: Counts, runs: &mut Runs) {
        let Self { first, cases, .. } = std::mem::take(self);
        runs.add(Run::new(TestRunner::Dotnet, (first.unwrap_or(last), last), Some(counts), cases));
    }
}

/// Reads `Failed!  - Failed:     1, Passed:     2, Skipped:     1, Total:     4, Duration: 12 ms - App.Tests.dll (net8.0)`.
fn of_assembly(text: &str) -> Option<Counts> {
    let (word, told) = text.split_once("! ")?;
    let told = told.trim_start().strip_prefix("- ")?;
    if !matches!(word, "Passed" | "Failed" | "Skipped") {
        return None;
    }
    in_one_line(told)
}

/// Reads `total: 4, failed: 1, succeeded: 2, skipped: 1, duration: 1.5s`.
fn in_one_line(told: &str) -> Option<Counts> {
    let (told, _) = told.split_once(", Duration: ").or_else(|| told.split_once(", duration: "))?;
    let mut counts = Counts::default();
    for (count, name) in named(told, ",")? {
        match name {
            "Passed" | "succeeded" => counts.passed = count,
            "Failed" | "failed" => counts.failed = count,
            "Skipped" | "skipped" => counts.skipped = count,
            "Total" | "total" => {}
            _ => return None,
        }
    }
    Some(counts)
}

/// Reads `  Failed App.Tests.MathTest.Fails [3 ms]`.
fn told(text: &str) -> Option<(TestOutcome, &str)> {
    let (word, name) = text.strip_prefix("  ")?.split_once(' ')?;
    let outcome = match word {
        "Passed" => TestOutcome::Passed,
        "Failed" => TestOutcome::Failed,
        "Skipped" => TestOutcome::Skipped,
        _ => return None,
    };
    let name = name.trim();
    let short = without_duration(name);
    // `< 1 ms` is a time, too.
    let short = match short.len() < name.len() {
        true => Some(short),
        false => name.strip_suffix(']').and_then(|name| name.rsplit_once(" [< ")).map(|(name, _)| name),
    };
    Some((outcome, short?))
}
