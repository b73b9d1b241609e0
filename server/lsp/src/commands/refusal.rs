//! Why a command was not done, as an editor shows it.

use crate::client::EDITOR;
use crate::protocol::jsonrpc;
use alfine_config::trust::TrustError;
use alfine_core::hint::Hint;
use alfine_engine::{Error, ErrorKind};
use alfine_git::GitError;
use alfine_store::StoreError;
use serde_json::json;
use std::error::Error as _;

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
    /// Makes the refusal of something that cannot be, with what to do instead: of a text, advice in an editor's words.
    pub fn new(message: impl Into<String>, hint: impl Into<Hint>) -> Self {
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
                if let Some(source) = error.source() {
                    tracing::debug!("{error}: {source:?}");
                }
                let mut message = error.message_for(EDITOR);
                let mut data = json!({ "kind": error.kind.class() });
                if let Some(hint) = error.hint_for(EDITOR) {
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

/// The error of a wait that was lost.
pub(super) fn lost() -> Error {
    Error::new(ErrorKind::Internal, "the wait for a runner was lost")
}

/// Makes the error of a defect.
pub fn defect(message: &str) -> Refusal {
    Refusal::Failed(Error::new(ErrorKind::Internal, message))
}

/// A phrase as a sentence begins.
pub(super) fn capitalized(text: &str) -> String {
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
    use alfine_core::task::TaskKey;

    #[test]
    fn a_refusal_says_what_and_what_to_do() {
        let stop = Hint::StopFirst { task: TaskKey::new("PLAN.md", "X") };
        let error = jsonrpc::Error::from(Refusal::new("x is running", stop));
        assert_eq!(error.code.code(), REQUEST_FAILED);
        assert_eq!(error.message, "x is running. First: “Stop” on PLAN.md#X");
        assert_eq!(error.data.unwrap(), json!({ "kind": "user", "hint": "first: “Stop” on PLAN.md#X" }));
        let error = jsonrpc::Error::from(Refusal::Arguments("no task".to_owned()));
        assert_eq!((error.code.code(), error.message.as_ref()), (-32602, "no task"));
    }
}
