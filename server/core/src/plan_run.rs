//! A plan that is run as a whole: how far it is.

use crate::worded::worded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

worded! {
    /// How far the run of a plan is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    pub enum RunState {
        /// Its tasks are worked on, and the next ones begin by themselves.
        Active = "active",
        /// Held by the user.
        Paused = "paused",
        /// Stopped by the user; some agent has not ended yet.
        Stopping = "stopping",
        /// Nothing more begins before the user has done something.
        NeedsInput = "needs_input",
        /// Every task is done, or the user stopped it.
        Over = "over",
    }
}
