//! The change feed's rows: every change appends one, in one order for all processes, without a gap.

use super::{
    LoopId, Millis, Reader, StoreError, Tx,
    rows::{FromRow, Json, Word},
};
use alfine_core::task::TaskKey;
use rusqlite::Row;
use serde_json::Value;

/// The kinds of event that the store itself appends. Others are up to the runner.
pub mod change {
    /// A plan was written down or changed.
    pub const PLAN: &str = "plan";
    /// A task was written down or changed, without a loop.
    pub const TASK: &str = "task";
    /// A loop began.
    pub const LOOP_CREATED: &str = "loop_created";
    /// A loop's status, state or place was saved; the payload has the `status`.
    pub const LOOP: &str = "loop";
    /// A loop's runner died.
    pub const LOOP_INTERRUPTED: &str = "loop_interrupted";
    /// A loop's rows were removed.
    pub const LOOP_FORGOTTEN: &str = "loop_forgotten";
    /// An iteration began; the payload has its `n`.
    pub const ITERATION_BEGAN: &str = "iteration_began";
    /// An iteration ended; the payload has its `n` and `verdict`.
    pub const ITERATION_ENDED: &str = "iteration_ended";
    /// A process of the agent began; the payload has its `n` and `iteration`.
    pub const RUN_BEGAN: &str = "run_began";
    /// A process of the agent ended; the payload has its `n`, `iteration` and `outcome`.
    pub const RUN_ENDED: &str = "run_ended";
    /// A checkpoint was taken; the payload has its `n` and `kind`.
    pub const CHECKPOINT: &str = "checkpoint";
    /// A verifier answered; the payload has its `id`, `verifier` and `passed`.
    pub const VERIFIED: &str = "verified";
    /// The user is asked; the payload has the approval's `id`.
    pub const ASKED: &str = "asked";
    /// The user answered, or the question was withdrawn; the payload has the approval's `id`.
    pub const ANSWERED: &str = "answered";
    /// A command was sent; the payload has its `seq` and `kind`.
    pub const COMMAND: &str = "command";
    /// A command was taken or has a result; the payload has its `seq`.
    pub const COMMAND_CONSUMED: &str = "command_consumed";
}

/// A change.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its place in the order of all changes. Later is larger; nothing is left out.
    pub seq: i64,
    /// The loop it is about.
    pub loop_id: Option<LoopId>,
    /// The task it is about.
    pub task: Option<TaskKey>,
    /// When.
    pub at: Millis,
    /// What changed; see [`change`] for those of the store.
    pub kind: String,
    /// To what.
    pub payload: Value,
}

impl FromRow for Event {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get("seq")?,
            loop_id: row.get("loop_id")?,
            task: row.get::<_, Option<Word<TaskKey>>>("task")?.map(|word| word.0),
            at: row.get("at")?,
            kind: row.get("kind")?,
            payload: row.get::<_, Json<Value>>("payload")?.0,
        })
    }
}

/// A change to append.
#[derive(Debug, Clone, Copy)]
pub struct NewEvent<'a> {
    /// The loop it is about.
    pub loop_id: Option<&'a LoopId>,
    /// The task it is about.
    pub task: Option<&'a TaskKey>,
    /// What changed.
    pub kind: &'a str,
    /// To what.
    pub payload: &'a Value,
}

impl Tx<'_> {
    /// Appends a change; returns its place.
    pub fn append_event(&self, event: NewEvent<'_>) -> Result<i64, StoreError> {
        self.execute(
            "INSERT INTO event (loop_id, task, at, kind, payload) VALUES (?1, ?2, ?3, ?4, ?5)",
            (event.loop_id, event.task.map(Word), self.now(), event.kind, Json(event.payload)),
        )?;
        Ok(self.last_id())
    }

    /// Appends changes in order; returns the place of the last one, if there is one.
    pub fn append_events<'a>(
        &self,
        events: impl IntoIterator<Item = NewEvent<'a>>,
    ) -> Result<Option<i64>, StoreError> {
        events.into_iter().try_fold(None, |_, event| self.append_event(event).map(Some))
    }

    /// Removes changes before a moment, so that the database does not grow for ever; returns how many.
    ///
    /// Their places are never given again. The very last change always stays.
    pub fn forget_events_before(&self, moment: Millis) -> Result<usize, StoreError> {
        self.execute("DELETE FROM event WHERE at < ?1 AND seq < (SELECT max(seq) FROM event)", [moment])
    }
}

impl Reader {
    /// The changes after a place, in order, at most `limit`.
    pub fn events_after(&self, seq: i64, limit: usize) -> Result<Vec<Event>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all("SELECT * FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2", (seq, limit))
    }

    /// Like [`Reader::events_after`], those of some kinds alone.
    pub(super) fn events_of_kinds_after(
        &self,
        kinds: &[&str],
        seq: i64,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(
            "SELECT * FROM event WHERE seq > ?1 AND kind IN (SELECT value FROM json_each(?2)) ORDER BY seq LIMIT ?3",
            (seq, Json(kinds), limit),
        )
    }

    /// The place of the first change after a place that is still kept.
    pub(super) fn first_seq_after(&self, seq: i64) -> Result<Option<i64>, StoreError> {
        let first = self.number("SELECT coalesce(min(seq), 0) FROM event WHERE seq > ?1", [seq])?;
        Ok((first > 0).then_some(first))
    }

    /// The place of the last change; 0 before the first.
    pub fn last_seq(&self) -> Result<i64, StoreError> {
        self.number("SELECT coalesce(max(seq), 0) FROM event", [])
    }
}
