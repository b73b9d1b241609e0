//! Messages: JSON-RPC 2.0 as the Language Server Protocol uses it. Knows nothing of methods and order.

use crate::protocol::jsonrpc::{Error, ErrorCode, Id, Request, Response, Result};
use alfine_core::surrogates::without_lone_surrogates;
use serde::Serialize;
use serde_json::{Map, Value};

/// The LSP's code for a request before `initialize`.
const NOT_INITIALIZED: i64 = -32002;
/// The LSP's code for a request that is fine but was not served.
const REQUEST_FAILED: i64 = -32803;

/// A message of the client.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    /// A request; it gets exactly one response.
    Request { id: Id, method: String, params: Option<Value> },
    /// A notification.
    Notification { method: String, params: Option<Value> },
    /// The answer to a request of the server.
    Reply { id: Id, result: Result<Value> },
    /// Neither method nor result. Some clients answer `null` so; else it is an invalid request.
    Bare { id: Id },
}

/// A body that is not a message, and the response it gets.
#[derive(Debug, PartialEq)]
pub(super) enum Invalid {
    /// The bytes are not JSON.
    NotJson(Box<Response>),
    /// The JSON is not a message.
    NotAMessage(Box<Response>),
}

/// Reads a frame's body.
pub(super) fn read(body: &[u8]) -> std::result::Result<Incoming, Invalid> {
    let parsed = serde_json::from_slice(body).or_else(|error| {
        let repaired = without_lone_surrogates(body).ok_or(error)?;
        serde_json::from_slice(&repaired)
    });
    match parsed {
        Ok(Value::Object(message)) => classify(message),
        Ok(Value::Array(_)) => Err(invalid(Id::Null, "A batch is not part of the Language Server Protocol")),
        Ok(_) => Err(invalid(Id::Null, "A message is a JSON object")),
        Err(error) => Err(Invalid::NotJson(unreadable(format!("The message is not JSON: {error}")).into())),
    }
}

fn classify(mut message: Map<String, Value>) -> std::result::Result<Incoming, Invalid> {
    let id = match message.remove("id") {
        None => None,
        Some(Value::String(id)) => Some(Id::String(id)),
        Some(Value::Null) if !message.contains_key("method") => Some(Id::Null),
        Some(id) => match id.as_i64() {
            Some(id) => Some(Id::Number(id)),
            None => return Err(invalid(Id::Null, "The id is neither an integer nor a string")),
        },
    };
    let known = id.clone().unwrap_or_default();
    let Some(method) = message.remove("method") else {
        return reply(id, message);
    };
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(invalid(known, "The message is not marked as JSON-RPC 2.0"));
    }
    let Value::String(method) = method else {
        return Err(invalid(known, "The method is not a string"));
    };
    let params = message.remove("params");
    Ok(match id {
        Some(id) => Incoming::Request { id, method, params },
        None => Incoming::Notification { method, params },
    })
}

fn reply(id: Option<Id>, mut message: Map<String, Value>) -> std::result::Result<Incoming, Invalid> {
    let Some(id) = id else {
        return Err(invalid(Id::Null, "The message has neither a method nor an id"));
    };
    Ok(match (message.remove("error").filter(|error| !error.is_null()), message.remove("result")) {
        (Some(error), _) => Incoming::Reply { id, result: Err(client_error(error)) },
        (None, Some(result)) => Incoming::Reply { id, result: Ok(result) },
        (None, None) => Incoming::Bare { id },
    })
}

/// A client's error, as far as it has the parts of one.
fn client_error(mut error: Value) -> Error {
    let code = error.get("code").and_then(Value::as_i64).map_or(ErrorCode::InternalError, ErrorCode::from);
    let message =
        error.get("message").and_then(Value::as_str).unwrap_or("The client gave no reason").to_owned();
    Error { code, message: message.into(), data: error.get_mut("data").map(Value::take) }
}

fn invalid(id: Id, message: &'static str) -> Invalid {
    Invalid::NotAMessage(Response::from_error(id, invalid_request(message)).into())
}

/// The response to bytes that cannot be read.
pub(super) fn unreadable(message: String) -> Response {
    Response::from_error(Id::Null, error(ErrorCode::ParseError, message))
}

/// The error of a request that may not be, or not now.
pub(super) fn invalid_request(message: &'static str) -> Error {
    error(ErrorCode::InvalidRequest, message.to_owned())
}

/// The error of a request before `initialize`.
pub(super) fn not_initialized() -> Error {
    error(ErrorCode::ServerError(NOT_INITIALIZED), "The server is not initialized".to_owned())
}

/// The error of a request beyond what the server keeps waiting.
pub(super) fn too_many() -> Error {
    error(ErrorCode::ServerError(REQUEST_FAILED), "Too many requests wait for an answer".to_owned())
}

/// The error of a request that nothing answers to.
pub(super) fn unknown_method(method: &str) -> Error {
    error(ErrorCode::MethodNotFound, format!("There is no request {method}"))
}

/// The error of a request whose handler panicked.
pub(super) fn panicked(method: &str) -> Error {
    error(ErrorCode::InternalError, format!("The server failed at {method}; its log says where"))
}

fn error(code: ErrorCode, message: String) -> Error {
    Error { code, message: message.into(), data: None }
}

/// Writes a response as a body.
pub(super) fn response(response: &Response) -> Vec<u8> {
    body(response)
}

/// Writes a request or a notification of the server as a body, without `params` if they are `null`,
/// which JSON-RPC does not allow.
pub(super) fn request(request: Request) -> Vec<u8> {
    #[derive(Serialize)]
    struct Outgoing<'a> {
        jsonrpc: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<Id>,
        method: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        params: Option<Value>,
    }
    let (method, id, params) = request.into_parts();
    let params = params.filter(|params| !params.is_null());
    body(&Outgoing { jsonrpc: "2.0", id, method: &method, params })
}

/// JSON values whose keys are strings always serialize, so nothing is lost here.
fn body(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(body: &str) -> (i64, Value) {
        let (Invalid::NotJson(response) | Invalid::NotAMessage(response)) =
            read(body.as_bytes()).unwrap_err();
        let response = serde_json::to_value(response).unwrap();
        (response["error"]["code"].as_i64().unwrap(), response["id"].clone())
    }

    #[test]
    fn requests_notifications_and_replies_are_told_apart() {
        let read = |value: Value| read(value.to_string().as_bytes()).unwrap();
        let method = || "m".to_owned();
        assert_eq!(
            read(json!({"jsonrpc": "2.0", "id": 1, "method": "m", "params": null})),
            Incoming::Request { id: Id::Number(1), method: method(), params: Some(Value::Null) }
        );
        assert_eq!(
            read(json!({"jsonrpc": "2.0", "id": "a", "method": "m"})),
            Incoming::Request { id: "a".into(), method: method(), params: None }
        );
        assert_eq!(
            read(json!({"jsonrpc": "2.0", "method": "m", "params": [1]})),
            Incoming::Notification { method: method(), params: Some(json!([1])) }
        );
        assert_eq!(
            read(json!({"jsonrpc": "2.0", "id": 1, "result": null})),
            Incoming::Reply { id: 1.into(), result: Ok(Value::Null) }
        );
        assert_eq!(
            read(json!({"jsonrpc": "2.0", "id": 1, "result": 7, "error": null})),
            Incoming::Reply { id: 1.into(), result: Ok(json!(7)) }
        );
        assert_eq!(read(json!({"jsonrpc": "2.0", "id": 1})), Incoming::Bare { id: 1.into() });
    }

    #[test]
    fn a_clients_error_is_read_as_far_as_it_is_one() {
        let error = |error: Value| match read(json!({"id": 1, "error": error}).to_string().as_bytes()) {
            Ok(Incoming::Reply { result: Err(error), .. }) => (error.code.code(), error.message.into_owned()),
            other => panic!("{other:?}"),
        };
        assert_eq!(error(json!({"code": -32601, "message": "no", "more": 1})), (-32601, "no".to_owned()));
        assert_eq!(error(json!("no")), (-32603, "The client gave no reason".to_owned()));
    }

    #[test]
    fn what_is_not_json_is_a_parse_error_and_what_is_no_message_an_invalid_request() {
        let deep = "[".repeat(100_000);
        for (body, expected) in [
            ("", (-32700, Value::Null)),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,", (-32700, Value::Null)),
            (deep.as_str(), (-32700, Value::Null)),
            ("[]", (-32600, Value::Null)),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"m"}]"#, (-32600, Value::Null)),
            ("7", (-32600, Value::Null)),
            ("{}", (-32600, Value::Null)),
            (r#"{"id":1,"method":"m"}"#, (-32600, json!(1))),
            (r#"{"method":"m"}"#, (-32600, Value::Null)),
            (r#"{"jsonrpc":"1.0","id":"a","method":"m"}"#, (-32600, json!("a"))),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, (-32600, json!(1))),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#, (-32600, Value::Null)),
            (r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, (-32600, Value::Null)),
            (r#"{"jsonrpc":"2.0","id":[1],"method":"m"}"#, (-32600, Value::Null)),
        ] {
            assert_eq!(refusal(body), expected, "{}", body.get(..40).unwrap_or(body));
        }
        assert!(matches!(read(b"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\"}"), Err(Invalid::NotJson(_))));
    }

    #[test]
    fn half_a_surrogate_pair_does_not_cost_the_message() {
        let read = |text: &str| {
            let body = format!(r#"{{"jsonrpc":"2.0","method":"m","params":["{text}"]}}"#);
            match read(body.as_bytes()) {
                Ok(Incoming::Notification { params: Some(params), .. }) => {
                    params[0].as_str().unwrap().to_owned()
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(read(r"a\ud83db"), "a\u{fffd}b");
        assert_eq!(read(r"\uDE00\ud83d\ude00\uD83D"), "\u{fffd}\u{1f600}\u{fffd}");
        assert_eq!(read(r"\ud83d\ud83d\ude00\n"), "\u{fffd}\u{1f600}\n");
        assert_eq!(read(r"\\ud83d \ud83d"), "\\ud83d \u{fffd}");
    }

    #[test]
    fn null_parameters_of_the_servers_requests_are_left_out() {
        let refresh = Request::build("workspace/codeLens/refresh").id(3).params(Value::Null).finish();
        assert_eq!(request(refresh), br#"{"jsonrpc":"2.0","id":3,"method":"workspace/codeLens/refresh"}"#);
    }
}
