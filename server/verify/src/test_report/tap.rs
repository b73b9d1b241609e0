//! The Test Anything Protocol: Node's `tap` reporter, bats, tape, tap, Mocha's and Vitest's reporters, and `prove`.

use super::{
    node_test::{SEPARATOR, Summary, is_directive},
    report::{TestOutcome, TestRunner},
    run::{Cases, Counts, Run, Runs},
    text::{Line, Reader, indent, number},
    titles::Titles,
};

/// Reads documents in TAP.
#[derive(Debug, Default)]
pub(super) struct Tap {
    document: Option<Document>,
    /// Node's counts, which follow a document.
    summary: Summary,
    /// How many tests `prove` counts, on the line before its result.
    prove: Option<u64>,
}

#[derive(Debug, Default)]
struct Document {
    first: usize,
    last: usize,
    /// Whether it says that it is one.
    has_version: bool,
    /// How many points it has on top, and how many it said.
    points: u64,
    plan: Option<u64>,
    titles: Titles,
    cases: Cases,
    /// Indents at which points came since the last one further out: the parts of a test.
    parts: Vec<usize>,
}

impl Document {
    fn new(first: usize) -> Self {
        Self { first, last: first, ..Self::default() }
    }

    fn point(&mut self, indent: usize, is_ok: bool, text: &str) {
        // Its number, and what separates it from its name, may both be missing.
        let text = number(text).map_or(text, |(_, rest)| rest).trim_start();
        let text = text.strip_prefix("- ").unwrap_or(text).trim();
        // The last `#` that is not escaped begins a directive; Vitest says the time there.
        let (name, directive) = match text.rsplit_once(" # ").or_else(|| Some(("", text.strip_prefix("# ")?)))
        {
            Some((name, directive)) if is_directive(directive) || directive.starts_with("time=") => {
                (name, directive)
            }
            _ => (text.strip_suffix(" {").unwrap_or(text), ""),
        };
        let outcome = match (is_directive(directive), is_ok) {
            (true, _) => TestOutcome::Skipped,
            (false, true) => TestOutcome::Passed,
            (false, false) => TestOutcome::Failed,
        };
        if indent == 0 {
            self.points += 1;
        }
        let has_parts = self.parts.iter().any(|part| *part > indent);
        self.parts.retain(|part| *part <= indent);
        if !self.parts.contains(&indent) {
            self.parts.push(indent);
        }
        self.titles.close(indent);
        // A test that consists of others is told by them.
        if !has_parts {
            let name = self.titles.name(indent, if name.is_empty() { "test" } else { name }, SEPARATOR);
            self.cases.another(&name.replace("\\#", "#"), outcome);
        }
    }

    fn is_whole(&self) -> bool {
        self.plan == Some(self.points)
    }
}

impl Reader for Tap {
    fn line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if runs.took(self.document.as_ref().map(|document| document.first)) {
            self.document = None;
        }
        if let Some(counts) = text.strip_prefix("# ").and_then(|text| self.summary.line(text)) {
            if let Some(document) = self.document.take() {
                runs.add(Run::new(
                    TestRunner::NodeTest,
                    (document.first, line.number),
                    Some(counts),
                    document.cases,
                ));
            }
            return;
        }
        if text.starts_with("TAP version ") {
            self.finish(line.number, runs);
            self.document = Some(Document { has_version: true, ..Document::new(line.number) });
            return;
        }
        self.prove_line(line, runs);
        let (indent, text) = (indent(text), text.trim_start());
        if let Some((is_ok, rest)) = point(text) {
            if indent == 0 && self.document.as_ref().is_some_and(Document::is_whole) {
                match &mut self.document {
                    // The plan was that of a part: Node shows each file's without saying where it begins.
                    Some(document) if document.has_version && document.points == 0 => document.plan = None,
                    _ => self.finish(line.number, runs),
                }
            }
            let document = self.document.get_or_insert_with(|| Document::new(line.number));
            document.last = line.number;
            document.point(indent, is_ok, rest);
        } else if let Some(title) = text.strip_prefix("# Subtest: ") {
            let document = self.document.get_or_insert_with(|| Document::new(line.number));
            // Its own line is as far in as the test, its parts are further in.
            document.titles.open(indent, title);
        } else if let Some(count) = plan(text).filter(|_| indent == 0) {
            match &mut self.document {
                Some(document) if document.has_version && document.points == 0 => document.plan = None,
                Some(document) if document.plan.is_some() => self.finish(line.number, runs),
                _ => {}
            }
            let document = self.document.get_or_insert_with(|| Document::new(line.number));
            document.plan = Some(count);
            document.last = line.number;
        }
    }

    fn end(&mut self, at: usize, runs: &mut Runs) {
        self.finish(at, runs);
    }
}

impl Tap {
    fn finish(&mut self, at: usize, runs: &mut Runs) {
        let Some(document) = self.document.take() else { return };
        let told = document.cases.told();
        if document.is_whole() {
            let lines = (document.first, document.last);
            runs.add(Run::new(TestRunner::Tap, lines, Some(told), document.cases));
        } else if document.plan.is_some_and(|plan| plan > 0 && document.points > 0) || document.has_version {
            // Fewer points than planned: something ended it.
            let lines = (document.first, at.saturating_sub(1));
            runs.add(Run::new(TestRunner::Tap, lines, None, document.cases));
        }
    }

    /// Reads the last lines of `prove`: `Files=2, Tests=7, ...` and `Result: PASS`. It shows no single test.
    fn prove_line(&mut self, line: Line<'_>, runs: &mut Runs) {
        let text = line.text;
        if let Some((_, told)) = text.strip_prefix("Files=").and_then(|told| told.split_once(", Tests=")) {
            self.prove = number(told).map(|(count, _)| count);
            return;
        }
        let Some(count) = self.prove.take() else { return };
        let counts = match text {
            "Result: PASS" => Counts { passed: count, ..Counts::default() },
            // It says which failed, not how many.
            "Result: FAIL" => Counts { failed: count.min(1), passed: count.saturating_sub(1), skipped: 0 },
            "Result: NOTESTS" => Counts::default(),
            _ => return,
        };
        runs.add(Run::new(TestRunner::Tap, (line.number, line.number), Some(counts), Cases::default()));
    }
}

/// Reads `ok 1 - adds`, `not ok 2`.
fn point(text: &str) -> Option<(bool, &str)> {
    let (is_ok, rest) = match text.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, text.strip_prefix("ok")?),
    };
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(' ')? };
    // `ok` alone stands in many outputs; so does Go's `ok  package`.
    let is_point = rest.starts_with(|c: char| c.is_ascii_digit());
    is_point.then_some((is_ok, rest))
}

/// Reads `1..7`, `1..0 # SKIP no database`.
fn plan(text: &str) -> Option<u64> {
    let (count, rest) = number(text.strip_prefix("1..")?)?;
    (rest.is_empty() || rest.starts_with(" #")).then_some(count)
}
