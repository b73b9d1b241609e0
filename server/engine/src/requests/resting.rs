//! The loop that a request is about.

use crate::{Result, loops, mend, mend::Text, project::Project};
use alfine_core::task::TaskKey;
use alfine_store::LoopRow;

/// The live loop of a task and what it goes on with, once a runner that is on its way out is gone. It goes on with its plan
/// as it is now, unless it keeps the one that it began with.
pub(super) fn resting(project: &Project, task: &TaskKey, keep_plan: bool) -> Result<(LoopRow, Text)> {
    loops::until_unrun(project, task)?;
    let row = loops::live_loop(project, task)?;
    let text = mend::text(project, &row, keep_plan)?;
    Ok((row, text))
}
