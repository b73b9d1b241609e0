//! The change feed's rows: every change appends one, in one order for all processes, without a gap.

use super::{
    LoopId, Millis, Reader, StoreError, Tx,
    rows::{Column, Json, Word, from_columns, word},
};
use alfine_core::{news::News, task::TaskKey};
use rusqlite::{
    ToSql,
    types::{FromSqlResult, ValueRef},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use std::borrow::Cow;

/// What the store itself records as a change, in addition to the news of runners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A plan was written down or changed.
    Plan,
    /// A plan's run began, or its state changed; the payload has its `plan` and `state`.
    PlanRun,
    /// A task was written down or changed, without a loop.
    Task,
    /// A loop began.
    LoopCreated,
    /// A loop's status, state or place was saved; the payload has the `status`.
    Loop,
    /// A loop's runner died.
    LoopInterrupted,
    /// A loop's rows were removed.
    LoopForgotten,
    /// An iteration began; the payload has its `n`.
    IterationBegan,
    /// An iteration ended; the payload has its `n` and `verdict`.
    IterationEnded,
    /// A process of the agent began; the payload has its `n` and `iteration`.
    RunBegan,
    /// A process of the agent ended; the payload has its `n`, `iteration` and `outcome`.
    RunEnded,
    /// A checkpoint was taken; the payload has its `n` and `kind`.
    Checkpoint,
    /// A change of the user's checkout was found or settled; the payload has its `id`.
    Checkout,
    /// A verifier answered; the payload has its `id`, `verifier` and `passed`.
    Verified,
    /// The user is asked; the payload has the approval's `id`.
    Asked,
    /// The user answered, or the question was withdrawn; the payload has the approval's `id`.
    Answered,
    /// What checks answered was kept, for whoever asks the same.
    CheckAnswered,
    /// A command was sent; the payload has its `seq` and `kind`.
    Command,
    /// A command was taken or has a result; the payload has its `seq`.
    CommandConsumed,
}

/// What an event is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EventKind {
    /// A change that the store wrote down.
    Change(Change),
    /// News of a runner, with the word for its kind; see [`Event::news`].
    News(String),
}

/// One row of the change feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its place in the order of all changes. Later is larger; nothing is left out.
    pub seq: i64,
    /// The loop it is about.
    pub loop_id: Option<LoopId>,
    /// The task it is about.
    pub task: Option<TaskKey>,
    /// When it happened.
    pub at: Millis,
    /// What kind of change it is.
    pub kind: EventKind,
    /// What the change says, as JSON.
    pub payload: Value,
}

impl Event {
    /// The runner's news; `None` if this is a change that the store itself recorded.
    pub fn news(&self) -> Option<News> {
        match &self.kind {
            EventKind::Change(_) => None,
            EventKind::News(kind) => Some(News::read(kind, self.payload.clone())),
        }
    }
}

impl Column for EventKind {
    fn read(value: ValueRef<'_>) -> FromSqlResult<Self> {
        word(value)
    }
}

from_columns! { Event: seq, loop_id, task, at, kind, payload }

/// News to append.
#[derive(Debug, Clone, Copy)]
pub struct NewEvent<'a> {
    /// The loop it is about.
    pub loop_id: Option<&'a LoopId>,
    /// The task it is about.
    pub task: Option<&'a TaskKey>,
    /// The news itself.
    pub news: &'a News,
}

/// The columns that hold a piece of news, as its JSON has them.
#[derive(Deserialize)]
struct NewsColumns<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    payload: &'a RawValue,
}

impl Tx<'_> {
    /// Appends news; returns its place.
    pub fn append_event(&self, event: NewEvent<'_>) -> Result<i64, StoreError> {
        let failed = |error| {
            self.failed(rusqlite::Error::ToSqlConversionFailure(Box::<serde_json::Error>::new(error)))
        };
        let row = serde_json::to_string(event.news).map_err(failed)?;
        let NewsColumns { kind, payload } = serde_json::from_str(&row).map_err(failed)?;
        self.append(event.loop_id, event.task, &kind, payload.get())
    }

    /// Appends a change; returns its place.
    pub(super) fn append(
        &self,
        loop_id: Option<&LoopId>,
        task: Option<&TaskKey>,
        kind: impl ToSql,
        payload: impl ToSql,
    ) -> Result<i64, StoreError> {
        self.execute(
            "INSERT INTO event (loop_id, task, at, kind, payload) VALUES (?1, ?2, ?3, ?4, ?5)",
            (loop_id, task.map(Word), self.now(), kind, payload),
        )?;
        Ok(self.last_id())
    }

    /// Appends news in order; returns the place of the last one, if there is one.
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
    pub(crate) fn events_after(&self, seq: i64, limit: usize) -> Result<Vec<Event>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all("SELECT * FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2", (seq, limit))
    }

    /// Like [`Reader::events_after`], those of one loop alone.
    pub fn events_of_loop_after(
        &self,
        loop_id: &LoopId,
        seq: i64,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(
            "SELECT * FROM event WHERE seq > ?1 AND loop_id = ?2 ORDER BY seq LIMIT ?3",
            (seq, loop_id, limit),
        )
    }

    /// Like [`Reader::events_after`], those of some kinds alone.
    pub(super) fn events_of_kinds_after(
        &self,
        kinds: &[Change],
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
