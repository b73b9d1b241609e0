//! The loop that a request is about.

use crate::{Result, loops, project::Project, task_spec::TaskSpec};
use alfine_core::task::TaskKey;
use alfine_store::LoopRow;

/// The live loop of a task and what it is run with, once a runner that is on its way out is gone.
pub(super) fn resting(project: &Project, task: &TaskKey) -> Result<(LoopRow, TaskSpec)> {
    loops::until_unrun(project, task)?;
    let row = loops::live_loop(project, task)?;
    let spec = TaskSpec::of(&row)?;
    Ok((row, spec))
}
