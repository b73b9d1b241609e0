//! Vitest.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, indent, number, parts, without_duration},
    titles::Titles,
};

/// Between a file, its suites and a test.
const SEPARATOR: &str = " > ";

/// Reads the runs of Vitest.
#[derive(Debug, Default)]
pub(super) struct Vitest {
    open: Option<Open>,
}

#[derive(Debug, Default)]
struct Open {
    first: usize,
    cases: Cases,
    /// The file whose tests follow.
    file: Option<String>,
    titles: Titles,
    /// How many files could not be loaded.
    broken: u64,
    /// The counts, and the line that they stand on.
    summary: Option<(usize, Counts)>,
}

impl Reader for Vitest {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if is_beginning(text) {
            self.finish(line.number, runs);
            self.open = Some(Open { first: line.number, ..Open::default() });
            return;
        }
        let Some(open) = &mut self.open else { return };
        if text.starts_with("No test files found, exiting with code ") {
            open.summary = Some((line.number, Counts::default()));
        } else if let Some(counts) = text.trim_start().strip_prefix("Tests  ").and_then(counts) {
            open.summary = Some((line.number, counts));
        } else if let Some(failed) = text.strip_prefix(" FAIL  ") {
            open.failure(failed);
        } else if let Some(count) = broken(text) {
            open.broken = count;
        } else {
            open.listed(text);
        }
    }

    fn end(&mut self, at: usize, runs: &mut Runs) {
        self.finish(at, runs);
    }
}

impl Vitest {
    fn finish(&mut self, at: usize, runs: &mut Runs) {
        let Some(open) = self.open.take() else { return };
        let (last, counts) = match open.summary {
            Some((last, mut counts)) => {
                counts.add(TestOutcome::Failed, open.broken);
                (last, Some(counts))
            }
            None => (at.saturating_sub(1), None),
        };
        runs.add(Run::new(TestRunner::Vitest, (open.first, last), counts, open.cases));
    }
}

impl Open {
    /// Reads ` FAIL  |web| src/a.test.ts > math > adds`; a file that could not be loaded has its path once more.
    fn failure(&mut self, failed: &str) {
        let failed = match failed.trim_start().strip_prefix('|').and_then(|failed| failed.split_once("| ")) {
            Some((_, failed)) => failed.trim_start(),
            None => failed.trim_start(),
        };
        let name = match failed.strip_suffix(" ]").and_then(|failed| failed.split_once(" [ ")) {
            Some((file, path)) if file == path || !file.contains(SEPARATOR) => file,
            _ => failed,
        };
        self.cases.note(name, TestOutcome::Failed);
    }

    /// Reads a line of the list: a file, a suite or a test.
    fn listed(&mut self, text: &str) {
        let (indent, text) = (indent(text), text.trim_start());
        let Some((outcome, name)) = marked(text).filter(|_| indent > 0) else { return };
        let name = match name.strip_prefix('|').and_then(|name| name.split_once("| ")) {
            Some((_, name)) if indent == 1 => name.trim_start(),
            _ => name,
        };
        let name = without_duration(name);
        let (title, is_counted) = without_count(name);
        if indent == 1 {
            // Told to be verbose, it says the whole name of each test.
            if let (false, Some(outcome)) = (is_counted, outcome.filter(|_| name.contains(SEPARATOR))) {
                self.file = None;
                self.cases.another(name, outcome);
            } else if is_counted {
                self.file = Some(title.to_owned());
                self.titles.clear();
            }
            return;
        }
        let Some(file) = &self.file else { return };
        if is_counted {
            self.titles.open(indent, title);
        } else if let Some(outcome) = outcome {
            self.titles.close(indent);
            // Where it shows only the tests of files in which one failed, it leaves the suites out.
            let is_known = indent <= 3 || self.titles.at(indent - 2).is_some();
            if is_known {
                let name = self.titles.name(indent, name, SEPARATOR);
                self.cases.another(&format!("{file}{SEPARATOR}{name}"), outcome);
            }
        }
    }
}

/// Reads ` RUN  v4.1.12 /home/me/app`.
fn is_beginning(text: &str) -> bool {
    let version = text.trim_start().strip_prefix("RUN ").or_else(|| text.trim_start().strip_prefix("DEV "));
    let version = version.and_then(|version| version.trim_start().strip_prefix('v'));
    text.starts_with(' ') && version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}

/// Reads `1 failed | 4 passed | 1 skipped | 1 todo (7)`, `no tests`.
fn counts(text: &str) -> Option<Counts> {
    let mut counts = Counts::default();
    if text == "no tests" {
        return Some(counts);
    }
    let (text, total) = text.strip_suffix(')')?.rsplit_once(" (")?;
    let total: u64 = total.parse().ok()?;
    for (count, word) in parts(text, "|")? {
        match word {
            "passed" => counts.add(TestOutcome::Passed, count),
            "failed" => counts.add(TestOutcome::Failed, count),
            "skipped" | "todo" | "expected fail" => counts.add(TestOutcome::Skipped, count),
            _ => return None,
        }
    }
    // What it had no time for is in the whole only.
    (counts.total() <= total).then_some(counts)
}

/// Reads `⎯⎯⎯ Failed Suites 2 ⎯⎯⎯`.
fn broken(text: &str) -> Option<u64> {
    let title = text.trim_matches('⎯').strip_prefix(" Failed Suites ")?;
    number(title).filter(|(_, rest)| rest.trim().is_empty()).map(|(count, _)| count)
}

/// Reads the mark of a line, which of a suite or a file says nothing about one test.
fn marked(text: &str) -> Option<(Option<TestOutcome>, &str)> {
    let (mark, name) = text.split_once(' ')?;
    let outcome = match mark {
        "✓" | "√" => Some(TestOutcome::Passed),
        "×" | "✗" => Some(TestOutcome::Failed),
        "↓" | "□" => Some(TestOutcome::Skipped),
        "❯" => None,
        _ => return None,
    };
    Some((outcome, name))
}

/// Takes `(6 tests | 1 failed)` or `(5)` from a title.
fn without_count(name: &str) -> (&str, bool) {
    let counted = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
    match counted.and_then(|(title, count)| Some((title, number(count)?.1))) {
        Some((title, rest)) if rest.is_empty() || rest.starts_with(" test") => (title, true),
        _ => (name, false),
    }
}
