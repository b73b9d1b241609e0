//! What one run of a runner says, and the runs of a whole output.

use super::report::{TestCase, TestOutcome, TestReport, TestRunner};
use alfine_core::text::start_of;
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

/// How many tests are known by name.
const CASES: usize = 20_000;

/// How much of a test's name is kept. Bytes.
const NAME: usize = 400;

/// How many runs are told apart in one output.
const RUNS: usize = 10_000;

/// How many tests passed, failed and were skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Counts {
    pub(super) fn add(&mut self, outcome: TestOutcome, count: u64) {
        let sum = match outcome {
            TestOutcome::Passed => &mut self.passed,
            TestOutcome::Failed => &mut self.failed,
            TestOutcome::Skipped => &mut self.skipped,
        };
        *sum = sum.saturating_add(count);
    }

    fn take(&mut self, outcome: TestOutcome) {
        let sum = match outcome {
            TestOutcome::Passed => &mut self.passed,
            TestOutcome::Failed => &mut self.failed,
            TestOutcome::Skipped => &mut self.skipped,
        };
        *sum = sum.saturating_sub(1);
    }

    pub(super) fn is_nothing(self) -> bool {
        self.total() == 0
    }

    pub(super) fn total(self) -> u64 {
        self.passed.saturating_add(self.failed).saturating_add(self.skipped)
    }
}

/// The tests of one run, each name once.
#[derive(Debug, Default)]
pub(super) struct Cases {
    list: Vec<TestCase>,
    places: HashMap<String, usize>,
    /// How often each name came that more than one test has.
    repeated: HashMap<String, u32>,
    /// How many outcomes were told, those of one name apart.
    told: Counts,
    has_more: bool,
}

impl Cases {
    /// Notes a test. Where its name is known already it is the same test, and the worse outcome counts.
    pub(super) fn note(&mut self, name: &str, outcome: TestOutcome) {
        match self.place(name) {
            Some(known) if known.outcome == outcome => {}
            Some(known) => {
                known.outcome = known.outcome.max(outcome);
                self.told.add(outcome, 1);
            }
            None => self.push(name, outcome),
        }
    }

    /// Notes a test that may have been tried before: its last outcome counts.
    pub(super) fn set(&mut self, name: &str, outcome: TestOutcome) {
        let Some(known) = self.place(name) else { return self.push(name, outcome) };
        let before = std::mem::replace(&mut known.outcome, outcome);
        self.told.take(before);
        self.told.add(outcome, 1);
    }

    /// Notes one more test, whatever others are called.
    pub(super) fn another(&mut self, name: &str, outcome: TestOutcome) {
        if self.place(name).is_none() {
            return self.push(name, outcome);
        }
        let count = self.repeated.entry(clean(name).to_owned()).or_insert(1);
        *count = count.saturating_add(1);
        let name = numbered(clean(name), *count);
        self.push(&name, outcome);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(clean(name))
    }

    /// Says that there are tests whose names the output does not have.
    pub(super) fn leave_out(&mut self) {
        self.has_more = true;
    }

    /// Whether these are the tests that a summary counts.
    pub(super) fn agree(&self, counts: Counts) -> bool {
        (self.told.passed, self.told.failed) == (counts.passed, counts.failed)
    }

    /// Takes all that another run's noise was taken for.
    pub(super) fn append(&mut self, other: Self) {
        for case in other.list {
            self.another(&case.name, case.outcome);
        }
    }

    pub(super) fn told(&self) -> Counts {
        self.told
    }

    fn place(&mut self, name: &str) -> Option<&mut TestCase> {
        let place = *self.places.get(clean(name))?;
        self.list.get_mut(place)
    }

    fn push(&mut self, name: &str, outcome: TestOutcome) {
        let name = clean(name);
        if name.is_empty() {
            return;
        }
        if self.list.len() >= CASES {
            self.has_more = true;
            return;
        }
        self.told.add(outcome, 1);
        self.places.insert(name.to_owned(), self.list.len());
        self.list.push(TestCase { name: name.to_owned(), outcome });
    }
}

/// One run of a runner: from its first line to its summary.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) runner: TestRunner,
    /// The numbers of its first and its last line.
    pub(super) first: usize,
    pub(super) last: usize,
    /// What its summary says; `None` if it came to none.
    pub(super) counts: Option<Counts>,
    pub(super) cases: Cases,
    /// Whether what was seen of its tests agrees with its summary. Where a runner does not say when it begins, one that
    /// does not agree may be what a test printed; it counts only if no run comes after it that agrees.
    pub(super) is_sure: bool,
}

impl Run {
    /// Makes a run of a runner that says when it begins.
    pub(super) fn new(
        runner: TestRunner,
        lines: (usize, usize),
        counts: Option<Counts>,
        cases: Cases,
    ) -> Self {
        Self { runner, first: lines.0, last: lines.1, counts, cases, is_sure: true }
    }
}

/// The runs of an output.
#[derive(Debug)]
pub(super) struct Runs {
    /// The folder that the runners ran in, as it was given and as the system resolves it, each with a `/` at its end.
    folders: Vec<String>,
    runs: Vec<Run>,
    cases: usize,
    /// The first and the last line of the latest run that is sure.
    sure: Option<(usize, usize)>,
    is_cut: bool,
}

impl Runs {
    pub(super) fn new(root: &Path) -> Self {
        let resolved = root.canonicalize().ok().filter(|resolved| resolved != root);
        let folders = [Some(root.to_owned()), resolved].into_iter().flatten().map(|folder: PathBuf| {
            let folder = folder.to_string_lossy().into_owned();
            format!("{}/", folder.trim_end_matches('/'))
        });
        Self {
            folders: folders.filter(|folder| folder != "/").collect(),
            runs: Vec::new(),
            cases: 0,
            sure: None,
            is_cut: false,
        }
    }

    /// Whether this line was of the run that ended last, so that what another reader knows since then is nothing.
    pub(super) fn took(&self, line: Option<usize>) -> bool {
        self.sure.zip(line).is_some_and(|((first, last), line)| first <= line && line <= last)
    }

    /// Adds a run that has ended.
    pub(super) fn add(&mut self, mut run: Run) {
        if run.is_sure {
            self.sure = Some((run.first, run.last));
        }
        if self.runs.len() >= RUNS {
            self.is_cut = true;
            return;
        }
        let room = CASES.saturating_sub(self.cases);
        if run.cases.list.len() > room {
            run.cases.list.truncate(room);
            run.cases.has_more = true;
        }
        self.cases += run.cases.list.len();
        self.runs.push(run);
    }

    /// Puts the runs together. What was printed inside of another run is what a test of it printed.
    pub(super) fn into_report(self) -> Option<TestReport> {
        let Self { folders, mut runs, is_cut, .. } = self;
        runs.sort_by_key(|run| (run.first, std::cmp::Reverse(run.last)));
        let mut end = None;
        runs.retain(|run| {
            let is_own = end.is_none_or(|end| run.last > end);
            end = end.max(Some(run.last));
            is_own
        });
        let last_sure = runs.iter().filter(|run| run.is_sure).map(|run| run.first).max();
        runs.retain(|run| run.is_sure || last_sure.is_none_or(|sure| run.first > sure));
        let mut report = TestReport { is_complete: !is_cut, ..TestReport::default() };
        let mut names = Names::default();
        for run in runs {
            if !report.runners.contains(&run.runner) {
                report.runners.push(run.runner);
            }
            let told = run.cases.told;
            let counts = run.counts.unwrap_or(told);
            report.passed = report.passed.saturating_add(counts.passed);
            report.failed = report.failed.saturating_add(counts.failed);
            report.skipped = report.skipped.saturating_add(counts.skipped);
            report.is_unfinished |= run.counts.is_none();
            report.is_complete &= run.counts.is_some() && !run.cases.has_more && run.cases.agree(counts);
            report.cases.extend(run.cases.list.into_iter().map(|case| {
                let name = folders.iter().fold(case.name, |name, folder| name.replace(folder, ""));
                TestCase { name: names.unique(name), outcome: case.outcome }
            }));
        }
        (!report.runners.is_empty()).then_some(report)
    }
}

/// Tells tests of several runs apart that are called the same.
#[derive(Debug, Default)]
struct Names {
    seen: HashSet<String>,
    repeated: HashMap<String, u32>,
}

impl Names {
    fn unique(&mut self, name: String) -> String {
        if self.seen.insert(name.clone()) {
            return name;
        }
        let count = self.repeated.entry(name.clone()).or_insert(1);
        *count = count.saturating_add(1);
        let numbered = numbered(&name, *count);
        self.seen.insert(numbered.clone());
        numbered
    }
}

fn numbered(name: &str, count: u32) -> String {
    format!("{name} #{count}")
}

fn clean(name: &str) -> &str {
    start_of(name.trim(), NAME).trim_end()
}
