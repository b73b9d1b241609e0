//! pytest.

use super::{
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, is_duration, parts},
};

/// Reads the sessions of pytest.
#[derive(Debug, Default)]
pub(super) struct Pytest {
    /// The session that is being read; one without a banner begins at what is first known of it.
    session: Option<Session>,
}

#[derive(Debug)]
struct Session {
    first: usize,
    /// Whether it began with the banner that is only left out where it is told to be quiet.
    has_banner: bool,
    cases: Cases,
    summary: Option<(usize, Counts)>,
    /// Whether all its tests have run: its progress came to 100 %.
    is_through: bool,
    /// Whether what a test printed is being shown.
    is_captured: bool,
}

impl Session {
    fn new(first: usize, has_banner: bool) -> Self {
        let cases = Cases::default();
        Self { first, has_banner, cases, summary: None, is_through: false, is_captured: false }
    }

    fn finish(self, at: usize, runs: &mut Runs) {
        let (last, counts) = match self.summary {
            Some((last, counts)) => (last, Some(counts)),
            // Told to be very quiet, it does not sum up; only what began with a banner was to end with a count.
            None if !self.has_banner => return,
            None => (at.saturating_sub(1), None),
        };
        runs.add(Run::new(TestRunner::Pytest, (self.first, last), counts, self.cases));
    }
}

impl Reader for Pytest {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if let Some(title) = banner(text) {
            if title == "test session starts" {
                self.finish(line.number, runs);
                self.session = Some(Session::new(line.number, true));
                return;
            }
            if let Some(session) = &mut self.session {
                session.is_captured = false;
            }
            if let Some(counts) = summary(title) {
                self.session(line.number).summary = Some((line.number, counts));
            }
            return;
        }
        if text.starts_with("___") || (text.starts_with("---") && text.ends_with("---")) {
            if let Some(session) = &mut self.session {
                session.is_captured = text.contains(" Captured ");
            }
            return;
        }
        if text.ends_with("[100%]") {
            // The next session, where one that was quiet has ended.
            if self.session.as_ref().is_some_and(|session| !session.has_banner && session.summary.is_some()) {
                self.finish(line.number, runs);
            }
            self.session(line.number).is_through = true;
        }
        if let Some(counts) = summary(text) {
            self.quiet_summary(line.number, counts, runs);
        } else if let Some((name, outcome)) = case(text) {
            let is_captured = self.session.as_ref().is_some_and(|session| session.is_captured);
            if !is_captured {
                self.session(line.number).cases.note(name, outcome);
            }
        }
    }

    fn end(&mut self, at: usize, runs: &mut Runs) {
        self.finish(at, runs);
    }
}

impl Pytest {
    fn session(&mut self, first: usize) -> &mut Session {
        self.session.get_or_insert_with(|| Session::new(first, false))
    }

    fn finish(&mut self, at: usize, runs: &mut Runs) {
        if let Some(session) = self.session.take() {
            session.finish(at, runs);
        }
    }

    /// A summary without `=` around it is one only of a session that was told to be quiet.
    fn quiet_summary(&mut self, at: usize, counts: Counts, runs: &mut Runs) {
        let session = self.session(at);
        if session.has_banner || session.is_captured {
            return;
        }
        // Two in a row are of two sessions only if no test ran in the second: else its progress lies between them.
        if session.summary.is_some() && counts.total() == 0 {
            self.finish(at, runs);
            self.session(at).summary = Some((at, counts));
        } else {
            session.summary = Some((at, counts));
        }
    }
}

/// Reads `===== title =====`.
fn banner(text: &str) -> Option<&str> {
    let title = text.strip_prefix('=')?.strip_suffix('=')?.trim_matches('=');
    let title = title.strip_prefix(' ')?.strip_suffix(' ')?;
    (!title.is_empty()).then_some(title)
}

/// Reads `2 failed, 5 passed, 1 skipped in 0.12s`, `no tests ran in 0.01s`.
fn summary(text: &str) -> Option<Counts> {
    let (told, time) = text.rsplit_once(" in ")?;
    // After a minute the time is said again, in brackets.
    let time = time.split_once(" (").map_or(time, |(time, _)| time);
    if !is_duration(time) {
        return None;
    }
    let mut counts = Counts::default();
    if matches!(told, "no tests ran" | "no tests collected") || told.starts_with("no tests collected (") {
        return Some(counts);
    }
    // What is only listed does not run.
    if let Some((_, rest)) = super::text::number(told).filter(|(_, rest)| rest.contains(" collected")) {
        return (rest.starts_with(" test") || rest.starts_with('/')).then_some(counts);
    }
    for (count, word) in parts(told, ",")? {
        match word {
            "passed" | "xpassed" => counts.add(TestOutcome::Passed, count),
            "failed" | "error" | "errors" | "subtests failed" => counts.add(TestOutcome::Failed, count),
            // Nothing is expected of a test that is expected to fail.
            "skipped" | "xfailed" => counts.add(TestOutcome::Skipped, count),
            "deselected" | "warning" | "warnings" | "rerun" | "subtests passed" | "subtests skipped"
            | "subtest passed" | "subtest skipped" => {}
            "subtest failed" => counts.add(TestOutcome::Failed, count),
            _ => return None,
        }
    }
    Some(counts)
}

/// Reads a line about one test: of a verbose session, of several workers, or of the short summary.
fn case(text: &str) -> Option<(&str, TestOutcome)> {
    if let Some(rest) = text.strip_prefix("[gw") {
        let (status, name) = rest.split_once("%] ")?.1.split_once(' ')?;
        return Some((name, outcome(status)?));
    }
    let word = text.split_once(' ').map_or(text, |(word, _)| word);
    if let Some(outcome) = outcome(word.split_once('(').map_or(word, |(word, _)| word)) {
        let name = text.get(word.len()..)?.trim();
        // `SKIPPED [2] test_a.py:12: reason` names no test.
        return (is_id(name) || (outcome == TestOutcome::Failed && is_file(name)))
            .then_some((without_message(name), outcome));
    }
    let text = text.strip_suffix(']').and_then(|text| text.rsplit_once(" [")).map_or(text, |(text, _)| text);
    // The reason, in brackets, may have any words.
    let words = ["PASSED", "FAILED", "SKIPPED", "ERROR", "XFAIL", "XPASS"];
    let (at, word) = words
        .iter()
        .filter_map(|word| {
            let at = text.find(&format!(" {word}"))?;
            let after = text.get(at + 1 + word.len()..)?;
            (after.is_empty() || after.starts_with(' ')).then_some((at, *word))
        })
        .min()?;
    let name = text.get(..at)?;
    is_id(name).then_some((name, outcome(word)?))
}

fn outcome(word: &str) -> Option<TestOutcome> {
    match word {
        "PASSED" | "XPASS" => Some(TestOutcome::Passed),
        "FAILED" | "ERROR" | "SUBFAILED" | "SUBFAIL" => Some(TestOutcome::Failed),
        "SKIPPED" | "XFAIL" => Some(TestOutcome::Skipped),
        _ => None,
    }
}

/// Whether a text begins as the id of a test does: `tests/test_a.py::TestB::test_c[d]`.
fn is_id(name: &str) -> bool {
    let file = name.split_once("::").map(|(file, _)| file);
    file.is_some_and(|file| !file.is_empty() && !file.contains(' '))
}

fn is_file(name: &str) -> bool {
    let file = name.split_once(' ').map_or(name, |(file, _)| file);
    file.ends_with(".py") || file.ends_with(".txt") || file.ends_with(".rst") || file.ends_with(".md")
}

/// Takes the message away that follows the name of a failed test. The name of a case may have any words in brackets.
fn without_message(name: &str) -> &str {
    let bracket = name.find('[').filter(|bracket| name.find(" - ").is_none_or(|message| *bracket < message));
    match bracket.and_then(|_| name.find("] - ")) {
        Some(at) => name.get(..=at),
        None if bracket.is_some() => Some(name),
        None => name.split_once(" - ").map(|(name, _)| name),
    }
    .unwrap_or(name)
}
