//! `RSpec`.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, parts},
};

/// Reads the runs of `RSpec`. It names what failed only: passed examples have no line that could be told from others.
#[derive(Debug, Default)]
pub(super) struct Rspec {
    /// The line that says how long it took, which stands above the counts.
    timed: Option<usize>,
    /// The counts, and their line. The names of what failed follow.
    summary: Option<(usize, Counts)>,
    cases: Cases,
}

impl Reader for Rspec {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if text.starts_with("Finished in ") && text.contains(" (files took ") {
            self.finish(runs);
            self.timed = Some(line.number);
        } else if let Some(counts) = self.timed.and_then(|_| summary(text)) {
            self.timed = None;
            self.summary = Some((line.number, counts));
        } else if let Some((last, _)) = &mut self.summary {
            if let Some((place, name)) =
                text.strip_prefix("rspec ").and_then(|failed| failed.split_once(" # "))
            {
                // Its place moves with every line above it.
                let file = place.split([':', '[']).next().unwrap_or(place).trim_start_matches('\'');
                let file = file.strip_prefix("./").unwrap_or(file);
                self.cases.another(&format!("{file}: {name}"), TestOutcome::Failed);
                *last = line.number;
            } else if !text.is_empty() && text != "Failed examples:" {
                self.finish(runs);
            }
        }
    }

    fn end(&mut self, _: usize, runs: &mut Runs) {
        self.finish(runs);
    }
}

impl Rspec {
    fn finish(&mut self, runs: &mut Runs) {
        let Self { summary, cases, .. } = std::mem::take(self);
        if let Some((last, counts)) = summary {
            runs.add(Run::new(TestRunner::Rspec, (last, last), Some(counts), cases));
        }
    }
}

/// Reads `6 examples, 1 failure, 2 pending`, `0 examples, 0 failures, 1 error occurred outside of examples`.
fn summary(text: &str) -> Option<Counts> {
    let mut counts = Counts::default();
    let mut examples = None;
    for (count, word) in parts(text, ",")? {
        match word {
            "example" | "examples" => examples = Some(count),
            "failure" | "failures" => counts.add(TestOutcome::Failed, count),
            "pending" => counts.skipped = count,
            // None of the examples.
            word if word.ends_with(" outside of examples") => {
                counts.add(TestOutcome::Failed, count);
                examples = examples.map(|examples: u64| examples.saturating_add(count));
            }
            _ => return None,
        }
    }
    counts.passed = examples?.saturating_sub(counts.failed.saturating_add(counts.skipped));
    Some(counts)
}
