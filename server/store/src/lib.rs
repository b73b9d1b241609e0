//! The only state that processes share: tasks, loops and what happened, in `<git common dir>/alfine/state.db`.
//!
//! Knows SQLite and file locks. Never knows what an agent, a verifier or git does, and never looks into a loop's
//! saved state. Every table and column is described in `SCHEMA.md` beside this module's files.
//!
//! A runner writes its new state, its rows and its events in *one* [`Store::write`], before it performs effects.
//! The one thing outside of that transaction is a checkpoint's git ref: it is made first, its row after it. A ref
//! without a row is only unused and found by its name; a row without a ref would promise what does not exist.

mod error;
mod events;
mod feed;
mod ids;
mod lock;
mod migrations;
mod open;
mod read;
mod reconcile;
mod rows;
#[cfg(test)]
mod tests;
mod write;

pub use error::StoreError;
pub use events::{Event, NewEvent, change};
pub use feed::{Feed, News, Waker};
pub use ids::{LoopId, Millis, NotALoopId};
pub use lock::{LoopLock, Unheld};
pub use open::Opened;
pub use read::Reader;
pub use reconcile::Interrupted;
pub use rows::{
    ApprovalKind, ApprovalRow, CheckpointKind, CheckpointRow, CommandRow, IterationRow, LoopRow, LoopSummary,
    PlanKind, RunRow, TaskRow, VerificationRow,
};
pub use write::{
    Ask, CheckpointNew, CommandNew, IterationEnd, LoopNew, LoopPlace, LoopUpdate, PlanNew, RunEnd, RunNew,
    Tx, VerificationNew,
};

use alfine_files::Layout;
use rusqlite::{Transaction, TransactionBehavior};
use std::{
    ops::Deref,
    thread,
    time::{Duration, Instant},
};

/// How long a reader or writer waits for another process before it gives up.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The database of one repository, to read and to write. One per thread; as many per repository as are needed.
#[derive(Debug)]
pub struct Store {
    reader: Reader,
    layout: Layout,
    patience: Duration,
}

impl Store {
    /// Opens the database, making or migrating it where needed. A database that cannot be read is kept aside.
    pub fn open(layout: &Layout) -> Result<Opened, StoreError> {
        open::open(layout)
    }

    /// Opens the database for a watcher; none where there is no database yet.
    pub fn read_only(layout: &Layout) -> Result<Option<Reader>, StoreError> {
        open::read_only(layout)
    }

    /// The folder this database lies in.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Does `work` in one transaction: all of it is kept, or, when it fails, nothing.
    ///
    /// The transaction takes the write lock before `work` begins, so what `work` reads cannot change under it.
    pub fn write<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write_at(Millis::now(), work)
    }

    /// Like [`Store::write`], at a given time.
    pub fn write_at<T, E: From<StoreError>>(
        &mut self,
        now: Millis,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.follow()?;
        let transaction = self.begin()?;
        let value = work(&Tx::new(&self.reader, now))?;
        transaction.commit().map_err(|error| self.reader.failed(error))?;
        open::ring(&self.layout);
        Ok(value)
    }

    fn begin(&self) -> Result<Transaction<'_>, StoreError> {
        let started = Instant::now();
        loop {
            // The exclusive borrow of `self` in `write_at` is what keeps transactions from nesting.
            match Transaction::new_unchecked(self.reader.connection(), TransactionBehavior::Immediate) {
                Ok(transaction) => return Ok(transaction),
                // SQLite waits by itself in most cases; recovering a crashed writer's log is one where it does not.
                Err(error)
                    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                        && started.elapsed() < self.patience =>
                {
                    thread::sleep(Duration::from_millis(2));
                }
                Err(error) => return Err(self.reader.failed(error)),
            }
        }
    }

    /// Opens the database again if another process has replaced it since, so that nothing is written to a file
    /// that was set aside.
    fn follow(&mut self) -> Result<(), StoreError> {
        if self.reader.is_current() {
            return Ok(());
        }
        tracing::warn!("{} was replaced; opening it again", self.layout.database().display());
        *self = open::open(&self.layout)?.store;
        Ok(())
    }
}

impl Deref for Store {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}
