//! How the working tree of a loop is looked at: what in it is no work of the agent.

use alfine_files::Layout;
use alfine_git::Surroundings;
use alfine_store::LoopRow;
use std::path::PathBuf;

/// Alfine's own folder in a working tree; no change in it is the agent's work.
const OWN_FOLDER: &str = ".alfine";

/// What in a loop's working tree is no work of its agent: Alfine's own folder, and the plan that the agent is steered by.
pub fn own_files(row: &LoopRow) -> Vec<PathBuf> {
    vec![PathBuf::from(OWN_FOLDER), PathBuf::from(&row.task.plan)]
}

/// How a loop's working tree is looked at, without what was brought in.
pub(crate) fn of_loop(layout: &Layout, row: &LoopRow, brought: &[PathBuf]) -> Surroundings {
    let mut surroundings = of_no_loop(layout, row.id.as_str());
    surroundings.own = own_files(row);
    surroundings.leave_out = brought.to_vec();
    surroundings
}

/// How a tree is looked at that is no loop's, under the name of what is remembered between looks.
pub fn of_no_loop(layout: &Layout, remembered_as: &str) -> Surroundings {
    let mut surroundings = Surroundings::new(layout.checkpoint_index(remembered_as));
    surroundings.own = vec![PathBuf::from(OWN_FOLDER)];
    surroundings
}
