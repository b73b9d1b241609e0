//! How errors and logs reach the user: a message, and what to do next.

use alfine_engine::{Error, ErrorKind};
use std::{io::IsTerminal, process::ExitCode};
use tracing_subscriber::EnvFilter;

/// Exit statuses, as the help names them.
pub mod exit {
    /// Done.
    pub const DONE: u8 = 0;
    /// Failed.
    pub const FAILED: u8 = 1;
    /// Wrong usage.
    pub const USAGE: u8 = 2;
    /// Stopped by a breaker or the user.
    pub const STOPPED: u8 = 3;
    /// Needs a human.
    pub const NEEDS_YOU: u8 = 4;
}

/// Prints an error with its hint and returns the exit status of its kind.
pub fn print(error: &Error) -> ExitCode {
    let (red, dim, plain) =
        if std::io::stderr().is_terminal() { ("\x1b[31m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
    eprintln!("{red}error:{plain} {}", error.message);
    if let Some(hint) = &error.hint {
        for line in hint.lines() {
            eprintln!("{dim}  → {line}{plain}");
        }
    }
    if error.kind == ErrorKind::Internal {
        eprintln!("{dim}  → this is a defect of Alfine; please report it with the message above{plain}");
    }
    ExitCode::from(status(error.kind))
}

/// The exit status of an error's kind.
pub fn status(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::User | ErrorKind::Config | ErrorKind::Git => exit::USAGE,
        ErrorKind::Agent | ErrorKind::Store | ErrorKind::Internal => exit::FAILED,
    }
}

/// Sends logs to standard error; `ALFINE_LOG` says how much, warnings without it.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("ALFINE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second call (in a test) finds a subscriber; the first one stays.
    let _ = subscriber.try_init();
}
