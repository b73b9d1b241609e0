//! What a check's output says of the tests that it ran.

pub(super) use alfine_core::proof::TestOutcome;
use serde::{Deserialize, Serialize};

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

impl TestRunner {
    /// The exit status with which it says that there is no test, if that is not 0.
    fn status_of_nothing(self) -> Option<i32> {
        match self {
            Self::Pytest | Self::Unittest => Some(5),
            Self::Nextest => Some(4),
            Self::Ctest => Some(8),
            Self::Jest
            | Self::Vitest
            | Self::Mocha
            | Self::Bun
            | Self::Deno
            | Self::Phpunit
            | Self::Gradle => Some(1),
            Self::CargoTest
            | Self::NodeTest
            | Self::Go
            | Self::Rspec
            | Self::Minitest
            | Self::Maven
            | Self::Dotnet
            | Self::Swift
            | Self::Tap => None,
        }
    }
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

    /// Whether an end that is well proves nothing: no test ran, or nobody said which.
    pub(crate) fn proves_nothing(&self) -> bool {
        self.is_empty() || self.is_unfinished
    }

    /// Whether this exit status is how a runner says that there was no test to run.
    pub(crate) fn is_told_empty(&self, code: i32) -> bool {
        let says_so = |runner: &TestRunner| runner.status_of_nothing() == Some(code);
        self.is_empty() && !self.is_unfinished && self.runners.last().is_some_and(says_so)
    }
}
