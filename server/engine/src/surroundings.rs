//! How the working tree of a loop is looked at: which files in it are not the agent's work.

use alfine_files::Layout;
use alfine_git::Surroundings;
use alfine_store::LoopRow;
use std::path::PathBuf;

/// Alfine's own folder in a working tree. Changes in it are not the agent's work.
const OWN_FOLDER: &str = ".alfine";
/// The largest untracked file of the user's that is kept, in bytes: every run of an agent begins with a look, and what is
/// larger is hardly written by hand.
const LARGEST_UNTRACKED: u64 = 16 << 20;

/// The paths in a loop's working tree that are not its agent's work: Alfine's own folder, and the plan that steers the
/// agent.
pub fn own_files(row: &LoopRow) -> Vec<PathBuf> {
    own_files_of(&row.task.plan)
}

/// What of a tree is Alfine's or the user's, and no work on this plan.
pub(crate) fn own_files_of(plan: &str) -> Vec<PathBuf> {
    vec![PathBuf::from(OWN_FOLDER), PathBuf::from(plan)]
}

/// How a loop's working tree is looked at, without what was brought in.
pub(crate) fn of_loop(layout: &Layout, row: &LoopRow, brought: &[PathBuf]) -> Surroundings {
    let mut surroundings = of_no_loop(layout, row.id.as_str());
    surroundings.own = own_files(row);
    surroundings.leave_out = brought.to_vec();
    surroundings
}

/// How a tree that belongs to no loop is looked at. `remembered_as` names the cache that is kept
/// between two looks.
pub fn of_no_loop(layout: &Layout, remembered_as: &str) -> Surroundings {
    let mut surroundings = Surroundings::new(layout.checkpoint_index(remembered_as));
    surroundings.own = vec![PathBuf::from(OWN_FOLDER)];
    surroundings
}

/// How the user's own checkout is looked at while the agent of a loop works elsewhere: all of it is the user's.
pub(crate) fn of_checkout(layout: &Layout, loop_id: &str) -> Surroundings {
    let mut surroundings = Surroundings::new(layout.checkpoint_index(&of_checkout_name(loop_id)));
    surroundings.max_untracked = LARGEST_UNTRACKED;
    surroundings
}

/// The name of what is remembered between looks at the user's checkout.
pub(crate) fn of_checkout_name(loop_id: &str) -> String {
    format!("{loop_id}-checkout")
}
