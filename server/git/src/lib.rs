//! The user's repository: worktrees, checkpoints, commits, merges, and never a lost file.
//!
//! Works on objects, refs and files through libgit2, so it needs no `git` and runs no hook. The `git` command is called,
//! without hooks, for files whose attributes name a filter that libgit2 does not have (LFS, an encoding).
//! Paths are bytes everywhere. Every handle is opened for one operation, so nothing here is stale after an agent's
//! turn. Never knows plans, loops or the database: what they are called comes in as text.

mod added;
mod bench;
mod bring_up;
mod checkout;
mod checkout_undo;
mod checkpoint;
mod command;
mod commit;
mod contents;
mod diff;
mod error;
mod filters;
mod first_commit;
mod gc;
mod ignored;
mod index;
mod land;
mod landed;
mod merge;
mod names;
mod partial;
mod path_bytes;
mod places;
mod provision;
mod ref_lock;
mod repository;
mod scan;
mod skipped;
mod start;
mod status;
mod submodule;
mod text_change;
mod worktree;

pub use added::{AddedFile, Objects};
pub use bench::Bench;
pub use bring_up::BroughtUp;
pub use checkout::{CheckoutState, OwnWrite, Watched};
pub use checkout_undo::LeftAlone;
pub use checkpoint::{Checkpoint, CheckpointSpec, RewindSpec, Surroundings};
pub use commit::Commit;
pub use diff::{ChangeKind, Diff, FileChange, patch_of_texts};
pub use error::{GitError, IndexKind};
pub use first_commit::commit_first;
pub use gc::{Leftover, LeftoverKind};
pub use ignored::Ignored;
pub use landed::Work;
pub use merge::{MergeSpec, Merged, PROOF_TRAILER, ProvenTree, TASK_TRAILER};
pub use names::{
    benches_dir, branch_name, checkpoint_ref, is_branch_name, plan_part, repository_name, run_branch_name,
    subject, subject_of, task_of_branch, worktree_dir,
};
pub use provision::{Provisioned, provision};
pub use repository::Repository;
pub use skipped::{SkipReason, Skipped, Withheld, WithoutFilter};
pub use start::Start;
pub use status::uncommitted_below;
pub use text_change::{TextChange, WorkingCopies, WorkingCopy};
pub use worktree::{WorktreeHandle, WorktreeSpec};
