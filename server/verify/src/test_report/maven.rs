//! Maven's Surefire and Failsafe.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, named},
};

/// Reads the runs of Surefire, one in each module.
#[derive(Debug, Default)]
pub(super) struct Maven {
    first: Option<usize>,
    cases: Cases,
    /// Whether the results of a module follow.
    is_results: bool,
}

impl Reader for Maven {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if runs.took(self.first) {
            *self = Self::default();
        }
        let text = ["[INFO]", "[ERROR]", "[WARNING]"]
            .iter()
            .find_map(|level| text.strip_prefix(level))
            .unwrap_or(text);
        let text = text.trim_start();
        if text.trim() == "T E S T S" {
            *self = Self { first: Some(line.number), ..Self::default() };
        } else if self.first.is_none() {
            if text == "No tests to run." {
                let counts = Some(Counts::default());
                runs.add(Run::new(TestRunner::Maven, (line.number, line.number), counts, Cases::default()));
            }
        } else if matches!(text, "Results:" | "Results :") {
            self.is_results = true;
        } else if let Some((counts, class)) = counts(text) {
            if class.is_none() && self.is_results {
                let Self { first, mut cases, .. } = std::mem::take(self);
                // Only what failed or was skipped has a name.
                cases.leave_out();
                let first = first.unwrap_or(line.number);
                runs.add(Run::new(TestRunner::Maven, (first, line.number), Some(counts), cases));
            }
        } else if let Some((name, outcome)) = told(text).filter(|_| !self.is_results) {
            self.cases.note(&name, outcome);
        }
    }

    fn end(&mut self, at: usize, runs: &mut Runs) {
        if let Some(first) = self.first {
            let cases = std::mem::take(&mut self.cases);
            runs.add(Run::new(TestRunner::Maven, (first, at.saturating_sub(1)), None, cases));
        }
    }
}

/// Reads `Tests run: 4, Failures: 1, Errors: 1, Skipped: 1`, and the class that a line about one has behind the time.
fn counts(text: &str) -> Option<(Counts, Option<&str>)> {
    if !text.starts_with("Tests run: ") {
        return None;
    }
    let (told, class) = match text.split_once(", Time elapsed: ") {
        Some((told, rest)) => (told, Some(rest)),
        None => (text, None),
    };
    let mut counts = Counts::default();
    let mut run = 0;
    for (count, name) in named(told, ",")? {
        match name {
            "Tests run" => run = count,
            "Failures" | "Errors" => counts.add(TestOutcome::Failed, count),
            "Skipped" => counts.skipped = count,
            "Flakes" => {}
            _ => return None,
        }
    }
    counts.passed = run.saturating_sub(counts.failed.saturating_add(counts.skipped));
    Some((counts, class))
}

/// Reads `com.example.MathTest.fails  Time elapsed: 0.01 s  <<< FAILURE!`, as older versions print it
/// `fails(com.example.MathTest)  Time elapsed: ...`.
fn told(text: &str) -> Option<(String, TestOutcome)> {
    let (name, rest) = text.split_once("Time elapsed: ").or_else(|| text.split_once("-- Time elapsed: "))?;
    let name = name.trim_end_matches(['-', ' ']);
    let outcome = match rest.split_once("<<< ")?.1.trim() {
        "FAILURE!" | "ERROR!" => TestOutcome::Failed,
        _ => return None,
    };
    if name.starts_with("Tests run:") || name.is_empty() {
        return None;
    }
    let old = name.strip_suffix(')').and_then(|name| name.split_once('('));
    match old {
        // A test with arguments has brackets, too, but its class before it.
        Some((method, class)) if !method.contains('.') => Some((format!("{class}.{method}"), outcome)),
        _ => Some((name.to_owned(), outcome)),
    }
}
