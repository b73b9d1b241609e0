//! `alfine/transcript`: what an agent said, as events, page by page. It reads files, so a thread of its own answers.

use super::{Commands, argument_reader::arguments, refusal};
use crate::protocol::{jsonrpc, lsp_types::Url};
use alfine_core::{agent::AgentEvent, task::TaskKey};
use alfine_engine::{Result, loops, transcript::page};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

/// The argument of `alfine/transcript`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TranscriptParams")]
pub(crate) struct Wanted {
    /// The task's key.
    pub task: TaskKey,
    /// Its plan; it says which repository is meant, where several have a task of this key.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub uri: Option<Url>,
    /// The iteration; without it the last one.
    #[serde(default)]
    pub iteration: Option<u32>,
    /// Where the page before ended.
    #[serde(default)]
    pub after: Option<u64>,
}

/// The answer of `alfine/transcript`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "TranscriptPart")]
pub(crate) struct Page {
    /// What the agent said.
    #[schemars(with = "Vec<AnyEvent>")]
    pub events: Vec<AgentEvent>,
    /// Where to read on, in bytes of the iteration's transcripts one after another; `null` if nothing more will come.
    pub next: Option<u64>,
}

/// The schema of an [`AgentEvent`]. It is open, since later versions may know more events.
struct AnyEvent;

impl JsonSchema for AnyEvent {
    fn schema_name() -> Cow<'static, str> {
        "TranscriptEvent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One thing that an agent said or did: `event` names it, and says which other fields there are.",
            "type": "object",
            "properties": { "event": { "type": "string" } },
            "required": ["event"],
            "additionalProperties": true,
        })
    }
}

impl Commands {
    /// Answers `alfine/transcript`.
    pub(crate) async fn transcript(&self, given: Value) -> jsonrpc::Result<Page> {
        self.page(given).await.map_err(|error| refusal::answer(&error))
    }

    async fn page(&self, given: Value) -> Result<Page> {
        let wanted: Wanted = arguments("alfine/transcript", vec![given])?;
        let place = self.place_of(&wanted.task, wanted.uri.as_ref()).await?;
        self.queues
            .read(&place, move |project| {
                let row = loops::begun(&project.store, &wanted.task)?;
                let iteration = wanted.iteration.unwrap_or(row.summary.iteration);
                let (events, next) = page(project, &row, iteration, wanted.after.unwrap_or(0))?;
                Ok(Page { events, next })
            })
            .await
    }
}
