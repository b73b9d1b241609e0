//! The database of one repository, and its transactions.

use super::{Millis, Reader, StoreError, Tx, disk};
use alfine_files::Layout;
use rusqlite::{Transaction, TransactionBehavior};
use std::{
    ops::Deref,
    thread,
    time::{Duration, Instant},
};

/// The database of one repository, to read and to write. One per thread; as many per repository as are needed.
#[derive(Debug)]
pub struct Store {
    pub(super) reader: Reader,
    pub(super) layout: Layout,
    pub(super) patience: Duration,
}

impl Store {
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
        disk::ring(&self.layout);
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
}

impl Deref for Store {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}
