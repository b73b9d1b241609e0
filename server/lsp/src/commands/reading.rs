//! Reads the one object that a command takes. What it does not take is named, with what is expected.

use super::{
    ANSWER, CONTINUE, DISCARD, FORK, MERGE, OPEN_WORKTREE, PAUSE, REWIND, SHOW_DIFF, SHOW_TRANSCRIPT, START,
    START_HERE, STEER, STOP, refusal::Refusal,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a command's arguments.
pub fn arguments<T: DeserializeOwned>(command: &str, arguments: Vec<Value>) -> Result<T, Refusal> {
    let takes = shape(command);
    let refused =
        |what: String| Refusal::Arguments(format!("{command}: {what}; it takes one object: {takes}"));
    let given = arguments.len();
    let mut arguments = arguments.into_iter();
    let argument = match (arguments.next(), given) {
        (Some(argument @ Value::Object(_)), 1) => argument,
        (Some(other), 1) => return Err(refused(format!("the argument is {}", kind(&other)))),
        (None, _) => return Err(refused("there is no argument".to_owned())),
        _ => return Err(refused(format!("there are {given} arguments"))),
    };
    serde_path_to_error::deserialize(argument).map_err(|error| {
        let path = error.path().to_string();
        let what = error.into_inner().to_string();
        refused(if path == "." || what.contains(&format!("`{path}`")) {
            what
        } else {
            format!("`{path}`: {what}")
        })
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn shape(command: &str) -> &'static str {
    match command {
        START => "{uri, task?, options?}",
        START_HERE => "{uri, range, diagnostic?, prompt?}",
        PAUSE | STOP | MERGE | DISCARD | OPEN_WORKTREE => "{task: \"PLAN.md#US-001\", uri?}",
        CONTINUE => "{task, uri?, maxIterations?, resetBreaker?}",
        STEER => "{task, uri?, text}",
        ANSWER => "{task, uri?, approval?, approved?, text?}",
        REWIND | FORK => "{task, uri?, iteration}",
        SHOW_TRANSCRIPT => "{task, uri?, iteration?}",
        SHOW_DIFF => "{task, uri?, iteration?, against?}",
        "alfine/transcript" => "{task, uri?, iteration?, after?}",
        _ => "{uri}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::arguments::{AtIteration, Continue, OfTask, Start};
    use serde_json::json;

    fn refused<T: DeserializeOwned + std::fmt::Debug>(command: &str, given: Value) -> String {
        let Value::Array(given) = given else { panic!("a list") };
        match arguments::<T>(command, given).unwrap_err() {
            Refusal::Arguments(message) => message,
            Refusal::Failed(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_wrong_argument_is_named_with_what_is_expected() {
        let one = "it takes one object: {task: \"PLAN.md#US-001\", uri?}";
        assert_eq!(refused::<OfTask>(PAUSE, json!([])), format!("alfine.pause: there is no argument; {one}"));
        assert_eq!(
            refused::<OfTask>(PAUSE, json!([{ "task": "P#1" }, 2])),
            format!("alfine.pause: there are 2 arguments; {one}")
        );
        assert_eq!(
            refused::<OfTask>(PAUSE, json!(["P#1"])),
            format!("alfine.pause: the argument is a string; {one}")
        );
        assert_eq!(
            refused::<OfTask>(PAUSE, json!([{}])),
            format!("alfine.pause: missing field `task`; {one}")
        );
        assert_eq!(
            refused::<OfTask>(PAUSE, json!([{ "task": "PLAN.md" }])),
            format!(
                "alfine.pause: `task`: “PLAN.md” is not a task's key: write PLAN#TASK, such as PLAN.md#US-001; {one}"
            )
        );
        assert_eq!(
            refused::<OfTask>(STOP, json!([{ "task": "P#1", "now": true }])),
            format!("alfine.stop: unknown field `now`, expected `task` or `uri`; {one}")
        );
        assert_eq!(
            refused::<Continue>(CONTINUE, json!([{ "task": "P#1", "maxIterations": "5" }])),
            "alfine.continue: `maxIterations`: invalid type: string \"5\", expected u32; \
             it takes one object: {task, uri?, maxIterations?, resetBreaker?}"
        );
        assert!(
            refused::<AtIteration>(REWIND, json!([{ "task": "P#1", "iteration": -1 }]))
                .starts_with("alfine.rewind: `iteration`: invalid value: integer `-1`, expected u32")
        );
        assert!(
            refused::<Start>(START, json!([{ "uri": "file:///r/P", "options": { "agnt": "x" } }]))
                .starts_with("alfine.start: `options.agnt`: unknown field `agnt`, expected one of")
                || refused::<Start>(START, json!([{ "uri": "file:///r/P", "options": { "agnt": "x" } }]))
                    .starts_with("alfine.start: unknown field `agnt`, expected one of")
        );
    }
}
