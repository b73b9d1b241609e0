//! What a runner tells whoever runs it, as it happens. The same goes into the change feed.

use alfine_core::task::{TaskKey, TaskStatus};
use alfine_store::Millis;
use serde::Serialize;
use serde_json::Value;

/// One piece of news.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct News {
    /// When.
    pub at: Millis,
    /// The task.
    pub task: TaskKey,
    /// The task's status.
    pub status: TaskStatus,
    /// What kind of news.
    pub kind: String,
    /// The news, secrets masked.
    pub payload: Value,
}
