//! The one object that each command takes.

use alfine_core::task::TaskKey;
use serde::{Deserialize, Serialize};
use tower_lsp::lsp_types::{Diagnostic, Range, Url};

/// Of `alfine.start`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Start {
    /// The plan.
    pub uri: Url,
    /// The task's key, or its id in the plan; without it the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<StartOptions>,
}

/// How a loop is started: the flags of the command line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StartOptions {
    /// The most iterations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_iterations: Option<u32>,
    /// The agent is told to do this task alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub single_task: Option<bool>,
    /// The agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The model.
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
    /// What the agent may do without asking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<String>,
    /// Whether uncommitted changes are taken along; the user is asked where this is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_uncommitted: Option<bool>,
}

/// Of `alfine.startHere`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartHere {
    /// The file.
    pub uri: Url,
    /// The place in it.
    pub range: Range,
    /// What another server says of the place; the task is done when it says so no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnostic: Option<Diagnostic>,
    /// What is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

/// Of commands that take a task and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfTask {
    /// The task's key.
    pub task: TaskKey,
    /// The task's plan; it says which repository is meant, where several have a task of this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<Url>,
}

/// Of commands that take a document and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfDocument {
    /// The document.
    pub uri: Url,
}

/// Of `alfine.continue`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Continue {
    /// The task's key.
    pub task: TaskKey,
    /// The task's plan; it says which repository is meant, where several have a task of this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
}

/// Of `alfine.steer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steer {
    /// The task's key.
    pub task: TaskKey,
    /// The task's plan; it says which repository is meant, where several have a task of this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<Url>,
    /// What the agent is told.
    pub text: String,
}

/// Of `alfine.answer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The task's key.
    pub task: TaskKey,
    /// The task's plan; it says which repository is meant, where several have a task of this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<Url>,
    /// The question's number; without it the one that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<i64>,
    /// Yes or no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<bool>,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Of `alfine.rewind` and `alfine.fork`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtIteration {
    /// The task's key.
    pub task: TaskKey,
    /// The task's plan; it says which repository is meant, where several have a task of this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<Url>,
    /// The iteration; 0 is before the first.
    pub iteration: u32,
}

/// Of `alfine.showTranscript` and `alfine.showDiff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Show {
    /// The task's key.
    pub task: TaskKey,
    /// The task's plan; it says which repository is meant, where several have a task of this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<Url>,
    /// Only this iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u32>,
    /// The iteration to compare with; 0 is before the first. Only of a diff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<u32>,
}
