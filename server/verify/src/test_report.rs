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

mod bun;
mod cargo_test;
mod command;
mod ctest;
mod deno;
mod dotnet;
mod go;
mod gradle;
mod jest;
mod maven;
mod minitest;
mod mocha;
mod nextest;
mod node_test;
mod only;
mod phpunit;
mod pytest;
mod report;
mod rspec;
mod run;
pub(crate) mod shell;
mod swift;
mod tap;
mod text;
mod titles;
mod unittest;
mod vitest;

pub use alfine_core::proof::TestOutcome;
pub use command::runner_of;
pub use only::only;
pub use report::{TestCase, TestReport, TestRunner};

use super::output::plain;
use alfine_core::text::start_of;
use run::Runs;
use std::path::Path;
use text::{Line, Reader};

/// How much of a line is read. Bytes; no runner's own line is longer.
const LINE_LIMIT: usize = 8 << 10;

/// How much of a line is read before colours and what was overwritten are taken out. Bytes.
const RAW_LINE_LIMIT: usize = 64 << 10;

/// Reads which tests ran out of the output of a command that ran in `folder`; `None` if no runner's report is in it.
/// Paths inside of the folder come out relative to it.
pub fn read(output: &str, folder: &Path) -> Option<TestReport> {
    let mut reading = Reading::new(folder);
    for line in plain(output).lines() {
        reading.line(line);
    }
    reading.into_report()
}

/// Completes what the output of a command says by what its words say: the runner that it starts would have said which
/// tests ran.
pub(super) fn of_command(report: Option<TestReport>, command: &str, ended_well: bool) -> Option<TestReport> {
    let mut report = report;
    if let Some(report) = report.as_mut().filter(|_| command.contains("--test-name-pattern")) {
        node_test::forget_files(report);
    }
    if let Some(report) = report.as_mut().filter(|_| command::tells_each_test(command)) {
        go::forget_packages(report);
    }
    report.or_else(|| {
        let runner = runner_of(command).filter(|_| ended_well)?;
        let silent = TestReport { runners: vec![runner], is_unfinished: true, ..TestReport::default() };
        command::shows_counts(command).then_some(silent)
    })
}

/// How much of an output is read from its beginning, in lines and in bytes, and how much from its end, in bytes. No suite's
/// report is longer, and twenty readers look at each line.
const MOST_LINES: usize = 500_000;
const MOST_BYTES: usize = 16 << 20;
const END_BYTES: usize = 1 << 20;

/// Reads an output while it is printed.
pub(super) struct Reading {
    readers: Vec<Box<dyn Reader + Send>>,
    runs: Runs,
    number: usize,
    /// The beginning of a line of which the end was not printed yet.
    begun: Vec<u8>,
    /// How much was printed.
    bytes: usize,
    /// What was printed last, once it is too much to be read as it comes.
    end: Vec<u8>,
    /// Whether something in between was not read.
    has_gap: bool,
}

impl Reading {
    pub(super) fn new(folder: &Path) -> Self {
        let readers: Vec<Box<dyn Reader + Send>> = vec![
            Box::<cargo_test::Libtest>::default(),
            Box::<nextest::Nextest>::default(),
            Box::<pytest::Pytest>::default(),
            Box::<unittest::Unittest>::default(),
            Box::<jest::Jest>::default(),
            Box::<vitest::Vitest>::default(),
            Box::<mocha::Mocha>::default(),
            Box::<node_test::NodeTest>::default(),
            Box::<tap::Tap>::default(),
            Box::<bun::Bun>::default(),
            Box::<deno::Deno>::default(),
            Box::<rspec::Rspec>::default(),
            Box::<minitest::Minitest>::default(),
            Box::<phpunit::Phpunit>::default(),
            Box::<ctest::Ctest>::default(),
            Box::<maven::Maven>::default(),
            Box::<gradle::Gradle>::default(),
            Box::<dotnet::Dotnet>::default(),
            Box::<swift::Swift>::default(),
            Box::<go::Go>::default(),
        ];
        Self {
            readers,
            runs: Runs::new(folder),
            number: 0,
            begun: Vec::new(),
            bytes: 0,
            end: Vec::new(),
            has_gap: false,
        }
    }

    /// Reads what was printed next.
    pub(super) fn push(&mut self, printed: &[u8]) {
        self.bytes = self.bytes.saturating_add(printed.len());
        if self.bytes <= MOST_BYTES && self.number < MOST_LINES {
            return self.read(printed);
        }
        self.end.extend_from_slice(printed);
        // Not at every piece: that would move the whole end each time.
        if self.end.len() > 2 * END_BYTES {
            self.end.drain(..self.end.len() - END_BYTES);
            self.has_gap = true;
        }
    }

    fn read(&mut self, printed: &[u8]) {
        for part in printed.split_inclusive(|byte| *byte == b'\n') {
            // A line that goes on and on is overwritten again and again, or it is nothing of a runner.
            let room = RAW_LINE_LIMIT.saturating_sub(self.begun.len());
            self.begun.extend(part.iter().take(room));
            if part.ends_with(b"\n") {
                self.begun_line();
            }
        }
    }

    fn begun_line(&mut self) {
        let line = plain(&String::from_utf8_lossy(&self.begun));
        self.begun.clear();
        self.line(line.trim_end_matches('\n'));
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
        let end = std::mem::take(&mut self.end);
        if self.has_gap {
            // Half a line could read as something else than it was.
            self.begun.clear();
            let whole = end.iter().position(|byte| *byte == b'\n').map_or(end.len(), |at| at + 1);
            self.read(end.get(whole..).unwrap_or_default());
        } else {
            self.read(&end);
        }
        let has_gap = self.has_gap;
        if !self.begun.is_empty() {
            self.begun_line();
        }
        for reader in &mut self.readers {
            reader.end(self.number, &mut self.runs);
        }
        let mut report = self.runs.into_report();
        if let Some(report) = report.as_mut().filter(|_| has_gap) {
            report.is_complete = false;
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(output: &str) -> Option<TestReport> {
        read(output, Path::new("/home/me/app"))
    }

    fn counts(output: &str) -> Option<(u64, u64, u64)> {
        of(output).map(|report| (report.passed, report.failed, report.skipped))
    }

    #[test]
    fn a_package_of_go_that_is_to_name_its_tests_and_names_none_ran_none() {
        let executed = |command: &str, output: &str| {
            of_command(of(output), command, true).map(|report| (report.executed(), report.is_empty()))
        };
        let silent = "ok  \tcalc\t0.004s\n";
        assert_eq!(executed("go test -v ./...", silent), Some((0, true)));
        assert_eq!(executed("go test ./...", silent), Some((1, false)));
        assert_eq!(
            executed("go test -v ./a && go test ./b", silent),
            Some((1, false)),
            "one may be the other's"
        );
        let told =
            "=== RUN   TestAdd\n--- PASS: TestAdd (0.00s)\nPASS\nok  \tcalc\t0.004s\nok  \tother\t0.1s\n";
        assert_eq!(executed("cd a && go test -v ./...", told), Some((1, false)));
    }

    #[test]
    fn runners_one_after_the_other_are_summed() {
        let output = "
running 1 test
test adds ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

============================= test session starts ==============================
collected 2 items

test_a.py .s                                                             [100%]

========================= 1 passed, 1 skipped in 0.01s =========================

Ran 3 tests in 0.001s

FAILED (failures=1)
";
        let report = of(output).unwrap();
        assert_eq!(report.runners, [TestRunner::CargoTest, TestRunner::Pytest, TestRunner::Unittest]);
        assert_eq!((report.executed(), report.passed, report.failed, report.skipped), (5, 4, 1, 1));
        assert!(!report.is_complete && !report.is_unfinished && !report.is_empty());
    }

    #[test]
    fn an_output_is_read_as_it_comes() {
        let output = "\u{1b}[1mrunning 2 tests\u{1b}[0m\r\ntest é ... ok\ntest b ... FAILED\n\n\
                      test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out";
        let whole = of(output).unwrap();
        for size in [1, 2, 3, 7, 100] {
            let mut reading = Reading::new(Path::new("/home/me/app"));
            for chunk in output.as_bytes().chunks(size) {
                reading.push(chunk);
            }
            assert_eq!(reading.into_report().as_ref(), Some(&whole));
        }
        assert_eq!((whole.passed, whole.failed, whole.is_complete), (1, 1, true));
    }

    #[test]
    fn what_only_looks_like_a_count_is_none() {
        for output in [
            "5 passed",
            "I saw 5 passed in the log",
            "All tests passed",
            "ok",
            "OK",
            "Tests: 5",
            "Tests:       12 passed, 12 total",
            "test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "running 3 tests",
            "Ran 3 tests in 0.001s",
            "1..3",
            "ok 1 - adds",
            "ok\tfine",
            "PASS src/a.test.js",
            "  ✓ adds",
            "✔ adds (1ms)",
            "Starting 2 tests across 1 binary",
            "12:30:45 INFO 3 failed, 2 passed in 0.1s",
            "FAILED",
            "",
        ] {
            assert_eq!(of(output), None, "{output}");
        }
    }

    #[test]
    fn what_a_test_prints_is_not_another_run() {
        // A harness tells how many tests it has, and what lies between its beginning and its end is printed by them.
        let inner = "running 2 tests\ntest a ... ok\ntest b ... ok\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        let output = format!(
            "     Running unittests src/lib.rs (target/debug/deps/app-0123456789abcdef)\n\nrunning 1 test\n{inner}\n\
             ========= 9 passed in 0.01s =========\ntest own ... ignored\n\n\
             test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n"
        );
        let report = of(&output).unwrap();
        assert_eq!((report.passed, report.skipped), (0, 1));
        assert!(report.is_empty() && report.runners == [TestRunner::CargoTest]);
        // Where it ends without a summary of its own, a summary of another number does not help.
        let unfinished = output.rsplit_once("test own").unwrap().0;
        assert!(of(unfinished).unwrap().is_unfinished);
    }

    #[test]
    fn folders_and_what_changes_from_run_to_run_are_in_no_name() {
        let output = |folder: &str, hash: &str, time: &str| {
            format!(
                "     Running tests/it.rs ({folder}/target/debug/deps/it-{hash})\n\nrunning 1 test\ntest adds ... ok <{time}>\n\n\
                 test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in {time}\n\
                 TAP version 13\nnot ok 1 - {folder}/test/a.test.mjs\n  ---\n  duration_ms: 1\n  ...\n1..1\n"
            )
        };
        let here = read(&output("/home/me/app", "0123456789abcdef", "0.001s"), Path::new("/home/me/app"));
        let there = read(&output("/tmp/bench/1", "fedcba9876543210", "3.2s"), Path::new("/tmp/bench/1/"));
        assert_eq!(here, there);
        let names: Vec<_> = here.unwrap().cases.into_iter().map(|case| case.name).collect();
        assert_eq!(names, ["it tests/it.rs: adds", "test/a.test.mjs"]);
    }

    #[test]
    fn colours_and_overwritten_lines_do_not_hide_a_count() {
        let output = "\u{1b}[1mTest Suites: \u{1b}[22m\u{1b}[32m1 passed\u{1b}[39m, 1 total\r\n\u{1b}[1mTests:       \u{1b}[22m3 passed, 3 total\r\n";
        assert_eq!(counts(output), Some((3, 0, 0)));
        assert_eq!(counts("collecting ...\r===== 2 passed in 0.01s ====="), Some((2, 0, 0)));
    }

    #[test]
    fn names_are_bounded_and_counts_are_not() {
        let mut output = "running 30000 tests\n".to_owned();
        for number in 0..30_000 {
            output.push_str(&format!("test t{number} ... ok\n"));
        }
        output.push_str("\ntest result: ok. 30000 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n");
        let report = of(&output).unwrap();
        assert_eq!((report.passed, report.cases.len(), report.is_complete), (30_000, 20_000, false));
    }

    #[test]
    fn a_report_is_written_down_and_read_back() {
        let report = of("TAP version 13\nok 1 - a\nnot ok 2 - b\n1..2\n").unwrap();
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<TestReport>(&text).unwrap(), report);
        let failed = report.cases.iter().filter(|case| case.outcome == TestOutcome::Failed);
        assert_eq!(failed.map(|case| case.name.as_str()).collect::<Vec<_>>(), ["b"]);
    }

    /// Shapes that feed every state of every reader.
    const PIECES: &[&str] = &[
        "     Running tests/a.rs (t/a-0123456789abcdef)",
        "   Doc-tests app",
        "running 2 tests",
        "test a ... ok",
        "test a ... ",
        "test src/a.rs - f (line 3) ... ok",
        "ok",
        "failures:",
        "    a",
        "---- a stdout ----",
        "test result: ok. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out",
        "    Starting 2 tests across 1 binary",
        "        PASS [   0.004s] (1/2) app a",
        "     Summary [   0.1s] 2 tests run: 2 passed (1 slow), 0 skipped",
        "===== test session starts =====",
        "===== 1 passed in 0.1s =====",
        "1 failed, 2 passed in 0.1s",
        "a.py::b PASSED [100%]",
        "FAILED a.py::b[c - d] - e",
        "[gw0] [ 10%] PASSED a.py::b",
        "---- Captured stdout ----",
        "b (a.T.b) ... ok",
        "FAIL: b (a.T.b) (i=1)",
        "Ran 2 tests in 0.1s",
        "OK (skipped=1)",
        "PASS a.test.js",
        "FAIL a.test.ts",
        "  ● a › b",
        "  ● Test suite failed to run",
        "  suite",
        "    ✓ a (1 ms)",
        "Test Suites: 1 passed, 1 total",
        "Tests:       1 passed, 1 total",
        " RUN  v4.1.12 /home/me/app",
        " ❯ a.test.ts (2 tests | 1 failed) 5ms",
        "   ✓ b 1ms",
        " FAIL  a.test.ts > b",
        "⎯⎯ Failed Suites 2 ⎯⎯",
        "      Tests  1 failed | 1 passed (2)",
        "    1) fails",
        "  1 passing (1ms)",
        "  1 failing",
        "▶ s",
        "✔ a (1ms)",
        "ℹ tests 1",
        "ℹ pass 1",
        "ℹ duration_ms 1",
        "TAP version 13",
        "# Subtest: s",
        "    ok 1 - a # SKIP",
        "not ok 2 - b",
        "1..2",
        "# tests 1",
        "# duration_ms 1",
        "Files=1, Tests=2, 0 s",
        "Result: PASS",
        "=== RUN   TestA",
        "--- PASS: TestA (0.00s)",
        "ok  \ta/b\t0.1s",
        "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"T\"}",
        "{\"Action\":\"pass\",\"Package\":\"p\"}",
        "DONE 2 tests in 0.1s",
        "bun test v1.2.3 (abc)",
        "(pass) a [1ms]",
        " 1 pass",
        "Ran 1 test across 1 file. [1ms]",
        "running 1 test from ./a.ts",
        "a ... ok (1ms)",
        "ok | 1 passed | 0 failed (1ms)",
        "Finished in 0.1 seconds (files took 1 seconds to load)",
        "2 examples, 1 failure",
        "rspec ./a_spec.rb:1 # A b",
        "Run options: --seed 1",
        "A#test_b = 0.00 s = .",
        "  1) Failure:",
        "2 runs, 1 assertions, 0 failures, 0 errors, 0 skips",
        "PHPUnit 11.0.0 by Sebastian Bergmann and contributors.",
        "There was 1 failure:",
        "1) A::b with data set \"c\" (1)",
        "OK (2 tests, 2 assertions)",
        "Tests: 2, Assertions: 1, Failures: 1.",
        "Test project /home/me/app/build",
        "1/2 Test #1: a ....   Passed    0.01 sec",
        "50% tests passed, 1 tests failed out of 2",
        "[INFO]  T E S T S",
        "[INFO] Results:",
        "[ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0",
        "> Task :test",
        "A > b FAILED",
        "2 tests completed, 1 failed",
        "Test run for a.dll (x)",
        "  Failed A.B [1 ms]",
        "Passed!  - Failed: 0, Passed: 1, Skipped: 0, Total: 1, Duration: 1 ms - a.dll",
        "Total tests: 1",
        "     Passed: 1",
        "Test Suite 'All tests' started at x",
        "Test Suite 'All tests' passed at x",
        "Test Case 'A.b' passed (0.1 seconds)",
        "Executed 1 test, with 0 failures (0 unexpected) in 0.1 (0.1) seconds",
        "x Test run started.",
        "x Test a() passed after 0.1 seconds.",
        "x Test run with 1 test passed after 0.1 seconds.",
        "18446744073709551615 passed in 1s",
        "é",
        "\u{1b}[",
        "\r",
        "   ",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_output_panics_and_every_report_is_bounded(
            pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60), any in any::<String>()
        ) {
            for output in [pieces.join("\n"), pieces.concat(), any] {
                let Some(report) = of(&output) else { continue };
                let mut names: Vec<_> = report.cases.iter().map(|case| &case.name).collect();
                prop_assert!(names.iter().all(|name| !name.is_empty() && name.len() <= 450));
                names.sort();
                names.dedup();
                prop_assert_eq!(names.len(), report.cases.len());
                prop_assert!(!report.runners.is_empty());
            }
        }
    }

    #[test]
    fn hostile_outputs_take_linear_time() {
        let repeated = |piece: &str, bytes: usize| piece.repeat(bytes / piece.len());
        let one_line = ["a", "[", "{", " ", "test ", "(", " ... ", " - ", " > "]
            .into_iter()
            .chain(PIECES.iter().copied());
        let lines: Vec<_> = PIECES.iter().map(|piece| format!("{piece}\n")).collect();
        let pairs: Vec<_> = PIECES.windows(2).map(|pair| format!("{}\n{}\n", pair[0], pair[1])).collect();
        let outputs = one_line
            .map(|piece| repeated(piece, 32 << 10))
            .chain(lines.iter().map(|piece| repeated(piece, 12 << 10)))
            .chain(pairs.iter().map(|piece| repeated(piece, 3 << 10)));
        // Anything worse than quadratic time would be a hang, which ends the test.
        for output in outputs {
            if let Some(report) = of(&output) {
                assert!(report.cases.len() <= 20_000);
            }
        }
    }
}
