//! The command line of one run.

use std::ffi::OsString;

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
        /// The system's error.
        reason: String,
    },
}

/// Splits a configured command into program and arguments; falls back on `usual` where none is configured.
pub(crate) fn program_and_args(
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
