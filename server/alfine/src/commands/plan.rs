//! `alfine plan ...`: plans as documents. Nothing of it starts a loop.

mod convert;
mod draft;
mod split;
mod writer;
mod written;

use crate::cli::PlanCommand;
use alfine_engine::Result;
use std::path::Path;

/// Performs one of them.
pub(super) fn perform(directory: &Path, command: &PlanCommand) -> Result<u8> {
    match command {
        PlanCommand::New(args) => draft::new(directory, args),
        PlanCommand::From(args) => draft::from(directory, args),
        PlanCommand::Split(args) => split::perform(directory, args),
        PlanCommand::To(args) => convert::perform(directory, args),
    }
}
