//! How an agent's process ended, and what that says where nothing else is known.

use super::shown::last_words;
use alfine_core::agent::{AgentEvent, Outcome};
use serde::{Deserialize, Serialize};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exit {
    /// The exit status; `None` if a signal ended it.
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
    pub(crate) fn is_interruption(self) -> bool {
        self.signal.is_some() || matches!(self.code, Some(129 | 130 | 137 | 143))
    }

    pub(crate) fn describe(self) -> String {
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

/// Judges a run of which nothing but its exit status is known.
pub(crate) fn outcome_of_exit(exit: Exit, stderr_tail: &str) -> AgentEvent {
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
