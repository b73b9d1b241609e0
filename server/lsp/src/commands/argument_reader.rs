//! Reads the one object that a command takes. An error names the field that is wrong, and what is expected.

use super::refusal::bad_arguments;
use alfine_engine::Result;
use schemars::{JsonSchema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a command's arguments.
pub(super) fn arguments<T: DeserializeOwned + JsonSchema>(command: &str, arguments: Vec<Value>) -> Result<T> {
    let refused =
        |what: String| bad_arguments(format!("{command}: {what}; it takes one object: {}", shape::<T>()));
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

/// The fields of an argument in their order, those that may be left out with a question mark: `{task, uri?}`.
fn shape<T: JsonSchema>() -> String {
    let schema = schema_for!(T);
    let is_required = |name: &String| {
        schema.get("required").and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one == name))
    };
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let fields: Vec<String> =
        fields.map(|(name, _)| if is_required(name) { name.clone() } else { format!("{name}?") }).collect();
    format!("{{{}}}", fields.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::arguments::{AtIteration, Continue, OfTask, Start};
    use alfine_engine::ErrorKind;
    use serde_json::json;

    fn refused<T: DeserializeOwned + JsonSchema + std::fmt::Debug>(command: &str, given: Value) -> String {
        let Value::Array(given) = given else { panic!("a list") };
        let error = arguments::<T>(command, given).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Arguments);
        error.message
    }

    #[test]
    fn a_wrong_argument_is_named_with_what_is_expected() {
        let one = "it takes one object: {task, uri?}";
        assert_eq!(
            refused::<OfTask>("alfine.pause", json!([])),
            format!("alfine.pause: there is no argument; {one}")
        );
        assert_eq!(
            refused::<OfTask>("alfine.pause", json!([{ "task": "P#1" }, 2])),
            format!("alfine.pause: there are 2 arguments; {one}")
        );
        assert_eq!(
            refused::<OfTask>("alfine.pause", json!(["P#1"])),
            format!("alfine.pause: the argument is a string; {one}")
        );
        assert_eq!(
            refused::<OfTask>("alfine.pause", json!([{}])),
            format!("alfine.pause: missing field `task`; {one}")
        );
        assert_eq!(
            refused::<OfTask>("alfine.pause", json!([{ "task": "PLAN.md" }])),
            format!(
                "alfine.pause: `task`: “PLAN.md” is not a task's key: write PLAN#TASK, such as PLAN.md#US-001; {one}"
            )
        );
        assert_eq!(
            refused::<OfTask>("alfine.stop", json!([{ "task": "P#1", "now": true }])),
            format!("alfine.stop: unknown field `now`, expected `task` or `uri`; {one}")
        );
        assert_eq!(
            refused::<Continue>("alfine.continue", json!([{ "task": "P#1", "maxIterations": "5" }])),
            "alfine.continue: `maxIterations`: invalid type: string \"5\", expected u32; \
             it takes one object: {task, uri?, maxIterations?, maxCost?, resetBreaker?, keepPlan?}"
        );
        assert!(
            refused::<AtIteration>("alfine.rewind", json!([{ "task": "P#1", "iteration": -1 }]))
                .starts_with("alfine.rewind: `iteration`: invalid value: integer `-1`, expected u32")
        );
        assert!(
            refused::<Start>("alfine.start", json!([{ "uri": "file:///r/P", "options": { "agnt": "x" } }]))
                .starts_with("alfine.start: `options.agnt`: unknown field `agnt`, expected one of")
                || refused::<Start>(
                    "alfine.start",
                    json!([{ "uri": "file:///r/P", "options": { "agnt": "x" } }])
                )
                .starts_with("alfine.start: unknown field `agnt`, expected one of")
        );
    }
}
