//! Runs verifiers, the checks that Alfine itself makes, and says what they found.
//!
//! A verifier that cannot run has failed: nothing is proven by a check that was not made. Knows nothing of agents, loops
//! or the database; what a verdict means for a loop is decided elsewhere.

mod clean_tree;
mod command;
mod detect;
pub mod findings;
mod output;
mod score;

pub use detect::detect;
pub use findings::OutputFormat;
pub use score::{Score, Verdict, score};

use alfine_core::finding::{Finding, Severity};
use alfine_process::Ender;
use serde::{Deserialize, Serialize};
use std::{
    ffi::OsString,
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// One check to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifierSpec {
    /// What a user calls it, such as `cargo test`.
    pub name: String,
    /// What it does.
    #[serde(flatten)]
    pub kind: VerifierKind,
    /// Its share in the score, relative to the others.
    #[serde(default = "default_weight")]
    pub weight: f64,
    /// How long it may take; in seconds where it is written down.
    #[serde(default = "default_timeout", with = "seconds")]
    pub timeout: Duration,
    /// Whether there is no green without it.
    #[serde(default = "default_required")]
    pub required: bool,
    /// The index of the task's criterion that it proves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion: Option<usize>,
    /// What its output looks like; found out where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<OutputFormat>,
}

impl VerifierSpec {
    /// Makes a verifier with the defaults: weight 1, 300 seconds, required, bound to no criterion.
    pub fn new(name: impl Into<String>, kind: VerifierKind) -> Self {
        Self {
            name: name.into(),
            kind,
            weight: default_weight(),
            timeout: default_timeout(),
            required: default_required(),
            criterion: None,
            format: None,
        }
    }

    /// Makes a verifier of a command, named after it.
    pub fn command(command: impl Into<String>) -> Self {
        let command = command.into();
        Self::new(command.clone(), VerifierKind::Command { command })
    }
}

fn default_weight() -> f64 {
    1.0
}

fn default_timeout() -> Duration {
    Duration::from_secs(300)
}

/// A check that somebody named is meant: without it "done" proves nothing.
fn default_required() -> bool {
    true
}

/// What a verifier does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum VerifierKind {
    /// Passes when a command exits with 0.
    Command {
        /// Given to `sh -c` in the worktree's root.
        command: String,
    },
    /// Passes when nothing is uncommitted, ignored files and Alfine's own folder left out.
    CleanTree {
        /// Git pathspecs to look at; empty: everything.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        paths: Vec<String>,
    },
}

/// Where and how verifiers run.
#[derive(Debug)]
pub struct VerifyContext<'a> {
    /// The worktree's root.
    pub root: &'a Path,
    /// The binary that guards commands: Alfine's own.
    pub guard: &'a Path,
    /// The complete environment of commands.
    pub env: &'a [(OsString, OsString)],
    /// Marks every process of this verification; unique to it.
    pub marker: &'a str,
    /// How long a command's processes have to end themselves before they are killed.
    pub grace: Duration,
    /// Interrupts the verification from another thread.
    pub cancel: &'a CancelToken,
}

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
    /// It could not run.
    NotRun {
        /// Why.
        reason: String,
    },
    /// The tree has this many uncommitted files.
    Uncommitted {
        /// How many; 0 passes.
        count: usize,
    },
}

impl VerifierExit {
    fn passes(&self) -> bool {
        matches!(self, Self::Code { code: 0 } | Self::Uncommitted { count: 0 })
    }
}

impl fmt::Display for VerifierExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { code } => write!(f, "exit status {code}"),
            Self::Signal { signal } => write!(f, "signal {signal}"),
            Self::TimedOut { after } => write!(f, "timed out after {} s", after.as_secs_f64()),
            Self::Interrupted => f.write_str("interrupted"),
            Self::NotRun { reason } => write!(f, "did not run: {reason}"),
            Self::Uncommitted { count: 0 } => f.write_str("nothing uncommitted"),
            Self::Uncommitted { count: 1 } => f.write_str("1 uncommitted file"),
            Self::Uncommitted { count } => write!(f, "{count} uncommitted files"),
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
    /// What it found. Never empty where it failed; without errors where it passed.
    pub findings: Vec<Finding>,
    /// Its share in the score.
    pub weight: f64,
    /// Whether there is no green without it.
    pub required: bool,
}

/// Runs verifiers one after the other, and shows `observe` each result as it comes. Where the verification is interrupted, the results end with the interrupted one.
pub fn run(
    specs: &[VerifierSpec],
    context: &VerifyContext<'_>,
    observe: &mut dyn FnMut(&VerifierResult),
) -> Vec<VerifierResult> {
    let mut results = Vec::new();
    for spec in specs {
        if context.cancel.is_cancelled() {
            break;
        }
        let began = Instant::now();
        let Checked { exit, output, findings } = match &spec.kind {
            VerifierKind::Command { command } => command::check(command, spec, context),
            VerifierKind::CleanTree { paths } => clean_tree::check(context.root, paths),
        };
        let result = VerifierResult {
            name: spec.name.clone(),
            criterion: spec.criterion,
            passed: exit.passes(),
            findings: settle(findings, &exit, &spec.name, &output),
            exit,
            duration: began.elapsed(),
            output,
            weight: spec.weight,
            required: spec.required,
        };
        observe(&result);
        results.push(result);
    }
    results
}

/// What one kind of verifier returns.
struct Checked {
    exit: VerifierExit,
    output: String,
    findings: Vec<Finding>,
}

impl Checked {
    fn not_run(reason: impl fmt::Display) -> Self {
        let exit = VerifierExit::NotRun { reason: reason.to_string() };
        Self { exit, output: String::new(), findings: Vec::new() }
    }
}

/// Makes findings agree with the exit: a success has no errors (its tests may print some), a failure has at least one.
fn settle(mut findings: Vec<Finding>, exit: &VerifierExit, name: &str, output: &str) -> Vec<Finding> {
    if exit.passes() {
        findings.retain(|finding| finding.severity < Severity::Error);
        return findings;
    }
    let told = match exit {
        VerifierExit::Code { code: 127 } => {
            format!("“{name}” was not found (exit status 127): install it, or name another command")
        }
        VerifierExit::Code { .. } | VerifierExit::Uncommitted { .. }
            if findings.iter().any(|finding| finding.severity == Severity::Error) =>
        {
            return findings;
        }
        _ => {
            [format!("“{name}”: {exit}")].into_iter().chain(last_lines(output)).collect::<Vec<_>>().join("\n")
        }
    };
    let message = Finding {
        severity: Severity::Error,
        file: None,
        line: None,
        column: None,
        code: None,
        message: told,
    };
    findings.insert(0, message);
    findings
}

/// The last words of an output in which nothing else was understood.
fn last_lines(output: &str) -> impl Iterator<Item = String> {
    const LINES: usize = 5;
    const LENGTH: usize = 300;
    let lines: Vec<_> = output.lines().rev().filter(|line| !line.trim().is_empty()).take(LINES).collect();
    lines.into_iter().rev().map(|line| line.chars().take(LENGTH).collect()).collect::<Vec<_>>().into_iter()
}

/// Interrupts a verification from any thread.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<Mutex<CancelState>>);

#[derive(Debug, Default)]
struct CancelState {
    cancelled: bool,
    running: Option<Ender>,
}

impl CancelToken {
    /// Ends the command that runs and keeps others from starting. For good.
    pub fn cancel(&self) {
        let mut state = self.state();
        state.cancelled = true;
        if let Some(ender) = &state.running {
            ender.end();
        }
    }

    /// Says whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.state().cancelled
    }

    /// Registers what ends the command that runs now.
    fn set_running(&self, ender: Option<Ender>) {
        let mut state = self.state();
        if let Some(ender) = ender.as_ref().filter(|_| state.cancelled) {
            ender.end();
        }
        state.running = ender;
    }

    fn state(&self) -> MutexGuard<'_, CancelState> {
        // No state is half-written: each change is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Durations as a number of seconds.
mod seconds {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(duration.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(from)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_is_written_with_its_kind_and_read_with_defaults() {
        let spec: VerifierSpec =
            serde_json::from_str(r#"{"name":"tests","kind":"command","command":"make test"}"#).unwrap();
        let command = VerifierKind::Command { command: "make test".to_owned() };
        assert_eq!(spec, VerifierSpec::new("tests", command));
        assert_eq!((spec.weight, spec.timeout, spec.required), (1.0, Duration::from_secs(300), true));
        assert_eq!(
            serde_json::to_string(&VerifierSpec::new("clean", VerifierKind::CleanTree { paths: vec![] }))
                .unwrap(),
            r#"{"name":"clean","kind":"clean-tree","weight":1.0,"timeout":300.0,"required":true}"#
        );
    }

    #[test]
    fn a_timeout_that_is_no_duration_is_refused() {
        for timeout in ["-1", "1e300", "\"x\""] {
            let text = format!(r#"{{"name":"n","kind":"command","command":"c","timeout":{timeout}}}"#);
            assert!(serde_json::from_str::<VerifierSpec>(&text).is_err(), "{timeout}");
        }
    }

    #[test]
    fn exits_read_as_a_user_would_say_them() {
        for (exit, text) in [
            (VerifierExit::Code { code: 101 }, "exit status 101"),
            (VerifierExit::Signal { signal: 9 }, "signal 9"),
            (VerifierExit::TimedOut { after: Duration::from_secs(300) }, "timed out after 300 s"),
            (VerifierExit::TimedOut { after: Duration::from_millis(500) }, "timed out after 0.5 s"),
            (VerifierExit::Uncommitted { count: 2 }, "2 uncommitted files"),
        ] {
            assert_eq!(exit.to_string(), text);
        }
    }

    fn finding(severity: Severity) -> Finding {
        Finding { severity, file: None, line: None, column: None, code: None, message: "m".to_owned() }
    }

    #[test]
    fn a_success_has_no_errors_and_a_failure_at_least_one() {
        let both = vec![finding(Severity::Error), finding(Severity::Warning)];
        let passed = VerifierExit::Code { code: 0 };
        let failed = VerifierExit::Code { code: 1 };
        assert_eq!(settle(both.clone(), &passed, "t", ""), [finding(Severity::Warning)]);
        assert_eq!(settle(both.clone(), &failed, "t", ""), both);
        let told = settle(vec![], &failed, "t", "1\n2\n3\n\n4\n5\n6\n");
        assert_eq!(told[0].message, "“t”: exit status 1\n2\n3\n4\n5\n6");
        let only_warnings = settle(vec![finding(Severity::Warning)], &failed, "t", "too many warnings");
        assert_eq!(only_warnings.len(), 2);
        assert_eq!(only_warnings[0].message, "“t”: exit status 1\ntoo many warnings");
        let late = settle(both, &VerifierExit::TimedOut { after: Duration::from_secs(1) }, "t", "");
        assert_eq!((late.len(), late[0].message.as_str()), (3, "“t”: timed out after 1 s"));
    }
}
