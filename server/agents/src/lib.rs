//! Coding agents: how each CLI is called, and how what it prints becomes the one model of `alfine_core::agent`.
//!
//! One file per CLI. Adapters are pure: they start no process and read no clock, so they never know the runner, git
//! or the store. What the CLI prints is input from outside: nothing of it can fail, panic, or grow memory.

mod claude;
mod command;
mod lenient;
mod lines;
pub mod rehearsal;
mod reset_time;

pub use lines::{CUT_HEAD, LINE_LIMIT, Line, Lines};

use alfine_core::agent::{AgentEvent, Outcome, SessionId};
use serde::{Deserialize, Serialize};
use std::{ffi::OsString, path::PathBuf};

/// The names that [`adapter`] takes.
pub const KNOWN: [&str; 3] = ["claude", "command", "rehearsal"];

/// The longest text in an event that is there to be shown, not to be read for a gate; in bytes.
const SHOWN_TEXT: usize = 2000;
/// The longest summary of a tool's input, in bytes.
const SUMMARY: usize = 160;

/// How one CLI is called and understood.
pub trait Adapter: Send + Sync {
    /// Returns its name, as in the configuration.
    fn name(&self) -> &'static str;

    /// Returns the command line of one run.
    fn invocation(&self, request: &Request) -> Result<Invocation, InvocationError>;

    /// Makes a decoder for the output of one run.
    fn decoder(&self, prior: &PriorSession) -> Box<dyn Decoder>;

    /// Returns the exact command that logs in; empty where there is no login.
    fn login_hint(&self) -> &'static str;

    /// Returns the environment variables that are the agent's own, and so are passed on even if they look like
    /// secrets. A trailing `*` stands for any ending.
    fn own_env(&self) -> &'static [&'static str];

    /// Returns variables that are the agent's own only while another one is set: (that one, the variables).
    fn own_env_when(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[]
    }

    /// Returns the invocation that prints the CLI's version and asks no model; none where there is no such thing.
    fn probe(&self, command: Option<&str>) -> Option<Result<Invocation, InvocationError>>;

    /// Returns the command that installs the CLI; empty where there is nothing to install.
    fn install_hint(&self) -> &'static str;
}

/// What is asked of an agent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// The prompt. On stdin, except where the user's command wants it as an argument.
    pub prompt: String,
    /// The session to resume.
    pub session: Option<SessionId>,
    /// The model, in the CLI's words.
    pub model: Option<String>,
    /// What the agent may do without asking.
    pub permissions: Permissions,
    /// Where it works.
    pub cwd: PathBuf,
    /// More arguments, from the user.
    pub extra_args: Vec<String>,
    /// Runs instead of the CLI's usual program; split into words as a shell does.
    pub command: Option<String>,
    /// The CLI's own limit of cost, in US dollars.
    pub max_budget_usd: Option<f64>,
}

/// What an agent may do without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permissions {
    /// Edit files of the worktree.
    Edits,
    /// Edit files and use the shell.
    #[default]
    Commands,
    /// Anything: the CLI's own checks are off.
    All,
}

/// A process to start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invocation {
    /// The program: a path, or a name to look up in `PATH`.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables to add to its environment.
    pub env: Vec<(OsString, OsString)>,
    /// What it reads; then its stdin is closed.
    pub stdin: Vec<u8>,
}

/// What is known of the session that a run resumes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PriorSession {
    /// What [`Decoder::session_total_cost`] said at the end of its previous run, in US dollars.
    pub total_cost_usd: Option<f64>,
}

/// Turns the output of one run into events.
pub trait Decoder: Send {
    /// Takes the next bytes of stdout.
    fn push(&mut self, chunk: &[u8], sink: &mut dyn FnMut(AgentEvent));

    /// Takes the end of the process and the end of its stderr. The last event is the run's only `Ended`; nothing comes
    /// at all where an early one (a bad key) was handed on by [`Decoder::push`].
    fn finish(&mut self, exit: Exit, stderr_tail: &str, sink: &mut dyn FnMut(AgentEvent));

    /// Returns the CLI's own total for the session so far, in US dollars. Only good as the next run's
    /// [`PriorSession`]: whether it covers one run or all of them depends on the CLI's version.
    fn session_total_cost(&self) -> Option<f64>;
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exit {
    /// Its exit status.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

impl Exit {
    /// Makes the exit with this status.
    pub fn with_code(code: i32) -> Self {
        Self { code: Some(code), signal: None }
    }

    /// Says whether a signal ended it, or it said so itself the way shells do (128 + SIGHUP, SIGINT, SIGKILL, SIGTERM).
    pub fn is_interruption(self) -> bool {
        self.signal.is_some() || matches!(self.code, Some(129 | 130 | 137 | 143))
    }

    fn describe(self) -> String {
        match (self.signal, self.code) {
            (Some(signal), _) => format!("ended by signal {signal}"),
            (None, Some(code)) => format!("exit status {code}"),
            (None, None) => "ended without a status".to_owned(),
        }
    }
}

impl From<std::process::ExitStatus> for Exit {
    fn from(status: std::process::ExitStatus) -> Self {
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        #[cfg(not(unix))]
        let signal = None;
        Self { code: status.code(), signal }
    }
}

/// A name that is no agent's.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("no agent is called “{name}”")]
pub struct UnknownAgent {
    /// As written.
    pub name: String,
    /// The nearest known name, where one is near.
    pub nearest: Option<&'static str>,
}

/// An agent that cannot be called as configured.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum InvocationError {
    /// The configured command is not a command line.
    #[error("the command of agent “{agent}” cannot be split into words: {command}")]
    BadCommand {
        /// The agent's name.
        agent: &'static str,
        /// The command as written.
        command: String,
    },
    /// No command is configured where one is needed.
    #[error("agent “{agent}” has no command")]
    NoCommand {
        /// The agent's name.
        agent: &'static str,
    },
    /// The prompt does not fit into an argument.
    #[error("the prompt has {bytes} bytes, but an argument takes {limit} at most")]
    PromptTooLong {
        /// The prompt's length, in bytes.
        bytes: usize,
        /// The longest argument, in bytes.
        limit: usize,
    },
    /// The path of Alfine's own program is unknown.
    #[error("the path of the running program cannot be found: {reason}")]
    NoOwnProgram {
        /// The system's words.
        reason: String,
    },
}

/// Returns the adapter of this name.
pub fn adapter(name: &str) -> Result<Box<dyn Adapter>, UnknownAgent> {
    match name {
        "claude" => Ok(Box::new(claude::Claude::new())),
        "command" => Ok(Box::new(command::Command)),
        "rehearsal" => Ok(Box::new(rehearsal::Rehearsal)),
        _ => Err(UnknownAgent { name: name.to_owned(), nearest: nearest(name) }),
    }
}

fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    KNOWN
        .into_iter()
        .map(|known| (strsim::jaro_winkler(known, &name), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

/// Splits a configured command into program and arguments; falls back on `usual` where none is configured.
fn program_and_args(
    agent: &'static str,
    command: Option<&str>,
    usual: Option<&str>,
) -> Result<(OsString, Vec<OsString>), InvocationError> {
    let Some(command) = command.filter(|command| !command.trim().is_empty()) else {
        let program = usual.ok_or(InvocationError::NoCommand { agent })?;
        return Ok((program.into(), Vec::new()));
    };
    let mut words = shell_words::split(command)
        .map_err(|_| InvocationError::BadCommand { agent, command: command.to_owned() })?
        .into_iter()
        .map(OsString::from);
    let program = words.next().ok_or(InvocationError::NoCommand { agent })?;
    Ok((program, words.collect()))
}

/// Returns at most `limit` bytes of `text`, with an ellipsis where something was cut off.
fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    format!("{}…", start_of(text, limit))
}

/// Returns the start of `text` of at most `limit` bytes, in whole characters.
fn start_of(text: &str, limit: usize) -> &str {
    (0..=limit.min(text.len())).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

/// Returns `text` as one short line.
fn one_line(text: &str) -> String {
    // Only as much of a long text is looked at as the line can hold.
    cut(&start_of(text, 8 * SUMMARY).split_whitespace().collect::<Vec<_>>().join(" "), SUMMARY)
}

/// Returns the end of what a program wrote to stderr: what it died of stands last.
fn last_words(stderr_tail: &str) -> String {
    let text = stderr_tail.trim();
    let first = text.len().saturating_sub(SHOWN_TEXT);
    (first..=text.len()).find_map(|start| text.get(start..)).unwrap_or_default().to_owned()
}

/// Judges a run of which nothing but its exit status is known.
fn outcome_of_exit(exit: Exit, stderr_tail: &str) -> AgentEvent {
    let outcome = match exit.code {
        _ if exit.is_interruption() => Outcome::Interrupted,
        Some(0) => return AgentEvent::Ended { outcome: Outcome::Ok, message: String::new() },
        // What a shell says of a program that cannot be run, or is not there.
        Some(126 | 127) => Outcome::Config,
        _ => Outcome::Server,
    };
    let words = last_words(stderr_tail);
    let message = if words.is_empty() { exit.describe() } else { words };
    AgentEvent::Ended { outcome, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_has_its_adapter() {
        for name in KNOWN {
            assert_eq!(adapter(name).ok().map(|adapter| adapter.name()), Some(name));
        }
    }

    #[test]
    fn an_unknown_name_gets_the_nearest_one_as_a_hint() {
        for (name, nearest) in [
            ("cluade", Some("claude")),
            ("Claude", Some("claude")),
            ("claude-code", Some("claude")),
            ("comand", Some("command")),
            ("", None),
            ("vim", None),
        ] {
            let error = adapter(name).err().unwrap();
            assert_eq!(error, UnknownAgent { name: name.to_owned(), nearest });
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "ä…");
        assert_eq!(cut("äöü", 6), "äöü");
        assert_eq!(one_line("  a\n\tb  "), "a b");
        assert_eq!(one_line(&"ä".repeat(10_000)).len(), SUMMARY + "…".len());
        assert_eq!(last_words(&format!("{}end\n", "ä".repeat(SHOWN_TEXT))).len(), SHOWN_TEXT - 1);
    }

    #[test]
    fn an_exit_status_is_judged_as_a_shell_means_it() {
        for (exit, class) in [
            (Exit::with_code(0), "ok"),
            (Exit::with_code(1), "server"),
            (Exit::with_code(127), "config"),
            (Exit::with_code(143), "interrupted"),
            (Exit { signal: Some(9), ..Exit::default() }, "interrupted"),
            (Exit::default(), "server"),
        ] {
            let AgentEvent::Ended { outcome, message } = outcome_of_exit(exit, "") else { panic!() };
            assert_eq!(outcome.class(), class, "{exit:?}");
            assert_eq!(message.is_empty(), class == "ok", "{exit:?}");
        }
    }
}
