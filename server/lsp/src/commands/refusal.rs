//! Why a command was not done, as an editor shows it. Turns the engine's hints, which name command lines, into the
//! words of an editor.

use alfine_config::trust::TrustError;
use alfine_engine::{Error, ErrorKind};
use alfine_git::GitError;
use alfine_store::StoreError;
use regex::{Captures, Regex};
use serde_json::json;
use std::sync::LazyLock;
use tower_lsp::jsonrpc;

/// The protocol's number of a request that is understood and cannot be done.
pub const REQUEST_FAILED: i64 = -32803;

/// Why a command was not done. Nothing was changed.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// The arguments are not what the command takes.
    Arguments(String),
    /// It cannot be done.
    Failed(Error),
}

impl Refusal {
    /// Makes the refusal of something that cannot be, with what to do instead.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Failed(Error::user(message).hint(hint))
    }
}

impl<E: Into<Error>> From<E> for Refusal
where
    E: IsEngines,
{
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Marks the engine's errors.
pub trait IsEngines {}
impl IsEngines for Error {}
impl IsEngines for StoreError {}
impl IsEngines for GitError {}
impl IsEngines for TrustError {}

impl From<Refusal> for jsonrpc::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Arguments(message) => Self::invalid_params(message),
            Refusal::Failed(error) => {
                let hint = error.hint.as_deref().map(in_an_editor);
                let mut message = in_an_editor(&error.message);
                let mut data = json!({ "kind": error.kind });
                if let Some(hint) = hint {
                    let stop = if message.ends_with(['.', '?', '!']) { "" } else { "." };
                    message = format!("{message}{stop} {}", capitalized(&hint));
                    data["hint"] = hint.into();
                }
                Self {
                    code: jsonrpc::ErrorCode::ServerError(REQUEST_FAILED),
                    message: message.into(),
                    data: Some(data),
                }
            }
        }
    }
}

/// Makes the error of a defect.
pub fn defect(message: &str) -> Refusal {
    Refusal::Failed(Error::new(ErrorKind::Internal, message))
}

/// A command line: its verb, the task or plan it names, and the rest up to the end of the phrase.
#[allow(clippy::expect_used, reason = "the pattern is constant and used by a test")]
static COMMAND_LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"`?\balfine (run|start|status|log|diff|pause|continue|stop|steer|answer|merge|discard|rewind|fork|trust)\b( [^\s;,`)]+)?((?: -[^\s;,`)]+)*)(?: [A-Z]+\b|\x20[0-9]+)?`?")
        .expect("a valid pattern")
});

/// Who runs a loop, as a log has it. Behind “is running already” it says nothing more to somebody with an editor.
#[allow(clippy::expect_used, reason = "the pattern is constant and used by a test")]
static RUN_BY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?P<whose>: )?loop [0-9A-Z]{26} is run by another process \([^)]*\)")
        .expect("a valid pattern")
});

/// Writes a hint that names command lines for somebody who has an editor.
fn in_an_editor(hint: &str) -> String {
    let said = COMMAND_LINE.replace_all(hint, |found: &Captures<'_>| {
        let part = |n: usize| found.get(n).map_or("", |part| part.as_str().trim());
        let action = match part(1) {
            "run" | "start" if !part(2).is_empty() && !part(2).contains('#') => "Start all",
            "run" | "start" => "Start loop",
            "status" => return "the hover on the task".to_owned(),
            "log" => "Show transcript",
            "diff" => "Show diff",
            "pause" => "Pause",
            "continue" => "Continue",
            "stop" => "Stop",
            "steer" => "Steer",
            "answer" => "Answer",
            "merge" => "Merge",
            "discard" => "Discard",
            "rewind" => "Rewind",
            "fork" => "Fork",
            _ => "Allow the commands",
        };
        match part(2) {
            on if on.contains(['#', '.']) => format!("“{action}” on {on}"),
            _ => format!("“{action}” on the task"),
        }
    });
    RUN_BY
        .replace_all(&said, |found: &Captures<'_>| match found.name("whose") {
            Some(_) => String::new(),
            None => "another process runs it".to_owned(),
        })
        .replace("--in-place", "`inPlace`")
        .replace("or --reset-breaker", "or reset the breaker")
        .replace("--reset-breaker", "`resetBreaker`")
        .replace(", or --reject \"what is missing\"", ", with yes or no")
        .replace(" \"...\"", "")
        .replace('\n', "; ")
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if first.is_lowercase() && !text.starts_with("alfine") => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_names_what_an_editor_has() {
        for (hint, said) in [
            ("start it: alfine run PLAN.md#US-001", "start it: “Start loop” on PLAN.md#US-001"),
            ("first: alfine pause PLAN.md#US-001 --now", "first: “Pause” on PLAN.md#US-001"),
            (
                "watch it: alfine log PLAN.md#US-001 --follow; stop it: alfine stop PLAN.md#US-001",
                "watch it: “Show transcript” on PLAN.md#US-001; stop it: “Stop” on PLAN.md#US-001",
            ),
            ("see `alfine status PLAN.md#US-001`", "see the hover on the task"),
            (
                "alfine answer PLAN.md#US-001 --approve, or --reject \"what is missing\"",
                "“Answer” on PLAN.md#US-001, with yes or no",
            ),
            ("give 6 to 50, or --reset-breaker", "give 6 to 50, or reset the breaker"),
            (
                "set it back instead: alfine rewind PLAN.md#US-001 2",
                "set it back instead: “Rewind” on PLAN.md#US-001",
            ),
            ("alfine merge PLAN.md#A\nalfine merge PLAN.md#B", "“Merge” on PLAN.md#A; “Merge” on PLAN.md#B"),
            ("run the whole plan: alfine run PLAN.md", "run the whole plan: “Start all” on PLAN.md"),
            (
                "P#1 is running already: loop 01M7AAAAAAAAAAAAAAAAAAAAAA is run by another process (process 14264 on vm since 2026-11-21T15:00:00Z)",
                "P#1 is running already",
            ),
            (
                "loop 01M7AAAAAAAAAAAAAAAAAAAAAA is run by another process (process 1)",
                "another process runs it",
            ),
            ("set `agent` in alfine.toml", "set `agent` in alfine.toml"),
        ] {
            assert_eq!(in_an_editor(hint), said);
        }
    }

    #[test]
    fn a_refusal_says_what_and_what_to_do() {
        let error = jsonrpc::Error::from(Refusal::new("x is running", "first: alfine stop PLAN.md#X"));
        assert_eq!(error.code.code(), REQUEST_FAILED);
        assert_eq!(error.message, "x is running. First: “Stop” on PLAN.md#X");
        assert_eq!(error.data.unwrap(), json!({ "kind": "user", "hint": "first: “Stop” on PLAN.md#X" }));
        let error = jsonrpc::Error::from(Refusal::Arguments("no task".to_owned()));
        assert_eq!((error.code.code(), error.message.as_ref()), (-32602, "no task"));
    }
}
