//! `ctest`.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, number},
};

/// Reads the runs of `ctest`.
#[derive(Debug, Default)]
pub(super) struct Ctest {
    open: Option<Open>,
}

#[derive(Debug, Default)]
struct Open {
    first: usize,
    cases: Cases,
    /// How many tests failed, and of how many that count; and their line.
    summary: Option<(usize, u64, u64)>,
}

impl Reader for Ctest {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if text.starts_with("Test project /") || text.starts_with("Test project C:") {
            self.finish(line.number, runs);
            self.open = Some(Open { first: line.number, ..Open::default() });
            return;
        }
        let Some(open) = &mut self.open else { return };
        if text == "No tests were found!!!" {
            open.summary.get_or_insert((line.number, 0, 0));
        } else if let Some((failed, total)) = summary(text) {
            open.summary = Some((line.number, failed, total));
        } else if let Some((name, outcome)) = told(text) {
            // One that is repeated until it passes is told each time.
            open.cases.set(name, outcome);
        }
    }

    fn end(&mut self, at: usize, runs: &mut Runs) {
        self.finish(at, runs);
    }
}

impl Ctest {
    fn finish(&mut self, at: usize, runs: &mut Runs) {
        let Some(Open { first, cases, summary, .. }) = self.open.take() else { return };
        let (last, counts) = match summary {
            Some((last, failed, total)) => {
                // It counts what was skipped as passed, but not what is disabled.
                let told = cases.told();
                let passed = total.saturating_sub(failed);
                let passed = if told.failed == failed { told.passed.min(passed) } else { passed };
                (last, Some(Counts { passed, failed, skipped: told.skipped }))
            }
            None => (at.saturating_sub(1), None),
        };
        runs.add(Run::new(TestRunner::Ctest, (first, last), counts, cases));
    }
}

/// Reads `29% tests passed, 5 tests failed out of 7`.
fn summary(text: &str) -> Option<(u64, u64)> {
    let (_, rest) = number(text)?;
    let rest = rest.strip_prefix("% tests passed, ")?;
    let (failed, rest) = number(rest)?;
    let rest =
        rest.strip_prefix(" tests failed out of ").or_else(|| rest.strip_prefix(" test failed out of "))?;
    number(rest).map(|(total, _)| (failed, total))
}

/// Reads `2/8 Test #2: fails ......***Failed    0.01 sec`.
fn told(text: &str) -> Option<(&str, TestOutcome)> {
    let text = text.trim_start();
    let (_, rest) = number(text)?;
    let (_, rest) = number(rest.strip_prefix('/')?)?;
    let (_, rest) = number(rest.trim_start().strip_prefix("Test")?.trim_start().strip_prefix('#')?)?;
    let rest = rest.strip_prefix(": ")?.strip_suffix(" sec")?;
    // The time.
    let rest = rest.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end();
    let (name, outcome) = match rest.rsplit_once("***") {
        Some((name, word)) if word.starts_with("Skipped") || word.starts_with("Not Run (Disabled)") => {
            (name, TestOutcome::Skipped)
        }
        Some((name, _)) => (name, TestOutcome::Failed),
        None => (rest.strip_suffix("Passed")?, TestOutcome::Passed),
    };
    Some((name.trim_end().trim_end_matches('.').trim_end(), outcome))
}
