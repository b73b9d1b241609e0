//! One write transaction: what can be read and changed while nobody else writes.

use super::{Millis, Reader, StoreError};
use rusqlite::Params;
use std::ops::Deref;

/// One write transaction. Everything in it has the same time.
#[derive(Debug)]
pub struct Tx<'s> {
    reader: &'s Reader,
    now: Millis,
}

impl Deref for Tx<'_> {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        self.reader
    }
}

impl<'s> Tx<'s> {
    pub(super) fn new(reader: &'s Reader, now: Millis) -> Self {
        Self { reader, now }
    }

    /// The time of this transaction.
    pub fn now(&self) -> Millis {
        self.now
    }

    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        let run = || self.connection().prepare_cached(sql)?.execute(params);
        run().map_err(|error| self.failed(error))
    }

    pub(super) fn last_id(&self) -> i64 {
        self.connection().last_insert_rowid()
    }
}
