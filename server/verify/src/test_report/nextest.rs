//! `cargo nextest run`.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, number, parts},
};

/// Reads the runs of nextest.
#[derive(Debug, Default)]
pub(super) struct Nextest {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    first: usize,
    cases: Cases,
    /// The counts, and the line that they stand on. More lines about the same tests follow.
    summary: Option<(usize, Counts)>,
}

impl Reader for Nextest {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text.trim_start();
        if is_beginning(line.text, text) {
            self.finish(line.number, runs);
            self.open = Some(Open { first: line.number, cases: Cases::default(), summary: None });
            return;
        }
        let Some(open) = &mut self.open else { return };
        if let Some(counts) = text.strip_prefix("Summary [").and_then(summary) {
            open.summary = Some((line.number, counts));
        } else if let Some((name, outcome)) = case(text) {
            if let Some((last, _)) = &mut open.summary {
                *last = line.number;
            }
            open.cases.set(&name, outcome);
        }
    }

    fn end(&mut self, at: usize, runs: &mut Runs) {
        self.finish(at, runs);
    }
}

impl Nextest {
    fn finish(&mut self, at: usize, runs: &mut Runs) {
        let Some(Open { first, cases, summary }) = self.open.take() else { return };
        let (last, counts) = match summary {
            Some((last, counts)) => (last, Some(counts)),
            None => (at.saturating_sub(1), None),
        };
        runs.add(Run::new(TestRunner::Nextest, (first, last), counts, cases));
    }
}

/// Reads `Starting 8 tests across 5 binaries (3 tests skipped)`.
fn is_beginning(line: &str, text: &str) -> bool {
    let counted = text.strip_prefix("Starting ").and_then(number);
    line.starts_with(' ')
        && counted
            .is_some_and(|(_, rest)| rest.starts_with(" tests across ") || rest.starts_with(" test across "))
}

/// Reads `   3.627s] 3/8 tests run: 2 passed (1 slow), 1 failed, 3 skipped`.
fn summary(text: &str) -> Option<Counts> {
    let (_, text) = text.split_once("] ")?;
    let (ran, text) = text.split_once(" run: ")?;
    if !(ran.ends_with(" tests") || ran.ends_with(" test")) {
        return None;
    }
    let mut counts = Counts::default();
    // What is in brackets says more of the same tests, and may have commas.
    let mut plain = String::with_capacity(text.len());
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    for (count, word) in parts(&plain, ",")? {
        match word {
            "passed" => counts.add(TestOutcome::Passed, count),
            "skipped" => counts.add(TestOutcome::Skipped, count),
            "failed" | "timed out" | "exec failed" | "aborted" => counts.add(TestOutcome::Failed, count),
            // Failures of what a test needs, in words of versions to come.
            word if word.ends_with("failed") => counts.add(TestOutcome::Failed, count),
            _ => {}
        }
    }
    Some(counts)
}

/// Reads `TRY 2 FAIL [   0.388s] (3/8) app::it adds`.
fn case(text: &str) -> Option<(String, TestOutcome)> {
    let (status, rest) = text.split_once(" [")?;
    let words: Vec<&str> = status.split(' ').collect();
    let outcome = match words[..] {
        ["PASS" | "LEAK"] | ["TRY", _, "PASS" | "LEAK"] | ["FLAKY", _] => TestOutcome::Passed,
        ["SKIP"] => TestOutcome::Skipped,
        [status] | ["TRY", _, status] if is_failure(status) => TestOutcome::Failed,
        _ => return None,
    };
    let (time, rest) = rest.split_once("] ")?;
    if !time.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | 's' | '>')) {
        return None;
    }
    let rest = rest.trim_start();
    let name = match rest.strip_prefix('(') {
        Some(counted) => counted.split_once(") ")?.1,
        None => rest,
    };
    let (binary, test) = name.trim().split_once(' ')?;
    Some((format!("{binary}: {}", test.trim()), outcome))
}

fn is_failure(status: &str) -> bool {
    matches!(
        status,
        "FAIL" | "XFAIL" | "TIMEOUT" | "TMT" | "ABORT" | "ABRT" | "LEAK-FAIL" | "LKFAIL" | "FL-CL"
    ) || status
        .strip_prefix("SIG")
        .is_some_and(|name| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()))
        || matches!(
            status,
            "SEGV"
                | "KILL"
                | "TERM"
                | "BUS"
                | "ILL"
                | "FPE"
                | "TRAP"
                | "SYS"
                | "QUIT"
                | "INT"
                | "PIPE"
                | "HUP"
        )
}
