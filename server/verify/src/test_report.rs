//! Reads out of a check's output which tests ran.
//!
//! Each runner's own summary is what counts: a number of tests is read where the runner prints it last, and names are read
//! from the lines about single tests. What lies between the beginning and the summary of a run is that run's, so a runner's
//! output that a test prints is not read as another run; and where a runner says first how many tests it has, a summary of
//! another number is not its own.
//!
//! All this is text that the tests could print themselves. A test that prints its runner's summary with the right numbers
//! and then ends the process well cannot be told from the runner, nor can names that it prints as its runner would. What
//! runners write to files or to a pipe of their own would not help: a test that is out to deceive reaches those, too. So
//! an answer is not proven by a count; a count can only show that there is no proof.
//!
//! Output is hostile: it is read line by line in linear time, and what is kept is bounded. Never runs anything.

mod cargo_test;
mod go;
mod jest;
mod mocha;
mod nextest;
mod node_test;
mod pytest;
mod run;
mod tap;
mod text;
mod titles;
mod unittest;
mod vitest;

use super::output::plain;
use alfine_core::text::start_of;
use run::Runs;
use serde::{Deserialize, Serialize};
use std::path::Path;
use text::{Line, Reader};

/// How much of a line is read. Bytes; no runner's own line is longer.
const LINE_LIMIT: usize = 8 << 10;

/// What runs tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestRunner {
    /// `cargo test`, and every other binary of Rust's own harness.
    CargoTest,
    /// `cargo nextest`.
    Nextest,
    /// `pytest`.
    Pytest,
    /// `python -m unittest`, and what prints like it, such as Django's `manage.py test`.
    Unittest,
    /// Jest.
    Jest,
    /// Vitest.
    Vitest,
    /// Mocha.
    Mocha,
    /// `node --test`, and files of `node:test` that run alone.
    NodeTest,
    /// `bun test`.
    Bun,
    /// `deno test`.
    Deno,
    /// `go test`.
    Go,
    /// `RSpec`.
    Rspec,
    /// Minitest, and `rails test`.
    Minitest,
    /// `PHPUnit`.
    Phpunit,
    /// `ctest`.
    Ctest,
    /// Maven's Surefire and Failsafe.
    Maven,
    /// Gradle.
    Gradle,
    /// `dotnet test`.
    Dotnet,
    /// `swift test`: `XCTest` and Swift Testing.
    Swift,
    /// What prints the Test Anything Protocol, such as bats and `prove`.
    Tap,
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// It did not run, or nothing was expected of it: skipped, ignored, pending, to do, expected to fail.
    Skipped,
    /// It passed.
    Passed,
    /// It failed, or it could not be run.
    Failed,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCase {
    /// Its name, with the file, package or binary that it is of as far as the output has it. The same in every folder and
    /// at every run; where several tests are called the same, ` #2` and so on tell them apart.
    pub name: String,
    /// How it ended.
    pub outcome: TestOutcome,
}

/// What a check's output says of the tests that it ran.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TestReport {
    /// The runners whose reports were read, in the order in which they ran.
    pub runners: Vec<TestRunner>,
    /// How many tests passed.
    pub passed: u64,
    /// How many tests failed, or could not be run. A file that could not be loaded is one.
    pub failed: u64,
    /// How many tests were skipped.
    pub skipped: u64,
    /// The tests, as far as the output names them. At most 20,000.
    pub cases: Vec<TestCase>,
    /// Whether every test that ran is among them.
    pub is_complete: bool,
    /// Whether a runner began and never summed up: it crashed, or a test ended it. What is counted of it is what it had
    /// told until then.
    pub is_unfinished: bool,
}

impl TestReport {
    /// How many tests ran.
    pub fn executed(&self) -> u64 {
        self.passed.saturating_add(self.failed)
    }

    /// Whether no test ran: there was none, none was selected, or all were skipped.
    pub fn is_empty(&self) -> bool {
        self.executed() == 0
    }

    /// The tests that failed, as far as the output names them.
    pub fn failed_names(&self) -> impl Iterator<Item = &str> {
        self.cases.iter().filter(|case| case.outcome == TestOutcome::Failed).map(|case| case.name.as_str())
    }
}

/// Reads which tests ran out of the output of a command that ran in `folder`; `None` if no runner's report is in it.
/// Paths inside of the folder come out relative to it.
pub fn read(output: &str, folder: &Path) -> Option<TestReport> {
    let mut reading = Reading::new(folder);
    for line in plain(output).lines() {
        reading.line(line);
    }
    reading.into_report()
}

/// Reads an output while it is printed.
pub(super) struct Reading {
    readers: Vec<Box<dyn Reader>>,
    runs: Runs,
    number: usize,
}

impl Reading {
    pub(super) fn new(folder: &Path) -> Self {
        let readers: Vec<Box<dyn Reader>> = vec![
            Box::<cargo_test::Libtest>::default(),
            Box::<nextest::Nextest>::default(),
            Box::<pytest::Pytest>::default(),
            Box::<unittest::Unittest>::default(),
            Box::<jest::Jest>::default(),
            Box::<vitest::Vitest>::default(),
            Box::<mocha::Mocha>::default(),
            Box::<node_test::NodeTest>::default(),
            Box::<tap::Tap>::default(),
            Box::<go::Go>::default(),
        ];
        Self { readers, runs: Runs::new(folder), number: 0 }
    }

    /// Reads a line, without what only a terminal understands.
    fn line(&mut self, line: &str) {
        let line = Line { number: self.number, text: start_of(line, LINE_LIMIT).trim_end() };
        self.number += 1;
        for reader in &mut self.readers {
            reader.line(line, &mut self.runs);
        }
    }

    pub(super) fn into_report(mut self) -> Option<TestReport> {
        for reader in &mut self.readers {
            reader.end(self.number, &mut self.runs);
        }
        self.runs.into_report()
    }
}
