//! How an agent's process ended, and what that says where nothing else is known.

use super::{failure_words::outcome_of_dying_words, shown::last_words};
use alfine_core::agent::{AgentEvent, Outcome};
use jiff::Timestamp;
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

    /// Says whether somebody ended it by a signal, or it said so itself the way shells do (128 + SIGHUP, SIGINT, SIGKILL,
    /// SIGTERM). A signal that a program brings upon itself is a crash: SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV,
    /// SIGSYS.
    pub(crate) fn is_interruption(self) -> bool {
        match self.signal {
            Some(signal) => !matches!(signal, 4 | 5 | 6 | 7 | 8 | 11 | 31),
            None => matches!(self.code, Some(129 | 130 | 137 | 143)),
        }
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
pub(crate) fn outcome_of_exit(exit: Exit, stderr_tail: &str, now: Timestamp) -> AgentEvent {
    let outcome = match exit.code {
        _ if exit.is_interruption() => Outcome::Interrupted,
        Some(0) => return AgentEvent::Ended { outcome: Outcome::Ok, message: String::new() },
        // What a shell says of a program that cannot be run, or is not there.
        Some(126 | 127) => Outcome::Config,
        _ => outcome_of_dying_words(stderr_tail, now).unwrap_or(Outcome::Crashed),
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
            (Exit::with_code(1), "crashed"),
            (Exit::with_code(127), "config"),
            (Exit::with_code(143), "interrupted"),
            (Exit { signal: Some(9), ..Exit::default() }, "interrupted"),
            (Exit { signal: Some(11), ..Exit::default() }, "crashed"),
            (Exit::default(), "crashed"),
        ] {
            let AgentEvent::Ended { outcome, message } = outcome_of_exit(exit, "", Timestamp::UNIX_EPOCH)
            else {
                panic!()
            };
            assert_eq!(outcome.class(), class, "{exit:?}");
            assert_eq!(message.is_empty(), class == "ok", "{exit:?}");
        }
    }
}
