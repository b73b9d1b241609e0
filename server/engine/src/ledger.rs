//! The user's ledger, opened, and what a loop has used written into it.

use crate::{Error, ErrorKind, Result};
use alfine_core::machine::LoopState;
use alfine_store::{Ledger, LoopRow, LoopUse};
use std::path::Path;

/// Opens the ledger in the user's folder for state.
pub(crate) fn open(state: &Path) -> Result<Ledger> {
    Ledger::open(state).map_err(|error| {
        Error::new(ErrorKind::Store, format!("what agents cost cannot be written down: {error}"))
            .hint(format!("move {} away, or make it writable", Ledger::path(state).display()))
    })
}

/// Writes down what a loop used whose runner died. What cannot be written down is written by whoever goes on with it.
pub(crate) fn settle(state: &Path, repository: &Path, row: &LoopRow) {
    let settled = || -> Result<()> {
        let Some(mut ledger) = Ledger::look(state)? else { return Ok(()) };
        // Of a state that cannot be read, the sums are known all the same.
        let unpriced = serde_json::from_str(&row.state).is_ok_and(|state: LoopState| state.cost_unknown);
        let used = LoopUse { cost_usd: row.cost_usd, tokens: row.tokens, unpriced };
        Ok(ledger.settle(repository, &row.id, used)?)
    };
    if let Err(error) = settled() {
        tracing::warn!("what {} cost is not in the ledger: {}", row.task, error.message);
    }
}
