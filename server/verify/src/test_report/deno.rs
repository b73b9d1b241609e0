//! `deno test`.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, is_duration, number, parts, without_duration},
};

/// Reads the runs of Deno.
#[derive(Debug, Default)]
pub(super) struct Deno {
    first: Option<usize>,
    /// The file whose tests follow.
    file: Option<String>,
    cases: Cases,
    /// Whether what a test prints is being shown.
    is_output: bool,
}

impl Reader for Deno {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if runs.took(self.first) {
            *self = Self::default();
        }
        match text {
            "------- output -------"
            | "------- pre-test output -------"
            | "------- post-test output -------" => {
                self.is_output = true;
                return;
            }
            "----- output end -----"
            | "----- pre-test output end -----"
            | "----- post-test output end -----" => {
                self.is_output = false;
                return;
            }
            "error: No test modules found" => {
                let counts = Some(Counts::default());
                runs.add(Run::new(TestRunner::Deno, (line.number, line.number), counts, Cases::default()));
                return;
            }
            _ => {}
        }
        if self.is_output {
            return;
        }
        if let Some(file) = beginning(text) {
            self.first.get_or_insert(line.number);
            self.file = Some(file.to_owned());
        } else if let Some(counts) = summary(text) {
            let Self { first, cases, .. } = std::mem::take(self);
            let first = first.unwrap_or(line.number);
            runs.add(Run::new(TestRunner::Deno, (first, line.number), Some(counts), cases));
        } else if let Some((name, outcome)) = told(text) {
            // Side by side, each line has its file.
            let name = match (name.split_once(" => "), &self.file) {
                (Some((file, name)), _) => format!("{}: {}", relative(file), name.trim_start()),
                (None, Some(file)) => format!("{}: {name}", relative(file)),
                (None, None) => return,
            };
            self.first.get_or_insert(line.number);
            // A step is a part of its test, and not counted.
            if !name.contains(" ... ") {
                self.cases.another(&name, outcome);
            }
        }
    }

    fn end(&mut self, at: usize, runs: &mut Runs) {
        if let Some(first) = self.first.filter(|_| self.file.is_some()) {
            let cases = std::mem::take(&mut self.cases);
            runs.add(Run::new(TestRunner::Deno, (first, at.saturating_sub(1)), None, cases));
        }
    }
}

/// Reads `running 3 tests from ./t/a_test.ts`.
fn beginning(text: &str) -> Option<&str> {
    let (_, rest) = number(text.strip_prefix("running ")?)?;
    rest.strip_prefix(" tests from ").or_else(|| rest.strip_prefix(" test from "))
}

fn relative(file: &str) -> &str {
    file.strip_prefix("./").unwrap_or(file)
}

/// Reads `FAILED | 4 passed (1 step) | 2 failed (1 step) | 1 ignored (1s)`.
fn summary(text: &str) -> Option<Counts> {
    let told = text.strip_prefix("ok | ").or_else(|| text.strip_prefix("FAILED | "))?;
    let (told, time) = told.strip_suffix(')')?.rsplit_once(" (")?;
    if !is_duration(time) {
        return None;
    }
    let mut counts = Counts::default();
    for (count, word) in parts(told, "|")? {
        match word.split_once(" (").map_or(word, |(word, _)| word) {
            "passed" => counts.passed = count,
            "failed" => counts.failed = count,
            "ignored" => counts.skipped = count,
            "measured" | "filtered out" => {}
            _ => return None,
        }
    }
    Some(counts)
}

/// Reads `adds ... ok (1ms)`; what is further in is a step.
fn told(text: &str) -> Option<(&str, TestOutcome)> {
    let (name, rest) = text.rsplit_once(" ... ")?;
    let rest = without_duration(rest);
    let outcome = match rest.split_once(" (due to ").map_or(rest, |(outcome, _)| outcome) {
        "ok" => TestOutcome::Passed,
        "FAILED" => TestOutcome::Failed,
        "ignored" => TestOutcome::Skipped,
        _ => return None,
    };
    (!name.starts_with(' ')).then_some((name, outcome))
}
