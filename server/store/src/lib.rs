//! The only state that processes share: tasks, loops and what happened, in `<git common dir>/alfine/state.db`.
//!
//! Knows SQLite and file locks. Never knows what an agent, a verifier or git does, and never looks into a loop's
//! saved state. Every table and column is described in `SCHEMA.md` next to this file.
//!
//! A runner writes its new state, its rows and its events in *one* [`Store::write`], before it performs effects.
//! The one thing outside of that transaction is a checkpoint's git ref: it is made first, its row after it. A ref
//! without a row is only unused and found by its name; a row without a ref would promise what does not exist.

mod disk;
mod error;
mod events;
mod feed;
mod ids;
mod ledger;
mod lock;
mod memory;
mod migrations;
mod open;
mod read;
mod reconcile;
mod rows;
mod share;
mod store;
#[cfg(test)]
mod tests;
mod transaction;
mod write;

pub use error::{PATIENCE, StoreError};
pub use events::{Change, Event, EventKind, NewEvent};
pub use feed::{Changes, Feed, Waker};
pub use ids::{LoopId, Millis, NotALoopId};
pub use ledger::{Ledger, LedgerRow, LoopUse, NewEntry};
pub use lock::{LoopLock, Unheld};
pub use memory::{ArchiveRow, ProposalRow};
pub use open::Opened;
pub use read::Reader;
pub use reconcile::Interrupted;
pub use rows::{
    AnswerKey, ApprovalRow, CheckoutChangeRow, CheckoutRow, CheckpointKind, CheckpointRow, CommandResult,
    CommandRow, IterationRow, LoopRow, LoopSummary, OutlineRow, OwnWriteRow, PlanKind, PlanRunRow, RunRow,
    TaskRow, VerificationRow,
};
pub use store::Store;
pub use transaction::Tx;
pub use write::{
    AnswerGiven, Ask, CheckoutChangeNew, CheckpointNew, CommandNew, IterationEnd, LoopNew, LoopPlace,
    LoopUpdate, PlanNew, RunEnd, RunNew, VerificationNew,
};
