//! `alfine plan ...`: plans as documents. Nothing of it starts a loop.

mod convert;
mod written;

use crate::cli::PlanCommand;
use alfine_engine::Result;
use std::path::Path;

/// Performs one of them.
pub(super) fn perform(directory: &Path, command: &PlanCommand) -> Result<u8> {
    match command {
        PlanCommand::To(args) => convert::perform(directory, args),
    }
}
