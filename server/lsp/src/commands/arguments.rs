//! The one object that each command takes.

use crate::protocol::lsp_types::{Diagnostic, Range, Url};
use alfine_core::task::TaskKey;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The argument of `alfine.start`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Start {
    /// The plan's document.
    #[schemars(with = "String")]
    pub uri: Url,
    /// The task's key, or its id in the plan; the whole plan if this is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// How the loop is started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<StartOptions>,
}

/// How a loop is started: the flags of the command line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct StartOptions {
    /// The most iterations, 1 to 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_iterations: Option<u32>,
    /// How many tasks of the plan are worked on at a time, 1 to 16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
    /// Whether the tasks of the plan land on a branch of the run's own, until the whole is merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<bool>,
    /// The agent is told to do this task alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub single_task: Option<bool>,
    /// The agent's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The model's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Whether the agent works in the user's own tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_place: Option<bool>,
    /// `resume` or `fresh`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The most US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<f64>,
    /// The most US dollars of the run of the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    /// What the agent may do without asking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<String>,
    /// Whether a task is done only once a check has run a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_tests: Option<bool>,
    /// Whether the pages are looked at in a browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser_verify: Option<bool>,
    /// The share of the model's context from which a fresh session takes over, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_handoff: Option<u32>,
    /// Whether the loop starts although nothing can decide a criterion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anyway: Option<bool>,
    /// Whether the loop starts from the uncommitted changes, too; the user is asked if this is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_uncommitted: Option<bool>,
    /// Whether a task that was merged already is begun again, without a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<bool>,
}

/// The argument of `alfine.startHere`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StartHere {
    /// The file that the task is about.
    #[schemars(with = "String")]
    pub uri: Url,
    /// The place in it.
    #[schemars(schema_with = "range")]
    pub range: Range,
    /// Another server's diagnostic at the place; the task is done when the diagnostic is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "diagnostic")]
    pub diagnostic: Option<Diagnostic>,
    /// What is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

/// The argument of commands that take a task and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfTask {
    /// The task's key.
    pub task: TaskKey,
    /// The task's plan. It says which repository is meant if several have a task with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub uri: Option<Url>,
}

/// The argument of `alfine.continuePlan`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContinuePlan {
    /// The document.
    #[schemars(with = "String")]
    pub uri: Url,
    /// US dollars that the run of the plan may cost from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
}

/// The argument of commands that take a document and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfDocument {
    /// The document.
    #[schemars(with = "String")]
    pub uri: Url,
}

/// The argument of `alfine.continue`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Continue {
    /// The task's key.
    pub task: TaskKey,
    /// The task's plan. It says which repository is meant if several have a task with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub uri: Option<Url>,
    /// The new limit of iterations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_iterations: Option<u32>,
    /// The new limit of cost, in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<f64>,
    /// Whether all counters start at zero.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reset_breaker: bool,
    /// Whether the loop keeps the text that it began with, although its plan was edited since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_plan: bool,
}

/// The argument of `alfine.steer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Steer {
    /// The task's key.
    pub task: TaskKey,
    /// The task's plan. It says which repository is meant if several have a task with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub uri: Option<Url>,
    /// What the agent is told; left out of an offer, since the user has to write it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// The argument of `alfine.answer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// The task's key.
    pub task: TaskKey,
    /// The task's plan. It says which repository is meant if several have a task with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub uri: Option<Url>,
    /// The question's number; the open question if this is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<i64>,
    /// Whether the answer is yes or no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<bool>,
    /// Whether what is approved is merged as soon as it is done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub merge: bool,
    /// The answer in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// The argument of `alfine.rewind` and `alfine.fork`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AtIteration {
    /// The task's key.
    pub task: TaskKey,
    /// The task's plan. It says which repository is meant if several have a task with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub uri: Option<Url>,
    /// The iteration; 0 is before the first.
    pub iteration: u32,
    /// Whether the loop keeps the text that it began with, although its plan was edited since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_plan: bool,
}

/// The argument of `alfine.showTranscript`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShowTranscript {
    /// The task's key.
    pub task: TaskKey,
    /// The task's plan. It says which repository is meant if several have a task with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub uri: Option<Url>,
    /// Only this iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u32>,
}

/// The argument of `alfine.showDiff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShowDiff {
    /// The task's key.
    pub task: TaskKey,
    /// The task's plan. It says which repository is meant if several have a task with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub uri: Option<Url>,
    /// Only this iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u32>,
    /// The iteration to compare with; 0 is before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<u32>,
}

/// The schema of the protocol's type of this name. The protocol's crate has no schemas.
fn range(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "$ref": "lsp.Range" })
}

fn diagnostic(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "$ref": "lsp.Diagnostic" })
}
