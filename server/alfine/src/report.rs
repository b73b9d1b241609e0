//! How errors and logs reach the user: a message, and what to do next.

use crate::output::has_colors;
use alfine_engine::{Error, ErrorClass};
use alfine_words::Reader;
use std::{error::Error as _, io::IsTerminal, path::Path, process::ExitCode};
use tracing_appender::{
    non_blocking::WorkerGuard,
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Exit statuses, as the help names them.
pub(crate) mod exit {
    /// Done.
    pub(crate) const DONE: u8 = 0;
    /// Failed.
    pub(crate) const FAILED: u8 = 1;
    /// Wrong usage.
    pub(crate) const USAGE: u8 = 2;
    /// Stopped by a breaker or the user.
    pub(crate) const STOPPED: u8 = 3;
    /// Needs a human.
    pub(crate) const NEEDS_YOU: u8 = 4;
}

/// Prints an error with its hint and returns the exit status of its class.
pub(crate) fn print(error: &Error) -> ExitCode {
    let (red, dim, plain) =
        if has_colors(&std::io::stderr()) { ("\x1b[31m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
    eprintln!("{red}error:{plain} {}", error.message_for(Reader::Terminal));
    if let Some(source) = error.source() {
        tracing::debug!("{source:?}");
    }
    if let Some(hint) = error.hint_for(Reader::Terminal) {
        for line in hint.lines() {
            eprintln!("{dim}  → {line}{plain}");
        }
    }
    let class = error.kind.class();
    if class == ErrorClass::Internal {
        eprintln!("{dim}  → this is a defect of Alfine; please report it with the message above{plain}");
    }
    ExitCode::from(status(class))
}

/// The exit status of an error's class.
fn status(class: ErrorClass) -> u8 {
    match class {
        ErrorClass::User | ErrorClass::Config | ErrorClass::Git => exit::USAGE,
        ErrorClass::Agent | ErrorClass::Store | ErrorClass::Internal => exit::FAILED,
    }
}

/// Sends logs to standard error; `ALFINE_LOG` says how much, warnings without it.
pub(crate) fn log_to_stderr() {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter("warn"))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    // A second call (in a test) finds a subscriber; the first one stays.
    let _ = subscriber.try_init();
}

/// Sends logs to `lsp.<day>.log` in a folder too, one file a day, the last seven kept; into standard error only warnings.
/// The guard writes what is left when it is dropped.
pub(crate) fn log_to_file(folder: &Path) -> Option<WorkerGuard> {
    let file = std::fs::create_dir_all(folder).map_err(|error| error.to_string()).and_then(|()| {
        let daily = RollingFileAppender::builder().rotation(Rotation::DAILY).max_log_files(7);
        daily.filename_prefix("lsp").filename_suffix("log").build(folder).map_err(|error| error.to_string())
    });
    let to_stderr = fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(false);
    let registry = tracing_subscriber::registry().with(to_stderr.with_filter(filter("warn")));
    match file {
        Ok(file) => {
            let (file, guard) = tracing_appender::non_blocking(file);
            let to_file = fmt::layer().with_writer(file).with_target(false).with_ansi(false);
            let _ = registry.with(to_file.with_filter(filter("info"))).try_init();
            Some(guard)
        }
        Err(error) => {
            let _ = registry.try_init();
            tracing::warn!("no log is kept in {}: {error}", folder.display());
            None
        }
    }
}

fn filter(otherwise: &str) -> EnvFilter {
    EnvFilter::try_from_env("ALFINE_LOG").unwrap_or_else(|_| EnvFilter::new(otherwise))
}
