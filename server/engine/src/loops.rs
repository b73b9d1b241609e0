//! The loops that the database has: found by their task, and read.

use crate::{Error, ErrorKind, Result, project::Project};
use alfine_core::{machine::LoopState, task::TaskKey};
use alfine_files::Layout;
use alfine_store::{LoopId, LoopLock, LoopRow, Store};

/// The loop that a task has, if it has one: live, or else the last one.
pub fn loop_of(store: &Store, key: &TaskKey) -> Result<Option<LoopRow>> {
    if let Some(row) = store.current_loop(key)? {
        return Ok(Some(row));
    }
    Ok(store.loops(key)?.pop())
}

/// The live loop of a task, or an error that says what to do.
pub fn live_loop(project: &Project, key: &TaskKey) -> Result<LoopRow> {
    if let Some(row) = project.store.current_loop(key)? {
        return Ok(row);
    }
    Err(match project.store.task(key)? {
        Some(task) => Error::user(format!("{key} has no loop; it is {}", task.status))
            .hint(format!("start one: alfine run {key}")),
        None => Error::user(format!("{key} was never started")).hint(format!("start it: alfine run {key}")),
    })
}

/// Says whether a runner lives for a loop.
pub fn is_running(layout: &Layout, id: &LoopId) -> Result<bool> {
    Ok(LoopLock::is_held(layout, id)?)
}

/// The machine's state of a loop, as it was saved.
pub(crate) fn state_of(row: &LoopRow) -> Result<LoopState> {
    serde_json::from_str(&row.state).map_err(|error| unreadable("state", row, &error))
}

/// The error of a loop whose row has what this program cannot read.
pub(crate) fn unreadable(what: &str, row: &LoopRow, error: &serde_json::Error) -> Error {
    Error::new(ErrorKind::Store, format!("the {what} of loop {} cannot be read: {error}", row.id))
        .hint("discard the task and start it again; its checkpoints are kept")
}
