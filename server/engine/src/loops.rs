//! The loops that the database has: found by their task, and read.

use crate::{Error, ErrorKind, Result, project::Project};
use alfine_core::{hint::Hint, machine::LoopState, task::TaskKey};
use alfine_files::Layout;
use alfine_store::{ApprovalRow, LoopId, LoopLock, LoopRow, Reader, Store, StoreError};
use std::time::Duration;

/// The task's live loop, or else its last loop; `None` if it never had one.
pub fn loop_of(store: &Store, key: &TaskKey) -> Result<Option<LoopRow>> {
    if let Some(row) = store.current_loop(key)? {
        return Ok(Some(row));
    }
    Ok(store.loops(key)?.pop())
}

/// The loop of a task, live or the last one, or an error that says how to start one.
pub fn begun(store: &Store, key: &TaskKey) -> Result<LoopRow> {
    loop_of(store, key)?.ok_or_else(|| never_started(key))
}

fn never_started(key: &TaskKey) -> Error {
    Error::user(format!("{key} was never started")).hint(Hint::Start { task: key.clone() })
}

/// What to do with a loop that was cut off before it had a worktree.
pub(crate) fn go_on_or_discard(key: &TaskKey) -> Hint {
    Hint::AnyOf(vec![Hint::Continue { task: key.clone() }, Hint::Discard { task: key.clone() }])
}

/// The live loop of a task, or an error that says what to do.
pub(crate) fn live_loop(project: &Project, key: &TaskKey) -> Result<LoopRow> {
    if let Some(row) = project.store.current_loop(key)? {
        return Ok(row);
    }
    Err(match project.store.task(key)? {
        Some(task) => Error::user(format!("{key} has no loop; it is {}", task.status))
            .hint(Hint::Start { task: key.clone() }),
        None => never_started(key),
    })
}

/// The loop whose lock this is.
pub(crate) fn locked(reader: &Reader, lock: &LoopLock) -> Result<LoopRow> {
    reader.loop_(lock.loop_id())?.ok_or_else(|| {
        Error::new(ErrorKind::Store, format!("loop {} is not in the database", lock.loop_id()))
    })
}

/// Says whether a runner lives for a loop.
pub fn is_running(layout: &Layout, id: &LoopId) -> Result<bool> {
    Ok(LoopLock::is_held(layout, id)?)
}

/// How long a runner may take to end after its loop has come to rest. By then it only closes files.
const GONE_WITHIN: Duration = Duration::from_secs(3);

/// Waits for the runner of a task's loop to be gone if the loop rests already, so that what follows does not meet the
/// runner on its way out. Not for ever.
pub fn until_unrun(project: &Project, key: &TaskKey) -> Result<()> {
    match loop_of(&project.store, key)? {
        Some(row) if !row.needs_runner() => {
            LoopLock::until_free(&project.layout, &row.id, GONE_WITHIN)?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What a loop waits for the user to say: its last question that has no answer yet.
pub fn open_question(reader: &Reader, id: &LoopId) -> Result<Option<ApprovalRow>, StoreError> {
    Ok(reader.approvals(id)?.into_iter().rev().find(|asked| asked.answered_at.is_none()))
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
