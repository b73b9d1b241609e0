//! What changed in the user's checkout while an agent worked elsewhere: the data that news, tasks and undoing pass on.

use serde::{Deserialize, Serialize};

/// One thing that is not as it was in the user's checkout or in the repository around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum CheckoutChange {
    /// Another branch, or another commit without a branch, is checked out.
    Head {
        /// The branch's short name, or the commit as hex.
        was: String,
        /// The same, now.
        is: String,
    },
    /// A branch or a tag was moved, removed, or made.
    Ref {
        /// Its full name, such as `refs/heads/main`.
        name: String,
        /// The commit as hex; `None` if the ref is new.
        was: Option<String>,
        /// The commit as hex; `None` if the ref is gone.
        is: Option<String>,
    },
    /// More branches and tags than are named were moved, removed, or made.
    MoreRefs {
        /// How many more.
        count: u64,
    },
    /// Files of the working tree have other contents.
    Files {
        /// Their paths from the root, sorted; at most [`MOST_NAMED`].
        paths: Vec<String>,
        /// How many there are in all.
        count: u64,
    },
    /// Other contents are staged, in files that are as they were in the working tree.
    Staged {
        /// Their paths from the root, sorted; at most [`MOST_NAMED`].
        paths: Vec<String>,
        /// How many there are in all.
        count: u64,
    },
    /// Entries of the stash are gone, or new.
    Stash {
        /// How many are gone.
        gone: u64,
        /// How many are new.
        new: u64,
    },
    /// A file of git's own configuration has another content.
    Config {
        /// Its path in the git folder, such as `config`.
        file: String,
    },
    /// A hook was changed, removed or made.
    Hook {
        /// Its name, such as `pre-commit`.
        name: String,
    },
    /// A worktree that neither the user nor Alfine is known to have made.
    Worktree {
        /// Its folder.
        path: String,
    },
    /// Something changed in another worktree of the user's.
    InWorktree {
        /// Its folder.
        path: String,
        /// What changed there.
        change: Box<CheckoutChange>,
    },
    /// Another worktree of the user's is gone.
    WorktreeGone {
        /// Its folder.
        path: String,
    },
}

/// The most paths, or refs, that are named: as many as somebody reads.
pub const MOST_NAMED: usize = 20;
