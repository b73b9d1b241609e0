//! `bun test`.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, number, without_duration},
};

/// Reads the runs of Bun.
#[derive(Debug, Default)]
pub(super) struct Bun {
    open: Option<Open>,
}

#[derive(Debug, Default)]
struct Open {
    first: usize,
    file: Option<String>,
    cases: Cases,
    /// The counts that stand above the last line.
    counts: Counts,
    /// The latest of them with such a line, which is the last; what is printed like it before is not.
    summary: Option<(usize, Counts)>,
}

impl Reader for Bun {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if is_beginning(text) {
            self.finish(line.number, runs);
            self.open = Some(Open { first: line.number, ..Open::default() });
            return;
        }
        let Some(open) = &mut self.open else { return };
        if let Some((outcome, count)) = counted(text) {
            match outcome {
                // They begin anew: what came before was printed by a test.
                TestOutcome::Passed => open.counts = Counts { passed: count, ..Counts::default() },
                outcome => open.counts.add(outcome, count),
            }
        } else if is_end(text) {
            open.summary = Some((line.number, std::mem::take(&mut open.counts)));
        } else if is_nothing(text) {
            open.summary = Some((line.number, Counts::default()));
        } else if let Some((outcome, name)) = told(text) {
            let name = match &open.file {
                Some(file) => format!("{file}: {name}"),
                None => name.to_owned(),
            };
            // Failures are told once more at the end.
            open.cases.note(&name, outcome);
        } else if let Some(file) = text.strip_suffix(':').filter(|file| is_file(file)) {
            open.file = Some(file.to_owned());
        }
    }

    fn end(&mut self, at: usize, runs: &mut Runs) {
        self.finish(at, runs);
    }
}

impl Bun {
    fn finish(&mut self, at: usize, runs: &mut Runs) {
        let Some(Open { first, cases, summary, .. }) = self.open.take() else { return };
        let (last, counts) = match summary {
            Some((last, counts)) => (last, Some(counts)),
            None => (at.saturating_sub(1), None),
        };
        runs.add(Run::new(TestRunner::Bun, (first, last), counts, cases));
    }
}

/// Reads `bun test v1.2.3 (a1b2c3d4)`.
fn is_beginning(text: &str) -> bool {
    text.strip_prefix("bun test v").is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}

/// Reads ` 3 pass`.
fn counted(text: &str) -> Option<(TestOutcome, u64)> {
    let (count, word) = number(text.trim_start())?;
    match word {
        " pass" => Some((TestOutcome::Passed, count)),
        " fail" => Some((TestOutcome::Failed, count)),
        " skip" | " todo" => Some((TestOutcome::Skipped, count)),
        _ => None,
    }
}

/// Reads `Ran 4 tests across 1 file. [10.00ms]`.
fn is_end(text: &str) -> bool {
    let counted = text.strip_prefix("Ran ").and_then(number);
    counted.is_some_and(|(_, rest)| {
        (rest.starts_with(" tests across ") || rest.starts_with(" test across ")) && rest.contains(" file")
    })
}

fn is_nothing(text: &str) -> bool {
    text == "The following filters did not match any test files:"
        || text.starts_with("No tests found!")
        || (text.starts_with("error: regex ") && text.contains(" matched 0 tests"))
}

/// Reads `(pass) math > adds [0.12ms]`, or `✓ math > adds` of older versions and terminals.
fn told(text: &str) -> Option<(TestOutcome, &str)> {
    let (mark, name) = text.split_once(' ')?;
    let outcome = match mark {
        "(pass)" | "✓" => TestOutcome::Passed,
        "(fail)" | "✗" => TestOutcome::Failed,
        "(skip)" | "(todo)" | "»" | "✎" => TestOutcome::Skipped,
        _ => return None,
    };
    Some((outcome, without_duration(name)))
}

fn is_file(file: &str) -> bool {
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(ending, "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts") && !file.contains(' ')
}
