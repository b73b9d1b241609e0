//! What a verifier said, and how it ended.

use super::{VerifierKind, VerifierSpec, seconds, test_report::TestReport};
use alfine_core::{
    finding::Finding,
    judge::{Opinion, Verdict},
    proof::Answer,
    text::detailed,
};
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// How a verifier ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum VerifierExit {
    /// Its command exited.
    Code {
        /// The exit status.
        code: i32,
    },
    /// A signal ended its command.
    Signal {
        /// The signal's number.
        signal: i32,
    },
    /// It took too long and was ended.
    TimedOut {
        /// Its timeout, in seconds where it is written down.
        #[serde(with = "seconds")]
        after: Duration,
    },
    /// The verification was interrupted.
    Interrupted,
    /// It cannot run here, whatever is done to the work: its program is not there, or nobody allowed it.
    Unable {
        /// Why it cannot run.
        reason: String,
    },
    /// It could not run.
    NotRun {
        /// Why the verifier did not run.
        reason: String,
    },
    /// The tree has this many uncommitted files.
    Uncommitted {
        /// How many; 0 passes.
        count: usize,
    },
    /// So many new files are rarely committed.
    Unusual {
        /// How many files or folders; 0 passes.
        count: usize,
    },
    /// A language server said all that it had to say.
    Diagnosed {
        /// How many errors it has, beside those that it had before the work; 0 passes.
        errors: usize,
    },
    /// A browser showed pages.
    Browsed {
        /// How much is not as expected; 0 passes.
        problems: usize,
        /// The pictures that are kept of them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pictures: Vec<String>,
    },
    /// A judge answered.
    Judged {
        /// What it says, and what of that counts.
        opinion: Opinion,
    },
    /// Its command passed, and its controls say that this proves nothing.
    Unproven {
        /// What they say.
        reason: String,
    },
}

impl VerifierExit {
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Code { code: 0 }
            | Self::Uncommitted { count: 0 }
            | Self::Unusual { count: 0 }
            | Self::Diagnosed { errors: 0 }
            | Self::Browsed { problems: 0, .. } => true,
            // What nobody can tell is no failure. Who decides sees that it is no answer either.
            Self::Judged { opinion } => opinion.verdict != Verdict::Refuted,
            Self::Code { .. }
            | Self::Uncommitted { .. }
            | Self::Unusual { .. }
            | Self::Diagnosed { .. }
            | Self::Browsed { .. }
            | Self::Signal { .. }
            | Self::TimedOut { .. }
            | Self::Interrupted
            | Self::Unable { .. }
            | Self::NotRun { .. }
            | Self::Unproven { .. } => false,
        }
    }
}

impl fmt::Display for VerifierExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { code } => write!(f, "exit status {code}"),
            Self::Signal { signal } => write!(f, "signal {signal}"),
            Self::TimedOut { after } => write!(
                f,
                "timed out after {} s: it may be waiting for changes (a watch mode) or for input",
                after.as_secs_f64()
            ),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Unable { reason } => f.write_str(&detailed("cannot run here", reason)),
            Self::NotRun { reason } => f.write_str(&detailed("did not run", reason)),
            Self::Uncommitted { count: 0 } => f.write_str("nothing uncommitted"),
            Self::Uncommitted { count: 1 } => f.write_str("1 uncommitted file"),
            Self::Uncommitted { count } => write!(f, "{count} uncommitted files"),
            Self::Unusual { count: 0 } => f.write_str("no unusual files"),
            Self::Unusual { count: 1 } => f.write_str("1 unusual file or folder"),
            Self::Unusual { count } => write!(f, "{count} unusual files or folders"),
            Self::Browsed { problems: 0, .. } => f.write_str("the pages are as expected"),
            Self::Browsed { problems: 1, .. } => f.write_str("1 problem in the browser"),
            Self::Browsed { problems, .. } => write!(f, "{problems} problems in the browser"),
            Self::Diagnosed { errors: 0 } => f.write_str("no new errors"),
            Self::Diagnosed { errors: 1 } => f.write_str("1 new error"),
            Self::Diagnosed { errors } => write!(f, "{errors} new errors"),
            Self::Judged { opinion } => opinion.fmt(f),
            Self::Unproven { .. } => f.write_str("passes, and proves nothing"),
        }
    }
}

/// What a verifier said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifierResult {
    /// The verifier's name.
    pub name: String,
    /// The index of the criterion it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion: Option<usize>,
    /// Whether what it checks holds.
    pub passed: bool,
    /// How it ended.
    pub exit: VerifierExit,
    /// How long it took; in seconds where it is written down.
    #[serde(with = "seconds")]
    pub duration: Duration,
    /// What it printed: the beginning and the end where it was too much, without colours.
    pub output: String,
    /// What that says of the tests that ran, if a test runner's report is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<TestReport>,
    /// What it found. Never empty where it failed; without errors where it passed.
    pub findings: Vec<Finding>,
    /// Its share in the score.
    pub weight: f64,
    /// Whether the result can be green only if this verifier passes.
    pub required: bool,
}

impl VerifierResult {
    /// Whether nothing that an agent could do lets it pass; why, in the words of its exit.
    pub fn is_unable(&self) -> bool {
        matches!(self.exit, VerifierExit::Unable { .. })
    }

    /// Whether it stands in nobody's way, and is no yes either.
    pub fn says_nothing(&self) -> bool {
        self.passed && self.answer() == Answer::NotRun
    }

    /// What it says of what it checks.
    pub fn answer(&self) -> Answer {
        let tests = self.tests.as_ref();
        match &self.exit {
            VerifierExit::Code { code: 0 } if tests.is_some_and(TestReport::proves_nothing) => Answer::Empty,
            VerifierExit::Code { code: 0 } => Answer::Passed,
            VerifierExit::Code { code } if tests.is_some_and(|tests| tests.is_told_empty(*code)) => {
                Answer::Empty
            }
            VerifierExit::Code { .. } => Answer::Failed,
            VerifierExit::Signal { signal } if is_crash(*signal) => Answer::Failed,
            VerifierExit::Uncommitted { count }
            | VerifierExit::Unusual { count }
            | VerifierExit::Diagnosed { errors: count }
            | VerifierExit::Browsed { problems: count, .. } => {
                if *count == 0 {
                    Answer::Passed
                } else {
                    Answer::Failed
                }
            }
            VerifierExit::Judged { opinion: Opinion { verdict, .. } } => match verdict {
                Verdict::Verified => Answer::Passed,
                Verdict::Refuted => Answer::Failed,
                Verdict::CannotTell => Answer::NotRun,
            },
            VerifierExit::Signal { .. }
            | VerifierExit::TimedOut { .. }
            | VerifierExit::Interrupted
            | VerifierExit::Unable { .. }
            | VerifierExit::NotRun { .. } => Answer::NotRun,
            VerifierExit::Unproven { .. } => Answer::Failed,
        }
    }

    /// The answer of a judge, which took so long.
    pub fn judged(spec: &VerifierSpec, opinion: Opinion, duration: Duration) -> Self {
        let decides = opinion.verdict != Verdict::CannotTell;
        let findings = match opinion.verdict {
            Verdict::Refuted => opinion
                .quotes
                .iter()
                .map(|quote| Finding {
                    file: Some(quote.path.clone()),
                    line: Some(quote.line),
                    code: Some("judge-refuted".to_owned()),
                    ..Finding::error(format!("“{}”: {opinion}", spec.name))
                })
                .collect(),
            Verdict::Verified | Verdict::CannotTell => Vec::new(),
        };
        let exit = VerifierExit::Judged { opinion };
        Self {
            name: spec.name.clone(),
            criterion: spec.criterion,
            passed: exit.passes(),
            exit,
            duration,
            output: String::new(),
            tests: None,
            findings,
            // What it cannot tell speaks neither for nor against the work.
            weight: if decides { spec.weight } else { 0.0 },
            required: spec.required && decides,
        }
    }

    /// The result of a check that must not run.
    pub fn refused(spec: &VerifierSpec, reason: String) -> Self {
        Self::without_run(spec, Checked::unable(reason))
    }

    /// The result of what some check had to do, and none did: `is_able` says whether one could have.
    pub fn missed(name: &str, reason: &str, is_able: bool) -> Self {
        let spec = VerifierSpec::new(name, VerifierKind::CleanTree { paths: Vec::new() });
        let of = if is_able { Checked::not_run } else { |reason: &str| Checked::unable(reason.to_owned()) };
        Self::without_run(&spec, of(reason))
    }

    fn without_run(spec: &VerifierSpec, checked: Checked) -> Self {
        let words = format!("“{}” {}", spec.name, checked.exit);
        Self {
            name: spec.name.clone(),
            criterion: spec.criterion,
            passed: false,
            exit: checked.exit,
            duration: Duration::ZERO,
            output: String::new(),
            tests: None,
            findings: vec![Finding::error(words)],
            weight: spec.weight,
            required: spec.required,
        }
    }
}

/// Whether a program does this to itself: SIGQUIT to SIGFPE without what users send, SIGSEGV, SIGSYS.
fn is_crash(signal: i32) -> bool {
    const ILL: i32 = 4;
    const TRAP: i32 = 5;
    const ABRT: i32 = 6;
    const FPE: i32 = 8;
    const SEGV: i32 = 11;
    // SIGBUS and SIGSYS have other numbers on macOS.
    const BUS: i32 = if cfg!(target_os = "linux") { 7 } else { 10 };
    const SYS: i32 = if cfg!(target_os = "linux") { 31 } else { 12 };
    [ILL, TRAP, ABRT, FPE, SEGV, BUS, SYS].contains(&signal)
}

/// What one kind of verifier returns.
pub(super) struct Checked {
    pub(super) exit: VerifierExit,
    pub(super) output: String,
    pub(super) findings: Vec<Finding>,
    pub(super) tests: Option<TestReport>,
}

impl Checked {
    /// An end of which nothing else is known.
    pub(super) fn ended(exit: VerifierExit, output: String) -> Self {
        Self { exit, output, findings: Vec::new(), tests: None }
    }

    pub(super) fn unable(reason: String) -> Self {
        Self::ended(VerifierExit::Unable { reason }, String::new())
    }

    pub(super) fn not_run(reason: impl fmt::Display) -> Self {
        Self::ended(VerifierExit::NotRun { reason: reason.to_string() }, String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_report;
    use std::path::Path;

    fn answer(exit: VerifierExit, tests: Option<TestReport>) -> Answer {
        let spec = VerifierSpec::command("c");
        VerifierResult { exit, tests, ..VerifierResult::refused(&spec, String::new()) }.answer()
    }

    #[test]
    fn an_exit_and_what_was_tested_are_one_answer() {
        let read = |output: &str| test_report::read(output, Path::new("/home/me/app"));
        let code = |code| VerifierExit::Code { code };
        let passes = "===== test session starts =====\n===== 2 passed, 1 skipped in 0.1s =====";
        let skips = "===== test session starts =====\n===== 2 skipped in 0.1s =====";
        let nothing = "===== test session starts =====\n===== no tests ran in 0.1s =====";
        let broken = "===== test session starts =====\n===== 1 error in 0.1s =====";
        let cut = "===== test session starts =====\ncollected 1 item\n";
        for (exit, output, expected) in [
            (code(0), "", Answer::Passed),
            (code(1), "", Answer::Failed),
            (code(0), passes, Answer::Passed),
            (code(1), passes, Answer::Failed),
            (code(0), skips, Answer::Empty),
            (code(5), nothing, Answer::Empty),
            // A status of another meaning, such as a file that is not there.
            (code(4), nothing, Answer::Failed),
            (code(5), broken, Answer::Failed),
            (code(0), cut, Answer::Empty),
            (code(5), cut, Answer::Failed),
            (code(1), "No tests found, exiting with code 1", Answer::Empty),
            (VerifierExit::Signal { signal: 6 }, passes, Answer::Failed),
            (VerifierExit::Signal { signal: 9 }, passes, Answer::NotRun),
            (VerifierExit::TimedOut { after: Duration::from_secs(1) }, skips, Answer::NotRun),
            (VerifierExit::Unable { reason: String::new() }, "", Answer::NotRun),
            (VerifierExit::Unusual { count: 0 }, "", Answer::Passed),
            (VerifierExit::Uncommitted { count: 2 }, "", Answer::Failed),
        ] {
            assert_eq!(answer(exit.clone(), read(output)), expected, "{exit}: {output}");
        }
    }

    #[test]
    fn a_runner_that_ends_well_without_a_count_tested_nothing() {
        for (command, output, expected) in [
            ("pytest -q", "", Answer::Empty),
            ("cd x && npx jest", "I am a reporter", Answer::Empty),
            ("pytest -qq", "..", Answer::Passed),
            ("pytest > log", "", Answer::Passed),
            ("gradle test", "BUILD SUCCESSFUL", Answer::Passed),
            ("make test", "fine", Answer::Passed),
        ] {
            let exit = VerifierExit::Code { code: 0 };
            let read = test_report::read(output, Path::new("/home/me/app"));
            let tests = test_report::of_command(read, command, true);
            assert_eq!(answer(exit, tests), expected, "{command}");
        }
        assert_eq!(test_report::of_command(None, "pytest", false), None);
    }

    #[test]
    fn exits_read_as_a_user_would_say_them() {
        for (exit, text) in [
            (VerifierExit::Code { code: 101 }, "exit status 101"),
            (VerifierExit::Signal { signal: 9 }, "signal 9"),
            (
                VerifierExit::TimedOut { after: Duration::from_secs(300) },
                "timed out after 300 s: it may be waiting for changes (a watch mode) or for input",
            ),
            (
                VerifierExit::TimedOut { after: Duration::from_millis(500) },
                "timed out after 0.5 s: it may be waiting for changes (a watch mode) or for input",
            ),
            (VerifierExit::Uncommitted { count: 2 }, "2 uncommitted files"),
        ] {
            assert_eq!(exit.to_string(), text);
        }
    }
}
