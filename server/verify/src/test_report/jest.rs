//! Jest.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, indent, parts, without_duration},
    titles::Titles,
};

/// Between a file, its suites and a test.
const SEPARATOR: &str = " › ";

/// Reads the runs of Jest.
#[derive(Debug, Default)]
pub(super) struct Jest {
    first: Option<usize>,
    /// The file whose tests follow.
    file: Option<String>,
    /// Whether the tests of that file are being listed.
    is_list: bool,
    titles: Titles,
    cases: Cases,
    /// How many files ran, and how many of them could not.
    files: u64,
    broken: u64,
    /// The line that counts files, and how many it counts.
    suites: Option<(usize, u64)>,
}

impl Reader for Jest {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if runs.took(self.first) {
            *self = Self::default();
        }
        if let Some(file) = file(text) {
            self.first.get_or_insert(line.number);
            self.files += 1;
            self.file = Some(file.to_owned());
            self.is_list = true;
            self.titles.clear();
        } else if let Some(told) = text.strip_prefix("Test Suites:") {
            self.is_list = false;
            self.suites = suites(told).map(|count| (line.number, count));
        } else if let Some(told) = text.strip_prefix("Tests:") {
            let suites = self.suites.take().filter(|(at, _)| at + 1 == line.number);
            if let (Some((_, suites)), Some(counts)) = (suites, counts(told)) {
                self.sum_up(line.number, suites, counts, runs);
            }
        } else if is_nothing(text) {
            let cases = Cases::default();
            runs.add(Run::new(TestRunner::Jest, (line.number, line.number), Some(Counts::default()), cases));
        } else if text.is_empty() {
            self.is_list = false;
        } else if let Some(title) = text.strip_prefix("  ● ") {
            self.is_list = false;
            self.failure(title);
        } else if self.is_list && text.starts_with("  ") {
            self.listed(text);
        }
    }

    fn end(&mut self, _: usize, _: &mut Runs) {}
}

impl Jest {
    fn failure(&mut self, title: &str) {
        let Some(file) = &self.file else { return };
        match title {
            "Console" => {}
            "Test suite failed to run" => {
                if !self.cases.has(file) {
                    self.broken += 1;
                }
                self.cases.note(file, TestOutcome::Failed);
            }
            title => self.cases.note(&format!("{file}{SEPARATOR}{title}"), TestOutcome::Failed),
        }
    }

    fn listed(&mut self, text: &str) {
        let Some(file) = &self.file else { return };
        let (indent, text) = (indent(text), text.trim_start());
        let Some((name, outcome)) = listed(text) else { return self.titles.open(indent, text) };
        let name = self.titles.name(indent, without_duration(name), SEPARATOR);
        self.cases.another(&format!("{file}{SEPARATOR}{name}"), outcome);
    }

    fn sum_up(&mut self, last: usize, suites: u64, mut counts: Counts, runs: &mut Runs) {
        counts.add(TestOutcome::Failed, self.broken);
        let is_sure = self.files >= suites;
        let first = self.first.unwrap_or(last);
        // What a test prints must not take the tests along.
        let cases = if is_sure { std::mem::take(self).cases } else { Cases::default() };
        runs.add(Run { runner: TestRunner::Jest, first, last, counts: Some(counts), cases, is_sure });
    }
}

/// Reads `PASS web src/a.test.js (5.1 s)`.
fn file(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("PASS ").or_else(|| text.strip_prefix("FAIL "))?;
    let is_script = |file: &&str| {
        let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
        matches!(ending, "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" | "vue" | "svelte")
    };
    // A name of the project may stand before it, and how long it took after it.
    let file = without_duration(rest).trim();
    file.rsplit(' ').next().filter(is_script)
}

/// Reads how many files ran out of `1 failed, 1 skipped, 2 passed, 3 of 4 total`.
fn suites(told: &str) -> Option<u64> {
    let mut count = 0;
    for (number, word) in parts(told, ",")? {
        if matches!(word, "failed" | "passed") {
            count += number;
        }
    }
    told.trim_end().ends_with(" total").then_some(count)
}

/// Reads `1 failed, 1 skipped, 1 todo, 4 passed, 7 total`.
fn counts(told: &str) -> Option<Counts> {
    let mut counts = Counts::default();
    for (count, word) in parts(told, ",")? {
        match word {
            "failed" => counts.failed = count,
            "passed" => counts.passed = count,
            "skipped" | "todo" | "pending" | "focused" => counts.add(TestOutcome::Skipped, count),
            "total" => {}
            _ => return None,
        }
    }
    told.trim_end().ends_with(" total").then_some(counts)
}

/// Reads `✓ adds (3 ms)`, `○ skipped adds`.
fn listed(text: &str) -> Option<(&str, TestOutcome)> {
    let (mark, name) = text.split_once(' ')?;
    match mark {
        "✓" | "√" => Some((name, TestOutcome::Passed)),
        "✕" | "×" => Some((name, TestOutcome::Failed)),
        "○" => Some((name.strip_prefix("skipped ").unwrap_or(name), TestOutcome::Skipped)),
        "✎" => Some((name.strip_prefix("todo ").unwrap_or(name), TestOutcome::Skipped)),
        _ => None,
    }
}

fn is_nothing(text: &str) -> bool {
    matches!(text, "No tests found, exiting with code 1" | "No tests found, exiting with code 0")
}
