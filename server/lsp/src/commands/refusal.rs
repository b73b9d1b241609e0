//! Why a command was not done, as an editor shows it.

use crate::{client::EDITOR, protocol::jsonrpc, wording};
use alfine_core::hint::Hint;
use alfine_engine::{Error, ErrorKind};
use serde_json::json;
use std::error::Error as _;

/// The protocol's number of a request that is understood and cannot be done.
pub(super) const REQUEST_FAILED: i64 = -32803;

/// Makes the error of something that cannot be, with what to do instead: of a text, advice in an editor's words.
pub(super) fn refused(message: impl Into<String>, hint: impl Into<Hint>) -> Error {
    Error::user(message).hint(hint)
}

/// Makes the error of arguments that are not what the command takes.
pub(super) fn bad_arguments(message: String) -> Error {
    Error::new(ErrorKind::Arguments, message)
}

/// Makes the error of a defect.
pub(super) fn defect(message: &str) -> Error {
    Error::new(ErrorKind::Internal, message)
}

/// Answers a command that was not done.
pub(super) fn answer(error: &Error) -> jsonrpc::Error {
    if let Some(source) = error.source() {
        tracing::debug!("{error}: {source:?}");
    }
    let mut message = error.message_for(EDITOR);
    if error.kind == ErrorKind::Arguments {
        return jsonrpc::Error::invalid_params(message);
    }
    let mut data = json!({ "kind": error.kind.class() });
    if let Some(hint) = error.hint_for(EDITOR) {
        let stop = if message.ends_with(['.', '?', '!']) { "" } else { "." };
        message = format!("{message}{stop} {}", wording::capitalized(&hint));
        data["hint"] = hint.into();
    }
    let code = jsonrpc::ErrorCode::ServerError(REQUEST_FAILED);
    jsonrpc::Error { code, message: message.into(), data: Some(data) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::task::TaskKey;

    #[test]
    fn a_refusal_says_what_and_what_to_do() {
        let stop = Hint::StopFirst { task: TaskKey::new("PLAN.md", "X") };
        let error = answer(&refused("x is running", stop));
        assert_eq!(error.code.code(), REQUEST_FAILED);
        assert_eq!(error.message, "x is running. First: “Stop” on PLAN.md#X");
        assert_eq!(error.data.unwrap(), json!({ "kind": "user", "hint": "first: “Stop” on PLAN.md#X" }));
        let error = answer(&bad_arguments("no task".to_owned()));
        assert_eq!((error.code.code(), error.message.as_ref()), (-32602, "no task"));
    }
}
