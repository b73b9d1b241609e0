//! Gradle. It says how many tests ran only where one failed; where none did, that its task was done.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, parts},
};

/// Reads the tests of Gradle's builds, one run for each task of tests.
#[derive(Debug, Default)]
pub(super) struct Gradle {
    task: Option<Task>,
}

#[derive(Debug, Default)]
struct Task {
    first: usize,
    cases: Cases,
    counts: Option<Counts>,
    /// Whether it had nothing to run.
    is_nothing: bool,
    /// Whether its own line was not read: older versions print it without its end, and then what it prints.
    is_guessed: bool,
}

impl Reader for Gradle {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if let Some((name, state)) = task(text) {
            self.finish(line.number, runs);
            let is_test = name == "test" || name.ends_with("Test");
            // Without its sources there is nothing; what is up to date passed when it ran.
            self.task = is_test.then(|| Task {
                first: line.number,
                is_nothing: state == "NO-SOURCE",
                ..Task::default()
            });
            return;
        }
        if self.task.is_none() && (summary(text).is_some() || told(text).is_some()) {
            self.task = Some(Task { first: line.number, is_guessed: true, ..Task::default() });
        }
        let Some(task) = &mut self.task else { return };
        if let Some(counts) = summary(text) {
            task.counts = Some(counts);
        } else if text.contains("No tests found for given includes") {
            task.is_nothing = true;
        } else if text.starts_with("BUILD ") {
            self.finish(line.number, runs);
        } else if let Some((name, outcome)) = told(text) {
            task.cases.another(&name, outcome);
        }
    }

    fn end(&mut self, at: usize, runs: &mut Runs) {
        self.finish(at, runs);
    }
}

impl Gradle {
    fn finish(&mut self, at: usize, runs: &mut Runs) {
        let Some(Task { first, mut cases, counts, is_nothing, is_guessed }) = self.task.take() else {
            return;
        };
        let told = cases.told();
        let counts = match counts {
            Some(counts) => counts,
            None if is_nothing => Counts::default(),
            // Where tests are logged each is told; where they are not, nobody knows.
            None if told.is_nothing() || is_guessed => return,
            None => {
                if told.passed == 0 && told.failed == 0 && told.skipped > 0 {
                    // Maybe only what was skipped is logged.
                    return;
                }
                told
            }
        };
        if !cases.agree(counts) {
            cases.leave_out();
        }
        runs.add(Run::new(TestRunner::Gradle, (first, at.saturating_sub(1)), Some(counts), cases));
    }
}

/// Reads `> Task :app:test NO-SOURCE`, and `:app:test UP-TO-DATE` of older versions.
fn task(text: &str) -> Option<(&str, &str)> {
    let path = text.strip_prefix("> Task ").unwrap_or(text);
    if !path.starts_with(':') {
        return None;
    }
    let (path, state) = path.split_once(' ').unwrap_or((path, ""));
    let is_state = state.chars().all(|c| c.is_ascii_uppercase() || c == '-');
    let name = path.rsplit(':').next()?;
    is_state.then_some((name, state))
}

/// Reads `4 tests completed, 2 failed, 1 skipped`.
fn summary(text: &str) -> Option<Counts> {
    let mut counts = Counts::default();
    let mut total = None;
    for (count, word) in parts(text, ",")? {
        match word {
            "test completed" | "tests completed" => total = Some(count),
            "failed" => counts.failed = count,
            "skipped" => counts.skipped = count,
            _ => return None,
        }
    }
    counts.passed = total?.saturating_sub(counts.failed.saturating_add(counts.skipped));
    Some(counts)
}

/// Reads `com.example.MathTest > fails FAILED`.
fn told(text: &str) -> Option<(String, TestOutcome)> {
    let (name, word) = text.rsplit_once(' ')?;
    let outcome = match word {
        "PASSED" => TestOutcome::Passed,
        "FAILED" => TestOutcome::Failed,
        "SKIPPED" => TestOutcome::Skipped,
        _ => return None,
    };
    (name.contains(" > ") && !name.starts_with([' ', '>'])).then(|| (name.to_owned(), outcome))
}
