//! What a gate is read as: its content, the verdict, and why.

use crate::{text::one_line, worded::worded};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

worded! {
    /// What the agent's gate comes to.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Verdict {
        /// It says that the work is done. A claim, not a proof.
        Ready = "ready",
        /// It says that the work is not done.
        NotReady = "not_ready",
        /// It says ready, and names a blocker or asks a question. Counts as not ready.
        Contradictory = "contradictory",
        /// There is a gate, and it cannot be read.
        Malformed = "malformed",
        /// There is no gate.
        #[default]
        Missing = "missing",
    }
}

/// The content of a gate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gate {
    /// Whether the agent says that it is done; `None` if that is not a strict boolean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// Why the agent is ready or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the agent did in this iteration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// What blocks the agent, without entries that say nothing (`none`, `n/a`, `-`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blockers: Vec<String>,
    /// What only a human can answer; `None` if the gate asks nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Why checks were changed that were there before; `None` if that is not explained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks_changed: Option<String>,
    /// How sure the agent is, from 0 to 1. It decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// What the agent says that it has reached, at most [`MOST_MILESTONES`]. They decide nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<String>,
    /// Keys that Alfine does not know, as written.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How many milestones of a gate are kept.
pub(super) const MOST_MILESTONES: usize = 20;

/// A gate as it was read, and why it was read so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What it comes to.
    pub verdict: Verdict,
    /// The gate's content, if its body could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// One sentence for the user, without a full stop. Lines are counted from one, in the agent's message.
    pub why: String,
}

impl Reading {
    /// What the agent gives as why its work is not done: its reason, else what it names first as standing in the way.
    pub fn reason(&self) -> Option<&str> {
        let gate = self.gate.as_ref()?;
        let said = gate.reason.iter().chain(&gate.blockers);
        said.map(|text| text.trim()).find(|text| !text.is_empty())
    }

    /// Lets `rewrite` change every text that may be the agent's.
    pub(crate) fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        rewrite(&mut self.why);
        let Some(gate) = &mut self.gate else { return };
        let named = [&mut gate.reason, &mut gate.progress, &mut gate.question, &mut gate.checks_changed];
        named
            .into_iter()
            .flatten()
            .chain(&mut gate.blockers)
            .chain(&mut gate.milestones)
            .for_each(&mut *rewrite);
        for (mut key, mut value) in std::mem::take(&mut gate.extra) {
            rewrite(&mut key);
            rewrite_strings(&mut value, rewrite);
            gate.extra.insert(key, value);
        }
    }
}

fn rewrite_strings(value: &mut Value, rewrite: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => rewrite(text),
        Value::Array(values) => values.iter_mut().for_each(|value| rewrite_strings(value, rewrite)),
        Value::Object(map) => map.values_mut().for_each(|value| rewrite_strings(value, rewrite)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

pub(super) const NOTHING_FOUND: &str = "the agent wrote no completion gate";

impl Default for Reading {
    fn default() -> Self {
        Self::missing(NOTHING_FOUND)
    }
}

impl Reading {
    pub(super) fn new(verdict: Verdict, gate: Option<Gate>, why: impl Into<String>) -> Self {
        Self { verdict, gate, why: why.into() }
    }

    pub(super) fn malformed(why: impl Into<String>) -> Self {
        Self::new(Verdict::Malformed, None, why)
    }

    pub(super) fn missing(why: impl Into<String>) -> Self {
        Self::new(Verdict::Missing, None, why)
    }

    pub(super) fn is_missing(&self) -> bool {
        self.verdict == Verdict::Missing
    }
}

/// Other ways for an agent to say that it is done, besides the completion gate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Dialects {
    /// The text that counts as done inside `<promise>` tags, such as `COMPLETE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), example = &"COMPLETE")]
    pub promise: Option<String>,
    /// Whether a `---RALPH_STATUS---` block with `EXIT_SIGNAL: true` counts as done.
    pub ralph_status: bool,
    /// Whether a bare `LOOP_COMPLETE` as the last line counts as done.
    pub loop_complete: bool,
}

/// Makes a text fit into a sentence: one line, at most 80 characters.
pub(super) fn short(text: &str) -> String {
    let line = one_line(text);
    if line.chars().nth(80).is_none() { line } else { line.chars().take(79).chain(['…']).collect() }
}
